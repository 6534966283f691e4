//! One training step as one recording.

use super::step::{Loss, State, mismatch};
use crate::context::Context;
use crate::data::Dataset;
use crate::layer::{Layer, parameters};
use crate::optim::{Arrays, Optimizer, Pace, Slot};
use autodiff::{ErrorKind, Program, Real, Result, Shape, Tape, Var};
use ndarray::ArrayD;

/// The recording of a step.
pub(super) struct Recorded<'t, F: Real> {
    pub(super) loss: Var<'t, F>,
    pub(super) output: Var<'t, F>,
    pub(super) gradients: Vec<Var<'t, F>>,
    pub(super) parameters: Vec<Updated<'t, F>>,
}

/// A parameter and its state after the step.
pub(super) struct Updated<'t, F: Real> {
    pub(super) path: String,
    pub(super) value: Var<'t, F>,
    pub(super) state: Vec<(&'static str, Var<'t, F>)>,
}

/// Records the step. No closure stands between this and the model's `forward`: the caller's line would not get through.
#[track_caller]
pub(super) fn record<'t, F: Real>(
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
    for (i, ((w, g), path)) in weights.into_iter().zip(&gradients).zip(paths).enumerate() {
        let before = state.slots.get(i).map_or(&[] as &[_], |(_, arrays)| arrays);
        let shape: Shape = w.shape()?;
        let mut slot = Slot::new(tape, &path, shape, before);
        let value = tape.attributed(|| tape.scope("update", || optimizer.update(w, *g, &mut slot, at)));
        value.shape()?;
        let state = slot.into_after();
        updated.push(Updated { path, value, state });
    }
    Ok(Recorded { loss, output, gradients, parameters: updated })
}

impl<'t, F: Real> Recorded<'t, F> {
    /// The step as a program. Its outputs are the loss, the model's output, the parameters, and for each parameter its
    /// state.
    pub(super) fn program(&self, tape: &'t Tape<F>) -> Result<Program<F>> {
        tape.program(&self.results())
    }

    /// The step as a program that has the gradients as outputs, too, after all others.
    pub(super) fn with_gradients(&self, tape: &'t Tape<F>) -> Result<Program<F>> {
        let mut results = self.results();
        results.extend(&self.gradients);
        tape.program(&results)
    }

    /// The state before the first step: zeros.
    pub(super) fn fresh_state(&self) -> Result<Vec<(String, Arrays<F>)>> {
        let mut slots = Vec::new();
        for updated in &self.parameters {
            let zeros =
                |(name, array): &(&'static str, Var<'t, F>)| Ok((*name, ArrayD::zeros(array.shape()?.to_vec())));
            slots.push((updated.path.clone(), updated.state.iter().map(zeros).collect::<Result<_>>()?));
        }
        Ok(slots)
    }

    fn results(&self) -> Vec<Var<'t, F>> {
        let mut results = vec![self.loss, self.output];
        results.extend(self.parameters.iter().map(|updated| updated.value));
        results.extend(self.parameters.iter().flat_map(|updated| updated.state.iter().map(|(_, array)| *array)));
        results
    }
}
