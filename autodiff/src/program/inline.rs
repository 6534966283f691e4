//! Programs inside a program written out.

use super::Program;
use crate::base::error::Result;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::primitive::{Kernel, PrimitiveRef};
use crate::tape::node::{Node, Op};
use crate::tape::query::operand_shapes;

impl<F: Real> Program<F> {
    /// The same program with the bodies of primitives that run one ([`Kernel::Program`]) written out in their place: a plan
    /// of it fuses across them. Results keep their bits; derivatives become those of the bodies.
    pub(crate) fn inlined(&self) -> Result<Program<F>> {
        let applied = |(id, node): (NodeId, &Node<F>)| match &node.op {
            Op::Apply(primitive) => self.body_at(id, primitive).is_some(),
            _ => false,
        };
        if !self.nodes.iter().any(applied) {
            return Ok(self.clone());
        }
        self.rewritten(|id, primitive, tape, operands| match self.body_at(id, primitive) {
            Some(body) => body.inlined()?.record_all(tape, operands).map(Some),
            None => Ok(None),
        })
    }

    /// The program that `primitive`, applied at node `id`, runs, if it does.
    fn body_at<'a>(&self, id: NodeId, primitive: &'a PrimitiveRef<F>) -> Option<&'a Program<F>> {
        let body = primitive.bodies().first()?;
        matches!(primitive.kernel(&operand_shapes(&self.nodes, &self.nodes[id])), Kernel::Program).then_some(body)
    }
}
