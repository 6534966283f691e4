//! Squared differences.

use super::{Sum, Target};
use autodiff::{Real, Var};

/// ½ Σ (a − y)², summed over all elements; its gradient is a − y.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([3.0, 5.0]), tape.data([1.0, 4.0]));
/// assert_eq!(nn::loss::half_squared(a, y.into()).item()?, 2.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: jkmiller, *Neural Networks* (November 2022), §3; J = ½(h − o)² in Anderson Chau, lecture notes on vectorised
/// backpropagation.
#[track_caller]
pub fn half_squared<'t, F: Real>(a: Var<'t, F>, y: Target<'t, F>) -> Sum<'t, F> {
    let y = y.values("half_squared", a);
    Sum((a - y).square().sum(..) * 0.5)
}

/// The mean of (a − y)² over all elements.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([3.0, 5.0]), tape.data([1.0, 4.0]));
/// assert_eq!(nn::loss::mean_squared(a, y.into()).item()?, 2.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[track_caller]
pub fn mean_squared<'t, F: Real>(a: Var<'t, F>, y: Target<'t, F>) -> Var<'t, F> {
    let y = y.values("mean_squared", a);
    (a - y).square().mean(..)
}
