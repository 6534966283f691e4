//! One training step.

use super::planned::Planned;
use super::recorded::record;
use crate::data::Dataset;
use crate::layer::{Layer, parameters_mut};
use crate::optim::{Arrays, Optimizer};
use crate::target::Target;
use autodiff::{Error, ErrorKind, Program, Real, Result, Tape, Var};
use ndarray::{ArrayD, ArrayViewD};
use std::fmt;

/// A loss: of the model's output and the target, one number. The functions of [`loss`](crate::loss) as closures:
/// `&|output, target| loss::mean_squared(output, target)`.
pub type Loss<F> = dyn for<'t> Fn(Var<'t, F>, Target<'t, F>) -> Var<'t, F>;

/// The training step: forward pass, loss, reverse pass and the optimizer's update, recorded together on one tape.
///
/// The first step with a batch of some shape is recorded without values and prepared as a [`Plan`](autodiff::Plan), which
/// all steps with batches of that shape run: fused, in one arena, parameters and state updated where they are. The results
/// have the bits of a recording with values. What a replay takes anew are the inputs of the tape, in this order: the random key, the
/// parameters in the order of [`Layer::visit`], the features, the targets, the learning rate, the step number, and for
/// each parameter the arrays of its optimizer state. Everything else is as it was when it was recorded: after changing a
/// model otherwise than in its parameters, say the probability of a dropout, call [`forget`](Self::forget).
///
/// A model or loss that reads values while it is recorded (an `if` on [`Var::item`]) decides anew in every step, so its
/// steps are recorded each time; [`eagerly`](Self::eagerly) asks for that.
///
/// ```
/// use nn::{Dataset, Dense, Init, Random, Sgd, Step, loss};
///
/// let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
/// let batch = Dataset::<f64>::valued(ndarray::array![[2.0]], ndarray::array![[6.0]])?;
/// let mut step = Step::new(Sgd::new(0.25), &|a, y| loss::half_squared(a, y));
/// let before = step.run(&mut model, &batch, 0)?.loss;
/// // The gradient (0 − 6)·2 = −12, a quarter of it subtracted from 0.
/// assert_eq!((before, model.weight().array().sum()), (18.0, 3.0));
/// # Ok::<(), autodiff::Error>(())
/// ```
pub struct Step<'l, F: Real, O> {
    optimizer: O,
    loss: &'l Loss<F>,
    state: State<F>,
    tape: Tape<F>,
    /// The output of the last step, if that was recorded.
    output: ArrayD<F>,
    plans: Vec<Planned<F>>,
    eagerly: bool,
    threads: usize,
}

/// What an optimizer keeps from step to step: for each parameter, arrays by name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct State<F: Real> {
    pub(super) step: u64,
    pub(super) slots: Vec<(String, Arrays<F>)>,
}

impl<F: Real> State<F> {
    /// The number of steps made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The array `name` of the parameter at `path`.
    pub fn get(&self, path: &str, name: &str) -> Option<&ArrayD<F>> {
        let (_, arrays) = self.slots.iter().find(|(known, _)| known == path)?;
        arrays.iter().find(|(known, _)| *known == name).map(|(_, array)| array)
    }

    /// All arrays: the path of the parameter, the name, the array.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &'static str, &ArrayD<F>)> {
        self.slots.iter().flat_map(|(path, arrays)| arrays.iter().map(|(name, array)| (path.as_str(), *name, array)))
    }
}

/// What a step found out on its way.
#[derive(Clone, PartialEq, Debug)]
pub struct StepResult<'s, F: Real> {
    /// The loss of the batch, before the update.
    pub loss: F,
    /// The model's output for the batch, before the update.
    pub output: ArrayViewD<'s, F>,
}

/// The plans that are kept: batches of more shapes than that are prepared again.
const PLANS: usize = 4;

impl<'l, F: Real, O: Optimizer<F>> Step<'l, F, O> {
    /// A step that has not been made yet: the optimizer's state is empty, which means zeros.
    pub fn new(optimizer: O, loss: &'l Loss<F>) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (state, output) = (State { step: 0, slots: Vec::new() }, ArrayD::zeros(vec![0]));
        Step { optimizer, loss, state, tape: Tape::new(), output, plans: Vec::new(), eagerly: false, threads }
    }

    /// Every step is recorded anew: for models that Rust code changes from step to step.
    pub fn eagerly(self) -> Self {
        Step { eagerly: true, ..self }
    }

    /// At most this many threads share the work of a step; as many as the machine has, unless said otherwise. The number
    /// changes no bit of any result.
    pub fn threads(self, threads: usize) -> Self {
        Step { threads, ..self }
    }

    /// The optimizer's state.
    pub fn state(&self) -> &State<F> {
        &self.state
    }

    /// The step as it was prepared for batches of the shape of `batch`, in words; `None` where it was not.
    pub fn explain(&self, batch: &Dataset<F>) -> Option<String> {
        self.plans.iter().find(|planned| planned.fits(batch)).map(Planned::explain)
    }

    /// Forgets what was prepared: the next step is recorded.
    pub fn forget(&mut self) {
        self.plans.clear();
    }

    /// Makes one step on `batch`: changes the parameters of `model` and the state of the optimizer. If there is an
    /// error, neither is changed.
    ///
    /// # Errors
    /// The error of the forward pass or the loss; [`ErrorKind::NoGradient`] or [`ErrorKind::NotDifferentiable`] with the
    /// reason and the path of a parameter that no gradient reaches; [`ErrorKind::NotFinite`], with the first number that
    /// was not finite, if the loss or a new parameter is not; [`ErrorKind::Mismatch`] if the model is not the one
    /// of the steps before, or its `visit_mut` lists other parameters than its `visit`.
    ///
    /// A replayed step is refused if the loss or a gradient is not finite; a parameter that an optimizer makes infinite or
    /// NaN out of finite gradients is found by the next step.
    #[track_caller]
    pub fn run(
        &mut self,
        model: &mut (impl Layer<F> + ?Sized),
        batch: &Dataset<F>,
        key: u64,
    ) -> Result<StepResult<'_, F>> {
        let number = self.state.step + 1;
        let rate = F::of(self.optimizer.rate(number));
        if !self.eagerly && rate.is_finite() {
            let known = self.plans.iter().position(|planned| planned.fits(batch));
            let index = match known {
                Some(index) => Some(index),
                None => self.prepare(&*model, batch, key)?,
            };
            if let Some(index) = index
                && let Some(planned) = self.plans.get_mut(index)
                && planned.execute(model, &mut self.state, batch, key, rate)
            {
                return match self.plans.get(index) {
                    Some(planned) => planned.result(),
                    None => Err(mismatch("the plan of this step is gone")),
                };
            }
            // The zeros that a first step was prepared with are no state yet.
            if self.state.step == 0 {
                self.state.slots.clear();
            }
        }
        // Not prepared, or refused: recording it says why, with lines and names.
        let loss = self.record(model, batch, key)?;
        Ok(StepResult { loss, output: self.output.view() })
    }

    /// Records the step without values and prepares it; where the plan is. `None` if it has to be recorded with values each
    /// time: because the model reads some, or to say what is wrong with it.
    #[track_caller]
    fn prepare(&mut self, model: &(impl Layer<F> + ?Sized), batch: &Dataset<F>, key: u64) -> Result<Option<usize>> {
        let tape = Tape::symbolic();
        let recorded = record(&tape, model, &self.optimizer, &self.state, self.loss, batch, key);
        // What a model does after it found no value may be anything.
        let (Ok(recorded), false) = (recorded, tape.was_read()) else {
            self.eagerly |= tape.was_read();
            return Ok(None);
        };
        let states: Vec<usize> = recorded.parameters.iter().map(|updated| updated.state.len()).collect();
        let planned = Planned::new(&recorded.with_gradients(&tape)?, &states, batch, self.threads)?;
        if self.state.slots.is_empty() {
            self.state.slots = recorded.fresh_state()?;
        }
        if self.plans.len() == PLANS {
            self.plans.remove(0);
        }
        self.plans.push(planned);
        Ok(Some(self.plans.len() - 1))
    }

    /// Records the step and makes it.
    #[track_caller]
    fn record(&mut self, model: &mut (impl Layer<F> + ?Sized), batch: &Dataset<F>, key: u64) -> Result<F> {
        self.tape.clear();
        let recorded = record(&self.tape, &*model, &self.optimizer, &self.state, self.loss, batch, key)?;
        let (loss, output) = (recorded.loss.item()?, recorded.output.value()?);
        if !loss.is_finite() {
            return Err(not_finite("the loss", loss, recorded.loss));
        }
        let mut values = Vec::new();
        let mut slots = Vec::new();
        for updated in &recorded.parameters {
            let state = updated.state.iter().map(|(name, array)| Ok((*name, array.value()?)));
            slots.push((updated.path.clone(), state.collect::<Result<Vec<_>>>()?));
            let value = updated.value.value()?;
            if let Some(number) = value.iter().find(|number| !number.is_finite()) {
                return Err(not_finite("a parameter after the step", *number, recorded.loss));
            }
            values.push(value);
        }
        let mut parameters = parameters_mut(model);
        if !parameters.iter().map(|(path, _)| path).eq(slots.iter().map(|(path, _)| path)) {
            return Err(mismatch("`visit_mut` of the model does not list the parameters that its `visit` lists"));
        }
        for ((_, param), value) in parameters.iter().zip(&values) {
            if param.array().shape() != value.shape() {
                return Err(mismatch("the optimizer answered with an array of another shape than the parameter's"));
            }
        }
        for ((_, param), value) in parameters.iter_mut().zip(values) {
            param.set(value)?;
        }
        self.state = State { step: self.state.step + 1, slots };
        self.output = output;
        // A plan that refused what goes well is that of another model.
        self.plans.retain(|planned| !planned.fits(batch));
        Ok(loss)
    }

    /// The next step as a program. Its inputs are those listed above, its outputs the loss, the model's output, the
    /// parameters, and for each parameter its state.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    #[track_caller]
    pub fn program(&self, model: &(impl Layer<F> + ?Sized), batch: &Dataset<F>, key: u64) -> Result<Program<F>> {
        let tape = Tape::new();
        let recorded = record(&tape, model, &self.optimizer, &self.state, self.loss, batch, key)?;
        recorded.program(&tape)
    }
}

impl<F: Real, O: fmt::Debug> fmt::Debug for Step<'_, F, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (optimizer, steps, plans) = (&self.optimizer, self.state.step, self.plans.len());
        write!(f, "Step {{ optimizer: {optimizer:?}, {steps} steps made, {plans} plans }}")
    }
}

/// Why training stops: what is not finite, and where the first such number came from.
fn not_finite<F: Real>(what: &str, number: F, loss: Var<'_, F>) -> Error {
    let error = Error::new(ErrorKind::NotFinite, "step", format!("{what} is {number}; nothing was changed"));
    let error = error.at(loss.origin());
    let error = match loss.first_non_finite() {
        Ok(Some(first)) => error.with_operand(format!("first: {first}")),
        _ => error,
    };
    error.with_help("look at that operation's operands, at the data, and at the learning rate")
}

pub(super) fn mismatch(message: &str) -> Error {
    Error::new(ErrorKind::Mismatch, "step", message)
}
