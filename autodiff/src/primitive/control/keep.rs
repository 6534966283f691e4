//! What a loop keeps for its derivatives.

use super::scan::Scan;
use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::primitive::Kernel;
use crate::program::Program;
use crate::tape::Tape;
use crate::tape::node::Op;
use crate::tape::query::{is_product, is_sum, operand_shapes};

/// What a loop keeps of each step for the reverse pass. More of it is more memory and less computed again; the numbers are
/// the same, bit for bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Keep {
    /// Every value that the reverse pass reads.
    Everything,
    /// Every value that it reads, but elementwise ones are computed again from those: the default.
    #[default]
    Products,
    /// The carries alone: the rest is computed again.
    Carries,
    /// Nothing: the loop runs once more before the reverse pass.
    Nothing,
}

/// The nodes of the body that have to be kept so that `derived`, nodes of `tape` that were recorded behind the body, can be
/// computed in a loop of their own; the nodes of the body went to `forward`.
pub(super) fn kept<F: Real>(
    scan: &Scan<F>,
    tape: &Tape<F>,
    forward: &IdVec<NodeId>,
    derived: impl IntoIterator<Item = NodeId>,
    keep: Keep,
) -> Vec<NodeId> {
    let body = scan.body();
    let sums = sums_of_products(body);
    let changing = changing(body, scan.steps.carries + scan.steps.inputs);
    let carries: Vec<NodeId> = body.input_ids().iter().skip(1).take(scan.steps.carries).copied().collect();
    tape.with_nodes(|nodes, _| {
        let mut of_body: IdVec<Option<NodeId>> = IdVec::filled(nodes.len(), || None);
        forward.iter().for_each(|(id, there)| of_body[*there] = Some(id));
        let mut needed = IdVec::filled(nodes.len(), || false);
        derived.into_iter().for_each(|id| needed[id] = true);
        let mut kept = Vec::new();
        // Operands have smaller ids: one pass from the end sees everything.
        for id in nodes.ids().rev() {
            if !needed[id] {
                continue;
            }
            if let Some(node) = of_body[id] {
                let is_given = matches!(nodes[id].op, Op::Input(_) | Op::Constant(_)) && !carries.contains(&node);
                if is_given {
                    continue;
                }
                let is_kept = is_drawn(body, node) || (changing[node] && is_kept(body, node, keep, &sums));
                if carries.contains(&node) || is_kept {
                    kept.push(node);
                    continue;
                }
            }
            nodes[id].inputs.iter().for_each(|operand| needed[*operand] = true);
        }
        kept.reverse();
        kept
    })
}

/// Whether a node is made with a key. It is kept, because it cannot be computed again where this loop carries the key, or one
/// around it does: keys cannot be stacked.
fn is_drawn<F: Real>(body: &Program<F>, id: NodeId) -> bool {
    let node = &body.nodes[id];
    let made = match (&node.op, &*node.inputs) {
        (Op::Result, [first]) => &body.nodes[*first],
        _ => node,
    };
    node.kind != Kind::Key && made.inputs.iter().any(|operand| body.nodes[*operand].kind == Kind::Key)
}

/// The sums of a product, which only they read, and something else: a plan computes both as one.
fn sums_of_products<F: Real>(body: &Program<F>) -> IdVec<bool> {
    let nodes = &body.nodes;
    let mut readers = IdVec::filled(nodes.len(), || 0u32);
    let operands = nodes.iter().flat_map(|(_, node)| node.inputs.iter());
    operands.chain(&body.outputs).for_each(|id| readers[*id] += 1);
    let mut sums = IdVec::filled(nodes.len(), || false);
    for (id, node) in nodes.iter() {
        let adds = |p: &NodeId| readers[*p] == 1 && nodes[*p].shape == node.shape && is_product(nodes, &nodes[*p]);
        sums[id] = node.inputs.iter().any(adds) && is_sum(nodes, node);
    }
    sums
}

/// Whether a node of the body, which is not a leaf, is kept rather than computed again.
fn is_kept<F: Real>(body: &Program<F>, id: NodeId, keep: Keep, sums: &IdVec<bool>) -> bool {
    let node = &body.nodes[id];
    match keep {
        // Keys cannot be stacked, and are cheap.
        _ if node.kind == Kind::Key => false,
        Keep::Everything => true,
        Keep::Carries | Keep::Nothing => false,
        Keep::Products => match &node.op {
            Op::Apply(primitive) => match primitive.kernel(&operand_shapes(&body.nodes, node)) {
                // A product and what is added to it are computed as one.
                Kernel::Elementwise(_) => sums[id],
                Kernel::View => false,
                _ => true,
            },
            _ => true,
        },
    }
}

/// The nodes of the body that differ from step to step: those that the step, a carry or a per-step input leads to.
pub(crate) fn changing<F: Real>(body: &Program<F>, moving: usize) -> IdVec<bool> {
    let mut changing = IdVec::filled(body.len(), || false);
    body.input_ids().iter().take(1 + moving).for_each(|id| changing[*id] = true);
    for (id, node) in body.nodes.iter() {
        if node.inputs.iter().any(|operand| changing[*operand]) {
            changing[id] = true;
        }
    }
    changing
}
