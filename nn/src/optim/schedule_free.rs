//! Schedule-Free.

use super::settings::within;
use super::{Optimizer, Position, Update};
use autodiff::{Real, Var};

/// Training without a schedule of the learning rate: the gradient is taken between what the inner optimizer makes, z, and an
/// average of it, x:
///
/// - y = (1 − β)·z + β·x, the parameters of the model while it is trained, of which g is the gradient;
/// - z ← what the inner optimizer makes of z with g;
/// - x ← (1 − c)·x + c·z, with c = αₜ² / Σ αᵢ² over the steps so far, which is 1/t for a rate that does not change.
///
/// Both start as the parameters are. **The trained model is x**, the array `average` of the optimizer's state:
/// [`OptimizerState::copy_to`](crate::OptimizerState::copy_to) puts it into a model, to evaluate or to use. What goes on
/// training are the parameters y.
///
/// Around [`Sgd`](crate::Sgd) it is Schedule-Free SGD, around [`Adam`](crate::Adam) or [`AdamW`](crate::AdamW) with β₁ = 0
/// Schedule-Free AdamW (with the decay of z): β takes the place of momentum. A warm-up is a schedule around it.
///
/// ```
/// use nn::{Dataset, Dense, ScheduleFree, Sgd, Step, loss};
///
/// let mut model = Dense::<f64>::from_arrays(ndarray::array![[0.0]], None);
/// let batch = Dataset::valued(ndarray::array![[1.0]], ndarray::array![[1.0]])?;
/// let mut step = Step::new(ScheduleFree::new(Sgd::new(0.5)), loss::half_squared);
/// for key in 0..100 {
///     step.run(&mut model, &batch, key)?;
/// }
/// step.state().copy_to("average", &mut model)?;
/// assert!((model.weight().array().sum() - 1.0).abs() < 0.05);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Defazio et al., "The Road Less Scheduled" (2024), eq. 1–3 and Algorithm 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ScheduleFree<O> {
    /// The share β of the average in the point at which the gradient is taken, from 0 to 1.
    pub beta: f64,
    /// What moves z.
    pub optimizer: O,
}

impl<O> ScheduleFree<O> {
    /// Schedule-Free around `optimizer`, with β = 0.9.
    pub fn new(optimizer: O) -> Self {
        ScheduleFree { beta: 0.9, optimizer }
    }
}

impl<F: Real, O: Optimizer<F>> Optimizer<F> for ScheduleFree<O> {
    fn rate(&self, at: Position) -> f64 {
        self.optimizer.rate(at)
    }

    fn update<'t>(&self, update: &mut Update<'t, F>) -> Vec<Var<'t, F>> {
        if let Err(mismatch) = within("beta", self.beta, (0.0..=1.0).contains(&self.beta), "from 0 to 1") {
            return update.refuse("ScheduleFree", mismatch);
        }
        let square = update.now.rate.square();
        let sum = update.state.update("", "rates", [], |sum| sum + square);
        let share = sum.gt(0.0).select(square / sum, 0.0);
        // The state is zeros before the first step, where all three are the parameters.
        let is_first = update.now.step.le(1.0);
        let mut at = Vec::with_capacity(update.parameters.len());
        for parameter in &mut update.parameters {
            let y = parameter.value;
            let z = update.state.read(&parameter.path, "z", y);
            let x = update.state.read(&parameter.path, "average", y);
            parameter.value = is_first.select(y, z);
            at.push((y, is_first.select(y, x)));
        }
        let mut values = self.optimizer.update(update);
        for ((value, parameter), (y, x)) in values.iter_mut().zip(&mut update.parameters).zip(at) {
            let z = *value;
            let x = x + share * (z - x);
            update.state.write(&parameter.path, "z", z);
            update.state.write(&parameter.path, "average", x);
            parameter.value = y;
            *value = z + self.beta * (x - z);
        }
        values
    }
}
