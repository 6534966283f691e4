//! What a step makes small: a function of the model, the batch and the context.

use crate::context::Context;
use crate::data::{Columns, FEATURES, TARGETS};
use crate::layer::Layer;
use crate::loss::{Sum, Target};
use crate::optim::Position;
use autodiff::{Real, Result, Var};
use std::fmt;

/// What a training step makes small. Three things are objectives:
///
/// - a **loss function by its name**, for a model that is a [`Layer`]: `loss::mean_squared`, or a function of your own
///   `fn huber<'t, F: Real>(a: Var<'t, F>, target: Target<'t, F>) -> Var<'t, F>`. It reads the columns `x` and `targets`;
/// - a **closure of output and target** through [`loss::from_fn`](crate::loss::from_fn), which may borrow what is around
///   it: `loss::from_fn(|a, target| huber(a, target.like(a), delta))`;
/// - a **closure of model, batch and context** through [`objective`], for everything else: several inputs or outputs,
///   penalties on weights, equations that the output has to fulfil.
///
/// What a closure captures is part of the recorded step, like a constant: **a captured number that changes between
/// steps is not seen to change**. Declare it as a hyperparameter instead ([`FnObjective::with`]).
///
/// A type of your own may be a [`LossFunction`], or an objective, as well: for a loss with settings, say, as
/// [`loss::Huber`](crate::loss::Huber).
///
/// # If the compiler says …
///
/// | the compiler | the remedy |
/// |---|---|
/// | "implementation of `LossFunction` is not general enough" | a closure was passed by itself: `loss::from_fn(\|a, target\| …)` |
/// | "lifetime may not live long enough", at a closure with written types | `loss::from_fn(\|a, target\| …)`, without the types |
/// | the same, at a closure that was bound by `let` before | write it inside the call of `from_fn` or [`objective`], and bind what they answer |
/// | "type annotations needed", at `batch` of a closure that was bound by `let` | the same: written inside the call, `batch` and `cx` need no types |
/// | "type annotations needed", at `objective(\|model, …\| …)` | the type of the model: `\|model: &Dense<f64>, batch, cx\| …` |
/// | "closure may outlive the current function" | a function that answers an objective moves what the closure uses: `loss::from_fn(move \|a, target\| …)` |
/// | "type mismatch in function arguments" | a loss function takes a [`Target`], of which `target.like(a)` are numbers |
/// | "`…` is not a layer" | [`objective`]: it calls the model as the model is called |
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an objective for the model `{M}`",
    note = "a loss function is passed by its name, as `loss::mean_squared`, for a model that is an `nn::Layer`",
    note = "a closure of output and target goes through `loss::from_fn(|a, target| …)`",
    note = "a closure of model, batch and context goes through `nn::objective(|model: &Model, batch, cx| …)`",
    note = "either closure is written inside the call: one that was bound by `let` before does not fit"
)]
pub trait Objective<F: Real, M: ?Sized, K = ()> {
    /// Records the loss of `model` on `batch`.
    ///
    /// # Errors
    /// Whatever goes wrong; an error var in the outcome does as well.
    #[track_caller]
    fn record<'t>(&self, model: &M, batch: &Columns<'t, F>, cx: &Context<'t, F>) -> Result<Outcome<'t, F>>;

    /// Hands each hyperparameter with its value at this point of the training to `list`: always the same names in the
    /// same order. They are inputs of the recorded step, given anew in every step. None, unless said otherwise.
    fn hyperparameters(&self, at: Position, list: &mut dyn FnMut(&str, f64)) {
        let _ = (at, list);
    }
}

/// What an objective records: the loss, and outputs of the model to be looked at.
#[derive(Clone, Debug)]
pub struct Outcome<'t, F: Real> {
    /// The loss, one number.
    pub loss: Var<'t, F>,
    /// Whether the loss is a mean over the examples of the batch; a sum over them otherwise.
    pub is_mean: bool,
    /// The outputs that metrics and observers see; the first is the model's output proper.
    pub outputs: Vec<Var<'t, F>>,
}

impl<'t, F: Real> Outcome<'t, F> {
    /// With `output` as the next output.
    pub fn output(mut self, output: Var<'t, F>) -> Self {
        self.outputs.push(output);
        self
    }
}

/// A loss that is a mean over examples.
impl<'t, F: Real> From<Var<'t, F>> for Outcome<'t, F> {
    fn from(loss: Var<'t, F>) -> Self {
        Outcome { loss, is_mean: true, outputs: Vec::new() }
    }
}

/// A loss that is a sum over examples.
impl<'t, F: Real> From<Sum<'t, F>> for Outcome<'t, F> {
    fn from(loss: Sum<'t, F>) -> Self {
        Outcome { loss: loss.0, is_mean: false, outputs: Vec::new() }
    }
}

// ---- loss functions --------------------------------------------------------------------------------------------------

/// Marks a loss function as an objective; it is found by the compiler.
#[derive(Clone, Copy, Debug)]
pub struct ByName;

/// A loss of output and target: a function of both, which answers a var or a [`Sum`], or a value with settings.
///
/// The compiler names this trait where it refuses a closure: "implementation of `LossFunction` is not general enough", or
/// "lifetime may not live long enough" for one with written types. It takes the closure's lifetimes from the call that the
/// closure is written in, and only `from_fn` asks for the right ones. The remedy is to write the closure there:
///
/// ```
/// use nn::{Dataset, Dense, Init, Random, Sgd, Trainer, loss};
/// # let data = Dataset::<f64>::valued(ndarray::array![[1.0]], ndarray::array![[1.0]])?;
/// # let mut model = Dense::new(1, 1, Init::Xavier, &mut Random::new(0));
/// let weight = 2.0;
/// let weighted = loss::from_fn(|a, target| weight * loss::mean_squared(a, target));
/// Trainer::new(Sgd::new(0.1)).fit(&mut model, weighted, &data)?;
/// # Ok::<(), autodiff::Error>(())
/// ```
pub trait LossFunction<'t, F: Real> {
    /// The loss.
    #[track_caller]
    fn loss(&self, output: Var<'t, F>, target: Target<'t, F>) -> Outcome<'t, F>;
}

impl<'t, F: Real, L, R> LossFunction<'t, F> for L
where
    L: Fn(Var<'t, F>, Target<'t, F>) -> R,
    R: Into<Outcome<'t, F>>,
{
    #[track_caller]
    fn loss(&self, output: Var<'t, F>, target: Target<'t, F>) -> Outcome<'t, F> {
        self(output, target).into()
    }
}

impl<F: Real, M: Layer<F> + ?Sized, L: for<'t> LossFunction<'t, F>> Objective<F, M, ByName> for L {
    fn record<'t>(&self, model: &M, batch: &Columns<'t, F>, cx: &Context<'t, F>) -> Result<Outcome<'t, F>> {
        let output = model.forward(batch.real(FEATURES)?, cx);
        let target = batch.target(TARGETS)?;
        // The caller's line does not get through a function that is passed by name.
        let outcome = cx.tape().attributed(|| cx.tape().scope("loss", || self.loss(output, target)));
        Ok(outcome.output(output))
    }
}

// ---- closures --------------------------------------------------------------------------------------------------------

/// A closure of output and target as an objective, which may borrow what is around it.
///
/// ```
/// use nn::{Activation, Dataset, evaluate, loss};
///
/// let delta = 2.0;
/// // The mean of δ²(√(1 + ((a − y)/δ)²) − 1).
/// let pseudo_huber = loss::from_fn(|a, target| {
///     let scaled = (a - target.like(a)) / delta;
///     (((scaled * scaled + 1.0).sqrt() - 1.0) * (delta * delta)).mean(..)
/// });
/// let data = Dataset::<f64>::valued(ndarray::array![[3.0]], ndarray::array![[3.0]])?;
/// assert_eq!(evaluate(&Activation::Relu, pseudo_huber, &data)?.loss, 0.0);
/// # Ok::<(), autodiff::Error>(())
/// ```
pub fn from_fn<F: Real, L>(loss: L) -> FnLoss<L>
where
    L: for<'t> Fn(Var<'t, F>, Target<'t, F>) -> Var<'t, F>,
{
    FnLoss(loss)
}

/// What [`loss::from_fn`](crate::loss::from_fn) makes.
#[derive(Clone, Copy)]
pub struct FnLoss<L>(L);

impl<F: Real, M: Layer<F> + ?Sized, L> Objective<F, M> for FnLoss<L>
where
    L: for<'t> Fn(Var<'t, F>, Target<'t, F>) -> Var<'t, F>,
{
    fn record<'t>(&self, model: &M, batch: &Columns<'t, F>, cx: &Context<'t, F>) -> Result<Outcome<'t, F>> {
        let output = model.forward(batch.real(FEATURES)?, cx);
        Ok(Outcome::from((self.0)(output, batch.target(TARGETS)?)).output(output))
    }
}

/// A closure of model, batch and context as an objective.
///
/// ```
/// use nn::{Context, Dataset, Dense, Init, Layer, Outcome, Random, Sgd, Step};
///
/// // u′ = −u: the derivative of the output by the input, in the loss.
/// let decay = nn::objective(|model: &Dense<f64>, batch, cx| {
///     let x = batch.real("x")?;
///     let u = model.forward(x, cx);
///     let slope = u.sum(..).gradient(&[x])?[0];
///     Ok((slope + u).square().mean(..).into())
/// });
///
/// let mut model = Dense::new(1, 1, Init::Xavier, &mut Random::new(0));
/// let points = Dataset::new().real("x", ndarray::array![[0.0], [0.5], [1.0]])?;
/// let mut step = Step::new(Sgd::new(0.1), decay);
/// let before = step.run(&mut model, &points, 0)?.loss;
/// assert!(step.run(&mut model, &points, 1)?.loss < before);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// The type of the model has to be written; everything else is inferred. `?` works inside. See [`Objective`] for what
/// happens to captured numbers.
pub fn objective<'h, F: Real, M, R>(record: R) -> FnObjective<'h, R>
where
    R: for<'t> Fn(&M, &Columns<'t, F>, &Context<'t, F>) -> Result<Outcome<'t, F>>,
{
    FnObjective { record, hyperparameters: Vec::new() }
}

/// What [`objective`] makes.
pub struct FnObjective<'h, R> {
    record: R,
    hyperparameters: Vec<(String, Hyperparameter<'h>)>,
}

/// A number for every point of the training.
type Hyperparameter<'h> = Box<dyn Fn(Position) -> f64 + Send + Sync + 'h>;

impl<'h, R> FnObjective<'h, R> {
    /// Declares a hyperparameter: a number that changes in the course of the training, whose value `value` is asked for
    /// in every step. The objective reads it with [`Context::hyperparameter`]. Two of one name are an error of the step.
    ///
    /// ```
    /// use nn::{Dense, Layer, loss};
    /// let objective = nn::objective(|model: &Dense<f64>, batch, cx| {
    ///     let output = model.forward(batch.real("x")?, cx);
    ///     let loss = loss::mean_squared(output, batch.target("targets")?);
    ///     // The penalty grows over a thousand steps.
    ///     let penalty = cx.param(model.weight()).square().sum(..);
    ///     Ok((loss + cx.hyperparameter("penalty") * penalty).into())
    /// })
    /// .with("penalty", |at| 0.01 * (at.step as f64 / 1000.0).min(1.0));
    /// # let _ = objective;
    /// ```
    pub fn with(mut self, name: impl Into<String>, value: impl Fn(Position) -> f64 + Send + Sync + 'h) -> Self {
        self.hyperparameters.push((name.into(), Box::new(value)));
        self
    }
}

impl<F: Real, M, R> Objective<F, M> for FnObjective<'_, R>
where
    R: for<'t> Fn(&M, &Columns<'t, F>, &Context<'t, F>) -> Result<Outcome<'t, F>>,
{
    fn record<'t>(&self, model: &M, batch: &Columns<'t, F>, cx: &Context<'t, F>) -> Result<Outcome<'t, F>> {
        (self.record)(model, batch, cx)
    }

    fn hyperparameters(&self, at: Position, list: &mut dyn FnMut(&str, f64)) {
        self.hyperparameters.iter().for_each(|(name, value)| list(name, value(at)));
    }
}

/// A borrowed objective.
impl<F: Real, M, R> Objective<F, M> for &FnObjective<'_, R>
where
    R: for<'t> Fn(&M, &Columns<'t, F>, &Context<'t, F>) -> Result<Outcome<'t, F>>,
{
    fn record<'t>(&self, model: &M, batch: &Columns<'t, F>, cx: &Context<'t, F>) -> Result<Outcome<'t, F>> {
        (self.record)(model, batch, cx)
    }

    fn hyperparameters(&self, at: Position, list: &mut dyn FnMut(&str, f64)) {
        self.hyperparameters.iter().for_each(|(name, value)| list(name, value(at)));
    }
}

impl<L> fmt::Debug for FnLoss<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FnLoss")
    }
}

impl<R> fmt::Debug for FnObjective<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.hyperparameters.iter().map(|(name, _)| name.as_str()).collect();
        write!(f, "FnObjective with {names:?}")
    }
}
