//! A learning rate that is reduced when a measure stops improving.

use super::observer::{Epoch, Observer, ObserverState, Training};
use crate::optim::Position;
use autodiff::{Real, Result};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Multiplies the learning rate by η after `patience` epochs in a row in which a measure was no smaller than the
/// smallest before, and then begins to count anew.
///
/// It is an observer of the training, and its [`factor`](Self::factor) is the schedule:
///
/// ```
/// use nn::{Dataset, Dense, Init, OnPlateau, Random, Scheduled, Sgd, Trainer, loss};
///
/// let data = Dataset::<f64>::valued([[1.0]], [[1.0]])?;
/// let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
/// let mut plateau = OnPlateau::new("loss", 0.5, 2);
/// // At this rate the weight goes back and forth between 0 and 2, until the rate is halved.
/// let optimizer = Scheduled::new(plateau.factor(), Sgd::new(1.0));
/// Trainer::new(optimizer).epochs(10).observe(&mut plateau).fit(&mut model, loss::mean_squared, &data)?;
/// assert_eq!(model.weight().array().sum(), 1.0);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// A training that has no such measure is refused; the error lists what is measured.
///
/// A checkpoint of the run has the factor and the number of epochs without a smaller measure.
#[derive(Clone, Debug)]
pub struct OnPlateau {
    measure: String,
    eta: f64,
    patience: usize,
    least: f64,
    waited: usize,
    /// The bits of the factor, which the schedule reads.
    factor: Arc<AtomicU64>,
}

impl OnPlateau {
    /// Multiplies by `eta` after `patience` epochs, at least 1, without a smaller `measure`, such as `validation loss`.
    pub fn new(measure: impl Into<String>, eta: f64, patience: usize) -> Self {
        let factor = Arc::new(AtomicU64::new(1f64.to_bits()));
        OnPlateau { measure: measure.into(), eta, patience: patience.max(1), least: f64::INFINITY, waited: 0, factor }
    }

    /// What [`Scheduled`](crate::Scheduled) takes: the factor as it is at each step.
    pub fn factor(&self) -> impl Fn(Position) -> f64 + Clone + use<> {
        let factor = Arc::clone(&self.factor);
        move |_| f64::from_bits(factor.load(Ordering::Relaxed))
    }
}

impl<F: Real> Observer<F> for OnPlateau {
    fn on_epoch(&mut self, epoch: &Epoch, _: &Training<'_, F>) -> ControlFlow<()> {
        match epoch.measure(&self.measure) {
            Some(measure) if measure < self.least => (self.least, self.waited) = (measure, 0),
            _ => self.waited += 1,
        }
        if self.waited >= self.patience {
            let before = f64::from_bits(self.factor.load(Ordering::Relaxed));
            self.factor.store((before * self.eta).to_bits(), Ordering::Relaxed);
            self.waited = 0;
        }
        ControlFlow::Continue(())
    }

    fn measure(&self) -> Option<&str> {
        Some(&self.measure)
    }

    fn state(&self) -> Option<ObserverState<F>> {
        let factor = f64::from_bits(self.factor.load(Ordering::Relaxed));
        let numbers = [("least", self.least), ("waited", self.waited as f64), ("factor", factor)];
        let numbers = numbers.map(|(name, number)| (name.to_owned(), number)).into();
        Some(ObserverState { name: format!("plateau of {}", self.measure), numbers, checkpoint: None })
    }

    fn resume(&mut self, state: &ObserverState<F>) -> Result<()> {
        let [least, waited, factor] = ["least", "waited", "factor"].map(|name| state.number(name));
        (self.least, self.waited) = (least?, waited? as usize);
        self.factor.store(factor?.to_bits(), Ordering::Relaxed);
        Ok(())
    }
}
