//! Residual blocks.

use super::expected::refused;
use crate::context::Context;
use crate::layer::Layer;
use crate::module::Module;
use autodiff::{Real, Var};

/// y = x + f(x): the layer f learns what is to be added to its input. With a shortcut g, y = g(x) + f(x).
///
/// x, f(x) and y have one shape, and with a shortcut f(x) and g(x) have it.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Activation, Context, Layer, Residual};
///
/// let block = Residual::new(Activation::Relu);
/// let tape = Tape::<f64>::new();
/// let y = block.forward(tape.data([[1.0, -2.0]]), &Context::evaluation(&tape, &block));
/// assert_eq!(y.value()?, ndarray::array![[2.0, -2.0]].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition" (2016), eq. 1 and 2.
#[derive(Clone, Debug)]
pub struct Residual<F: Real> {
    inner: Box<dyn Layer<F>>,
    shortcut: Option<Box<dyn Layer<F>>>,
}

impl<F: Real> Residual<F> {
    /// The block x + `inner`(x).
    pub fn new(inner: impl Layer<F>) -> Self {
        Residual { inner: Box::new(inner), shortcut: None }
    }

    /// With `shortcut`(x) in the place of x, where f changes the shape: a convolution with a window of 1, say.
    pub fn shortcut(self, shortcut: impl Layer<F>) -> Self {
        Residual { shortcut: Some(Box::new(shortcut)), ..self }
    }
}

impl<F: Real> Module<F> for Residual<F> {
    crate::visit!(F; inner, shortcut);

    fn describe(&self) -> String {
        "residual block".into()
    }
}

impl<F: Real> Layer<F> for Residual<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let added = match &self.shortcut {
            // The caller's line does not get through a vtable, as `shortcut.call` would be.
            Some(shortcut) => cx.call(&**shortcut, x),
            None => x,
        };
        let y = cx.call(&*self.inner, x);
        match (added.shape(), y.shape()) {
            (Ok(own), Ok(inner)) if own != inner => {
                let what = if self.shortcut.is_some() { "the shortcut gives" } else { "x has" };
                let message =
                    format!("{what} shape {own}, what the inner layer gives {inner}; they should be one shape");
                refused("residual", x, message)
            }
            _ => added + y,
        }
    }
}
