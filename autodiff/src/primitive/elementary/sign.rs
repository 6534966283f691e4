//! The sign: a perceptron's unit.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample, Signature};
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

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| {
            if x > F::zero() {
                F::one()
            } else if x < F::zero() {
                -F::one()
            } else {
                x
            }
        })
    }

    fn partial<'t>(&self, _: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Refused(SIGN)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Sign).sampled(|generator| Sample::elementwise(&Sign, generator, &[Domain::REALS]))
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
