//! The exponential to base two.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = 2ˣ
#[derive(Debug)]
pub struct Exp2;

impl<F: Real> Primitive<F> for Exp2 {
    fn name(&self) -> &'static str {
        "exp2"
    }

    fn formula(&self) -> &'static str {
        "y = 2ˣ"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.exp2())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.y() * std::f64::consts::LN_2)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Exp2).sampled(|generator| Sample::elementwise(&Exp2, generator, &[Domain::between(-100.0, 100.0)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// 2ˣ, elementwise. The slope is 2ˣ·log 2.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(3.0);
    /// assert_eq!(x.exp2().item().unwrap(), 8.0);
    /// ```
    #[track_caller]
    pub fn exp2(self) -> Self {
        self.apply(&Exp2)
    }
}
