//! The deviation from the mean by the weights of the softmax.

use super::softmax_centre_adjoint::SoftmaxCentreAdjoint;
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

/// yᵢ = dᵢ − Σⱼ softmax(x)ⱼ·dⱼ
///
/// The tangent of log_softmax, and, times the weights, the derivative of the softmax. It keeps its digits where one weight
/// rounds to 1.
#[derive(Debug)]
pub struct SoftmaxCentre {
    pub(in crate::primitive) axis: usize,
}

impl SoftmaxCentre {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(SoftmaxCentre { axis: attributes.length("axis")? })
    }

    /// The softmax of x.
    fn weights<'t, F: Real>(&self, at: &RuleContext<'_, 't, F>) -> Var<'t, F> {
        at.x(0).softmax(self.axis)
    }
}

impl<F: Real> Primitive<F> for SoftmaxCentre {
    fn name(&self) -> &'static str {
        "softmax_centre"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", self.axis.into())
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "yᵢ = bᵢ − Σⱼ softmax(a)ⱼ·bⱼ"
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
        kernels::centre(call.x(0)?, call.x(1)?, self.axis, call.y(0)?, memory);
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.two(
            || at.scaled((-at.dy().sum_keep(self.axis)).broadcast_to(at.shape(0)), self.weights(at) * at.y()),
            || at.tape().record(Arc::new(SoftmaxCentreAdjoint { axis: self.axis }), &[at.x(0).into(), at.dy().into()]),
        )
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |i, dx| {
            let own = at.tape().record(Arc::new(SoftmaxCentre { axis: self.axis }), &[at.x(0).into(), dx.into()]);
            match i {
                0 => (-at.scaled(own, self.weights(at) * at.y()).sum_keep(self.axis)).broadcast_to(at.shape(0)),
                _ => own,
            }
        })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(SoftmaxCentre { axis: 1 }), |a| Ok(Arc::new(SoftmaxCentre::parse(a)?).into())).sampled(
        |generator| {
            let shape = generator.shape(1, 3);
            let axis = generator.integer(0, shape.rank() - 1);
            let real = |domain| SampleOperand::Real(shape.clone(), domain);
            let operands = vec![real(Domain::between(-1e2, 1e2)), real(Domain::between(-1e3, 1e3))];
            Sample::new(Arc::new(SoftmaxCentre { axis }), operands)
        },
    )
}
