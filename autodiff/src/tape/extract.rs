//! Recording part of one tape on another.

use super::node::Op;
use super::{Arg, Tape};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::tape::query::kinds_of;

/// Records on `to` what the nodes `outputs` of `tape` are computed from, down to the nodes that are `given`.
///
/// # Errors
/// [`ErrorKind::ProgramInput`] if that leads to an input that is not given; the error of a node that is one.
pub(crate) fn extract<'s, F: Real>(
    tape: &Tape<F>,
    outputs: &[NodeId],
    given: &[(NodeId, Arg<'s, F>)],
    to: &'s Tape<F>,
) -> Result<Vec<Arg<'s, F>>> {
    let length = tape.len();
    let mut table: IdVec<Option<NodeId>> = IdVec::filled(length, || None);
    given.iter().for_each(|(id, arg)| table[*id] = Some(arg.id()));
    let needed = tape.with_nodes(|nodes, _| {
        let mut needed = IdVec::filled(length, || false);
        outputs.iter().for_each(|id| needed[*id] = true);
        for id in nodes.ids().rev() {
            if needed[id] && table[id].is_none() {
                nodes[id].inputs.iter().for_each(|operand| needed[*operand] = true);
            }
        }
        needed
    });
    let missing = |id: NodeId| Error::new(ErrorKind::ProgramInput, "extract", format!("{id} has no argument"));
    for id in NodeId::all(length) {
        if !needed[id] || table[id].is_some() {
            continue;
        }
        let node = tape.with_node(id, Clone::clone);
        let path = tape.with_nodes(|_, labels| labels.scope(node.scope).to_owned());
        let scope = to.intern(&path);
        let recorded = to.placed(scope, node.location, || {
            Ok(match &node.op {
                Op::Input(_) => return Err(missing(id)),
                Op::Error(error) => return Err(error.clone()),
                Op::Constant(value) => to.constant_value(value.clone(), node.shape.clone()).id(),
                Op::Result => match node.inputs.first().and_then(|first| table[*first].zip(Some(*first))) {
                    Some((there, first)) => to.result(there, id.index() - first.index()).id(),
                    None => return Err(missing(id)),
                },
                Op::Apply(primitive) => {
                    let operands = node.inputs.iter().map(|operand| table[*operand].map(|id| to.arg(id)));
                    let operands = operands.collect::<Option<Vec<_>>>().ok_or_else(|| missing(id))?;
                    let kinds = tape.with_nodes(|nodes, _| kinds_of(nodes, id));
                    let results = to.record_list(primitive.clone(), &operands, &kinds);
                    results.first().map(Arg::id).ok_or_else(|| missing(id))?
                }
            })
        })?;
        to.arg(recorded).shape()?;
        table[id] = Some(recorded);
    }
    outputs.iter().map(|id| table[*id].map(|id| to.arg(id)).ok_or_else(|| missing(*id))).collect()
}
