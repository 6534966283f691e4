//! Addition.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Arithmetic, Elementwise};
use crate::primitive::{Domain, Entry, Facts, Kernel, Notation, Partial, Primitive, RuleContext, Sample, Signature};

/// y = a + b
#[derive(Debug)]
pub struct Add;

impl<F: Real> Primitive<F> for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = a + b"
    }

    fn notation(&self) -> Notation {
        Notation::Infix("+", 1)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Elementwise(Elementwise::arithmetic(Arithmetic::Add))
    }

    fn partial<'t>(&self, _: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::One
    }

    fn identity(&self, inputs: &[Facts<'_, F>]) -> Option<usize> {
        // Only −0 leaves every x as it is: −0 + 0 is +0.
        let is_nothing = |x: &Facts<'_, F>| x.number.is_some_and(|x| x.is_zero() && x.is_sign_negative());
        match inputs {
            [_, b] if is_nothing(b) => Some(0),
            [a, _] if is_nothing(a) => Some(1),
            _ => None,
        }
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Add).sampled(|generator| Sample::elementwise(&Add, generator, &[Domain::REALS, Domain::REALS]))
}
