//! Elements in another order or place.

use super::{Written, one};
use crate::application::Application;
use crate::wire::{Attribute, Length};
use autodiff::primitive::Kind;
use autodiff::{Real, Result};

pub(super) fn write<F: Real>(at: &mut Application<'_, '_, F>) -> Written {
    let x = at.x(0);
    one(match at.name() {
        "transpose" => {
            let axes = at.list("axes")?;
            at.op("Transpose", &[&x], &[Attribute::integers("perm", axes)])
        }
        "reshape" | "broadcast_to" => {
            let operation = if at.name() == "reshape" { "Reshape" } else { "Expand" };
            let lengths = at.result(0)?;
            let shape = at.writer.shape(&lengths);
            at.op(operation, &[&x, &shape], &[])
        }
        "concat" => {
            let (axis, names) = (at.length("axis")? as i64, at.names.clone());
            let operands: Vec<&str> = names.iter().map(String::as_str).collect();
            at.op("Concat", &operands, &[Attribute::integer("axis", axis)])
        }
        "slice" | "slice_step" => slice(at)?,
        "pad" => {
            let (rank, axis) = (at.shape(0).rank(), at.length("axis")?);
            let (before, after) = (at.length("before")? as i64, at.length("after")? as i64);
            let pads = (0..2 * rank).map(|i| match i {
                i if i == axis => before,
                i if i == rank + axis => after,
                _ => 0,
            });
            let pads: Vec<i64> = pads.collect();
            let pads = at.integers(&pads);
            match at.kind(0) {
                Kind::Real => at.op("Pad", &[&x, &pads], &[]),
                _ => return Ok(None),
            }
        }
        "flip" => {
            let axes = at.list("axes")?;
            let all = |at: &mut Application<'_, '_, F>, x: i64| at.integers(&vec![x; axes.len()]);
            let (last, end, steps) = (all(at, -1), all(at, i64::MIN), all(at, -1));
            let axes = at.integers(&axes);
            at.op("Slice", &[&x, &last, &end, &axes, &steps], &[])
        }
        "triangle" => {
            let (upper, diagonal) = (at.attributes()?.flag("upper")?, at.attributes()?.integer("diagonal")?);
            let (diagonal, upper) = (at.writer.integer(diagonal), Attribute::integer("upper", i64::from(upper)));
            at.op("Trilu", &[&x, &diagonal], &[upper])
        }
        _ => return Ok(None),
    })
}

/// A part of an axis; of the axis of the examples, up to its end.
fn slice<F: Real>(at: &mut Application<'_, '_, F>) -> Result<String> {
    let (own, other) = (at.primitive.attributes(), at.other.attributes());
    let axis = own.length("axis")?;
    let both = |name: &str| -> Result<(usize, usize)> { Ok((own.length(name)?, other.length(name)?)) };
    let (start, stop) = (both("start")?, both("stop")?);
    let step = if at.name() == "slice_step" { both("step")? } else { (1, 1) };
    let is_free = at.lengths(0)?.get(axis) == Some(&Length::Examples);
    let stop = match stop {
        (a, b) if a == b => a as i64,
        (a, _) if is_free && at.shape(0).get(axis) == Some(&a) => i64::MAX,
        _ => return Err(at.depends()),
    };
    if start.0 != start.1 || step.0 != step.1 {
        return Err(at.depends());
    }
    let x = at.x(0);
    let [start, stop, axis, step] =
        [start.0 as i64, stop, axis as i64, step.0 as i64].map(|number| at.integers(&[number]));
    Ok(at.op("Slice", &[&x, &start, &stop, &axis, &step], &[]))
}
