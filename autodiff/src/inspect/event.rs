//! What happens in a run.

use crate::base::ids::NodeId;
use std::fmt;
use std::sync::Arc;

/// Something that happens at one moment of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The run enters the scope of this path.
    Enter(Arc<str>),
    /// The run leaves the scope of this path.
    Exit(Arc<str>),
    /// The value of the node is computed.
    Push(NodeId),
    /// The result gets its cotangent, the seed of the reverse pass.
    Seed(NodeId),
    /// The cotangent of the node is complete, and its reverse rule runs.
    Visit(NodeId),
    /// What the rule gave to one operand is added to the operand's cotangent.
    Accumulate(Edge),
    /// The node has a derivative, and it is zero: no rule gave it a cotangent, and one said zero.
    Zero(NodeId),
    /// An optimizer gives the parameter its next value. The recorded value does not change: see
    /// [`State::updated`](super::State::updated).
    Update(NodeId),
}

/// One input slot of a node: `x * x` has two, both from x.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Edge {
    /// The node whose operand it is, and whose rule contributes to the operand's cotangent.
    pub node: NodeId,
    /// The operand's number.
    pub slot: usize,
    /// The operand.
    pub operand: NodeId,
}

/// The parts of a run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// Values are computed.
    Forward,
    /// Cotangents are computed.
    Reverse,
    /// Parameters get their next values.
    Update,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Forward => "forward",
            Phase::Reverse => "reverse",
            Phase::Update => "update",
        })
    }
}

impl Event {
    /// The part of a run that it belongs to.
    pub fn phase(&self) -> Phase {
        match self {
            Event::Enter(_) | Event::Exit(_) | Event::Push(_) => Phase::Forward,
            Event::Seed(_) | Event::Visit(_) | Event::Accumulate(_) | Event::Zero(_) => Phase::Reverse,
            Event::Update(_) => Phase::Update,
        }
    }

    /// The node at which it happens; for a contribution the one whose rule gave it.
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Event::Push(id) | Event::Seed(id) | Event::Visit(id) | Event::Zero(id) | Event::Update(id) => Some(*id),
            Event::Accumulate(edge) => Some(edge.node),
            Event::Enter(_) | Event::Exit(_) => None,
        }
    }

    /// The node that it is about: as [`node`](Self::node), but for a contribution the one whose cotangent it is added
    /// to.
    pub fn about(&self) -> Option<NodeId> {
        match self {
            Event::Accumulate(edge) => Some(edge.operand),
            _ => self.node(),
        }
    }

    /// Its kind in a word, as breakpoints call it: `push`, `seed`, `visit`, `accumulate`, `zero`, `update`, `enter`,
    /// `exit`.
    pub fn sort(&self) -> &'static str {
        match self {
            Event::Enter(_) => "enter",
            Event::Exit(_) => "exit",
            Event::Push(_) => "push",
            Event::Seed(_) => "seed",
            Event::Visit(_) => "visit",
            Event::Accumulate(_) => "accumulate",
            Event::Zero(_) => "zero",
            Event::Update(_) => "update",
        }
    }
}
