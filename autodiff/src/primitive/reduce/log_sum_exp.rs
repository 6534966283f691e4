//! The logarithm of a sum of exponentials: a smooth maximum.

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

/// y = log Σ exp x over axes
#[derive(Debug)]
pub struct LogSumExp(Reduction);

impl LogSumExp {
    pub(in crate::primitive) fn example() -> Self {
        LogSumExp(Reduction { axes: vec![0], keep: false })
    }

    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(LogSumExp(Reduction::parse(attributes)?))
    }
}

impl<F: Real> Primitive<F> for LogSumExp {
    fn name(&self) -> &'static str {
        "log_sum_exp"
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn formula(&self) -> &'static str {
        "y = log Σ exp x over axes"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        self.0.shape(inputs)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::log_sum_exp_over(call.x(0)?, &self.0.axes, call.y(0)?);
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.scaled(self.0.spread(at.dy(), &at.shape(0)), self.weights(at)))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| at.scaled(dx, self.weights(at)).apply(Arc::new(super::sum::Sum::over(self.0.clone()))))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(LogSumExp::example()), |a| Ok(Arc::new(LogSumExp::parse(a)?).into()))
        .sampled(|generator| Reduction::sample_of(generator, Domain::between(-1e3, 1e3), LogSumExp))
}

impl LogSumExp {
    /// The softmax of x over the axes: exp(x − y) would lack the digits that y has lost.
    fn weights<'t, F: Real>(&self, at: &RuleContext<'_, 't, F>) -> Var<'t, F> {
        let (x, shape, axes) = (at.x(0), at.shape(0), &self.0.axes);
        if let [axis] = axes[..] {
            return x.softmax(axis);
        }
        // The axes as one, behind the others.
        let order: Vec<usize> = (0..shape.rank()).filter(|i| !axes.contains(i)).chain(axes.iter().copied()).collect();
        let length: usize = axes.iter().filter_map(|i| shape.get(*i)).product();
        let others: usize = order.iter().filter(|i| !axes.contains(i)).filter_map(|i| shape.get(*i)).product();
        let moved: Shape = order.iter().filter_map(|i| shape.get(*i).copied()).collect::<Vec<_>>().into();
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, from)| back.iter_mut().skip(*from).take(1).for_each(|i| *i = to));
        x.permute(order).reshape([others, length]).softmax(1).reshape(moved).permute(back)
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// log Σ exp x over `axes`, which are removed, without overflow; −∞ where all elements are −∞.
    ///
    /// Its gradient is the softmax: 0 where all elements are −∞, and shared equally by elements at +∞.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.log_sum_exp(..).item().unwrap();
    /// assert!((y - (1f64.exp() + 2f64.exp() + 3f64.exp() + 4f64.exp()).ln()).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn log_sum_exp(self, axes: impl Into<Axes>) -> Self {
        self.over(axes, false, LogSumExp)
    }

    /// As [`log_sum_exp`](Self::log_sum_exp), but the axes stay, with length 1, so that the result broadcasts against `self`.
    #[track_caller]
    pub fn log_sum_exp_keep(self, axes: impl Into<Axes>) -> Self {
        self.over(axes, true, LogSumExp)
    }
}
