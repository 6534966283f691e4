//! Indices: what they name, and computing them.

use super::{Written, one};
use crate::application::Application;
use crate::wire::Attribute;
use autodiff::Real;

pub(super) fn write<F: Real>(at: &mut Application<'_, '_, F>) -> Written {
    let (x, i) = (at.x(0), at.x(1));
    one(match at.name() {
        "gather" => at.op("Gather", &[&x, &i], &[Attribute::integer("axis", 0)]),
        "take_along" => {
            let axis = at.length("axis")? as i64;
            at.op("GatherElements", &[&x, &i], &[Attribute::integer("axis", axis)])
        }
        "pick" => {
            let last = at.integers(&[-1]);
            let i = at.op("Unsqueeze", &[&i, &last], &[]);
            let picked = at.op("GatherElements", &[&x, &i], &[Attribute::integer("axis", -1)]);
            at.op("Squeeze", &[&picked, &last], &[])
        }
        "argmax" | "argmin" => {
            let operation = if at.name() == "argmax" { "ArgMax" } else { "ArgMin" };
            let axis = Attribute::integer("axis", at.length("axis")? as i64);
            at.op(operation, &[&x], &[axis, Attribute::integer("keepdims", 0)])
        }
        "sort" | "top_k" => {
            let is_sort = at.name() == "sort";
            let length = at.shape(0).last().copied().unwrap_or(0);
            let k = if is_sort { length } else { at.length("k")? };
            let k = at.integers(&[k as i64]);
            let largest = Attribute::integer("largest", i64::from(!is_sort));
            return Ok(Some(at.writer.ops("TopK", &[&x, &k], 2, &[largest])));
        }
        "index_arithmetic" => {
            let operations =
                [("add", "Add"), ("subtract", "Sub"), ("multiply", "Mul"), ("divide", "Div"), ("remainder", "Mod")];
            let operation = at.attributes()?.one_of("operation", &operations)?;
            at.op(operation, &[&x, &i], &[])
        }
        "index_compare" => {
            let operations = [("equal", "Equal"), ("less", "Less"), ("less_equal", "LessOrEqual")];
            let operation = at.attributes()?.one_of("comparison", &operations)?;
            let holds = at.op(operation, &[&x, &i], &[]);
            at.as_number(&holds)
        }
        "to_real" => at.as_number(&x),
        _ => return Ok(None),
    })
}
