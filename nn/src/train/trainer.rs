//! The loop.

use super::evaluate::{Metric, evaluate};
use super::observer::{Epoch, Observer};
use super::step::{Loss, Step};
use crate::data::Dataset;
use crate::layer::Layer;
use crate::optim::Optimizer;
use crate::random::Random;
use autodiff::{Error, ErrorKind, Real, Result};

/// Trains a model on mini-batches: in every epoch each example is used once, in a new random order.
///
/// Everything random (the order, dropout) comes from `seed`: the same seed on the same machine trains the same
/// parameters, bit for bit. Steps are recorded once for each shape of batch and then replayed (see [`Step`]), which
/// changes no bit.
///
/// ```
/// use nn::{Dataset, Dense, History, Init, Random, Sgd, Trainer, loss};
///
/// // y = 2x, from three points.
/// let points = ndarray::array![[1.0], [2.0], [3.0]];
/// let data = Dataset::<f64>::valued(points.clone(), points * 2.0)?;
/// let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
/// let mut history = History::new();
/// Trainer::new(Sgd::new(0.05)).epochs(50).fit(
///     &mut model,
///     &|a, y| loss::mean_squared(a, y),
///     &data,
///     None,
///     &mut [&mut history],
/// )?;
/// assert!((model.weight().array().sum() - 2.0).abs() < 1e-6);
/// assert!(history.curve("loss")[49] < 1e-12);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trainer<F: Real, O> {
    optimizer: O,
    epochs: usize,
    batch_size: usize,
    seed: u64,
    eagerly: bool,
    threads: Option<usize>,
    metrics: Vec<(&'static str, Metric<F>)>,
}

impl<F: Real, O: Optimizer<F> + Clone> Trainer<F, O> {
    /// A trainer with `optimizer`: one epoch, batches of 32, seed 0, no metrics.
    pub fn new(optimizer: O) -> Self {
        Trainer { optimizer, epochs: 1, batch_size: 32, seed: 0, eagerly: false, threads: None, metrics: Vec::new() }
    }

    /// How often each example is used.
    pub fn epochs(self, epochs: usize) -> Self {
        Trainer { epochs, ..self }
    }

    /// How many examples make a batch; the last one of an epoch has what is left.
    pub fn batch_size(self, batch_size: usize) -> Self {
        Trainer { batch_size, ..self }
    }

    /// What everything random is drawn from.
    pub fn seed(self, seed: u64) -> Self {
        Trainer { seed, ..self }
    }

    /// Every step is recorded anew, as [`Step::eagerly`] does.
    pub fn eagerly(self) -> Self {
        Trainer { eagerly: true, ..self }
    }

    /// At most this many threads share the work of a step, as [`Step::threads`] says.
    pub fn threads(self, threads: usize) -> Self {
        Trainer { threads: Some(threads), ..self }
    }

    /// Measures `metric` in every epoch, under this name.
    pub fn metric(mut self, name: &'static str, metric: Metric<F>) -> Self {
        self.metrics.push((name, metric));
        self
    }

    /// Trains `model` on `data`; after every epoch it is measured on `validation`, if there is any.
    ///
    /// # Errors
    /// Whatever [`Step::run`] answers, and the error of a metric; [`ErrorKind::Mismatch`] for no examples.
    #[track_caller]
    pub fn fit(
        &self,
        model: &mut (impl Layer<F> + ?Sized),
        loss: &Loss<F>,
        data: &Dataset<F>,
        validation: Option<&Dataset<F>>,
        observers: &mut [&mut dyn Observer],
    ) -> Result<()> {
        if data.is_empty() {
            return Err(Error::new(ErrorKind::Mismatch, "fit", "there are no examples to train on"));
        }
        let steps = data.len().div_ceil(self.batch_size.max(1));
        let mut orders = Random::stream(self.seed, 1);
        let mut keys = Random::stream(self.seed, 2);
        let mut step = Step::new(self.optimizer.clone(), loss);
        if let Some(threads) = self.threads {
            step = step.threads(threads);
        }
        if self.eagerly {
            step = step.eagerly();
        }
        observers.iter_mut().for_each(|observer| observer.on_start(self.epochs, steps));
        for number in 1..=self.epochs {
            let mut measures = vec![("loss".to_owned(), 0.0)];
            measures.extend(self.metrics.iter().map(|(name, _)| ((*name).to_owned(), 0.0)));
            // Loops and not iterators: the caller's line does not reach into closures.
            for batch in data.batches(self.batch_size, &mut orders) {
                let result = step.run(model, &batch, keys.key())?;
                let share = batch.len() as f64 / data.len() as f64;
                let loss = result.loss.double();
                let metrics = match self.metrics.is_empty() {
                    true => Vec::new(),
                    false => self.measure(&result.output.to_owned(), &batch)?,
                };
                let found = std::iter::once(loss).chain(metrics);
                measures.iter_mut().zip(found).for_each(|((_, mean), value)| *mean += share * value);
                observers.iter_mut().for_each(|observer| observer.on_step(loss));
            }
            if let Some(validation) = validation.filter(|validation| !validation.is_empty()) {
                let result = evaluate(model, loss, validation)?;
                measures.push(("validation loss".to_owned(), result.loss.double()));
                let found = self.measure(&result.output, validation)?;
                let names = self.metrics.iter().map(|(name, _)| format!("validation {name}"));
                measures.extend(names.zip(found));
            }
            let epoch = Epoch { number, of: self.epochs, measures };
            let stops: Vec<bool> = observers.iter_mut().map(|observer| observer.on_epoch(&epoch).is_break()).collect();
            if stops.contains(&true) {
                break;
            }
        }
        observers.iter_mut().for_each(|observer| observer.on_end());
        Ok(())
    }

    fn measure(&self, output: &ndarray::ArrayD<F>, data: &Dataset<F>) -> Result<Vec<f64>> {
        self.metrics.iter().map(|(_, metric)| metric(output, data.targets())).collect()
    }
}
