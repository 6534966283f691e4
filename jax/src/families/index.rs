//! Indices: what they name, and computing them. An index out of range that is computed names nothing: reads give NaN (or the
//! index 0), and what is written there is dropped.

use crate::application::Application;
use crate::literal::tuple;
use autodiff::primitive::Kind;
use autodiff::{Real, Result};

pub(super) fn expression<F: Real>(at: &Application<'_, F>) -> Option<Result<String>> {
    let (x, i) = (at.x(0), at.x(1));
    Some(match at.name() {
        "gather" => {
            let fill = if at.kind(0) == Kind::Index { "0" } else { "np.nan" };
            Ok(format!("{x}.at[{i}].get(mode=\"fill\", fill_value={fill})"))
        }
        "scatter_add" => Ok(format!("jnp.zeros({}, F).at[{i}].add({x}, mode=\"drop\")", tuple(&at.result(0)))),
        "pick" => Ok(at.call("_pick")),
        "place" => at.length("length").map(|length| format!("_place({x}, {i}, {length})")),
        "take_along" => at.length("axis").map(|axis| format!("_take_along({x}, {i}, {axis})")),
        "scatter_add_along" => scatter_add_along(at),
        "sort" => Ok(at.call("_sort")),
        "top_k" => at.length("k").map(|k| format!("_top_k({x}, {k})")),
        "argmax" | "argmin" => {
            let name = at.name();
            at.length("axis").map(|axis| format!("jnp.{name}({x}, axis={axis}).astype(I)"))
        }
        "index_arithmetic" => arithmetic(at),
        "index_compare" => compare(at),
        "to_real" => Ok(format!("{x}.astype(F)")),
        _ => return None,
    })
}

fn scatter_add_along<F: Real>(at: &Application<'_, F>) -> Result<String> {
    Ok(format!("_scatter_add_along({}, {}, {}, {})", at.x(0), at.x(1), at.length("axis")?, at.length("length")?))
}

fn arithmetic<F: Real>(at: &Application<'_, F>) -> Result<String> {
    let operators = [("add", "+"), ("subtract", "-"), ("multiply", "*"), ("divide", "//"), ("remainder", "%")];
    Ok(at.infix(at.attributes().one_of("operation", &operators)?))
}

fn compare<F: Real>(at: &Application<'_, F>) -> Result<String> {
    let operators = [("equal", "=="), ("less", "<"), ("less_equal", "<=")];
    Ok(format!("({}).astype(F)", at.infix(at.attributes().one_of("comparison", &operators)?)))
}
