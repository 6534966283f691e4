//! Cross-entropy of classes.

use super::Target;
use crate::domain::{class_scores, distributions, labels, logits};
use autodiff::{Real, Var};

/// −log softmax(z) at the label, averaged over examples; for a target of numbers y (one-hot rows, probabilities),
/// −Σ y·log softmax(z) over the last axis, averaged.
///
/// | array | shape |
/// |---|---|
/// | z, the logits | \[examples, classes\] |
/// | labels | \[examples\] |
/// | or y | \[examples, classes\] |
///
/// The gradient with respect to z is (softmax(z) − y) divided by the number of examples. A single class gives an error var:
/// its softmax is 1 for every z. So does a label for which there is no class, and a row of y that is no distribution: a negative
/// number, or a sum that differs from 1 by more than 0.05.
///
/// A z that is a softmax or a sigmoid gives an error var, also in another shape, cut, or times 1; what comes of one by other
/// arithmetic is not recognised, and hardly learns.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let z = tape.input([[0.0, 0.0], [1000.0, 0.0]]);
/// let labels = tape.index(ndarray::array![1, 0]);
/// let loss = nn::loss::softmax_cross_entropy(z, labels.into());
/// assert_eq!(loss.item()?, 2f64.ln() / 2.0);
/// assert_eq!(loss.item()?, nn::loss::softmax_cross_entropy(z, labels.one_hot(2).into()).item()?);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: lecture slides *Neural Networks*, with the minus sign the slides leave out.
#[track_caller]
pub fn softmax_cross_entropy<'t, F: Real>(z: Var<'t, F>, target: Target<'t, F>) -> Var<'t, F> {
    let z = class_scores("softmax_cross_entropy", logits("softmax_cross_entropy", z));
    let Some(classes) = z.shape().ok().and_then(|shape| shape.last().copied()) else { return z };
    match target {
        Target::Labels(given) => {
            let given = labels("softmax_cross_entropy", given, z, classes);
            -z.log_softmax(-1).pick(given).mean(..)
        }
        Target::Values(y) => {
            let y = distributions("softmax_cross_entropy", Target::Values(y).values("softmax_cross_entropy", z));
            // A class without weight has no part: 0·log 0 is 0.
            let terms = y.eq(0.0).select(0.0, y * z.log_softmax(-1));
            -terms.sum(-1).mean(..)
        }
    }
}
