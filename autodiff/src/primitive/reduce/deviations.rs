//! The deviations from a weighted mean.

use super::deviations_adjoint::DeviationsAdjoint;
use crate::base::attributes::Attributes;
use crate::base::axis::no_axis;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Domain, Entry, Generator, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature,
    Tangents, same_shape,
};
use crate::tape::var::Var;
use std::sync::Arc;

/// yᵢ = bᵢ − Σⱼ aⱼ·bⱼ along an axis
///
/// The deviations of b from its mean with weights a. With a the softmax they are the tangent of log_softmax, and times a that of
/// softmax. They keep their digits where one weight is nearly all.
#[derive(Debug)]
pub struct Deviations {
    pub(super) axis: usize,
}

impl Deviations {
    /// Of d with the weights w, both of the shape of the operand of `at`.
    pub(super) fn of<'t, F: Real>(axis: usize, w: Var<'t, F>, d: Var<'t, F>) -> Var<'t, F> {
        w.tape().record(Arc::new(Deviations { axis }), &[w.into(), d.into()])
    }

    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Deviations { axis: attributes.length("axis")? })
    }
}

impl<F: Real> Primitive<F> for Deviations {
    fn name(&self) -> &'static str {
        "deviations"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", self.axis.into())
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "yᵢ = bᵢ − Σⱼ aⱼ·bⱼ along an axis"
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
        kernels::deviations([call.x(0)?, call.x(1)?], self.axis, call.y(0)?, memory);
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.two(
            || at.scaled((-at.dy().sum_keep(self.axis)).broadcast_to(at.shape(0)), at.x(1)),
            || DeviationsAdjoint::of(self.axis, at.x(0), at.dy()),
        )
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |i, dx| match i {
            0 => (-at.scaled(dx, at.x(1)).sum_keep(self.axis)).broadcast_to(at.shape(0)),
            _ => Deviations::of(self.axis, at.x(0), dx),
        })
    }
}

/// The shape of both operands, which has the axis.
pub(super) fn shape_along(axis: usize, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
    let shape = same_shape(inputs)?;
    match shape.get(axis) {
        Some(_) => Ok(shape),
        None => Err(no_axis(axis, "a", &shape)),
    }
}

/// A sample of a primitive that takes weights and numbers along an axis.
pub(super) fn sample<F: Real, P: Primitive<F> + 'static>(
    generator: &mut Generator,
    primitive: fn(usize) -> P,
) -> Sample<F> {
    let shape = generator.shape(1, 3);
    let axis = generator.integer(0, shape.rank() - 1);
    let real = |domain| SampleOperand::Real(shape.clone(), domain);
    let operands = vec![real(Domain::between(-1.0, 1.0)), real(Domain::between(-1e3, 1e3))];
    Sample::new(Arc::new(primitive(axis)), operands)
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Deviations { axis: 1 }), |a| Ok(Arc::new(Deviations::parse(a)?).into()))
        .sampled(|generator| sample(generator, |axis| Deviations { axis }))
}
