//! Observers of a training.

use super::checkpoint::Checkpoint;
use super::step::StepResult;
use crate::error::mismatch;
use crate::module::Module;
use crate::optim::{OptimizerState, Position};
use autodiff::{Real, Result};
use std::fmt;
use std::ops::ControlFlow;

/// An observer (a callback in other frameworks): it is told of every step and epoch of a [`Trainer`](crate::Trainer),
/// and may end the training. A progress bar, a history and early stopping are observers.
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
    /// The training begins, or is resumed: `epochs` times `steps` steps in all.
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

    /// The measure that the observer goes by, if it goes by one: a training that has no such measure is refused before its
    /// first step.
    fn measure(&self) -> Option<&str> {
        None
    }

    /// The training is over.
    fn on_end(&mut self) {}

    /// The checkpoint to which the model is set when the training is over; with `None`, the model stays as it is. If
    /// several observers give one, that of the last observer counts.
    fn chosen(&self) -> Option<&Checkpoint<F>> {
        None
    }

    /// What the observer has to know when the run is resumed, if anything: it is part of a checkpoint.
    fn state(&self) -> Option<ObserverState<F>> {
        None
    }

    /// Takes the state that [`state`](Self::state) returned in the run that is resumed.
    ///
    /// # Errors
    /// Whatever is wrong with the state; the training does not begin then.
    fn resume(&mut self, state: &ObserverState<F>) -> Result<()> {
        let _ = state;
        Ok(())
    }
}

/// The state of an observer, as part of a checkpoint.
///
/// When a run is resumed, it is given to the observer whose [`Observer::state`] has the same name; if several have the
/// same name, in their order.
#[derive(Clone, PartialEq, Debug)]
pub struct ObserverState<F: Real> {
    /// What it is the state of, such as `early stopping by validation loss`.
    pub name: String,
    /// Numbers by name.
    pub numbers: Vec<(String, f64)>,
    /// The checkpoint that the observer has kept, such as that of the best epoch.
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

/// A training as observers see it, after a step.
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

    /// A checkpoint of this step, without the states of the observers, because some may not have seen the step yet.
    /// [`Trainer::checkpoints`](crate::Trainer::checkpoints) gives checkpoints with these states.
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
    /// Warnings of probable mistakes: a parameter whose gradient was exactly 0 in every step of the epoch.
    pub warnings: Vec<String>,
}

impl Epoch {
    /// The measure `name`, if there is one.
    pub fn measure(&self, name: &str) -> Option<f64> {
        self.measures.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}
