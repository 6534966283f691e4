//! Sums of arrays that were filled up with zeros: what reverse derivatives of slices are. Where the parts are all of an
//! axis, they are put together instead.

use super::Program;
use crate::base::error::Result;
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::Kernel;
use crate::tape::node::{Node, Op};
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use smallvec::SmallVec;

/// How many parts a sum is searched for: so many that layers have, and few enough for the search to take no longer than the
/// program, and for a plan to have room for the operands.
pub(crate) const PARTS: usize = 16;

/// An array that is filled up with zeros along an axis.
#[derive(Clone, Copy)]
struct Padded {
    x: NodeId,
    axis: usize,
    before: usize,
    after: usize,
}

impl Padded {
    fn at<F: Real>(nodes: &IdVec<Node<F>>, id: NodeId) -> Option<Self> {
        let node = &nodes[id];
        let (Op::Apply(primitive), [x]) = (&node.op, &*node.inputs) else { return None };
        if primitive.name() != "pad" {
            return None;
        }
        let attributes = primitive.attributes();
        let read = |name| attributes.length(name).ok();
        Some(Padded { x: *x, axis: read("axis")?, before: read("before")?, after: read("after")? })
    }
}

impl<F: Real> Program<F> {
    /// The same program, in which pad x₀ + pad x₁ + … is (x₀, x₁, …) + 0 where the x fill the axis: one array instead of one
    /// for each part. Results keep their bits: each element is some x + 0 + … + 0, in either order. Where all parts are computed
    /// element by element, 0 is added to each of them instead: a plan does that in the same loop.
    pub(crate) fn with_joined_pads(&self) -> Result<Program<F>> {
        if !self.nodes.ids().any(|id| Padded::at(&self.nodes, id).is_some()) {
            return Ok(self.clone());
        }
        let program = self.rewritten(|_, primitive, tape, operands| {
            Ok(if primitive.name() == "add" { joined(tape, operands).map(|sum| vec![Arg::Real(sum)]) } else { None })
        })?;
        Ok(program.simplified())
    }
}

/// The sum of the operands, if they are all parts of an axis.
fn joined<'t, F: Real>(tape: &'t Tape<F>, operands: &[Arg<'t, F>]) -> Option<Var<'t, F>> {
    let mut parts: SmallVec<[Padded; 4]> = SmallVec::new();
    let mut rest: SmallVec<[NodeId; 8]> = operands.iter().map(Arg::id).collect();
    tape.with_nodes(|nodes, _| {
        let shape = nodes[*rest.first()?].shape.clone();
        while let Some(id) = rest.pop() {
            let node = &nodes[id];
            match (Padded::at(nodes, id), &node.op) {
                _ if node.shape != shape || parts.len() + rest.len() >= PARTS => return None,
                (Some(padded), _) => parts.push(padded),
                (None, Op::Apply(primitive)) if primitive.name() == "add" => rest.extend(node.inputs.iter().copied()),
                (None, _) => return None,
            }
        }
        parts.sort_by_key(|part| part.before);
        let axis = parts.first()?.axis;
        let total = *shape.get(axis)?;
        let mut end = 0;
        for part in &parts {
            if part.axis != axis || part.before != end {
                return None;
            }
            end = total.checked_sub(part.after)?;
        }
        let in_loops = parts.iter().all(|part| is_elementwise(nodes, part.x));
        (end == total).then_some((axis, in_loops))
    })
    .map(|(axis, in_loops)| {
        let parts = parts.iter().map(|part| tape.arg(part.x).var());
        if in_loops {
            return tape.concat(&parts.map(|part| part + 0.0).collect::<SmallVec<[_; 4]>>(), axis);
        }
        tape.concat(&parts.collect::<SmallVec<[_; 4]>>(), axis) + 0.0
    })
}

/// Whether a node is computed element by element.
fn is_elementwise<F: Real>(nodes: &IdVec<Node<F>>, id: NodeId) -> bool {
    let node = &nodes[id];
    let Op::Apply(primitive) = &node.op else { return false };
    let shapes: SmallVec<[&Shape; 4]> = node.inputs.iter().map(|operand| &nodes[*operand].shape).collect();
    matches!(primitive.kernel(&shapes), Kernel::Elementwise(_))
}
