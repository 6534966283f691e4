//! A model at work: what it answers, and how well.

use super::step::Loss;
use crate::context::Context;
use crate::data::Dataset;
use crate::layer::Layer;
use crate::target::Targets;
use autodiff::{IntoArray, Real, Result, Tape};
use ndarray::ArrayD;

/// A number that says how well outputs fit targets, such as [`accuracy`](crate::metric::accuracy).
pub type Metric<F> = fn(&ArrayD<F>, &Targets<F>) -> Result<f64>;

/// The output of a model for `features` \[examples, …\], with dropout off.
///
/// ```
/// let model = nn::Activation::Relu;
/// assert_eq!(nn::predict(&model, ndarray::array![[-1.0, 2.0]])?, ndarray::array![[0.0, 2.0]].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// The error of the first layer that does not fit, with its path.
#[track_caller]
pub fn predict<F: Real>(model: &(impl Layer<F> + ?Sized), features: impl IntoArray<F>) -> Result<ArrayD<F>> {
    let tape = Tape::new();
    let x = tape.data(features).named("x");
    model.forward(x, &Context::evaluation(&tape, model)).value()
}

/// What [`evaluate`] finds.
#[derive(Clone, PartialEq, Debug)]
pub struct Evaluation<F: Real> {
    /// The loss over all examples.
    pub loss: F,
    /// The model's output, \[examples, …\].
    pub output: ArrayD<F>,
}

/// The loss and the output of a model on a data set, with dropout off.
///
/// ```
/// use nn::{Activation, Dataset, evaluate, loss};
/// let data = Dataset::<f64>::valued(ndarray::array![[-1.0], [2.0]], ndarray::array![[1.0], [2.0]])?;
/// let evaluation = evaluate(&Activation::Relu, &|a, y| loss::mean_squared(a, y), &data)?;
/// assert_eq!(evaluation.loss, 0.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// The error of the forward pass or of the loss.
#[track_caller]
pub fn evaluate<F: Real>(model: &(impl Layer<F> + ?Sized), loss: &Loss<F>, data: &Dataset<F>) -> Result<Evaluation<F>> {
    let tape = Tape::new();
    let x = tape.data(data.features()).named("x");
    let target = data.targets().on(&tape);
    let output = model.forward(x, &Context::evaluation(&tape, model));
    let loss = loss(output, target).item()?;
    Ok(Evaluation { loss, output: output.value()? })
}
