//! Newton's method by conjugate gradients.

use super::function::{Function, Value};
use super::line_search::line_search;
use super::{End, Minimum, along, dot, largest};
use crate::data::Batch;
use crate::error::mismatch;
use crate::module::Module;
use crate::objective::Objective;
use autodiff::{Real, Result};

/// Newton's method without a Hessian: the direction d solves ∇²f·d = −∇f as far as it pays, by conjugate gradients, which ask
/// only for products of the Hessian with vectors. Those are the differential of the gradient, a program made of the recorded loss
/// like any other derivative, and each costs a few evaluations.
///
/// Where the curvature is negative, the direction is what was solved before. Steps fulfil the conditions of Wolfe. Near a
/// minimum the error is squared in every step, or nearly so.
///
/// It minimises the loss over a whole data set, as [`evaluate`](crate::evaluate) computes it: without dropout, and with buffers
/// as they are.
///
/// ```
/// use nn::{Dataset, NewtonCg, Param};
///
/// // Rosenbrock's function, whose valley is bent.
/// let rosenbrock = nn::objective(|model: &Param<f64>, _, cx| {
///     let w = cx.param(model);
///     let (x, y) = (w.at([0]), w.at([1]));
///     Ok(((1.0 - x).square() + (y - x.square()).square() * 100.0).into())
/// });
/// let mut model = Param::new([-1.2, 1.0]);
/// let points = Dataset::new().real("one", [1.0])?;
/// let minimum = NewtonCg::new().minimize(&mut model, rosenbrock, &points)?;
/// assert!(minimum.loss() < 1e-12 && minimum.products > 0);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Nocedal & Wright, *Numerical Optimization* (2006), Algorithm 7.1; the products: Pearlmutter, "Fast Exact Multiplication
/// by the Hessian" (1994).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct NewtonCg {
    /// The most steps that are made.
    pub steps: usize,
    /// The most products for one step.
    pub products: usize,
    /// It has converged where no number of the gradient is larger.
    pub tolerance: f64,
}

impl NewtonCg {
    /// With at most 200 steps of 200 products each, and a tolerance of 10⁻⁸.
    pub fn new() -> Self {
        NewtonCg { steps: 200, products: 200, tolerance: 1e-8 }
    }

    /// Changes the parameters of `model` that are trained to where the loss on `data` is least nearby.
    ///
    /// # Errors
    /// As [`Lbfgs::minimize`](crate::Lbfgs::minimize); and if an operation has no second derivative.
    #[track_caller]
    pub fn minimize<F: Real, M: Module<F>, K>(
        &self,
        model: &mut M,
        objective: impl Objective<F, M, K>,
        data: &dyn Batch<F>,
    ) -> Result<Minimum> {
        let is_tolerance = self.tolerance >= 0.0;
        if self.products == 0 || !is_tolerance {
            let message = format!("`products` is {} and `tolerance` {}", self.products, self.tolerance);
            return Err(mismatch("NewtonCg", message).with_help("they should be at least 1, and not negative"));
        }
        let (mut function, mut point, mut value) = Function::new(model, &objective, data)?;
        let (mut losses, mut end) = (vec![value.loss], End::Steps);
        for step in 0..=self.steps {
            if largest(&value.gradient) <= self.tolerance {
                end = End::Converged;
                break;
            }
            if step == self.steps {
                break;
            }
            let direction = self.direction(&mut function, &point, &value)?;
            let Some((next, found)) = line_search(&mut function, (&point, &value), &direction, 1.0)? else {
                end = End::NoDescent;
                break;
            };
            (point, value) = (next, found);
            losses.push(value.loss);
        }
        function.write(model, &point)?;
        let (evaluations, products) = (function.evaluations, function.products);
        Ok(Minimum { losses, gradient: largest(&value.gradient), evaluations, products, end })
    }

    /// A direction of descent: the solution of ∇²f·d = −∇f, the more exact the smaller the gradient is.
    #[track_caller]
    fn direction<F: Real>(&self, function: &mut Function<F>, point: &[f64], value: &Value) -> Result<Vec<f64>> {
        let norm = dot(&value.gradient, &value.gradient).sqrt();
        let enough = norm * norm.sqrt().min(0.5);
        let mut d = vec![0.0; point.len()];
        let mut residual = value.gradient.clone();
        let mut p: Vec<f64> = residual.iter().map(|r| -r).collect();
        for i in 0..self.products {
            let product = function.hessian_times(point, &p)?;
            let (square, curvature) = (dot(&residual, &residual), dot(&p, &product));
            let is_convex = curvature > 0.0;
            if !is_convex {
                // Down the gradient, if nothing is solved yet.
                return Ok(if i == 0 { p } else { d });
            }
            let share = square / curvature;
            d = along(&d, share, &p);
            residual = along(&residual, share, &product);
            let left = dot(&residual, &residual);
            if left.sqrt() <= enough {
                break;
            }
            p = residual.iter().zip(&p).map(|(r, p)| left / square * p - r).collect();
        }
        Ok(d)
    }
}

impl Default for NewtonCg {
    fn default() -> Self {
        NewtonCg::new()
    }
}
