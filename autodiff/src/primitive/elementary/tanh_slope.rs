//! The slope of the hyperbolic tangent.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Elementwise, Usually};
use crate::primitive::{Domain, Entry, Kernel, Notation, Partial, Primitive, RuleContext, Sample, Signature};

/// y = 1 − b² for b = tanh a, computed from a where b rounds to ±1
///
/// As a function it is 1 − b², and constant in a: a says what b has lost.
#[derive(Debug)]
pub struct TanhSlope;

impl<F: Real> Primitive<F> for TanhSlope {
    fn name(&self) -> &'static str {
        "tanh_slope"
    }

    fn formula(&self) -> &'static str {
        "y = 1 − b² for b = tanh a, computed from a where b rounds to ±1"
    }

    fn notation(&self) -> Notation {
        Notation::Formula("1 − {1}²", 1)
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Elementwise(Elementwise::usually(Slope {
            bound: F::of(0.9968),
            most: F::max_value().ln() - F::of(2.0),
        }))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        match i {
            0 => Partial::Zero,
            _ => Partial::Times(at.x(1) * -2.0),
        }
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&TanhSlope).sampled(|generator| {
        Sample::elementwise(&TanhSlope, generator, &[Domain::between(-2.0, 2.0), Domain::between(-0.98, 0.98)])
    })
}

#[derive(Clone, Copy)]
struct Slope<F> {
    /// Up to here 1 − b² is at least 0.0064, of which the rounding of b is no more than 10⁻⁵ (f32) or 2·10⁻¹⁴ (f64).
    bound: F,
    /// Beyond, exp(−|a|) may not be a normal number, and the slope is 0 from far before.
    most: F,
}

impl<F: Real> Usually<F> for Slope<F> {
    #[inline(always)]
    fn is_common(self, _: F, b: F) -> bool {
        b.abs() <= self.bound
    }

    #[inline(always)]
    fn common(self, _: F, b: F) -> F {
        (F::one() - b) * (F::one() + b)
    }

    /// (2e/(1 + e²))² with e = exp(−|a|) ≤ 1.
    #[inline(always)]
    fn other(self, a: F, _: F) -> F {
        let a = a.abs();
        let e = (-if a > self.most { self.most } else { a }).exponential_if_normal();
        let root = (e + e) / (F::one() + e * e);
        root * root
    }
}
