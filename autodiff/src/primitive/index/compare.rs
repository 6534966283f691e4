//! Comparisons of indices.

use super::operand::IndexOrNumber;
use crate::base::attributes::Attributes;
use crate::base::error::{Refusal, Result};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{self, IndexComparison};
use crate::primitive::{Call, Entry, Kernel, Primitive, Sample, SampleOperand, Signature};
use crate::tape::var::{Index, Var};
use std::sync::Arc;

/// y = 1 where a comparison of indices holds, else 0
#[derive(Debug)]
pub struct IndexCompare {
    comparison: IndexComparison,
}

/// The comparisons and their words.
const COMPARISONS: [(&str, IndexComparison); 3] =
    [("equal", IndexComparison::Equal), ("less", IndexComparison::Less), ("less_equal", IndexComparison::LessEqual)];

impl IndexCompare {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(IndexCompare { comparison: attributes.one_of("comparison", &COMPARISONS)? })
    }
}

impl<F: Real> Primitive<F> for IndexCompare {
    fn name(&self) -> &'static str {
        "index_compare"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with_one_of("comparison", &COMPARISONS, &self.comparison)
    }

    fn signature(&self) -> Signature {
        Signature::INDICES
    }

    fn formula(&self) -> &'static str {
        "y = 1 if the comparison of a with b holds, else 0"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::index_compare(self.comparison, call.index(0)?, call.index(1)?, call.y(0)?)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    let example = Arc::new(IndexCompare { comparison: IndexComparison::Equal });
    Entry::new(example, |a| Ok(Arc::new(IndexCompare::parse(a)?).into())).sampled(|generator| {
        let comparison = match generator.integer(0, 2) {
            0 => IndexComparison::Equal,
            1 => IndexComparison::Less,
            _ => IndexComparison::LessEqual,
        };
        let shape = generator.shape(0, 3);
        let operand = || SampleOperand::Index(shape.clone(), 4);
        Sample::new(Arc::new(IndexCompare { comparison }), vec![operand(), operand()])
    })
}

impl<'t, F: Real> Index<'t, F> {
    #[track_caller]
    fn compare(self, comparison: IndexComparison, other: Self) -> Var<'t, F> {
        let mask = self.broadcasting(Arc::new(IndexCompare { comparison }), other, Kind::Real);
        mask.var()
    }

    /// 1 where `self` = `other`, 0 elsewhere. Takes indices or a number; broadcasts as NumPy does. The mean of it is the
    /// accuracy of predicted labels.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (predicted, labels) = (tape.index(ndarray::array![2, 0, 1]), tape.index(ndarray::array![2, 1, 1]));
    /// assert_eq!(predicted.eq(labels).value()?, ndarray::array![1.0, 0.0, 1.0].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn eq(self, other: impl IndexOrNumber<'t, F>) -> Var<'t, F> {
        self.compare(IndexComparison::Equal, other.on(self.tape()))
    }

    /// 1 where `self` < `other`, 0 elsewhere: as [`eq`](Self::eq).
    #[track_caller]
    pub fn lt(self, other: impl IndexOrNumber<'t, F>) -> Var<'t, F> {
        self.compare(IndexComparison::Less, other.on(self.tape()))
    }

    /// 1 where `self` ≤ `other`, 0 elsewhere: as [`eq`](Self::eq).
    #[track_caller]
    pub fn le(self, other: impl IndexOrNumber<'t, F>) -> Var<'t, F> {
        self.compare(IndexComparison::LessEqual, other.on(self.tape()))
    }

    /// 1 where `self` > `other`, 0 elsewhere: `other < self`.
    #[track_caller]
    pub fn gt(self, other: impl IndexOrNumber<'t, F>) -> Var<'t, F> {
        other.on(self.tape()).compare(IndexComparison::Less, self)
    }

    /// 1 where `self` ≥ `other`, 0 elsewhere: `other ≤ self`.
    #[track_caller]
    pub fn ge(self, other: impl IndexOrNumber<'t, F>) -> Var<'t, F> {
        other.on(self.tape()).compare(IndexComparison::LessEqual, self)
    }
}
