//! Sums and other functions of the elements along axes.

use crate::application::Application;
use crate::literal::tuple;
use autodiff::{Real, Result};

pub(super) fn expression<F: Real>(at: &Application<'_, F>) -> Option<Result<String>> {
    let x = at.x(0);
    Some(match at.name() {
        "sum" => reduced(at, |axes, keep| format!("jnp.sum({x}, axis={axes}, keepdims={keep})")),
        "max" => reduced(at, |axes, keep| format!("jnp.max({x}, axis={axes}, keepdims={keep}, initial=F(-np.inf))")),
        "norm" => reduced(at, |axes, keep| format!("_norm({x}, {axes}, {keep})")),
        "log_sum_exp" => reduced(at, |axes, keep| format!("_log_sum_exp({x}, {axes}, {keep})")),
        "sum_to" => Ok(sum_to(at)),
        "cumsum" => cumsum(at),
        "softmax" => along(at, "_softmax"),
        "log_softmax" => along(at, "_log_softmax"),
        "deviations" => along(at, "_deviations"),
        "deviations_adjoint" => along(at, "_deviations_adjoint"),
        _ => return None,
    })
}

fn reduced<F: Real>(at: &Application<'_, F>, write: impl Fn(&str, &str) -> String) -> Result<String> {
    Ok(write(&at.list("axes")?, at.flag("keep")?))
}

fn along<F: Real>(at: &Application<'_, F>, function: &str) -> Result<String> {
    Ok(format!("{function}({}, {})", at.operands().join(", "), at.length("axis")?))
}

fn cumsum<F: Real>(at: &Application<'_, F>) -> Result<String> {
    Ok(format!("lax.cumsum({}, {}, reverse={})", at.x(0), at.length("axis")?, at.flag("reversed")?))
}

/// The sum over the axes that [`summed_axes`] has.
fn sum_to<F: Real>(at: &Application<'_, F>) -> String {
    let (x, y) = (at.shape(0), at.result(0));
    format!("jnp.sum({}, axis={}).reshape({})", at.x(0), tuple(&summed_axes(&x, &y)), tuple(&y))
}

/// Over which axes x is summed to be of the shape y: new ones, and those of length 1 that were longer.
pub(crate) fn summed_axes(x: &[usize], y: &[usize]) -> Vec<usize> {
    let new = x.len().saturating_sub(y.len());
    let is_summed = |axis: &usize| match axis.checked_sub(new) {
        None => true,
        Some(axis_of_y) => y.get(axis_of_y) == Some(&1) && x.get(*axis) != Some(&1),
    };
    (0..x.len()).filter(is_summed).collect()
}
