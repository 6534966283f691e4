//! Those who watch the training.

use super::checkpoint::Checkpoint;
use super::step::StepResult;
use crate::module::Module;
use crate::optim::{OptimizerState, Position};
use autodiff::Real;
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
}

/// A training as those who watch it see it, after a step.
pub struct Training<'a, F: Real> {
    pub(super) model: &'a dyn Module<F>,
    pub(super) optimizer: &'a OptimizerState<F>,
    pub(super) progress: &'a super::checkpoint::Progress,
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
        self.progress.position(self.optimizer.step())
    }

    /// Everything that is needed to go on from here, copied.
    pub fn checkpoint(&self) -> Checkpoint<F> {
        Checkpoint::of(self.model, self.optimizer, self.progress)
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
