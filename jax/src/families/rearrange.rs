//! Elements in another order or place.

use crate::application::Application;
use crate::literal::{list_in_tuple, tuple};
use autodiff::primitive::Kind;
use autodiff::{Real, Result};

pub(super) fn expression<F: Real>(at: &Application<'_, F>) -> Option<Result<String>> {
    let x = at.x(0);
    Some(match at.name() {
        "stop_gradient" => Ok(at.call("lax.stop_gradient")),
        "transpose" => at.list("axes").map(|axes| format!("lax.transpose({x}, {axes})")),
        "reshape" => Ok(format!("{x}.reshape({})", tuple(&at.result(0)))),
        "broadcast_to" => Ok(format!("jnp.broadcast_to({x}, {})", tuple(&at.result(0)))),
        "concat" => at
            .length("axis")
            .map(|axis| format!("lax.concatenate({}, {axis})", list_in_tuple(at.operands().iter().cloned()))),
        "slice" => slice(at),
        "slice_step" => slice_step(at),
        "pad" => pad(at),
        "unslice" => unslice(at),
        "flip" => at.list("axes").map(|axes| format!("jnp.flip({x}, {axes})")),
        "triangle" => triangle(at),
        _ => return None,
    })
}

fn slice<F: Real>(at: &Application<'_, F>) -> Result<String> {
    let (axis, start, stop) = (at.length("axis")?, at.length("start")?, at.length("stop")?);
    Ok(format!("lax.slice_in_dim({}, {start}, {stop}, axis={axis})", at.x(0)))
}

fn slice_step<F: Real>(at: &Application<'_, F>) -> Result<String> {
    let (axis, start, stop) = (at.length("axis")?, at.length("start")?, at.length("stop")?);
    Ok(format!("lax.slice_in_dim({}, {start}, {stop}, {}, {axis})", at.x(0), at.length("step")?))
}

/// Zeros before, after and between the elements along one axis.
fn padded<F: Real>(at: &Application<'_, F>, axis: usize, [before, after, between]: [usize; 3]) -> String {
    let axes = 0..at.shape(0).rank();
    let config = axes.map(|a| if a == axis { tuple(&[before, after, between]) } else { tuple(&[0, 0, 0]) });
    let zero = if at.kind(0) == Kind::Index { "I(0)" } else { "F(0)" };
    format!("lax.pad({}, {zero}, {})", at.x(0), list_in_tuple(config))
}

fn pad<F: Real>(at: &Application<'_, F>) -> Result<String> {
    Ok(padded(at, at.length("axis")?, [at.length("before")?, at.length("after")?, 0]))
}

fn unslice<F: Real>(at: &Application<'_, F>) -> Result<String> {
    let (axis, start, step, length) =
        (at.length("axis")?, at.length("start")?, at.length("step")?, at.length("length")?);
    let count = at.shape(0).get(axis).copied().unwrap_or(0);
    if count == 0 {
        return Ok(padded(at, axis, [length, 0, 0]));
    }
    let reach = start + (count - 1) * step + 1;
    Ok(padded(at, axis, [start, length.saturating_sub(reach), step.saturating_sub(1)]))
}

fn triangle<F: Real>(at: &Application<'_, F>) -> Result<String> {
    let function = if at.attributes().flag("upper")? { "jnp.triu" } else { "jnp.tril" };
    Ok(format!("{function}({}, {})", at.x(0), at.attributes().integer("diagonal")?))
}
