//! Multiplication, element by element.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Arithmetic, Elementwise};
use crate::primitive::{Domain, Entry, Facts, Kernel, Notation, Partial, Primitive, RuleContext, Sample, Signature};

/// y = a·b
#[derive(Debug)]
pub struct Mul;

impl<F: Real> Primitive<F> for Mul {
    fn name(&self) -> &'static str {
        "mul"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = a·b"
    }

    fn notation(&self) -> Notation {
        Notation::Infix("·", 2)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Elementwise(Elementwise::arithmetic(Arithmetic::Mul))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        Partial::Times(at.x(1 - i))
    }

    fn identity(&self, inputs: &[Facts<'_, F>]) -> Option<usize> {
        identity(inputs)
    }
}

/// x·1 is x.
pub(super) fn identity<F: Real>(inputs: &[Facts<'_, F>]) -> Option<usize> {
    match inputs {
        [_, b] if b.number == Some(F::one()) => Some(0),
        [a, _] if a.number == Some(F::one()) => Some(1),
        _ => None,
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Mul).sampled(|generator| Sample::elementwise(&Mul, generator, &[Domain::REALS, Domain::REALS]))
}
