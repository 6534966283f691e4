//! Gradient descent.

use super::settings::positive;
use super::{ParameterState, Position, Recurrence, Schedule, far_from_largest};
use autodiff::{Real, Var};

/// Gradient descent on mini-batches: w ← w − α·g.
///
/// With a rate that is too large the loss grows from step to step, which is no error as long as all numbers are finite: look at
/// its curve, and try a tenth of the rate.
///
/// ```
/// let sgd = nn::Sgd::new(0.1);
/// assert_eq!(sgd.rate, 0.1);
/// ```
///
/// Source: Matt R, *Neural Networks* (June 2022), §1.1; Algorithm 1 of Anderson Chau, lecture notes on vectorised
/// backpropagation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sgd {
    /// The learning rate α, above 0.
    pub rate: f64,
}

impl Sgd {
    /// Descent at the learning rate α = `rate`.
    pub fn new(rate: f64) -> Self {
        Sgd { rate }
    }
}

impl Recurrence for Sgd {
    fn rate(&self, _: Position) -> f64 {
        self.rate
    }

    fn update<'t, F: Real>(
        &self,
        w: Var<'t, F>,
        g: Var<'t, F>,
        _: &mut ParameterState<'t, '_, F>,
        now: Schedule<'t, F>,
    ) -> Var<'t, F> {
        match positive("rate", self.rate) {
            Ok(()) => w - now.rate * g,
            Err(mismatch) => w.tape().refuse("Sgd", &[], mismatch),
        }
    }

    fn largest_gradient<F: Real>(&self) -> Option<F> {
        far_from_largest()
    }
}
