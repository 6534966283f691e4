//! AdamW.

use super::settings::{not_negative, positive, weight_of_past};
use super::{Adam, ParameterState, Position, Recurrence, Schedule, adam};
use autodiff::{Real, Var};

/// Adam with decoupled weight decay:
///
/// - w ← w⁺ − α·λ·w, where w⁺ is what [`Adam`](crate::Adam) makes of w.
///
/// The decay is that of every parameter. [`Groups`](crate::Groups) around Adam leaves some out, such as biases.
///
/// ```
/// let adam_w = nn::AdamW::new(0.001);
/// assert_eq!(adam_w.decay, 0.01);
/// ```
///
/// It names no limit of gradients where λ is not 0: with a large rate, α·λ·w alone leaves the range of the numbers.
///
/// Source: Loshchilov & Hutter, "Decoupled Weight Decay Regularization" (2019), Algorithm 2, with α in place of the
/// paper's α·η.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AdamW {
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

impl AdamW {
    /// AdamW at the learning rate α = `rate`, with β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, λ = 0.01.
    pub fn new(rate: f64) -> Self {
        AdamW { rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.01 }
    }
}

impl Recurrence for AdamW {
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
            return w.tape().refuse("AdamW", &[], mismatch);
        }
        let AdamW { rate, beta1, beta2, epsilon, decay } = *self;
        let adam = Adam { rate, beta1, beta2, epsilon, ..Adam::new(rate) };
        let after = adam.update(w, g, state, now);
        after - now.rate * decay * w
    }

    /// As Adam's, if there is no decay.
    fn largest_gradient<F: Real>(&self) -> Option<F> {
        if self.decay == 0.0 { adam::largest_gradient(self.epsilon) } else { None }
    }
}
