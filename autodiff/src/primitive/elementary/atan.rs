//! The arctangent.

use super::atan_slope::AtanSlope;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = arctan x
#[derive(Debug)]
pub struct Atan;

impl<F: Real> Primitive<F> for Atan {
    fn name(&self) -> &'static str {
        "atan"
    }

    fn formula(&self) -> &'static str {
        "y = arctan x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.atan())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0).apply(&AtanSlope))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Atan).sampled(|generator| Sample::elementwise(&Atan, generator, &[Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The arctangent in radians, elementwise: yᵢ = arctan xᵢ, between −π/2 and π/2.
    ///
    /// With it, jkmiller, *Neural Networks* (November 2022), §2, builds the activation arctan(x)/π + ½.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(1.0);
    /// assert_eq!(x.atan().item().unwrap(), std::f64::consts::FRAC_PI_4);
    /// ```
    #[track_caller]
    pub fn atan(self) -> Self {
        self.apply(&Atan)
    }
}
