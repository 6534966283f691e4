//! The softmax.

use super::deviations::Deviations;
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

/// yᵢ = exp xᵢ / Σⱼ exp xⱼ
#[derive(Debug)]
pub struct Softmax {
    pub(in crate::primitive) axis: usize,
}

impl Softmax {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Softmax { axis: attributes.length("axis")? })
    }

    /// The Jacobian y(δ − y), which is symmetric: yᵢ·Σⱼ yⱼ(dᵢ − dⱼ).
    fn jacobian<'t, F: Real>(&self, at: &RuleContext<'_, 't, F>, d: Var<'t, F>) -> Var<'t, F> {
        at.scaled(Deviations::of(self.axis, at.y(), d), at.y())
    }
}

impl<F: Real> Primitive<F> for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", self.axis.into())
    }

    fn formula(&self) -> &'static str {
        "yᵢ = exp xᵢ / Σⱼ exp xⱼ"
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
        kernels::softmax(call.x(0)?, self.axis, call.y(0)?);
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| self.jacobian(at, at.dy()))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| self.jacobian(at, dx))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Softmax { axis: 1 }), |a| Ok(Arc::new(Softmax::parse(a)?).into())).sampled(|generator| {
        let x = generator.shape(1, 3);
        let axis = generator.integer(0, x.rank() - 1);
        Sample::new(Arc::new(Softmax { axis }), vec![SampleOperand::Real(x, Domain::between(-1e2, 1e2))])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// The softmax along `axis`: yᵢ = exp xᵢ / Σⱼ exp xⱼ, positive and summing to 1, without overflow. Of scores \[examples,
    /// classes\] it is `softmax(1)` or `softmax(-1)`; along axis 0 the examples would compete.
    ///
    /// Elements at +∞ share the weight equally, and a row that is −∞ throughout, as a mask may leave it, has weights of 0.
    ///
    /// Its Jacobian is S(δ − S). Source: Matt R, *Neural Networks* (March 2022), on softmax activation.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([0.0, 0.0]);
    /// assert_eq!(x.softmax(0).value().unwrap(), ndarray::array![0.5, 0.5].into_dyn());
    /// ```
    #[track_caller]
    pub fn softmax(self, axis: impl Into<Axis>) -> Self {
        self.along(axis, |axis| Softmax { axis })
    }
}
