//! Huber's loss.

use super::Target;
use crate::objective::{LossFunction, Outcome};
use autodiff::{Mismatch, Real, Var};

/// The mean over all elements of ½d² where |d| ≤ δ, and of δ·(|d| − ½δ) elsewhere, for d = a − y: squares near 0, and lines
/// beyond, which an outlier pulls at with a force of δ at most.
///
/// ```
/// use nn::{LossFunction, loss};
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([0.5, 5.0]), tape.data([0.0, 1.0]));
/// let outcome = loss::Huber { delta: 1.0 }.loss(a, y.into());
/// assert_eq!(outcome.loss.item()?, (0.125 + 3.5) / 2.0);
/// assert_eq!(outcome.loss.backward()?.get(a)?, ndarray::array![0.25, 0.5].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Huber, "Robust Estimation of a Location Parameter" (1964).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Huber {
    /// Where the squares end, δ, above 0.
    pub delta: f64,
}

impl<'t, F: Real> LossFunction<'t, F> for Huber {
    #[track_caller]
    fn loss(&self, a: Var<'t, F>, y: Target<'t, F>) -> Outcome<'t, F> {
        let delta = self.delta;
        if !(delta > 0.0 && delta.is_finite()) {
            let mismatch = Mismatch::new(format!("`delta` is {delta}; it should be above 0 and finite"));
            return a.tape().refuse("Huber", &[a.into()], mismatch).into();
        }
        let d = a - y.values("Huber", a);
        d.abs().le(delta).select(d.square() * 0.5, (d.abs() - delta / 2.0) * delta).mean(..).into()
    }
}
