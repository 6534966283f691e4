//! The embedding of indices.

use crate::context::Context;
use crate::init::Init;
use crate::module::{Module, Param, Stored};
use crate::random::Random;
use autodiff::{Index, Real, Var};

/// A row of a table for each index: words, users, categories as vectors that are learnt.
///
/// | array | shape |
/// |---|---|
/// | i | \[…\] of indices |
/// | `table` | \[count, width\] |
/// | y | \[…, width\] |
///
/// It takes indices, so it is a [`Module`] and no [`Layer`](crate::Layer).
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Embedding};
///
/// let embedding = Embedding::from_array(ndarray::array![[1.0, 2.0], [3.0, 4.0]]);
/// let tape = Tape::<f64>::new();
/// let words = tape.index(ndarray::array![1, 1, 0]);
/// let y = embedding.forward(words, &Context::evaluation(&tape, &embedding));
/// assert_eq!(y.value()?, ndarray::array![[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Bengio, Ducharme, Vincent & Jauvin, "A Neural Probabilistic Language Model" (2003), §2, the matrix C.
#[derive(Clone, PartialEq, Debug)]
pub struct Embedding<F: Real> {
    table: Param<F>,
}

impl<F: Real> Embedding<F> {
    /// A table of `count` rows of `width` numbers, drawn by `init` for a layer from `width` to `width`.
    pub fn new(count: usize, width: usize, init: Init, random: &mut Random) -> Self {
        Embedding { table: Param::from_result(init.draw([count, width], width, width, random)) }
    }

    /// A given table \[count, width\].
    pub fn from_array(table: ndarray::Array2<F>) -> Self {
        Embedding { table: Param::new(table) }
    }

    /// The table, \[count, width\].
    pub fn table(&self) -> &Param<F> {
        &self.table
    }

    /// Records the rows that `indices` names. An index out of range is refused.
    #[track_caller]
    pub fn forward<'t>(&self, indices: Index<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        cx.scoped(self, || cx.param(&self.table).gather(indices))
    }
}

impl<F: Real> Module<F> for Embedding<F> {
    crate::visit!(F; table);

    fn pytorch(&self) -> Vec<Stored> {
        vec![Stored::new("table", "weight")]
    }

    fn describe(&self) -> String {
        let length = |axis| self.table.array().shape().get(axis).copied().unwrap_or(0);
        format!("embedding of {} in {}", length(0), length(1))
    }
}
