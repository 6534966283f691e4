//! The Euclidean norm.

use super::axes::Reduction;
use super::sum::Sum;
use crate::base::attributes::Attributes;
use crate::base::axis::Axes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{Call, Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Tangents};
use crate::tape::var::Var;
use std::sync::Arc;

/// y = √Σ x² over axes
#[derive(Debug)]
pub struct Norm(Reduction);

impl Norm {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Norm(Reduction::parse(attributes)?))
    }

    /// The unit vector x/y, which never leaves the range of the numbers as x²/y² would; 0 where x is.
    fn direction<'t, F: Real>(&self, at: &RuleContext<'_, 't, F>) -> Var<'t, F> {
        at.divided(at.x(0), self.0.spread(at.y(), &at.shape(0)))
    }
}

impl<F: Real> Primitive<F> for Norm {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn formula(&self) -> &'static str {
        "y = √Σ x² over axes"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        self.0.shape(inputs)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::norm_over(call.x(0)?, &self.0.axes, call.y(0)?);
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.scaled(self.0.spread(at.dy(), &at.shape(0)), self.direction(at)))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| at.scaled(dx, self.direction(at)).apply(Arc::new(Sum::over(self.0.clone()))))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    let example = Norm(Reduction { axes: vec![0], keep: false });
    Entry::new(Arc::new(example), |a| Ok(Arc::new(Norm::parse(a)?).into()))
        .sampled(|generator| Reduction::sample_of(generator, Domain::REALS, Norm))
}

impl<'t, F: Real> Var<'t, F> {
    /// The Euclidean norm over `axes`, which are removed: √Σ x², also where the squares leave the range of the numbers. Its
    /// slope at the zero vector is 0, the least subgradient.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([3e200, 4e200]);
    /// assert!((x.norm(..).item().unwrap() / 5e200 - 1.0).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn norm(self, axes: impl Into<Axes>) -> Self {
        self.over(axes, false, Norm)
    }

    /// As [`norm`](Self::norm), but the axes stay, with length 1.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[3.0, 4.0], [0.0, 2.0]]);
    /// let unit = x / x.norm_keep(-1);
    /// assert_eq!(unit.value().unwrap(), ndarray::array![[0.6, 0.8], [0.0, 1.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn norm_keep(self, axes: impl Into<Axes>) -> Self {
        self.over(axes, true, Norm)
    }
}
