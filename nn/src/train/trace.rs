//! The trace of a training step.

use super::recorded::record;
use super::step::Step;
use crate::context::Context;
use crate::data::{Batch, Columns};
use crate::error::mismatch;
use crate::module::Module;
use crate::objective::Objective;
use crate::optim::{Optimizer, Position};
use autodiff::inspect::{Role, Trace};
use autodiff::{NodeId, Real, Result, Tape};

impl<F: Real, O: Optimizer<F>, J> Step<F, O, J> {
    /// The trace of the step that [`run`](Self::run) would make now: the forward pass, the reverse pass, and the next value
    /// of every parameter that is trained. It changes nothing, neither model nor state.
    ///
    /// The crate `stepper` shows it, event by event; [`Trace::then`] puts several steps one after the other.
    ///
    /// ```
    /// use nn::{Dataset, Dense, Init, Random, Sgd, Step, loss};
    ///
    /// let model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
    /// let batch = Dataset::<f64>::valued(ndarray::array![[2.0]], ndarray::array![[6.0]])?;
    /// let trace = Step::new(Sgd::new(0.25), loss::half_squared).trace(&model, &batch, 0)?;
    /// // The gradient (0 − 6)·2 = −12, a quarter of it subtracted from 0.
    /// assert!(trace.at(trace.len()).sentence().ends_with("its next value is [[3]]"));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`run`](Self::run), except that numbers may be infinite or NaN.
    #[track_caller]
    pub fn trace<M: Module<F>, K>(&self, model: &M, batch: &dyn Batch<F>, key: u64) -> Result<Trace<F>>
    where
        J: Objective<F, M, K>,
    {
        let at = Position { step: self.state().step() + 1, epoch: self.position().epoch };
        // The whole step, for the next values.
        let tape = Tape::new();
        let recorded = record(&tape, model, (self.optimizer(), self.state()), &self.objective, batch, at, key)?;
        let next = recorded.arrays.iter().map(|(_, array)| array.value()).collect::<Result<Vec<_>>>()?;

        // The loss alone, so that the trace has nothing else: the reverse pass of a trace is its own.
        let tape = Tape::new();
        let mut cx = Context::training(&tape, model, key);
        let columns = Columns::on(&tape, batch);
        cx.declare_all(&self.objective, at);
        let trace = self.objective.record(model, &columns, &cx)?.loss.named("loss").trace()?;

        // Trained parameters are the inputs that want a gradient, in the order of the model.
        let inputs = trace.nodes().filter(|node| node.role() == Role::Input);
        let parameters: Vec<NodeId> = inputs.map(|node| node.id()).take(cx.trained().count()).collect();
        if parameters.len() != cx.trained().count() {
            return Err(mismatch("trace", "a parameter is not on the tape of the loss"));
        }
        trace.with_update(parameters.into_iter().zip(next))
    }
}
