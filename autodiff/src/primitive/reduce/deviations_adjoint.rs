//! The adjoint of the deviations from a weighted mean.

use super::deviations::{Deviations, sample, shape_along};
use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{Call, Cotangents, Entry, Kernel, Primitive, RuleContext, Signature, Tangents};
use crate::tape::var::Var;
use std::sync::Arc;

/// yᵢ = bᵢ − aᵢ·Σⱼ bⱼ along an axis
///
/// With a the softmax it is the reverse derivative of log_softmax.
#[derive(Debug)]
pub struct DeviationsAdjoint {
    axis: usize,
}

impl DeviationsAdjoint {
    /// Of g with the weights w.
    pub(super) fn of<'t, F: Real>(axis: usize, w: Var<'t, F>, g: Var<'t, F>) -> Var<'t, F> {
        w.tape().record(Arc::new(DeviationsAdjoint { axis }), &[w.into(), g.into()])
    }

    /// −Σⱼ bⱼ, for each element: the derivative by the weights.
    fn minus_total<'t, F: Real>(&self, at: &RuleContext<'_, 't, F>) -> Var<'t, F> {
        (-at.x(1).sum_keep(self.axis)).broadcast_to(at.shape(0))
    }

    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(DeviationsAdjoint { axis: attributes.length("axis")? })
    }
}

impl<F: Real> Primitive<F> for DeviationsAdjoint {
    fn name(&self) -> &'static str {
        "deviations_adjoint"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", self.axis.into())
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "yᵢ = bᵢ − aᵢ·Σⱼ bⱼ along an axis"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        shape_along(self.axis, inputs)
    }

    fn kernel(&self, inputs: &[&Shape]) -> Kernel<F> {
        let size = inputs.iter().map(|x| x.size()).sum();
        match self.axis {
            0 => Kernel::with_workspace(size),
            _ => Kernel::with_workspace(size).divided(&[true, true], size.saturating_mul(8)),
        }
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let memory = call.workspace();
        kernels::deviations_adjoint([call.x(0)?, call.x(1)?], self.axis, call.y(0)?, memory);
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.two(|| at.scaled(at.dy(), self.minus_total(at)), || Deviations::of(self.axis, at.x(0), at.dy()))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |i, dx| match i {
            0 => at.scaled(dx, self.minus_total(at)),
            _ => DeviationsAdjoint::of(self.axis, at.x(0), dx),
        })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(DeviationsAdjoint { axis: 1 }), |a| Ok(Arc::new(DeviationsAdjoint::parse(a)?).into()))
        .sampled(|generator| sample(generator, |axis| DeviationsAdjoint { axis }))
}
