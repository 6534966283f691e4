//! How good a model is: numbers to look at, not to differentiate.

use crate::data::Column;
use crate::domain::{ROWS, no_distribution};
use crate::error::{error, mismatch};
use autodiff::{ErrorKind, Real, Result};
use ndarray::{Array2, ArrayD, Axis};
use std::fmt;

/// The position of the largest number of each row \[examples, classes\]; the first of equals. Of one column, which is a
/// probability, whether it is at least ½.
///
/// A column of logits is refused by its first number outside \[0, 1\]. One in which all happen to lie inside cannot be told from
/// probabilities: apply a sigmoid to it before, or write a metric that asks for z ≥ 0.
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
    let predicted = predictions(scores)?;
    let actual = match targets {
        Column::Index(labels) => labels.iter().copied().collect(),
        Column::Real(values) => {
            let actual = predictions(values)?;
            // Of rows without a class the first would count.
            if let Some(message) = no_distribution(values.view()).filter(|_| values.shape().last() != Some(&1)) {
                return Err(mismatch("accuracy", message).with_help(ROWS));
            }
            actual
        }
    };
    same_length(predicted.len(), actual.len())?;
    if predicted.is_empty() {
        return Err(mismatch("accuracy", "there are no examples, so no share of them"));
    }
    // One column tells two classes apart.
    let classes = scores.shape().last().copied().unwrap_or(0).max(2);
    if let Some(label) = actual.iter().find(|label| **label >= classes) {
        let message = format!("there is a label {label}, and scores for {classes} classes, from 0");
        return Err(mismatch("accuracy", message));
    }
    let right = predicted.iter().zip(&actual).filter(|(p, a)| p == a).count();
    Ok(right as f64 / predicted.len() as f64)
}

#[track_caller]
fn same_length(predicted: usize, actual: usize) -> Result<()> {
    if predicted == actual {
        return Ok(());
    }
    Err(mismatch("metric", format!("{predicted} predictions for {actual} targets")))
}

/// How often each class was taken for each: a table with a row per actual and a column per predicted class.
///
/// ```
/// let confusion = nn::metric::Confusion::new(&[0, 1, 1], &[0, 0, 1])?;
/// assert_eq!(confusion.counts(), ndarray::array![[1, 1], [0, 1]]);
/// assert_eq!(confusion.to_string(), "\
/// actual \\ predicted
///           0    1
///      0    1    1
///      1    ·    1
/// ");
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Confusion {
    counts: Array2<usize>,
}

impl Confusion {
    const MOST_CLASSES: usize = 8192;

    /// Counts the pairs of predicted and actual classes.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there are not as many of one as of the other, or a class is above 8,191: the table would
    /// be too large to be looked at.
    #[track_caller]
    pub fn new(predicted: &[usize], actual: &[usize]) -> Result<Self> {
        same_length(predicted.len(), actual.len())?;
        let largest = predicted.iter().chain(actual).max().copied();
        if let Some(class) = largest.filter(|class| *class >= Self::MOST_CLASSES) {
            let message = format!(
                "there is a class {class}, and a table has at most {} classes, from 0; are these labels?",
                Self::MOST_CLASSES
            );
            return Err(mismatch("confusion", message));
        }
        let classes = largest.map_or(0, |class| class + 1);
        let mut counts = Array2::zeros((classes, classes));
        for (p, a) in predicted.iter().zip(actual) {
            counts.get_mut((*a, *p)).into_iter().for_each(|count| *count += 1);
        }
        Ok(Confusion { counts })
    }

    /// The counts, \[actual, predicted\].
    pub fn counts(&self) -> &Array2<usize> {
        &self.counts
    }

    /// The share of examples on the diagonal; NaN for no examples.
    pub fn accuracy(&self) -> f64 {
        self.counts.diag().sum() as f64 / self.counts.sum() as f64
    }
}

impl fmt::Display for Confusion {
    /// Zeros are printed as dots, so that the mistakes stand out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.counts.iter().max().map_or(1, |count| count.to_string().len()).max(3) + 2;
        writeln!(f, "actual \\ predicted")?;
        write!(f, "      ")?;
        (0..self.counts.ncols()).try_for_each(|class| write!(f, "{class:>width$}"))?;
        writeln!(f)?;
        for (class, row) in self.counts.rows().into_iter().enumerate() {
            write!(f, "{class:>6}")?;
            for count in row {
                match count {
                    0 => write!(f, "{:>width$}", "·")?,
                    count => write!(f, "{count:>width$}")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
