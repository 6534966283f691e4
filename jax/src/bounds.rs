//! What the indices among a program's inputs have to be less than.

use autodiff::primitive::{Kernel, Kind, Made, Steps};
use autodiff::{NodeView, Program, Real, Shape};
use std::collections::BTreeMap;

/// For each input that is an array of indices, by its position: the smallest bound of its uses, where there is one.
pub(crate) fn of<F: Real>(program: &Program<F>) -> BTreeMap<usize, usize> {
    let mut bounds: Vec<Option<usize>> = vec![None; program.len()];
    for node in program.nodes().rev() {
        if node.primitive().is_none() {
            continue;
        }
        for (operand, bound) in needed(program, &node, &bounds) {
            if let Some(known) = bounds.get_mut(operand) {
                *known = Some(known.map_or(bound, |known| known.min(bound)));
            }
        }
    }
    let of_input = |(i, id): (usize, &autodiff::NodeId)| {
        let is_index = program.node(*id).is_some_and(|node| node.kind() == Kind::Index);
        bounds.get(id.index()).copied().flatten().filter(|_| is_index).map(|bound| (i, bound))
    };
    program.input_ids().iter().enumerate().filter_map(of_input).collect()
}

/// The operands of a node with what they have to be less than, from what its results have to be less than.
fn needed<F: Real>(program: &Program<F>, node: &NodeView<'_, F>, bounds: &[Option<usize>]) -> Vec<(usize, usize)> {
    let operands: Vec<NodeView<'_, F>> = node.operands().iter().filter_map(|id| program.node(*id)).collect();
    let own = bounds.get(node.id().index()).copied().flatten();
    let shape = |i: usize| operands.get(i).map(|node| node.shape().clone()).unwrap_or_default();
    let attributes = node.attributes();
    let length = |name: &str| attributes.length(name).ok();
    let indexed = |bound: Option<usize>| -> Vec<(usize, usize)> {
        operands.get(1).zip(bound).map(|(i, bound)| (i.id().index(), bound)).into_iter().collect()
    };
    match node.operation() {
        "gather" => {
            let mut found = indexed(shape(0).first().copied());
            found.extend(operands.first().zip(own).map(|(x, bound)| (x.id().index(), bound)));
            found
        }
        "scatter_add" => indexed(length("rows")),
        "pick" => indexed(shape(0).last().copied()),
        "place" | "scatter_add_along" => indexed(length("length")),
        "take_along" => indexed(length("axis").and_then(|axis| shape(0).get(axis).copied())),
        // The same indices in another order.
        "transpose" | "reshape" | "broadcast_to" | "slice" | "slice_step" | "concat" => {
            operands.iter().zip(own.into_iter().cycle()).map(|(x, bound)| (x.id().index(), bound)).collect()
        }
        _ => looped(node, &operands),
    }
}

/// Of a loop, or a composition, what its body needs.
fn looped<F: Real>(node: &NodeView<'_, F>, operands: &[NodeView<'_, F>]) -> Vec<(usize, usize)> {
    let Some(primitive) = node.primitive() else { return Vec::new() };
    let shapes: Vec<&Shape> = operands.iter().map(NodeView::shape).collect();
    let Some(body) = primitive.bodies().first() else { return Vec::new() };
    let (steps, skipped) = match primitive.kernel(&shapes) {
        Kernel::Scan(steps) => (Some(steps), 1),
        Kernel::Program => (None, 0),
        _ => return Vec::new(),
    };
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (i, bound) in of(body) {
        let operand = i.checked_sub(skipped).and_then(|i| operands.get(i));
        found.extend(operand.map(|operand| (operand.id().index(), bound)));
    }
    if let (Some(Steps { count, made: Made::Given, .. }), Some(given)) = (steps, operands.last()) {
        found.push((given.id().index(), count.saturating_add(1)));
    }
    found
}
