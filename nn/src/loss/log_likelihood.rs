//! Losses of log-probabilities.

use super::Target;
use crate::domain::{class_scores, distributions, labels, log_probabilities};
use autodiff::{Real, Var};

/// −l at the label, averaged over examples, for log-probabilities l, such as a log-softmax gives; for a target of numbers y
/// (one-hot rows, probabilities), −Σ y·l over the last axis, averaged.
///
/// | array | shape |
/// |---|---|
/// | l, the log-probabilities | \[examples, classes\] |
/// | labels | \[examples\] |
/// | or y | \[examples, classes\] |
///
/// [`softmax_cross_entropy`](crate::loss::softmax_cross_entropy) is this loss of the log-softmax of its logits. An l above 0 is no
/// log-probability and gives an error var that names its row; so do labels and rows that loss refuses.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let z = tape.input([[1.0, 3.0], [2.0, -1.0]]);
/// let labels = tape.index(ndarray::array![1, 0]);
/// let loss = nn::loss::negative_log_likelihood(z.log_softmax(1), labels.into());
/// assert_eq!(loss.item()?, nn::loss::softmax_cross_entropy(z, labels.into()).item()?);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[track_caller]
pub fn negative_log_likelihood<'t, F: Real>(l: Var<'t, F>, target: Target<'t, F>) -> Var<'t, F> {
    let l = log_probabilities("negative_log_likelihood", class_scores("negative_log_likelihood", l));
    let Some(classes) = l.shape().ok().and_then(|shape| shape.last().copied()) else { return l };
    match target {
        Target::Labels(given) => {
            let given = labels("negative_log_likelihood", given, l, classes);
            -l.pick(given).mean(..)
        }
        Target::Values(y) => {
            let y = distributions("negative_log_likelihood", Target::Values(y).values("negative_log_likelihood", l));
            -y.eq(0.0).select(0.0, y * l).sum(-1).mean(..)
        }
    }
}

/// The divergence of Kullback and Leibler, D(y ‖ exp l) = Σ y·(log y − l) over the last axis, averaged over examples, for
/// log-probabilities l and rows of probabilities y.
///
/// 0·log 0 is 0. It is the negative log-likelihood less the entropy of y: the gradient with respect to l is the same, and the
/// least value is 0, at l = log y.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (l, y) = (tape.input([[0.5f64.ln(), 0.5f64.ln()]]), tape.data([[1.0, 0.0]]));
/// assert_eq!(nn::loss::kl_divergence(l, y.into()).item()?, 2f64.ln());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Kullback & Leibler, "On Information and Sufficiency" (1951).
#[track_caller]
pub fn kl_divergence<'t, F: Real>(l: Var<'t, F>, y: Target<'t, F>) -> Var<'t, F> {
    let l = log_probabilities("kl_divergence", class_scores("kl_divergence", l));
    if l.shape().is_err() {
        return l;
    }
    let y = distributions("kl_divergence", y.values("kl_divergence", l));
    let has_weight = y.gt(0.0);
    let log_y = has_weight.select(y, 1.0).log();
    has_weight.select(y * (log_y - l), 0.0).sum(-1).mean(..)
}
