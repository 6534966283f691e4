//! Which nodes take a node as an operand.

use crate::base::ids::{IdVec, NodeId};

/// For each node the input slots that take it, in order, in one list.
#[derive(Clone, Debug)]
pub(super) struct Uses {
    /// Where the slots of a node begin.
    begin: IdVec<usize>,
    slots: Vec<(NodeId, u32)>,
}

impl Uses {
    pub(super) fn of<'a>(length: usize, operands: impl Fn(NodeId) -> &'a [NodeId]) -> Self {
        let mut begin = IdVec::filled(length + 1, || 0);
        let after = |id: NodeId| NodeId::new(id.index() + 1);
        for id in NodeId::all(length) {
            operands(id)
                .iter()
                .filter(|operand| operand.index() < length)
                .for_each(|operand| begin[after(*operand)] += 1);
        }
        for id in NodeId::all(length) {
            begin[after(id)] += begin[id];
        }
        let mut next = begin.clone();
        let mut slots = vec![(NodeId::new(0), 0); begin[NodeId::new(length)]];
        for id in NodeId::all(length) {
            for (slot, operand) in (0..).zip(operands(id)).filter(|(_, operand)| operand.index() < length) {
                if let Some(place) = slots.get_mut(next[*operand]) {
                    *place = (id, slot);
                }
                next[*operand] += 1;
            }
        }
        Uses { begin, slots }
    }

    pub(super) fn of_node(&self, node: NodeId) -> &[(NodeId, u32)] {
        let begin = self.begin.find(node).copied();
        let end = self.begin.find(NodeId::new(node.index() + 1)).copied();
        begin.zip(end).and_then(|(begin, end)| self.slots.get(begin..end)).unwrap_or(&[])
    }
}
