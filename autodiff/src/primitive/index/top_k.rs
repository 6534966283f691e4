//! The largest elements along an axis.

use super::sort::{along, back, forth};
use crate::base::attributes::Attributes;
use crate::base::axis::Axis;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::kind::Type;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Tangents, Types,
};
use crate::tape::var::{Index, Var};
use smallvec::smallvec;
use std::sync::Arc;

/// y₀ = the k largest elements of x along its last axis, y₁ = their positions
#[derive(Debug)]
pub struct TopK {
    k: usize,
}

impl TopK {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(TopK { k: attributes.length("k")? })
    }
}

impl<F: Real> Primitive<F> for TopK {
    fn name(&self) -> &'static str {
        "top_k"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("k", self.k.into())
    }

    fn formula(&self) -> &'static str {
        "y₀ₙ = xⱼ at j = y₁ₙ, the k largest along the last axis, descending"
    }

    fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        match x.shape.split_last() {
            None => Err(Mismatch::new("x is a number and has no axis to choose along")),
            Some((length, _)) if self.k > *length => Err(Mismatch::new(format!(
                "the axis has {length} elements, fewer than the {} largest that are asked for",
                self.k
            ))),
            Some((_, others)) => {
                let shape: Shape = others.iter().copied().chain([self.k]).collect();
                Ok(smallvec![Type::real(shape.clone()), Type::index(shape)])
            }
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::top_k(call.x(0)?, self.k, call.y(0)?, call.index_result(1)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        back(at)
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        forth(at, dx)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(TopK { k: 2 }), |a| Ok(Arc::new(TopK::parse(a)?).into())).sampled(|generator| {
        let x = generator.shape(1, 3);
        let k = generator.integer(1, x.last().copied().unwrap_or(1));
        Sample::new(Arc::new(TopK { k }), vec![SampleOperand::Real(x, Domain::REALS)])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// The k largest elements along `axis`, largest first, and their positions: x \[…, n, …\] gives two arrays \[…, k, …\].
    /// With k = n it sorts, largest first. A k above n is refused.
    ///
    /// Of elements that are equal the first come first, −0 equals +0, and NaN is the largest, as in PyTorch's `topk` (NumPy
    /// has none). The derivative of the elements is that of [`sort`](Self::sort): each cotangent goes to where its element
    /// was, and elements that were not chosen have slope 0. No derivative flows through the positions.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[2.0, 5.0, 1.0, 5.0], [4.0, 3.0, 2.0, 1.0]]);
    /// let (values, positions) = x.top_k(2, 1);
    /// assert_eq!(values.value()?, ndarray::array![[5.0, 5.0], [4.0, 3.0]].into_dyn());
    /// assert_eq!(positions.value()?, ndarray::array![[1, 3], [0, 1]].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn top_k(self, k: usize, axis: impl Into<Axis>) -> (Self, Index<'t, F>) {
        along(self, axis, Arc::new(TopK { k }))
    }
}
