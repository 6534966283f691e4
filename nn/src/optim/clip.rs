//! Clipping by the global norm.

use super::settings::within;
use super::{Optimizer, Parameter, Position, Update};
use autodiff::{Real, Var};

/// Scales all gradients by one factor where their norm together, ‖g‖ = √(Σ gᵢ²) over every element of every parameter,
/// exceeds a limit c:
///
/// - g ← g·c/‖g‖ where ‖g‖ > c, and g otherwise, unchanged.
///
/// The norm is taken of g/max|g|, so that it neither overflows nor underflows.
///
/// ```
/// use nn::{ClipGlobalNorm, OptimizerState, Param, Sgd};
///
/// let mut model = [Param::<f64>::new([0.0]), Param::new([0.0])];
/// let gradients = [("0".into(), ndarray::arr1(&[3.0]).into_dyn()), ("1".into(), ndarray::arr1(&[4.0]).into_dyn())];
/// OptimizerState::new().apply(&ClipGlobalNorm::new(1.0, Sgd::new(1.0)), &mut model, &gradients)?;
/// // Of norm 5, so each is divided by 5.
/// assert!((model[0].array()[0] + 0.6).abs() < 1e-15 && (model[1].array()[0] + 0.8).abs() < 1e-15);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks" (2013), Algorithm 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ClipGlobalNorm<O> {
    /// The largest norm c that is left as it is.
    pub limit: f64,
    /// What the clipped gradients go to.
    pub optimizer: O,
}

impl<O> ClipGlobalNorm<O> {
    /// Clips to the norm `limit` what `optimizer` gets.
    pub fn new(limit: f64, optimizer: O) -> Self {
        ClipGlobalNorm { limit, optimizer }
    }
}

impl<F: Real, O: Optimizer<F>> Optimizer<F> for ClipGlobalNorm<O> {
    fn rate(&self, at: Position) -> f64 {
        self.optimizer.rate(at)
    }

    fn update<'t>(&self, update: &mut Update<'t, F>) -> Vec<Var<'t, F>> {
        if let Err(mismatch) = within("limit", self.limit, self.limit > 0.0, "above 0") {
            return update.refuse("ClipGlobalNorm", mismatch);
        }
        let (tape, parameters) = (update.now.rate.tape(), &mut update.parameters);
        let mut largest = tape.constant(F::zero());
        for parameter in parameters.iter().filter(|parameter| !is_empty(parameter)) {
            largest = largest.maximum(parameter.gradient.abs().max(..));
        }
        // Where all gradients are 0, nothing is divided by it.
        let scale = largest.gt(0.0).select(largest, 1.0);
        let mut sum = tape.constant(F::zero());
        for parameter in parameters.iter() {
            sum += (parameter.gradient / scale).square().sum(..);
        }
        let norm = sum.sqrt();
        let is_large = (norm * scale).gt(self.limit);
        for parameter in parameters {
            let g = parameter.gradient;
            let unit = g / scale;
            parameter.gradient = is_large.select(unit * (self.limit / norm), g);
        }
        self.optimizer.update(update)
    }
}

fn is_empty<F: Real>(parameter: &Parameter<'_, F>) -> bool {
    parameter.gradient.shape().is_ok_and(|shape| shape.size() == 0)
}
