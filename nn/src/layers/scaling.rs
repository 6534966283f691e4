//! Scaling of features.

use super::expected::refused;
use crate::context::Context;
use crate::error::{error, mismatch};
use crate::layer::Layer;
use crate::module::{Buffer, Module};
use autodiff::{ErrorKind, IntoArray, Real, Result, Shape, Var};
use ndarray::{ArrayD, Axis};

/// Scaling of features: y = (x − offset)/scale for each feature. Offset and scale are computed from the training part,
/// and the training does not change them. As the first layer of a model, the scaling is saved with it, and scales
/// whatever the model is given later in the same way.
///
/// | array | shape |
/// |---|---|
/// | x, y | \[examples, features\], or \[examples, …\] |
/// | `offset`, `scale`, `fill`, buffers | \[features\], or \[…\] |
///
/// ```
/// use nn::{Dense, Init, Random, Scaling, Sequential};
/// let train = ndarray::array![[1.0, 100.0], [3.0, 300.0]];
/// let model = Sequential::<f64>::new()
///     .then_named("scaling", Scaling::standardise(train)?)
///     .then(Dense::new(2, 1, Init::Xavier, &mut Random::new(0)));
/// let scaling = Scaling::<f64>::standardise([[1.0, 100.0], [3.0, 300.0]])?;
/// assert_eq!(nn::predict(&scaling, [[1.0, 300.0]])?, ndarray::array![[-1.0, 1.0]].into_dyn());
/// # let _ = model;
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// A feature that has one value only is shifted and not divided. If the training part has missing numbers (NaN) in a
/// feature, offset and scale are those of the numbers that are there, and missing numbers are replaced by their mean,
/// in prediction, too. If it has none, NaN stays NaN, which training and prediction refuse.
#[derive(Clone, PartialEq, Debug)]
pub struct Scaling<F: Real> {
    offset: Buffer<F>,
    scale: Buffer<F>,
    fill: Buffer<F>,
    fills: bool,
}

impl<F: Real> Scaling<F> {
    /// The identity on features of this shape (without the axis of examples), for a model whose arrays are loaded.
    pub fn identity(shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        let numbers = |number: f64| Buffer::new(ArrayD::from_elem(shape.to_vec(), F::of(number)));
        Scaling { offset: numbers(0.0), scale: numbers(1.0), fill: numbers(0.0), fills: false }
    }

    /// Standardisation: offset and scale are the mean μ and the standard deviation √(Σ(x − μ)²/n) of each feature,
    /// which then has mean 0 and standard deviation 1.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there are no examples, or no axis of examples; [`ErrorKind::Refused`] for a number
    /// that is infinite, or a feature without a number, with its position.
    #[track_caller]
    pub fn standardise(features: impl IntoArray<F>) -> Result<Self> {
        Scaling::fitted(features.into_array(), |numbers, mean| {
            let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / numbers.len() as f64;
            (mean, variance.sqrt())
        })
    }

    /// Min-max scaling: the least number of each feature becomes 0 and the largest 1. The offset is the least, the
    /// scale their distance.
    ///
    /// # Errors
    /// As [`standardise`](Self::standardise).
    #[track_caller]
    pub fn min_max(features: impl IntoArray<F>) -> Result<Self> {
        Scaling::fitted(features.into_array(), |numbers, _| {
            let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            (least, numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max) - least)
        })
    }

    #[track_caller]
    fn fitted(features: ArrayD<F>, of: impl Fn(&[f64], f64) -> (f64, f64)) -> Result<Self> {
        let shape = match features.shape() {
            [n, rest @ ..] if *n > 0 => rest.to_vec(),
            other => {
                let message = format!("the features have shape {other:?}; it should be [examples, …]");
                return Err(mismatch("scaling", message));
            }
        };
        let count = shape.iter().product::<usize>();
        let mut found = [Vec::with_capacity(count), Vec::with_capacity(count), Vec::with_capacity(count)];
        let mut fills = false;
        for (i, feature) in features.lanes(Axis(0)).into_iter().enumerate() {
            if feature.iter().any(|x| x.is_infinite()) {
                return Err(error(ErrorKind::Refused, "scaling", format!("feature {i} has a number that is infinite")));
            }
            let numbers: Vec<f64> = feature.iter().map(|x| x.double()).filter(|x| !x.is_nan()).collect();
            if numbers.is_empty() {
                return Err(error(ErrorKind::Refused, "scaling", format!("feature {i} is missing in every example")));
            }
            fills |= numbers.len() < feature.len();
            let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
            let (offset, scale) = of(&numbers, mean);
            // Of equal numbers, rounding leaves a deviation that is not quite 0.
            let is_constant = numbers.iter().all(|x| Some(x) == numbers.first());
            let scale = if is_constant || scale == 0.0 { 1.0 } else { scale };
            found.iter_mut().zip([offset, scale, mean]).for_each(|(list, number)| list.push(F::of(number)));
        }
        let buffer = |numbers: Vec<F>| match ArrayD::from_shape_vec(shape.clone(), numbers) {
            Ok(array) => Ok(Buffer::new(array)),
            Err(why) => Err(mismatch("scaling", why.to_string())),
        };
        let [offset, scale, fill] = found;
        Ok(Scaling { offset: buffer(offset)?, scale: buffer(scale)?, fill: buffer(fill)?, fills })
    }

    /// What is subtracted.
    pub fn offset(&self) -> &Buffer<F> {
        &self.offset
    }

    /// What is divided by.
    pub fn scale(&self) -> &Buffer<F> {
        &self.scale
    }

    /// The inverse, x = y·scale + offset. It brings the predictions of a model of scaled targets back to the units of
    /// the targets.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if y has another shape than \[examples, …\].
    #[track_caller]
    pub fn inverse(&self, y: impl IntoArray<F>) -> Result<ArrayD<F>> {
        let y = y.into_array();
        match y.shape().get(1..) {
            Some(shape) if shape == self.offset.array().shape() => Ok(y * self.scale.array() + self.offset.array()),
            _ => Err(mismatch("scaling", self.unfit(y.shape()))),
        }
    }

    fn unfit(&self, shape: &[usize]) -> String {
        let own = self.offset.array().shape().iter().map(|length| format!(", {length}")).collect::<String>();
        format!("x has shape {}; it should be [examples{own}]", Shape::from(shape))
    }
}

impl<F: Real> Module<F> for Scaling<F> {
    crate::visit!(F; offset, scale, fill; attributes fills);

    fn describe(&self) -> String {
        format!("scaling of {}", self.offset.array().len())
    }
}

impl<F: Real> Layer<F> for Scaling<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let Ok(shape) = x.shape() else { return x };
        if shape.get(1..) != Some(self.offset.array().shape()) {
            return refused("scaling", x, self.unfit(&shape));
        }
        let (offset, scale, fill) = (cx.buffer(&self.offset), cx.buffer(&self.scale), cx.buffer(&self.fill));
        let known = if self.fills { x.eq(x).select(x, fill) } else { x };
        (known - offset) / scale
    }
}
