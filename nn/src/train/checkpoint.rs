//! The state of a training run.

use crate::error::mismatch;
use crate::module::{Module, Named, Tree, set_arrays};
use crate::optim::{OptimizerState, Position};
use crate::train::ObserverState;
use autodiff::{Real, Result};
use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

/// The state of a training run after one of its steps: the arrays of the model, the optimizer's state, the epoch and
/// batch, and the states of the observers. A run that is resumed from it goes on as if it had never stopped, bit for
/// bit. With
/// [`save`](Self::save) and [`load`](Self::load), another process can resume it.
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
    pub(super) run: Run,
    pub(super) observers: Vec<ObserverState<F>>,
}

/// When a training makes checkpoints: see [`Trainer::checkpoints`](crate::Trainer::checkpoints).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Every {
    /// After each epoch.
    Epoch,
    /// After every this many steps, counted from the first start of the run; never for 0.
    Steps(u64),
}

/// How far a run has come.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    /// What the orders of the data and the random keys are drawn from.
    pub(super) seed: u64,
    /// The epochs that are over.
    pub(super) epochs: usize,
    /// The batches of the next epoch that were used.
    pub(super) batches: usize,
    /// The number and size of batches of that epoch, which make sense together only.
    pub(super) examples: usize,
    pub(super) batch_size: usize,
    /// What was measured over these batches: in files not as text, which has no infinity and no NaN.
    #[serde(skip)]
    pub(crate) sums: Vec<f64>,
    /// Whether some gradient was not 0 in these batches, of each parameter that is trained and has elements.
    pub(super) moved: Vec<(String, bool)>,
}

impl Run {
    pub(super) fn position(&self, step: u64) -> Position {
        Position { step, epoch: self.epochs as u64 + u64::from(self.batches > 0) }
    }

    /// This, under the settings of `new`, a run from the start.
    #[track_caller]
    pub(super) fn continued(self, new: Run) -> Result<Run> {
        let same_batches = (self.examples, self.batch_size) == (new.examples, new.batch_size);
        if self.batches > 0 && !(same_batches && self.sums.len() == new.sums.len()) {
            let batches = |p: &Run| format!("{} examples in batches of {}", p.examples, p.batch_size);
            let message = format!("the checkpoint is of the middle of an epoch, over {}", batches(&self));
            let error = mismatch("resume", message).with_operand(format!("here: {}", batches(&new)));
            return Err(error.with_help("finish the epoch with the data, the batch size and the metrics it began with"));
        }
        let (sums, moved) = if self.batches > 0 { (self.sums, self.moved) } else { (new.sums, new.moved) };
        Ok(Run { seed: self.seed, epochs: self.epochs, batches: self.batches, sums, moved, ..new })
    }
}

impl<F: Real> Checkpoint<F> {
    pub(super) fn of(model: &dyn Module<F>, optimizer: &OptimizerState<F>, run: &Run) -> Self {
        let arrays = Tree::of(model).leaves.into_iter().map(|(path, leaf)| (path, leaf.array().clone())).collect();
        Checkpoint { arrays, optimizer: optimizer.clone(), run: run.clone(), observers: Vec::new() }
    }

    /// The checkpoint that has these parts.
    pub(crate) fn from_parts(
        arrays: Named<F>,
        optimizer: OptimizerState<F>,
        run: Run,
        observers: Vec<ObserverState<F>>,
    ) -> Self {
        Checkpoint { arrays, optimizer, run, observers }
    }

    /// How far the run has come.
    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    /// The states of the observers of the run.
    pub fn observers(&self) -> &[ObserverState<F>] {
        &self.observers
    }

    /// The arrays of the model, parameters and buffers, by path.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &ArrayD<F>)> {
        self.arrays.iter().map(|(path, array)| (path.as_str(), array))
    }

    /// The optimizer's state.
    pub fn optimizer(&self) -> &OptimizerState<F> {
        &self.optimizer
    }

    /// The last step that was made, and its epoch.
    pub fn position(&self) -> Position {
        self.run.position(self.optimizer.step())
    }

    /// Sets the arrays of `model`, parameters and buffers, to those of the checkpoint.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if the model has other paths or shapes; nothing is
    /// changed then.
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
