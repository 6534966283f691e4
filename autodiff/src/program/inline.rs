//! Programs inside a program written out.

use super::Program;
use crate::base::error::Result;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Kernel, Kind};
use crate::tape::node::{Node, Op};
use crate::tape::query::types_of;
use crate::tape::{Arg, Tape};
use smallvec::SmallVec;

impl<F: Real> Program<F> {
    /// The same program with the bodies of primitives that run one ([`Kernel::Program`]) written out in their place: a plan
    /// of it fuses across them. Results keep their bits; derivatives become those of the bodies.
    pub(crate) fn inlined(&self) -> Result<Program<F>> {
        if !self.nodes.iter().any(|(_, node)| self.runs_a_program(node)) {
            return Ok(self.clone());
        }
        let tape = Tape::symbolic();
        let args = self.placeholders(&tape);
        let mut table: Vec<Arg<'_, F>> = Vec::with_capacity(self.len());
        let mut next = self.inputs.iter().zip(&args).peekable();
        let mut results: Vec<Arg<'_, F>> = Vec::new();
        for (id, node) in self.nodes.iter() {
            let recorded = match &node.op {
                Op::Input(_) => match next.next_if(|(input, _)| **input == id) {
                    Some((_, arg)) => *arg,
                    None => tape.broken_rule(format!("{id} has no argument")).into(),
                },
                Op::Error(error) => return Err(error.clone()),
                Op::Constant(value) => {
                    let constant = tape.constant_value(value.clone(), node.shape.clone());
                    tape.arg(constant.id())
                }
                Op::Result => {
                    let first = node.inputs.first().map_or(0, |first| first.index());
                    match results.get(id.index() - first) {
                        Some(result) => *result,
                        None => tape.broken_rule(format!("{id} is the result of nothing")).into(),
                    }
                }
                Op::Apply(primitive) => {
                    let operands: Vec<Arg<'_, F>> =
                        node.inputs.iter().filter_map(|operand| table.get(operand.index()).copied()).collect();
                    let scope = tape.intern(self.labels.scope(node.scope));
                    results =
                        tape.placed(scope, node.location, || match (self.runs_a_program(node), primitive.bodies()) {
                            (true, [body, ..]) => body.inlined()?.record_all(&tape, &operands),
                            _ => {
                                let types = types_of(&self.nodes, id);
                                let kinds: Vec<Kind> = types.into_iter().map(|result| result.kind).collect();
                                Ok(tape.record_list(primitive.clone(), &operands, &kinds))
                            }
                        })?;
                    match results.first() {
                        Some(result) => *result,
                        None => tape.broken_rule(format!("{id} has no results")).into(),
                    }
                }
            };
            if let (Some(name), false) = (self.labels.name(id), matches!(node.op, Op::Input(_))) {
                tape.set_name(recorded.id(), name);
            }
            table.push(recorded);
        }
        let outputs: Vec<Arg<'_, F>> = self.outputs.iter().filter_map(|id| table.get(id.index()).copied()).collect();
        tape.program(&outputs)
    }

    fn runs_a_program(&self, node: &Node<F>) -> bool {
        let Op::Apply(primitive) = &node.op else { return false };
        if primitive.bodies().is_empty() {
            return false;
        }
        let shapes: SmallVec<[&Shape; 4]> = node.inputs.iter().map(|operand| &self.nodes[*operand].shape).collect();
        matches!(primitive.kernel(&shapes), Kernel::Program)
    }
}
