//! One training step as one recording.

use crate::context::Context;
use crate::data::{Batch, Columns};
use crate::error::mismatch;
use crate::module::{Module, parameters};
use crate::objective::Objective;
use crate::optim::{
    Optimizer, OptimizerState, Parameter, Position, Schedule, StateEntry, StateRecorder, StateUpdate, Update,
    check_update, checked_rate,
};
use autodiff::{ErrorKind, Program, Real, Result, Tape, Var};
use ndarray::ArrayD;

/// The recording of a step.
pub(super) struct Recorded<'t, F: Real> {
    pub(super) loss: Var<'t, F>,
    pub(super) is_mean: bool,
    pub(super) outputs: Vec<Var<'t, F>>,
    /// Path and gradient of each parameter that is trained.
    pub(super) gradients: Vec<(String, Var<'t, F>)>,
    /// The arrays of the model that the step changes: position in visit order, value after the step.
    pub(super) arrays: Vec<(usize, Var<'t, F>)>,
    pub(super) state: Vec<StateUpdate<'t, F>>,
}

/// Records the step. Inputs: the key, the arrays of the model, the columns of the batch, the hyperparameters, rate,
/// step, examples, and the state. No closure stands between this and the model's `forward`: the caller's line would not
/// get through.
#[track_caller]
pub(super) fn record<'t, F: Real, M: Module<F>, K>(
    tape: &'t Tape<F>,
    model: &'t M,
    (optimizer, state): (&impl Optimizer<F>, &'t OptimizerState<F>),
    objective: &impl Objective<F, M, K>,
    batch: &dyn Batch<F>,
    at: Position,
    key: u64,
) -> Result<Recorded<'t, F>> {
    let mut cx = Context::training(tape, model, key);
    let columns = Columns::on(tape, batch);
    cx.declare_all(objective, at);
    let rate = tape.data(checked_rate(optimizer, at)?).named("rate");
    let step = tape.data(F::of(at.step as f64)).named("step");
    let examples = tape.data(F::of(batch.examples() as f64)).named("examples");

    let outcome = objective.record(model, &columns, &cx)?;
    let loss = outcome.loss.named("loss");
    let updates = cx.updated()?;
    let weights = cx.vars();
    if weights.is_empty() {
        loss.shape()?;
        let help = match parameters(model).is_empty() {
            true => "the model has no `Param`; what its forward pass says of buffers is in `Context::updates`",
            false => "all are frozen: a parameter is trained again after `set_frozen(false)`",
        };
        return Err(mismatch("step", "there is no parameter to train").with_help(help));
    }
    let gradients = match loss.gradient(&weights) {
        Err(error) if error.kind() == ErrorKind::NoGradient => {
            let help = "let it take part in the loss; or freeze it with `set_frozen(true)`, or keep it in a `Buffer`";
            return Err(error.with_help(help));
        }
        gradients => gradients?,
    };

    let (mut parameters, mut named) = (Vec::with_capacity(weights.len()), Vec::with_capacity(weights.len()));
    for ((_, path, value), gradient) in cx.trained().zip(gradients) {
        parameters.push(Parameter { path: path.to_owned(), value, gradient, rate });
        named.push((path.to_owned(), gradient));
    }
    let now = Schedule { rate, step, examples, is_mean: outcome.is_mean };
    let mut update = Update { parameters, state: StateRecorder::new(tape, state), now };
    let values = tape.attributed(|| tape.scope("update", || optimizer.update(&mut update)));
    check_update(&named, &values)?;
    let mut arrays: Vec<(usize, Var<'t, F>)> = cx.trained().map(|(at, ..)| at).zip(values).collect();
    arrays.extend(updates);
    Ok(Recorded {
        loss,
        is_mean: outcome.is_mean,
        outputs: outcome.outputs,
        gradients: named,
        arrays,
        state: update.state.finish()?,
    })
}

impl<'t, F: Real> Recorded<'t, F> {
    /// The step as a program. Its outputs are the loss, the outputs of the objective, the arrays of the model that are
    /// changed, the optimizer's state, and the gradients.
    pub(super) fn program(&self, tape: &'t Tape<F>) -> Result<Program<F>> {
        let mut results = vec![self.loss];
        results.extend(&self.outputs);
        results.extend(self.arrays.iter().map(|(_, array)| *array));
        results.extend(self.state.iter().map(|update| update.after));
        results.extend(self.gradients.iter().map(|(_, gradient)| *gradient));
        tape.program(&results)
    }

    /// The state before the first step: zeros.
    pub(super) fn fresh_state(&self) -> Result<Vec<StateEntry<F>>> {
        let zeros = |update: &StateUpdate<'t, F>| {
            let array = ArrayD::zeros(update.after.shape()?.to_vec());
            Ok(StateEntry { path: update.path.clone(), name: update.name.clone(), array })
        };
        self.state.iter().map(zeros).collect()
    }
}
