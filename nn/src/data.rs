//! Data sets: examples, split, shuffled, in batches.

use crate::random::Random;
use crate::target::Targets;
use autodiff::{Error, ErrorKind, IntoArray, Real, Result, Shape};
use ndarray::{Array1, ArrayD, Axis};

/// Examples: features, whose first axis runs over examples, and a target for each.
///
/// ```
/// use nn::Dataset;
/// let data = Dataset::<f64>::labelled(ndarray::array![[0.1], [0.2], [0.3], [0.4], [0.5]], vec![0, 0, 1, 1, 1])?;
/// let (train, test) = data.split(0.8, 7);
/// assert_eq!((train.len(), test.len()), (4, 1));
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Dataset<F: Real> {
    features: ArrayD<F>,
    targets: Targets<F>,
}

impl<F: Real> Dataset<F> {
    /// A data set of `features` \[examples, …\] with their `targets`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there are not as many targets as examples.
    pub fn new(features: impl IntoArray<F>, targets: Targets<F>) -> Result<Self> {
        let features = features.into_array();
        if features.shape().first() != Some(&targets.len()) {
            let shape = Shape::from(features.shape());
            let message = format!("features {shape} and {} targets: the first axis runs over examples", targets.len());
            return Err(Error::new(ErrorKind::Mismatch, "Dataset::new", message));
        }
        Ok(Dataset { features, targets })
    }

    /// A data set whose targets are the numbers of classes.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn labelled(features: impl IntoArray<F>, labels: impl Into<Array1<usize>>) -> Result<Self> {
        Dataset::new(features, Targets::Labels(labels.into()))
    }

    /// A data set whose targets are numbers.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn valued(features: impl IntoArray<F>, values: impl IntoArray<F>) -> Result<Self> {
        Dataset::new(features, Targets::Values(values.into_array()))
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The features, \[examples, …\].
    pub fn features(&self) -> &ArrayD<F> {
        &self.features
    }

    /// The targets.
    pub fn targets(&self) -> &Targets<F> {
        &self.targets
    }

    /// The labels, where the targets are labels.
    pub fn labels(&self) -> Option<&Array1<usize>> {
        match &self.targets {
            Targets::Labels(labels) => Some(labels),
            Targets::Values(_) => None,
        }
    }

    /// The examples `rows`, in that order.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] if there is no such row.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        match rows.iter().find(|row| **row >= self.len()) {
            None => Ok(self.known(rows)),
            Some(row) => {
                let message = format!("row {row} of {} examples", self.len());
                Err(Error::new(ErrorKind::Refused, "Dataset::select", message))
            }
        }
    }

    /// The examples in an order drawn from `random`.
    pub fn shuffled(&self, random: &mut Random) -> Self {
        self.known(&random.permutation(self.len()))
    }

    /// Two parts, drawn at random: `fraction` of the examples, rounded, and the others.
    pub fn split(&self, fraction: f64, seed: u64) -> (Self, Self) {
        let order = Random::new(seed).permutation(self.len());
        // The cast saturates, and what is no number becomes 0.
        let size = ((self.len() as f64 * fraction).round() as usize).min(self.len());
        let (first, second) = order.split_at(size);
        (self.known(first), self.known(second))
    }

    /// The examples in batches of `size`, in an order drawn from `random`; the last batch has what is left.
    ///
    /// ```
    /// # use nn::{Dataset, Random};
    /// let data = Dataset::<f64>::valued(ndarray::Array2::zeros((5, 1)), ndarray::Array2::zeros((5, 1)))?;
    /// let sizes: Vec<usize> = data.batches(2, &mut Random::new(0)).map(|batch| batch.len()).collect();
    /// assert_eq!(sizes, [2, 2, 1]);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn batches(&self, size: usize, random: &mut Random) -> impl Iterator<Item = Dataset<F>> {
        let size = size.max(1);
        let order = random.permutation(self.len());
        (0..self.len()).step_by(size).map(move |start| {
            let rows: Vec<usize> = order.iter().skip(start).take(size).copied().collect();
            self.known(&rows)
        })
    }

    /// The examples `rows`, all of which there are.
    fn known(&self, rows: &[usize]) -> Self {
        Dataset { features: self.features.select(Axis(0), rows), targets: self.targets.select(rows) }
    }
}
