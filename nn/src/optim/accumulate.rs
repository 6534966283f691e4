//! One update for several batches.

use super::{Optimizer, Position, Schedule, Update};
use autodiff::{Mismatch, Real, Var};

/// Adds up the gradients of `steps` batches before the inner optimizer makes one step with them: as if they were one
/// batch that does not fit in memory.
///
/// Where the loss is a mean, batches count by their number n of examples, so that Σ n·g / Σ n is the gradient of the
/// mean over all of them; where it is a sum, they are added. In the steps between, parameters and the state of the inner
/// optimizer stay as they are, and its step number counts updates. Buffers are updated in every step.
///
/// ```
/// use nn::{Accumulate, Dataset, Dense, Sgd, Step, loss};
///
/// // Four numbers y in batches of three and one; the mean of (w − y)² has the gradient 2(w − 4) at w = 0.
/// let batch = |y: Vec<f64>| {
///     let y = ndarray::Array1::from(y).insert_axis(ndarray::Axis(1));
///     Dataset::valued(ndarray::Array2::ones(y.raw_dim()), y)
/// };
/// let mut model = Dense::from_arrays(ndarray::array![[0.0]], None);
/// let mut step = Step::new(Accumulate::new(2, Sgd::new(0.5)), loss::mean_squared);
/// step.run(&mut model, &batch(vec![1.0, 2.0, 3.0])?, 0)?;
/// assert_eq!(model.weight().array().sum(), 0.0);
/// step.run(&mut model, &batch(vec![10.0])?, 1)?;
/// assert_eq!(model.weight().array().sum(), 4.0);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Accumulate<O> {
    /// The number of batches for one update, at least 1.
    pub steps: u64,
    /// What makes the update.
    pub optimizer: O,
}

impl<O> Accumulate<O> {
    /// One update of `optimizer` for `steps` batches.
    pub fn new(steps: u64, optimizer: O) -> Self {
        Accumulate { steps, optimizer }
    }
}

impl<F: Real, O: Optimizer<F>> Optimizer<F> for Accumulate<O> {
    fn rate(&self, at: Position) -> f64 {
        self.optimizer.rate(Position { step: at.step.div_ceil(self.steps.max(1)), ..at })
    }

    fn update<'t>(&self, update: &mut Update<'t, F>) -> Vec<Var<'t, F>> {
        if self.steps == 0 {
            return update.refuse("Accumulate", Mismatch::new("`steps` is 0; it should be at least 1"));
        }
        let (now, steps) = (update.now, self.steps as f64);
        let tape = now.rate.tape();
        // How many batches there are with this one; the next one begins anew.
        let mut is_last = tape.constant(F::zero());
        update.state.update("", "batches", [], |before| {
            let count = before + 1.0;
            is_last = count.ge(steps);
            is_last.select(0.0, count)
        });
        let (mut weight, mut total) = (tape.constant(F::one()), tape.constant(F::one()));
        if now.is_mean {
            weight = now.examples;
            update.state.update("", "examples", [], |before| {
                total = before + weight;
                is_last.select(0.0, total)
            });
        }
        for parameter in &mut update.parameters {
            let mut sum = parameter.gradient;
            update.state.of(parameter).update("gradient", |earlier| {
                sum = earlier + parameter.gradient * weight;
                is_last.select(0.0, sum)
            });
            parameter.gradient = sum / total;
        }
        update.now = Schedule { step: now.step / steps, examples: total, ..now };
        let after = update.only_if(is_last, |update| self.optimizer.update(update));
        update.now = now;
        after.into_iter().zip(&update.parameters).map(|(after, before)| is_last.select(after, before.value)).collect()
    }
}
