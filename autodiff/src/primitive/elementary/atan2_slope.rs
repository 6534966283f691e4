//! The slope of the angle of a vector.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample, Signature};

/// y = a/(a² + b²)
#[derive(Debug)]
pub struct Atan2Slope;

impl<F: Real> Primitive<F> for Atan2Slope {
    fn name(&self) -> &'static str {
        "atan2_slope"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = a/(a² + b²)"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[a, b]| a / a.hypot(b) / a.hypot(b))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        let (a, b) = (at.x(0), at.x(1));
        // (b² − a²)/(a² + b²)² and −2ab/(a² + b²)².
        let (y, other) = (at.y(), b.broadcasting(&Atan2Slope, a));
        Partial::Times(if i == 0 { (other - y) * (other + y) } else { y * other * -2.0 })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Atan2Slope).sampled(|generator| {
        Sample::elementwise(
            &Atan2Slope,
            generator,
            &[Domain::between(-1e9, 1e9).at_least(1e-9), Domain::between(-1e9, 1e9).at_least(1e-9)],
        )
    })
}
