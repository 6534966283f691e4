//! Adadelta.

use super::settings::{positive, weight_of_past};
use super::{ParameterState, Position, Recurrence, Schedule};
use autodiff::{Real, Var};

/// Adagrad with averages in place of sums, and steps in the unit of the parameters:
///
/// - s ← ρ·s + (1 − ρ)·g², from s = 0;
/// - d = g·√(u + ε) / √(s + ε);
/// - u ← ρ·u + (1 − ρ)·d², from u = 0;
/// - w ← w − α·d.
///
/// It names no limit of gradients: u may grow with each of its steps.
///
/// ```
/// let adadelta = nn::Adadelta::new();
/// assert_eq!((adadelta.rate, adadelta.rho, adadelta.epsilon), (1.0, 0.9, 1e-6));
/// ```
///
/// Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012), Algorithm 1, which has α = 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Adadelta {
    /// The learning rate α, above 0; 1 in the paper.
    pub rate: f64,
    /// The weight ρ of the past in both averages, in [0, 1).
    pub rho: f64,
    /// The ε under both roots, above 0: with 0 no step would ever be made.
    pub epsilon: f64,
}

impl Adadelta {
    /// Adadelta with α = 1, ρ = 0.9, ε = 10⁻⁶.
    pub fn new() -> Self {
        Adadelta { rate: 1.0, rho: 0.9, epsilon: 1e-6 }
    }
}

impl Recurrence for Adadelta {
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
        let settings =
            positive("rate", self.rate).and(weight_of_past("rho", self.rho)).and(positive("epsilon", self.epsilon));
        if let Err(mismatch) = settings {
            return w.tape().refuse("Adadelta", &[], mismatch);
        }
        let s = state.update("s", |s| s * self.rho + g.square() * (1.0 - self.rho));
        let mut d = g;
        state.update("u", |u| {
            d = g * ((u + self.epsilon).sqrt() / (s + self.epsilon).sqrt());
            u * self.rho + d.square() * (1.0 - self.rho)
        });
        w - now.rate * d
    }
}

impl Default for Adadelta {
    fn default() -> Self {
        Adadelta::new()
    }
}
