//! A power whose exponent is an operand, too.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample, Signature};
use crate::tape::var::{Var, VarOrNumber};

/// y = xᵉ
#[derive(Debug)]
pub struct Pow;

impl<F: Real> Primitive<F> for Pow {
    fn name(&self) -> &'static str {
        "pow"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = aᵇ"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x, e]| x.powf(e))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        let (x, e) = (at.x(0), at.x(1));
        Partial::Times(match i {
            // e·xᵉ⁻¹, and 0 for 0⁰, where that is 0·∞.
            0 => (x.eq(0.0) * e.eq(0.0)).select(0.0, x.pow(e - 1.0) * e),
            // xᵉ·log x, and 0 where xᵉ is 0.
            _ => at.y().eq(0.0).select(0.0, at.y() * x.log()),
        })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Pow).sampled(|generator| {
        Sample::elementwise(&Pow, generator, &[Domain::between(0.1, 10.0), Domain::between(-9.0, 9.0)])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// xᵉ, elementwise, for an exponent that is a var or a number; broadcasting as NumPy does. NaN for x < 0 unless e is whole,
    /// and x⁰ = 1 for every x.
    ///
    /// The slopes are e·xᵉ⁻¹ and xᵉ·log x. Where e is 0 the first is 0; where x is 0 the second is 0 for e > 0 and −∞ else;
    /// where x < 0 it is NaN. For a number that is known beforehand see [`powf`](Self::powf) and [`powi`](Self::powi).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (x, e) = (tape.input(2.0), tape.input(3.0));
    /// assert_eq!(x.pow(e).item().unwrap(), 8.0);
    /// ```
    #[track_caller]
    pub fn pow(self, exponent: impl VarOrNumber<'t, F>) -> Self {
        self.broadcasting(&Pow, exponent.on(self))
    }
}
