//! A choice, element by element.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample, Signature};
use crate::tape::var::Var;
use crate::tape::var::VarOrNumber;

/// y = a if c ≠ 0 else b
#[derive(Debug)]
pub struct Select;

impl<F: Real> Primitive<F> for Select {
    fn name(&self) -> &'static str {
        "select"
    }

    fn signature(&self) -> Signature {
        Signature::Fixed(&[("c", Signature::REAL), ("a", Signature::REAL), ("b", Signature::REAL)])
    }

    fn formula(&self) -> &'static str {
        "y = a if c ≠ 0 else b"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[c, a, b]| if c != F::zero() { a } else { b })
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        match i {
            0 => Partial::Zero,
            1 => Partial::Where(at.x(0)),
            _ => Partial::Unless(at.x(0)),
        }
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Select)
        .sampled(|generator| Sample::elementwise(&Select, generator, &[Domain::REALS, Domain::REALS, Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// `yes` where `self` is not 0, `no` elsewhere, NumPy's `where(self, yes, no)`; broadcasts. `yes` and `no` are vars or numbers.
    ///
    /// The derivative with respect to the condition is zero: it is constant almost everywhere. The side that is not taken has no
    /// part in value or derivative, whatever is in it: `x.gt(0.0).select(x.sqrt(), 0.0)` has the slope 0 for x ≤ 0.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([-4.0, 4.0]);
    /// let y = x.gt(0.0).select(x, 0.0);
    /// assert_eq!(y.value().unwrap(), ndarray::array![0.0, 4.0].into_dyn());
    /// ```
    #[doc(alias = "where")]
    #[track_caller]
    pub fn select(self, yes: impl VarOrNumber<'t, F>, no: impl VarOrNumber<'t, F>) -> Self {
        let (yes, no) = (yes.on(self), no.on(self));
        match self.common(&Select, [self, yes, no]) {
            Ok([condition, yes, no]) => self.tape().record(&Select, &[condition.into(), yes.into(), no.into()]),
            Err(error) => error,
        }
    }

    /// `self` where `condition` is not 0, and 0 elsewhere.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([-4.0, 4.0]);
    /// assert_eq!(x.masked(x.gt(0.0)).value().unwrap(), ndarray::array![0.0, 4.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn masked(self, condition: Self) -> Self {
        condition.select(self, 0.0)
    }
}
