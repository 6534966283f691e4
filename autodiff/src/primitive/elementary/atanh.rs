//! The inverse of the hyperbolic tangent.

use super::atanh_slope::AtanhSlope;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = artanh x
#[derive(Debug)]
pub struct Atanh;

impl<F: Real> Primitive<F> for Atanh {
    fn name(&self) -> &'static str {
        "atanh"
    }

    fn formula(&self) -> &'static str {
        "y = artanh x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| F::of(libm::atanh(x.double())))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0).apply(&AtanhSlope))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Atanh).sampled(|generator| Sample::elementwise(&Atanh, generator, &[Domain::between(-0.999, 0.999)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The inverse of the hyperbolic tangent, elementwise: ½·log((1 + x)/(1 − x)); ±∞ at ±1, NaN beyond.
    ///
    /// The slope is 1/(1 − x²), +∞ at ±1.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.atanh().item().unwrap(), 0.0);
    /// ```
    #[track_caller]
    pub fn atanh(self) -> Self {
        self.apply(&Atanh)
    }
}
