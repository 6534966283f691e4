//! The angle between vectors.

use super::Target;
use autodiff::{Mismatch, Real, Var};

/// 1 − a·y/(‖a‖·‖y‖) over the last axis, averaged over the others: 0 for vectors of one direction, 2 for opposite ones.
///
/// A norm below 10⁻⁸ counts as 10⁻⁸, so that a vector of zeros costs 1. PyTorch's `cosine_embedding_loss` adds 10⁻¹² to the
/// squares of the norms instead; its `cosine_similarity` is this one.
///
/// ```
/// let tape = autodiff::Tape::<f64>::new();
/// let (a, y) = (tape.input([[3.0, 0.0], [0.0, 2.0]]), tape.data([[1.0, 0.0], [4.0, 0.0]]));
/// assert_eq!(nn::loss::cosine(a, y.into()).item()?, 0.5);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[track_caller]
pub fn cosine<'t, F: Real>(a: Var<'t, F>, y: Target<'t, F>) -> Var<'t, F> {
    let y = y.values("cosine", a);
    if a.shape().is_ok_and(|shape| shape.is_empty()) {
        let mismatch = Mismatch::new("the output is a single number; it should be [examples, numbers]");
        return a.tape().refuse("cosine", &[a.into()], mismatch);
    }
    let ([a_norm, y_norm], least) = ([a.norm_keep(-1), y.norm_keep(-1)], 1e-8);
    (1.0 - (a / a_norm.maximum(least) * (y / y_norm.maximum(least))).sum(-1)).mean(..)
}
