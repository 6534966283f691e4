//! Hinge losses: of margins.

use super::Target;
use super::binary_cross_entropy::TWO;
use crate::domain::{class_scores, labels, probabilities};
use autodiff::{Mismatch, Real, Var};

/// The mean of max(0, 1 − s·z) over all elements, for scores z and targets y of 0 and 1, with s = 2y − 1. At the corner, where
/// s·z = 1, its slope is 0.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (z, y) = (tape.input([2.0, 0.5]), tape.data([1.0, 0.0]));
/// let loss = nn::loss::hinge(z, y.into());
/// assert_eq!(loss.item()?, 0.75);
/// assert_eq!(loss.backward()?.get(z)?, ndarray::array![0.0, 0.5].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Cortes & Vapnik, "Support-Vector Networks" (1995).
#[track_caller]
pub fn hinge<'t, F: Real>(z: Var<'t, F>, y: Target<'t, F>) -> Var<'t, F> {
    let y = probabilities("hinge", "the target", y.values("hinge", z), TWO);
    margin(1.0 - (y * 2.0 - 1.0) * z).mean(..)
}

/// Σ max(0, 1 + zⱼ − z_y) over the classes j other than the label y, averaged over examples.
///
/// | array | shape |
/// |---|---|
/// | z, the scores | \[examples, classes\] |
/// | labels | \[examples\] |
///
/// PyTorch's `MultiMarginLoss` divides by the number of classes, too.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (z, labels) = (tape.input([[1.0, 3.0, 2.5]]), tape.index(ndarray::array![1]));
/// assert_eq!(nn::loss::multi_class_hinge(z, labels.into()).item()?, 0.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Weston & Watkins, "Support Vector Machines for Multi-Class Pattern Recognition" (1999).
#[track_caller]
pub fn multi_class_hinge<'t, F: Real>(z: Var<'t, F>, target: Target<'t, F>) -> Var<'t, F> {
    let z = class_scores("multi_class_hinge", z);
    let given = match target {
        Target::Labels(given) => given,
        Target::Values(y) => {
            let mismatch = Mismatch::new("the target is numbers; this loss takes an index of labels")
                .with_help("`y.argmax(1)` makes labels of one-hot rows");
            return z.tape().refuse("multi_class_hinge", &[z.into(), y.into()], mismatch);
        }
    };
    let Some(classes) = z.shape().ok().and_then(|shape| shape.last().copied()) else { return z };
    let given = labels("multi_class_hinge", given, z, classes);
    let margins = margin(z - z.pick(given).unsqueeze(-1) + 1.0);
    // The label itself has a margin of 1.
    given.one_hot(classes).select(0.0, margins).sum(-1).mean(..)
}

/// max(0, x), with the slope 0 at 0.
#[track_caller]
fn margin<F: Real>(x: Var<'_, F>) -> Var<'_, F> {
    x.gt(0.0).select(x, 0.0)
}
