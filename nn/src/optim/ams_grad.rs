//! AMSGrad.

use super::settings::{not_negative, positive, weight_of_past};
use super::{ParameterState, Position, Recurrence, Schedule, adam};
use autodiff::{Real, Var};

/// Adam whose denominator never falls:
///
/// - m ← β₁·m + (1 − β₁)·g and v ← β₂·v + (1 − β₂)·g², from 0;
/// - u ← max(u, v), from u = 0;
/// - w ← w − α·m̂ / (√û + ε), with m̂ = m / (1 − β₁ᵗ) and û = u / (1 − β₂ᵗ) at step t = 1, 2, ….
///
/// ```
/// assert_eq!(nn::AmsGrad::new(0.001).beta2, 0.999);
/// ```
///
/// Source: Reddi, Kale & Kumar, "On the Convergence of Adam and Beyond" (2018), Algorithm 2, with Adam's corrections of the
/// bias, which the paper leaves out and PyTorch has.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AmsGrad {
    /// The learning rate α, above 0.
    pub rate: f64,
    /// The weight β₁ of the past in the mean of the gradients, in [0, 1).
    pub beta1: f64,
    /// The weight β₂ of the past in the mean of their squares, in [0, 1).
    pub beta2: f64,
    /// What keeps the quotient finite, not negative.
    pub epsilon: f64,
}

impl AmsGrad {
    /// AMSGrad at the learning rate α = `rate`, with β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    pub fn new(rate: f64) -> Self {
        AmsGrad { rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Recurrence for AmsGrad {
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
            .and(weight_of_past("beta1", self.beta1))
            .and(weight_of_past("beta2", self.beta2))
            .and(not_negative("epsilon", self.epsilon));
        if let Err(mismatch) = settings {
            return w.tape().refuse("AmsGrad", &[], mismatch);
        }
        let [m, v] = adam::moments(g, state, [self.beta1, self.beta2]);
        let u = state.update("u", |u| u.maximum(v));
        let m_hat = m * adam::correction(self.beta1, now.step);
        let u_hat = u * adam::correction(self.beta2, now.step);
        w - now.rate * m_hat / (u_hat.sqrt() + self.epsilon)
    }

    /// As [`Adam`](crate::Adam)'s.
    fn largest_gradient<F: Real>(&self) -> Option<F> {
        adam::largest_gradient(self.epsilon)
    }
}
