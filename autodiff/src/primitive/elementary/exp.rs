//! The exponential function.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::Elementwise;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = exp x
#[derive(Debug)]
pub struct Exp;

impl<F: Real> Primitive<F> for Exp {
    fn name(&self) -> &'static str {
        "exp"
    }

    fn formula(&self) -> &'static str {
        "y = exp x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        // Rows of which no exponential comes near an end of the numbers need no care for the ends.
        Kernel::Elementwise(Elementwise::<F>::mostly(
            |x| x.exp_is_normal(),
            |x| x.exponential_if_normal(),
            |x| x.exponential(),
        ))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.y())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Exp).sampled(|generator| Sample::elementwise(&Exp, generator, &[Domain::between(-80.0, 80.0)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The exponential, elementwise: yᵢ = exp xᵢ.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.exp().item().unwrap(), 1.0);
    /// ```
    #[track_caller]
    pub fn exp(self) -> Self {
        self.apply(&Exp)
    }
}
