//! Nesterov's accelerated gradient.

use super::settings::{positive, weight_of_past};
use super::{ParameterState, Position, Recurrence, Schedule, far_from_largest};
use autodiff::{Real, Var};

/// Gradient descent with Nesterov's momentum, which looks ahead by one step of momentum:
///
/// - v ← β·v + g, from v = 0;
/// - w ← w − α·(g + β·v).
///
/// ```
/// let nesterov = nn::Nesterov { beta: 0.95, ..nn::Nesterov::new(0.01) };
/// assert_eq!(nesterov.rate, 0.01);
/// ```
///
/// Source: Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)" (1983), in the form of
/// Bengio, Boulanger-Lewandowski & Pascanu, "Advances in Optimizing Recurrent Networks" (2013), §3.5, where the parameters
/// are those that the gradient is taken at.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Nesterov {
    /// The learning rate α, above 0.
    pub rate: f64,
    /// The weight β of the past, in [0, 1).
    pub beta: f64,
}

impl Nesterov {
    /// Nesterov's momentum at the learning rate α = `rate`, with β = 0.9.
    pub fn new(rate: f64) -> Self {
        Nesterov { rate, beta: 0.9 }
    }
}

impl Recurrence for Nesterov {
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
            return w.tape().refuse("Nesterov", &[], mismatch);
        }
        let v = state.update("v", |v| v * self.beta + g);
        w - now.rate * (g + v * self.beta)
    }

    /// v and g + β·v are at most g/(1 − β).
    fn largest_gradient<F: Real>(&self) -> Option<F> {
        far_from_largest::<F>().map(|g| g * F::of(1.0 - self.beta))
    }
}
