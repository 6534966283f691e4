//! Which classes are taken for which.

use super::{classes, made_here, predictions, same_examples, same_length};
use crate::data::Column;
use crate::error::mismatch;
use autodiff::{Real, Result};
use ndarray::{Array2, ArrayD, Axis};
use std::fmt;

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
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if there are not as many of one as of the other, or a class is
    /// above 8,191: the table would be too large to be looked at.
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

    /// Counts the [`predictions`](super::predictions) of scores against targets.
    ///
    /// # Errors
    /// As [`accuracy`](super::accuracy), and as [`new`](Self::new).
    #[track_caller]
    pub fn of<F: Real>(scores: &ArrayD<F>, targets: &Column<F>) -> Result<Self> {
        let (predicted, actual) = (predictions(scores)?, classes("confusion", targets)?);
        same_examples("confusion", scores, &actual)?;
        Confusion::new(&predicted, &actual)
    }

    /// The share of examples on the diagonal; NaN for no examples.
    pub fn accuracy(&self) -> f64 {
        self.counts.diag().sum() as f64 / self.counts.sum() as f64
    }

    /// Of the examples taken for a class, the share that is of it: TP/(TP + FP).
    ///
    /// ```
    /// use nn::metric::{Average, Confusion};
    /// let confusion = Confusion::new(&[0, 1, 1, 1], &[0, 0, 1, 1])?;
    /// assert_eq!(confusion.precision(Average::Class(1)), 2.0 / 3.0);
    /// assert_eq!(confusion.recall(Average::Class(1)), 1.0);
    /// assert_eq!(confusion.f1(Average::Class(1)), 0.8);
    /// assert_eq!(confusion.precision(Average::Macro), (1.0 + 2.0 / 3.0) / 2.0);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn precision(&self, average: Average) -> f64 {
        self.averaged(average, |hits, predicted, _| share(hits, predicted))
    }

    /// Of the examples of a class, the share that was taken for it: TP/(TP + FN).
    pub fn recall(&self, average: Average) -> f64 {
        self.averaged(average, |hits, _, actual| share(hits, actual))
    }

    /// The harmonic mean of precision and recall of a class: 2·TP/(2·TP + FP + FN).
    pub fn f1(&self, average: Average) -> f64 {
        self.averaged(average, |hits, predicted, actual| share(2 * hits, predicted + actual))
    }

    /// What `score` says of hits, predicted and actual examples, of a class or averaged.
    fn averaged(&self, average: Average, score: impl Fn(usize, usize, usize) -> f64) -> f64 {
        let class = |class: usize| {
            let hits = self.counts.get((class, class)).copied().unwrap_or(0);
            let line = |axis| self.counts.axis_iter(Axis(axis)).nth(class).map_or(0, |line| line.sum());
            (hits, line(1), line(0))
        };
        match average {
            Average::Class(one) => {
                let (hits, predicted, actual) = class(one);
                score(hits, predicted, actual)
            }
            Average::Micro => score(self.counts.diag().sum(), self.counts.sum(), self.counts.sum()),
            Average::Macro => {
                let scores: Vec<f64> = (0..self.counts.nrows())
                    .map(class)
                    .filter(|(_, predicted, actual)| predicted + actual > 0)
                    .map(|(hits, predicted, actual)| score(hits, predicted, actual))
                    .collect();
                scores.iter().sum::<f64>() / scores.len() as f64
            }
        }
    }
}

/// A share of examples; 0 of none.
fn share(of: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { of as f64 / all as f64 }
}

/// Of which classes precision, recall and F1 are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Average {
    /// The mean over the classes that occur among targets or predictions, each counting the same.
    Macro,
    /// Of all examples together, which is the accuracy where each has one class.
    Micro,
    /// Of one class: 1 is the positive one of two.
    Class(usize),
}

/// [`Confusion::precision`] as a metric.
///
/// ```
/// use nn::metric::{Average, precision};
/// let (scores, targets) = (ndarray::array![[0.9], [0.8], [0.1]].into_dyn(), nn::Column::index([1, 0, 0]));
/// assert_eq!(precision(Average::Class(1))(&scores, &targets)?, 0.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// Of the metric: as [`Confusion::of`].
#[track_caller]
pub fn precision<F: Real>(average: Average) -> impl Fn(&ArrayD<F>, &Column<F>) -> Result<f64> + Copy {
    made_here(move |scores: &ArrayD<F>, targets: &Column<F>| Ok(Confusion::of(scores, targets)?.precision(average)))
}

/// [`Confusion::recall`] as a metric.
///
/// # Errors
/// Of the metric: as [`Confusion::of`].
#[track_caller]
pub fn recall<F: Real>(average: Average) -> impl Fn(&ArrayD<F>, &Column<F>) -> Result<f64> + Copy {
    made_here(move |scores: &ArrayD<F>, targets: &Column<F>| Ok(Confusion::of(scores, targets)?.recall(average)))
}

/// [`Confusion::f1`] as a metric.
///
/// # Errors
/// Of the metric: as [`Confusion::of`].
#[track_caller]
pub fn f1<F: Real>(average: Average) -> impl Fn(&ArrayD<F>, &Column<F>) -> Result<f64> + Copy {
    made_here(move |scores: &ArrayD<F>, targets: &Column<F>| Ok(Confusion::of(scores, targets)?.f1(average)))
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
