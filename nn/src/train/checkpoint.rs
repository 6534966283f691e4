//! The state of a training run.

use super::observer::ObserverState;
use crate::error::mismatch;
use crate::module::{Module, Named, Tree, set_arrays};
use crate::optim::{OptimizerState, Position};
use autodiff::{Real, Result};
use ndarray::ArrayD;

/// The state of a training run after one of its steps: the arrays of the model, the optimizer's state, how far the data were
/// used, and what observers know from the epochs before ([`EarlyStopping`](crate::EarlyStopping),
/// [`OnPlateau`](crate::OnPlateau)). A run that is resumed from it goes on as if it had never stopped, bit for bit.
///
/// ```
/// use nn::{Adam, Dataset, Dense, Init, Random, Trainer, loss};
///
/// let data = Dataset::<f64>::valued(ndarray::array![[1.0], [2.0], [3.0]], ndarray::array![[2.0], [4.0], [6.0]])?;
/// let start = Dense::new(1, 1, Init::Xavier, &mut Random::new(0));
/// let trainer = || Trainer::new(Adam::new(0.1)).batch_size(2).seed(7);
///
/// let mut whole = start.clone();
/// trainer().epochs(10).fit(&mut whole, loss::mean_squared, &data)?;
///
/// let mut halves = start.clone();
/// let checkpoint = trainer().epochs(5).fit(&mut halves, loss::mean_squared, &data)?;
/// trainer().epochs(10).resume(&checkpoint).fit(&mut halves, loss::mean_squared, &data)?;
/// assert_eq!(halves, whole);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Checkpoint<F: Real> {
    arrays: Named<F>,
    optimizer: OptimizerState<F>,
    pub(super) progress: Progress,
    observers: Vec<ObserverState<F>>,
}

/// How far a run has come.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Progress {
    /// What the orders of the data and the random keys are drawn from.
    pub(super) seed: u64,
    /// The epochs that are over.
    pub(super) epochs: usize,
    /// The batches of the next epoch that were used.
    pub(super) batches: usize,
    /// The number and size of batches of that epoch, which make sense together only.
    pub(super) examples: usize,
    pub(super) batch_size: usize,
    /// What was measured over these batches.
    pub(super) sums: Vec<f64>,
    /// Whether some gradient was not 0 in these batches, of each parameter that is trained.
    pub(super) moved: Vec<bool>,
}

impl Progress {
    pub(super) fn position(&self, step: u64) -> Position {
        Position { step, epoch: self.epochs as u64 + u64::from(self.batches > 0) }
    }
}

impl Progress {
    /// This, under the settings of `new`, a run from the start.
    #[track_caller]
    pub(super) fn continued(self, new: Progress) -> Result<Progress> {
        let same_batches = (self.examples, self.batch_size) == (new.examples, new.batch_size);
        if self.batches > 0 && !(same_batches && self.sums.len() == new.sums.len()) {
            let batches = |p: &Progress| format!("{} examples in batches of {}", p.examples, p.batch_size);
            let message = format!("the checkpoint is of the middle of an epoch, over {}", batches(&self));
            let error = mismatch("resume", message).with_operand(format!("here: {}", batches(&new)));
            return Err(error.with_help("finish the epoch with the data, the batch size and the metrics it began with"));
        }
        let (sums, moved) = if self.batches > 0 { (self.sums, self.moved) } else { (new.sums, new.moved) };
        Ok(Progress { seed: self.seed, epochs: self.epochs, batches: self.batches, sums, moved, ..new })
    }
}

impl<F: Real> Checkpoint<F> {
    pub(super) fn of(
        model: &dyn Module<F>,
        optimizer: &OptimizerState<F>,
        progress: &Progress,
        observers: Vec<ObserverState<F>>,
    ) -> Self {
        let arrays = Tree::of(model).leaves.into_iter().map(|(path, leaf)| (path, leaf.array().clone())).collect();
        Checkpoint { arrays, optimizer: optimizer.clone(), progress: progress.clone(), observers }
    }

    /// Without what observers know that keep a checkpoint themselves, which would hold each other's.
    pub(super) fn alone(mut self) -> Self {
        self.observers.retain(|state| state.best.is_none());
        self
    }

    /// The arrays of the model, parameters and buffers, by path.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &ArrayD<F>)> {
        self.arrays.iter().map(|(path, array)| (path.as_str(), array))
    }

    /// The optimizer's state.
    pub fn optimizer(&self) -> &OptimizerState<F> {
        &self.optimizer
    }

    /// What observers know from the epochs before.
    pub fn observers(&self) -> &[ObserverState<F>] {
        &self.observers
    }

    /// The last step that was made, and its epoch.
    pub fn position(&self) -> Position {
        self.progress.position(self.optimizer.step())
    }

    /// Sets the arrays of `model`, parameters and buffers, to those of the checkpoint.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if the model has not the same paths and shapes; then
    /// nothing was changed.
    #[track_caller]
    pub fn restore(&self, model: &mut (impl Module<F> + ?Sized)) -> Result<()> {
        let paths: Vec<String> = Tree::of(&*model).leaves.into_iter().map(|(path, _)| path).collect();
        if let Some(missing) = paths.iter().find(|path| !self.arrays.iter().any(|(known, _)| known == *path)) {
            let message = format!("the checkpoint has no array `{missing}`, which the model has");
            return Err(mismatch("restore", message));
        }
        set_arrays("restore", model, self.arrays.iter().map(|(path, array)| (path, array.clone())))
    }
}
