//! Absolute differences.

use super::Target;
use autodiff::{Real, Var};

/// The mean of |a − y| over all elements: L1. Where a = y its slope is 0.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([3.0, 5.0]), tape.data([1.0, 6.0]));
/// let loss = nn::loss::mean_absolute(a, y.into());
/// assert_eq!(loss.item()?, 1.5);
/// assert_eq!(loss.backward()?.get(a)?, ndarray::array![0.5, -0.5].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
#[track_caller]
pub fn mean_absolute<'t, F: Real>(a: Var<'t, F>, y: Target<'t, F>) -> Var<'t, F> {
    let y = y.values("mean_absolute", a);
    (a - y).abs().mean(..)
}
