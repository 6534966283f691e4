//! Early stopping.

use super::checkpoint::Checkpoint;
use super::observer::{Epoch, Observer, ObserverState, Training};
use autodiff::{Real, Result};
use std::ops::ControlFlow;

/// Early stopping: ends the training when the last `patience` epochs were no better than the best one before them, and
/// leaves the model as it was after the best epoch.
///
/// An epoch is better if the measure is smaller, or larger with [`largest`](Self::largest); one whose measure is NaN is not
/// better. The model is set back to the best epoch also if all epochs are used up. A training that has no such measure, as it
/// has no `validation loss` without a validation set, is refused; the error lists what is measured.
///
/// ```
/// use nn::{Dataset, Dense, EarlyStopping, Sgd, Trainer, evaluate, loss};
///
/// // At a rate that is too large the loss grows.
/// let data = Dataset::<f64>::valued([[1.0], [2.0]], [[1.0], [3.0]])?;
/// let mut model = Dense::from_arrays(ndarray::array![[1.2]], None);
/// let mut stopping = EarlyStopping::new("validation loss", 3);
/// let trainer = Trainer::new(Sgd::new(0.5)).epochs(100).validation(&data).observe(&mut stopping);
/// let end = trainer.fit(&mut model, loss::mean_squared, &data)?;
/// let (epoch, best) = stopping.best().unwrap_or_default();
/// assert_eq!((end.position().epoch, evaluate(&model, loss::mean_squared, &data)?.loss), (epoch as u64, best));
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// A checkpoint of the run ([`Trainer::checkpoints`](crate::Trainer::checkpoints)) also has the best epoch's
/// checkpoint, and the number of epochs since.
///
/// Source: Matt R, *Neural Networks* (March 2022), §5.3; Prechelt, "Early Stopping – But When?" (1998).
#[derive(Clone, PartialEq, Debug)]
pub struct EarlyStopping<F: Real> {
    measure: String,
    patience: usize,
    /// 1 for the smallest measure, −1 for the largest.
    sign: f64,
    best: Option<(usize, f64, Checkpoint<F>)>,
    waited: usize,
}

impl<F: Real> EarlyStopping<F> {
    /// Waits for `patience` epochs, at least 1, for a smaller `measure`, such as `validation loss`.
    pub fn new(measure: impl Into<String>, patience: usize) -> Self {
        EarlyStopping { measure: measure.into(), patience: patience.max(1), sign: 1.0, best: None, waited: 0 }
    }

    /// The largest measure is the best, as for an accuracy.
    pub fn largest(self) -> Self {
        EarlyStopping { sign: -1.0, ..self }
    }

    /// The number of the best epoch, and its measure.
    pub fn best(&self) -> Option<(usize, f64)> {
        self.best.as_ref().map(|(epoch, measure, _)| (*epoch, *measure))
    }

    /// The checkpoint of the best epoch.
    pub fn checkpoint(&self) -> Option<&Checkpoint<F>> {
        self.best.as_ref().map(|(.., checkpoint)| checkpoint)
    }
}

impl<F: Real> Observer<F> for EarlyStopping<F> {
    fn on_epoch(&mut self, epoch: &Epoch, training: &Training<'_, F>) -> ControlFlow<()> {
        let measure = epoch.measure(&self.measure).filter(|measure| !measure.is_nan());
        let before = self.best().map_or(f64::INFINITY, |(_, best)| self.sign * best);
        match measure {
            Some(measure) if self.sign * measure < before => {
                (self.best, self.waited) = (Some((epoch.number, measure, training.checkpoint())), 0);
            }
            _ => self.waited += 1,
        }
        if self.waited >= self.patience { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn measure(&self) -> Option<&str> {
        Some(&self.measure)
    }

    fn chosen(&self) -> Option<&Checkpoint<F>> {
        self.checkpoint()
    }

    fn state(&self) -> Option<ObserverState<F>> {
        let mut numbers = vec![("waited".to_owned(), self.waited as f64)];
        if let Some((epoch, measure)) = self.best() {
            numbers.extend([("epoch".to_owned(), epoch as f64), ("measure".to_owned(), measure)]);
        }
        let name = format!("early stopping by {}", self.measure);
        Some(ObserverState { name, numbers, checkpoint: self.checkpoint().cloned() })
    }

    fn resume(&mut self, state: &ObserverState<F>) -> Result<()> {
        let best = match &state.checkpoint {
            Some(checkpoint) => Some((state.number("epoch")? as usize, state.number("measure")?, checkpoint.clone())),
            None => None,
        };
        (self.best, self.waited) = (best, state.number("waited")? as usize);
        Ok(())
    }
}
