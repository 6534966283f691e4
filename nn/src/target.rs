//! What an example should give: a label, or numbers.

use autodiff::{Index, Real, Tape, Var};
use ndarray::{Array1, ArrayD, Axis};

/// What each example of a data set should give.
#[derive(Clone, PartialEq, Debug)]
pub enum Targets<F: Real> {
    /// The number of its class.
    Labels(Array1<usize>),
    /// Numbers; the first axis runs over examples.
    Values(ArrayD<F>),
}

impl<F: Real> Targets<F> {
    /// The number of examples.
    pub fn len(&self) -> usize {
        match self {
            Targets::Labels(labels) => labels.len(),
            Targets::Values(values) => values.shape().first().copied().unwrap_or(0),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The targets of the examples `rows`, all of which there are.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        match self {
            Targets::Labels(labels) => Targets::Labels(labels.select(Axis(0), rows)),
            Targets::Values(values) => Targets::Values(values.select(Axis(0), rows)),
        }
    }

    /// The targets as an input of `tape`.
    ///
    /// ```
    /// let tape = autodiff::Tape::<f64>::new();
    /// let targets = nn::Targets::<f64>::Labels(ndarray::array![2, 0]);
    /// assert!(matches!(targets.on(&tape), nn::Target::Labels(_)));
    /// ```
    #[track_caller]
    pub fn on<'t>(&self, tape: &'t Tape<F>) -> Target<'t, F> {
        match self {
            Targets::Labels(labels) => Target::Labels(tape.index(labels.clone()).named("labels")),
            Targets::Values(values) => Target::Values(tape.data(values).named("targets")),
        }
    }
}

/// [`Targets`] on a tape. Losses take one; labels and arrays become one by themselves.
#[derive(Clone, Copy, Debug)]
pub enum Target<'t, F: Real> {
    /// The number of each example's class.
    Labels(Index<'t, F>),
    /// Numbers: measurements, probabilities, one-hot rows.
    Values(Var<'t, F>),
}

impl<'t, F: Real> From<Index<'t, F>> for Target<'t, F> {
    fn from(labels: Index<'t, F>) -> Self {
        Target::Labels(labels)
    }
}

impl<'t, F: Real> From<Var<'t, F>> for Target<'t, F> {
    fn from(values: Var<'t, F>) -> Self {
        Target::Values(values)
    }
}
