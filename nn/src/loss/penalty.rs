//! Penalties on weights, intercepts left out.

use crate::context::Context;
use autodiff::{Real, Var};

/// Σ |w| over the weights that are trained: all parameters but the intercepts, which are those whose name is `bias` or `shift`.
/// A sum, which the objective multiplies by what it should count; the slope at 0 is 0.
///
/// ```
/// use nn::{Dense, Layer, loss};
/// let lasso = nn::objective(|model: &Dense<f64>, batch, cx| {
///     let error = loss::mean_squared(model.forward(batch.real("x")?, cx), batch.target("targets")?);
///     Ok((error + 0.01 * loss::l1(cx)).into())
/// });
/// # let _ = lasso;
/// ```
///
/// Source: Tibshirani, "Regression Shrinkage and Selection via the Lasso" (1996); Matt R, *Neural Networks* (March 2022), §5,
/// where it counts λ/2n.
#[track_caller]
pub fn l1<'t, F: Real>(cx: &Context<'t, F>) -> Var<'t, F> {
    let weights: Vec<Var<'t, F>> = weights(cx).collect();
    let mut terms = Vec::with_capacity(weights.len());
    for w in weights {
        terms.push(w.abs().sum(..));
    }
    cx.tape().total(&terms)
}

/// Σ w² over the weights that are trained: all parameters but the intercepts, as for [`l1`]. A sum, whose gradient is 2w.
///
/// ```
/// use nn::{Context, Dense, loss};
/// let model = Dense::<f64>::from_arrays(ndarray::array![[3.0], [4.0]], Some(ndarray::array![7.0]));
/// let tape = autodiff::Tape::new();
/// let cx = Context::training(&tape, &model, 0);
/// assert_eq!((loss::l1(&cx).item()?, loss::l2(&cx).item()?), (7.0, 25.0));
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Matt R, *Neural Networks* (March 2022), §5, where it counts λ/2n; the lecture slides *Neural Networks* leave out the
/// intercept.
#[track_caller]
pub fn l2<'t, F: Real>(cx: &Context<'t, F>) -> Var<'t, F> {
    let weights: Vec<Var<'t, F>> = weights(cx).collect();
    let mut terms = Vec::with_capacity(weights.len());
    for w in weights {
        terms.push(w.square().sum(..));
    }
    cx.tape().total(&terms)
}

fn weights<'a, 't, F: Real>(cx: &'a Context<'t, F>) -> impl Iterator<Item = Var<'t, F>> + 'a {
    let is_intercept = |path: &str| matches!(path.rsplit('.').next(), Some("bias" | "shift"));
    cx.trained().filter(move |(_, path, _)| !is_intercept(path)).map(|(_, _, var)| var)
}
