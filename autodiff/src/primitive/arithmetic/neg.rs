//! Negation.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Notation, Primitive, Sample, Signature, Site};
use crate::tape::var::Var;

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

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::new(|[x]| -x))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| -dy)
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| -dx)
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::REALS])
    }
}

impl<F: Real> std::ops::Neg for Var<'_, F> {
    type Output = Self;

    /// `−x`, elementwise.
    #[track_caller]
    fn neg(self) -> Self {
        self.apply(&Neg)
    }
}
