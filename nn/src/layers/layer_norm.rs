//! Normalisation of each example over its last axes.

use super::expected::{refused, unfit};
use crate::context::Context;
use crate::init::filled;
use crate::layer::Layer;
use crate::module::{Module, Param, Stored};
use autodiff::{Real, Shape, Var};

/// y = γ ⊙ (x − μ)/√(σ² + ε) + β, where μ and σ² are the mean and the variance (divided by n) of the last axes of x, one pair
/// for each position of the axes before them.
///
/// | array | shape |
/// |---|---|
/// | x, y | \[…, shape\] |
/// | `scale` γ, `shift` β | shape, start at 1 and 0 |
///
/// It is PyTorch's `LayerNorm`, and the same while training and at evaluation.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Layer, LayerNorm};
///
/// let norm = LayerNorm::new([2]).epsilon(0.0);
/// let tape = Tape::<f64>::new();
/// let y = norm.forward(tape.data([[1.0, 3.0], [10.0, 4.0]]), &Context::evaluation(&tape, &norm));
/// assert_eq!(y.value()?, ndarray::array![[-1.0, 1.0], [1.0, -1.0]].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Ba, Kiros & Hinton, "Layer Normalization" (2016), eq. 3 and 4.
#[derive(Clone, PartialEq, Debug)]
pub struct LayerNorm<F: Real> {
    scale: Param<F>,
    shift: Param<F>,
    epsilon: f64,
}

impl<F: Real> LayerNorm<F> {
    /// Normalises the last axes, which have this shape, with ε = 10⁻⁵.
    pub fn new(shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        let fill = |number: f64| Param::from_result(filled(shape.clone(), F::of(number)));
        LayerNorm { scale: fill(1.0), shift: fill(0.0), epsilon: 1e-5 }
    }

    /// With ε, which keeps the quotient finite.
    pub fn epsilon(self, epsilon: f64) -> Self {
        LayerNorm { epsilon, ..self }
    }
}

impl<F: Real> Module<F> for LayerNorm<F> {
    crate::visit!(F; scale, shift; attributes epsilon);

    fn pytorch(&self) -> Vec<Stored> {
        vec![Stored::new("scale", "weight"), Stored::new("shift", "bias")]
    }

    fn describe(&self) -> String {
        format!("layer normalisation of {}", Shape::from(self.scale.array().shape()))
    }
}

impl<F: Real> Layer<F> for LayerNorm<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let scale = cx.param(&self.scale);
        if scale.error().is_some() {
            return scale;
        }
        if let Some(error) = unfit_end("layer_norm", x, self.scale.array().shape(), self.epsilon) {
            return error;
        }
        let last = last_axes(x, self.scale.array().ndim());
        let centred = x - x.mean_keep(last.clone());
        let deviation = (centred.square().mean_keep(last) + self.epsilon).sqrt();
        centred / deviation * scale + cx.param(&self.shift)
    }
}

/// The last `count` axes of x.
pub(super) fn last_axes<F: Real>(x: Var<'_, F>, count: usize) -> Vec<usize> {
    let rank = x.shape().map_or(0, |shape| shape.rank());
    (rank.saturating_sub(count)..rank).collect()
}

/// An error var if the last axes of x have another shape, or ε is no small positive number.
#[track_caller]
pub(super) fn unfit_end<'t, F: Real>(
    operation: &str,
    x: Var<'t, F>,
    shape: &[usize],
    epsilon: f64,
) -> Option<Var<'t, F>> {
    if !(epsilon >= 0.0 && epsilon.is_finite()) {
        return Some(refused(operation, x, format!("epsilon is {epsilon}; it should be finite and not negative")));
    }
    let wanted = shape.iter().fold("[…".to_owned(), |text, length| format!("{text}, {length}")) + "]";
    unfit(operation, x, &wanted, |given| given.ends_with(shape))
}
