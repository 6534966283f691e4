//! The length of a vector of two coordinates.

use super::hypot_slope::HypotSlope;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample, Signature};
use crate::tape::var::{Var, VarOrNumber};

/// y = √(a² + b²)
#[derive(Debug)]
pub struct Hypot;

impl<F: Real> Primitive<F> for Hypot {
    fn name(&self) -> &'static str {
        "hypot"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = √(a² + b²)"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[a, b]| a.hypot(b))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        Partial::Times(at.x(i).broadcasting(&HypotSlope, at.x(1 - i)))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Hypot).sampled(|generator| Sample::elementwise(&Hypot, generator, &[Domain::REALS, Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// √(a² + b²), elementwise, also where the squares leave the range of the numbers; broadcasting as NumPy does.
    ///
    /// The slopes are a/y and b/y; 0 where both are 0, as of [`norm`](Self::norm).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (a, b) = (tape.input(3e200), tape.input(4e200));
    /// assert!((a.hypot(b).item().unwrap() / 5e200 - 1.0).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn hypot(self, other: impl VarOrNumber<'t, F>) -> Self {
        self.broadcasting(&Hypot, other.on(self))
    }
}
