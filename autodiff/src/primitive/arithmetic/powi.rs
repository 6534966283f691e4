//! A whole power.

use crate::base::attributes::Attributes;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Notation, Partial, Primitive, RuleContext, Sample, SampleOperand};
use crate::tape::var::Var;
use std::sync::Arc;

/// y = xⁿ
#[derive(Debug)]
pub struct PowI {
    pub(in crate::primitive) n: i32,
}

impl PowI {
    fn parse(attributes: &Attributes) -> Result<Self> {
        let n = attributes.integer("n")?;
        let message = || format!("the exponent {n} is not between {} and {}", i32::MIN, i32::MAX);
        Ok(PowI { n: i32::try_from(n).map_err(|_| Error::new(ErrorKind::Registry, "powi", message()))? })
    }

    fn function<F: Real>(&self) -> impl Fn([F; 1]) -> F + use<F> {
        let n = self.n;
        move |[x]| power(x, n)
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
        "y = xⁿ, n an integer"
    }

    fn notation(&self) -> Notation {
        let exponents = ["⁻³", "⁻²", "⁻¹", "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"];
        let exponent = self.n.checked_add(3).and_then(|i| exponents.get(usize::try_from(i).ok()?));
        exponent.map_or(Notation::Call, |exponent| Notation::Postfix(exponent))
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        // Small exponents have loops of their own, without a branch and without a call.
        match self.n {
            -2 => Kernel::<F>::elementwise(|[x]| power(x, -2)),
            -1 => Kernel::<F>::elementwise(|[x]| power(x, -1)),
            1 => Kernel::<F>::elementwise(|[x]| power(x, 1)),
            2 => Kernel::<F>::elementwise(|[x]| power(x, 2)),
            3 => Kernel::<F>::elementwise(|[x]| power(x, 3)),
            4 => Kernel::<F>::elementwise(|[x]| power(x, 4)),
            _ => Kernel::<F>::elementwise(self.function()),
        }
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        let x = at.x(0);
        match self.n {
            0 => Partial::Zero,
            1 => Partial::One,
            2 => Partial::Times(x * 2.0),
            // The lowest exponent stays where it is, its neighbour cannot be written.
            n => Partial::Times(x.powi(n.saturating_sub(1)) * f64::from(n)),
        }
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(PowI { n: 3 }), |a| Ok(Arc::new(PowI::parse(a)?).into())).sampled(|generator| {
        // Up to the fifth power of 1e±30, which double precision can hold.
        let n = i32::try_from(generator.integer(0, 8)).unwrap_or(0) - 3;
        let domain = Domain::REALS.at_least(1e-15);
        let operands = vec![SampleOperand::Real(generator.shape(0, 3), Domain { low: -1e15, high: 1e15, ..domain })];
        Sample::new(Arc::new(PowI { n }), operands)
    })
}

/// xⁿ to 2 units in the last place: few multiplications, or the power function of the standard library in double precision,
/// in which n is exact. Repeated multiplication loses digits with every one, and 1/xⁿ those of an xⁿ out of range.
#[inline(always)]
fn power<F: Real>(x: F, n: i32) -> F {
    match n {
        -2 => x.recip() * x.recip(),
        -1 => x.recip(),
        0 => F::one(),
        1 => x,
        2 => x * x,
        3 => x * x * x,
        4 => (x * x) * (x * x),
        _ => F::of(x.double().powf(f64::from(n))),
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// An integer power, elementwise: yᵢ = xᵢⁿ, to 2 units in the last place; 0⁰ = 1, and its slope is 0.
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
