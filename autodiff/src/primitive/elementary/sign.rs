//! The sign: a perceptron's unit.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Primitive, Sample, Signature, Site};
use crate::tape::var::Var;

/// y = sign x
#[derive(Debug)]
pub struct Sign;

impl<F: Real> Primitive<F> for Sign {
    fn name(&self) -> &'static str {
        "sign"
    }

    fn signature(&self) -> Signature {
        Signature::UNARY
    }

    fn formula(&self) -> &'static str {
        "y = sign x"
    }

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::new(|[x]| {
            if x > F::zero() {
                F::one()
            } else if x < F::zero() {
                -F::one()
            } else {
                x
            }
        }))
    }

    fn reverse<'t>(&self, _: &Site<'_, 't, F>, _: Var<'t, F>) -> Cotangents<'t, F> {
        [Derivative::Refused(SIGN)].into_iter().collect()
    }

    fn tangent<'t>(&self, _: &Site<'_, 't, F>, _: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        Derivative::Refused(SIGN)
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::REALS])
    }
}

const SIGN: &str = "sign jumps at 0 and is constant elsewhere, so a gradient through it tells nothing; \
                    use tanh or a sigmoid, or cut it off with `stop_gradient`";

impl<'t, F: Real> Var<'t, F> {
    /// The sign, elementwise: 1 above 0, −1 below; ±0 and NaN are kept.
    ///
    /// It has no derivative: the reverse walk refuses, and says why.
    ///
    /// Source: lecture slides *Neural Networks*, the single node with g(z) = sign(z).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(-3.0);
    /// assert_eq!(x.sign().item().unwrap(), -1.0);
    /// assert!(x.sign().backward().unwrap().get(x).is_err());
    /// ```
    #[track_caller]
    pub fn sign(self) -> Self {
        self.apply(&Sign)
    }
}
