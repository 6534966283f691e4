//! Optimizers: recurrences, written as arithmetic on vars.

mod adam;
mod momentum;
mod sgd;

pub use adam::Adam;
pub use momentum::Momentum;
pub use sgd::Sgd;

use autodiff::{Real, Shape, Tape, Var};
use ndarray::ArrayD;

/// How parameters follow their gradients: a recurrence, recorded on the tape behind the gradient itself.
///
/// The learning rate and the step number are inputs of the tape, and so are the arrays of the state, which start at
/// zero: the recording of one step is the recording of every step.
///
/// ```
/// use autodiff::{Real, Var};
/// use nn::{Optimizer, Pace, Slot};
///
/// /// w ← w − α·sign(g), with the sign as g/|g|.
/// #[derive(Debug)]
/// struct SignDescent;
///
/// impl<F: Real> Optimizer<F> for SignDescent {
///     fn rate(&self, step: u64) -> f64 {
///         0.1 / step as f64
///     }
///     fn update<'t>(&self, w: Var<'t, F>, g: Var<'t, F>, _: &mut Slot<'t, '_, F>, at: Pace<'t, F>) -> Var<'t, F> {
///         w - at.rate * (g / g.abs())
///     }
/// }
/// # let _: &dyn Optimizer<f32> = &SignDescent;
/// ```
pub trait Optimizer<F: Real> {
    /// The learning rate α of step t = 1, 2, ….
    fn rate(&self, step: u64) -> f64;

    /// The parameter after the step, from the parameter `w`, its gradient `g` of the same shape, and its state.
    fn update<'t>(&self, w: Var<'t, F>, g: Var<'t, F>, state: &mut Slot<'t, '_, F>, at: Pace<'t, F>) -> Var<'t, F>;
}

/// The arrays an optimizer keeps for one parameter, by name.
pub(crate) type Arrays<F> = Vec<(&'static str, ArrayD<F>)>;

/// Where training stands: scalars on the tape.
#[derive(Clone, Copy, Debug)]
pub struct Pace<'t, F: Real> {
    /// The learning rate α.
    pub rate: Var<'t, F>,
    /// The step number t = 1, 2, ….
    pub step: Var<'t, F>,
}

/// An optimizer's arrays for one parameter, by name.
#[derive(Debug)]
pub struct Slot<'t, 's, F: Real> {
    tape: &'t Tape<F>,
    path: &'s str,
    shape: Shape,
    before: &'s [(&'static str, ArrayD<F>)],
    after: Vec<(&'static str, Var<'t, F>)>,
}

impl<'t, 's, F: Real> Slot<'t, 's, F> {
    pub(crate) fn new(tape: &'t Tape<F>, path: &'s str, shape: Shape, before: &'s [(&'static str, ArrayD<F>)]) -> Self {
        Slot { tape, path, shape, before, after: Vec::new() }
    }

    /// The array `name` after the step: `next` of the array before, which has the parameter's shape and is zero before
    /// the first step. Once per name and step.
    #[track_caller]
    pub fn update(&mut self, name: &'static str, next: impl FnOnce(Var<'t, F>) -> Var<'t, F>) -> Var<'t, F> {
        let before = match self.before.iter().find(|(known, _)| *known == name) {
            Some((_, array)) => self.tape.data(array),
            None => self.tape.data(ArrayD::zeros(self.shape.to_vec())),
        };
        let after = next(before.named(&format!("{}.{name}", self.path)));
        self.after.push((name, after));
        after
    }

    pub(crate) fn into_after(self) -> Vec<(&'static str, Var<'t, F>)> {
        self.after
    }
}
