//! Multiplication, element by element.

use crate::base::real::Real;
use crate::kernels::{Arithmetic, Elementwise};
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Known, Notation, Primitive, Sample, Signature, Site};
use crate::tape::var::Var;

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

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::arithmetic(Arithmetic::Mul))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.two(|| dy * at.x(1), || dy * at.x(0))
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |i, dx| dx * at.x(1 - i))
    }

    fn identity(&self, inputs: &[Known<'_, F>]) -> Option<usize> {
        match inputs {
            [_, b] if b.number == Some(F::one()) => Some(0),
            [a, _] if a.number == Some(F::one()) => Some(1),
            _ => None,
        }
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::REALS, Domain::REALS])
    }
}

impl<'t, F: Real> std::ops::Mul for Var<'t, F> {
    type Output = Self;

    /// `a · b`, element by element (the Hadamard product), broadcasting as NumPy does.
    #[track_caller]
    fn mul(self, other: Self) -> Self {
        self.broadcasting(&Mul, other)
    }
}

impl<'t, F: Real> std::ops::Mul<f64> for Var<'t, F> {
    type Output = Self;

    #[track_caller]
    fn mul(self, number: f64) -> Self {
        self.broadcasting(&Mul, self.number(number))
    }
}

impl<'t, F: Real> std::ops::Mul<Var<'t, F>> for f64 {
    type Output = Var<'t, F>;

    #[track_caller]
    fn mul(self, x: Var<'t, F>) -> Var<'t, F> {
        x.number(self).broadcasting(&Mul, x)
    }
}
