//! One training step.

use super::finite::{traced, with_data};
use super::planned::Planned;
use super::recorded::{Recorded, record};
use crate::data::Batch;
use crate::error::mismatch;
use crate::module::{Module, Tree, leaves_mut};
use crate::objective::Objective;
use crate::optim::{Optimizer, OptimizerState, Position, checked_rate};
use autodiff::{Error, ErrorKind, Program, Real, Result, Tape, Var};
use ndarray::{ArrayD, ArrayViewD};
use std::fmt;

/// The training step: forward pass, loss, reverse pass and the optimizer's update, recorded together on one tape.
///
/// The first step with a model of some structure and a batch of some shape is recorded without values and prepared as a
/// [`Plan`](autodiff::Plan), which all steps with such a model and batch run: fused, in one arena, parameters, buffers
/// and state updated where they are. The results have the bits of a recording with values.
///
/// A plan is found by everything that is said about the model and the batch: types, paths, shapes, which parameters are
/// frozen, static attributes, the names and shapes of columns. What a replay takes anew are the inputs of the tape: the
/// random key, the arrays of the model in the order of [`Module::visit`], the columns of the batch, the
/// hyperparameters, the learning rate, the step number, the number of examples, and the arrays of the optimizer's
/// state.
///
/// **What a closure has captured cannot be seen.** A loss `loss::from_fn(|a, y| weight * …)` whose `weight`
/// changes from step to step is replayed with the weight of the first: declare it as a hyperparameter
/// ([`FnObjective::with`](crate::FnObjective::with)), or call [`forget`](Self::forget) after a change. The same holds
/// for a static or a file that a `forward` reads, and for a field that a `visit` written by hand leaves out.
///
/// A model or loss that reads values while it is recorded (an `if` on [`Var::item`]) decides anew in every step, so its
/// steps are recorded each time; [`eagerly`](Self::eagerly) asks for that. So are those of one that puts an array on
/// the tape by [`Tape::data`], which may be another array in each step: for one that stays the same use
/// [`Tape::constant`], which is part of the plan. [`explain`](Self::explain) says whether there is a plan.
///
/// ```
/// use nn::{Dataset, Dense, Init, Random, Sgd, Step, loss};
///
/// let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
/// let batch = Dataset::<f64>::valued(ndarray::array![[2.0]], ndarray::array![[6.0]])?;
/// let mut step = Step::new(Sgd::new(0.25), loss::half_squared);
/// let before = step.run(&mut model, &batch, 0)?.loss;
/// // The gradient (0 − 6)·2 = −12, a quarter of it subtracted from 0.
/// assert_eq!((before, model.weight().array().sum()), (18.0, 3.0));
/// # Ok::<(), autodiff::Error>(())
/// ```
pub struct Step<F: Real, O, J> {
    optimizer: O,
    pub(super) objective: J,
    state: OptimizerState<F>,
    epoch: u64,
    tape: Tape<F>,
    plans: Vec<Planned<F>>,
    capacity: usize,
    /// Counts the steps that used a plan, so that the one unused for longest goes first.
    clock: u64,
    last: Option<Last<F>>,
    eagerly: bool,
    threads: usize,
}

/// Where the results of the last step are.
enum Last<F: Real> {
    Planned(usize),
    Recorded(Kept<F>),
}

/// The results of a step that was recorded.
struct Kept<F: Real> {
    loss: F,
    is_mean: bool,
    outputs: Vec<ArrayD<F>>,
    gradients: Vec<(String, ArrayD<F>)>,
}

/// The plans that are kept, unless said otherwise.
const PLANS: usize = 4;

impl<F: Real, O: Optimizer<F>, J> Step<F, O, J> {
    /// A step that has not been made yet: the optimizer's state is empty, which means zeros.
    ///
    /// The objective is a loss function by its name, or a closure by [`loss::from_fn`](crate::loss::from_fn) or
    /// [`nn::objective`](crate::objective). Where the compiler says that the "implementation of `LossFunction` is not
    /// general enough", a closure was passed by itself: [`Objective`] has the remedies.
    pub fn new(optimizer: O, objective: J) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Step {
            optimizer,
            objective,
            state: OptimizerState::new(),
            epoch: 0,
            tape: Tape::new(),
            plans: Vec::new(),
            capacity: PLANS,
            clock: 0,
            last: None,
            eagerly: false,
            threads,
        }
    }

    /// The step that follows on `state`, which another step had.
    pub fn with_state(self, state: OptimizerState<F>) -> Self {
        Step { state, plans: Vec::new(), last: None, ..self }
    }

    /// From now on, the step goes on from `state`, which another step had: as [`with_state`](Self::with_state).
    pub fn set_state(&mut self, state: OptimizerState<F>) {
        self.state = state;
        self.forget();
    }

    pub(super) fn optimizer(&self) -> &O {
        &self.optimizer
    }

    pub(super) fn objective(&self) -> &J {
        &self.objective
    }

    /// Every step is recorded anew: for models that Rust code changes from step to step.
    pub fn eagerly(self) -> Self {
        Step { eagerly: true, ..self }
    }

    /// At most this many threads share the work of a step; as many as the machine has, unless said otherwise. The
    /// number changes no bit of any result.
    pub fn threads(self, threads: usize) -> Self {
        Step { threads, ..self }
    }

    /// At most this many plans are kept, at least 1; 4 unless said otherwise. When there is one more, that which was
    /// not used for longest is dropped, and made anew when it is needed again.
    pub fn plans(self, plans: usize) -> Self {
        Step { capacity: plans.max(1), ..self }
    }

    /// From now on, steps belong to this epoch: what schedules see.
    pub fn set_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    /// Where the last step stood.
    pub fn position(&self) -> Position {
        Position { step: self.state.step, epoch: self.epoch }
    }

    /// The optimizer's state.
    pub fn state(&self) -> &OptimizerState<F> {
        &self.state
    }

    /// What the last step found out; `None` before the first, and after [`forget`](Self::forget).
    pub fn result(&self) -> Option<StepResult<'_, F>> {
        match self.last.as_ref()? {
            Last::Planned(index) => {
                let planned = self.plans.get(*index)?;
                let (loss, is_mean) = (planned.loss()?, planned.is_mean);
                Some(StepResult { loss, is_mean, source: Source::Planned(planned) })
            }
            Last::Recorded(kept) => {
                Some(StepResult { loss: kept.loss, is_mean: kept.is_mean, source: Source::Recorded(kept) })
            }
        }
    }

    /// The step as it was prepared for such a model and such a batch, in words; `None` where it was not.
    pub fn explain(&self, model: &impl Module<F>, batch: &dyn Batch<F>) -> Option<String> {
        self.find(model, batch).and_then(|index| self.plans.get(index)).map(|planned| planned.plan.explain())
    }

    /// Forgets what was prepared: the next step is recorded. After a change of something that a closure has captured.
    pub fn forget(&mut self) {
        self.plans.clear();
        self.last = None;
    }

    /// Makes one step on `batch`: changes the parameters and buffers of `model` and the state of the optimizer. If
    /// there is an error, nothing is changed.
    ///
    /// # Errors
    /// The error of the objective; [`ErrorKind::NoGradient`] or [`ErrorKind::NotDifferentiable`] with the reason and
    /// the path of a parameter that no gradient reaches; [`ErrorKind::NotFinite`], with the first number that was not
    /// finite, if the loss or a new array is not; [`ErrorKind::Refused`] for a learning rate that is negative or not
    /// finite;
    /// [`ErrorKind::Mismatch`] if two parts of the model have one path, if its `visit_mut` lists other arrays than its
    /// `visit`, if a setting of the optimizer makes no sense, or if its state is not that of this model.
    ///
    /// Nothing infinite or NaN is written, into parameters, buffers or the optimizer's state: a step that would is
    /// refused. A step with a gradient beyond [`Optimizer::largest_gradient`] is not replayed but recorded, where every
    /// number is looked at.
    #[track_caller]
    pub fn run<M: Module<F>, K>(&mut self, model: &mut M, batch: &dyn Batch<F>, key: u64) -> Result<StepResult<'_, F>>
    where
        J: Objective<F, M, K>,
    {
        self.make(model, batch, key)?;
        match self.result() {
            Some(result) => Ok(result),
            None => Err(mismatch("step", "the step has no result")),
        }
    }

    #[track_caller]
    fn make<M: Module<F>, K>(&mut self, model: &mut M, batch: &dyn Batch<F>, key: u64) -> Result<()>
    where
        J: Objective<F, M, K>,
    {
        let at = Position { step: self.state.step + 1, epoch: self.epoch };
        let rate = checked_rate(&self.optimizer, at)?;
        if !self.eagerly {
            let index = match self.find(model, batch) {
                Some(index) => Some(index),
                None => self.prepare(model, batch, at, key)?,
            };
            if let Some(index) = index
                && let Some(planned) = self.plans.get_mut(index)
                && planned.takes(rate)
            {
                self.clock += 1;
                planned.used = self.clock;
                match planned.execute(model, &mut self.state, &self.objective, batch, (at, rate, key)) {
                    Ok(true) => {
                        self.last = Some(Last::Planned(index));
                        return Ok(());
                    }
                    Ok(false) => (),
                    // An array that the objective puts on the tape may be another one in each step.
                    Err(_) => {
                        self.eagerly = true;
                        self.plans.clear();
                    }
                }
            }
            // The zeros that a first step was prepared with are no state yet.
            if self.state.step == 0 {
                self.state.entries.clear();
            }
        }
        // Not prepared, or refused: recording it says why, with lines and names.
        self.record(model, batch, at, key)
    }

    fn find(&self, model: &impl Module<F>, batch: &dyn Batch<F>) -> Option<usize> {
        self.plans.iter().position(|planned| planned.fits(model, batch))
    }

    /// Records the step without values and prepares it; where the plan is. `None` if it has to be recorded with values
    /// each time: because the model reads some, or to say what is wrong with it.
    #[track_caller]
    fn prepare<M: Module<F>, K>(
        &mut self,
        model: &mut M,
        batch: &dyn Batch<F>,
        at: Position,
        key: u64,
    ) -> Result<Option<usize>>
    where
        J: Objective<F, M, K>,
    {
        same_arrays(model)?;
        let tape = Tape::symbolic();
        let recorded = record(&tape, &*model, (&self.optimizer, &self.state), &self.objective, batch, at, key);
        // What a model does after it found no value may be anything.
        let (Ok(recorded), false) = (recorded, tape.was_read()) else {
            self.eagerly |= tape.was_read();
            return Ok(None);
        };
        let program = recorded.program(&tape)?;
        let threaded = self.plans.iter().map(|planned| &planned.plan).find(|plan| plan.threads() > 1);
        let planned = {
            let limits = (self.optimizer.largest_gradient(), self.threads);
            Planned::new(&recorded, &program, &*model, batch, limits, threaded)?
        };
        if self.plans.len() >= self.capacity {
            let oldest = self.plans.iter().enumerate().min_by_key(|(_, planned)| planned.used).map(|(index, _)| index);
            oldest.map(|index| self.plans.swap_remove(index));
        }
        self.plans.push(planned);
        Ok(Some(self.plans.len() - 1))
    }

    /// Records the step and makes it.
    #[track_caller]
    fn record<M: Module<F>, K>(&mut self, model: &mut M, batch: &dyn Batch<F>, at: Position, key: u64) -> Result<()>
    where
        J: Objective<F, M, K>,
    {
        same_arrays(model)?;
        self.tape.clear();
        let recorded = record(&self.tape, &*model, (&self.optimizer, &self.state), &self.objective, batch, at, key)?;
        let loss = recorded.loss.item()?;
        let step = at.step;
        if !loss.is_finite() {
            return Err(with_data(refused(format!("the loss is {loss}"), recorded.loss), "the batch", batch));
        }
        let mut arrays = Vec::with_capacity(recorded.arrays.len());
        for (position, array) in &recorded.arrays {
            let value = array.value()?;
            if let Some(number) = value.iter().find(|number| !number.is_finite()) {
                let what = Tree::of(&*model).leaves.get(*position).map_or(String::new(), |(path, leaf)| {
                    format!("the {} `{path}` would be {number} after step {step}", leaf.words())
                });
                return Err(refused(what, *array));
            }
            arrays.push((*position, value));
        }
        let Recorded { is_mean, outputs, gradients, state, .. } = recorded;
        let outputs = outputs.into_iter().map(Var::value).collect::<Result<_>>()?;
        let gradients = gradients.into_iter().map(|(path, g)| Ok((path, g.value()?))).collect::<Result<_>>()?;
        let mut entries = Vec::with_capacity(state.len());
        for update in state {
            let (what, after) = (update.words(), update.after);
            let entry = update.read()?;
            if let Some(number) = entry.array.iter().find(|number| !number.is_finite()) {
                return Err(refused(format!("{what} would be {number} after step {step}"), after));
            }
            entries.push(entry);
        }
        let mut leaves = leaves_mut(model);
        for (position, value) in arrays {
            if let Some((_, leaf)) = leaves.get_mut(position) {
                leaf.set(value)?;
            }
        }
        drop(leaves);
        self.state = OptimizerState { step: at.step, entries };
        self.last = Some(Last::Recorded(Kept { loss, is_mean, outputs, gradients }));
        Ok(())
    }

    /// The next step as a program. Its inputs are those listed above, its outputs the loss, the outputs of the
    /// objective, the arrays of the model that the step changes, the optimizer's state, and the gradients.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    #[track_caller]
    pub fn program<M: Module<F>, K>(&self, model: &M, batch: &dyn Batch<F>, key: u64) -> Result<Program<F>>
    where
        J: Objective<F, M, K>,
    {
        let tape = Tape::new();
        let at = Position { step: self.state.step + 1, epoch: self.epoch };
        record(&tape, model, (&self.optimizer, &self.state), &self.objective, batch, at, key)?.program(&tape)
    }
}

/// What a step found out on its way, all as it was before the update.
pub struct StepResult<'s, F: Real> {
    /// The loss of the batch.
    pub loss: F,
    pub(super) is_mean: bool,
    source: Source<'s, F>,
}

enum Source<'s, F: Real> {
    Planned(&'s Planned<F>),
    Recorded(&'s Kept<F>),
}

impl<'s, F: Real> StepResult<'s, F> {
    /// Output `i` of the objective; for a loss function, output 0 is that of the model.
    pub fn output(&self, i: usize) -> Option<ArrayViewD<'s, F>> {
        match self.source {
            Source::Planned(planned) => planned.output(i),
            Source::Recorded(kept) => kept.outputs.get(i).map(|output| output.view()),
        }
    }

    /// The gradient of the loss with respect to each parameter that is trained, by path.
    pub fn gradients(&self) -> Box<dyn Iterator<Item = (&'s str, ArrayViewD<'s, F>)> + 's> {
        match self.source {
            Source::Planned(planned) => Box::new(planned.gradients()),
            Source::Recorded(kept) => Box::new(kept.gradients.iter().map(|(path, g)| (path.as_str(), g.view()))),
        }
    }
}

impl<F: Real> fmt::Debug for StepResult<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepResult {{ loss: {} }}", self.loss)
    }
}

impl<F: Real, O: fmt::Debug, J> fmt::Debug for Step<F, O, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (optimizer, steps, plans) = (&self.optimizer, self.state.step, self.plans.len());
        write!(f, "Step {{ optimizer: {optimizer:?}, {steps} steps made, {plans} plans }}")
    }
}

/// An error unless both visits of a model list the same arrays in the same order.
#[track_caller]
fn same_arrays<F: Real>(model: &mut impl Module<F>) -> Result<()> {
    let listed: Vec<(String, usize)> =
        Tree::of(model).leaves.into_iter().map(|(path, leaf)| (path, leaf.address())).collect();
    let changed: Vec<(String, usize)> =
        leaves_mut(model).into_iter().map(|(path, leaf)| (path, leaf.leaf().address())).collect();
    if listed == changed {
        return Ok(());
    }
    let at = listed.iter().zip(&changed).take_while(|(a, b)| a == b).count();
    let name = |list: &[(String, usize)]| list.get(at).map_or("no more".to_owned(), |(path, _)| format!("`{path}`"));
    let (a, b) = (name(&listed), name(&changed));
    let message = match a == b {
        true => format!("`visit` and `visit_mut` of the model mean different arrays by {a}"),
        false => format!("as array {at}, `visit` of the model lists {a} and `visit_mut` {b}"),
    };
    Err(mismatch("step", message).with_help("write both with `nn::visit!`, or list the same parts in the same order"))
}

/// Why training stops: what is not finite.
fn refused<F: Real>(what: String, var: Var<'_, F>) -> Error {
    let error = Error::new(ErrorKind::NotFinite, "step", format!("{what}; nothing was changed"));
    traced(error.at(var.origin()), var)
}
