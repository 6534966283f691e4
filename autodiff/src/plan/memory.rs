//! Where every array lies: one arena, shared by arrays that are not needed at the same time.

use super::code::Region;
use super::pool::Pool;
use super::prepare::Compiled;
use super::schedule::{Group, Origin, Schedule};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Kernel, Kind};
use crate::program::Program;
use crate::tape::node::{Node, Op};
use crate::tape::query::results_of;
use crate::tape::value::Value;
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};

/// Inputs of at most this many elements are copied into the arena; larger ones are read where they are.
const COPIED: usize = 64;

/// Where the elements of an array are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Home {
    /// From this position of the arena on.
    Arena(usize),
    /// In the memory that was given for this input.
    Feed(usize),
    /// From this position on of the memory for indices.
    Indices(usize),
    /// At this position of the memory for keys.
    Key(usize),
    /// In a row of the loop that computes it, and nowhere else.
    Row,
    /// Nowhere: nobody needs it.
    Nowhere,
}

/// An update of an input by an output, after the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Update {
    pub(crate) slot: usize,
    pub(crate) output: usize,
    /// Whether a loop writes the result over the input; else it is copied there when everything is computed.
    pub(crate) in_place: bool,
}

/// The homes of all arrays.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) homes: IdVec<Home>,
    /// For each output: where it is written so that it outlives the run, if that is not its home.
    pub(crate) staged: Vec<Option<Home>>,
    /// The memory that kernels work in.
    pub(crate) workspaces: BTreeMap<NodeId, (usize, usize)>,
    /// The memory of the bodies of loops: for good, because constants lie in it.
    pub(crate) regions: BTreeMap<NodeId, Region>,
    /// The number of indices there is memory for.
    pub(crate) indices: usize,
    /// The number of keys there is memory for.
    pub(crate) keys: usize,
    /// The partial sums of each total.
    pub(crate) partials: BTreeMap<NodeId, usize>,
    /// Rows for operands of small steps, and of loops over programs, that do not lie in order: by the node and the operand's
    /// position.
    pub(crate) gathered: BTreeMap<(NodeId, usize), usize>,
    /// Results that take the place of an operand.
    pub(crate) in_place: usize,
    /// The number of elements without the rows of loops.
    pub(crate) length: usize,
}

/// Whether node `id` is an input, or a view of one.
pub(crate) fn is_given(schedule: &Schedule, id: NodeId) -> bool {
    matches!(schedule.origins[schedule.base(id)], Origin::Input { .. })
}

/// The number that a constant repeats.
pub(crate) fn splat<F: Real>(node: &Node<F>) -> Option<F> {
    match &node.op {
        Op::Constant(Value::Splat(x)) => Some(*x),
        _ => None,
    }
}

struct Planner<'a, F: Real> {
    program: &'a Program<F>,
    schedule: &'a Schedule,
    pool: Pool,
    indices: Pool,
    memory: Memory,
    /// When each base is needed last, as a group.
    last: IdVec<Option<usize>>,
    /// Whether a base is read otherwise than element by element in order, by its last group.
    scattered: IdVec<Option<usize>>,
    /// In the body of a loop: the next carries that are copied to where the carry lies, and that carry.
    carries: BTreeMap<NodeId, NodeId>,
    /// Results that are written over an input, and that input.
    over: BTreeMap<NodeId, usize>,
}

/// Finds a home for every array of `program`. For the body of a loop, `rows` is the first output that is stacked.
pub(crate) fn assign<F: Real>(
    program: &Program<F>,
    schedule: &Schedule,
    updates: &[Update],
    rows: Option<usize>,
    bodies: &BTreeMap<NodeId, Compiled<F>>,
) -> Memory {
    let length = program.nodes.len();
    let memory = Memory {
        homes: IdVec::filled(length, || Home::Nowhere),
        staged: Vec::new(),
        workspaces: BTreeMap::new(),
        regions: BTreeMap::new(),
        indices: 0,
        keys: 0,
        partials: BTreeMap::new(),
        gathered: BTreeMap::new(),
        in_place: 0,
        length: 0,
    };
    let mut planner = Planner {
        program,
        schedule,
        pool: Pool::new(0, 64 / size_of::<F>()),
        indices: Pool::new(0, 1),
        memory,
        last: IdVec::filled(length, || None),
        scattered: IdVec::filled(length, || None),
        carries: BTreeMap::new(),
        over: BTreeMap::new(),
    };
    for update in updates.iter().filter(|update| update.in_place) {
        program.outputs.get(update.output).map(|output| planner.over.insert(*output, update.slot));
    }
    planner.lifetimes(rows);
    if rows.is_some() {
        let carries = updates.iter().filter(|update| !update.in_place);
        planner.carries = carries
            .rev()
            .filter_map(|update| Some((*program.outputs.get(update.output)?, *program.inputs.get(update.slot)?)))
            .collect();
    }
    for (id, body) in bodies {
        let keys = planner.memory.keys;
        planner.memory.keys += body.keys;
        let region =
            Region { arena: planner.pool.take(body.arrays), indices: planner.indices.take(body.indices), keys };
        planner.memory.regions.insert(*id, region);
    }
    planner.leaves();
    planner.stage();
    planner.run();
    planner.memory.length = planner.pool.length();
    planner.memory.indices = planner.indices.length();
    planner.memory
}

impl<F: Real> Planner<'_, F> {
    fn size(&self, id: NodeId) -> usize {
        match splat(&self.program.nodes[id]) {
            Some(_) => 1,
            None => self.program.nodes[id].shape.size(),
        }
    }

    /// Whether operand `operand` of a row or loop over `size` elements is read in order, where it is.
    fn in_order(&self, operand: NodeId, size: usize) -> bool {
        let base = self.schedule.base(operand);
        self.size(base) == size && self.schedule.is_whole(operand, size)
    }

    fn lifetimes(&mut self, rows: Option<usize>) {
        let last = self.schedule.groups.len();
        for (index, group) in self.schedule.groups.iter().enumerate() {
            for id in group.nodes() {
                let node = &self.program.nodes[*id];
                let size = match group {
                    Group::Row(_) => Some(node.shape.size()),
                    Group::Loop { size, .. } => Some(*size),
                    // A sum is read and written element by element, as a loop is.
                    Group::Onto([_, sum]) if id == sum => Some(node.shape.size()),
                    Group::Onto(_) | Group::Kernel(_) => None,
                };
                for operand in node.inputs.iter() {
                    let base = self.schedule.base(*operand);
                    self.last[base] = self.last[base].max(Some(index));
                    if !size.is_some_and(|size| self.in_order(*operand, size)) {
                        self.scattered[base] = self.scattered[base].max(Some(index));
                    }
                }
            }
        }
        for (i, id) in self.program.outputs.iter().enumerate() {
            let base = self.schedule.base(*id);
            // A row that is what the step was given is copied before the step runs.
            let early = rows.is_some_and(|rows| i >= rows) && is_given(self.schedule, *id);
            self.last[base] = self.last[base].max(Some(if early { 0 } else { last }));
        }
    }

    /// Inputs and constants have their homes for good.
    fn leaves(&mut self) {
        let updated: BTreeSet<usize> = self.over.values().copied().collect();
        let mut in_rows = IdVec::filled(self.program.nodes.len(), || false);
        for group in &self.schedule.groups {
            if let Group::Row(id) = group {
                let size = self.program.nodes[*id].shape.size();
                for operand in self.program.nodes[*id].inputs.iter() {
                    in_rows[self.schedule.base(*operand)] |= self.in_order(*operand, size);
                }
            }
        }
        for id in self.program.nodes.ids() {
            let size = self.size(id);
            let used = self.last[id].is_some();
            let real = self.program.nodes[id].kind() == Kind::Real;
            self.memory.homes[id] = match self.schedule.origins[id] {
                Origin::Input { slot } if !real => Home::Feed(slot),
                _ if !real => Home::Nowhere,
                Origin::Input { slot } if updated.contains(&slot) => Home::Feed(slot),
                Origin::Input { slot } if used && size > COPIED && !in_rows[id] => Home::Feed(slot),
                Origin::Input { .. } | Origin::Constant if used => Home::Arena(self.pool.take(size)),
                _ => Home::Nowhere,
            };
        }
    }

    fn run(&mut self) {
        // What dies with each group, as lists in one table: the first of each list, and who follows whom.
        let mut first: Vec<Option<NodeId>> = vec![None; self.schedule.groups.len()];
        let mut next: IdVec<Option<NodeId>> = IdVec::filled(self.program.len(), || None);
        for id in self.program.nodes.ids().rev() {
            if let (Origin::Computed, Some(last)) = (&self.schedule.origins[id], self.last[id])
                && let Some(first) = first.get_mut(last)
            {
                next[id] = first.replace(id);
            }
        }
        let mut dying: Vec<NodeId> = Vec::new();
        for (index, (group, first)) in self.schedule.groups.iter().zip(first).enumerate() {
            dying.clear();
            dying.extend(std::iter::successors(first, |id| next[*id]));
            match group {
                Group::Row(id) => self.row(*id, &dying),
                Group::Kernel(id) => {
                    self.kernel(*id, index);
                    self.free(&dying, &[]);
                }
                Group::Onto([_, sum]) => {
                    let size = self.size(*sum);
                    self.whole_loop(index, size, std::slice::from_ref(sum), &dying);
                }
                Group::Loop { size, nodes } => self.whole_loop(index, *size, nodes, &dying),
            }
        }
    }

    fn row(&mut self, id: NodeId, dying: &[NodeId]) {
        let size = self.size(id);
        let mut temporary = Vec::new();
        for (position, operand) in self.program.nodes[id].inputs.iter().enumerate() {
            let base = self.schedule.base(*operand);
            // Numbers are read where they are, and may be any element of an array, if that is in the arena.
            let readable = (size == 1 || self.size(base) == 1) && matches!(self.memory.homes[base], Home::Arena(_));
            if !readable && !self.in_order(*operand, size) {
                let row = self.pool.take(size);
                self.memory.gathered.insert((id, position), row);
                temporary.push(row);
            }
        }
        if size > 1 {
            self.memory.homes[id] = Home::Arena(self.pool.take(size));
            self.free(dying, &[]);
        } else {
            // A number is read before the result is written, which may take its place.
            self.free(dying, &[]);
            self.memory.homes[id] = match self.carry_read_before(id) {
                Some(home) => home,
                None => Home::Arena(self.pool.take(size)),
            };
            self.memory.in_place += usize::from(!dying.is_empty());
        }
        if self.last[id].is_none() {
            temporary.extend(self.start_of(id));
        }
        temporary.into_iter().for_each(|row| self.pool.give(row, size));
    }

    /// Where the carry lies whose next value the number `id` is, if nobody reads the old one behind this: it goes straight
    /// there.
    fn carry_read_before(&self, id: NodeId) -> Option<Home> {
        let carry = self.carries.get(&id)?;
        let home = self.memory.homes[*carry];
        let is_read_later = self.last[*carry].is_some_and(|last| last > self.schedule.group_of[id]);
        (matches!(home, Home::Arena(_)) && !is_read_later && self.size(*carry) == 1).then_some(home)
    }

    fn whole_loop(&mut self, index: usize, size: usize, nodes: &[NodeId], dying: &[NodeId]) {
        let mut taken: Vec<NodeId> = Vec::new();
        for id in nodes {
            if self.schedule.totals[*id] {
                let chunks = size.div_ceil(self.schedule.block);
                // Partial sums are not many; each total has its own for good, which keeps them apart from everything.
                let partials = self.pool.take(chunks);
                self.memory.partials.insert(*id, partials);
                self.memory.homes[*id] = Home::Arena(self.pool.take(1));
                continue;
            }
            let inside = self.last[*id].is_none_or(|last| last == index);
            if inside && self.scattered[*id].is_none() {
                self.memory.homes[*id] = Home::Row;
                continue;
            }
            if let Some(slot) = self.over.get(id) {
                self.memory.homes[*id] = Home::Feed(*slot);
                continue;
            }
            let free = dying.iter().copied().find(|old| {
                self.size(*old) == size
                    && self.scattered[*old] != Some(index)
                    && self.schedule.group_of[*old] != index
                    && matches!(self.memory.homes[*old], Home::Arena(_))
                    && !taken.contains(old)
            });
            self.memory.homes[*id] = match free {
                Some(old) => {
                    taken.push(old);
                    self.memory.in_place += 1;
                    self.memory.homes[old]
                }
                None => Home::Arena(self.pool.take(size)),
            };
        }
        self.free(dying, &taken);
    }

    /// Homes for the results of a kernel, and memory it works in: apart from its operands, which die after it.
    fn kernel(&mut self, id: NodeId, index: usize) {
        let workspace = workspace_of(self.program, id);
        if workspace > 0 {
            self.memory.workspaces.insert(id, (self.pool.take(workspace), workspace));
        }
        // A loop reads its operands in order, row by row.
        let mut gathered: SmallVec<[(usize, usize); 4]> = SmallVec::new();
        if self.memory.regions.contains_key(&id) {
            for (position, operand) in self.program.nodes[id].inputs.iter().enumerate() {
                let node = &self.program.nodes[*operand];
                let size = node.shape.size();
                if node.kind() == Kind::Real && !self.in_order(*operand, size) {
                    let start = self.pool.take(size);
                    self.memory.gathered.insert((id, position), start);
                    gathered.push((start, size));
                }
            }
        }
        let results: SmallVec<[NodeId; 1]> = results_of(&self.program.nodes, id).collect();
        for result in &results {
            self.memory.homes[*result] = self.take(*result);
        }
        // What nobody needs afterwards, others may have.
        for result in results {
            if self.last[result].is_none_or(|last| last < index) {
                self.give(result);
            }
        }
        if let Some((start, length)) = self.memory.workspaces.get(&id).copied() {
            self.pool.give(start, length);
        }
        gathered.into_iter().for_each(|(start, size)| self.pool.give(start, size));
    }

    /// Memory for the value of node `id`.
    fn take(&mut self, id: NodeId) -> Home {
        let size = self.size(id);
        match self.program.nodes[id].kind() {
            Kind::Real => Home::Arena(self.pool.take(size)),
            Kind::Index => Home::Indices(self.indices.take(size)),
            Kind::Key => {
                self.memory.keys += 1;
                Home::Key(self.memory.keys - 1)
            }
        }
    }

    fn give(&mut self, id: NodeId) {
        let size = self.size(id);
        match self.memory.homes[id] {
            Home::Arena(start) => self.pool.give(start, size),
            Home::Indices(start) => self.indices.give(start, size),
            Home::Feed(_) | Home::Key(_) | Home::Row | Home::Nowhere => {}
        }
    }

    fn start_of(&self, id: NodeId) -> Option<usize> {
        match self.memory.homes[id] {
            Home::Arena(start) => Some(start),
            _ => None,
        }
    }

    fn free(&mut self, dying: &[NodeId], except: &[NodeId]) {
        dying.iter().filter(|id| !except.contains(id)).for_each(|id| self.give(*id));
    }

    /// Outputs that lie in memory the plan does not own get a copy in the arena. It is made while other arrays are still
    /// needed, so it shares its place with none.
    fn stage(&mut self) {
        for id in &self.program.outputs {
            let node = &self.program.nodes[*id];
            let lost = matches!(self.memory.homes[self.schedule.base(*id)], Home::Feed(_));
            let constant = node.kind() != Kind::Real && matches!(node.op, Op::Constant(_));
            let staged = (lost || constant).then(|| match node.kind() {
                Kind::Real => Home::Arena(self.pool.take(node.shape.size())),
                _ => self.take(*id),
            });
            self.memory.staged.push(staged);
        }
    }
}

/// How many numbers of memory the kernel of node `id` works in.
fn workspace_of<F: Real>(program: &Program<F>, id: NodeId) -> usize {
    let node = &program.nodes[id];
    let Op::Apply(primitive) = &node.op else { return 0 };
    let shapes: SmallVec<[&Shape; 4]> = node.inputs.iter().map(|operand| &program.nodes[*operand].shape).collect();
    match primitive.kernel(&shapes) {
        Kernel::General(general) => general.workspace,
        _ => 0,
    }
}
