//! The slope of the hyperbolic tangent.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::Elementwise;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample, Signature};

/// y = tanh′ a for b = tanh a: 1 − b² where |b| ≤ 0.97, 1/cosh² a elsewhere
///
/// 1 − b² costs little, but has no digit left where b rounds to 1.
#[derive(Debug)]
pub struct TanhSlope;

impl<F: Real> Primitive<F> for TanhSlope {
    fn name(&self) -> &'static str {
        "tanh_slope"
    }

    fn formula(&self) -> &'static str {
        "y = tanh′ a for b = tanh a: 1 − b² where |b| ≤ 0.97, 1/cosh² a elsewhere"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        let bound = F::of(BOUND);
        let is_common = move |y: F| y.abs() <= bound;
        // Beyond, exp(−|x|) may not be a normal number, and the slope is 0 from far before.
        let most = F::max_value().ln() - F::of(2.0);
        let common = |y: F| F::one() - y * y;
        Kernel::Elementwise(Elementwise::<F>::usually(
            move |_, y| is_common(y),
            move |_, y| common(y),
            move |x, y| {
                let a = x.abs();
                let a = if a > most { most } else { a };
                let far = slope((-a).exponential_if_normal());
                if is_common(y) { common(y) } else { far }
            },
        ))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        let y = at.x(1);
        let near = y.abs().le(BOUND);
        Partial::Times(match i {
            0 => near.select(0.0, at.y() * y * -2.0),
            _ => near.select(y * -2.0, 0.0),
        })
    }
}

/// Up to here 1 − y² has all its digits but five bits.
const BOUND: f64 = 0.97;

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&TanhSlope).sampled(|generator| {
        Sample::elementwise(&TanhSlope, generator, &[Domain::between(-300.0, 300.0), Domain::between(-1.0, 1.0)])
    })
}

/// (2a/(1 + a²))² with a = exp(−|x|) ≤ 1.
#[inline(always)]
fn slope<F: Real>(a: F) -> F {
    let root = (a + a) / (F::one() + a * a);
    root * root
}
