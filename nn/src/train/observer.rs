//! Those who watch the training.

use super::checkpoint::Checkpoint;
use super::step::StepResult;
use crate::error::mismatch;
use crate::module::Module;
use crate::optim::{OptimizerState, Position};
use autodiff::{Real, Result};
use std::fmt;
use std::ops::ControlFlow;

/// Someone who watches a [`Trainer`](crate::Trainer) and may end the training: a progress bar, a history, early stopping.
///
/// ```
/// use autodiff::Real;
/// use nn::{Epoch, Observer, Training};
/// use std::ops::ControlFlow;
///
/// /// Ends the training when the loss is small enough.
/// struct Enough(f64);
///
/// impl<F: Real> Observer<F> for Enough {
///     fn on_epoch(&mut self, epoch: &Epoch, _: &Training<'_, F>) -> ControlFlow<()> {
///         match epoch.measure("loss") {
///             Some(loss) if loss < self.0 => ControlFlow::Break(()),
///             _ => ControlFlow::Continue(()),
///         }
///     }
/// }
/// # let _: &dyn Observer<f64> = &Enough(0.01);
/// ```
pub trait Observer<F: Real> {
    /// The training begins, or goes on: `epochs` times `steps` steps in all.
    fn on_start(&mut self, epochs: usize, steps: usize) {
        let _ = (epochs, steps);
    }

    /// A step was made.
    fn on_step(&mut self, result: &StepResult<'_, F>, training: &Training<'_, F>) -> ControlFlow<()> {
        let _ = (result, training);
        ControlFlow::Continue(())
    }

    /// An epoch is over: every example was used once more.
    fn on_epoch(&mut self, epoch: &Epoch, training: &Training<'_, F>) -> ControlFlow<()> {
        let _ = (epoch, training);
        ControlFlow::Continue(())
    }

    /// The training is over.
    fn on_end(&mut self) {}

    /// The state that the model is left in when the training is over; where it stands, unless said otherwise. Of several
    /// observers that name one, the last has its way.
    fn chosen(&self) -> Option<&Checkpoint<F>> {
        None
    }

    /// What has to be known to go on in a run that is resumed, if there is anything: it is part of a checkpoint.
    fn state(&self) -> Option<ObserverState<F>> {
        None
    }

    /// Goes on from what [`state`](Self::state) answered in the run that is resumed.
    ///
    /// # Errors
    /// Whatever is wrong with it; the training does not begin then.
    fn resume(&mut self, state: &ObserverState<F>) -> Result<()> {
        let _ = state;
        Ok(())
    }
}

/// What an observer knows, as a checkpoint keeps it.
///
/// A run that is resumed gives it to the observer whose [`Observer::state`] has the same name; where several have one name, to
/// the first, the second, …, in their order.
#[derive(Clone, PartialEq, Debug)]
pub struct ObserverState<F: Real> {
    /// What it is the state of, such as `early stopping by validation loss`.
    pub name: String,
    /// Numbers by name.
    pub numbers: Vec<(String, f64)>,
    /// The state of the run that it has kept.
    pub checkpoint: Option<Checkpoint<F>>,
}

impl<F: Real> ObserverState<F> {
    /// The number `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if there is none.
    #[track_caller]
    pub fn number(&self, name: &str) -> Result<f64> {
        match self.numbers.iter().find(|(known, _)| known == name) {
            Some((_, number)) => Ok(*number),
            None => Err(mismatch("resume", format!("the state of `{}` has no number `{name}`", self.name))),
        }
    }
}

/// A training as those who watch it see it, after a step.
pub struct Training<'a, F: Real> {
    pub(super) model: &'a dyn Module<F>,
    pub(super) optimizer: &'a OptimizerState<F>,
    pub(super) run: &'a super::checkpoint::Run,
}

impl<'a, F: Real> Training<'a, F> {
    /// The model, for [`parameters`](crate::parameters) and [`buffers`](crate::buffers).
    pub fn model(&self) -> &'a dyn Module<F> {
        self.model
    }

    /// The optimizer's state.
    pub fn optimizer(&self) -> &'a OptimizerState<F> {
        self.optimizer
    }

    /// The step that was made, and its epoch.
    pub fn position(&self) -> Position {
        self.run.position(self.optimizer.step())
    }

    /// Everything that is needed to go on from here, copied, except for what observers know, of whom some may not have seen this
    /// step yet: [`Trainer::checkpoints`](crate::Trainer::checkpoints) hands out checkpoints with that.
    pub fn checkpoint(&self) -> Checkpoint<F> {
        Checkpoint::of(self.model, self.optimizer, self.run)
    }
}

impl<F: Real> fmt::Debug for Training<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Training at {:?}", self.position())
    }
}

/// What is known after an epoch.
#[derive(Clone, PartialEq, Debug)]
pub struct Epoch {
    /// Its number: 1, 2, ….
    pub number: usize,
    /// The number of epochs that are planned.
    pub of: usize,
    /// What was measured, by name: `loss` and each metric over the batches of the epoch, as the model was when each was
    /// used; `validation loss` and so on after the epoch, where there is validation data.
    pub measures: Vec<(String, f64)>,
    /// What is probably a mistake, in words: a parameter whose gradient was exactly 0 in every step of the epoch.
    pub warnings: Vec<String>,
}

impl Epoch {
    /// The measure `name`, if there is one.
    pub fn measure(&self, name: &str) -> Option<f64> {
        self.measures.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}
