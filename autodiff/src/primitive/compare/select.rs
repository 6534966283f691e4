//! A choice, element by element.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Kind, Primitive, Sample, Signature, Site};
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
        Signature::Fixed(&[("c", Kind::Real), ("a", Kind::Real), ("b", Kind::Real)])
    }

    fn formula(&self) -> &'static str {
        "y = a if c ≠ 0 else b"
    }

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::new(|[c, a, b]| if c != F::zero() { a } else { b }))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        [
            if at.wants(0) { Derivative::Zero } else { Derivative::None },
            at.operand(1, || dy.masked(at.x(0))),
            at.operand(2, || at.x(0).select(0.0, dy)),
        ]
        .into_iter()
        .collect()
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(
            dx.get(1..).unwrap_or(&[]),
            |i, dx| if i == 0 { dx.masked(at.x(0)) } else { at.x(0).select(0.0, dx) },
        )
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::REALS, Domain::REALS, Domain::REALS])
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// `yes` where `self` is not 0, `no` elsewhere; broadcasts. `yes` and `no` are vars or numbers.
    ///
    /// The derivative with respect to the condition is zero: it is constant almost everywhere. The side that is not taken
    /// gets the cotangent 0; where its slope is infinite, 0·∞ is NaN, so keep it finite: not `c.select(x.sqrt(), 0.0)` but
    /// `c.select(c.select(x, 1.0).sqrt(), 0.0)`.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([-4.0, 4.0]);
    /// let y = x.gt(0.0).select(x, 0.0);
    /// assert_eq!(y.value().unwrap(), ndarray::array![0.0, 4.0].into_dyn());
    /// ```
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
