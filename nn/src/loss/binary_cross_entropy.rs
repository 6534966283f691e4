//! Cross-entropy of two classes.

use super::Target;
use crate::domain::{logits, probabilities};
use autodiff::{Real, Var};

/// What the targets of two classes are.
pub(super) const TWO: &str = "the targets of two classes are 0 and 1";

/// The mean of −(y log a + (1 − y) log(1 − a)) over all elements, for probabilities a in [0, 1] and y in [0, 1].
///
/// 0·log 0 is 0, in the value and in the gradient. A certain a that is wrong costs +∞: nothing is cut off. An a or y outside
/// \[0, 1\] gives an error var that names its row. Where a comes from a sigmoid, [`binary_cross_entropy_with_logits`] is exact
/// for all logits.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([0.5, 0.0]), tape.data([1.0, 0.0]));
/// let loss = nn::loss::binary_cross_entropy(a, y.into());
/// assert_eq!(loss.item()?, 2f64.ln() / 2.0);
/// assert_eq!(loss.backward()?.get(a)?, ndarray::array![-1.0, 0.5].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Matt R, *Neural Networks* (June 2022), §1.1 (log-loss).
#[track_caller]
pub fn binary_cross_entropy<'t, F: Real>(a: Var<'t, F>, y: Target<'t, F>) -> Var<'t, F> {
    let y = probabilities("binary_cross_entropy", "the target", y.values("binary_cross_entropy", a), TWO);
    let help = "a logit is taken by `loss::binary_cross_entropy_with_logits`";
    let a = probabilities("binary_cross_entropy", "the output", a, help);
    // Where a term has no weight, its logarithm is taken of 1: 0·∞ would spoil the gradient.
    let yes = y.gt(0.0).select(a, 1.0).log();
    // log(1 − a), which a rounded 1 − a has lost where a is small.
    let no = y.lt(1.0).select(-a, 0.0).log1p();
    -(y * yes + (1.0 - y) * no).mean(..)
}

/// The same for logits z, where a = sigmoid(z): the mean of y·log(1 + e⁻ᶻ) + (1 − y)·log(1 + eᶻ), without overflow
/// and without cancellation. A term without weight is left out, also where z is infinite. A y outside \[0, 1\] gives an error
/// var that names its row.
///
/// A z that is a sigmoid or a softmax gives an error var, also in another shape, cut, or times 1; what comes of one by other
/// arithmetic is not recognised, and hardly learns.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (z, y) = (tape.input([1000.0, 0.0]), tape.data([0.0, 1.0]));
/// let loss = nn::loss::binary_cross_entropy_with_logits(z, y.into());
/// assert_eq!(loss.item()?, (1000.0 + 2f64.ln()) / 2.0);
/// assert_eq!(loss.backward()?.get(z)?, ndarray::array![0.5, -0.25].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
#[track_caller]
pub fn binary_cross_entropy_with_logits<'t, F: Real>(z: Var<'t, F>, y: Target<'t, F>) -> Var<'t, F> {
    let z = logits("binary_cross_entropy_with_logits", z);
    let y = y.values("binary_cross_entropy_with_logits", z);
    let y = probabilities("binary_cross_entropy_with_logits", "the target", y, TWO);
    (weighed(y, (-z).softplus()) + weighed(1.0 - y, z.softplus())).mean(..)
}

/// The product, and 0 where the weight is 0.
#[track_caller]
fn weighed<'t, F: Real>(weight: Var<'t, F>, term: Var<'t, F>) -> Var<'t, F> {
    weight.eq(0.0).select(0.0, weight * term)
}
