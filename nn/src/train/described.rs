//! A training step as a program, for those who run it elsewhere.

use super::recorded::record;
use super::step::Step;
use crate::data::Batch;
use crate::error::mismatch;
use crate::module::{Module, Tree};
use crate::objective::Objective;
use crate::optim::{Optimizer, OptimizerState, Position, checked_rate};
use autodiff::{ErrorKind, Program, Real, Result, Tape};

/// What an input of a training step's program is.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StepInput {
    /// The random key of the step.
    Key,
    /// The parameter or buffer of the model at this path.
    Array(String),
    /// A column of the batch.
    Column(String),
    /// A hyperparameter of the objective.
    Hyperparameter(String),
    /// The learning rate.
    Rate,
    /// The number of the step, from 1.
    Step,
    /// The number of examples of the batch.
    Examples,
    /// An array of the optimizer's state.
    State {
        /// The path that it belongs to.
        path: String,
        /// Its name.
        name: String,
    },
}

/// What an output of a training step's program is.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StepOutput {
    /// The loss.
    Loss,
    /// An output of the objective.
    Output(usize),
    /// The parameter or buffer of the model at this path, after the step.
    Array(String),
    /// An array of the optimizer's state, after the step.
    State {
        /// The path that it belongs to.
        path: String,
        /// Its name.
        name: String,
    },
    /// The gradient of the loss with respect to the parameter at this path.
    Gradient(String),
}

/// A training step as a program, with what its inputs and outputs are: what [`Step::described`] answers.
#[derive(Clone, Debug)]
pub struct StepProgram<F: Real> {
    /// The step, recorded without values.
    pub program: Program<F>,
    /// What each input is, in order.
    pub inputs: Vec<StepInput>,
    /// What each output is, in order.
    pub outputs: Vec<StepOutput>,
    /// The optimizer's state before the step: zeros before the first.
    pub state: OptimizerState<F>,
    /// Of this step and of those that follow it, the hyperparameters in the order of their inputs, and the learning rate.
    pub schedule: Vec<Vec<F>>,
}

impl<F: Real, O: Optimizer<F>, J> Step<F, O, J> {
    /// The next step with such a model and batch as a program that is recorded without values, with what its inputs and
    /// outputs are, and with the hyperparameters and learning rates of this step and the `following` ones (in the epoch where
    /// the training stands): for an engine that runs it elsewhere.
    ///
    /// ```
    /// use nn::{Dataset, Dense, Init, Momentum, Random, Step, StepInput, loss};
    ///
    /// let model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
    /// let batch = Dataset::<f64>::valued(ndarray::array![[2.0]], ndarray::array![[6.0]])?;
    /// let step = Step::new(Momentum::new(0.25), loss::half_squared).described(&model, &batch, 0)?;
    /// assert_eq!(step.inputs[0], StepInput::Key);
    /// assert_eq!(step.inputs[1], StepInput::Array("weight".into()));
    /// assert_eq!(step.inputs.len(), step.program.inputs().count());
    /// assert_eq!(step.schedule, [[0.25]]);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Step::run); [`ErrorKind::Refused`] if the model or the objective reads values while it is recorded, or puts
    /// arrays on the tape that are none of these inputs: such a step is another program each time.
    #[track_caller]
    pub fn described<M: Module<F>, K>(&self, model: &M, batch: &dyn Batch<F>, following: u64) -> Result<StepProgram<F>>
    where
        J: Objective<F, M, K>,
    {
        let at = Position { step: self.state().step + 1, epoch: self.position().epoch };
        let tape = Tape::symbolic();
        let recorded = record(&tape, model, (self.optimizer(), self.state()), self.objective(), batch, at, 0);
        if tape.was_read() {
            let message = "the model or the objective reads values while it is recorded, so its program is not that of every step";
            return Err(crate::error::error(ErrorKind::Refused, "described", message));
        }
        let recorded = recorded?;
        let program = recorded.program(&tape)?;

        let leaves: Vec<String> = Tree::of(model).leaves.into_iter().map(|(path, _)| path).collect();
        let mut inputs = vec![StepInput::Key];
        inputs.extend(leaves.iter().cloned().map(StepInput::Array));
        batch.columns(&mut |name, _| inputs.push(StepInput::Column(name.to_owned())));
        let hyperparameters = |at: Position, list: &mut dyn FnMut(&str, f64)| {
            Objective::<F, M, K>::hyperparameters(self.objective(), at, list);
        };
        hyperparameters(at, &mut |name, _| inputs.push(StepInput::Hyperparameter(name.to_owned())));
        inputs.extend([StepInput::Rate, StepInput::Step, StepInput::Examples]);
        let entries = || recorded.state.iter().map(|update| (update.path.clone(), update.name.clone()));
        inputs.extend(entries().map(|(path, name)| StepInput::State { path, name }));
        if inputs.len() != program.inputs().count() {
            let message = "the objective puts arrays on the tape that are no inputs of a step";
            let help = "put an array that stays the same on the tape by `Tape::constant`";
            return Err(crate::error::error(ErrorKind::Refused, "described", message).with_help(help));
        }
        let mut outputs = vec![StepOutput::Loss];
        outputs.extend((0..recorded.outputs.len()).map(StepOutput::Output));
        for (position, _) in &recorded.arrays {
            let Some(path) = leaves.get(*position) else { return Err(mismatch("described", "an array is of no part")) };
            outputs.push(StepOutput::Array(path.clone()));
        }
        outputs.extend(entries().map(|(path, name)| StepOutput::State { path, name }));
        outputs.extend(recorded.gradients.iter().map(|(path, _)| StepOutput::Gradient(path.clone())));

        let mut state = self.state().clone();
        if state.step == 0 {
            state.entries = recorded.fresh_state()?;
        }
        let mut schedule = Vec::new();
        for step in at.step..=at.step.saturating_add(following) {
            let at = Position { step, ..at };
            let mut numbers = Vec::new();
            hyperparameters(at, &mut |_, value| numbers.push(F::of(value)));
            numbers.push(checked_rate(self.optimizer(), at)?);
            schedule.push(numbers);
        }
        Ok(StepProgram { program, inputs, outputs, state, schedule })
    }
}
