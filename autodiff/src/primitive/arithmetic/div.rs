//! Division, element by element.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Arithmetic, Elementwise};
use crate::primitive::{
    Cotangents, Domain, Entry, Facts, Kernel, Notation, Primitive, RuleContext, Sample, Signature, Tangents,
};
use crate::tape::var::Var;

/// y = a/b
#[derive(Debug)]
pub struct Div;

impl<F: Real> Primitive<F> for Div {
    fn name(&self) -> &'static str {
        "div"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = a/b"
    }

    fn notation(&self) -> Notation {
        Notation::Infix("/", 2)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Elementwise(Elementwise::arithmetic(Arithmetic::Div))
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        reverse(at)
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        tangent(at, dx)
    }

    fn identity(&self, inputs: &[Facts<'_, F>]) -> Option<usize> {
        matches!(inputs, [_, b] if b.number == Some(F::one())).then_some(0)
    }
}

/// The reverse rule of a quotient.
pub(super) fn reverse<'t, F: Real>(at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
    at.two(|| at.divided(at.dy(), at.x(1)), || by_divisor(at, at.dy()))
}

/// The tangent rule of a quotient.
pub(super) fn tangent<'t, F: Real>(at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
    at.tangent(dx, |i, dx| if i == 0 { at.divided(dx, at.x(1)) } else { by_divisor(at, dx) })
}

/// d·∂y/∂b = −d·y/b
fn by_divisor<'t, F: Real>(at: &RuleContext<'_, 't, F>, d: Var<'t, F>) -> Var<'t, F> {
    -at.divided(at.scaled(d, at.y()), at.x(1))
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Div).sampled(|generator| Sample::elementwise(&Div, generator, &[Domain::REALS, Domain::REALS]))
}
