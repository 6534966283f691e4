//! Recording a program on a tape.

use super::Program;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::primitive::PrimitiveRef;
use crate::tape::node::Op;
use crate::tape::query::kinds_of;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use smallvec::SmallVec;

impl<F: Real> Program<F> {
    /// Records the program on a tape, applied to `args`: names, scopes and lines come along. Its outputs are arrays of reals;
    /// others are error vars.
    ///
    /// # Errors
    /// [`ErrorKind::ProgramInput`] if the arguments do not fit the inputs; the error of an argument.
    #[track_caller]
    pub fn record<'t>(&self, tape: &'t Tape<F>, args: &[Arg<'t, F>]) -> Result<Vec<Var<'t, F>>> {
        let mut results = Vec::new();
        // A loop, because a closure does not know its caller's line.
        for result in self.record_all(tape, args)? {
            results.push(result.var());
        }
        Ok(results)
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
        self.record_with(tape, args, |_, _, _, _| Ok(None))
    }

    /// The same program where `replace` does not say otherwise: it may record on the tape what stands for the application
    /// of a primitive at a node, and give its results.
    pub(crate) fn rewritten<R>(&self, replace: R) -> Result<Program<F>>
    where
        R: for<'t> FnMut(NodeId, &PrimitiveRef<F>, &'t Tape<F>, &[Arg<'t, F>]) -> Result<Option<Vec<Arg<'t, F>>>>,
    {
        let tape = Tape::symbolic();
        let table = self.record_with(&tape, &self.placeholders(&tape), replace)?;
        tape.program(&self.outputs.iter().map(|id| tape.arg(table[*id])).collect::<Vec<_>>())
    }

    /// As [`record_nodes`](Self::record_nodes), with replacements as in [`rewritten`](Self::rewritten).
    fn record_with<'t>(
        &self,
        tape: &'t Tape<F>,
        args: &[Arg<'t, F>],
        mut replace: impl FnMut(NodeId, &PrimitiveRef<F>, &'t Tape<F>, &[Arg<'t, F>]) -> Result<Option<Vec<Arg<'t, F>>>>,
    ) -> Result<IdVec<NodeId>> {
        self.check_count("record", args.len())?;
        for (i, arg) in args.iter().enumerate() {
            let (on, at) = arg.parts();
            if !std::ptr::eq(on, tape) {
                let error = Error::new(ErrorKind::TapesMixed, "record", format!("argument {i} is on another tape"));
                return Err(error.with_operand(on.describe(at, "argument")).with_operand(self.input_line(i)));
            }
            self.check_input("record", i, arg.kind(), &arg.shape()?)?;
        }
        let mut table: IdVec<NodeId> = IdVec::new();
        let mut next = self.inputs.iter().zip(args).peekable();
        // The results of the latest application.
        let mut results: Vec<Arg<'t, F>> = Vec::new();
        for (id, node) in self.nodes.iter() {
            if let Some((_, arg)) = next.next_if(|(input, _)| **input == id) {
                table.push(arg.id());
                continue;
            }
            let scope = tape.intern(self.labels.scope(node.scope));
            let recorded = tape.placed(scope, node.location, || match &node.op {
                Op::Apply(primitive) => {
                    let args: SmallVec<[Arg<'t, F>; 3]> =
                        node.inputs.iter().map(|operand| tape.arg(table[*operand])).collect();
                    results = match replace(id, primitive, tape, &args)? {
                        Some(results) => results,
                        None => tape.record_list(primitive.clone(), &args, &kinds_of(&self.nodes, id)),
                    };
                    results.first().map(Arg::id).ok_or_else(|| no_argument(id))
                }
                Op::Result => {
                    let first = node.inputs.first().map_or(0, |first| first.index());
                    results.get(id.index() - first).map(Arg::id).ok_or_else(|| no_argument(id))
                }
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
