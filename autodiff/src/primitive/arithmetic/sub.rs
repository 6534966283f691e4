//! Subtraction.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Arithmetic, Elementwise};
use crate::primitive::{Domain, Entry, Facts, Kernel, Notation, Partial, Primitive, RuleContext, Sample, Signature};

/// y = a − b
#[derive(Debug)]
pub struct Sub;

impl<F: Real> Primitive<F> for Sub {
    fn name(&self) -> &'static str {
        "sub"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = a − b"
    }

    fn notation(&self) -> Notation {
        Notation::Infix("−", 1)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Elementwise(Elementwise::arithmetic(Arithmetic::Sub))
    }

    fn partial<'t>(&self, _: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        if i == 0 { Partial::One } else { Partial::MinusOne }
    }

    fn identity(&self, inputs: &[Facts<'_, F>]) -> Option<usize> {
        // x − 0 is x, also for x = −0; x − (−0) is not.
        matches!(inputs, [_, b] if b.number.is_some_and(|b| b.is_zero() && b.is_sign_positive())).then_some(0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Sub).sampled(|generator| Sample::elementwise(&Sub, generator, &[Domain::REALS, Domain::REALS]))
}
