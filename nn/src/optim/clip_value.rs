//! Clipping by value.

use super::settings::positive;
use super::{Optimizer, Position, Update};
use autodiff::{Real, Var};

/// Clips every number of every gradient into [−c, c], by itself: g ← min(max(g, −c), c).
///
/// This changes the direction of the gradient, which [`ClipGlobalNorm`](crate::ClipGlobalNorm) does not.
///
/// ```
/// use nn::{ClipValue, OptimizerState, Param, Sgd};
///
/// let mut model = Param::<f64>::new([0.0, 0.0]);
/// let gradients = [("".into(), ndarray::arr1(&[3.0, -0.5]).into_dyn())];
/// OptimizerState::new().apply(&ClipValue::new(1.0, Sgd::new(1.0)), &mut model, &gradients)?;
/// assert_eq!(model.array(), &ndarray::arr1(&[-1.0, 0.5]).into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Mikolov, *Statistical Language Models Based on Neural Networks* (2012), §3.2.2.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ClipValue<O> {
    /// The largest magnitude c that is left as it is, above 0.
    pub limit: f64,
    /// What the clipped gradients go to.
    pub optimizer: O,
}

impl<O> ClipValue<O> {
    /// Clips to ±`limit` what `optimizer` gets.
    pub fn new(limit: f64, optimizer: O) -> Self {
        ClipValue { limit, optimizer }
    }
}

impl<F: Real, O: Optimizer<F>> Optimizer<F> for ClipValue<O> {
    fn rate(&self, at: Position) -> f64 {
        self.optimizer.rate(at)
    }

    fn update<'t>(&self, update: &mut Update<'t, F>) -> Vec<Var<'t, F>> {
        if let Err(mismatch) = positive("limit", self.limit) {
            return update.refuse("ClipValue", mismatch);
        }
        for parameter in &mut update.parameters {
            parameter.gradient = parameter.gradient.clamp(-self.limit, self.limit);
        }
        self.optimizer.update(update)
    }

    /// Clipped gradients are no larger.
    fn largest_gradient(&self) -> Option<F> {
        self.optimizer.largest_gradient()
    }
}
