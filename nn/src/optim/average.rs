//! An average of the weights along the way.

use super::settings::weight_of_past;
use super::{Optimizer, Position, Update};
use autodiff::{Real, Var};

/// Keeps an exponential moving average of every parameter beside what the inner optimizer does,
///
/// - a ← a + (1 − β)/(1 − βᵗ)·(w⁺ − a), from a = 0, at step t = 1, 2, …,
///
/// which is the average Σ βᵗ⁻ⁱ·wᵢ / Σ βᵗ⁻ⁱ of the parameters after each step so far. It often predicts better than the
/// last weights. It is the array `average` of the optimizer's state, which
/// [`OptimizerState::copy_to`](crate::OptimizerState::copy_to) puts into a copy of the model.
///
/// ```
/// use nn::{Dataset, Dense, Sgd, Step, WeightAverage, loss};
///
/// let mut model = Dense::<f64>::from_arrays(ndarray::array![[0.0]], None);
/// let batch = Dataset::valued(ndarray::array![[1.0]], ndarray::array![[1.0]])?;
/// let mut step = Step::new(WeightAverage::new(0.5, Sgd::new(0.5)), loss::half_squared);
/// step.run(&mut model, &batch, 0)?; // w = 0.5
/// step.run(&mut model, &batch, 1)?; // w = 0.75
/// let mut averaged = model.clone();
/// step.state().copy_to("average", &mut averaged)?;
/// // (0.5·0.5 + 0.75) / 1.5
/// assert!((averaged.weight().array().sum() - 2.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Polyak & Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992), for averaging; Kingma & Ba,
/// "Adam" (2015), §3, for the bias correction.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct WeightAverage<O> {
    /// The weight β of the past, in [0, 1).
    pub beta: f64,
    /// What changes the parameters.
    pub optimizer: O,
}

impl<O> WeightAverage<O> {
    /// Averages what `optimizer` does, with the weight `beta` of the past.
    pub fn new(beta: f64, optimizer: O) -> Self {
        WeightAverage { beta, optimizer }
    }
}

impl<F: Real, O: Optimizer<F>> Optimizer<F> for WeightAverage<O> {
    fn rate(&self, at: Position) -> f64 {
        self.optimizer.rate(at)
    }

    fn update<'t>(&self, update: &mut Update<'t, F>) -> Vec<Var<'t, F>> {
        if let Err(mismatch) = weight_of_past("beta", self.beta) {
            return update.refuse("WeightAverage", mismatch);
        }
        let step = update.now.step;
        let values = self.optimizer.update(update);
        let share = (1.0 - self.beta) * super::adam::correction(self.beta, step);
        for (parameter, value) in update.parameters.iter().zip(&values) {
            update.state.of(parameter).update("average", |average| average + share * (*value - average));
        }
        values
    }
}
