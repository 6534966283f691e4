//! Normalisation of each example by the root of the mean square.

use super::layer_norm::{last_axes, unfit_end};
use crate::context::Context;
use crate::init::filled;
use crate::layer::Layer;
use crate::module::{Module, Param, Stored};
use autodiff::{Real, Shape, Var};

/// y = γ ⊙ x/√(mean(x²) + ε), with the mean over the last axes of x: [`LayerNorm`](crate::LayerNorm) without the mean and
/// without a shift.
///
/// | array | shape |
/// |---|---|
/// | x, y | \[…, shape\] |
/// | `scale` γ | shape, starts at 1 |
///
/// It is PyTorch's `RMSNorm`.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Layer, RmsNorm};
///
/// let norm = RmsNorm::new([2]).epsilon(0.0);
/// let tape = Tape::<f64>::new();
/// let y = norm.forward(tape.data([[3.0, -3.0], [0.5, 0.5]]), &Context::evaluation(&tape, &norm));
/// assert_eq!(y.value()?, ndarray::array![[1.0, -1.0], [1.0, 1.0]].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Zhang & Sennrich, "Root Mean Square Layer Normalization" (2019), eq. 4.
#[derive(Clone, PartialEq, Debug)]
pub struct RmsNorm<F: Real> {
    scale: Param<F>,
    epsilon: f64,
}

impl<F: Real> RmsNorm<F> {
    /// Normalises the last axes, which have this shape. ε is the distance of 1 to the next number of `F`, as in PyTorch.
    pub fn new(shape: impl Into<Shape>) -> Self {
        RmsNorm { scale: Param::from_result(filled(shape, F::one())), epsilon: F::epsilon().double() }
    }

    /// With ε, which keeps the quotient finite.
    pub fn epsilon(self, epsilon: f64) -> Self {
        RmsNorm { epsilon, ..self }
    }
}

impl<F: Real> Module<F> for RmsNorm<F> {
    crate::visit!(F; scale; attributes epsilon);

    fn pytorch(&self) -> Vec<Stored> {
        vec![Stored::new("scale", "weight")]
    }

    fn describe(&self) -> String {
        format!("RMS normalisation of {}", Shape::from(self.scale.array().shape()))
    }
}

impl<F: Real> Layer<F> for RmsNorm<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let scale = cx.param(&self.scale);
        if scale.error().is_some() {
            return scale;
        }
        if let Some(error) = unfit_end("rms_norm", x, self.scale.array().shape(), self.epsilon) {
            return error;
        }
        let last = last_axes(x, self.scale.array().ndim());
        x / (x.square().mean_keep(last) + self.epsilon).sqrt() * scale
    }
}
