//! Data sets divided into parts.

use super::{Column, Dataset};
use crate::error::mismatch;
use crate::random::Random;
use autodiff::{Real, Result};
use std::cmp::Ordering;

impl<F: Real> Dataset<F> {
    /// Divides the examples at random into parts, each with its fraction of the examples, rounded up or down.
    ///
    /// ```
    /// # use nn::Dataset;
    /// let data = Dataset::<f64>::valued(ndarray::Array2::zeros((10, 1)), ndarray::Array2::zeros((10, 1)))?;
    /// let [train, dev, test] = data.partition([0.6, 0.2, 0.2], 7)?;
    /// assert_eq!((train.len(), dev.len(), test.len()), (6, 2, 2));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if the fractions are not positive or do not add up to 1,
    /// or a part is left without examples.
    ///
    /// Source: Matt R, *Neural Networks* (March 2022), §4, which advises 0.6, 0.2 and 0.2 for up to 10,000 examples,
    /// and 0.98, 0.01 and 0.01 for more.
    #[track_caller]
    pub fn partition<const N: usize>(&self, fractions: [f64; N], seed: u64) -> Result<[Self; N]> {
        self.divided(fractions, &Random::new(seed).permutation(self.len()), None)
    }

    /// As [`partition`](Self::partition), with the proportion of each class as in the whole, up to an example or two.
    ///
    /// # Errors
    /// As [`partition`](Self::partition), and as [`labels`](Self::labels).
    #[track_caller]
    pub fn stratified<const N: usize>(&self, fractions: [f64; N], seed: u64) -> Result<[Self; N]> {
        let classes = self.classes()?;
        self.divided(fractions, &Random::new(seed).permutation(self.len()), Some(&classes))
    }

    /// The folds of k-fold cross-validation: `k` pairs of a training part and the part that it leaves out, such that
    /// each example is left out once.
    ///
    /// ```
    /// # use nn::Dataset;
    /// let data = Dataset::<f64>::valued(ndarray::Array2::zeros((10, 1)), ndarray::Array2::zeros((10, 1)))?;
    /// let sizes: Vec<(usize, usize)> = data.folds(3, 7)?.map(|(train, dev)| (train.len(), dev.len())).collect();
    /// assert_eq!(sizes, [(6, 4), (7, 3), (7, 3)]);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if `k` is less than 2, or more than there are examples.
    #[track_caller]
    pub fn folds<'a>(&'a self, k: usize, seed: u64) -> Result<impl Iterator<Item = (Self, Self)> + use<'a, F>> {
        self.left_out(k, Random::new(seed).permutation(self.len()), None)
    }

    /// As [`folds`](Self::folds), with the proportion of each class as in the whole, up to an example.
    ///
    /// # Errors
    /// As [`folds`](Self::folds), and as [`labels`](Self::labels).
    #[track_caller]
    pub fn stratified_folds<'a>(
        &'a self,
        k: usize,
        seed: u64,
    ) -> Result<impl Iterator<Item = (Self, Self)> + use<'a, F>> {
        let classes = self.classes()?;
        self.left_out(k, Random::new(seed).permutation(self.len()), Some(&classes))
    }

    /// The class of each example, where each has one.
    #[track_caller]
    fn classes(&self) -> Result<Vec<usize>> {
        let labels = self.labels()?;
        match labels.ndim() {
            1 => Ok(labels.iter().copied().collect()),
            _ => Err(mismatch(
                "stratified",
                format!("the labels have shape {:?}; an example has one class", labels.shape()),
            )),
        }
    }

    #[track_caller]
    fn divided<const N: usize>(
        &self,
        fractions: [f64; N],
        order: &[usize],
        classes: Option<&[usize]>,
    ) -> Result<[Self; N]> {
        let total: f64 = fractions.iter().sum();
        if fractions.iter().any(|fraction| *fraction <= 0.0) || (total - 1.0).abs() > 1e-6 || total.is_nan() {
            let error = mismatch("partition", format!("the fractions are {fractions:?}"));
            return Err(error.with_help("they should be positive and add up to 1, as [0.6, 0.2, 0.2]"));
        }
        let part = dealt(&fractions, order, classes);
        let rows =
            |i: usize| -> Vec<usize> { order.iter().copied().filter(|row| part.get(*row) == Some(&i)).collect() };
        let parts: [Vec<usize>; N] = std::array::from_fn(rows);
        if parts.iter().any(Vec::is_empty) {
            let message = format!("{} examples divided by {fractions:?} leave a part without examples", order.len());
            return Err(mismatch("partition", message));
        }
        Ok(parts.map(|rows| self.chosen(&rows)))
    }

    #[track_caller]
    fn left_out<'a>(
        &'a self,
        k: usize,
        order: Vec<usize>,
        classes: Option<&[usize]>,
    ) -> Result<impl Iterator<Item = (Self, Self)> + use<'a, F>> {
        if k < 2 || k > order.len() {
            let message = format!("{} examples cannot be left out in {k} parts", order.len());
            return Err(mismatch("folds", message).with_help("there are 2 parts or more, each of 1 example or more"));
        }
        let part = dealt(&vec![1.0 / k as f64; k], &order, classes);
        Ok((0..k).map(move |i| {
            let (out, rest): (Vec<usize>, Vec<usize>) = order.iter().partition(|row| part.get(**row) == Some(&i));
            (self.chosen(&rest), self.chosen(&out))
        }))
    }

    /// With another column in place of the column `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if there is no such column, or the new one has another
    /// number of examples.
    #[track_caller]
    pub fn replaced(&self, name: &str, column: Column<F>) -> Result<Self> {
        self.column(name)?;
        if column.examples() != self.len() {
            let message =
                format!("the column `{name}` has {} examples, its replacement {}", self.len(), column.examples());
            return Err(mismatch("replaced", message));
        }
        Ok(self.with_replaced(name, column))
    }
}

/// The part of each example. They are dealt out in the order that is given, or class by class in that order, such that
/// no part ever has one more or one less than its fraction f of what was dealt out: its next example, after c of them,
/// comes from step ⌊c/f⌋ on and by step ⌈(c + 1)/f⌉, and of the parts that may have one, that with the earliest end
/// gets it.
///
/// Source: Baruah, Cohen, Plaxton & Varvel, "Proportionate Progress: A Notion of Fairness in Resource Allocation"
/// (1996).
fn dealt(fractions: &[f64], order: &[usize], classes: Option<&[usize]>) -> Vec<usize> {
    let mut order = order.to_vec();
    if let Some(classes) = classes {
        order.sort_by_key(|row| classes.get(*row));
    }
    let mut part = vec![0; order.len()];
    let mut counts = vec![0.0; fractions.len()];
    for (i, row) in order.iter().enumerate() {
        let windows = fractions.iter().zip(&counts).enumerate().map(|(j, (fraction, count)): (_, (_, &f64))| {
            // Rounding does not move what falls on a whole step.
            let (start, end) = ((count / fraction + 1e-9).floor(), ((count + 1.0) / fraction - 1e-9).ceil());
            (start > i as f64, end, j)
        });
        // The first of several ends that are equal.
        let next = windows.min_by(|a, b| (a.0, a.1).partial_cmp(&(b.0, b.1)).unwrap_or(Ordering::Equal));
        let next = next.map_or(0, |(.., j)| j);
        if let (Some(part), Some(count)) = (part.get_mut(*row), counts.get_mut(next)) {
            (*part, *count) = (next, *count + 1.0);
        }
    }
    part
}
