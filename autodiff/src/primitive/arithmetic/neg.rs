//! Negation.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Notation, Partial, Primitive, RuleContext, Sample, Signature};

/// y = −x
#[derive(Debug)]
pub struct Neg;

impl<F: Real> Primitive<F> for Neg {
    fn name(&self) -> &'static str {
        "neg"
    }

    fn signature(&self) -> Signature {
        Signature::UNARY
    }

    fn formula(&self) -> &'static str {
        "y = −x"
    }

    fn notation(&self) -> Notation {
        Notation::Prefix("−")
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| -x)
    }

    fn partial<'t>(&self, _: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::MinusOne
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Neg).sampled(|generator| Sample::elementwise(&Neg, generator, &[Domain::REALS]))
}
