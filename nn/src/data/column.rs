//! One array of a data set.

use crate::error::{error, mismatch};
use autodiff::{Arg, ErrorKind, IntoArray, Real, Result, Shape, Tape};
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

    /// One-hot rows in place of labels: \[examples, …\] becomes \[examples, …, classes\], with 1 at the class and 0
    /// elsewhere.
    ///
    /// ```
    /// use nn::Column;
    /// assert_eq!(Column::<f64>::index([1, 0]).one_hot(2)?, Column::real([[0.0, 1.0], [1.0, 0.0]]));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] for a label that is none of the classes, with its row; [`ErrorKind::Mismatch`] if the
    /// column holds numbers.
    #[track_caller]
    pub fn one_hot(&self, classes: usize) -> Result<Self> {
        let Column::Index(labels) = self else {
            return Err(mismatch("one_hot", "the column holds numbers; labels are made of them by `Column::labels`"));
        };
        if let Some((position, label)) = labels.iter().enumerate().find(|(_, label)| **label >= classes) {
            let row = super::row(labels.shape(), position);
            let message =
                format!("the label in row {row} (counted from 0) is {label}; there are {classes} classes, from 0");
            return Err(error(ErrorKind::Refused, "one_hot", message));
        }
        let place = |class: usize, label: usize| if class == label { F::one() } else { F::zero() };
        let rows: Vec<F> =
            labels.iter().flat_map(|label| (0..classes).map(move |class| place(class, *label))).collect();
        let shape: Vec<usize> = labels.shape().iter().copied().chain([classes]).collect();
        match ArrayD::from_shape_vec(shape, rows) {
            Ok(rows) => Ok(Column::Real(rows)),
            Err(why) => Err(mismatch("one_hot", why.to_string())),
        }
    }

    /// `real [4, 2]`.
    pub(super) fn describe(&self) -> String {
        let kind = if matches!(self, Column::Real(_)) { "real" } else { "index" };
        format!("{kind} {}", Shape::from(self.shape()))
    }

    /// The examples `rows`, all of which there are.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        match self {
            Column::Real(array) => Column::Real(chosen(array, rows)),
            Column::Index(array) => Column::Index(chosen(array, rows)),
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

/// These rows, copied as slices where the array lies in one piece: `select` of `ndarray` takes some 200 ns a row.
fn chosen<T: Copy>(array: &ArrayD<T>, rows: &[usize]) -> ArrayD<T> {
    let (Some(numbers), [_, rest @ ..]) = (array.as_slice(), array.shape()) else {
        return array.select(Axis(0), rows);
    };
    let length: usize = rest.iter().product();
    let mut chosen = Vec::with_capacity(rows.len() * length);
    rows.iter().filter_map(|row| numbers.get(row * length..(row + 1) * length)).for_each(|row| chosen.extend(row));
    ArrayD::from_shape_vec([&[rows.len()], rest].concat(), chosen).unwrap_or_else(|_| array.select(Axis(0), rows))
}
