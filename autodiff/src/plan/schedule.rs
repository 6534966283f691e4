//! In what order, and what together: nodes become groups, each run as a whole.

use super::memory::splat;
use super::onto;
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::kernels::CHUNK;
use crate::primitive::{Kernel, Kind, Primitive};
use crate::program::Program;
use crate::tape::node::{Node, Op};
use crate::tape::query::results_of;
use crate::tape::value::Value;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

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
    /// There is none: an error.
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
    /// A product and the sum that it is added to an array by.
    Onto([NodeId; 2]),
    /// Elementwise primitives on arrays of `size` elements, and totals of what they compute: block by block.
    Loop { size: usize, nodes: Vec<NodeId> },
}

impl Group {
    pub(crate) fn nodes(&self) -> &[NodeId] {
        match self {
            Group::Row(node) | Group::Kernel(node) => std::slice::from_ref(node),
            Group::Onto(nodes) => nodes,
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
    pub(crate) group_of: IdVec<usize>,
    pub(crate) origins: IdVec<Origin>,
    /// How each value lies in the memory of its base.
    pub(crate) lies: IdVec<Lies>,
    /// The results that are added into a number while they are computed.
    pub(crate) totals: IdVec<bool>,
    /// How each application runs.
    pub(super) runs: IdVec<Run>,
}

/// How a value lies in the memory of its base. Almost all lie in order, and need no layout.
#[derive(Clone, Debug)]
pub(crate) enum Lies {
    /// Indices and keys, which are read in order and have no layout; errors.
    Unlaid,
    /// It is all of that memory, in row-major order.
    InOrder,
    As(Box<Layout>),
}

impl Lies {
    /// The layout of an array of reals of this shape.
    pub(crate) fn layout(&self, shape: &Shape) -> Option<Cow<'_, Layout>> {
        match self {
            Lies::Unlaid => None,
            Lies::InOrder => Some(Cow::Owned(Layout::contiguous(shape.clone()))),
            Lies::As(layout) => Some(Cow::Borrowed(layout)),
        }
    }
}

/// How an application runs: a [`Kernel`] without what is inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Run {
    Elementwise,
    View,
    Sum,
    /// A matrix product.
    Product,
    /// A kernel of its own; leaves, too.
    Other,
}

/// How node `id` runs, if it applies a primitive.
fn run_of<F: Real>(nodes: &IdVec<Node<F>>, node: &Node<F>) -> Run {
    let Op::Apply(primitive) = &node.op else { return Run::Other };
    let kernel = match *node.inputs {
        [a] => primitive.kernel(&[&nodes[a].shape]),
        [a, b] => primitive.kernel(&[&nodes[a].shape, &nodes[b].shape]),
        _ => primitive.kernel(&node.inputs.iter().map(|id| &nodes[*id].shape).collect::<SmallVec<[_; 4]>>()),
    };
    match kernel {
        Kernel::Elementwise(_) => Run::Elementwise,
        Kernel::View => Run::View,
        Kernel::Sum => Run::Sum,
        Kernel::General(general) if general.product => Run::Product,
        Kernel::Program | Kernel::Scan(_) | Kernel::General(_) => Run::Other,
    }
}

impl Schedule {
    /// The node whose memory holds the value of `id`.
    pub(crate) fn base(&self, id: NodeId) -> NodeId {
        match self.origins[id] {
            Origin::View { base } => base,
            _ => id,
        }
    }

    /// Whether `id` is all of its base's memory, `size_of_base` elements, in order.
    pub(crate) fn is_whole(&self, id: NodeId, size_of_base: usize) -> bool {
        match &self.lies[id] {
            Lies::Unlaid => false,
            Lies::InOrder => true,
            Lies::As(layout) => layout.offset == 0 && layout.shape.size() == size_of_base && layout.is_contiguous(),
        }
    }

    /// Moves the groups that `late` says to the end; the rest, and they, keep their order.
    pub(crate) fn postpone<F: Real>(&mut self, nodes: &IdVec<Node<F>>, late: &[bool]) {
        let is_late = |index: &usize| late.get(*index).copied().unwrap_or(false);
        let order: Vec<usize> =
            (0..self.groups.len()).filter(|i| !is_late(i)).chain((0..self.groups.len()).filter(is_late)).collect();
        let mut groups: Vec<Option<Group>> = std::mem::take(&mut self.groups).into_iter().map(Some).collect();
        for old in order {
            let Some(group) = groups.get_mut(old).and_then(Option::take) else { continue };
            for result in group.nodes().iter().flat_map(|id| results_of(nodes, *id)) {
                self.group_of[result] = self.groups.len();
            }
            self.groups.push(group);
        }
    }
}

/// Groups the nodes of `program`, for blocks of `block` elements.
pub(crate) fn schedule<F: Real>(program: &Program<F>, block: usize) -> Schedule {
    let nodes = &program.nodes;
    let mut runs: IdVec<Run> = IdVec::with_capacity(nodes.len());
    for (_, node) in nodes.iter() {
        runs.push(run_of(nodes, node));
    }
    let (origins, lies) = origins(program, &runs);
    let length = nodes.len();
    let mut schedule = Schedule {
        block,
        groups: Vec::new(),
        group_of: IdVec::filled(length, || usize::MAX),
        origins,
        lies,
        totals: IdVec::filled(length, || false),
        runs,
    };
    let onto = onto::found(program, &schedule);
    let products: BTreeSet<NodeId> = onto.values().copied().collect();
    // From the last node to the first, so that a node is computed beside its first use. Group numbers count from the end:
    // what is computed by group g is used by groups below g, or by g itself.
    let mut uses: IdVec<Use> = IdVec::filled(length, || Use { together: None, before: 0 });
    let mut groups: Vec<Group> = Vec::new();
    for id in nodes.ids().rev() {
        if !matches!(schedule.origins[id], Origin::Computed) {
            continue;
        }
        let node = &nodes[id];
        if let (Op::Result, [first]) = (&node.op, &*node.inputs) {
            // It is computed with the first result: before whoever needs one of them.
            let before = uses[id].before.max(uses[id].together.map_or(0, |group| group + 1));
            uses[*first].before = uses[*first].before.max(before);
            continue;
        }
        if products.contains(&id) {
            // It was grouped with its sum.
            continue;
        }
        if let Some(product) = onto.get(&id) {
            let index = groups.len();
            groups.push(Group::Onto([*product, id]));
            for node in [*product, id] {
                schedule.group_of[node] = index;
                for operand in nodes[node].inputs.iter() {
                    let before = &mut uses[schedule.base(*operand)].before;
                    *before = (*before).max(index + 1);
                }
            }
            continue;
        }
        let kind = kind_of(id, node, nodes, &schedule);
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
        results_of(nodes, id).for_each(|result| schedule.group_of[result] = index);
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

fn kind_of<F: Real>(id: NodeId, node: &Node<F>, nodes: &IdVec<Node<F>>, schedule: &Schedule) -> NodeKind {
    match (schedule.runs[id], &*node.inputs) {
        (Run::Elementwise, _) => NodeKind::Elementwise { size: node.shape.size() },
        // Partial sums are those of the sum's chunks, or they are no good.
        (Run::Sum, [x]) if !matches!(schedule.lies[*x], Lies::Unlaid) && schedule.block == BLOCK => {
            NodeKind::Total { size: nodes[*x].shape.size() }
        }
        _ => NodeKind::Other,
    }
}

fn origins<F: Real>(program: &Program<F>, runs: &IdVec<Run>) -> (IdVec<Origin>, IdVec<Lies>) {
    let slots: BTreeMap<NodeId, usize> = program.inputs.iter().enumerate().map(|(slot, id)| (*id, slot)).collect();
    let mut origins: IdVec<Origin> = IdVec::with_capacity(program.len());
    let mut lies: IdVec<Lies> = IdVec::with_capacity(program.len());
    for (id, node) in program.nodes.iter() {
        let (origin, layout) = match &node.op {
            Op::Error(_) => (Origin::None, Lies::Unlaid),
            Op::Input(kind) => {
                let slot = slots.get(&id).copied().unwrap_or(0);
                (Origin::Input { slot }, if *kind == Kind::Real { Lies::InOrder } else { Lies::Unlaid })
            }
            Op::Constant(Value::Index(_) | Value::Key(_)) => (Origin::Constant, Lies::Unlaid),
            Op::Constant(Value::Splat(_)) if node.shape.size() != 1 => {
                let strides = node.shape.iter().map(|_| 0).collect();
                (Origin::Constant, Lies::As(Box::new(Layout { shape: node.shape.clone(), strides, offset: 0 })))
            }
            Op::Constant(_) => (Origin::Constant, Lies::InOrder),
            Op::Result => (Origin::Computed, if node.kind() == Kind::Real { Lies::InOrder } else { Lies::Unlaid }),
            Op::Apply(primitive) => {
                let base = |x: NodeId| match origins[x] {
                    Origin::View { base } => base,
                    _ => x,
                };
                if node.kind() != Kind::Real {
                    let whole = match *node.inputs {
                        [x] if runs[id] == Run::View && is_whole_view(&program.nodes, node, &**primitive, x) => {
                            Some(base(x))
                        }
                        _ => None,
                    };
                    origins.push(whole.map_or(Origin::Computed, |base| Origin::View { base }));
                    lies.push(Lies::Unlaid);
                    continue;
                }
                // A layout is the primitive's word: one that leaves the memory is not believed, and the kernel runs.
                let memory = |x: NodeId| match splat(&program.nodes[base(x)]) {
                    Some(_) => 1,
                    None => program.nodes[base(x)].shape.size(),
                };
                let seen = match *node.inputs {
                    [x] if runs[id] == Run::View && node.shape.size() > 0 => lies[x]
                        .layout(&program.nodes[x].shape)
                        .and_then(|layout| primitive.view(&layout))
                        .filter(|layout| layout.shape == node.shape && layout.reach() <= memory(x))
                        .map(|layout| (base(x), layout)),
                    _ => None,
                };
                match seen {
                    Some((base, layout)) => (Origin::View { base }, Lies::As(Box::new(layout))),
                    None => (Origin::Computed, Lies::InOrder),
                }
            }
        };
        origins.push(origin);
        lies.push(layout);
    }
    (origins, lies)
}

/// Whether `node` has all elements of the indices `x` in their order, in another shape. Constants lie with the code, where each
/// reader has its own.
fn is_whole_view<F: Real>(nodes: &IdVec<Node<F>>, node: &Node<F>, primitive: &dyn Primitive<F>, x: NodeId) -> bool {
    let from = &nodes[x];
    (node.kind(), from.kind()) == (Kind::Index, Kind::Index)
        && !matches!(from.op, Op::Constant(_))
        && primitive.view(&Layout::contiguous(from.shape.clone())).is_some_and(|layout| {
            layout.offset == 0
                && layout.is_contiguous()
                && layout.shape == node.shape
                && node.shape.size() == from.shape.size()
        })
}
