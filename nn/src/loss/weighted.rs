//! Examples that count more than others.

use super::Target;
use crate::domain::not_negative;
use autodiff::{Real, Var};

/// Σ w·l / Σ w: the mean of the losses l of examples, of which each counts by its weight w, not negative. A batch without weight
/// costs 0.
///
/// Both have one shape, such as \[examples\]; the weights are a column of the data set:
///
/// ```
/// use nn::{Dataset, Dense, Init, Layer, Random, Sgd, Trainer, loss};
///
/// let data = Dataset::<f64>::valued([[1.0], [2.0]], [[2.0], [9.0]])?.real("weights", [1.0, 0.0])?;
/// let weighted = nn::objective(|model: &Dense<f64>, batch, cx| {
///     let output = model.forward(batch.real("x")?, cx);
///     let losses = (output - batch.target("targets")?.like(output)).square().mean(1);
///     Ok(loss::weighted_mean(losses, batch.real("weights")?).into())
/// });
/// let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
/// Trainer::new(Sgd::new(0.1)).epochs(50).fit(&mut model, weighted, &data)?;
/// assert!((model.weight().array().sum() - 2.0).abs() < 1e-3);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// The losses of examples under a softmax are [`CrossEntropy::terms`](crate::loss::CrossEntropy::terms).
#[track_caller]
pub fn weighted_mean<'t, F: Real>(losses: Var<'t, F>, weights: Var<'t, F>) -> Var<'t, F> {
    let weights = Target::Values(weights).values("weighted_mean", losses);
    let weights = not_negative("weighted_mean", "the weight", weights);
    let total = weights.sum(..);
    let is_empty = total.eq(0.0);
    // An example without weight has no part, whatever it costs.
    let sum = weights.eq(0.0).select(0.0, weights * losses).sum(..);
    sum / is_empty.select(1.0, total)
}
