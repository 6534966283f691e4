//! Minimisers of a loss over a whole data set, which look at it along lines: no recurrence of a step.

mod function;
mod lbfgs;
mod line_search;
mod newton_cg;

pub use lbfgs::Lbfgs;
pub use newton_cg::NewtonCg;

/// What a minimiser found.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Minimum {
    /// The loss at the start and after every step.
    pub losses: Vec<f64>,
    /// The largest magnitude in the gradient at the end.
    pub gradient: f64,
    /// How often loss and gradient were computed.
    pub evaluations: usize,
    /// How often the Hessian was multiplied by a vector.
    pub products: usize,
    /// Why it ended.
    pub end: End,
}

impl Minimum {
    /// The loss at the end.
    pub fn loss(&self) -> f64 {
        self.losses.last().copied().unwrap_or(f64::NAN)
    }
}

/// Why a minimiser ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum End {
    /// No number of the gradient is larger than the tolerance.
    Converged,
    /// The steps it may make were made.
    Steps,
    /// Along the last direction no step makes the loss smaller, as far as rounding lets one tell.
    NoDescent,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// a + t·b.
fn along(a: &[f64], t: f64, b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + t * b).collect()
}

fn largest(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |largest, x| x.abs().max(largest))
}
