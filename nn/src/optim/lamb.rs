//! LAMB.

use super::settings::{not_negative, positive, weight_of_past};
use super::{ParameterState, Position, Recurrence, Schedule, adam};
use autodiff::{Real, Var};

/// Adam's direction, scaled for each parameter to the norm of the parameter:
///
/// - d = m̂ / (√v̂ + ε) + λ·w, with the m̂ and v̂ of [`Adam`](crate::Adam);
/// - w ← w − α·r·d, with r = ‖w‖ / ‖d‖, or r = 1 where one of the two norms is 0.
///
/// A parameter is one array of the model, such as the weights of a layer. It names no limit of gradients: its steps are as
/// large as the parameters.
///
/// ```
/// assert_eq!(nn::Lamb::new(0.01).epsilon, 1e-6);
/// ```
///
/// Source: You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes" (2020), Algorithm 2, with
/// φ(z) = z.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lamb {
    /// The learning rate α, above 0.
    pub rate: f64,
    /// The weight β₁ of the past in the mean of the gradients, in [0, 1).
    pub beta1: f64,
    /// The weight β₂ of the past in the mean of their squares, in [0, 1).
    pub beta2: f64,
    /// What keeps the quotient finite, not negative.
    pub epsilon: f64,
    /// The weight decay λ, not negative.
    pub decay: f64,
}

impl Lamb {
    /// LAMB at the learning rate α = `rate`, with β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁶, λ = 0.01.
    pub fn new(rate: f64) -> Self {
        Lamb { rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-6, decay: 0.01 }
    }
}

impl Recurrence for Lamb {
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
            .and(not_negative("decay", self.decay));
        if let Err(mismatch) = settings {
            return w.tape().refuse("Lamb", &[], mismatch);
        }
        let [m, v] = adam::moments(g, state, [self.beta1, self.beta2]);
        let m_hat = m * adam::correction(self.beta1, now.step);
        let v_hat = v * adam::correction(self.beta2, now.step);
        let d = m_hat / (v_hat.sqrt() + self.epsilon) + self.decay * w;
        let (of_w, of_d) = (w.norm(..), d.norm(..));
        let ratio = of_w.gt(0.0).select(of_d.gt(0.0).select(of_w / of_d, 1.0), 1.0);
        w - now.rate * ratio * d
    }
}
