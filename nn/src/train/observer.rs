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

    /// What is known from the epochs before, if a run that is resumed has to know it: a checkpoint keeps it. Nothing, unless
    /// said otherwise.
    fn state(&self) -> Option<ObserverState<F>> {
        None
    }

    /// Goes on from what [`state`](Self::state) of an observer of the same name answered, in a run that is resumed.
    fn resume(&mut self, state: &ObserverState<F>) {
        let _ = state;
    }

    /// The state that the model is left in when the training is over; where it stands, unless said otherwise. Of several
    /// observers that name one, the last has its way.
    fn chosen(&self) -> Option<&Checkpoint<F>> {
        None
    }
}

/// What an observer knows from the epochs before, as plain data.
#[derive(Clone, PartialEq, Debug)]
pub struct ObserverState<F: Real> {
    /// Whose it is: of observers with one name, the first of the checkpoint is for the first of the run that is resumed.
    pub name: String,
    /// Numbers by name.
    pub numbers: Vec<(String, f64)>,
    /// The state of the run after the best epoch, where one is kept.
    pub best: Option<Box<Checkpoint<F>>>,
}

impl<F: Real> ObserverState<F> {
    /// The number `name`, if it has one.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.numbers.iter().find(|(known, _)| known == name).map(|(_, number)| *number)
    }
}

/// What the observers know.
pub(super) fn states<'o, 'a: 'o, F: Real>(
    observers: impl IntoIterator<Item = &'o &'a mut (dyn Observer<F> + 'a)>,
) -> Vec<ObserverState<F>> {
    observers.into_iter().filter_map(|observer| observer.state()).collect()
}

/// Lets each observer go on from its state in a checkpoint, if there is one.
pub(super) fn resume<F: Real>(observers: &mut [&mut dyn Observer<F>], kept: &[ObserverState<F>]) {
    let mut kept: Vec<&ObserverState<F>> = kept.iter().collect();
    for observer in observers {
        let Some(own) = observer.state() else { continue };
        if let Some(at) = kept.iter().position(|state| state.name == own.name) {
            observer.resume(kept.remove(at));
        }
    }
}

/// Tells every observer, in order, and answers whether one of them ends the training.
pub(super) fn tell<'a, F: Real>(
    observers: &mut [&'a mut (dyn Observer<F> + 'a)],
    (model, optimizer, progress): (&dyn Module<F>, &OptimizerState<F>, &super::checkpoint::Progress),
    mut one: impl FnMut(&mut dyn Observer<F>, &Training<'_, F>) -> ControlFlow<()>,
) -> bool {
    let mut stops = false;
    for i in 0..observers.len() {
        let (before, rest) = observers.split_at_mut(i);
        let Some((observer, after)) = rest.split_first_mut() else { break };
        let others = || states(before.iter().chain(&*after));
        stops |= one(&mut **observer, &Training { model, optimizer, progress, others: &others }).is_break();
    }
    stops
}

/// A training as those who watch it see it, after a step.
pub struct Training<'a, F: Real> {
    pub(super) model: &'a dyn Module<F>,
    pub(super) optimizer: &'a OptimizerState<F>,
    pub(super) progress: &'a super::checkpoint::Progress,
    /// What the other observers know.
    pub(super) others: &'a dyn Fn() -> Vec<ObserverState<F>>,
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

    /// Everything that is needed to go on from here, copied. Of what the other observers know ([`Observer::state`]), this epoch
    /// is part where they are listed before the one that asks: an [`OnPlateau`](crate::OnPlateau) stands in front of an
    /// [`EarlyStopping`](crate::EarlyStopping).
    pub fn checkpoint(&self) -> Checkpoint<F> {
        Checkpoint::of(self.model, self.optimizer, self.progress, (self.others)())
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
