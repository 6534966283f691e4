//! Optimizers: how parameters follow their gradients, written as arithmetic on vars.

mod accumulate;
mod adadelta;
mod adagrad;
mod adam;
mod adam_w;
mod ams_grad;
mod average;
mod clip;
mod clip_value;
mod groups;
mod heavy_ball;
mod lamb;
mod lion;
mod momentum;
mod muon;
mod nadam;
mod nesterov;
mod rms_prop;
mod schedule_free;
mod scheduled;
mod settings;
mod sgd;
mod state;

pub use accumulate::Accumulate;
pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adam_w::AdamW;
pub use ams_grad::AmsGrad;
pub use average::WeightAverage;
pub use clip::ClipGlobalNorm;
pub use clip_value::ClipValue;
pub use groups::{Group, Groups};
pub use heavy_ball::HeavyBall;
pub use lamb::Lamb;
pub use lion::Lion;
pub use momentum::Momentum;
pub use muon::Muon;
pub use nadam::NAdam;
pub use nesterov::Nesterov;
pub use rms_prop::RmsProp;
pub use schedule_free::ScheduleFree;
pub use scheduled::Scheduled;
pub use sgd::Sgd;
pub use state::{OptimizerState, ParameterState, StateRecorder};

pub(crate) use state::{StateEntry, StateUpdate, check_update};

use crate::error::error;
use autodiff::{ErrorKind, Mismatch, Real, Result, Var};

/// Where training stands, in plain numbers: what schedules are functions of.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Position {
    /// The step that is made: 1, 2, …; 0 outside training.
    pub step: u64,
    /// The epoch it belongs to: 1, 2, …; 0 where nobody counts epochs.
    pub epoch: u64,
}

/// How all parameters follow their gradients, recorded on the tape behind the gradients themselves.
///
/// Most optimizers treat every parameter alike and are a [`Recurrence`] of one, which is an optimizer by itself. What
/// sees all parameters at once wraps another optimizer: it changes the gradients before, or the values after, as
/// [`ClipGlobalNorm`] does. Wrappers read from the outside in: the outermost sees the gradients of the loss.
///
/// ```
/// use nn::{Adam, ClipGlobalNorm, Group, Groups};
///
/// // Gradients are clipped together; then Adam; then weights, but no biases, decay.
/// let decay = |path: &str| Group { decay: if path.ends_with("weight") { 0.01 } else { 0.0 }, ..Group::default() };
/// let optimizer = ClipGlobalNorm::new(1.0, Groups::new(decay, Adam::new(0.001)));
/// # let _: &dyn nn::Optimizer<f32> = &optimizer;
/// ```
///
/// Learning rate, step number and number of examples are inputs of the recorded step, and so are the arrays of the state:
/// the recording of one step is the recording of every step. Other numbers of an optimizer are constants in it.
pub trait Optimizer<F: Real> {
    /// The learning rate α, above 0 and finite; 0 where a schedule ends.
    fn rate(&self, at: Position) -> f64;

    /// Records the parameters after the step, in the order of `update.parameters`, each of the same shape as before.
    /// Settings that make no sense are an error var.
    fn update<'t>(&self, update: &mut Update<'t, F>) -> Vec<Var<'t, F>>;

    /// The largest magnitude of gradients from which the update makes finite parameters and state, for learning rates up to
    /// [`LARGEST_RATE`]: a planned step with such gradients changes both in place. With a larger one, all that the step would
    /// write is looked at before it is written.
    ///
    /// `None`, unless said otherwise: then that is so in every step, which takes memory and some time.
    fn largest_gradient(&self) -> Option<F> {
        None
    }
}

/// The learning rate up to which [`Optimizer::largest_gradient`] holds. What a step with a larger one would write is looked at
/// before it is written.
pub const LARGEST_RATE: f64 = 1e6;

/// From gradients of this magnitude α·g and averages of g are far from the largest number: a million such steps do not reach
/// it.
fn far_from_largest<F: Real>() -> Option<F> {
    Some(F::max_value() / F::of(LARGEST_RATE * 1e6))
}

/// What an optimizer works on, on the tape. A wrapper changes it before the inner optimizer's update: gradients, rates.
#[derive(Debug)]
pub struct Update<'t, F: Real> {
    /// The parameters that are trained, in the order of the model's visit.
    pub parameters: Vec<Parameter<'t, F>>,
    /// What becomes of the arrays that the optimizer keeps.
    pub state: StateRecorder<'t, F>,
    /// The numbers of the step.
    pub now: Schedule<'t, F>,
}

impl<'t, F: Real> Update<'t, F> {
    /// Arrays of the state that `body` updates change only where `condition` is not 0.
    pub fn only_if<R>(&mut self, condition: Var<'t, F>, body: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.state.narrow(condition);
        let result = body(self);
        self.state.widen(outer);
        result
    }

    /// An error in the place of every parameter: a setting of `optimizer` that makes no sense.
    #[track_caller]
    pub fn refuse(&self, optimizer: &str, mismatch: Mismatch) -> Vec<Var<'t, F>> {
        let error = self.now.rate.tape().refuse(optimizer, &[], mismatch);
        vec![error; self.parameters.len()]
    }
}

/// The learning rate of a step, if it is one.
#[track_caller]
pub(crate) fn checked_rate<F: Real>(optimizer: &impl Optimizer<F>, at: Position) -> Result<F> {
    let rate = optimizer.rate(at);
    if rate >= 0.0 && F::of(rate).is_finite() {
        return Ok(F::of(rate));
    }
    let message = format!("the learning rate of step {} is {rate}; it should be above 0 and finite", at.step);
    Err(error(ErrorKind::Refused, "step", message))
}

/// A parameter that is trained, on the tape, with its gradient.
#[derive(Clone, Debug)]
pub struct Parameter<'t, F: Real> {
    /// Its path in the model, such as `encoder.0.weight`.
    pub path: String,
    /// Its value before the step.
    pub value: Var<'t, F>,
    /// The gradient of the loss, of the same shape.
    pub gradient: Var<'t, F>,
    /// Its learning rate: that of the step, unless a wrapper has changed it.
    pub rate: Var<'t, F>,
}

/// The numbers of a step besides the arrays of the model: scalars on the tape.
#[derive(Clone, Copy, Debug)]
pub struct Schedule<'t, F: Real> {
    /// The learning rate α: in a [`Recurrence`], that of the parameter.
    pub rate: Var<'t, F>,
    /// The step number t = 1, 2, ….
    pub step: Var<'t, F>,
    /// The number of examples in the batch.
    pub examples: Var<'t, F>,
    /// Whether the loss is a mean over the examples; a sum over them otherwise.
    pub is_mean: bool,
}

/// An optimizer that treats every parameter alike, as a recurrence of one: w, its gradient and its state give w after the
/// step.
///
/// ```
/// use autodiff::{Real, Var};
/// use nn::{ParameterState, Position, Recurrence, Schedule};
///
/// /// w ← w − α·sign(g), with the sign as g/|g|.
/// #[derive(Debug)]
/// struct SignDescent;
///
/// impl Recurrence for SignDescent {
///     fn rate(&self, at: Position) -> f64 {
///         0.1 / at.step as f64
///     }
///     fn update<'t, F: Real>(
///         &self,
///         w: Var<'t, F>,
///         g: Var<'t, F>,
///         _: &mut ParameterState<'t, '_, F>,
///         now: Schedule<'t, F>,
///     ) -> Var<'t, F> {
///         w - now.rate * (g / g.abs())
///     }
/// }
/// # let _: &dyn nn::Optimizer<f32> = &SignDescent;
/// ```
pub trait Recurrence {
    /// The learning rate α.
    fn rate(&self, at: Position) -> f64;

    /// The parameter after the step, from the parameter `w`, its gradient `g` of the same shape, and its state.
    fn update<'t, F: Real>(
        &self,
        w: Var<'t, F>,
        g: Var<'t, F>,
        state: &mut ParameterState<'t, '_, F>,
        now: Schedule<'t, F>,
    ) -> Var<'t, F>;

    /// The largest magnitude of a gradient from which the update makes finite numbers: see
    /// [`Optimizer::largest_gradient`]. `None`, unless said otherwise.
    fn largest_gradient<F: Real>(&self) -> Option<F> {
        None
    }
}

impl<F: Real, R: Recurrence> Optimizer<F> for R {
    fn rate(&self, at: Position) -> f64 {
        Recurrence::rate(self, at)
    }

    fn update<'t>(&self, update: &mut Update<'t, F>) -> Vec<Var<'t, F>> {
        let Update { parameters, state, now } = update;
        let updated = |parameter: &Parameter<'t, F>| {
            let (w, g, now) = (parameter.value, parameter.gradient, Schedule { rate: parameter.rate, ..*now });
            Recurrence::update(self, w, g, &mut state.of(parameter), now)
        };
        parameters.iter().map(updated).collect()
    }

    fn largest_gradient(&self) -> Option<F> {
        Recurrence::largest_gradient(self)
    }
}
