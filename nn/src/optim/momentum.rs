//! Gradient descent with momentum.

use super::settings::{positive, weight_of_past};
use super::{ParameterState, Position, Recurrence, Schedule, far_from_largest};
use autodiff::{Real, Var};

/// Gradient descent along an exponential moving average of the gradients, without bias correction:
///
/// - v ← β·v + (1 − β)·g, from v = 0;
/// - w ← w − α·v.
///
/// ```
/// let momentum = nn::Momentum::new(0.1);
/// assert_eq!((momentum.rate, momentum.beta), (0.1, 0.9));
/// ```
///
/// Source: Matt R, *Neural Networks* (March 2022), §7.2. The form v ← β·v + g of other libraries is
/// [`HeavyBall`](crate::HeavyBall), at the rate α·(1 − β).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Momentum {
    /// The learning rate α, above 0.
    pub rate: f64,
    /// The weight β of the past, in [0, 1).
    pub beta: f64,
}

impl Momentum {
    /// Momentum at the learning rate α = `rate`, with β = 0.9.
    pub fn new(rate: f64) -> Self {
        Momentum { rate, beta: 0.9 }
    }
}

impl Recurrence for Momentum {
    fn rate(&self, _: Position) -> f64 {
        self.rate
    }

    fn update<'t, F: Real>(
        &self,
        w: Var<'t, F>,
        g: Var<'t, F>,
        state: &mut ParameterState<'t, '_, F>,
        now: Schedule<'t, F>,
    ) -> Var<'t, F> {
        if let Err(mismatch) = positive("rate", self.rate).and(weight_of_past("beta", self.beta)) {
            return w.tape().refuse("Momentum", &[], mismatch);
        }
        let v = state.update("v", |v| v * self.beta + g * (1.0 - self.beta));
        w - now.rate * v
    }

    fn largest_gradient<F: Real>(&self) -> Option<F> {
        far_from_largest()
    }
}
