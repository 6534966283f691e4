//! The sum over axes.

use super::axes::Reduction;
use crate::base::attributes::Attributes;
use crate::base::axis::Axes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::kernels;
use crate::primitive::{Call, Cotangents, Domain, Entry, Facts, Kernel, Primitive, RuleContext, Tangents};
use crate::tape::var::Var;
use std::sync::Arc;

/// y = Σ x over axes
#[derive(Debug)]
pub struct Sum(Reduction);

impl Sum {
    pub(in crate::primitive) fn example() -> Self {
        Sum(Reduction { axes: vec![0], keep: false })
    }

    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Sum(Reduction::parse(attributes)?))
    }

    pub(in crate::primitive) fn over(reduction: Reduction) -> Self {
        Sum(reduction)
    }
}

impl<F: Real> Primitive<F> for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn formula(&self) -> &'static str {
        "y = Σ x over axes"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        self.0.shape(inputs)
    }

    fn kernel(&self, inputs: &[&Shape]) -> Kernel<F> {
        match inputs {
            [x] if self.0.is_view(x) => Kernel::View,
            [x] if self.0.axes.len() == x.rank() => Kernel::Sum,
            _ => Kernel::general(),
        }
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::sum_over(call.x(0)?, &self.0.axes, call.y(0)?);
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| self.0.spread(at.dy(), &at.shape(0)))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.apply(Arc::new(Sum(self.0.clone()))))
    }

    fn identity(&self, inputs: &[Facts<'_, F>]) -> Option<usize> {
        (inputs.len() == 1 && self.0.axes.is_empty()).then_some(0)
    }

    fn view(&self, input: &Layout) -> Option<Layout> {
        self.0.view(input)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Sum::example()), |a| Ok(Arc::new(Sum::parse(a)?).into()))
        .sampled(|generator| Reduction::sample_of(generator, Domain::REALS, Sum))
}

impl<'t, F: Real> Var<'t, F> {
    /// The sum over `axes`, which are removed: `x.sum(..)` is the sum of all elements. A fixed tree, so that the result depends on
    /// nothing but the numbers ([`kernels::sum`]).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum(0).value().unwrap(), ndarray::array![4.0, 6.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn sum(self, axes: impl Into<Axes>) -> Self {
        self.over(axes, false, Sum)
    }

    /// As [`sum`](Self::sum), but the axes stay, with length 1, so that the result broadcasts against `self`.
    #[track_caller]
    pub fn sum_keep(self, axes: impl Into<Axes>) -> Self {
        self.over(axes, true, Sum)
    }
}
