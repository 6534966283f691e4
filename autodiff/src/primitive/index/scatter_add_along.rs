//! Adding elements at their positions on an axis: the adjoint of take_along.

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

/// y = zeros, with the elements of x added at the positions i on an axis
#[derive(Debug)]
pub struct ScatterAddAlong {
    axis: usize,
    length: usize,
}

impl ScatterAddAlong {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(ScatterAddAlong { axis: attributes.length("axis")?, length: attributes.length("length")? })
    }
}

impl<F: Real> Primitive<F> for ScatterAddAlong {
    fn name(&self) -> &'static str {
        "scatter_add_along"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", self.axis.into()).with("length", self.length.into())
    }

    fn signature(&self) -> Signature {
        Signature::INDEXED
    }

    fn formula(&self) -> &'static str {
        "yⱼ = Σ xₖ over the k with iₖ = j along an axis"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x, i] = inputs else { return Err(Mismatch::new("takes 2 operands")) };
        if x != i {
            return Err(Mismatch::new(format!("x {x} and i {i} should have the same shape")));
        }
        if self.axis >= x.rank() { Err(no_axis(self.axis, "x", x)) } else { Ok(x.with_axis(self.axis, self.length)) }
    }

    fn kernel(&self, inputs: &[&Shape]) -> Kernel<F> {
        let size = inputs.first().map_or(0, |x| x.size());
        match self.axis {
            0 => Kernel::general(),
            _ => Kernel::general().divided(&[true, true], size.saturating_mul(8)),
        }
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::scatter_add_along(call.x(0)?, call.index(1)?, self.axis, call.y(0)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let Some(i) = at.index(1) else { return smallvec![Derivative::None, Derivative::None] };
        smallvec![at.operand(0, || at.dy().take_along(i, self.axis)), Derivative::None]
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        match at.index(1) {
            Some(i) => at.tangent(dx, |_, dx| dx.scatter_add_along(i, self.axis, self.length)),
            None => smallvec![Derivative::None],
        }
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    let example = Arc::new(ScatterAddAlong { axis: 1, length: 4 });
    Entry::new(example, |a| Ok(Arc::new(ScatterAddAlong::parse(a)?).into())).sampled(|generator| {
        let x = generator.shape(1, 3);
        let axis = generator.integer(0, x.rank() - 1);
        let length = generator.integer(1, 4);
        let operands = vec![SampleOperand::Real(x.clone(), Domain::REALS), SampleOperand::Index(x, length)];
        Sample::new(Arc::new(ScatterAddAlong { axis, length }), operands)
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// Zeros of the shape of `self` with `length` positions on `axis`, to which the elements of `self` are added at the
    /// positions `indices`: x and i, both \[…, m, …\], give y \[…, length, …\] with y\[…, j, …\] = Σ x\[…, k, …\] over the k
    /// with i\[…, k, …\] = j. The adjoint of [`take_along`](Self::take_along). A position that is not below `length` is
    /// refused.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0, 3.0]);
    /// let i = tape.index(ndarray::array![3, 0, 3]);
    /// assert_eq!(x.scatter_add_along(i, 0, 4).value()?, ndarray::array![2.0, 0.0, 0.0, 4.0].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn scatter_add_along(self, indices: Index<'t, F>, axis: impl Into<Axis>, length: usize) -> Self {
        self.with_indices_along(indices, axis, |axis| ScatterAddAlong { axis, length })
    }
}
