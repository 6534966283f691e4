//! Questions about a tape that every reader of one asks.

use super::Tape;
use super::node::Node;
use super::record::BRING_OVER;
use super::var::Var;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;

/// The error of asking `tape` about `x`, the `role` of `operation`, if it is on another tape.
pub(crate) fn same_tape<F: Real>(tape: &Tape<F>, x: Var<'_, F>, operation: &str, role: &str) -> Result<()> {
    if std::ptr::eq(tape, x.tape) {
        return Ok(());
    }
    let error = Error::new(ErrorKind::TapesMixed, operation, format!("the {role} is on another tape"));
    Err(error.at(x.origin()).with_operand(x.tape.describe(x.id, role)).with_help(BRING_OVER))
}

/// The nodes that one of `results` is computed from, themselves included.
pub(crate) fn needed_for<F: Real>(nodes: &IdVec<Node<F>>, results: impl IntoIterator<Item = NodeId>) -> IdVec<bool> {
    let mut needed = IdVec::filled(nodes.len(), || false);
    results.into_iter().for_each(|id| needed[id] = true);
    for id in needed.ids().rev() {
        if needed[id] {
            nodes[id].inputs.iter().for_each(|operand| needed[*operand] = true);
        }
    }
    needed
}
