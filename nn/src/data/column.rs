//! One array of a data set.

use autodiff::{Arg, IntoArray, Real, Shape, Tape};
use ndarray::{ArrayD, Axis};

/// An array whose first axis runs over examples: reals (features, measurements) or indices (labels, tokens).
///
/// ```
/// use nn::Column;
/// let labels = Column::<f64>::index([2, 0]);
/// assert_eq!(labels.examples(), 2);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub enum Column<F: Real> {
    /// Numbers.
    Real(ArrayD<F>),
    /// Indices, from 0.
    Index(ArrayD<usize>),
}

impl<F: Real> Column<F> {
    /// A column of numbers: an ndarray array, a `Vec` or a fixed array.
    pub fn real(array: impl IntoArray<F>) -> Self {
        Column::Real(array.into_array())
    }

    /// A column of indices: an ndarray array, a `Vec` or a fixed array.
    pub fn index(array: impl IntoArray<usize>) -> Self {
        Column::Index(array.into_array())
    }

    /// The lengths of its axes.
    pub fn shape(&self) -> &[usize] {
        match self {
            Column::Real(array) => array.shape(),
            Column::Index(array) => array.shape(),
        }
    }

    /// The number of examples: the length of the first axis, 0 for a single number.
    pub fn examples(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }

    /// `real [4, 2]`.
    pub(super) fn describe(&self) -> String {
        let kind = if matches!(self, Column::Real(_)) { "real" } else { "index" };
        format!("{kind} {}", Shape::from(self.shape()))
    }

    /// The examples `rows`, all of which there are.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        match self {
            Column::Real(array) => Column::Real(array.select(Axis(0), rows)),
            Column::Index(array) => Column::Index(array.select(Axis(0), rows)),
        }
    }

    /// The column as an input of `tape`.
    #[track_caller]
    pub(super) fn on<'t>(&self, name: &str, tape: &'t Tape<F>) -> Arg<'t, F> {
        match self {
            Column::Real(array) => tape.data(array).named(name).into(),
            Column::Index(array) => tape.index(array.clone()).named(name).into(),
        }
    }
}
