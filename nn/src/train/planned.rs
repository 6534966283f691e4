//! One training step prepared to be made many times.

use super::recorded::Recorded;
use crate::data::{Batch, Column};
use crate::module::{Module, Stream, Structure, Tag, feed, stream};
use crate::objective::Objective;
use crate::optim::{LARGEST_RATE, OptimizerState, Position, StateEntry};
use autodiff::{ErrorKind, Feed, Plan, Program, Real, Result};
use ndarray::ArrayViewD;

/// A step for models of one structure and batches of one shape.
pub(super) struct Planned<F: Real> {
    pub(super) plan: Plan<F>,
    structure: Structure,
    /// Whether a limit of the gradients stands for what the step writes.
    is_limited: bool,
    pub(super) is_mean: bool,
    outputs: usize,
    /// The paths of the parameters that are trained, and where their gradients are among the outputs.
    gradients: (Vec<String>, usize),
    /// The state before the first step.
    fresh: Vec<StateEntry<F>>,
    /// The hyperparameters of this step.
    hyperparameters: Vec<F>,
    /// The memory of the last step's list of feeds.
    feeds: Vec<Feed<'static, F>>,
    /// When it was last used.
    pub(super) used: u64,
}

impl<F: Real> Planned<F> {
    /// Prepares the recording of a step of `model` on `batch`, sharing the threads of another plan.
    pub(super) fn new<M: Module<F>>(
        recorded: &Recorded<'_, F>,
        program: &Program<F>,
        model: &M,
        batch: &dyn Batch<F>,
        (largest, threads): (Option<F>, usize),
        other: Option<&Plan<F>>,
    ) -> Result<Self> {
        // Inputs: key, arrays of the model, columns, hyperparameters, rate, step, examples, state.
        // Outputs: loss, outputs, arrays of the model, state, gradients.
        let (arrays, state) = (1 + recorded.outputs.len(), 1 + recorded.outputs.len() + recorded.arrays.len());
        let gradients = state + recorded.state.len();
        let first_state = program.inputs().count().saturating_sub(recorded.state.len());
        let mut planner = program.planner().threads(threads).guard(0);
        if let Some(other) = other {
            planner = planner.sharing(other);
        }
        for (i, (position, _)) in recorded.arrays.iter().enumerate() {
            planner = planner.update(1 + position, arrays + i);
        }
        for i in 0..recorded.state.len() {
            planner = planner.update(first_state + i, state + i);
        }
        for i in 0..recorded.gradients.len() {
            planner = planner.guard_within(gradients + i, largest.unwrap_or(F::max_value()));
        }
        // What stands for parameters and state is a limit of the gradients, if there is one; buffers are behind the
        // parameters.
        let trained = recorded.gradients.len();
        let (parameters, entries) = if largest.is_some() { (0, 0) } else { (trained, recorded.state.len()) };
        let guarded = (0..parameters).chain(trained..recorded.arrays.len()).map(|i| arrays + i);
        for output in guarded.chain((0..entries).map(|i| state + i)) {
            planner = planner.guard(output);
        }
        let mut to = Stream::writing();
        columns(batch, &mut to);
        Ok(Planned {
            plan: planner.plan()?,
            structure: stream(model, to).written(),
            is_limited: largest.is_some(),
            is_mean: recorded.is_mean,
            outputs: recorded.outputs.len(),
            gradients: (recorded.gradients.iter().map(|(path, _)| path.clone()).collect(), gradients),
            fresh: recorded.fresh_state()?,
            hyperparameters: Vec::new(),
            feeds: Vec::new(),
            used: 0,
        })
    }

    /// Whether the plan holds for this learning rate.
    pub(super) fn takes(&self, rate: F) -> bool {
        !self.is_limited || rate <= F::of(LARGEST_RATE)
    }

    /// Whether it is a plan for such a model and such a batch.
    pub(super) fn fits<M: Module<F>>(&self, model: &M, batch: &dyn Batch<F>) -> bool {
        let mut to = self.structure.compare();
        // The batch comes first: it differs most often.
        columns(batch, &mut to);
        to.is_same_so_far() && stream(model, to).is_same()
    }

    /// Makes a step. `false` if it did not go well and nothing was changed: recording it will tell why.
    ///
    /// # Errors
    /// The program has inputs that are none of a step's: arrays that were put on the tape while it was recorded.
    pub(super) fn execute<M: Module<F>, K>(
        &mut self,
        model: &mut M,
        state: &mut OptimizerState<F>,
        objective: &impl Objective<F, M, K>,
        batch: &dyn Batch<F>,
        (at, rate, key): (Position, F, u64),
    ) -> Result<bool> {
        if state.step == 0 && state.entries.is_empty() {
            state.entries.clone_from(&self.fresh);
        }
        if !arrange(&mut state.entries, &self.fresh) {
            return Ok(false);
        }
        self.hyperparameters.clear();
        objective.hyperparameters(at, &mut |_, value| self.hyperparameters.push(F::of(value)));
        let numbers = [rate, F::of(at.step as f64), F::of(batch.examples() as f64)];
        let mut feeds = recycled(std::mem::take(&mut self.feeds));
        feeds.push(Feed::Key(key));
        let mut feeds = feed(model, feeds);
        batch.columns(&mut |_, column| feeds.push(slice(column)));
        feeds
            .extend(self.hyperparameters.iter().chain(&numbers).map(|number| Feed::Real(std::slice::from_ref(number))));
        feeds.extend(state.entries.iter_mut().map(|entry| Feed::Update(entry.array.as_slice_mut().unwrap_or(&mut []))));
        let result = self.plan.execute(&mut feeds);
        self.feeds = recycled(feeds);
        match result {
            Ok(()) => state.step = at.step,
            Err(error) if error.kind() == ErrorKind::ProgramInput => return Err(error),
            Err(_) => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn loss(&self) -> Option<F> {
        self.plan.number(0)
    }

    pub(super) fn output(&self, i: usize) -> Option<ArrayViewD<'_, F>> {
        (i < self.outputs).then(|| self.plan.output(1 + i)).flatten()
    }

    pub(super) fn gradients(&self) -> impl Iterator<Item = (&str, ArrayViewD<'_, F>)> {
        let (paths, first) = &self.gradients;
        paths.iter().enumerate().filter_map(move |(i, path)| Some((path.as_str(), self.plan.output(first + i)?)))
    }
}

/// Brings entries into the order of others; `false` if they are not of the same paths and names.
fn arrange<F: Real>(entries: &mut [StateEntry<F>], order: &[StateEntry<F>]) -> bool {
    let is_it = |a: &StateEntry<F>, b: &StateEntry<F>| a.path == b.path && a.name == b.name;
    if entries.len() != order.len() {
        return false;
    }
    for (at, wanted) in order.iter().enumerate() {
        match entries.iter().skip(at).position(|entry| is_it(entry, wanted)) {
            Some(0) => {}
            Some(distance) => entries.swap(at, at + distance),
            None => return false,
        }
    }
    true
}

/// Writes or compares the names and shapes of a batch.
fn columns<F: Real>(batch: &dyn Batch<F>, to: &mut Stream<'_>) {
    batch.columns(&mut |name, column| {
        let tag = if matches!(column, Column::Real(_)) { Tag::Real } else { Tag::Index };
        to.column(name, tag, column.shape());
    });
}

/// The elements of a column; none, which no plan takes, if they do not lie row by row.
fn slice<F: Real>(column: &Column<F>) -> Feed<'_, F> {
    match column {
        Column::Real(array) => Feed::Real(array.as_slice().unwrap_or(&[])),
        Column::Index(array) => Feed::Index(array.as_slice().unwrap_or(&[])),
    }
}

/// An empty list in the memory of another.
fn recycled<'b, F>(mut feeds: Vec<Feed<'_, F>>) -> Vec<Feed<'b, F>> {
    feeds.clear();
    feeds.into_iter().map_while(|_| None).collect()
}
