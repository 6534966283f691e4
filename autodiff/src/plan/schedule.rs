//! In what order, and what together: nodes become groups, each run as a whole.

use super::memory::splat;
use crate::arena::{Arena, NodeId};
use crate::kernels::CHUNK;
use crate::node::{Node, Op};
use crate::primitive::Kind;
use crate::program::Program;
use crate::real::Real;
use crate::shape::Layout;
use crate::value::Value;
use std::collections::BTreeMap;

/// Elements of an array that are computed in one go: large enough that starting a loop costs nothing beside it, small
/// enough that a dozen such rows stay in the first-level cache. It is also the chunk of [`kernels::sum`], so that a loop
/// which adds what it computes has the sum's own partial results.
///
/// [`kernels::sum`]: crate::kernels::sum
pub(crate) const BLOCK: usize = CHUNK;

/// Nodes that one loop takes at most: their intermediate rows share a cache.
const LOOP_NODES: usize = 64;

/// How the value of a node comes to be.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// Nothing needs it, or it is no array: an index or a key.
    None,
    /// Given from outside: input number `slot`.
    Input { slot: usize },
    /// A constant.
    Constant,
    /// Computed.
    Computed,
    /// A view of the array of an earlier node.
    View { base: NodeId },
}

/// What is run as a whole.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Group {
    /// One elementwise primitive on arrays of at most one block.
    Row(NodeId),
    /// Any other primitive.
    Kernel(NodeId),
    /// Elementwise primitives on arrays of `size` elements, and totals of what they compute: block by block.
    Loop { size: usize, nodes: Vec<NodeId> },
}

impl Group {
    pub(crate) fn nodes(&self) -> &[NodeId] {
        match self {
            Group::Row(node) | Group::Kernel(node) => std::slice::from_ref(node),
            Group::Loop { nodes, .. } => nodes,
        }
    }
}

/// The groups in the order they run, and where each value comes from.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// How many elements a block has: [`BLOCK`], except where a test asks for other blocks.
    pub(crate) block: usize,
    pub(crate) groups: Vec<Group>,
    pub(crate) group_of: Arena<usize>,
    pub(crate) origins: Arena<Origin>,
    /// How each array of reals lies in the memory of its base.
    pub(crate) layouts: Arena<Option<Layout>>,
    /// The results that are added into a number while they are computed.
    pub(crate) totals: Arena<bool>,
}

impl Schedule {
    /// The node whose memory holds the value of `id`.
    pub(crate) fn base(&self, id: NodeId) -> NodeId {
        match self.origins[id] {
            Origin::View { base } => base,
            _ => id,
        }
    }

    /// Whether `id` is all of its base's memory, in order.
    pub(crate) fn is_whole(&self, id: NodeId, size_of_base: usize) -> bool {
        self.layouts[id]
            .as_ref()
            .is_some_and(|layout| layout.offset == 0 && layout.shape.size() == size_of_base && layout.is_contiguous())
    }

    /// Moves the groups that `late` says to the end; the rest, and they, keep their order.
    pub(crate) fn postpone(&mut self, late: &[bool]) {
        let is_late = |index: &usize| late.get(*index).copied().unwrap_or(false);
        let order: Vec<usize> =
            (0..self.groups.len()).filter(|i| !is_late(i)).chain((0..self.groups.len()).filter(is_late)).collect();
        let mut groups: Vec<Option<Group>> = std::mem::take(&mut self.groups).into_iter().map(Some).collect();
        for old in order {
            let Some(group) = groups.get_mut(old).and_then(Option::take) else { continue };
            group.nodes().iter().for_each(|id| self.group_of[*id] = self.groups.len());
            self.groups.push(group);
        }
    }
}

/// Groups the nodes of `program`, for blocks of `block` elements.
pub(crate) fn schedule<F: Real>(program: &Program<F>, block: usize) -> Schedule {
    let nodes = &program.nodes;
    let (origins, layouts) = origins(program);
    let length = nodes.len();
    let mut schedule = Schedule {
        block,
        groups: Vec::new(),
        group_of: Arena::filled(length, || usize::MAX),
        origins,
        layouts,
        totals: Arena::filled(length, || false),
    };
    // From the last node to the first, so that a node is computed beside its first use. Group numbers count from the end:
    // what is computed by group g is used by groups below g, or by g itself.
    let mut uses: Arena<Use> = Arena::filled(length, || Use { together: None, before: 0 });
    let mut groups: Vec<Group> = Vec::new();
    for id in nodes.ids().rev() {
        if !matches!(schedule.origins[id], Origin::Computed) {
            continue;
        }
        let node = &nodes[id];
        let kind = kind_of(node, nodes, &schedule);
        let Use { together, before } = uses[id];
        let index = match kind {
            NodeKind::Elementwise { size } | NodeKind::Total { size } if size > block => {
                let fits = |g: &usize| match groups.get(*g) {
                    Some(Group::Loop { size: other, nodes }) => *other == size && nodes.len() < LOOP_NODES,
                    _ => false,
                };
                // A total is known when its loop has ended: who uses it comes later.
                let together = together.filter(|g| *g >= before && matches!(kind, NodeKind::Elementwise { .. }));
                let head = groups.len().checked_sub(1).filter(|head| *head >= before.max(together.unwrap_or(0)));
                let joined = together.filter(fits).or_else(|| head.filter(fits));
                schedule.totals[id] = matches!(kind, NodeKind::Total { .. });
                match joined {
                    Some(g) => {
                        if let Some(Group::Loop { nodes, .. }) = groups.get_mut(g) {
                            nodes.push(id);
                        }
                        g
                    }
                    None => {
                        groups.push(Group::Loop { size, nodes: vec![id] });
                        groups.len() - 1
                    }
                }
            }
            NodeKind::Elementwise { .. } => {
                groups.push(Group::Row(id));
                groups.len() - 1
            }
            _ => {
                groups.push(Group::Kernel(id));
                groups.len() - 1
            }
        };
        schedule.group_of[id] = index;
        let loop_size = match groups.get(index) {
            Some(Group::Loop { size, .. }) => Some(*size),
            _ => None,
        };
        for operand in node.inputs.iter() {
            let base = schedule.base(*operand);
            let size = nodes[base].shape.size();
            let use_of = &mut uses[base];
            if loop_size == Some(size) && schedule.is_whole(*operand, size) {
                use_of.together = use_of.together.max(Some(index));
            } else {
                use_of.before = use_of.before.max(index + 1);
            }
        }
    }
    // Now forwards.
    let last = groups.len();
    groups.reverse();
    for group in &mut groups {
        if let Group::Loop { nodes, .. } = group {
            nodes.reverse();
        }
    }
    for id in nodes.ids() {
        if schedule.group_of[id] != usize::MAX {
            schedule.group_of[id] = last - 1 - schedule.group_of[id];
        }
    }
    schedule.groups = groups;
    schedule
}

/// Where a value is needed: in this loop at the latest, and before this group (counted from the end).
#[derive(Clone, Copy)]
struct Use {
    together: Option<usize>,
    before: usize,
}

#[derive(Clone, Copy)]
enum NodeKind {
    Elementwise { size: usize },
    Total { size: usize },
    Other,
}

fn kind_of<F: Real>(node: &Node<F>, nodes: &Arena<Node<F>>, schedule: &Schedule) -> NodeKind {
    let Op::Apply(primitive) = &node.op else { return NodeKind::Other };
    if let Some(function) = primitive.elementwise() {
        // Operands that the function does not take, or not as an array of this shape, are for the kernel to refuse.
        let fits = |x: &NodeId| nodes[*x].kind() == Kind::Real && nodes[*x].shape.broadcasts_to(&node.shape);
        return match function.operands() == node.inputs.len() && node.inputs.iter().all(fits) {
            true => NodeKind::Elementwise { size: node.shape.size() },
            false => NodeKind::Other,
        };
    }
    match *node.inputs {
        // Partial sums are those of the sum's chunks, or they are no good.
        [x] if primitive.is_total(&nodes[x].shape)
            && node.shape.size() == 1
            && schedule.layouts[x].is_some()
            && schedule.block == BLOCK =>
        {
            NodeKind::Total { size: nodes[x].shape.size() }
        }
        _ => NodeKind::Other,
    }
}

fn origins<F: Real>(program: &Program<F>) -> (Arena<Origin>, Arena<Option<Layout>>) {
    let slots: BTreeMap<NodeId, usize> = program.inputs.iter().enumerate().map(|(slot, id)| (*id, slot)).collect();
    let mut origins: Arena<Origin> = Arena::new();
    let mut layouts: Arena<Option<Layout>> = Arena::new();
    for (id, node) in program.nodes.iter() {
        let (origin, layout) = match &node.op {
            _ if node.kind() != Kind::Real => (Origin::None, None),
            Op::Error(_) => (Origin::None, None),
            Op::Input(_) => {
                let slot = slots.get(&id).copied().unwrap_or(0);
                (Origin::Input { slot }, Some(Layout::contiguous(node.shape.clone())))
            }
            Op::Constant(Value::Splat(_)) => {
                let strides = node.shape.iter().map(|_| 0).collect();
                (Origin::Constant, Some(Layout { shape: node.shape.clone(), strides, offset: 0 }))
            }
            Op::Constant(_) => (Origin::Constant, Some(Layout::contiguous(node.shape.clone()))),
            Op::Apply(primitive) => {
                let base = |x: NodeId| match origins[x] {
                    Origin::View { base } => base,
                    _ => x,
                };
                let memory = |x: NodeId| match splat(&program.nodes[base(x)]) {
                    Some(_) => 1,
                    None => program.nodes[base(x)].shape.size(),
                };
                let seen = match *node.inputs {
                    [x] if primitive.elementwise().is_none() && node.shape.size() > 0 => layouts[x]
                        .as_ref()
                        .and_then(|layout: &Layout| primitive.view(layout))
                        .filter(|layout| layout.fits(&node.shape, memory(x)))
                        .map(|layout| (base(x), layout)),
                    _ => None,
                };
                match seen {
                    Some((base, layout)) => (Origin::View { base }, Some(layout)),
                    None => (Origin::Computed, Some(Layout::contiguous(node.shape.clone()))),
                }
            }
        };
        origins.push(origin);
        layouts.push(layout);
    }
    (origins, layouts)
}
