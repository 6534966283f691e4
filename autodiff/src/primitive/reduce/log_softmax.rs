//! The logarithm of the softmax.

use super::deviations::Deviations;
use super::deviations_adjoint::DeviationsAdjoint;
use crate::base::attributes::Attributes;
use crate::base::axis::{Axis, no_axis};
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Tangents,
};
use crate::tape::var::Var;
use std::sync::Arc;

/// yᵢ = xᵢ − log Σⱼ exp xⱼ
#[derive(Debug)]
pub struct LogSoftmax {
    pub(in crate::primitive) axis: usize,
}

impl LogSoftmax {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(LogSoftmax { axis: attributes.length("axis")? })
    }
}

impl<F: Real> Primitive<F> for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", self.axis.into())
    }

    fn formula(&self) -> &'static str {
        "yᵢ = xᵢ − log Σⱼ exp xⱼ"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        match x.get(self.axis) {
            Some(_) => Ok((*x).clone()),
            None => Err(no_axis(self.axis, "x", x)),
        }
    }

    fn kernel(&self, inputs: &[&Shape]) -> Kernel<F> {
        let size: usize = inputs.iter().map(|x| x.size()).sum();
        // Each row has its own sum where the axis is not that of rows.
        match self.axis {
            0 => Kernel::general(),
            _ => Kernel::general().divided(&[true], size.saturating_mul(16)),
        }
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::log_softmax(call.x(0)?, self.axis, call.y(0)?);
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| DeviationsAdjoint::of(self.axis, at.y().exp(), at.dy()))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| Deviations::of(self.axis, at.y().exp(), dx))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(LogSoftmax { axis: 1 }), |a| Ok(Arc::new(LogSoftmax::parse(a)?).into())).sampled(|generator| {
        let x = generator.shape(1, 3);
        let axis = generator.integer(0, x.rank() - 1);
        Sample::new(Arc::new(LogSoftmax { axis }), vec![SampleOperand::Real(x, Domain::between(-1e3, 1e3))])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// The logarithm of the softmax along `axis`: yᵢ = xᵢ − log Σⱼ exp xⱼ, exact where the softmax itself rounds to 0.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1000.0, 0.0]);
    /// assert_eq!(x.log_softmax(0).value().unwrap(), ndarray::array![0.0, -1000.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn log_softmax(self, axis: impl Into<Axis>) -> Self {
        self.along(axis, |axis| LogSoftmax { axis })
    }
}
