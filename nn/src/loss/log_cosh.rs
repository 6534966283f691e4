//! The logarithm of the hyperbolic cosine.

use super::Target;
use autodiff::{Real, Var};

/// The mean of log cosh(a − y) over all elements: about ½d² near 0 and |d| − log 2 far from it, with derivatives of every order.
/// It neither overflows nor loses the digits of a small difference.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([1000.0]), tape.data([0.0]));
/// let loss = nn::loss::log_cosh(a, y.into());
/// assert_eq!(loss.item()?, 1000.0 - 2f64.ln());
/// assert_eq!(loss.backward()?.get(a)?, ndarray::array![1.0].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
#[track_caller]
pub fn log_cosh<'t, F: Real>(a: Var<'t, F>, y: Target<'t, F>) -> Var<'t, F> {
    let d = a - y.values("log_cosh", a);
    // cosh d = 1 + 2·sinh²(d/2), and cosh d = e^d·(1 + e^(−2d))/2.
    let near = ((d * 0.5).sinh().square() * 2.0).log1p();
    let far = d + (d * -2.0).softplus() - 2f64.ln();
    d.abs().lt(1.0).select(near, far).mean(..)
}
