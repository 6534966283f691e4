//! Subtraction.

use crate::base::real::Real;
use crate::kernels::{Arithmetic, Elementwise};
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Known, Notation, Primitive, Sample, Signature, Site};
use crate::tape::var::Var;

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

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::arithmetic(Arithmetic::Sub))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.two(|| dy, || -dy)
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |i, dx| if i == 0 { dx } else { -dx })
    }

    fn identity(&self, inputs: &[Known<'_, F>]) -> Option<usize> {
        // x − 0 is x, also for x = −0; x − (−0) is not.
        matches!(inputs, [_, b] if b.number.is_some_and(|b| b.is_zero() && b.is_sign_positive())).then_some(0)
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::REALS, Domain::REALS])
    }
}

impl<'t, F: Real> std::ops::Sub for Var<'t, F> {
    type Output = Self;

    /// `a − b`, elementwise, broadcasting as NumPy does.
    #[track_caller]
    fn sub(self, other: Self) -> Self {
        self.broadcasting(&Sub, other)
    }
}

impl<'t, F: Real> std::ops::Sub<f64> for Var<'t, F> {
    type Output = Self;

    #[track_caller]
    fn sub(self, number: f64) -> Self {
        self.broadcasting(&Sub, self.number(number))
    }
}

impl<'t, F: Real> std::ops::Sub<Var<'t, F>> for f64 {
    type Output = Var<'t, F>;

    #[track_caller]
    fn sub(self, x: Var<'t, F>) -> Var<'t, F> {
        x.number(self).broadcasting(&Sub, x)
    }
}
