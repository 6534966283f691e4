//! The simple recurrent layer.

use crate::context::Context;
use crate::init::Init;
use crate::layer::Layer;
use crate::layers::{Activation, Dense, Sequence};
use crate::module::{Module, Stored};
use crate::random::Random;
use autodiff::{Real, Var};

/// A state h that every step of a sequence changes, h ← φ(x W + b + h U + c), where φ is the hyperbolic tangent unless said
/// otherwise.
///
/// | array | shape |
/// |---|---|
/// | x | \[examples, steps, inputs\] |
/// | `input.weight` W, `input.bias` b | \[inputs, width\], \[width\] |
/// | `state.weight` U, `state.bias` c | \[width, width\], \[width\] |
/// | y | \[examples, steps, width\]: the state after each step; with [`only_last`](Self::only_last) \[examples, width\] |
///
/// The loop over the steps is one node of the tape ([`Tape::scan`](autodiff::Tape::scan)), whatever their number. It is
/// PyTorch's `RNN` of one layer, with `batch_first` and transposed weights.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Layer, Random, Rnn};
///
/// let rnn = Rnn::new(2, 4, &mut Random::new(0)).only_last();
/// let tape = Tape::<f64>::new();
/// let x = tape.data(ndarray::Array3::zeros((3, 20, 2)));
/// let y = rnn.forward(x, &Context::evaluation(&tape, &rnn));
/// assert_eq!(y.shape()?, [3, 4].into());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Elman, "Finding Structure in Time" (1990).
#[derive(Clone, PartialEq, Debug)]
pub struct Rnn<F: Real> {
    input: Dense<F>,
    state: Dense<F>,
    activation: Activation,
    width: usize,
    only_last: bool,
}

impl<F: Real> Rnn<F> {
    /// A layer with a state of `width` numbers, whose weights are drawn by [`Init::Xavier`] and whose biases are 0.
    pub fn new(inputs: usize, width: usize, random: &mut Random) -> Self {
        let mut dense = |inputs| Dense::new(inputs, width, Init::Xavier, random);
        Rnn { input: dense(inputs), state: dense(width), activation: Activation::Tanh, width, only_last: false }
    }

    /// With another φ.
    pub fn activation(self, activation: Activation) -> Self {
        Rnn { activation, ..self }
    }

    /// As a layer, y is the state after the last step alone, \[examples, width\].
    pub fn only_last(self) -> Self {
        Rnn { only_last: true, ..self }
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
        let rows = x.rows("rnn", &self.input, cx)?;
        let start = rows.start("rnn", start, width)?;
        let (all, [last]) = rows.looped([start], |_, [h], x| {
            let h = self.activation.call(x + self.state.call(h, cx), cx);
            (h, [h])
        });
        Ok((all, last))
    }
}

impl<F: Real> Module<F> for Rnn<F> {
    crate::visit!(F; input, state, activation; attributes width, only_last);

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
        format!("RNN {inputs} → {}", self.width)
    }
}

impl<F: Real> Layer<F> for Rnn<F> {
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
