//! How probable the targets are.

use super::same_length;
use crate::data::Column;
use crate::domain::{ROWS, no_distribution};
use crate::error::mismatch;
use autodiff::{Real, Result};
use ndarray::ArrayD;

/// The mean of −log p over examples, for the probability p that the output gives to the class: rows of probabilities
/// \[…, classes\] and labels or rows of targets; or one column, the probability of class 1, \[examples, 1\].
///
/// A probability of 0 that happens costs +∞.
///
/// ```
/// let (output, targets) = (ndarray::array![[0.5, 0.5], [1.0, 0.0]].into_dyn(), nn::Column::index([1, 0]));
/// assert_eq!(nn::metric::log_loss(&output, &targets)?, 2f64.ln() / 2.0);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if the output is no probabilities, there are not as many targets, or a
/// label has no column.
#[track_caller]
pub fn log_loss<F: Real>(output: &ArrayD<F>, targets: &Column<F>) -> Result<f64> {
    let is_column = output.shape().last() == Some(&1);
    let outside = output.iter().find(|p| !(**p >= F::zero() && **p <= F::one()));
    let wrong = outside.map(|p| format!("the output has {p}, which is no probability"));
    let rows = || if is_column { None } else { no_distribution("the output", output.view()) };
    if let Some(message) = wrong.or_else(rows) {
        return Err(mismatch("log_loss", message)
            .with_help("`predict` of a model that ends in logits, then softmax or sigmoid"));
    }
    let flat = output.iter().map(|p| p.double());
    let rows: Vec<Vec<f64>> = match is_column {
        true => flat.map(|p| vec![(-p).ln_1p(), p.ln()]).collect(),
        false => rows_of(flat.map(f64::ln), output),
    };
    mean_negative("log_loss", &rows, targets, is_column)
}

/// e to the mean of −log softmax(z) at the label, for logits z \[…, classes\] and labels: how many classes a uniform guess would
/// have to choose from to be as uncertain.
///
/// ```
/// let (logits, targets) = (ndarray::array![[1.0, 1.0, 1.0, 1.0]].into_dyn(), nn::Column::index([2]));
/// assert!((nn::metric::perplexity(&logits, &targets)? - 4.0).abs() < 1e-15);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Jelinek, Mercer, Bahl & Baker, "Perplexity—a measure of the difficulty of speech recognition tasks" (1977).
///
/// # Errors
/// As [`log_loss`], for logits of two classes or more.
#[track_caller]
pub fn perplexity<F: Real>(logits: &ArrayD<F>, targets: &Column<F>) -> Result<f64> {
    if logits.shape().last().is_none_or(|classes| *classes < 2) {
        let message = format!("the logits have shape {:?}; they should be [examples, classes]", logits.shape());
        return Err(mismatch("perplexity", message));
    }
    let mut rows = rows_of(logits.iter().map(|z| z.double()), logits);
    for row in &mut rows {
        let largest = row.iter().fold(f64::NEG_INFINITY, |largest, z| largest.max(*z));
        let log_sum = largest + row.iter().map(|z| (z - largest).exp()).sum::<f64>().ln();
        row.iter_mut().for_each(|z| *z -= log_sum);
    }
    Ok(mean_negative("perplexity", &rows, targets, false)?.exp())
}

fn rows_of<F: Real>(flat: impl Iterator<Item = f64>, array: &ArrayD<F>) -> Vec<Vec<f64>> {
    let classes = array.shape().last().copied().unwrap_or(1).max(1);
    flat.collect::<Vec<_>>().chunks(classes).map(<[f64]>::to_vec).collect()
}

/// The mean of minus the log-probability of each target.
#[track_caller]
fn mean_negative<F: Real>(operation: &str, rows: &[Vec<f64>], targets: &Column<F>, is_column: bool) -> Result<f64> {
    let classes = rows.first().map_or(0, Vec::len);
    // What does not happen costs nothing, also where it is impossible.
    let term = |y: f64, l: f64| if y == 0.0 { 0.0 } else { -y * l };
    let mut sum = 0.0;
    match targets {
        Column::Index(labels) => {
            same_length(rows.len(), labels.len())?;
            for (row, label) in rows.iter().zip(labels) {
                match row.get(*label) {
                    Some(l) => sum -= l,
                    None => {
                        let message = format!("there is a label {label}, and an output for {classes} classes, from 0");
                        return Err(mismatch(operation, message));
                    }
                }
            }
        }
        Column::Real(y) if is_column => {
            same_length(rows.len(), y.len())?;
            if let Some(y) = y.iter().find(|y| !(**y >= F::zero() && **y <= F::one())) {
                return Err(mismatch(operation, format!("the targets have {y}; those of two classes are 0 and 1")));
            }
            let pairs = rows.iter().flatten().zip(y.iter().flat_map(|y| [1.0 - y.double(), y.double()]));
            sum += pairs.map(|(l, y)| term(y, *l)).sum::<f64>();
        }
        Column::Real(y) => {
            same_length(rows.len() * classes, y.len())?;
            if let Some(message) = no_distribution("the targets", y.view()) {
                return Err(mismatch(operation, message).with_help(ROWS));
            }
            sum += rows.iter().flatten().zip(y).map(|(l, y)| term(y.double(), *l)).sum::<f64>();
        }
    }
    match rows.len() {
        0 => Err(mismatch(operation, "there are no examples, so no mean over them")),
        n => Ok(sum / n as f64),
    }
}
