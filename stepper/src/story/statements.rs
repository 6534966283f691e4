//! The lines of a program as a reader of mathematics would write them: `z = w·x + b` is one, however many nodes it has.

use autodiff::inspect::{Role, Trace};
use autodiff::{NodeId, Real};

/// A line of more operations is too long to read, and what is before them becomes a line of its own.
const LONGEST: usize = 24;

/// Nodes that are told as one line: what has a name, leaves its layer, or is used more than once or by nothing, with the unnamed nodes
/// that only it is computed from.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The node whose value it is.
    pub root: NodeId,
    /// Its nodes, the root last.
    pub nodes: Vec<NodeId>,
    /// Whether it is given from outside, and not computed.
    pub given: bool,
}

/// The statements in the order of their roots, and the statement of each node.
pub(super) fn of<F: Real>(trace: &Trace<F>) -> (Vec<Statement>, Vec<usize>) {
    let count = trace.nodes().count();
    // The root of each node, from the last node back: a user comes after what it uses.
    let mut root_of: Vec<NodeId> = (0..count).map(NodeId::new).collect();
    let mut lengths = vec![1; count];
    for node in trace.nodes().rev() {
        let mut users = trace.edges_into(node.id()).map(|edge| edge.node);
        let constant = node.role() == Role::Constant;
        let (first, more) = (users.next(), users.next().is_some());
        // What leaves its layer is a line.
        let leaves = || first.and_then(|user| trace.node(user)).is_some_and(|user| user.scope() != node.scope());
        let own = node.name().is_some()
            || (!constant && leaves())
            || (more && !constant)
            || matches!(node.role(), Role::Input | Role::Data);
        if let (false, Some(user)) = (own, first) {
            let above = root_of.get(user.index()).copied().unwrap_or(user);
            let Some(length) = lengths.get_mut(above.index()).filter(|length| **length < LONGEST) else { continue };
            if let Some(root) = root_of.get_mut(node.id().index()) {
                *root = above;
                *length += 1;
            }
        }
    }
    let mut statements: Vec<Statement> = Vec::new();
    let mut number_of_root = vec![usize::MAX; count];
    for node in trace.nodes().filter(|node| root_of.get(node.id().index()) == Some(&node.id())) {
        if let Some(number) = number_of_root.get_mut(node.id().index()) {
            *number = statements.len();
        }
        let given = matches!(node.role(), Role::Input | Role::Data | Role::Constant);
        statements.push(Statement { root: node.id(), nodes: Vec::new(), given });
    }
    let statement_of: Vec<usize> =
        root_of.iter().map(|root| number_of_root.get(root.index()).copied().unwrap_or(0)).collect();
    for (node, statement) in statement_of.iter().enumerate() {
        if let Some(statement) = statements.get_mut(*statement) {
            statement.nodes.push(NodeId::new(node));
        }
    }
    (statements, statement_of)
}
