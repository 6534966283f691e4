//! What was measured, epoch by epoch.

use super::observer::{Epoch, Observer, Training};
use crate::error::mismatch;
use autodiff::{Real, Result};
use std::ops::ControlFlow;

/// Remembers what every epoch measured.
///
/// ```
/// use nn::{Dataset, Dense, History, Init, Random, Sgd, Trainer, loss};
/// let data = Dataset::<f64>::valued(ndarray::array![[1.0]], ndarray::array![[1.0]])?;
/// let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
/// let mut history = History::new();
/// Trainer::new(Sgd::new(0.25)).epochs(2).observe(&mut history).fit(&mut model, loss::mean_squared, &data)?;
/// assert_eq!(history.curve("loss")?, [1.0, 0.25]);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
pub struct History {
    epochs: Vec<Epoch>,
}

impl History {
    /// An empty history.
    pub fn new() -> Self {
        History::default()
    }

    /// The epochs so far.
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// The measure `name` over the epochs that have it.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if no epoch has it; the error lists what was measured.
    #[track_caller]
    pub fn curve(&self, name: &str) -> Result<Vec<f64>> {
        let curve: Vec<f64> = self.epochs.iter().filter_map(|epoch| epoch.measure(name)).collect();
        if !curve.is_empty() {
            return Ok(curve);
        }
        let error = mismatch("curve", format!("there is no measure `{name}` in {} epochs", self.epochs.len()));
        let last = self.epochs.last().map(|epoch| epoch.measures.as_slice()).unwrap_or_default();
        match last.iter().map(|(name, _)| format!("`{name}`")).reduce(|list, name| format!("{list}, {name}")) {
            Some(list) => Err(error.with_help(format!("measured were {list}"))),
            None => Err(error.with_help("a history that observes a training has measures after its first epoch")),
        }
    }
}

impl<F: Real> Observer<F> for History {
    fn on_epoch(&mut self, epoch: &Epoch, _: &Training<'_, F>) -> ControlFlow<()> {
        self.epochs.push(epoch.clone());
        ControlFlow::Continue(())
    }
}
