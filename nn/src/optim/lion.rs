//! Lion.

use super::settings::{not_negative, positive, weight_of_past};
use super::{ParameterState, Position, Recurrence, Schedule, far_from_largest};
use autodiff::{Real, Var};

/// The sign of a momentum that is looked at before it is updated:
///
/// - c = β₁·m + (1 − β₁)·g;
/// - w ← w − α·(sign(c) + λ·w), where sign(0) = 0;
/// - m ← β₂·m + (1 − β₂)·g, from m = 0.
///
/// Every number moves by α. A good rate is a third to a tenth of Adam's, and λ as many times larger.
///
/// ```
/// let lion = nn::Lion::new(1e-4);
/// assert_eq!((lion.beta1, lion.beta2, lion.decay), (0.9, 0.99, 0.0));
/// ```
///
/// It names no limit of gradients where λ is not 0: with a large rate, α·λ·w alone leaves the range of the numbers.
///
/// Source: Chen et al., "Symbolic Discovery of Optimization Algorithms" (2023), Program 1 and Algorithm 2.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lion {
    /// The learning rate α, above 0.
    pub rate: f64,
    /// The weight β₁ of the past in the direction of the step, in [0, 1).
    pub beta1: f64,
    /// The weight β₂ of the past in the momentum that is kept, in [0, 1).
    pub beta2: f64,
    /// The weight decay λ, not negative; 0 unless said otherwise.
    pub decay: f64,
}

impl Lion {
    /// Lion at the learning rate α = `rate`, with β₁ = 0.9, β₂ = 0.99, λ = 0.
    pub fn new(rate: f64) -> Self {
        Lion { rate, beta1: 0.9, beta2: 0.99, decay: 0.0 }
    }
}

impl Recurrence for Lion {
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
            .and(not_negative("decay", self.decay));
        if let Err(mismatch) = settings {
            return w.tape().refuse("Lion", &[], mismatch);
        }
        let mut c = g;
        state.update("m", |m| {
            c = m * self.beta1 + g * (1.0 - self.beta1);
            m * self.beta2 + g * (1.0 - self.beta2)
        });
        w - now.rate * (c.sign() + self.decay * w)
    }

    /// Averages of gradients, if there is no decay.
    fn largest_gradient<F: Real>(&self) -> Option<F> {
        if self.decay == 0.0 { far_from_largest() } else { None }
    }
}
