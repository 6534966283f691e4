//! L-BFGS.

use super::function::Function;
use super::line_search::line_search;
use super::{End, Minimum, along, dot, largest};
use crate::data::Batch;
use crate::error::mismatch;
use crate::module::Module;
use crate::objective::Objective;
use autodiff::{Real, Result};
use std::collections::VecDeque;

/// The quasi-Newton method of Broyden, Fletcher, Goldfarb and Shanno with limited memory: descent along −H·∇f, where H is the
/// inverse Hessian as the last m steps s and changes y of the gradient tell it, by a line search with the conditions of Wolfe.
///
/// It minimises the loss over a whole data set, as [`evaluate`](crate::evaluate) computes it: without dropout, and with buffers
/// as they are.
///
/// ```
/// use nn::{Dataset, Dense, Init, Lbfgs, Random, loss};
///
/// let data = Dataset::<f64>::valued([[1.0], [2.0], [3.0]], [[3.0], [5.0], [7.0]])?;
/// let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0));
/// let minimum = Lbfgs::new().minimize(&mut model, loss::mean_squared, &data)?;
/// assert!(minimum.loss() < 1e-12 && minimum.losses.len() < 20);
/// assert!((model.weight().array().sum() - 2.0).abs() < 1e-5);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Liu & Nocedal, "On the limited memory BFGS method for large scale optimization" (1989); Nocedal & Wright, *Numerical
/// Optimization* (2006), Algorithms 7.4 and 7.5.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lbfgs {
    /// The number m of steps that are remembered, at least 1.
    pub memory: usize,
    /// The most steps that are made.
    pub steps: usize,
    /// It has converged where no number of the gradient is larger.
    pub tolerance: f64,
}

impl Lbfgs {
    /// With ten steps remembered, at most 1,000 made, and a tolerance of 10⁻⁶.
    pub fn new() -> Self {
        Lbfgs { memory: 10, steps: 1000, tolerance: 1e-6 }
    }

    /// Changes the parameters of `model` that are trained to where the loss on `data` is least nearby.
    ///
    /// # Errors
    /// As [`evaluate`](crate::evaluate) at the start; the reason of a parameter that no gradient reaches;
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if a setting makes no sense, there is no parameter to train, or the
    /// model reads numbers while it is recorded. Then nothing was changed.
    #[track_caller]
    pub fn minimize<F: Real, M: Module<F>, K>(
        &self,
        model: &mut M,
        objective: impl Objective<F, M, K>,
        data: &dyn Batch<F>,
    ) -> Result<Minimum> {
        let is_tolerance = self.tolerance >= 0.0;
        if self.memory == 0 || !is_tolerance {
            let message = format!("`memory` is {} and `tolerance` {}", self.memory, self.tolerance);
            return Err(mismatch("Lbfgs", message).with_help("they should be at least 1, and not negative"));
        }
        let (mut function, mut point, mut value) = Function::new(model, &objective, data)?;
        let (mut pairs, mut losses, mut end) = (VecDeque::new(), vec![value.loss], End::Steps);
        for step in 0..=self.steps {
            if largest(&value.gradient) <= self.tolerance {
                end = End::Converged;
                break;
            }
            if step == self.steps {
                break;
            }
            let direction = direction(&value.gradient, &pairs);
            // Without a memory the length of the gradient says nothing about that of the step.
            let first =
                if pairs.is_empty() { 1.0 / dot(&value.gradient, &value.gradient).sqrt().max(1.0) } else { 1.0 };
            let Some((next, found)) = line_search(&mut function, (&point, &value), &direction, first)? else {
                // What is remembered may mislead: once more down the gradient.
                if pairs.is_empty() {
                    end = End::NoDescent;
                    break;
                }
                pairs.clear();
                continue;
            };
            let (s, y) = (along(&next, -1.0, &point), along(&found.gradient, -1.0, &value.gradient));
            // Rounding may leave no curvature, of which there is no inverse.
            if dot(&s, &y) > f64::EPSILON * dot(&y, &y) {
                pairs.push_back((s, y));
            }
            if pairs.len() > self.memory {
                pairs.pop_front();
            }
            (point, value) = (next, found);
            losses.push(value.loss);
        }
        function.write(model, &point)?;
        let (evaluations, products) = (function.evaluations, function.products);
        Ok(Minimum { losses, gradient: largest(&value.gradient), evaluations, products, end })
    }
}

impl Default for Lbfgs {
    fn default() -> Self {
        Lbfgs::new()
    }
}

/// −H·g by two loops over the pairs (s, y).
fn direction(gradient: &[f64], pairs: &VecDeque<(Vec<f64>, Vec<f64>)>) -> Vec<f64> {
    let mut d: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for (s, y) in pairs.iter().rev() {
        let share = dot(s, &d) / dot(s, y);
        d = along(&d, -share, y);
        shares.push(share);
    }
    if let Some((s, y)) = pairs.back() {
        let scale = dot(s, y) / dot(y, y);
        d.iter_mut().for_each(|d| *d *= scale);
    }
    for ((s, y), share) in pairs.iter().zip(shares.into_iter().rev()) {
        let other = dot(y, &d) / dot(s, y);
        d = along(&d, share - other, s);
    }
    d
}
