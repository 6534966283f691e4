//! A learning rate that changes in the course of the training.

use super::{Optimizer, Position, Update};
use autodiff::{Real, Var};
use std::fmt;

/// Multiplies the learning rate of the inner optimizer by a factor for every point of the training: decay, warm-up.
///
/// ```
/// use nn::{Adam, Optimizer, Position, Scheduled};
/// // A tenth less with every epoch, after a warm-up over a hundred steps.
/// let factor = |at: Position| 0.9f64.powf(at.epoch as f64 - 1.0) * (at.step as f64 / 100.0).min(1.0);
/// let optimizer = Scheduled::new(factor, Adam::new(0.01));
/// assert_eq!(Optimizer::<f64>::rate(&optimizer, Position { step: 50, epoch: 1 }), 0.005);
/// ```
///
/// The function is asked in every step: the rate is an input of the recorded step. A factor of 0 leaves the parameters as
/// they are, in a last epoch or to estimate the running averages of a model; a negative one, and one that is not finite, is
/// refused.
#[derive(Clone, Copy)]
pub struct Scheduled<C, O> {
    factor: C,
    optimizer: O,
}

impl<C: Fn(Position) -> f64, O> Scheduled<C, O> {
    /// Multiplies the learning rate of `optimizer` by `factor`.
    pub fn new(factor: C, optimizer: O) -> Self {
        Scheduled { factor, optimizer }
    }
}

impl<F: Real, C: Fn(Position) -> f64, O: Optimizer<F>> Optimizer<F> for Scheduled<C, O> {
    fn rate(&self, at: Position) -> f64 {
        (self.factor)(at) * self.optimizer.rate(at)
    }

    fn update<'t>(&self, update: &mut Update<'t, F>) -> Vec<Var<'t, F>> {
        self.optimizer.update(update)
    }

    fn largest_gradient(&self) -> Option<F> {
        self.optimizer.largest_gradient()
    }
}

impl<C, O: fmt::Debug> fmt::Debug for Scheduled<C, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scheduled {{ optimizer: {:?} }}", self.optimizer)
    }
}
