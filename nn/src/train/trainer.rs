//! The training loop.

use super::checkpoint::{Checkpoint, Every, Run};
use super::evaluate::evaluate_at;
use super::located::located;
use super::moved::{note_moved, still};
use super::observer::{Epoch, Observer, ObserverState, Training};
use super::step::Step;
use crate::data::{Column, Dataset};
use crate::error::{here, mismatch};
use crate::module::Module;
use crate::objective::Objective;
use crate::optim::{Optimizer, Position};
use crate::random::Random;
use autodiff::inspect::Trace;
use autodiff::{Real, Result};
use ndarray::ArrayD;
use std::fmt;

/// Trains a model on mini-batches: in every epoch each example is used once, in a new random order.
///
/// Everything random (the order, dropout) comes from `seed`: the same seed on the same machine trains the same
/// parameters, bit for bit. Steps are recorded once for each shape of batch and then replayed, which changes no bit, as
/// long as a loss that is a closure captures nothing that changes: see [`Step`] about that, and
/// [`FnObjective::with`](crate::FnObjective::with) for numbers that do change.
///
/// ```
/// use nn::{Dataset, Dense, History, Init, Random, Sgd, Trainer, loss};
///
/// // y = 2x, from three points.
/// let points = ndarray::array![[1.0], [2.0], [3.0]];
/// let data = Dataset::<f64>::valued(points.clone(), points * 2.0)?;
/// let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
/// let mut history = History::new();
/// Trainer::new(Sgd::new(0.05)).epochs(50).observe(&mut history).fit(&mut model, loss::mean_squared, &data)?;
/// assert!((model.weight().array().sum() - 2.0).abs() < 1e-6);
/// assert!(history.curve("loss")?[49] < 1e-12);
/// # Ok::<(), autodiff::Error>(())
/// ```
pub struct Trainer<'a, F: Real, O> {
    optimizer: O,
    epochs: usize,
    batch_size: usize,
    seed: u64,
    eagerly: bool,
    threads: Option<usize>,
    plans: Option<usize>,
    metrics: Vec<(String, Metric<'a, F>)>,
    validation: Vec<&'a Dataset<F>>,
    split: Option<f64>,
    augment: Option<Augmentation<'a, F>>,
    observers: Vec<&'a mut dyn Observer<F>>,
    resumed: Option<&'a Checkpoint<F>>,
    kept: Option<(Every, Keep<'a, F>)>,
    traced: Option<(u64, KeepTrace<'a, F>)>,
}

/// What becomes of a checkpoint.
type Keep<'a, F> = Box<dyn FnMut(&Checkpoint<F>) -> Result<()> + 'a>;

/// What becomes of a trace.
type KeepTrace<'a, F> = Box<dyn FnMut(&Trace<F>) -> Result<()> + 'a>;

/// A number that says how well outputs fit targets.
type Metric<'a, F> = Box<dyn Fn(&ArrayD<F>, &Column<F>) -> Result<f64> + 'a>;

/// A batch changed at random.
type Augmentation<'a, F> = Box<dyn Fn(&Dataset<F>, &mut Random) -> Result<Dataset<F>> + 'a>;

/// The stream of the key of a step that its batch is changed by.
const CHANGES: u64 = 1;

/// The streams of the seed that the orders and the keys of the epochs, and the split, come from: far from those that
/// users number.
const ORDERS: u64 = 1 << 62;
const KEYS: u64 = 2 << 62;
const SPLITS: u64 = (1 << 62) - 1;

impl<'a, F: Real, O: Optimizer<F>> Trainer<'a, F, O> {
    /// A trainer with `optimizer`: one epoch, batches of 32, seed 0, no metrics.
    pub fn new(optimizer: O) -> Self {
        Trainer {
            optimizer,
            epochs: 1,
            batch_size: 32,
            seed: 0,
            eagerly: false,
            threads: None,
            plans: None,
            metrics: Vec::new(),
            validation: Vec::new(),
            split: None,
            augment: None,
            observers: Vec::new(),
            resumed: None,
            kept: None,
            traced: None,
        }
    }

    /// How often each example is used, counted from the first start of the run.
    pub fn epochs(self, epochs: usize) -> Self {
        Trainer { epochs, ..self }
    }

    /// How many examples make a batch; the last one of an epoch has what is left.
    pub fn batch_size(self, batch_size: usize) -> Self {
        Trainer { batch_size, ..self }
    }

    /// The seed of everything random.
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

    /// At most this many prepared steps are kept, as [`Step::plans`] says: one for each shape of batch and structure of
    /// the model, so two for a data set that the batch size does not divide.
    pub fn plans(self, plans: usize) -> Self {
        Trainer { plans: Some(plans), ..self }
    }

    /// Measures in every epoch how well the outputs fit the targets, under this name:
    /// [`accuracy`](crate::metric::accuracy), or a closure. No other measure has the name, `loss` and `validation …`
    /// included.
    pub fn metric(
        mut self,
        name: impl Into<String>,
        metric: impl Fn(&ArrayD<F>, &Column<F>) -> Result<f64> + 'a,
    ) -> Self {
        self.metrics.push((name.into(), Box::new(metric)));
        self
    }

    /// Measures loss and metrics after every epoch on `data`, too. There can be one validation set.
    pub fn validation(mut self, data: &'a Dataset<F>) -> Self {
        self.validation.push(data);
        self
    }

    /// Keeps `fraction` of the examples out of the training, drawn at random by the seed, and uses them as the
    /// validation set: in place of a data set given to [`validation`](Self::validation).
    ///
    /// ```
    /// use nn::{Dataset, Dense, History, Init, Random, Sgd, Trainer, loss};
    /// let data = Dataset::<f64>::valued([[1.0], [2.0], [3.0], [4.0]], [[2.0], [4.0], [6.0], [8.0]])?;
    /// let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
    /// let mut history = History::new();
    /// let trainer = Trainer::new(Sgd::new(0.01)).epochs(30).validation_split(0.25);
    /// trainer.observe(&mut history).fit(&mut model, loss::mean_squared, &data)?;
    /// assert!(history.curve("validation loss")?[29] < 0.1);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn validation_split(self, fraction: f64) -> Self {
        Trainer { split: Some(fraction), ..self }
    }

    /// Data augmentation: changes every training batch at random before it is used, by [`Augment`](crate::Augment) or
    /// by a function of your own. The random numbers come from the key of the step, so a resumed training sees the same
    /// batches.
    ///
    /// ```
    /// use nn::{Augment, Dataset, Dense, Init, Random, Sgd, Trainer, loss};
    /// let data = Dataset::<f64>::labelled([[0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 0.0]], vec![0, 1])?;
    /// let mut model = Dense::new(4, 2, Init::Xavier, &mut Random::new(0));
    /// let changes = Augment::new(2, 2).shift(1).noise(0.1);
    /// let trainer = Trainer::new(Sgd::new(0.1)).augment(move |batch, random| changes.apply(batch, random));
    /// trainer.epochs(3).fit(&mut model, loss::softmax_cross_entropy, &data)?;
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn augment(self, change: impl Fn(&Dataset<F>, &mut Random) -> Result<Dataset<F>> + 'a) -> Self {
        Trainer { augment: Some(Box::new(change)), ..self }
    }

    /// Adds an observer of the training. There can be several.
    pub fn observe(mut self, observer: &'a mut dyn Observer<F>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Resumes the run of `checkpoint`, with its seed, as if it had never stopped. Observers take their states from the
    /// checkpoint, by name ([`Observer::state`]); those that it has no state of begin anew.
    pub fn resume(self, checkpoint: &'a Checkpoint<F>) -> Self {
        Trainer { resumed: Some(checkpoint), ..self }
    }

    /// Calls `keep` with a checkpoint of the run at these times, after all observers have seen the step or the epoch:
    /// to save it, so that a run that is interrupted can be [resumed](Self::resume).
    ///
    /// ```
    /// use nn::{Adam, Checkpoint, Dataset, Dense, Every, Init, Random, Trainer, loss};
    ///
    /// # let folder = std::env::temp_dir().join("nn-checkpoints");
    /// # std::fs::create_dir_all(&folder)?;
    /// let path = folder.join("run.checkpoint");
    /// let data = Dataset::<f64>::valued([[1.0], [2.0], [3.0]], [[2.0], [4.0], [6.0]])?;
    /// let start = Dense::new(1, 1, Init::Xavier, &mut Random::new(0));
    /// let trainer = || Trainer::new(Adam::new(0.1)).batch_size(2);
    ///
    /// let (mut whole, mut halves) = (start.clone(), start.clone());
    /// trainer().epochs(10).fit(&mut whole, loss::mean_squared, &data)?;
    ///
    /// trainer().epochs(4).checkpoints(Every::Epoch, |state| state.save(&path)).fit(&mut halves, loss::mean_squared, &data)?;
    /// // In another process, say.
    /// let (checkpoint, mut resumed) = (Checkpoint::load(&path)?, start);
    /// trainer().epochs(10).resume(&checkpoint).fit(&mut resumed, loss::mean_squared, &data)?;
    /// assert_eq!(resumed, whole);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn checkpoints(self, every: Every, keep: impl FnMut(&Checkpoint<F>) -> Result<()> + 'a) -> Self {
        Trainer { kept: Some((every, Box::new(keep))), ..self }
    }

    /// Calls `keep` with the trace of step number `step`, from 1: forward pass, reverse pass and update, to be looked at.
    /// It is recorded before the step is made; no other step costs more.
    ///
    /// ```
    /// use nn::{Dataset, Dense, Init, Random, Sgd, Trainer, loss};
    ///
    /// let data = Dataset::<f64>::valued([[1.0], [2.0], [3.0]], [[2.0], [4.0], [6.0]])?;
    /// let mut model = Dense::new(1, 1, Init::Xavier, &mut Random::new(0));
    /// let mut third = None;
    /// // With the crate `stepper`: `|trace| Ok(stepper::save(trace, "step3.trace")?)`.
    /// let trainer = Trainer::new(Sgd::new(0.1)).epochs(5).trace(3, |trace| Ok(third = Some(trace.clone())));
    /// trainer.fit(&mut model, loss::mean_squared, &data)?;
    /// assert_eq!(third.unwrap().runs().len(), 1);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn trace(self, step: u64, keep: impl FnMut(&Trace<F>) -> Result<()> + 'a) -> Self {
        Trainer { traced: Some((step, Box::new(keep))), ..self }
    }

    /// Trains `model` on `data`. Returns the checkpoint of the last step, from which the run can be resumed; or the one
    /// that an observer has chosen ([`Observer::chosen`]), to which the model is set then.
    ///
    /// The objective is a loss function by its name, or a closure by [`loss::from_fn`](crate::loss::from_fn) or
    /// [`nn::objective`](crate::objective). Where the compiler says that the "implementation of `LossFunction` is not
    /// general enough", a closure was passed by itself: [`Objective`] has the remedies.
    ///
    /// # Errors
    /// Those of [`Step::run`], with the epoch and the batch, of a metric, and of keeping a checkpoint;
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) for no examples, no epochs, batches of 0 examples, two
    /// measures of one name, an observer of a measure that there is not, two validation sets, a split that leaves a part
    /// without examples, or a checkpoint that does not fit.
    #[track_caller]
    pub fn fit<M: Module<F>, K>(
        self,
        model: &mut M,
        objective: impl Objective<F, M, K>,
        data: &Dataset<F>,
    ) -> Result<Checkpoint<F>> {
        self.check(data)?;
        let mut progress = Run {
            seed: self.seed,
            epochs: 0,
            batches: 0,
            examples: data.len(),
            batch_size: self.batch_size,
            sums: vec![0.0; 1 + self.metrics.len()],
            moved: Vec::new(),
        };
        // The optimizer goes to the step, and the rest stays.
        let Trainer { optimizer, epochs, batch_size, .. } = self;
        let (metrics, augment) = (self.metrics, self.augment);
        let (mut observers, mut kept, mut traced) = (self.observers, self.kept, self.traced);
        let mut step = Step::new(optimizer, objective);
        if let Some(checkpoint) = self.resumed {
            checkpoint.restore(model)?;
            progress = checkpoint.run.clone().continued(progress)?;
            step = step.with_state(checkpoint.optimizer().clone());
            resume(&mut observers, checkpoint)?;
        }
        if let Some(threads) = self.threads {
            step = step.threads(threads);
        }
        if let Some(plans) = self.plans {
            step = step.plans(plans);
        }
        if self.eagerly {
            step = step.eagerly();
        }
        // Which rows are trained on, and what is validated on.
        let all: Vec<usize> = (0..data.len()).collect();
        let (rows, held_out) = match self.split {
            None => (all, None),
            Some(fraction) => {
                let (held_out, rows) = parts(data.len(), fraction, progress.seed)?;
                (rows, Some(data.chosen(&held_out)))
            }
        };
        let validation = self.validation.first().copied().or(held_out.as_ref());
        progress.examples = rows.len();
        let steps = rows.len().div_ceil(batch_size);
        observers.iter_mut().for_each(|observer| observer.on_start(epochs, steps));
        'run: while progress.epochs < epochs {
            let number = progress.epochs + 1;
            let order = Random::stream(progress.seed, ORDERS + number as u64).permutation(rows.len());
            let order: Vec<usize> = order.into_iter().filter_map(|i| rows.get(i).copied()).collect();
            let mut keys = Random::stream(progress.seed, KEYS + number as u64);
            (0..progress.batches).for_each(|_| _ = keys.key());
            step.set_epoch(number as u64);
            // Loops and not iterators: the caller's line does not reach into closures.
            for rows in order.chunks(batch_size).skip(progress.batches) {
                let (key, mut batch) = (keys.key(), data.chosen(rows));
                if let Some(change) = &augment {
                    batch = match change(&batch, &mut Random::stream(key, CHANGES)) {
                        Ok(batch) => batch,
                        Err(error) => return Err(error.at(here()).with_operand(in_batch(number, progress.batches))),
                    };
                }
                if let Some((number, keep)) = &mut traced
                    && step.position().step + 1 == *number
                {
                    keep(&step.trace(&*model, &batch, key)?)?;
                }
                if let Err(error) = step.run(model, &batch, key) {
                    let error = error.with_operand(in_batch(number, progress.batches));
                    let at = step.position();
                    let evaluated =
                        |rows: &[usize]| evaluate_at(&*model, &step.objective, ("", &data.chosen(rows)), at).err();
                    return Err(located(error, rows, data, evaluated));
                }
                let Some(result) = step.result() else { continue };
                let share = rows.len() as f64 / order.len() as f64;
                let weight = if result.is_mean { share } else { 1.0 };
                let output = match metrics.is_empty() {
                    true => None,
                    false => result.output(0).map(|output| output.to_owned()),
                };
                let found = measure(&metrics, output.as_ref(), &batch)?;
                let found = found.into_iter().map(|value| share * value);
                let found = std::iter::once(weight * result.loss.double()).chain(found);
                progress.sums.iter_mut().zip(found).for_each(|(sum, value)| *sum += value);
                note_moved(&mut progress.moved, &result);
                progress.batches += 1;
                let training = Training { model: &*model, optimizer: step.state(), run: &progress };
                let mut stops = false;
                observers.iter_mut().for_each(|observer| stops |= observer.on_step(&result, &training).is_break());
                if let Some((Every::Steps(every), keep)) = &mut kept
                    && training.position().step.checked_rem(*every) == Some(0)
                {
                    keep(&whole(training.checkpoint(), &observers))?;
                }
                if stops {
                    break 'run;
                }
            }
            let names = std::iter::once("loss").chain(metrics.iter().map(|(name, _)| name.as_str()));
            let mut measures: Vec<(String, f64)> =
                names.map(str::to_owned).zip(progress.sums.iter().copied()).collect();
            let warnings = still(&progress.moved);
            (progress.epochs, progress.batches) = (number, 0);
            progress.sums = vec![0.0; 1 + metrics.len()];
            progress.moved.clear();
            if let Some(validation) = validation {
                let at = Position { step: step.state().step(), epoch: number as u64 };
                let result = match evaluate_at(&*model, &step.objective, ("the validation set", validation), at) {
                    Ok(result) => result,
                    Err(error) => return Err(error.with_operand(format!("in the validation after epoch {number}"))),
                };
                measures.push(("validation loss".to_owned(), result.loss.double()));
                let found = measure(&metrics, result.outputs.first(), validation)?;
                measures.extend(metrics.iter().map(|(name, _)| format!("validation {name}")).zip(found));
            }
            let epoch = Epoch { number, of: epochs, measures, warnings };
            let training = Training { model: &*model, optimizer: step.state(), run: &progress };
            let mut stops = false;
            observers.iter_mut().for_each(|observer| stops |= observer.on_epoch(&epoch, &training).is_break());
            if let Some((Every::Epoch, keep)) = &mut kept {
                keep(&whole(training.checkpoint(), &observers))?;
            }
            if stops {
                break;
            }
        }
        observers.iter_mut().for_each(|observer| observer.on_end());
        match observers.iter().rev().find_map(|observer| observer.chosen()) {
            Some(chosen) => {
                chosen.restore(model)?;
                Ok(chosen.clone())
            }
            None => Ok(whole(Checkpoint::of(&*model, step.state(), &progress), &observers)),
        }
    }

    #[track_caller]
    fn check(&self, data: &Dataset<F>) -> Result<()> {
        let complaint = match () {
            () if data.is_empty() => "there are no examples to train on",
            () if self.validation.iter().any(|data| data.is_empty()) => "there are no examples to validate on",
            () if self.batch_size == 0 => "a batch of 0 examples trains nothing",
            () if self.epochs == 0 => "0 epochs train nothing",
            () if self.validation.len() + usize::from(self.split.is_some()) > 1 => {
                "there are two validation sets, and room for one: `nn::evaluate` takes others"
            }
            () => return self.check_measures(),
        };
        Err(mismatch("fit", complaint))
    }

    /// That no two measures have one name, and that there are those that the observers go by.
    #[track_caller]
    fn check_measures(&self) -> Result<()> {
        let own = std::iter::once("loss").chain(self.metrics.iter().map(|(name, _)| name.as_str())).map(str::to_owned);
        let own: Vec<String> = own.collect();
        let validates = self.split.is_some() || !self.validation.is_empty();
        let later = own.iter().filter(|_| validates).map(|name| format!("validation {name}"));
        let all: Vec<String> = own.iter().cloned().chain(later).collect();
        if let Some((_, name)) = all.iter().enumerate().find(|(i, name)| all.iter().take(*i).any(|n| n == *name)) {
            let help = "give the metric another name: `loss` and `validation …` are taken";
            return Err(mismatch("fit", format!("there are two measures `{name}`")).with_help(help));
        }
        let mut wanted = self.observers.iter().filter_map(|observer| observer.measure());
        let Some(wanted) = wanted.find(|wanted| !all.iter().any(|name| name == wanted)) else { return Ok(()) };
        let list = all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let more = if validates { "" } else { "; a validation set adds `validation loss` and so on" };
        let error = mismatch("fit", format!("there is no measure `{wanted}`, which an observer goes by"));
        Err(error.with_help(format!("measured are {list}{more}")))
    }
}

/// Where in the training something went wrong, after so many batches of the epoch.
fn in_batch(epoch: usize, batches: usize) -> String {
    format!("in epoch {epoch}, batch {}", batches + 1)
}

/// The rows of two parts of `n` examples, the first with `fraction` of them.
#[track_caller]
fn parts(n: usize, fraction: f64, seed: u64) -> Result<(Vec<usize>, Vec<usize>)> {
    let size = (n as f64 * fraction).round();
    if !(size >= 1.0 && size < n as f64) {
        let message = format!("a validation split of {fraction} of {n} examples leaves a part without examples");
        return Err(mismatch("fit", message).with_help("`validation_split(0.2)` keeps a fifth out of the training"));
    }
    let mut first = Random::stream(seed, SPLITS).permutation(n);
    let second = first.split_off(size as usize);
    Ok((first, second))
}

/// A checkpoint with what the observers know.
fn whole<F: Real>(mut checkpoint: Checkpoint<F>, observers: &[&mut dyn Observer<F>]) -> Checkpoint<F> {
    checkpoint.observers = observers.iter().filter_map(|observer| observer.state()).collect();
    checkpoint
}

/// Gives each observer what the one of its name knew in the run that is resumed.
#[track_caller]
fn resume<F: Real>(observers: &mut [&mut dyn Observer<F>], checkpoint: &Checkpoint<F>) -> Result<()> {
    let mut states: Vec<&ObserverState<F>> = checkpoint.observers.iter().collect();
    for observer in observers {
        let Some(own) = observer.state() else { continue };
        if let Some(i) = states.iter().position(|state| state.name == own.name) {
            observer.resume(states.remove(i))?;
        }
    }
    Ok(())
}

/// What the metrics say of an output.
#[track_caller]
fn measure<F: Real>(
    metrics: &[(String, Metric<'_, F>)],
    output: Option<&ArrayD<F>>,
    data: &Dataset<F>,
) -> Result<Vec<f64>> {
    let Some((first, _)) = metrics.first() else { return Ok(Vec::new()) };
    let Some(output) = output else {
        let message = format!("the metric `{first}` needs an output, and the objective has none");
        return Err(mismatch("metric", message)
            .with_help("`Outcome::output` adds the model's output to what an objective answers"));
    };
    let targets = data.targets()?;
    let mut found = Vec::with_capacity(metrics.len());
    for (name, metric) in metrics {
        match metric(output, targets) {
            Ok(number) => found.push(number),
            // A function that is passed by its name does not know its caller's line: it is that of the training.
            Err(error) => return Err(error.at(here()).with_operand(format!("in the metric `{name}`"))),
        }
    }
    Ok(found)
}

impl<F: Real, O: fmt::Debug> fmt::Debug for Trainer<'_, F, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (optimizer, epochs, batch_size) = (&self.optimizer, self.epochs, self.batch_size);
        write!(f, "Trainer {{ optimizer: {optimizer:?}, epochs: {epochs}, batch_size: {batch_size} }}")
    }
}
