//! The cosine.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, Tangents};
use crate::tape::var::Var;

/// y = cos x
#[derive(Debug)]
pub struct Cos;

impl<F: Real> Primitive<F> for Cos {
    fn name(&self) -> &'static str {
        "cos"
    }

    fn formula(&self) -> &'static str {
        "y = cos x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.cos())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| -at.scaled(at.dy(), at.x(0).sin()))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| -at.scaled(dx, at.x(0).sin()))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Cos).sampled(|generator| Sample::elementwise(&Cos, generator, &[Domain::between(-1e3, 1e3)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The cosine, elementwise, of angles in radians: yᵢ = cos xᵢ.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.cos().item().unwrap(), 1.0);
    /// ```
    #[track_caller]
    pub fn cos(self) -> Self {
        self.apply(&Cos)
    }
}
