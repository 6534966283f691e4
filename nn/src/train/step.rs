//! One training step as one tape.

use crate::context::Context;
use crate::data::Dataset;
use crate::layer::{Layer, parameters, parameters_mut};
use crate::optim::{Arrays, Optimizer, Pace, Slot};
use crate::target::Target;
use autodiff::{Error, ErrorKind, Program, Real, Result, Shape, Tape, Var};
use ndarray::ArrayD;

/// A loss: of the model's output and the target, one number. The functions of [`loss`](crate::loss) as closures:
/// `&|output, target| loss::mean_squared(output, target)`.
pub type Loss<F> = dyn for<'t> Fn(Var<'t, F>, Target<'t, F>) -> Var<'t, F>;

/// The training step: forward pass, loss, reverse pass and the optimizer's update, recorded together on one tape.
///
/// The inputs of that tape are, in this order: the random key, the parameters in the order of
/// [`Layer::visit`], the features, the targets, the learning rate, the step number, and for each parameter the arrays of
/// its optimizer state. Everything that changes from step to step is an input, so the [`program`](Self::program) of one
/// step is that of every step with a batch of the same shape.
///
/// ```
/// use nn::{Dataset, Dense, Init, Random, Sgd, Step, loss};
///
/// let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
/// let batch = Dataset::<f64>::valued(ndarray::array![[2.0]], ndarray::array![[6.0]])?;
/// let mut step = Step::new(Sgd::new(0.25));
/// let before = step.run(&mut model, &|a, y| loss::half_squared(a, y), &batch, 0)?.loss;
/// // The gradient (0 − 6)·2 = −12, a quarter of it subtracted from 0.
/// assert_eq!((before, model.weight().array().sum()), (18.0, 3.0));
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Debug)]
pub struct Step<F: Real, O> {
    optimizer: O,
    state: State<F>,
    tape: Tape<F>,
}

/// What an optimizer keeps from step to step: for each parameter, arrays by name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct State<F: Real> {
    step: u64,
    slots: Vec<(String, Arrays<F>)>,
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
pub struct StepResult<F: Real> {
    /// The loss of the batch, before the update.
    pub loss: F,
    /// The model's output for the batch, before the update.
    pub output: ArrayD<F>,
}

/// The recording of a step.
struct Recorded<'t, F: Real> {
    loss: Var<'t, F>,
    output: Var<'t, F>,
    parameters: Vec<Updated<'t, F>>,
}

/// A parameter and its state after the step.
struct Updated<'t, F: Real> {
    path: String,
    value: Var<'t, F>,
    state: Vec<(&'static str, Var<'t, F>)>,
}

impl<F: Real, O: Optimizer<F>> Step<F, O> {
    /// A step that has not been made yet: the optimizer's state is empty, which means zeros.
    pub fn new(optimizer: O) -> Self {
        Step { optimizer, state: State { step: 0, slots: Vec::new() }, tape: Tape::new() }
    }

    /// The optimizer's state.
    pub fn state(&self) -> &State<F> {
        &self.state
    }

    /// Makes one step on `batch`: changes the parameters of `model` and the state of the optimizer. If there is an
    /// error, neither is changed.
    ///
    /// # Errors
    /// The error of the forward pass or the loss; [`ErrorKind::NoGradient`] or [`ErrorKind::NotDifferentiable`] with the
    /// reason and the path of a parameter that no gradient reaches; [`ErrorKind::NotFinite`], with the first number that
    /// was not finite, if the loss or a new parameter is not; [`ErrorKind::Mismatch`] if the model is not the one
    /// of the steps before, or its `visit_mut` lists other parameters than its `visit`.
    #[track_caller]
    pub fn run(
        &mut self,
        model: &mut (impl Layer<F> + ?Sized),
        loss: &Loss<F>,
        batch: &Dataset<F>,
        key: u64,
    ) -> Result<StepResult<F>> {
        self.tape.clear();
        let recorded = record(&self.tape, &*model, &self.optimizer, &self.state, loss, batch, key)?;
        let result = StepResult { loss: recorded.loss.item()?, output: recorded.output.value()? };
        if !result.loss.is_finite() {
            return Err(not_finite("the loss", result.loss, recorded.loss));
        }
        let mut values = Vec::new();
        let mut slots = Vec::new();
        for updated in recorded.parameters {
            let state = updated.state.iter().map(|(name, array)| Ok((*name, array.value()?)));
            slots.push((updated.path, state.collect::<Result<Vec<_>>>()?));
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
        Ok(result)
    }

    /// The next step as a program. Its inputs are those listed above, its outputs the loss, the model's output, the
    /// parameters, and for each parameter its state.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    #[track_caller]
    pub fn program(
        &self,
        model: &(impl Layer<F> + ?Sized),
        loss: &Loss<F>,
        batch: &Dataset<F>,
        key: u64,
    ) -> Result<Program<F>> {
        let tape = Tape::new();
        let recorded = record(&tape, model, &self.optimizer, &self.state, loss, batch, key)?;
        let mut outputs = vec![recorded.loss, recorded.output];
        outputs.extend(recorded.parameters.iter().map(|updated| updated.value));
        outputs.extend(recorded.parameters.iter().flat_map(|updated| updated.state.iter().map(|(_, array)| *array)));
        tape.program(&outputs)
    }
}

/// Records the step. No closure stands between this and the model's `forward`: the caller's line would not get through.
#[track_caller]
fn record<'t, F: Real>(
    tape: &'t Tape<F>,
    model: &'t (impl Layer<F> + ?Sized),
    optimizer: &impl Optimizer<F>,
    state: &State<F>,
    loss: &Loss<F>,
    batch: &Dataset<F>,
    key: u64,
) -> Result<Recorded<'t, F>> {
    let number = state.step + 1;
    let cx = Context::training(tape, model, key);
    let x = tape.data(batch.features()).named("x");
    let target = batch.targets().on(tape);
    let rate = tape.data(F::of(optimizer.rate(number))).named("rate");
    let at = Pace { rate, step: tape.data(F::of(number as f64)).named("step") };

    let output = model.forward(x, &cx);
    let loss = tape.scope("loss", || loss(output, target)).named("loss");
    let weights = cx.vars();
    let gradients = match loss.gradient(&weights) {
        Err(error) if error.kind() == ErrorKind::NoGradient => {
            return Err(
                error.with_help("let it take part in the loss, or leave it out of the layer's `visit` and `visit_mut`")
            );
        }
        gradients => gradients?,
    };

    let paths: Vec<String> = parameters(model).into_iter().map(|(path, _)| path).collect();
    if number > 1 && !paths.iter().eq(state.slots.iter().map(|(path, _)| path)) {
        return Err(mismatch("the model has other parameters than in the steps before"));
    }
    let mut updated = Vec::new();
    for (i, ((w, g), path)) in weights.into_iter().zip(gradients).zip(paths).enumerate() {
        let before = state.slots.get(i).map_or(&[] as &[_], |(_, arrays)| arrays);
        let shape: Shape = w.shape()?;
        let mut slot = Slot::new(tape, &path, shape, before);
        let value = tape.attributed(|| tape.scope("update", || optimizer.update(w, g, &mut slot, at)));
        value.shape()?;
        let state = slot.into_after();
        updated.push(Updated { path, value, state });
    }
    Ok(Recorded { loss, output, parameters: updated })
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

fn mismatch(message: &str) -> Error {
    Error::new(ErrorKind::Mismatch, "step", message)
}
