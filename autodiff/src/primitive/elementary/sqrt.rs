//! The square root.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Notation, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = √x
#[derive(Debug)]
pub struct Sqrt;

impl<F: Real> Primitive<F> for Sqrt {
    fn name(&self) -> &'static str {
        "sqrt"
    }

    fn formula(&self) -> &'static str {
        "y = √x"
    }

    fn notation(&self) -> Notation {
        Notation::Prefix("√")
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.sqrt())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Over(at.y() * 2.0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Sqrt).sampled(|generator| Sample::elementwise(&Sqrt, generator, &[Domain::POSITIVE]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The square root, elementwise: yᵢ = √xᵢ; NaN below 0.
    ///
    /// The slope at 0 is 1/(2·0) = +∞.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(9.0);
    /// assert_eq!(x.sqrt().item().unwrap(), 3.0);
    /// ```
    #[track_caller]
    pub fn sqrt(self) -> Self {
        self.apply(&Sqrt)
    }
}
