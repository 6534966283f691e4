//! A program of some of the nodes of a tape, or of another program.

use super::Program;
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::tape::node::{Labels, Node, Op, Operands, Scopes};
use smallvec::SmallVec;
use std::sync::Arc;

impl<F: Real> Program<F> {
    /// The nodes that are to be kept, and all inputs, as a program.
    pub(crate) fn of(
        nodes: &IdVec<Node<F>>,
        labels: &Labels,
        keep: &IdVec<bool>,
        outputs: impl Iterator<Item = NodeId>,
    ) -> Self {
        let mut kept = IdVec::new();
        let mut moved = Moved::new(labels, nodes.len());
        for (id, node) in nodes.iter() {
            let fresh = is_kept(keep, id, node).then(|| {
                let mut node = node.clone();
                moved.move_operands(&mut node);
                kept.push(node)
            });
            moved.set(id, fresh);
        }
        moved.program(kept, outputs)
    }

    /// As [`of`](Self::of), where nobody else needs the nodes: in their memory.
    pub(crate) fn within(
        mut nodes: IdVec<Node<F>>,
        labels: &Labels,
        keep: &IdVec<bool>,
        outputs: impl Iterator<Item = NodeId>,
    ) -> Self {
        let mut moved = Moved::new(labels, nodes.len());
        let mut count = 0;
        nodes.retain(|id, node| {
            let is_kept = is_kept(keep, id, node);
            let fresh = is_kept.then(|| {
                moved.move_operands(node);
                count += 1;
                NodeId::new(count - 1)
            });
            moved.set(id, fresh);
            is_kept
        });
        moved.program(nodes, outputs)
    }
}

fn is_kept<F: Real>(keep: &IdVec<bool>, id: NodeId, node: &Node<F>) -> bool {
    keep.find(id).is_some_and(|keep| *keep) || matches!(node.op, Op::Input(_))
}

/// Where nodes went, and their names and scopes.
struct Moved<'a> {
    new_id: IdVec<NodeId>,
    old: &'a Labels,
    labels: Labels,
    scopes: Scopes,
}

impl<'a> Moved<'a> {
    fn new(old: &'a Labels, length: usize) -> Self {
        Moved { new_id: IdVec::with_capacity(length), old, labels: Labels::new(), scopes: Scopes::default() }
    }

    /// Operands and scope of a node that is kept, as they are named now.
    fn move_operands<F: Real>(&mut self, node: &mut Node<F>) {
        let operands: SmallVec<[NodeId; 8]> = node.inputs.iter().map(|operand| self.new_id[*operand]).collect();
        node.inputs = Operands::from(&*operands);
        node.scope = self.scopes.number(node.scope, self.old, &mut self.labels);
    }

    /// Node `id`, the next one, is `fresh` now, if it is kept.
    fn set(&mut self, id: NodeId, fresh: Option<NodeId>) {
        self.new_id.push(fresh.unwrap_or(id));
        if let (Some(fresh), Some(name)) = (fresh, self.old.name(id)) {
            self.labels.set_name(fresh, name.clone());
        }
    }

    fn program<F: Real>(self, nodes: IdVec<Node<F>>, outputs: impl Iterator<Item = NodeId>) -> Program<F> {
        let inputs = nodes.iter().filter(|(_, node)| matches!(node.op, Op::Input(_))).map(|(id, _)| id).collect();
        let outputs = outputs.map(|id| self.new_id[id]).collect();
        Program { nodes: Arc::new(nodes), labels: Arc::new(self.labels), inputs, outputs }
    }
}
