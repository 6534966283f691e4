//! Elements by their positions on an axis.

use crate::base::attributes::Attributes;
use crate::base::axis::{Axis, no_axis};
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Derivative, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature,
    Tangents,
};
use crate::tape::var::{Index, Var};
use smallvec::smallvec;
use std::sync::Arc;

/// y = the elements of x at the positions i on an axis
#[derive(Debug)]
pub struct TakeAlong {
    axis: usize,
}

impl TakeAlong {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(TakeAlong { axis: attributes.length("axis")? })
    }
}

impl<F: Real> Primitive<F> for TakeAlong {
    fn name(&self) -> &'static str {
        "take_along"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", self.axis.into())
    }

    fn signature(&self) -> Signature {
        Signature::INDEXED
    }

    fn formula(&self) -> &'static str {
        "yₖ = xⱼ at j = iₖ along an axis"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x, i] = inputs else { return Err(Mismatch::new("takes 2 operands")) };
        if self.axis >= x.rank() {
            return Err(no_axis(self.axis, "x", x));
        }
        match i.rank() == x.rank() && i.with_axis(self.axis, 0) == x.with_axis(self.axis, 0) {
            true => Ok((*i).clone()),
            false => {
                Err(Mismatch::new(format!("x {x} and i {i} should differ in the length of axis {} alone", self.axis))
                    .with_help("give i the other axes of x with `reshape` and `broadcast_to`"))
            }
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::gather_along(call.x(0)?, call.index(1)?, self.axis, call.y(0)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let length = at.shape(0).get(self.axis).copied().unwrap_or(0);
        let Some(i) = at.index(1) else { return smallvec![Derivative::None, Derivative::None] };
        smallvec![at.operand(0, || at.dy().scatter_add_along(i, self.axis, length)), Derivative::None]
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        match at.index(1) {
            Some(i) => at.tangent(dx, |_, dx| dx.take_along(i, self.axis)),
            None => smallvec![Derivative::None],
        }
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(TakeAlong { axis: 1 }), |a| Ok(Arc::new(TakeAlong::parse(a)?).into())).sampled(|generator| {
        let x = generator.shape(1, 3);
        let axis = generator.integer(0, x.rank() - 1);
        let i = x.with_axis(axis, generator.integer(1, 4));
        let length = x.get(axis).copied().unwrap_or(1);
        let operands = vec![SampleOperand::Real(x, Domain::REALS), SampleOperand::Index(i, length)];
        Sample::new(Arc::new(TakeAlong { axis }), operands)
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// The elements at the positions `indices` on `axis`: x \[…, n, …\] and i \[…, m, …\], which differ in the length of
    /// `axis` alone, give y \[…, m, …\] with y\[…, k, …\] = x\[…, i\[…, k, …\], …\]. NumPy's `take_along_axis`, without
    /// broadcasting. A position that is not below n is refused.
    ///
    /// The reverse is [`scatter_add_along`](Self::scatter_add_along): an element that is named twice gets both cotangents.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let i = tape.index(ndarray::array![[2], [0]]);
    /// assert_eq!(x.take_along(i, 1).value()?, ndarray::array![[3.0], [4.0]].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn take_along(self, indices: Index<'t, F>, axis: impl Into<Axis>) -> Self {
        self.with_indices_along(indices, axis, |axis| TakeAlong { axis })
    }
}
