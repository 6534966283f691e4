//! Cheap arrays that are computed again where they are read later, instead of being kept until then.
//!
//! In z = c·x, y = f(z), the derivative of f needs z again, long after. Where x is kept until then anyway, c·x is computed a
//! second time, in the loop that reads z: one multiplication in a row that is in the first cache costs less than to write an
//! array and to read it, and the array takes no memory. The bits are the same: it is the same operation on the same numbers.

use super::memory::splat;
use super::schedule::{BLOCK, Group, Origin, Run, Schedule};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::kernels::Arithmetic;
use crate::primitive::Kernel;
use crate::program::Program;
use crate::tape::node::{Node, Op, Operands};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The bytes from which on an array is not kept: what is smaller stays in the second cache for some time.
const WORTH: usize = 256 << 10;

/// How many nodes a loop has at most for more to be computed in it.
const NODES: usize = 48;

/// The same program, in which each group that reads a cheap array of an earlier loop has a node of its own for it; `None`
/// where nothing is computed again.
pub(super) fn recomputed<F: Real>(program: &Program<F>, schedule: &Schedule) -> Option<Program<F>> {
    let again = found(program, schedule);
    if again.is_empty() {
        return None;
    }
    let nodes = &program.nodes;
    let mut made: IdVec<Node<F>> = IdVec::with_capacity(nodes.len() + again.len());
    let mut new_id: IdVec<NodeId> = IdVec::with_capacity(nodes.len());
    // The node of its own that a group has for an array.
    let mut own: BTreeMap<(NodeId, usize), NodeId> = BTreeMap::new();
    for (id, node) in nodes.iter() {
        let group = schedule.group_of[id];
        let mut operands: SmallVec<[NodeId; 4]> = SmallVec::new();
        for operand in node.inputs.iter() {
            let fresh = match again.get(operand) {
                Some(home) if *home != group => *own.entry((*operand, group)).or_insert_with(|| {
                    let copied = &nodes[*operand];
                    made.push(moved(copied, copied.inputs.iter().map(|operand| new_id[*operand]).collect()))
                }),
                _ => new_id[*operand],
            };
            operands.push(fresh);
        }
        new_id.push(made.push(moved(node, operands)));
    }
    let ids = |ids: &[NodeId]| ids.iter().map(|id| new_id[*id]).collect();
    let (inputs, outputs) = (ids(&program.inputs), ids(&program.outputs));
    let labels = Arc::new(program.labels.renamed(|id| new_id[id]));
    Some(Program { nodes: Arc::new(made), labels, inputs, outputs })
}

fn moved<F: Real>(node: &Node<F>, operands: SmallVec<[NodeId; 4]>) -> Node<F> {
    Node { inputs: Operands::from(&*operands), ..node.clone() }
}

/// The arrays that are computed again wherever another group reads them, each with its own group.
fn found<F: Real>(program: &Program<F>, schedule: &Schedule) -> BTreeMap<NodeId, usize> {
    let mut found = BTreeMap::new();
    let is_cheap = |id: NodeId| cheap(program, schedule, id);
    if !program.nodes.ids().any(|id| is_cheap(id).is_some()) {
        return found;
    }
    // The last group that reads the memory of each node; outputs are read when all is done.
    let mut last: IdVec<usize> = IdVec::filled(program.len(), || 0);
    // The last group that reads it in the same order as its own loop, and whether another does in any other way.
    let mut later: IdVec<Option<usize>> = IdVec::filled(program.len(), || Some(0));
    for (id, node) in program.nodes.iter().filter(|(id, _)| matches!(schedule.origins[*id], Origin::Computed)) {
        let group = schedule.group_of[id];
        for operand in node.inputs.iter() {
            let base = schedule.base(*operand);
            last[base] = last[base].max(group);
            let in_order = base == *operand && fits(schedule, group, program.nodes[base].shape.size());
            later[base] = later[base].filter(|_| in_order).map(|last| last.max(group));
        }
    }
    for id in &program.outputs {
        let base = schedule.base(*id);
        (last[base], later[base]) = (usize::MAX, None);
    }
    for id in program.nodes.ids() {
        let (Some(x), Some(later)) = (is_cheap(id), later[id]) else { continue };
        let home = schedule.group_of[id];
        if later > home && last[x] >= later && !found.contains_key(&x) {
            found.insert(id, home);
        }
    }
    found
}

/// Whether `group` is a loop over so many elements that has room for more nodes.
fn fits(schedule: &Schedule, group: usize, size: usize) -> bool {
    match schedule.groups.get(group) {
        Some(Group::Loop { size: other, nodes }) => *other == size && nodes.len() <= NODES,
        _ => false,
    }
}

/// The one array that `id` is computed from, if that is the sum, the difference or the product of it and a number, or of it
/// and itself.
fn cheap<F: Real>(program: &Program<F>, schedule: &Schedule, id: NodeId) -> Option<NodeId> {
    let node = &program.nodes[id];
    let (Run::Elementwise, Op::Apply(primitive), [a, b]) = (schedule.runs[id], &node.op, &*node.inputs) else {
        return None;
    };
    let size = node.shape.size();
    // Where a test asks for small blocks, arrays of any size are computed again.
    let least = if schedule.block < BLOCK { schedule.block } else { WORTH / size_of::<F>() };
    if size <= least || !matches!(schedule.groups.get(schedule.group_of[id]), Some(Group::Loop { .. })) {
        return None;
    }
    let is_number = |x: NodeId| {
        let node = &program.nodes[schedule.base(x)];
        node.shape.size() == 1 || splat(node).is_some()
    };
    let x = match (is_number(*a), is_number(*b)) {
        (true, false) => *b,
        (false, true) => *a,
        (false, false) if a == b => *a,
        _ => return None,
    };
    let base = schedule.base(x);
    let kept = matches!(schedule.origins[base], Origin::Computed) && schedule.is_whole(x, size);
    let Kernel::Elementwise(function) = primitive.kernel(&[&program.nodes[*a].shape, &program.nodes[*b].shape]) else {
        return None;
    };
    let simple = matches!(function.as_arithmetic(), Some(Arithmetic::Add | Arithmetic::Sub | Arithmetic::Mul));
    (kept && simple).then_some(base)
}
