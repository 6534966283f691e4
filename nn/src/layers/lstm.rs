//! Long short-term memory.

use crate::context::Context;
use crate::init::Init;
use crate::layer::Layer;
use crate::layers::{Dense, Sequence};
use crate::module::{Module, Stored};
use crate::random::Random;
use autodiff::{Real, Var};

/// Long short-term memory: a state h and a memory c, which every step of a sequence changes by gates,
///
/// i = σ(x Wᵢ + bᵢ + h Uᵢ + cᵢ), f = σ(x W_f + b_f + h U_f + c_f), g = tanh(x W_g + b_g + h U_g + c_g),
/// o = σ(x Wₒ + bₒ + h Uₒ + cₒ), c ← f ⊙ c + i ⊙ g, h ← o ⊙ tanh(c).
///
/// | array | shape |
/// |---|---|
/// | x | \[examples, steps, inputs\] |
/// | `input.weight`, `input.bias` | \[inputs, 4·width\], \[4·width\]: i, f, g, o side by side |
/// | `state.weight`, `state.bias` | \[width, 4·width\], \[4·width\]: likewise |
/// | y | \[examples, steps, width\]: h after each step; with [`only_last`](Self::only_last) \[examples, width\] |
///
/// The loop over the steps is one node of the tape ([`Tape::scan`](autodiff::Tape::scan)), whatever their number. It is
/// PyTorch's `LSTM` of one layer, with `batch_first` and transposed weights.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Lstm, Random};
///
/// let lstm = Lstm::new(2, 4, &mut Random::new(0));
/// let tape = Tape::<f64>::new();
/// let x = tape.data(ndarray::Array3::zeros((3, 20, 2)));
/// let (all, (state, memory)) = lstm.states(x, None, &Context::evaluation(&tape, &lstm));
/// assert_eq!(all.shape()?, [3, 20, 4].into());
/// assert_eq!((state.shape()?, memory.shape()?), ([3, 4].into(), [3, 4].into()));
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Hochreiter & Schmidhuber, "Long Short-Term Memory" (1997), with the forget gate of Gers, Schmidhuber & Cummins,
/// "Learning to Forget" (2000).
#[derive(Clone, PartialEq, Debug)]
pub struct Lstm<F: Real> {
    input: Dense<F>,
    state: Dense<F>,
    width: usize,
    only_last: bool,
}

/// A state and a memory, \[examples, width\] each.
type Pair<'t, F> = (Var<'t, F>, Var<'t, F>);

impl<F: Real> Lstm<F> {
    /// A unit with a state and a memory of `width` numbers, whose weights are drawn by [`Init::Xavier`] and whose biases are
    /// 0.
    pub fn new(inputs: usize, width: usize, random: &mut Random) -> Self {
        let mut dense = |inputs| Dense::new(inputs, width.saturating_mul(4), Init::Xavier, random);
        Lstm { input: dense(inputs), state: dense(width), width, only_last: false }
    }

    /// As a layer, y is h after the last step alone, \[examples, width\].
    pub fn only_last(self) -> Self {
        Lstm { only_last: true, ..self }
    }

    /// h after each step, \[examples, steps, width\], and h and c after the last one, \[examples, width\] each. Both are 0
    /// before the first, unless `start` says what they are. Sequences of unequal length: [`Sequence::of_lengths`].
    #[track_caller]
    pub fn states<'t>(
        &self,
        x: impl Into<Sequence<'t, F>>,
        start: Option<(Var<'t, F>, Var<'t, F>)>,
        cx: &Context<'t, F>,
    ) -> (Var<'t, F>, (Var<'t, F>, Var<'t, F>)) {
        let x = x.into();
        cx.scoped(self, || self.run(x, start, cx).unwrap_or_else(|error| (error, (error, error))))
    }

    #[track_caller]
    fn run<'t>(
        &self,
        x: Sequence<'t, F>,
        start: Option<Pair<'t, F>>,
        cx: &Context<'t, F>,
    ) -> Result<(Var<'t, F>, Pair<'t, F>), Var<'t, F>> {
        let width = self.width;
        let rows = x.rows("lstm", &self.input, cx)?;
        let (h, c) = start.unzip();
        let start = [rows.start("lstm", h, width)?, rows.start("lstm", c, width)?];
        let (all, [h, c]) = rows.looped(start, |_, [h, c], x| {
            let gates = x + self.state.call(h, cx);
            let [i, f, g, o] = [0, 1, 2, 3].map(|k| gates.slice(1, k * width..(k + 1) * width));
            let c = f.sigmoid() * c + i.sigmoid() * g.tanh();
            let h = o.sigmoid() * c.tanh();
            (h, [h, c])
        });
        Ok((all, (h, c)))
    }
}

impl<F: Real> Module<F> for Lstm<F> {
    crate::visit!(F; input, state; attributes width, only_last);

    fn pytorch(&self) -> Vec<Stored> {
        vec![
            Stored::new("input.weight", "weight_ih_l0").transposed(),
            Stored::new("input.bias", "bias_ih_l0"),
            Stored::new("state.weight", "weight_hh_l0").transposed(),
            Stored::new("state.bias", "bias_hh_l0"),
        ]
    }

    fn describe(&self) -> String {
        let inputs = self.input.weight().array().shape().first().copied().unwrap_or(0);
        format!("LSTM {inputs} → {}", self.width)
    }
}

impl<F: Real> Layer<F> for Lstm<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        match cx.unlisted_calls(|| self.run(x.into(), None, cx)) {
            Ok((all, (last, _))) => {
                if self.only_last {
                    last
                } else {
                    all
                }
            }
            Err(error) => error,
        }
    }
}
