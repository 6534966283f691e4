//! NAdam.

use super::settings::{not_negative, positive, weight_of_past};
use super::{ParameterState, Position, Recurrence, Schedule, adam};
use autodiff::{Real, Var};

/// Adam with Nesterov's momentum:
///
/// - m ← β₁·m + (1 − β₁)·g and v ← β₂·v + (1 − β₂)·g², from 0;
/// - μₜ = β₁·(1 − ½·0.96^(ψt)), at step t = 1, 2, …, and Pₜ = μ₁·μ₂ ⋯ μₜ;
/// - w ← w − α·(μₜ₊₁/(1 − Pₜ₊₁)·m + (1 − μₜ)/(1 − Pₜ)·g) / (√v̂ + ε), with v̂ = v / (1 − β₂ᵗ).
///
/// The array `c` of its state is 1 − Pₜ, one number for each parameter.
///
/// ```
/// assert_eq!(nn::NAdam::new(0.002).psi, 0.004);
/// ```
///
/// Source: Dozat, "Incorporating Nesterov Momentum into Adam" (2016), with the schedule of its §4.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct NAdam {
    /// The learning rate α, above 0.
    pub rate: f64,
    /// The weight β₁ of the past in the mean of the gradients, in [0, 1).
    pub beta1: f64,
    /// The weight β₂ of the past in the mean of their squares, in [0, 1).
    pub beta2: f64,
    /// What keeps the quotient finite, not negative.
    pub epsilon: f64,
    /// The speed ψ at which the momentum comes up to β₁, not negative.
    pub psi: f64,
}

impl NAdam {
    /// NAdam at the learning rate α = `rate`, with β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, ψ = 0.004.
    pub fn new(rate: f64) -> Self {
        NAdam { rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, psi: 0.004 }
    }
}

impl Recurrence for NAdam {
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
            .and(not_negative("epsilon", self.epsilon))
            .and(not_negative("psi", self.psi));
        if let Err(mismatch) = settings {
            return w.tape().refuse("NAdam", &[], mismatch);
        }
        let [m, v] = adam::moments(g, state, [self.beta1, self.beta2]);
        let momentum = |step: Var<'t, F>| self.beta1 * (1.0 - 0.5 * (step * (self.psi * 0.96f64.ln())).exp());
        let (mu, next) = (momentum(now.step), momentum(now.step + 1.0));
        // 1 − P·μ of c = 1 − P, which keeps its digits where P is nearly 1.
        let times = |c: Var<'t, F>, mu: Var<'t, F>| c * mu + (1.0 - mu);
        let c = state.number("c", |c| times(c, mu));
        let d = m * (next / times(c, next)) + g * ((1.0 - mu) / c);
        let v_hat = v * adam::correction(self.beta2, now.step);
        w - now.rate * d / (v_hat.sqrt() + self.epsilon)
    }

    /// As [`Adam`](crate::Adam)'s.
    fn largest_gradient<F: Real>(&self) -> Option<F> {
        adam::largest_gradient(self.epsilon)
    }
}
