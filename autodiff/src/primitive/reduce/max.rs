//! The largest element along axes.

use super::axes::Reduction;
use crate::base::attributes::Attributes;
use crate::base::axis::Axes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{Call, Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Tangents};
use crate::tape::var::Var;
use std::sync::Arc;

/// y = max x over axes
#[derive(Debug)]
pub struct Max(Reduction);

impl Max {
    pub(in crate::primitive) fn example() -> Self {
        Max(Reduction { axes: vec![0], keep: false })
    }

    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Max(Reduction::parse(attributes)?))
    }
}

impl<F: Real> Primitive<F> for Max {
    fn name(&self) -> &'static str {
        "max"
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn formula(&self) -> &'static str {
        "y = max x over axes"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let shape = self.0.shape(inputs)?;
        match inputs.iter().any(|x| x.size() == 0 && shape.size() > 0) {
            true => Err(Mismatch::new("the largest of no elements")),
            false => Ok(shape),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::max_over(call.x(0)?, &self.0.axes, call.y(0)?);
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| {
            let (largest, count) = self.largest(at);
            let kept = Reduction { keep: true, ..self.0.clone() };
            let dy = at.dy().reshape(count.shape().unwrap_or_default());
            kept.spread(dy / count, &at.shape(0)).masked(largest)
        })
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| {
            let (largest, count) = self.largest(at);
            let sum = dx.masked(largest).apply(Arc::new(super::sum::Sum::over(self.0.clone())));
            // Nothing equals a NaN, and 0/0 is 0 here as it is in the reverse rule.
            at.divided(sum, count.reshape(at.y().shape().unwrap_or_default()))
        })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Max::example()), |a| Ok(Arc::new(Max::parse(a)?).into()))
        .sampled(|generator| Reduction::sample_of(generator, Domain::REALS, Max))
}

impl Max {
    /// Which elements are largest, and how many of them there are, with the axes kept: elements that tie share the cotangent.
    fn largest<'t, F: Real>(&self, at: &RuleContext<'_, 't, F>) -> (Var<'t, F>, Var<'t, F>) {
        let largest = at.x(0).eq(self.0.spread(at.y(), &at.shape(0)));
        let kept = Reduction { keep: true, ..self.0.clone() };
        // Counted through `select`, whose condition has derivative zero: a comparison has none.
        let ones = largest.select(1.0, at.zeros(0));
        (largest, ones.apply(Arc::new(super::sum::Sum::over(kept))))
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The largest element over `axes`, which are removed; NaN if there is one among them.
    ///
    /// Elements that tie for the largest share the cotangent equally.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.max(0).value().unwrap(), ndarray::array![3.0, 4.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn max(self, axes: impl Into<Axes>) -> Self {
        self.over(axes, false, Max)
    }

    /// As [`max`](Self::max), but the axes stay, with length 1, so that the result broadcasts against `self`.
    #[track_caller]
    pub fn max_keep(self, axes: impl Into<Axes>) -> Self {
        self.over(axes, true, Max)
    }
}
