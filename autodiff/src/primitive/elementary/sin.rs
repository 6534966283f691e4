//! The sine.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = sin x
#[derive(Debug)]
pub struct Sin;

impl<F: Real> Primitive<F> for Sin {
    fn name(&self) -> &'static str {
        "sin"
    }

    fn formula(&self) -> &'static str {
        "y = sin x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.sin())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0).cos())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Sin).sampled(|generator| Sample::elementwise(&Sin, generator, &[Domain::between(-1e3, 1e3)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The sine, elementwise, of angles in radians: yᵢ = sin xᵢ.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.sin().item().unwrap(), 0.0);
    /// ```
    #[track_caller]
    pub fn sin(self) -> Self {
        self.apply(&Sin)
    }
}
