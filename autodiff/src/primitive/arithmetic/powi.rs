//! A whole power.

use crate::base::attributes::Attributes;
use crate::base::error::{Error, ErrorKind, Refusal, Result};
use crate::base::real::Real;
use crate::kernels::{self, Elementwise, Operand, ViewMut};
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Notation, Primitive, Sample, SampleOperand, Site};
use crate::tape::var::Var;
use std::sync::Arc;

/// y = xⁿ
#[derive(Debug)]
pub struct PowI {
    pub(in crate::primitive) n: i32,
}

impl PowI {
    pub(in crate::primitive) fn parse(attributes: &Attributes) -> Result<Self> {
        let n = attributes.integer("n")?;
        let message = || format!("the exponent {n} is not between {} and {}", i32::MIN, i32::MAX);
        Ok(PowI { n: i32::try_from(n).map_err(|_| Error::new(ErrorKind::Registry, "powi", message()))? })
    }

    fn function<F: Real>(&self) -> impl Fn([F; 1]) -> F + use<F> {
        let n = self.n;
        move |[x]| x.powi(n)
    }
}

impl<F: Real> Primitive<F> for PowI {
    fn name(&self) -> &'static str {
        "powi"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with_integer("n", i64::from(self.n))
    }

    fn formula(&self) -> &'static str {
        "y = xⁿ, n a whole number"
    }

    fn notation(&self) -> Notation {
        let exponents = ["⁻³", "⁻²", "⁻¹", "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"];
        let exponent = self.n.checked_add(3).and_then(|i| exponents.get(usize::try_from(i).ok()?));
        exponent.map_or(Notation::Call, |exponent| Notation::Postfix(exponent))
    }

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::new(self.function()))
    }

    fn evaluate(&self, inputs: &[Operand<'_, F>], output: ViewMut<'_, F>) -> Result<(), Refusal> {
        kernels::map(inputs, output, self.function())
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        if self.n == 0 {
            return [Derivative::Zero].into_iter().collect();
        }
        at.one(|| self.slope(at.x(0), dy))
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        if self.n == 0 {
            return Derivative::Zero;
        }
        at.tangent(dx, |_, dx| self.slope(at.x(0), dx))
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        // Up to the fifth power of 1e±30, which double precision can hold.
        let n = i32::try_from(dice.integer(0, 8)).unwrap_or(0) - 3;
        let domain = Domain::REALS.at_least(1e-15);
        let operands = vec![SampleOperand::Real(dice.shape(0, 3), Domain { low: -1e15, high: 1e15, ..domain })];
        Sample::with(Arc::new(PowI { n }), operands)
    }
}

impl PowI {
    /// n·xⁿ⁻¹·d; the lowest exponent stays where it is, its neighbour cannot be written.
    fn slope<'t, F: Real>(&self, x: Var<'t, F>, d: Var<'t, F>) -> Var<'t, F> {
        match self.n {
            1 => d,
            2 => d * (x * 2.0),
            n => d * (x.powi(n.saturating_sub(1)) * f64::from(n)),
        }
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// A whole power, elementwise: yᵢ = xᵢⁿ by repeated multiplication; 0⁰ = 1, and its slope is 0.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(3.0);
    /// assert_eq!(x.powi(2).item().unwrap(), 9.0);
    /// ```
    #[track_caller]
    pub fn powi(self, n: i32) -> Self {
        self.apply(Arc::new(PowI { n }))
    }
}
