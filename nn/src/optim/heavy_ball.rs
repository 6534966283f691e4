//! Gradient descent with momentum that sums.

use super::settings::{positive, weight_of_past};
use super::{ParameterState, Position, Recurrence, Schedule, far_from_largest};
use autodiff::{Real, Var};

/// Gradient descent with classical momentum:
///
/// - v ← β·v + g, from v = 0;
/// - w ← w − α·v.
///
/// [`Momentum`](crate::Momentum) averages instead of summing: this one at the rate α is that one at α/(1 − β).
///
/// ```
/// let heavy = nn::HeavyBall::new(0.01);
/// assert_eq!((heavy.rate, heavy.beta), (0.01, 0.9));
/// ```
///
/// Source: Polyak, "Some methods of speeding up the convergence of iteration methods" (1964), in the form of Sutskever,
/// Martens, Dahl & Hinton, "On the importance of initialization and momentum in deep learning" (2013), with the rate outside
/// of v.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HeavyBall {
    /// The learning rate α, above 0.
    pub rate: f64,
    /// The weight β of the past, in [0, 1).
    pub beta: f64,
}

impl HeavyBall {
    /// Classical momentum at the learning rate α = `rate`, with β = 0.9.
    pub fn new(rate: f64) -> Self {
        HeavyBall { rate, beta: 0.9 }
    }
}

impl Recurrence for HeavyBall {
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
        let settings = positive("rate", self.rate).and(weight_of_past("beta", self.beta));
        if let Err(mismatch) = settings {
            return w.tape().refuse("HeavyBall", &[], mismatch);
        }
        let v = state.update("v", |v| v * self.beta + g);
        w - now.rate * v
    }

    /// v is at most g/(1 − β).
    fn largest_gradient<F: Real>(&self) -> Option<F> {
        far_from_largest::<F>().map(|g| g * F::of(1.0 - self.beta))
    }
}
