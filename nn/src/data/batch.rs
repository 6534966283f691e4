//! What a step reads: named columns, as arrays and on a tape.

use super::column::Column;
use crate::error::mismatch;
use crate::loss::Target;
use autodiff::{Arg, Error, Index, Real, Result, Tape, Var};

/// The examples of one step: columns with names, which are inputs of the recorded step. A [`Dataset`](crate::Dataset)
/// is one; others, whose columns need not have one length, are a few lines.
///
/// ```
/// use nn::{Batch, Column};
///
/// /// Points inside a domain, and points on its boundary.
/// struct Points {
///     inside: Column<f64>,
///     boundary: Column<f64>,
/// }
///
/// impl Batch<f64> for Points {
///     fn examples(&self) -> usize {
///         self.inside.examples()
///     }
///     fn columns<'a>(&'a self, list: &mut dyn FnMut(&'a str, &'a Column<f64>)) {
///         list("inside", &self.inside);
///         list("boundary", &self.boundary);
///     }
/// }
/// ```
pub trait Batch<F: Real> {
    /// The number of examples: how much the batch counts where means over batches are averaged.
    fn examples(&self) -> usize;

    /// Hands the columns to `list`, always in the same order, each under a name of its own.
    fn columns<'a>(&'a self, list: &mut dyn FnMut(&'a str, &'a Column<F>));
}

/// The first number of a batch that is not finite: column, row, number.
pub(crate) fn first_non_finite<F: Real>(batch: &dyn Batch<F>) -> Option<(&str, usize, F)> {
    let mut found = None;
    batch.columns(&mut |name, column| {
        if let (None, Column::Real(array)) = (found, column)
            && let Some(position) = array.iter().position(|number| !number.is_finite())
        {
            let number = array.iter().nth(position).copied().unwrap_or(F::nan());
            found = Some((name, row(array.shape(), position), number));
        }
    });
    found
}

/// The row of an array of this shape in which the element at `position` stands.
pub(crate) fn row(shape: &[usize], position: usize) -> usize {
    position / shape.iter().skip(1).product::<usize>().max(1)
}

/// The columns of a batch on a tape.
///
/// ```
/// use nn::{Columns, Dataset};
/// let data = Dataset::labelled(ndarray::array![[0.5], [1.5]], vec![1, 0])?;
/// let tape = autodiff::Tape::<f64>::new();
/// let batch = Columns::on(&tape, &data);
/// assert_eq!(batch.real("x")?.shape()?, [2, 1].into());
/// assert_eq!(batch.index("targets")?.shape()?, [2].into());
/// assert!(batch.real("targets").is_err());
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Columns<'t, F: Real> {
    columns: Vec<(String, Arg<'t, F>, String)>,
    examples: usize,
}

impl<'t, F: Real> Columns<'t, F> {
    /// The columns of `batch` as inputs of `tape`, in order, with their names.
    #[track_caller]
    pub fn on(tape: &'t Tape<F>, batch: &(impl Batch<F> + ?Sized)) -> Self {
        let mut listed = Vec::new();
        batch.columns(&mut |name, column| listed.push((name, column)));
        let mut columns = Vec::with_capacity(listed.len());
        // A loop and not a map: the caller's line does not reach into closures.
        for (name, column) in listed {
            columns.push((name.to_owned(), column.on(name, tape), column.describe()));
        }
        Columns { columns, examples: batch.examples() }
    }

    /// The number of examples.
    pub fn examples(&self) -> usize {
        self.examples
    }

    /// The column `name` of reals.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if there is no such column; the error lists those there
    /// are.
    #[track_caller]
    pub fn real(&self, name: &str) -> Result<Var<'t, F>> {
        match self.get(name)? {
            Arg::Real(x) => Ok(x),
            _ => Err(self.missing(name, "of reals")),
        }
    }

    /// The column `name` of indices.
    ///
    /// # Errors
    /// As [`real`](Self::real).
    #[track_caller]
    pub fn index(&self, name: &str) -> Result<Index<'t, F>> {
        match self.get(name)? {
            Arg::Index(x) => Ok(x),
            _ => Err(self.missing(name, "of indices")),
        }
    }

    /// The column `name` as what a loss function compares an output with.
    ///
    /// # Errors
    /// As [`real`](Self::real).
    #[track_caller]
    pub fn target(&self, name: &str) -> Result<Target<'t, F>> {
        match self.get(name)? {
            Arg::Real(values) => Ok(Target::Values(values)),
            Arg::Index(labels) => Ok(Target::Labels(labels)),
            Arg::Key(_) => Err(self.missing(name, "of reals or indices")),
        }
    }

    /// The column `name`.
    ///
    /// # Errors
    /// As [`real`](Self::real).
    #[track_caller]
    fn get(&self, name: &str) -> Result<Arg<'t, F>> {
        match self.columns.iter().find(|(known, ..)| known == name) {
            Some((_, column, _)) => Ok(*column),
            None => Err(self.missing(name, "")),
        }
    }

    #[cold]
    #[track_caller]
    fn missing(&self, name: &str, kind: &str) -> Error {
        let kind = if kind.is_empty() { String::new() } else { format!(" {kind}") };
        let error = mismatch("batch", format!("there is no column `{name}`{kind}"));
        self.columns.iter().fold(error, |error, (name, _, what)| error.with_operand(format!("{name} : {what}")))
    }
}
