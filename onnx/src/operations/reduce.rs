//! Sums and other functions of the elements along axes.

use super::{Written, one};
use crate::application::Application;
use crate::wire::Attribute;
use autodiff::Real;

pub(super) fn write<F: Real>(at: &mut Application<'_, '_, F>) -> Written {
    let x = at.x(0);
    one(match at.name() {
        "sum" => {
            let (axes, keep) = (at.list("axes")?, at.attributes()?.flag("keep")?);
            if axes.is_empty() {
                return one(at.op("Identity", &[&x], &[]));
            }
            let axes = at.integers(&axes);
            at.op("ReduceSum", &[&x, &axes], &[Attribute::integer("keepdims", i64::from(keep))])
        }
        "max" | "norm" | "log_sum_exp" => {
            let operations = [("max", "ReduceMax"), ("norm", "ReduceL2"), ("log_sum_exp", "ReduceLogSumExp")];
            let name = at.name();
            let operation = operations.iter().find(|(own, _)| *own == name).map_or("", |(_, operation)| operation);
            let (axes, keep) = (at.list("axes")?, at.attributes()?.flag("keep")?);
            if axes.is_empty() {
                let operation = if name == "norm" { "Abs" } else { "Identity" };
                return one(at.op(operation, &[&x], &[]));
            }
            let keep = Attribute::integer("keepdims", i64::from(keep));
            at.op(operation, &[&x], &[Attribute::integers("axes", axes), keep])
        }
        "sum_to" => {
            let (shape, lengths) = (at.shape(0), at.result(0)?);
            let to = at.node.shape().clone();
            let new = shape.rank().saturating_sub(to.rank());
            let is_summed = |axis: &usize| match axis.checked_sub(new) {
                None => true,
                Some(own) => to.get(own) == Some(&1) && shape.get(*axis) != Some(&1),
            };
            let axes: Vec<i64> = (0..shape.rank()).filter(is_summed).map(|axis| axis as i64).collect();
            let sum = match axes.is_empty() {
                true => x,
                false => {
                    let axes = at.integers(&axes);
                    at.op("ReduceSum", &[&x, &axes], &[Attribute::integer("keepdims", 1)])
                }
            };
            let shape = at.writer.shape(&lengths);
            at.op("Reshape", &[&sum, &shape], &[])
        }
        "cumsum" => {
            let (axis, reversed) = (at.length("axis")? as i64, at.attributes()?.flag("reversed")?);
            let axis = at.writer.integer(axis);
            at.op("CumSum", &[&x, &axis], &[Attribute::integer("reverse", i64::from(reversed))])
        }
        "softmax" | "log_softmax" => {
            let operation = if at.name() == "softmax" { "Softmax" } else { "LogSoftmax" };
            let axis = at.length("axis")? as i64;
            at.op(operation, &[&x], &[Attribute::integer("axis", axis)])
        }
        _ => return Ok(None),
    })
}
