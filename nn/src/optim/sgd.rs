//! Gradient descent.

use super::{Optimizer, Pace, Slot};
use autodiff::{Real, Var};

/// Gradient descent on mini-batches: w ← w − α·g.
///
/// ```
/// use nn::Optimizer;
/// let sgd = nn::Sgd::new(0.1);
/// assert_eq!(Optimizer::<f64>::rate(&sgd, 1), 0.1);
/// ```
///
/// Source: Matt R, *Neural Networks* (June 2022), §1.1; Algorithm 1 of Anderson Chau, lecture notes on vectorised
/// backpropagation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sgd {
    /// The learning rate α.
    pub rate: f64,
}

impl Sgd {
    /// Descent at the learning rate α = `rate`.
    pub fn new(rate: f64) -> Self {
        Sgd { rate }
    }
}

impl<F: Real> Optimizer<F> for Sgd {
    fn rate(&self, _: u64) -> f64 {
        self.rate
    }

    fn update<'t>(&self, w: Var<'t, F>, g: Var<'t, F>, _: &mut Slot<'t, '_, F>, at: Pace<'t, F>) -> Var<'t, F> {
        w - at.rate * g
    }
}
