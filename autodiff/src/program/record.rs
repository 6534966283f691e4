//! Recording a program on a tape.

use super::Program;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::tape::node::Op;
use crate::tape::query::types_of;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};

impl<F: Real> Program<F> {
    /// Records the program on a tape, applied to `args`: names, scopes and lines come along. Its outputs are arrays of reals;
    /// others are error vars.
    ///
    /// # Errors
    /// [`ErrorKind::ProgramInput`] if the arguments do not fit the inputs; the error of an argument.
    pub fn record<'t>(&self, tape: &'t Tape<F>, args: &[Arg<'t, F>]) -> Result<Vec<Var<'t, F>>> {
        Ok(self.record_all(tape, args)?.into_iter().map(Arg::var).collect())
    }

    /// As [`record`](Self::record), for outputs of any kind.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub fn record_all<'t>(&self, tape: &'t Tape<F>, args: &[Arg<'t, F>]) -> Result<Vec<Arg<'t, F>>> {
        let table = self.record_nodes(tape, args)?;
        Ok(self.outputs.iter().map(|id| tape.arg(table[*id])).collect())
    }

    /// Records the program; where each node went.
    pub(crate) fn record_nodes<'t>(&self, tape: &'t Tape<F>, args: &[Arg<'t, F>]) -> Result<IdVec<NodeId>> {
        self.check_count("record", args.len())?;
        let mut table: IdVec<NodeId> = IdVec::new();
        for (i, arg) in args.iter().enumerate() {
            let (on, at) = arg.parts();
            if !std::ptr::eq(on, tape) {
                let error = Error::new(ErrorKind::TapesMixed, "record", format!("argument {i} is on another tape"));
                return Err(error.with_operand(on.describe(at, "argument")).with_operand(self.input_line(i)));
            }
            self.check_input("record", i, arg.kind(), &arg.shape()?)?;
        }
        let mut next = self.inputs.iter().zip(args).peekable();
        for (id, node) in self.nodes.iter() {
            if let Some((_, arg)) = next.next_if(|(input, _)| **input == id) {
                table.push(arg.id());
                continue;
            }
            let scope = tape.intern(self.labels.scope(node.scope));
            let recorded = tape.placed(scope, node.location, || match &node.op {
                Op::Apply(primitive) => {
                    let args: Vec<Arg<'t, F>> = node.inputs.iter().map(|operand| tape.arg(table[*operand])).collect();
                    let kinds: Vec<Kind> = types_of(&self.nodes, id).into_iter().map(|result| result.kind).collect();
                    let results = tape.record_list(primitive.clone(), &args, &kinds);
                    results.first().map(Arg::id).ok_or_else(|| no_argument(id))
                }
                Op::Result => match node.inputs.first() {
                    Some(first) => Ok(tape.result(table[*first], id.index() - first.index()).id()),
                    None => Err(no_argument(id)),
                },
                Op::Constant(value) => Ok(tape.constant_value(value.clone(), node.shape.clone()).id()),
                Op::Input(_) => Err(no_argument(id)),
                Op::Error(error) => Err(error.clone()),
            })?;
            tape.arg(recorded).shape()?;
            if let Some(name) = self.labels.name(id) {
                tape.set_name(recorded, name);
            }
            table.push(recorded);
        }
        Ok(table)
    }

    /// Placeholders for the inputs of this program, on a tape that records without values.
    pub(crate) fn placeholders<'t>(&self, tape: &'t Tape<F>) -> Vec<Arg<'t, F>> {
        let place = |id: &NodeId| {
            let node = &self.nodes[*id];
            let scope = tape.intern(self.labels.scope(node.scope));
            let arg = tape.placed(scope, node.location, || tape.unknown(node.kind(), node.shape.clone(), node.active));
            if let Some(name) = self.labels.name(*id) {
                tape.set_name(arg.id(), name);
            }
            arg
        };
        self.inputs.iter().map(place).collect()
    }
}

fn no_argument(id: NodeId) -> Error {
    Error::new(ErrorKind::ProgramInput, "record", format!("{id} has no argument"))
}
