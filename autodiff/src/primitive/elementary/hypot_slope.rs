//! The slope of the length of a vector: the cosine of its angle.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample, Signature};

/// y = a/√(a² + b²), and 0 where both are 0
#[derive(Debug)]
pub struct HypotSlope;

impl<F: Real> Primitive<F> for HypotSlope {
    fn name(&self) -> &'static str {
        "hypot_slope"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = a/√(a² + b²), and 0 where both are 0"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[a, b]| {
            let length = a.hypot(b);
            if length == F::zero() { length } else { a / length }
        })
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        let (a, b) = (at.x(0), at.x(1));
        // b²/h³ and −a·b/h³, by factors that stay in range.
        let (sine, length) = (b.broadcasting(&HypotSlope, a), a.hypot(b));
        Partial::Times(if i == 0 { sine / length * sine } else { -(sine / length * at.y()) })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&HypotSlope)
        .sampled(|generator| Sample::elementwise(&HypotSlope, generator, &[Domain::REALS, Domain::REALS]))
}
