//! The slope of the logistic function.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Elementwise, Usually};
use crate::primitive::{Domain, Entry, Kernel, Notation, Partial, Primitive, RuleContext, Sample, Signature};

/// y = b·(1 − b) for b = sigmoid a, computed from a where b rounds to 1
///
/// As a function it is b·(1 − b), and constant in a: a says what b has lost.
#[derive(Debug)]
pub struct SigmoidSlope;

impl<F: Real> Primitive<F> for SigmoidSlope {
    fn name(&self) -> &'static str {
        "sigmoid_slope"
    }

    fn formula(&self) -> &'static str {
        "y = b·(1 − b) for b = sigmoid a, computed from a where b rounds to 1"
    }

    fn notation(&self) -> Notation {
        Notation::Formula("{1}·(1 − {1})", 2)
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Elementwise(Elementwise::usually(Slope(F::of(if F::epsilon() > F::of(1e-10) { 0.99 } else { 0.985 }))))
    }

    /// 1 − 2b is −tanh(a/2), which keeps its digits where b is near ½.
    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        match i {
            0 => Partial::Zero,
            _ => Partial::Times(-(at.x(0) * 0.5).tanh()),
        }
    }
}

/// The line of the registry. What `partial` says holds where b is the logistic function of a, so all elements are one such pair.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&SigmoidSlope).sampled(|generator| {
        let a = generator.uniform(-4.0, 4.0);
        let [a, b] = [a, 1.0 / (1.0 + (-a).exp())].map(|number| Domain::between(number, number));
        Sample::elementwise(&SigmoidSlope, generator, &[a, b])
    })
}

/// Up to here the rounding of b costs 1 − b up to 10⁻⁵ (f32) or 2·10⁻¹⁴ (f64) of itself.
#[derive(Clone, Copy)]
struct Slope<F>(F);

impl<F: Real> Usually<F> for Slope<F> {
    #[inline(always)]
    fn is_common(self, _: F, b: F) -> bool {
        b <= self.0
    }

    #[inline(always)]
    fn common(self, _: F, b: F) -> F {
        b * (F::one() - b)
    }

    /// e/(1 + e)² with e = exp(−|a|) ≤ 1.
    #[inline(always)]
    fn other(self, a: F, _: F) -> F {
        let e = (-a.abs()).exponential();
        let sum = F::one() + e;
        e / (sum * sum)
    }
}
