//! A cut: the value passes, the gradient does not.

use crate::base::error::Refusal;
use crate::base::real::Real;
use crate::base::shape::Layout;
use crate::kernels::{self, Operand, ViewMut};
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Primitive, Sample, Site};
use crate::tape::var::Var;

/// y = x, without a derivative
#[derive(Debug)]
pub struct StopGradient;

impl<F: Real> Primitive<F> for StopGradient {
    fn name(&self) -> &'static str {
        "stop_gradient"
    }

    fn formula(&self) -> &'static str {
        "y = x, taken as a constant"
    }

    fn evaluate(&self, inputs: &[Operand<'_, F>], output: ViewMut<'_, F>) -> Result<(), Refusal> {
        kernels::map(inputs, output, |[x]| x)
    }

    fn reverse<'t>(&self, _: &Site<'_, 't, F>, _: Var<'t, F>) -> Cotangents<'t, F> {
        [Derivative::None].into_iter().collect()
    }

    fn tangent<'t>(&self, _: &Site<'_, 't, F>, _: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        Derivative::None
    }

    fn view(&self, input: &Layout) -> Option<Layout> {
        Some(input.clone())
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::REALS])
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The same value as a constant of the derivative: nothing flows back through it.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(3.0);
    /// let y = x * x.stop_gradient(); // the second factor counts as the number 3
    /// assert_eq!(y.backward().unwrap().item(x).unwrap(), 3.0);
    /// ```
    #[track_caller]
    pub fn stop_gradient(self) -> Self {
        self.apply(&StopGradient)
    }
}
