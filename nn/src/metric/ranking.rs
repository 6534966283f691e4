//! How well scores rank two classes.

use super::{classes, same_examples};
use crate::data::Column;
use crate::error::{error, mismatch};
use autodiff::{ErrorKind, Real, Result};
use ndarray::{ArrayD, Axis};

/// The area under the receiver operating characteristic: the probability that an example of class 1 has a larger score than one
/// of class 0, an equal score counting ½. Logits and probabilities rank alike.
///
/// Scores are one column, or two, of which the difference counts.
///
/// ```
/// let scores = ndarray::array![[0.1], [0.4], [0.4], [0.8]].into_dyn();
/// let targets = nn::Column::index([0, 0, 1, 1]);
/// assert_eq!(nn::metric::roc_auc(&scores, &targets)?, 0.875);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Hanley & McNeil, "The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve" (1982).
///
/// # Errors
/// [`ErrorKind::Mismatch`] if the scores are not one or two columns, there are not as many targets, a target is no class of two,
/// or one of the classes has no example; [`ErrorKind::NotFinite`] if a score is NaN.
#[track_caller]
pub fn roc_auc<F: Real>(scores: &ArrayD<F>, targets: &Column<F>) -> Result<f64> {
    if !matches!(scores.shape(), [_, 1 | 2]) {
        let message = format!("the scores have shape {:?}; they should be one column or two", scores.shape());
        return Err(mismatch("roc_auc", message));
    }
    let actual = classes("roc_auc", targets)?;
    same_examples("roc_auc", scores, &actual)?;
    let score = |row: ndarray::ArrayViewD<'_, F>| match row.iter().map(|x| x.double()).collect::<Vec<_>>().as_slice() {
        [no, yes] if no == yes => 0.0,
        [no, yes] => yes - no,
        [yes] => *yes,
        _ => f64::NAN,
    };
    let mut ranked: Vec<(f64, usize)> = scores.axis_iter(Axis(0)).map(score).zip(actual).collect();
    if let Some(row) = ranked.iter().position(|(score, _)| score.is_nan()) {
        return Err(error(ErrorKind::NotFinite, "roc_auc", format!("the scores of example {row} are not numbers")));
    }
    ranked.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let positive = ranked.iter().filter(|(_, class)| *class == 1).count() as f64;
    let negative = ranked.len() as f64 - positive;
    if positive == 0.0 || negative == 0.0 {
        return Err(mismatch("roc_auc", "all examples are of one class: there is no pair to compare"));
    }
    // Scores from the least: each group of equal ones wins against those below, and half against each other.
    let (mut below, mut wins) = (0.0, 0.0);
    for group in ranked.chunk_by(|(a, _), (b, _)| a == b) {
        let yes = group.iter().filter(|(_, class)| *class == 1).count() as f64;
        let no = group.len() as f64 - yes;
        wins += yes * (below + no / 2.0);
        below += no;
    }
    Ok(wins / (positive * negative))
}
