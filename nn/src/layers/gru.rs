//! The gated recurrent unit.

use crate::context::Context;
use crate::init::Init;
use crate::layer::Layer;
use crate::layers::{Dense, Sequence};
use crate::module::{Module, Stored};
use crate::random::Random;
use autodiff::{Real, Var};

/// A gated recurrent unit: a state h that every step of a sequence changes,
///
/// r = σ(x Wᵣ + bᵣ + h Uᵣ + cᵣ), z = σ(x W_z + b_z + h U_z + c_z),
/// n = tanh(x Wₙ + bₙ + r ⊙ (h Uₙ + cₙ)), h ← (1 − z) ⊙ n + z ⊙ h.
///
/// | array | shape |
/// |---|---|
/// | x | \[examples, steps, inputs\] |
/// | `input.weight`, `input.bias` | \[inputs, 3·width\], \[3·width\]: r, z, n side by side |
/// | `state.weight`, `state.bias` | \[width, 3·width\], \[3·width\]: likewise |
/// | y | \[examples, steps, width\]: the state after each step; with [`only_last`](Self::only_last) \[examples, width\] |
///
/// The loop over the steps is one node of the tape ([`Tape::scan`](autodiff::Tape::scan)), whatever their number.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Gru, Layer, Random};
///
/// let gru = Gru::new(2, 4, &mut Random::new(0));
/// let tape = Tape::<f64>::new();
/// let x = tape.data(ndarray::Array3::zeros((3, 20, 2)));
/// let y = gru.forward(x, &Context::evaluation(&tape, &gru));
/// assert_eq!(y.shape()?, [3, 20, 4].into());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Cho et al., "Learning Phrase Representations using RNN Encoder–Decoder" (2014), §2.3, with the reset gate behind
/// the product, as in the revision of March 2014 and in cuDNN.
#[derive(Clone, PartialEq, Debug)]
pub struct Gru<F: Real> {
    input: Dense<F>,
    state: Dense<F>,
    width: usize,
    only_last: bool,
}

impl<F: Real> Gru<F> {
    /// A unit with a state of `width` numbers, whose weights are drawn by [`Init::Xavier`] and whose biases are 0.
    pub fn new(inputs: usize, width: usize, random: &mut Random) -> Self {
        let mut dense = |inputs| Dense::new(inputs, width.saturating_mul(3), Init::Xavier, random);
        Gru { input: dense(inputs), state: dense(width), width, only_last: false }
    }

    /// As a layer, y is the state after the last step alone, \[examples, width\].
    pub fn only_last(self) -> Self {
        Gru { only_last: true, ..self }
    }

    /// The state after each step, \[examples, steps, width\], and after the last one, \[examples, width\]. It is 0 before the
    /// first, unless `start` says what it is. Sequences of unequal length: [`Sequence::of_lengths`].
    #[track_caller]
    pub fn states<'t>(
        &self,
        x: impl Into<Sequence<'t, F>>,
        start: Option<Var<'t, F>>,
        cx: &Context<'t, F>,
    ) -> (Var<'t, F>, Var<'t, F>) {
        let x = x.into();
        cx.scoped(self, || self.run(x, start, cx).unwrap_or_else(|error| (error, error)))
    }

    #[track_caller]
    fn run<'t>(
        &self,
        x: Sequence<'t, F>,
        start: Option<Var<'t, F>>,
        cx: &Context<'t, F>,
    ) -> Result<(Var<'t, F>, Var<'t, F>), Var<'t, F>> {
        let width = self.width;
        let rows = x.rows("gru", &self.input, cx)?;
        let start = rows.start("gru", start, width)?;
        let (all, [last]) = rows.looped([start], |_, [h], x| {
            let [xr, xz, xn] = [0, 1, 2].map(|k| x.slice(1, k * width..(k + 1) * width));
            let u = self.state.call(h, cx);
            let [ur, uz, un] = [0, 1, 2].map(|k| u.slice(1, k * width..(k + 1) * width));
            let (r, z) = ((xr + ur).sigmoid(), (xz + uz).sigmoid());
            let n = (xn + r * un).tanh();
            let h = (1.0 - z) * n + z * h;
            (h, [h])
        });
        Ok((all, last))
    }
}

impl<F: Real> Module<F> for Gru<F> {
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
        format!("GRU {inputs} → {}", self.width)
    }
}

impl<F: Real> Layer<F> for Gru<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        match cx.unlisted_calls(|| self.run(x.into(), None, cx)) {
            Ok((all, last)) => {
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
