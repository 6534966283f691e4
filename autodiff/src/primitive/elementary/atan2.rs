//! The angle of a vector.

use super::atan2_slope::Atan2Slope;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample, Signature};
use crate::tape::var::{Var, VarOrNumber};

/// y = the angle of the point (b, a), arctan(a/b) where b > 0
#[derive(Debug)]
pub struct Atan2;

impl<F: Real> Primitive<F> for Atan2 {
    fn name(&self) -> &'static str {
        "atan2"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = the angle of the point (b, a), arctan(a/b) where b > 0"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[a, b]| a.atan2(b))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        let (a, b) = (at.x(0), at.x(1));
        Partial::Times(if i == 0 { b.broadcasting(&Atan2Slope, a) } else { -a.broadcasting(&Atan2Slope, b) })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Atan2).sampled(|generator| {
        Sample::elementwise(
            &Atan2,
            generator,
            &[Domain::between(-1e9, 1e9).at_least(1e-9), Domain::between(-1e9, 1e9).at_least(1e-9)],
        )
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// The angle of the point with ordinate `self` and abscissa `other`, elementwise, in radians between −π and π, where
    /// NumPy's `arctan2` has it; broadcasting as NumPy does.
    ///
    /// The slopes are b/(a² + b²) and −a/(a² + b²), also where the squares leave the range; NaN where both are 0.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (a, b) = (tape.input(1.0), tape.input(-1.0));
    /// assert_eq!(a.atan2(b).item().unwrap(), 3.0 * std::f64::consts::FRAC_PI_4);
    /// ```
    #[track_caller]
    pub fn atan2(self, other: impl VarOrNumber<'t, F>) -> Self {
        self.broadcasting(&Atan2, other.on(self))
    }
}
