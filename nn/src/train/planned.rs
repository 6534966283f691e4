//! One training step prepared to be made many times.

use super::step::{State, StepResult, mismatch};
use crate::data::Dataset;
use crate::layer::{Layer, feed_parameters};
use crate::target::Targets;
use autodiff::{Feed, Plan, Program, Real, Result};
use ndarray::ArrayViewD;

/// A step for batches of one shape.
pub(super) struct Planned<F: Real> {
    plan: Plan<F>,
    features: Vec<usize>,
    targets: Vec<usize>,
    labelled: bool,
    /// The number of arrays the optimizer keeps for each parameter.
    states: Vec<usize>,
    /// The memory of the last step's list of feeds.
    feeds: Vec<Feed<'static, F>>,
}

impl<F: Real> Planned<F> {
    /// Prepares `program`, the recording of a step with its gradients; `states` says how many arrays the optimizer keeps
    /// for each parameter.
    pub(super) fn new(program: &Program<F>, states: &[usize], batch: &Dataset<F>, threads: usize) -> Result<Self> {
        let (parameters, arrays) = (states.len(), states.iter().sum::<usize>());
        // Inputs: key, parameters, features, targets, rate, step, state. Outputs: loss, output, parameters, state,
        // gradients.
        let mut planner = program.planner().threads(threads).guard(0);
        for i in 0..parameters {
            planner = planner.update(1 + i, 2 + i).guard(2 + parameters + arrays + i);
        }
        for i in 0..arrays {
            planner = planner.update(1 + parameters + 4 + i, 2 + parameters + i);
        }
        let (labelled, targets) = shape(batch.targets());
        Ok(Planned {
            plan: planner.plan()?,
            features: batch.features().shape().to_vec(),
            targets: targets.to_vec(),
            labelled,
            states: states.to_vec(),
            feeds: Vec::new(),
        })
    }

    pub(super) fn fits(&self, batch: &Dataset<F>) -> bool {
        let (labelled, targets) = shape(batch.targets());
        batch.features().shape() == self.features && (labelled, targets) == (self.labelled, &*self.targets)
    }

    pub(super) fn explain(&self) -> String {
        self.plan.explain()
    }

    /// Makes a step. `false` if it did not go well and nothing was changed: recording it will tell why.
    pub(super) fn execute(
        &mut self,
        model: &mut (impl Layer<F> + ?Sized),
        state: &mut State<F>,
        batch: &Dataset<F>,
        key: u64,
        rate: F,
    ) -> bool {
        let step = F::of((state.step + 1) as f64);
        let (rates, steps) = ([rate], [step]);
        let mut feeds = recycled(std::mem::take(&mut self.feeds));
        feeds.push(Feed::Key(key));
        let mut feeds = feed_parameters(model, feeds);
        let fits = feeds.len() == 1 + self.states.len() && state.slots.len() == self.states.len();
        let (Some(features), true) = (batch.features().as_slice(), fits) else { return false };
        feeds.push(Feed::Real(features));
        feeds.push(match batch.targets() {
            Targets::Labels(labels) => match labels.as_slice() {
                Some(labels) => Feed::Index(labels),
                None => return false,
            },
            Targets::Values(values) => match values.as_slice() {
                Some(values) => Feed::Real(values),
                None => return false,
            },
        });
        feeds.extend([Feed::Real(&rates), Feed::Real(&steps)]);
        for ((_, arrays), count) in state.slots.iter_mut().zip(&self.states) {
            if arrays.len() != *count {
                return false;
            }
            for (_, array) in arrays {
                match array.as_slice_mut() {
                    Some(data) => feeds.push(Feed::Update(data)),
                    None => return false,
                }
            }
        }
        let result = self.plan.execute(&mut feeds);
        self.feeds = recycled(feeds);
        if result.is_err() {
            return false;
        }
        state.step += 1;
        true
    }

    /// What the last step found out.
    pub(super) fn result(&self) -> Result<StepResult<'_, F>> {
        let missing = || mismatch("the plan has no result");
        let output: ArrayViewD<'_, F> = self.plan.output(1).ok_or_else(missing)?;
        Ok(StepResult { loss: self.plan.number(0).ok_or_else(missing)?, output })
    }
}

fn shape<F: Real>(targets: &Targets<F>) -> (bool, &[usize]) {
    match targets {
        Targets::Labels(labels) => (true, labels.shape()),
        Targets::Values(values) => (false, values.shape()),
    }
}

/// An empty list in the memory of another.
fn recycled<'b, F>(mut feeds: Vec<Feed<'_, F>>) -> Vec<Feed<'b, F>> {
    feeds.clear();
    feeds.into_iter().map_while(|_| None).collect()
}
