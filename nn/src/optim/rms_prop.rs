//! RMSProp.

use super::settings::{not_negative, positive, weight_of_past};
use super::{ParameterState, Position, Recurrence, Schedule, far_from_largest};
use autodiff::{Real, Var};

/// Divides the gradient by the root of an average of its squares:
///
/// - s ← ρ·s + (1 − ρ)·g², from s = 0;
/// - centred, a ← ρ·a + (1 − ρ)·g, and s − a² (not below 0) takes the place of s in the quotient;
/// - d = g / (√s + ε);
/// - with momentum β above 0, v ← β·v + d, from v = 0, and v takes the place of d;
/// - w ← w − α·d.
///
/// ```
/// let plain = nn::RmsProp::new(0.01);
/// let other = nn::RmsProp { centred: true, beta: 0.9, ..plain };
/// assert_eq!((plain.rho, plain.beta, plain.epsilon, plain.centred), (0.99, 0.0, 1e-8, false));
/// # let _: &dyn nn::Optimizer<f32> = &other;
/// ```
///
/// Source: Tieleman & Hinton, "Lecture 6.5 – RMSProp", *Neural Networks for Machine Learning* (2012); Matt R, *Neural Networks*
/// (March 2022), §7.3; centred, with momentum: Graves, "Generating Sequences With Recurrent Neural Networks" (2013), eq. 38–41,
/// with ε outside of the root.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RmsProp {
    /// The learning rate α, above 0.
    pub rate: f64,
    /// The weight ρ of the past in the averages, in [0, 1).
    pub rho: f64,
    /// The momentum β, in [0, 1).
    pub beta: f64,
    /// What keeps the quotient finite, not negative.
    pub epsilon: f64,
    /// Whether the variance of the gradient stands in the quotient, in place of its second moment.
    pub centred: bool,
}

impl RmsProp {
    /// RMSProp at the learning rate α = `rate`, with ρ = 0.99, no momentum, ε = 10⁻⁸, not centred.
    pub fn new(rate: f64) -> Self {
        RmsProp { rate, rho: 0.99, beta: 0.0, epsilon: 1e-8, centred: false }
    }
}

impl Recurrence for RmsProp {
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
            .and(weight_of_past("rho", self.rho))
            .and(weight_of_past("beta", self.beta))
            .and(not_negative("epsilon", self.epsilon));
        if let Err(mismatch) = settings {
            return w.tape().refuse("RmsProp", &[], mismatch);
        }
        let mut s = state.update("s", |s| s * self.rho + g.square() * (1.0 - self.rho));
        if self.centred {
            let a = state.update("a", |a| a * self.rho + g * (1.0 - self.rho));
            // Of a gradient that does not change, rounding may leave a variance below 0.
            s = (s - a.square()).maximum(0.0);
        }
        let mut d = g / (s.sqrt() + self.epsilon);
        if self.beta > 0.0 {
            d = state.update("v", |v| v * self.beta + d);
        }
        w - now.rate * d
    }

    /// g² has to be finite, and so has g/ε, which a centred quotient may come to; without an ε, 0/0 is possible.
    fn largest_gradient<F: Real>(&self) -> Option<F> {
        let quotient = far_from_largest::<F>()? * F::of(self.epsilon * (1.0 - self.beta));
        F::of(self.epsilon).is_normal().then(|| quotient.min(F::max_value().sqrt() / F::of(2.0)))
    }
}
