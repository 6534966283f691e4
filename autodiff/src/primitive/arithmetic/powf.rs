//! A real power.

use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Result};
use crate::base::real::{Real, held};
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample, SampleOperand, same_shape};
use crate::tape::var::Var;
use std::sync::Arc;

/// y = xᵖ
#[derive(Debug)]
pub struct PowF {
    pub(in crate::primitive) p: f64,
}

impl PowF {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(PowF { p: attributes.real("p")? })
    }

    fn function<F: Real>(&self) -> impl Fn([F; 1]) -> F + use<F> {
        let p = F::of(self.p);
        move |[x]| x.powf(p)
    }
}

impl<F: Real> Primitive<F> for PowF {
    fn name(&self) -> &'static str {
        "powf"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with_real("p", self.p)
    }

    fn formula(&self) -> &'static str {
        "y = xᵖ, x ≥ 0"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        // However it came to be recorded: by a call, from a text, in a cast.
        held::<F>(self.p).map_err(|what| Mismatch::new(format!("p: {what}")))?;
        same_shape(inputs)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(self.function())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        if self.p == 0.0 {
            return Partial::Zero;
        }
        Partial::Times(at.x(0).powf(self.p - 1.0) * self.p)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(PowF { p: 1.5 }), |a| Ok(Arc::new(PowF::parse(a)?).into())).sampled(|generator| {
        let p = generator.uniform(-3.0, 3.0);
        let domain = Domain::between(1e-15, 1e15).at_least(1e-15);
        Sample::new(Arc::new(PowF { p }), vec![SampleOperand::Real(generator.shape(0, 3), domain)])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// A real power, elementwise: yᵢ = xᵢᵖ for xᵢ ≥ 0; NaN below 0 unless p is whole.
    ///
    /// The slope is p·xᵖ⁻¹; at 0 that is +∞ for 0 < p < 1, 1 for p = 1, 0 for p > 1, and 0 everywhere for p = 0.
    /// For an exponent that is a var see [`Var::pow`].
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(4.0);
    /// assert_eq!(x.powf(1.5).item().unwrap(), 8.0);
    /// ```
    #[track_caller]
    pub fn powf(self, p: f64) -> Self {
        self.apply(Arc::new(PowF { p }))
    }
}
