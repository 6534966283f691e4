//! Adagrad.

use super::settings::{not_negative, positive};
use super::{ParameterState, Position, Recurrence, Schedule};
use autodiff::{Real, Var};

/// Gradient descent with a rate for every number, which falls with the squares of its gradients so far:
///
/// - s ← s + g², from s = 0;
/// - w ← w − α/(1 + η·(t − 1))·g / (√s + ε), at step t = 1, 2, ….
///
/// ```
/// let adagrad = nn::Adagrad { decay: 0.01, ..nn::Adagrad::new(0.1) };
/// assert_eq!(adagrad.epsilon, 1e-10);
/// ```
///
/// Source: Duchi, Hazan & Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization" (2011),
/// §1.3, diagonal form; the decay of the rate is that of PyTorch.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Adagrad {
    /// The learning rate α, above 0.
    pub rate: f64,
    /// The decay η of the rate, not negative; 0 unless said otherwise.
    pub decay: f64,
    /// What keeps the quotient finite, not negative.
    pub epsilon: f64,
}

impl Adagrad {
    /// Adagrad at the learning rate α = `rate`, with η = 0 and ε = 10⁻¹⁰.
    pub fn new(rate: f64) -> Self {
        Adagrad { rate, decay: 0.0, epsilon: 1e-10 }
    }
}

impl Recurrence for Adagrad {
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
        let settings = positive("rate", self.rate)
            .and(not_negative("decay", self.decay))
            .and(not_negative("epsilon", self.epsilon));
        if let Err(mismatch) = settings {
            return w.tape().refuse("Adagrad", &[], mismatch);
        }
        let s = state.update("s", |s| s + g.square());
        let rate = match self.decay {
            0.0 => now.rate,
            decay => now.rate / (1.0 + decay * (now.step - 1.0)),
        };
        w - rate * g / (s.sqrt() + self.epsilon)
    }

    /// A million squares g² add up to a finite number; and without an ε, 0/0 is possible.
    fn largest_gradient<F: Real>(&self) -> Option<F> {
        F::of(self.epsilon).is_normal().then(|| F::max_value().sqrt() / F::of(2e3))
    }
}
