//! Losses: functions of a model's output and the target, recorded on the tape. Their gradients are the tape's.
//!
//! A target is a [`Var`] of numbers or an [`Index`](autodiff::Index) of labels. A shape that does not fit gives an error
//! var, and so does a label where numbers belong.

use crate::target::Target;
use autodiff::{Arg, Mismatch, Real, Var};

/// ½ Σ (a − y)², summed over all elements; its gradient is a − y.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([3.0, 5.0]), tape.data([1.0, 4.0]));
/// assert_eq!(nn::loss::half_squared(a, y).item()?, 2.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: jkmiller, *Neural Networks* (November 2022), §3; J = ½(h − o)² in Anderson Chau, lecture notes on vectorised
/// backpropagation.
#[track_caller]
pub fn half_squared<'t, F: Real>(a: Var<'t, F>, y: impl Into<Target<'t, F>>) -> Var<'t, F> {
    let y = values("half_squared", a, y.into());
    (a - y).square().sum(..) * 0.5
}

/// The mean of (a − y)² over all elements.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([3.0, 5.0]), tape.data([1.0, 4.0]));
/// assert_eq!(nn::loss::mean_squared(a, y).item()?, 2.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[track_caller]
pub fn mean_squared<'t, F: Real>(a: Var<'t, F>, y: impl Into<Target<'t, F>>) -> Var<'t, F> {
    let y = values("mean_squared", a, y.into());
    (a - y).square().mean(..)
}

/// The mean of −(y log a + (1 − y) log(1 − a)) over all elements, for probabilities a in [0, 1] and y in [0, 1].
///
/// 0·log 0 is 0, in the value and in the gradient. A certain a that is wrong costs +∞: nothing is cut off. Where a comes
/// from a sigmoid, [`binary_cross_entropy_with_logits`] is exact for all logits.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([0.5, 0.0]), tape.data([1.0, 0.0]));
/// let loss = nn::loss::binary_cross_entropy(a, y);
/// assert_eq!(loss.item()?, 2f64.ln() / 2.0);
/// assert_eq!(loss.backward()?.get(a)?, ndarray::array![-1.0, 0.5].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Matt R, *Neural Networks* (June 2022), §1.1 (log-loss).
#[track_caller]
pub fn binary_cross_entropy<'t, F: Real>(a: Var<'t, F>, y: impl Into<Target<'t, F>>) -> Var<'t, F> {
    let y = values("binary_cross_entropy", a, y.into());
    // Where a term has no weight, its logarithm is taken of 1: 0·∞ would spoil the gradient.
    let yes = y.gt(0.0).select(a, 1.0).log();
    let no = y.lt(1.0).select(1.0 - a, 1.0).log();
    -(y * yes + (1.0 - y) * no).mean(..)
}

/// The same for logits z, where a = sigmoid(z): the mean of log(1 + eᶻ) − y·z, without overflow.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (z, y) = (tape.input([1000.0, 0.0]), tape.data([0.0, 1.0]));
/// let loss = nn::loss::binary_cross_entropy_with_logits(z, y);
/// assert_eq!(loss.item()?, (1000.0 + 2f64.ln()) / 2.0);
/// assert_eq!(loss.backward()?.get(z)?, ndarray::array![0.5, -0.25].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
#[track_caller]
pub fn binary_cross_entropy_with_logits<'t, F: Real>(z: Var<'t, F>, y: impl Into<Target<'t, F>>) -> Var<'t, F> {
    let y = values("binary_cross_entropy_with_logits", z, y.into());
    (z.softplus() - y * z).mean(..)
}

/// −log softmax(z) at the label, averaged over examples; for a target of numbers y (one-hot rows, probabilities),
/// −Σ y·log softmax(z) over the last axis, averaged.
///
/// | array | shape |
/// |---|---|
/// | z, the logits | \[examples, classes\] |
/// | labels | \[examples\] |
/// | or y | \[examples, classes\] |
///
/// The gradient with respect to z is (softmax(z) − y) divided by the number of examples.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let z = tape.input([[0.0, 0.0], [1000.0, 0.0]]);
/// let labels = tape.index(ndarray::array![1, 0]);
/// let loss = nn::loss::softmax_cross_entropy(z, labels);
/// assert_eq!(loss.item()?, 2f64.ln() / 2.0);
/// assert_eq!(loss.item()?, nn::loss::softmax_cross_entropy(z, labels.one_hot(2)).item()?);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: lecture slides *Neural Networks*, with the minus sign the slides leave out.
#[track_caller]
pub fn softmax_cross_entropy<'t, F: Real>(z: Var<'t, F>, target: impl Into<Target<'t, F>>) -> Var<'t, F> {
    let Some(last) = z.shape().map_or(Some(0), |shape| shape.rank().checked_sub(1)) else {
        let message = "the logits are a single number; they should be [examples, classes]";
        return z.tape().refuse("softmax_cross_entropy", &[z.into()], Mismatch::new(message));
    };
    match target.into() {
        Target::Labels(labels) => -z.log_softmax(last).pick(labels).mean(..),
        Target::Values(y) => {
            let y = values("softmax_cross_entropy", z, y.into());
            -(y * z.log_softmax(last)).sum(last).mean(..)
        }
    }
}

/// The target as numbers of the shape of `a`. Broadcasting here would average over the wrong number of elements: the
/// classic mistake is [n] against [n, 1].
#[track_caller]
fn values<'t, F: Real>(operation: &str, a: Var<'t, F>, target: Target<'t, F>) -> Var<'t, F> {
    let (other, mismatch): (Arg<'t, F>, _) = match target {
        Target::Labels(labels) => {
            let mismatch = Mismatch::new("the target is an index of labels; this loss takes numbers");
            (labels.into(), mismatch.with_help("`labels.one_hot(classes)` makes rows of 0 and 1"))
        }
        Target::Values(y) => match (a.shape(), y.shape()) {
            (Ok(own), Ok(given)) if own != given => {
                let mismatch = Mismatch::new(format!("the output has shape {own}, the target {given}"));
                let fits = own.size() == given.size();
                let help = format!("`target.reshape({own})` would fit, if the elements are in the same order");
                (y.into(), if fits { mismatch.with_help(help) } else { mismatch })
            }
            _ => return y,
        },
    };
    // Not in a closure, which would hide the caller's line.
    a.tape().refuse(operation, &[a.into(), other], mismatch)
}
