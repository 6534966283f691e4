//! A model at work: what it answers, and how well.

use super::finite::{traced, with_data};
use crate::context::Context;
use crate::data::{Batch, Columns, first_non_finite, row};
use crate::error::{error, mismatch};
use crate::layer::Layer;
use crate::module::Module;
use crate::objective::Objective;
use crate::optim::Position;
use autodiff::{ErrorKind, IntoArray, Real, Result, Tape, Var};
use ndarray::{ArrayD, Axis, concatenate};

/// The output of a model for `features` \[examples, …\], with dropout off.
///
/// ```
/// let model = nn::Activation::Relu;
/// assert_eq!(nn::predict(&model, ndarray::array![[-1.0, 2.0]])?, ndarray::array![[0.0, 2.0]].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// The error of the first layer that does not fit, with its path; [`ErrorKind::NotFinite`] if
/// an output is NaN, with the row of the features that is not finite, or the operation that NaN comes from.
#[track_caller]
pub fn predict<F: Real>(model: &(impl Layer<F> + ?Sized), features: impl IntoArray<F>) -> Result<ArrayD<F>> {
    let tape = Tape::new();
    let cx = Context::evaluation(&tape, model);
    let x = tape.data(features).named("x");
    let output = model.forward(x, &cx);
    cx.updated()?;
    let value = output.value()?;
    let Some(position) = value.iter().position(|number| number.is_nan()) else { return Ok(value) };
    let what = format!("the output is NaN in row {} (counted from 0)", row(value.shape(), position));
    let error = traced(error(ErrorKind::NotFinite, "predict", what), output);
    let features = x.value()?;
    Err(match features.iter().enumerate().find(|(_, number)| !number.is_finite()) {
        Some((position, number)) => {
            let (row, of) = (row(features.shape(), position), features.shape().first().copied().unwrap_or(1));
            error.with_operand(format!("the features have {number} in row {row} of {of} (counted from 0)"))
        }
        None => error,
    })
}

/// [`predict`], `size` examples at a time, which bounds the memory: the same numbers, bit for bit, wherever the layers
/// treat examples apart.
///
/// ```
/// let model = nn::Activation::Relu;
/// let features = ndarray::array![[-1.0], [2.0], [3.0]];
/// assert_eq!(nn::predict_in_batches(&model, features.clone(), 2)?, nn::predict(&model, features)?);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`predict`], whose rows are those of the batch; [`ErrorKind::Mismatch`] for batches of 0 examples.
#[track_caller]
pub fn predict_in_batches<F: Real>(
    model: &(impl Layer<F> + ?Sized),
    features: impl IntoArray<F>,
    size: usize,
) -> Result<ArrayD<F>> {
    let features = features.into_array();
    if size == 0 {
        return Err(mismatch("predict", "a batch has at least 1 example; the size is 0"));
    }
    // No axis to divide, or one batch of no examples.
    if features.ndim() == 0 || features.is_empty() {
        return predict(model, features);
    }
    let mut outputs = Vec::new();
    for (i, batch) in features.axis_chunks_iter(Axis(0), size).enumerate() {
        match predict(model, batch.to_owned()) {
            Ok(output) => outputs.push(output),
            Err(error) => {
                return Err(error.with_operand(format!("in the batch from row {} (counted from 0)", i * size)));
            }
        }
    }
    let views: Vec<_> = outputs.iter().map(|output| output.view()).collect();
    match concatenate(Axis(0), &views) {
        Ok(output) => Ok(output.as_standard_layout().into_owned()),
        Err(_) => Err(mismatch("predict", "the outputs of the batches have no axis of examples, or other shapes")),
    }
}

/// What [`evaluate`] finds.
#[derive(Clone, PartialEq, Debug)]
pub struct Evaluation<F: Real> {
    /// The loss over all examples.
    pub loss: F,
    /// The outputs of the objective; for a loss function, the first is the model's output, \[examples, …\].
    pub outputs: Vec<ArrayD<F>>,
}

/// The loss and the outputs of a model on a data set, with dropout off.
///
/// ```
/// use nn::{Activation, Dataset, evaluate, loss};
/// let data = Dataset::<f64>::valued(ndarray::array![[-1.0], [2.0]], ndarray::array![[1.0], [2.0]])?;
/// let evaluation = evaluate(&Activation::Relu, loss::mean_squared, &data)?;
/// assert_eq!(evaluation.loss, 0.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Hyperparameters have their values at [`Position::default`].
///
/// # Errors
/// The error of the forward pass or of the objective; [`ErrorKind::Mismatch`] for no examples, of which there is no
/// mean; [`ErrorKind::NotFinite`] if the loss is NaN, or infinite because a number of the data is not finite, with its
/// column and row. An infinite loss of finite data, of a certain answer that is wrong, is no error.
#[track_caller]
pub fn evaluate<F: Real, M: Module<F>, K>(
    model: &M,
    objective: impl Objective<F, M, K>,
    data: &dyn Batch<F>,
) -> Result<Evaluation<F>> {
    match data.examples() {
        0 => Err(mismatch("evaluate", "there are no examples to evaluate on")),
        _ => evaluate_at(model, &objective, ("the data set", data), Position::default()),
    }
}

#[track_caller]
pub(crate) fn evaluate_at<F: Real, M: Module<F>, K>(
    model: &M,
    objective: &impl Objective<F, M, K>,
    (what, data): (&str, &dyn Batch<F>),
    at: Position,
) -> Result<Evaluation<F>> {
    let tape = Tape::new();
    let mut cx = Context::evaluation(&tape, model);
    cx.declare_all(objective, at);
    let columns = Columns::on(&tape, data);
    let outcome = objective.record(model, &columns, &cx)?;
    cx.updated()?;
    let loss = outcome.loss.item()?;
    if loss.is_nan() || (loss.is_infinite() && first_non_finite(data).is_some()) {
        let error = error(ErrorKind::NotFinite, "evaluate", format!("the loss is {loss}"));
        return Err(with_data(traced(error, outcome.loss), what, data));
    }
    let outputs = outcome.outputs.into_iter().map(Var::value).collect::<Result<_>>()?;
    Ok(Evaluation { loss, outputs })
}
