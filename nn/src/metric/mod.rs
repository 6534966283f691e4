//! How good a model is: numbers to look at, not to differentiate.
//!
//! A metric is a function of an output and the targets: [`Trainer::metric`](crate::Trainer::metric) takes those of this module by
//! name, those with settings by a call, as `metric::top_k(5)`, and closures.
//!
//! ```
//! use nn::{Sgd, Trainer, metric};
//! let trainer = Trainer::<f64, _>::new(Sgd::new(0.1))
//!     .metric("accuracy", metric::accuracy)
//!     .metric("of the first three", metric::top_k(3))
//!     .metric("largest output", |output, _| Ok(output.iter().fold(0.0f64, |largest, x| largest.max(*x))));
//! # let _ = trainer;
//! ```
//!
//! A trainer measures batch by batch and averages over the examples. That is the metric of all of them where a metric is a mean
//! over examples, as accuracy and errors are. F1, precision, recall, ROC-AUC, R² and perplexity are none: of those the average
//! over batches is an approximation, and the number of the validation set, which is measured as a whole, is exact.

mod confusion;
mod likelihood;
mod ranking;
mod regression;

pub use confusion::{Average, Confusion, f1, precision, recall};
pub use likelihood::{log_loss, perplexity};
pub use ranking::roc_auc;
pub use regression::{mean_absolute_error, mean_squared_error, r_squared};

use crate::data::Column;
use crate::domain::{ROWS, no_distribution};
use crate::error::{error, mismatch};
use autodiff::{ErrorKind, Place, Real, Result};
use ndarray::{ArrayD, Axis};
use std::panic::Location;

/// The position of the largest number of each row \[examples, classes\]; the first of equals. Of one column, which is a
/// probability, whether it is at least ½.
///
/// A column of logits is refused by its first number outside \[0, 1\]. One in which all happen to lie inside cannot be told from
/// probabilities: [`threshold(0.0)`](threshold) takes logits.
///
/// ```
/// let scores = ndarray::array![[0.1, 0.7, 0.2], [0.9, 0.0, 0.1]].into_dyn();
/// assert_eq!(nn::metric::predictions(&scores)?, [1, 0]);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Mismatch`] if the array does not have two axes, or no columns, or one column of what are no
/// probabilities (logits, say); [`ErrorKind::NotFinite`] if a score is NaN.
#[track_caller]
pub fn predictions<F: Real>(scores: &ArrayD<F>) -> Result<Vec<usize>> {
    let columns = match scores.shape() {
        [_, columns] if *columns > 0 => *columns,
        shape => {
            let message = format!("the scores have shape {shape:?}; they should be [examples, classes]");
            return Err(mismatch("predictions", message));
        }
    };
    if let Some(position) = scores.iter().position(|x| x.is_nan()) {
        let message = format!("the scores of example {} are not numbers", position / columns);
        return Err(error(ErrorKind::NotFinite, "predictions", message));
    }
    let is_probability = |p: &F| *p >= F::zero() && *p <= F::one();
    if let Some(score) = scores.iter().find(|p| columns == 1 && !is_probability(p)) {
        let message = format!("a single column of scores should hold probabilities in [0, 1]; there is {score}");
        let help = "end the model with a sigmoid, or apply one to its logits: `1/(1 + exp(−z))`";
        return Err(mismatch("predictions", message).with_help(help));
    }
    let largest = |row: ndarray::ArrayViewD<'_, F>| {
        let first = (0, F::neg_infinity());
        row.iter().enumerate().fold(first, |best, (i, x)| if *x > best.1 { (i, *x) } else { best }).0
    };
    Ok(match columns {
        1 => scores.iter().map(|p| usize::from(*p >= F::of(0.5))).collect(),
        _ => scores.axis_iter(Axis(0)).map(largest).collect(),
    })
}

/// The share of examples whose [`predictions`] are the target: the label, or the largest column of a one-hot row, or,
/// with one column, whether it is at least ½.
///
/// ```
/// let scores = ndarray::array![[0.1, 0.9], [0.8, 0.2]].into_dyn();
/// let targets = nn::Column::index(ndarray::array![1, 1]);
/// assert_eq!(nn::metric::accuracy(&scores, &targets)?, 0.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`predictions`]; [`ErrorKind::Mismatch`] if there are not as many targets as rows, or none, a label has no score, or a
/// row of targets is no distribution over classes.
#[track_caller]
pub fn accuracy<F: Real>(scores: &ArrayD<F>, targets: &Column<F>) -> Result<f64> {
    let (predicted, actual) = (predictions(scores)?, classes("accuracy", targets)?);
    same_examples("accuracy", scores, &actual)?;
    let right = predicted.iter().zip(&actual).filter(|(p, a)| p == a).count();
    Ok(right as f64 / predicted.len() as f64)
}

/// [`accuracy`] of one column of scores, where a score of at least `threshold` means class 1: 0 for logits, ½ for probabilities.
///
/// ```
/// let (logits, targets) = (ndarray::array![[-3.0], [0.5]].into_dyn(), nn::Column::index([0, 1]));
/// assert_eq!(nn::metric::threshold(0.0)(&logits, &targets)?, 1.0);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// Of the metric: as [`accuracy`], for scores that are not one column.
#[track_caller]
pub fn threshold<F: Real>(threshold: f64) -> impl Fn(&ArrayD<F>, &Column<F>) -> Result<f64> + Copy {
    made_here(move |scores: &ArrayD<F>, targets: &Column<F>| {
        if !matches!(scores.shape(), [_, 1]) {
            let message = format!("the scores have shape {:?}; a threshold takes [examples, 1]", scores.shape());
            return Err(mismatch("threshold", message));
        }
        if let Some(row) = scores.iter().position(|score| score.is_nan()) {
            return Err(error(
                ErrorKind::NotFinite,
                "threshold",
                format!("the score of example {row} is not a number"),
            ));
        }
        let actual = classes("threshold", targets)?;
        same_examples("threshold", scores, &actual)?;
        let right = scores.iter().zip(&actual).filter(|(z, a)| usize::from(z.double() >= threshold) == **a).count();
        Ok(right as f64 / actual.len() as f64)
    })
}

/// The share of examples whose target is among the `k` largest scores. Of equal scores the first count as larger.
///
/// ```
/// let scores = ndarray::array![[0.1, 0.7, 0.2], [0.9, 0.0, 0.1]].into_dyn();
/// let targets = nn::Column::index([2, 1]);
/// assert_eq!(nn::metric::top_k(2)(&scores, &targets)?, 0.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// Of the metric: as [`accuracy`]; [`ErrorKind::Mismatch`] for k = 0, which is never right.
#[track_caller]
pub fn top_k<F: Real>(k: usize) -> impl Fn(&ArrayD<F>, &Column<F>) -> Result<f64> + Copy {
    made_here(move |scores: &ArrayD<F>, targets: &Column<F>| {
        if k == 0 {
            return Err(mismatch("top_k", "k is 0; it should be at least 1"));
        }
        predictions(scores)?;
        let actual = classes("top_k", targets)?;
        same_examples("top_k", scores, &actual)?;
        let mut right = 0;
        for (row, label) in scores.axis_iter(Axis(0)).zip(&actual) {
            let own = row.get(*label).copied().unwrap_or(F::neg_infinity());
            let before = row.iter().enumerate().filter(|(i, z)| **z > own || (**z == own && i < label)).count();
            right += usize::from(before < k);
        }
        Ok(right as f64 / actual.len() as f64)
    })
}

/// A metric whose errors have the line of the caller, who made it: who calls it is not known.
#[track_caller]
fn made_here<F: Real, M>(metric: M) -> impl Fn(&ArrayD<F>, &Column<F>) -> Result<f64> + Copy
where
    M: Fn(&ArrayD<F>, &Column<F>) -> Result<f64> + Copy,
{
    let location = Some(Location::caller());
    move |scores, targets| metric(scores, targets).map_err(|error| error.at(Place { location, scope: String::new() }))
}

/// The class of each target: a label, or the largest column of a row, or, with one column, whether it is at least ½.
#[track_caller]
fn classes<F: Real>(operation: &str, targets: &Column<F>) -> Result<Vec<usize>> {
    match targets {
        Column::Index(labels) => Ok(labels.iter().copied().collect()),
        Column::Real(values) => {
            let actual = predictions(values)?;
            // Of rows without a class the first would count.
            match no_distribution("the targets", values.view()).filter(|_| values.shape().last() != Some(&1)) {
                Some(message) => Err(mismatch(operation, message).with_help(ROWS)),
                None => Ok(actual),
            }
        }
    }
}

/// That there is a target for each row of scores, and a score for each label.
#[track_caller]
fn same_examples<F: Real>(operation: &str, scores: &ArrayD<F>, actual: &[usize]) -> Result<()> {
    same_length(scores.shape().first().copied().unwrap_or(0), actual.len())?;
    if actual.is_empty() {
        return Err(mismatch(operation, "there are no examples, so no share of them"));
    }
    // One column tells two classes apart.
    let classes = scores.shape().last().copied().unwrap_or(0).max(2);
    match actual.iter().find(|label| **label >= classes) {
        None => Ok(()),
        Some(label) => {
            Err(mismatch(operation, format!("there is a label {label}, and scores for {classes} classes, from 0")))
        }
    }
}

#[track_caller]
fn same_length(predicted: usize, actual: usize) -> Result<()> {
    if predicted == actual {
        return Ok(());
    }
    Err(mismatch("metric", format!("{predicted} predictions for {actual} targets")))
}
