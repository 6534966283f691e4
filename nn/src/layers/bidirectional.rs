//! Two recurrent layers that read a sequence from its two ends.

use super::expected::refused;
use crate::context::Context;
use crate::layer::Layer;
use crate::module::Module;
use autodiff::{Real, Var};

/// A bidirectional recurrent layer: one layer reads the sequence from its first step to its last, another from its last
/// to its first, and their outputs are concatenated along the last axis.
///
/// | array | shape |
/// |---|---|
/// | x | \[examples, steps, inputs\] |
/// | `forward`, `backward` | two layers from x to \[examples, steps, width\], or to the last state, \[examples, width\]; their widths may differ |
/// | y | \[examples, steps, sum of the widths\] or \[examples, sum of the widths\] |
///
/// At step t, y has the state of `forward` after it has read the steps up to t, and the state of `backward` after it
/// has read the steps from the last one down to t. It is PyTorch's `bidirectional`; several of them in a
/// [`Sequential`](crate::Sequential) are its `num_layers`. All sequences have the same length: of a shorter one,
/// `backward` would read the padding first.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Bidirectional, Context, Gru, Layer, Random, Sequential};
///
/// let random = &mut Random::new(0);
/// let both = |inputs, random: &mut Random| Bidirectional::new(Gru::new(inputs, 4, random), Gru::new(inputs, 4, random));
/// let stacked = Sequential::new().then(both(2, random)).then(both(8, random));
/// let tape = Tape::<f64>::new();
/// let x = tape.data(ndarray::Array3::zeros((3, 20, 2)));
/// assert_eq!(stacked.forward(x, &Context::evaluation(&tape, &stacked)).shape()?, [3, 20, 8].into());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Schuster & Paliwal, "Bidirectional Recurrent Neural Networks" (1997).
#[derive(Clone, Debug)]
pub struct Bidirectional<F: Real> {
    forward: Box<dyn Layer<F>>,
    backward: Box<dyn Layer<F>>,
}

impl<F: Real> Bidirectional<F> {
    /// `forward` reads from the first step, `backward` from the last.
    pub fn new(forward: impl Layer<F>, backward: impl Layer<F>) -> Self {
        Bidirectional { forward: Box::new(forward), backward: Box::new(backward) }
    }
}

impl<F: Real> Module<F> for Bidirectional<F> {
    crate::visit!(F; forward, backward);

    fn describe(&self) -> String {
        format!("bidirectional {}", self.forward.describe())
    }
}

impl<F: Real> Layer<F> for Bidirectional<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        // The caller's line does not get through a vtable, as `forward.call` would be.
        let first = cx.call(&*self.forward, x);
        let (Ok(shape), Ok(given)) = (first.shape(), x.shape()) else { return first };
        let steps = given.get(1);
        let second = match &*shape {
            [_, own, _] if Some(own) == steps => cx.call(&*self.backward, x.flip(1)).flip(1),
            [_, _] if given.rank() == 3 => cx.call(&*self.backward, x.flip(1)),
            _ => {
                let wanted =
                    "[examples, steps, inputs], and it should give [examples, steps, width] or [examples, width]";
                let message = format!("x has shape {given}, what the layer gives {shape}; it takes {wanted}");
                return refused("bidirectional", x, message);
            }
        };
        let last = shape.rank().saturating_sub(1);
        if second.error().is_some() { second } else { cx.tape().concat(&[first, second], last) }
    }
}
