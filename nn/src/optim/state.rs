//! What an optimizer keeps from step to step.

use super::{Optimizer, Parameter, Position, Schedule, Update, checked_rate};
use crate::error::mismatch;
use crate::module::{Module, leaves_mut, set_arrays};
use autodiff::{Error, ErrorKind, Mismatch, Real, Result, Shape, Tape, Var};
use ndarray::ArrayD;

/// What an optimizer keeps from step to step: the number of steps made, and arrays by the path they belong to and their
/// name. Plain data: it can be read, copied, and given back to go on from.
///
/// It also applies an optimizer to gradients from anywhere:
///
/// ```
/// use nn::{Adam, ClipGlobalNorm, Context, Dense, Init, Layer, OptimizerState, Random};
///
/// let mut model = Dense::new(2, 1, Init::Xavier, &mut Random::new(0));
/// let (optimizer, mut state) = (ClipGlobalNorm::new(1.0, Adam::new(0.1)), OptimizerState::new());
/// for _ in 0..3 {
///     let tape = autodiff::Tape::<f64>::new();
///     let cx = Context::training(&tape, &model, 0);
///     let loss = model.forward(tape.data([[1.0, 2.0]]), &cx).square().sum(..);
///     let gradients = cx.gradients(loss)?;
///     state.apply(&optimizer, &mut model, &gradients)?;
/// }
/// assert_eq!((state.step(), state.arrays().count()), (3, 4));
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, PartialEq, Default, Debug)]
pub struct OptimizerState<F: Real> {
    pub(crate) step: u64,
    pub(crate) entries: Vec<StateEntry<F>>,
}

/// One array of an optimizer's state.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct StateEntry<F: Real> {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) array: ArrayD<F>,
}

impl<F: Real> OptimizerState<F> {
    /// The state before the first step: no arrays, which means zeros.
    pub fn new() -> Self {
        OptimizerState { step: 0, entries: Vec::new() }
    }

    /// The state after `step` steps, of arrays with the path they belong to and their name: what
    /// [`arrays`](Self::arrays) lists, read back.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if two arrays have one path and name.
    #[track_caller]
    pub fn from_arrays(step: u64, arrays: impl IntoIterator<Item = (String, String, ArrayD<F>)>) -> Result<Self> {
        let mut state = OptimizerState { step, entries: Vec::new() };
        for (path, name, array) in arrays {
            if state.get(&path, &name).is_some() {
                return Err(mismatch("OptimizerState", format!("there are two arrays `{name}` of `{path}`")));
            }
            state.entries.push(StateEntry { path, name, array: array.as_standard_layout().into_owned() });
        }
        Ok(state)
    }

    /// The number of steps made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The array `name` of the parameter at `path`.
    pub fn get(&self, path: &str, name: &str) -> Option<&ArrayD<F>> {
        let found = self.entries.iter().find(|entry| entry.path == path && entry.name == name);
        found.map(|entry| &entry.array)
    }

    /// All arrays: the path they belong to, the name, the array.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &str, &ArrayD<F>)> {
        self.entries.iter().map(|entry| (entry.path.as_str(), entry.name.as_str(), &entry.array))
    }

    /// Sets every parameter of `model` that has an array `name` to it: the averages of [`WeightAverage`], say.
    ///
    /// [`WeightAverage`]: crate::WeightAverage
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there is no array of that name, or the model has no parameter for one, or of another
    /// shape; then nothing was changed.
    #[track_caller]
    pub fn copy_to(&self, name: &str, model: &mut (impl Module<F> + ?Sized)) -> Result<()> {
        let entries = self.entries.iter().filter(|entry| entry.name == name);
        if entries.clone().next().is_none() {
            return Err(mismatch("copy_to", format!("the state has no arrays `{name}`")));
        }
        set_arrays("copy_to", model, entries.map(|entry| (&entry.path, entry.array.clone())))
    }

    /// Changes the parameters of `model` by `gradients`, arrays by path, as one step of `optimizer`; what
    /// [`Context::gradients`](crate::Context::gradients) answers fits. The gradients count as those of one example.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if a gradient fits no parameter, if the optimizer answers with other shapes, or if one of its
    /// settings makes no sense; [`ErrorKind::Refused`] for a learning rate that is negative or not finite;
    /// [`ErrorKind::NotFinite`] if a parameter would not be finite. Then nothing was changed.
    #[track_caller]
    pub fn apply(
        &mut self,
        optimizer: &impl Optimizer<F>,
        model: &mut (impl Module<F> + ?Sized),
        gradients: &[(String, ArrayD<F>)],
    ) -> Result<()> {
        let tape = Tape::new();
        let at = Position { step: self.step + 1, epoch: 0 };
        let rate = tape.data(checked_rate(optimizer, at)?).named("rate");
        let step = tape.data(F::of(at.step as f64)).named("step");
        let now = Schedule { rate, step, examples: tape.data(F::one()).named("examples"), is_mean: true };
        let (mut parameters, mut given) = (Vec::new(), Vec::new());
        let leaves = leaves_mut(model);
        for (path, gradient) in gradients {
            let Some((_, leaf)) = leaves.iter().find(|(known, leaf)| known == path && leaf.leaf().is_trained()) else {
                return Err(mismatch("apply", format!("the model trains no parameter `{path}`")));
            };
            let array = leaf.leaf().array();
            if array.shape() != gradient.shape() {
                let (own, other) = (Shape::from(array.shape()), Shape::from(gradient.shape()));
                let message = format!("the parameter `{path}` has shape {own}, its gradient {other}");
                return Err(mismatch("apply", message));
            }
            let value = tape.data(array).named(path);
            let gradient = tape.data(gradient).named(&format!("gradient of {path}"));
            parameters.push(Parameter { path: path.clone(), value, gradient, rate });
            given.push((path.clone(), gradient));
        }
        drop(leaves);
        let mut update = Update { parameters, state: StateRecorder::new(&tape, self), now };
        let values = tape.attributed(|| optimizer.update(&mut update));
        check_update(&given, &values)?;
        let mut arrays = Vec::new();
        for ((path, _), value) in given.iter().zip(values) {
            arrays.push((path, finite(|| format!("the parameter `{path}`"), value)?));
        }
        let mut entries = Vec::new();
        for update in update.state.finish()? {
            finite(|| update.words(), update.after)?;
            entries.push(update.read()?);
        }
        set_arrays("apply", model, arrays.into_iter())?;
        *self = OptimizerState { step: at.step, entries };
        Ok(())
    }
}

/// The value of an array after a step, if all its numbers are finite.
fn finite<F: Real>(what: impl Fn() -> String, value: Var<'_, F>) -> Result<ArrayD<F>> {
    let array = value.value()?;
    match array.iter().find(|number| !number.is_finite()) {
        None => Ok(array),
        Some(number) => {
            let message = format!("{} would be {number} after the step; nothing was changed", what());
            Err(Error::new(ErrorKind::NotFinite, "apply", message).at(value.origin()))
        }
    }
}

/// An error unless an optimizer answered with a value for each parameter, of the shape of its gradient.
#[track_caller]
pub(crate) fn check_update<F: Real>(gradients: &[(String, Var<'_, F>)], values: &[Var<'_, F>]) -> Result<()> {
    let (parameters, answers) = (gradients.len(), values.len());
    if parameters != answers {
        return Err(mismatch(
            "step",
            format!("the optimizer answered with {answers} arrays for {parameters} parameters"),
        ));
    }
    for ((path, gradient), value) in gradients.iter().zip(values) {
        let (before, after) = (gradient.shape()?, value.shape()?);
        if before != after {
            let message = format!("the optimizer made {after} of the parameter `{path}`, which is {before}");
            return Err(mismatch("step", message).at(value.origin()));
        }
    }
    Ok(())
}

/// Records what becomes of the arrays of an optimizer's state in one step.
#[derive(Debug)]
pub struct StateRecorder<'t, F: Real> {
    tape: &'t Tape<F>,
    before: &'t OptimizerState<F>,
    after: Vec<StateUpdate<'t, F>>,
    /// Where this is 0, arrays stay as they are.
    condition: Option<Var<'t, F>>,
}

/// An array of the state on the tape, after the step.
#[derive(Debug)]
pub(crate) struct StateUpdate<'t, F: Real> {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) after: Var<'t, F>,
}

impl<F: Real> StateUpdate<'_, F> {
    /// What it is, for messages.
    pub(crate) fn words(&self) -> String {
        let of = if self.path.is_empty() { String::new() } else { format!(" of `{}`", self.path) };
        format!("`{}`{of} in the optimizer's state", self.name)
    }

    pub(crate) fn read(self) -> Result<StateEntry<F>> {
        Ok(StateEntry { path: self.path, name: self.name, array: self.after.value()? })
    }
}

impl<'t, F: Real> StateRecorder<'t, F> {
    pub(crate) fn new(tape: &'t Tape<F>, before: &'t OptimizerState<F>) -> Self {
        StateRecorder { tape, before, after: Vec::new(), condition: None }
    }

    /// The arrays of one parameter.
    pub fn of<'r>(&'r mut self, parameter: &'r Parameter<'t, F>) -> ParameterState<'t, 'r, F> {
        ParameterState { recorder: self, parameter }
    }

    /// The array `name` of `path` after the step: `next` of the array before, which has this shape and is zero before
    /// the first step. `path` is that of a parameter, or empty for what belongs to all. Once for each path and name: the
    /// second time gives an error var, and the step is refused.
    #[track_caller]
    pub fn update(
        &mut self,
        path: &str,
        name: &str,
        shape: impl Into<Shape>,
        next: impl FnOnce(Var<'t, F>) -> Var<'t, F>,
    ) -> Var<'t, F> {
        let before = match self.start(path, name, shape.into()) {
            Ok(before) => before,
            Err(error) => return error,
        };
        let after = next(before);
        self.write(path, name, after);
        after
    }

    /// The array `name` of the parameter at `path` before the step, of the shape of `like`, for what has to know all of them
    /// before the first is computed; [`write`](Self::write) says what becomes of it.
    #[track_caller]
    pub(super) fn read(&mut self, path: &str, name: &str, like: Var<'t, F>) -> Var<'t, F> {
        match like.shape() {
            Ok(shape) => self.start(path, name, shape).unwrap_or_else(|error| error),
            Err(_) => like,
        }
    }

    /// Says what becomes of an array that was read.
    pub(super) fn write(&mut self, path: &str, name: &str, after: Var<'t, F>) {
        let condition = self.condition;
        if let Some(entry) = self.after.iter_mut().find(|entry| entry.path == path && entry.name == name) {
            // Of an array that was refused the error stays.
            if entry.after.error().is_none() {
                entry.after = condition.map_or(after, |condition| condition.select(after, entry.after));
            }
        }
    }

    /// The array before the step, listed as it is; or an error, which is listed in its place.
    #[track_caller]
    fn start(&mut self, path: &str, name: &str, shape: Shape) -> Result<Var<'t, F>, Var<'t, F>> {
        let label = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let entry = |after| StateUpdate { path: path.to_owned(), name: name.to_owned(), after };
        let complaint = match self.before.get(path, name) {
            _ if self.after.iter().any(|entry| entry.path == path && entry.name == name) => {
                format!("the array `{label}` of the optimizer's state is updated twice in one step")
            }
            Some(array) if array.shape() != &*shape => {
                let given = Shape::from(array.shape());
                format!("the array `{label}` of the optimizer's state is {given} and should be {shape}")
            }
            None if self.before.step > 0 => {
                format!("the optimizer's state is that of {} steps and has no array `{label}`", self.before.step)
            }
            before => {
                let before = match before {
                    Some(array) => self.tape.data(array),
                    None => self.tape.data(ArrayD::zeros(shape.to_vec())),
                };
                let before = before.named(&label);
                self.after.push(entry(before));
                return Ok(before);
            }
        };
        let help = "is the state that of this optimizer and this model?";
        let error = self.tape.refuse("state", &[], Mismatch::new(complaint).with_help(help));
        self.after.push(entry(error));
        Err(error)
    }

    /// From now on, arrays change only where `condition` is not 0, too; the answer is what was before.
    pub(super) fn narrow(&mut self, condition: Var<'t, F>) -> Option<Var<'t, F>> {
        let inner = self.condition.map_or(condition, |outer| outer * condition);
        self.condition.replace(inner)
    }

    /// Goes back to what [`narrow`](Self::narrow) answered.
    pub(super) fn widen(&mut self, outer: Option<Var<'t, F>>) {
        self.condition = outer;
    }

    /// The arrays after the step, in order.
    #[track_caller]
    pub(crate) fn finish(self) -> Result<Vec<StateUpdate<'t, F>>> {
        for entry in &self.after {
            entry.after.shape()?;
        }
        let known = |entry: &StateEntry<F>| {
            self.after.iter().any(|update| update.path == entry.path && update.name == entry.name)
        };
        if let Some(lost) = self.before.entries.iter().find(|entry| !known(entry)) {
            let message = format!("the optimizer has no use for `{}` of `{}` in its state", lost.name, lost.path);
            return Err(mismatch("state", message).with_help("is the state that of this optimizer and this model?"));
        }
        Ok(self.after)
    }
}

/// The arrays that an optimizer keeps for one parameter.
#[derive(Debug)]
pub struct ParameterState<'t, 'r, F: Real> {
    recorder: &'r mut StateRecorder<'t, F>,
    parameter: &'r Parameter<'t, F>,
}

impl<'t, F: Real> ParameterState<'t, '_, F> {
    /// The array `name` after the step: `next` of the array before, which has the parameter's shape and is zero before
    /// the first step. Once for each name: see [`StateRecorder::update`].
    #[track_caller]
    pub fn update(&mut self, name: &str, next: impl FnOnce(Var<'t, F>) -> Var<'t, F>) -> Var<'t, F> {
        match self.parameter.value.shape() {
            Ok(shape) => self.recorder.update(&self.parameter.path, name, shape, next),
            Err(_) => self.parameter.value,
        }
    }

    /// The number `name` after the step: one for the whole parameter, otherwise as [`update`](Self::update).
    #[track_caller]
    pub fn number(&mut self, name: &str, next: impl FnOnce(Var<'t, F>) -> Var<'t, F>) -> Var<'t, F> {
        self.recorder.update(&self.parameter.path, name, [], next)
    }
}
