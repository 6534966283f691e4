//! Images as rows.

use super::expected::unfit;
use crate::context::Context;
use crate::layer::Layer;
use crate::module::Module;
use autodiff::{Real, Var};

/// Each example as one row: x \[batch, d₁, d₂, …\] gives \[batch, d₁·d₂·…\], in row-major order.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Flatten, Layer};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.data(ndarray::Array4::zeros((8, 16, 6, 6)));
/// let y = Flatten.forward(x, &Context::evaluation(&tape, &Flatten));
/// assert_eq!(y.shape()?, [8, 576].into());
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flatten;

impl<F: Real> Module<F> for Flatten {
    crate::visit!(F;);

    fn describe(&self) -> String {
        "flatten".into()
    }
}

impl<F: Real> Layer<F> for Flatten {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, _: &Context<'t, F>) -> Var<'t, F> {
        if let Some(error) = unfit("flatten", x, "[batch, …], with one axis or more", |shape| !shape.is_empty()) {
            return error;
        }
        match x.shape().as_deref() {
            Ok([batch, rest @ ..]) => x.reshape([*batch, rest.iter().product()]),
            _ => x,
        }
    }
}
