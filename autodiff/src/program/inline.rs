//! Programs inside a program written out.

use super::Program;
use crate::base::error::Result;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::primitive::{Kernel, Kind, PrimitiveRef};
use crate::tape::Tape;
use crate::tape::node::Op;
use crate::tape::query::types_of;

impl<F: Real> Program<F> {
    /// The same program with the bodies of primitives that run one ([`Kernel::Program`]) written out in their place: a plan
    /// of it fuses across them. Results keep their bits; derivatives become those of the bodies.
    pub(crate) fn inlined(&self) -> Result<Program<F>> {
        let applied = |(id, node): (NodeId, &crate::tape::node::Node<F>)| match &node.op {
            Op::Apply(primitive) => self.body_at(id, primitive).is_some(),
            _ => false,
        };
        if !self.nodes.iter().any(applied) {
            return Ok(self.clone());
        }
        let tape = Tape::symbolic();
        let args = self.placeholders(&tape);
        let table = self.record_with(&tape, &args, |id, primitive, operands| match self.body_at(id, primitive) {
            Some(body) => body.inlined()?.record_all(&tape, operands),
            None => {
                let kinds: Vec<Kind> = types_of(&self.nodes, id).into_iter().map(|result| result.kind).collect();
                Ok(tape.record_list(primitive.clone(), operands, &kinds))
            }
        })?;
        tape.program(&self.outputs.iter().map(|id| tape.arg(table[*id])).collect::<Vec<_>>())
    }

    /// The program that `primitive`, applied at node `id`, runs, if it does.
    fn body_at<'a>(&self, id: NodeId, primitive: &'a PrimitiveRef<F>) -> Option<&'a Program<F>> {
        let body = primitive.bodies().first()?;
        matches!(primitive.kernel(&self.operand_shapes(&self.nodes[id])), Kernel::Program).then_some(body)
    }
}
