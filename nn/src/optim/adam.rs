//! Adam.

use super::settings::{not_negative, positive, weight_of_past};
use super::{ParameterState, Position, Recurrence, Schedule};
use autodiff::{Real, Var};

/// Adaptive moment estimation:
///
/// - m ← β₁·m + (1 − β₁)·g, from m = 0;
/// - v ← β₂·v + (1 − β₂)·g², from v = 0;
/// - m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ), at step t = 1, 2, …;
/// - w ← w − α·m̂ / (√(v̂ + ε′) + ε).
///
/// ```
/// let adam = nn::Adam { beta2: 0.99, ..nn::Adam::new(0.001) };
/// assert_eq!((adam.beta1, adam.epsilon, adam.epsilon_root), (0.9, 1e-8, 0.0));
/// // Under the root only.
/// let inside = nn::Adam { epsilon: 0.0, epsilon_root: 1e-8, ..adam };
/// # let _: &dyn nn::Optimizer<f32> = &inside;
/// ```
///
/// Source: Kingma & Ba, "Adam: A Method for Stochastic Optimization" (2015), Algorithm 1, where ε′ = 0. The text of Matt R,
/// *Neural Networks* (March 2022), §7.4, has √(v̂ + ε), which is ε = 0 here; its code is the paper's.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Adam {
    /// The learning rate α, above 0. A step changes a number by about α at most, so a rate that is too large gives no number
    /// that is not finite: the loss grows, or does not become small.
    pub rate: f64,
    /// The weight β₁ of the past in the mean of the gradients, in [0, 1).
    pub beta1: f64,
    /// The weight β₂ of the past in the mean of their squares, in [0, 1).
    pub beta2: f64,
    /// The ε beside the root, which keeps the quotient finite, not negative.
    pub epsilon: f64,
    /// The ε′ under the root, not negative; 0 unless said otherwise.
    pub epsilon_root: f64,
}

impl Adam {
    /// Adam at the learning rate α = `rate`, with the paper's β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    pub fn new(rate: f64) -> Self {
        Adam { rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, epsilon_root: 0.0 }
    }
}

impl Recurrence for Adam {
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
            .and(not_negative("epsilon_root", self.epsilon_root));
        if let Err(mismatch) = settings {
            return w.tape().refuse("Adam", &[], mismatch);
        }
        let [m, v] = moments(g, state, [self.beta1, self.beta2]);
        let m_hat = m * correction(self.beta1, now.step);
        let v_hat = v * correction(self.beta2, now.step);
        let under = if self.epsilon_root == 0.0 { v_hat } else { v_hat + self.epsilon_root };
        w - now.rate * m_hat / (under.sqrt() + self.epsilon)
    }

    fn largest_gradient<F: Real>(&self) -> Option<F> {
        largest_gradient(self.epsilon.max(self.epsilon_root))
    }
}

/// The averages m of the gradients and v of their squares, which all relatives of Adam keep.
pub(super) fn moments<'t, F: Real>(
    g: Var<'t, F>,
    state: &mut ParameterState<'t, '_, F>,
    [beta1, beta2]: [f64; 2],
) -> [Var<'t, F>; 2] {
    let m = state.update("m", |m| m * beta1 + g * (1.0 - beta1));
    let v = state.update("v", |v| v * beta2 + g.square() * (1.0 - beta2));
    [m, v]
}

/// g² has to be finite; and without an ε, 0/0 is possible.
pub(super) fn largest_gradient<F: Real>(epsilon: f64) -> Option<F> {
    F::of(epsilon).is_normal().then(|| F::max_value().sqrt() / F::of(2.0))
}

/// 1/(1 − βᵗ), which corrects a moving average that began at 0, as (h − 1)/(2h) for h = tanh(t·log β / 2): it is the same
/// number and keeps its digits in f32 where βᵗ is nearly 1; for β = 0 it is 1. A factor, because processors divide slowly.
pub(super) fn correction<'t, F: Real>(beta: f64, step: Var<'t, F>) -> Var<'t, F> {
    let h = (step * (beta.ln() / 2.0)).tanh();
    (h - 1.0) / (2.0 * h)
}
