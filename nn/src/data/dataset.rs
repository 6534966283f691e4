//! Data sets: examples, split, shuffled, in batches.

use super::batch::Batch;
use super::column::Column;
use crate::error::{error, mismatch};
use crate::random::Random;
use autodiff::{Error, ErrorKind, IntoArray, Real, Result, Shape};
use ndarray::ArrayD;

/// The column that holds the features of a data set with targets.
pub(crate) const FEATURES: &str = "x";

/// The column that holds its targets.
pub(crate) const TARGETS: &str = "targets";

/// Examples: columns with names, whose first axes run over the same examples.
///
/// Most data sets have features and a target for each example ([`labelled`](Self::labelled),
/// [`valued`](Self::valued)), which are the columns `x` and `targets`; others are put together column by column.
/// [`Csv`](crate::Csv), [`idx`](crate::idx) and [`npy`](crate::npy) read files.
///
/// ```
/// use nn::Dataset;
/// let data = Dataset::<f64>::labelled([[0.1], [0.2], [0.3], [0.4], [0.5]], [0, 0, 1, 1, 1])?;
/// let (train, test) = data.split(0.8, 7)?;
/// assert_eq!((train.len(), test.len()), (4, 1));
///
/// let data = Dataset::<f64>::new().index("words", [[4, 1, 2], [3, 3, 0]])?.real("score", [0.5, -1.0])?;
/// assert_eq!(data.len(), 2);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Dataset<F: Real> {
    columns: Vec<(String, Column<F>)>,
}

impl<F: Real> Dataset<F> {
    /// A data set without columns, to which columns are added.
    pub fn new() -> Self {
        Dataset { columns: Vec::new() }
    }

    /// With a column of reals.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    #[track_caller]
    pub fn real(self, name: impl Into<String>, array: impl IntoArray<F>) -> Result<Self> {
        self.with(name, Column::real(array))
    }

    /// With a column of indices.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    #[track_caller]
    pub fn index(self, name: impl Into<String>, array: impl IntoArray<usize>) -> Result<Self> {
        self.with(name, Column::index(array))
    }

    /// With a column.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if it has another number of examples than the columns before, or a name that one of them
    /// has.
    #[track_caller]
    pub fn with(mut self, name: impl Into<String>, column: Column<F>) -> Result<Self> {
        let name = name.into();
        if column.shape().is_empty() {
            let message = format!("the column `{name}` is a single number; its first axis should run over examples");
            return Err(mismatch("Dataset", message));
        }
        if let Some((first, other)) = self.columns.first()
            && other.examples() != column.examples()
        {
            let (a, b) = (other.describe(), column.describe());
            let message = format!("`{first}` is {a} and `{name}` is {b}: the first axis runs over examples");
            return Err(mismatch("Dataset", message));
        }
        if self.columns.iter().any(|(known, _)| *known == name) {
            return Err(mismatch("Dataset", format!("there are two columns `{name}`")));
        }
        self.columns.push((name, column));
        Ok(self)
    }

    /// A data set whose targets are labels: the numbers of classes, counted from 0. With labels that are counted from
    /// 1, a model with one output for each class refuses the largest label; with one output more they fit, and class 0
    /// never occurs.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    #[track_caller]
    pub fn labelled(features: impl IntoArray<F>, labels: impl IntoArray<usize>) -> Result<Self> {
        Dataset::new().real(FEATURES, features)?.index(TARGETS, labels)
    }

    /// A data set whose targets are numbers.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    #[track_caller]
    pub fn valued(features: impl IntoArray<F>, values: impl IntoArray<F>) -> Result<Self> {
        Dataset::new().real(FEATURES, features)?.real(TARGETS, values)
    }

    /// The same data set, with `change` applied to the column `name` of numbers.
    ///
    /// ```
    /// use ndarray::Axis;
    /// let train = nn::Dataset::<f64>::labelled([[1.0], [3.0]], [0, 1])?;
    /// let test = nn::Dataset::<f64>::labelled([[5.0]], [1])?;
    /// // The mean is that of the training part.
    /// let mu = train.features()?.mean_axis(Axis(0)).unwrap();
    /// assert_eq!(test.map("x", |x| x - &mu)?.features()?, &ndarray::array![[3.0]].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there is no such column, it holds indices, or the number of examples changes.
    #[track_caller]
    pub fn map(&self, name: &str, change: impl FnOnce(&ArrayD<F>) -> ArrayD<F>) -> Result<Self> {
        let before = match self.column(name)? {
            Column::Real(array) => array,
            Column::Index(_) => return Err(mismatch("map", format!("the column `{name}` holds indices"))),
        };
        let column = Column::real(change(before));
        if column.shape().is_empty() || column.examples() != self.len() {
            let shape = Shape::from(column.shape());
            let message = format!("the column `{name}` would be {shape}, with {} examples in the others", self.len());
            return Err(mismatch("map", message));
        }
        let kept = |(known, old): &(String, Column<F>)| {
            (known.clone(), if known == name { column.clone() } else { old.clone() })
        };
        Ok(Dataset { columns: self.columns.iter().map(kept).collect() })
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.examples())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there is no such column; the error lists those there are.
    #[track_caller]
    pub fn column(&self, name: &str) -> Result<&Column<F>> {
        if let Some((_, column)) = self.columns.iter().find(|(known, _)| known == name) {
            return Ok(column);
        }
        let error = mismatch("Dataset", format!("there is no column `{name}`"));
        let listed = self.columns.iter().map(|(name, column)| format!("{name} : {}", column.describe()));
        Err(listed.fold(error, Error::with_operand))
    }

    /// The features, \[examples, …\]: the column `x`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there is no such column, or it holds indices.
    #[track_caller]
    pub fn features(&self) -> Result<&ArrayD<F>> {
        match self.column(FEATURES)? {
            Column::Real(array) => Ok(array),
            Column::Index(_) => Err(mismatch("features", "the column `x` holds indices")),
        }
    }

    /// The column `targets`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there is no such column.
    #[track_caller]
    pub fn targets(&self) -> Result<&Column<F>> {
        self.column(TARGETS)
    }

    /// The labels: the column `targets`, if it holds indices.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there is no such column, or it holds numbers.
    #[track_caller]
    pub fn labels(&self) -> Result<&ArrayD<usize>> {
        match self.targets()? {
            Column::Index(labels) => Ok(labels),
            Column::Real(_) => Err(mismatch("labels", "the column `targets` holds numbers")),
        }
    }

    /// The examples `rows`, in that order.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] if there is no such row.
    #[track_caller]
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        match rows.iter().find(|row| **row >= self.len()) {
            None => Ok(self.chosen(rows)),
            Some(row) => {
                let message = format!("there is no row {row}: there are {} examples, from 0", self.len());
                Err(error(ErrorKind::Refused, "select", message))
            }
        }
    }

    /// The examples in an order drawn from `random`.
    pub fn shuffled(&self, random: &mut Random) -> Self {
        self.chosen(&random.permutation(self.len()))
    }

    /// Two parts, drawn at random: `fraction` of the examples, rounded, and the others.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the fraction is not between 0 and 1, or leaves a part without examples.
    #[track_caller]
    pub fn split(&self, fraction: f64, seed: u64) -> Result<(Self, Self)> {
        let n = self.len();
        if !(0.0..=1.0).contains(&fraction) {
            let error = mismatch("split", format!("the fraction is {fraction}; it should be between 0 and 1"));
            return Err(error.with_help("`split(0.8, seed)` gives four fifths and one fifth"));
        }
        let size = ((n as f64 * fraction).round() as usize).min(n);
        if size == 0 || size == n {
            let message = format!("a split of {n} examples at {fraction} leaves a part without examples");
            return Err(mismatch("split", message).with_help("`split(0.8, seed)` gives four fifths and one fifth"));
        }
        let order = Random::new(seed).permutation(n);
        let (first, second) = order.split_at(size);
        Ok((self.chosen(first), self.chosen(second)))
    }

    /// The examples in batches of `size`, in an order drawn from `random`; the last batch has what is left.
    ///
    /// ```
    /// # use nn::{Dataset, Random};
    /// let data = Dataset::<f64>::valued(ndarray::Array2::zeros((5, 1)), ndarray::Array2::zeros((5, 1)))?;
    /// let sizes: Vec<usize> = data.batches(2, &mut Random::new(0))?.map(|batch| batch.len()).collect();
    /// assert_eq!(sizes, [2, 2, 1]);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] for a size of 0.
    #[track_caller]
    pub fn batches<'a>(
        &'a self,
        size: usize,
        random: &mut Random,
    ) -> Result<impl Iterator<Item = Dataset<F>> + use<'a, F>> {
        if size == 0 {
            return Err(mismatch("batches", "a batch has at least 1 example; the size is 0"));
        }
        let order = random.permutation(self.len());
        Ok((0..self.len()).step_by(size).map(move |start| {
            let rows: Vec<usize> = order.iter().skip(start).take(size).copied().collect();
            self.chosen(&rows)
        }))
    }

    /// The examples `rows`, all of which there are.
    pub(crate) fn chosen(&self, rows: &[usize]) -> Self {
        Dataset { columns: self.columns.iter().map(|(name, column)| (name.clone(), column.select(rows))).collect() }
    }

    /// With `column` in place of the column `name`, of which it has the number of examples.
    pub(super) fn with_replaced(&self, name: &str, column: Column<F>) -> Self {
        let mut column = Some(column);
        let mut chosen = |known: &String, old: &Column<F>| match column.take_if(|_| known == name) {
            Some(new) => new,
            None => old.clone(),
        };
        Dataset { columns: self.columns.iter().map(|(known, old)| (known.clone(), chosen(known, old))).collect() }
    }

    /// The columns of indices, each with the least and the largest.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        self.columns.iter().filter_map(|(name, column)| {
            let Column::Index(array) = column else { return None };
            Some((name.as_str(), array.iter().copied().min()?, array.iter().copied().max()?))
        })
    }
}

impl<F: Real> Batch<F> for Dataset<F> {
    fn examples(&self) -> usize {
        self.len()
    }

    fn columns<'a>(&'a self, list: &mut dyn FnMut(&'a str, &'a Column<F>)) {
        self.columns.iter().for_each(|(name, column)| list(name, column));
    }
}
