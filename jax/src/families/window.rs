//! Convolutions and pooling.

use crate::application::Application;
use crate::literal::tuple;
use autodiff::{Real, Result, Shape};

pub(super) fn expression<F: Real>(at: &Application<'_, F>) -> Option<Result<String>> {
    Some(match at.name() {
        "conv" => conv(at),
        "conv_transpose" => adjoint(at, "_conv_transpose"),
        "conv_weight_adjoint" => adjoint(at, "_conv_weight_adjoint"),
        "max_pool" => max_pool(at),
        "average_pool" => average_pool(at),
        "average_pool_adjoint" => average_pool_adjoint(at),
        _ => return None,
    })
}

fn conv<F: Real>(at: &Application<'_, F>) -> Result<String> {
    let (stride, dilation) = (at.list("stride")?, at.list("dilation")?);
    let (before, after, groups) = (at.list("before")?, at.list("after")?, at.length("groups")?);
    Ok(format!("_conv({}, {}, {stride}, {dilation}, {before}, {after}, {groups})", at.x(0), at.x(1)))
}

fn adjoint<F: Real>(at: &Application<'_, F>, function: &str) -> Result<String> {
    let (stride, dilation, before) = (at.list("stride")?, at.list("dilation")?, at.list("before")?);
    let (groups, size) = (at.length("groups")?, at.list("size")?);
    Ok(format!("{function}({}, {}, {stride}, {dilation}, {before}, {groups}, {size})", at.x(0), at.x(1)))
}

/// The windows of a pooling, as a call writes them.
fn windows<F: Real>(at: &Application<'_, F>) -> Result<String> {
    Ok(format!("{}, {}, {}, {}", at.list("length")?, at.list("stride")?, at.list("dilation")?, at.list("before")?))
}

/// The last axes of a shape: the spatial ones.
fn spatial<F: Real>(at: &Application<'_, F>, shape: &Shape) -> Result<String> {
    let axes = at.attributes().list("length")?.len();
    Ok(tuple(shape.get(shape.rank().saturating_sub(axes)..).unwrap_or(&[])))
}

fn max_pool<F: Real>(at: &Application<'_, F>) -> Result<String> {
    Ok(format!("_max_pool({}, {}, {})", at.x(0), windows(at)?, spatial(at, &at.result(0))?))
}

fn average_pool<F: Real>(at: &Application<'_, F>) -> Result<String> {
    let (positions, include) = (spatial(at, &at.result(0))?, at.flag("include_padding")?);
    Ok(format!("_average_pool({}, {}, {}, {positions}, {include})", at.x(0), windows(at)?, at.list("after")?))
}

fn average_pool_adjoint<F: Real>(at: &Application<'_, F>) -> Result<String> {
    let (size, include) = (at.list("size")?, at.flag("include_padding")?);
    Ok(format!("_average_pool_adjoint({}, {}, {}, {size}, {include})", at.x(0), windows(at)?, at.list("after")?))
}
