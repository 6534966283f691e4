//! The tangent.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = tan x
#[derive(Debug)]
pub struct Tan;

impl<F: Real> Primitive<F> for Tan {
    fn name(&self) -> &'static str {
        "tan"
    }

    fn formula(&self) -> &'static str {
        "y = tan x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.tan())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.y() * at.y() + 1.0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Tan).sampled(|generator| Sample::elementwise(&Tan, generator, &[Domain::between(-1.5, 1.5)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The tangent, elementwise, of angles in radians: sin x/cos x. The slope is 1 + tan² x.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.tan().item().unwrap(), 0.0);
    /// ```
    #[track_caller]
    pub fn tan(self) -> Self {
        self.apply(&Tan)
    }
}
