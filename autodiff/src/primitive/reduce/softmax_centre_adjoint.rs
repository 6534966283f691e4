//! What is left of a sum when each element has paid its share of it.

use super::softmax_centre::SoftmaxCentre;
use crate::base::attributes::Attributes;
use crate::base::axis::no_axis;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature, Tangents,
    same_shape,
};
use crate::tape::var::Var;
use std::sync::Arc;

/// yᵢ = dᵢ − softmax(x)ᵢ·Σⱼ dⱼ
///
/// The reverse derivative of log_softmax. It keeps its digits where one weight rounds to 1.
#[derive(Debug)]
pub struct SoftmaxCentreAdjoint {
    pub(in crate::primitive) axis: usize,
}

impl SoftmaxCentreAdjoint {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(SoftmaxCentreAdjoint { axis: attributes.length("axis")? })
    }

    /// The derivative by x along v: −Σ d times that of the softmax, w⊙(v − Σ w v), which is symmetric.
    fn by_x<'t, F: Real>(&self, at: &RuleContext<'_, 't, F>, v: Var<'t, F>) -> Var<'t, F> {
        let centred = at.tape().record(Arc::new(SoftmaxCentre { axis: self.axis }), &[at.x(0).into(), v.into()]);
        at.scaled(centred, -at.x(0).softmax(self.axis) * at.x(1).sum_keep(self.axis))
    }
}

impl<F: Real> Primitive<F> for SoftmaxCentreAdjoint {
    fn name(&self) -> &'static str {
        "softmax_centre_adjoint"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", self.axis.into())
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "yᵢ = bᵢ − softmax(a)ᵢ·Σⱼ bⱼ"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let shape = same_shape(inputs)?;
        match shape.get(self.axis) {
            Some(_) => Ok(shape),
            None => Err(no_axis(self.axis, "x", &shape)),
        }
    }

    fn kernel(&self, inputs: &[&Shape]) -> Kernel<F> {
        Kernel::with_workspace(inputs.first().map_or(0, |x| x.size()))
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let memory = call.workspace();
        kernels::centre_adjoint(call.x(0)?, call.x(1)?, self.axis, call.y(0)?, memory);
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.two(
            || self.by_x(at, at.dy()),
            || at.tape().record(Arc::new(SoftmaxCentre { axis: self.axis }), &[at.x(0).into(), at.dy().into()]),
        )
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |i, dx| match i {
            0 => self.by_x(at, dx),
            _ => at.tape().record(Arc::new(SoftmaxCentreAdjoint { axis: self.axis }), &[at.x(0).into(), dx.into()]),
        })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(SoftmaxCentreAdjoint { axis: 1 }), |a| Ok(Arc::new(SoftmaxCentreAdjoint::parse(a)?).into()))
        .sampled(|generator| {
            let shape = generator.shape(1, 3);
            let axis = generator.integer(0, shape.rank() - 1);
            let real = |domain| SampleOperand::Real(shape.clone(), domain);
            let operands = vec![real(Domain::between(-1e2, 1e2)), real(Domain::between(-1e3, 1e3))];
            Sample::new(Arc::new(SoftmaxCentreAdjoint { axis }), operands)
        })
}
