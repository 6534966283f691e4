//! What was measured, epoch by epoch.

use super::observer::{Epoch, Observer, ObserverState, Training};
use crate::error::mismatch;
use autodiff::{Real, Result};
use std::ops::ControlFlow;

/// What the numbers of its state are called: one name for each, or the beginning of one.
const EPOCH: &str = "epoch";
const MEASURE: &str = "measure ";
const WARNING: &str = "warning ";

/// Remembers what every epoch measured. It is part of a [`Checkpoint`](crate::Checkpoint): in a run that is resumed, it
/// has the epochs before, too.
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
    fn on_start(&mut self, epochs: usize, _: usize) {
        // Those of a checkpoint are of the run that goes on.
        self.epochs.iter_mut().filter(|epoch| epoch.of == 0).for_each(|epoch| epoch.of = epochs);
    }

    fn on_epoch(&mut self, epoch: &Epoch, _: &Training<'_, F>) -> ControlFlow<()> {
        self.epochs.push(epoch.clone());
        ControlFlow::Continue(())
    }

    /// The epochs one after the other: the number, then the measures and the warnings.
    fn state(&self) -> Option<ObserverState<F>> {
        let mut numbers = Vec::new();
        for epoch in &self.epochs {
            numbers.push((EPOCH.to_owned(), epoch.number as f64));
            numbers.extend(epoch.measures.iter().map(|(name, value)| (format!("{MEASURE}{name}"), *value)));
            numbers.extend(epoch.warnings.iter().map(|warning| (format!("{WARNING}{warning}"), 0.0)));
        }
        Some(ObserverState { name: "history".to_owned(), numbers, checkpoint: None })
    }

    fn resume(&mut self, state: &ObserverState<F>) -> Result<()> {
        let mut epochs: Vec<Epoch> = Vec::new();
        for (name, value) in &state.numbers {
            if name == EPOCH {
                let (measures, warnings) = (Vec::new(), Vec::new());
                epochs.push(Epoch { number: *value as usize, of: 0, measures, warnings });
                continue;
            }
            let known = epochs.last_mut().and_then(|epoch| {
                if let Some(name) = name.strip_prefix(MEASURE) {
                    epoch.measures.push((name.to_owned(), *value));
                } else {
                    epoch.warnings.push(name.strip_prefix(WARNING)?.to_owned());
                }
                Some(())
            });
            if known.is_none() {
                return Err(mismatch("resume", format!("the state of the history has a number `{name}`")));
            }
        }
        self.epochs = epochs;
        Ok(())
    }
}
