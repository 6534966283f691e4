//! From a program to the code of a plan: everything before memory is taken. The body of a loop goes the same way.

use super::code::Code;
use super::compile;
use super::memory::{self, Update};
use super::recompute;
use super::schedule::{self, Group, Origin, Schedule};
use super::verify::{Bounds, verify};
use crate::base::error::Result;
use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::program::Program;
use crate::program::loops::loop_at;
use std::collections::BTreeMap;

/// A program with its code, and the memory that takes.
#[derive(Debug)]
pub(crate) struct Compiled<F: Real> {
    pub(crate) program: Program<F>,
    pub(crate) code: Code<F>,
    pub(crate) updates: Vec<Update>,
    /// Elements that arrays lie in.
    pub(crate) arrays: usize,
    /// Indices there is memory for.
    pub(crate) indices: usize,
    /// Keys there is memory for.
    pub(crate) keys: usize,
    /// Results that take the place of an operand.
    pub(crate) in_place: usize,
    /// Of the body of a loop: the stacked outputs that are what a step was given.
    pub(crate) early: Vec<usize>,
}

/// Prepares `program`, of which inputs are updated by outputs. For the body of a loop, `rows` is the first output that is
/// stacked.
pub(super) fn prepare<F: Real>(
    program: &Program<F>,
    block: usize,
    updates: &[(usize, usize)],
    guards: &[usize],
    rows: Option<usize>,
) -> Result<Compiled<F>> {
    let mut program = program.inlined()?.simplified().with_optimized_loops()?.with_joined_pads()?;
    let mut schedule = schedule::schedule(&program, block);
    if let Some(again) = recompute::recomputed(&program, &schedule) {
        program = again;
        schedule = schedule::schedule(&program, block);
    }
    let mut bodies: BTreeMap<NodeId, Compiled<F>> = BTreeMap::new();
    for (id, node) in program.nodes.iter() {
        if let Some((body, steps)) = loop_at(&program.nodes, node) {
            // A carry of reals is an input that every step updates.
            let reals = body.outputs().take(steps.carries).enumerate().filter(|(_, (kind, _))| *kind == Kind::Real);
            let updates: Vec<(usize, usize)> = reals.map(|(i, _)| (1 + i, i)).collect();
            let rows = Some(steps.carries + steps.between());
            bodies.insert(id, prepare(body, block, &updates, &[], rows)?);
        }
    }
    let mut updates: Vec<Update> =
        updates.iter().map(|(slot, output)| Update { slot: *slot, output: *output, in_place: false }).collect();
    let commit = settle(&program, &mut schedule, &mut updates, guards, rows.is_some());
    let memory = memory::assign(&program, &schedule, &updates, rows, &bodies);
    let code = compile::compile(&program, &schedule, &memory, &updates, commit, bodies)?;
    let inputs: Vec<(Kind, usize)> = program.inputs().map(|(kind, shape)| (kind, shape.size())).collect();
    let mut updated = vec![false; inputs.len()];
    for update in updates.iter().filter(|update| update.in_place) {
        updated.get_mut(update.slot).into_iter().for_each(|updated| *updated = true);
    }
    let (arrays, indices, keys, in_place) = (memory.length, memory.indices, memory.keys, memory.in_place);
    verify(&code, &Bounds { arrays, indices, keys, inputs: &inputs, updated: &updated })?;
    // One that lies outside is copied by the step itself.
    let lies_here = |i: &usize| memory.staged.get(*i) == Some(&None);
    let given = |i: &usize| program.outputs.get(*i).is_some_and(|id| memory::is_given(&schedule, *id)) && lies_here(i);
    let early = (rows.unwrap_or(usize::MAX)..program.outputs.len()).filter(given).collect();
    Ok(Compiled { program, code, updates, arrays, indices, keys, in_place, early })
}

/// Decides which updates happen in place, moves what computes them to the end, and says with which group it begins.
/// (A body of a loop may refuse when carries are updated: those of a run that is refused are nobody's.)
fn settle<F: Real>(
    program: &Program<F>,
    schedule: &mut Schedule,
    updates: &mut [Update],
    guards: &[usize],
    is_body: bool,
) -> usize {
    let bases: Vec<_> = program.outputs.iter().map(|id| schedule.base(*id)).collect();
    // How many outputs lie in the memory of a node, and how many inputs an output updates.
    let (mut outputs_in, mut updated_by) = (BTreeMap::new(), BTreeMap::new());
    bases.iter().for_each(|base| *outputs_in.entry(*base).or_insert(0) += 1);
    updates.iter().for_each(|update| *updated_by.entry(update.output).or_insert(0) += 1);
    for update in updates.iter_mut() {
        let (Some(input), Some(output)) = (program.inputs.get(update.slot), program.outputs.get(update.output)) else {
            continue;
        };
        let size = program.nodes[*input].shape.size();
        let computed = matches!(schedule.origins[*output], Origin::Computed) && !schedule.totals[*output];
        let only = outputs_in.get(output) == Some(&1) && !outputs_in.contains_key(input);
        let alone = only && updated_by.get(&update.output) == Some(&1);
        update.in_place = size > schedule.block && computed && alone && updates_in_order(schedule, *output);
    }
    let mut updates_here = vec![false; schedule.groups.len()];
    for update in updates.iter().filter(|update| update.in_place) {
        let group = program.outputs.get(update.output).map(|id| schedule.group_of[*id]);
        if let Some(here) = group.and_then(|group| updates_here.get_mut(group)) {
            *here = true;
        }
    }
    // What an updated array leads to has to wait, too. If that is a kernel, which may refuse, nothing is done in place.
    let mut late = vec![false; schedule.groups.len()];
    let mut waits = false;
    for (index, (group, updates_here)) in schedule.groups.iter().zip(updates_here).enumerate() {
        let follows = group.nodes().iter().any(|id| {
            program.nodes[*id].inputs.iter().any(|operand| {
                let group = schedule.group_of[schedule.base(*operand)];
                group != index && late.get(group).copied().unwrap_or(false)
            })
        });
        waits |= !is_body && follows && matches!(group, Group::Kernel(_));
        if let Some(late) = late.get_mut(index) {
            *late = updates_here || follows;
        }
    }
    let guarded = guards
        .iter()
        .filter_map(|output| bases.get(*output))
        .any(|base| late.get(schedule.group_of[*base]).copied().unwrap_or(false));
    if waits || guarded {
        updates.iter_mut().for_each(|update| update.in_place = false);
        return schedule.groups.len();
    }
    let commit = late.iter().filter(|late| !**late).count();
    schedule.postpone(&program.nodes, &late);
    let readers = late.contains(&true).then(|| Readers::of(program, schedule, commit));
    for update in updates.iter_mut().filter(|update| update.in_place) {
        let (Some(input), Some(output)) = (program.inputs.get(update.slot), program.outputs.get(update.output)) else {
            continue;
        };
        update.in_place = readers.as_ref().is_some_and(|readers| readers.end_with(*input, schedule.group_of[*output]));
    }
    commit
}

/// Whether what computes `id` reads element by element what it may write over.
fn updates_in_order(schedule: &Schedule, id: NodeId) -> bool {
    matches!(schedule.groups.get(schedule.group_of[id]), Some(Group::Loop { .. } | Group::Onto(_)))
}

/// The last group that reads each node's memory, and the last that reads it otherwise than element by element in order;
/// of the groups from one on.
struct Readers {
    last: IdVec<Option<usize>>,
    scattered: IdVec<Option<usize>>,
}

impl Readers {
    fn of<F: Real>(program: &Program<F>, schedule: &Schedule, from: usize) -> Self {
        let none = || IdVec::filled(program.len(), || None);
        let mut readers = Readers { last: none(), scattered: none() };
        for (index, group) in schedule.groups.iter().enumerate().skip(from) {
            for id in group.nodes() {
                let in_any_order = matches!(group, Group::Onto([product, _]) if product == id);
                for operand in program.nodes[*id].inputs.iter() {
                    let base = schedule.base(*operand);
                    readers.last[base] = Some(index);
                    if in_any_order || !schedule.is_whole(*operand, program.nodes[base].shape.size()) {
                        readers.scattered[base] = Some(index);
                    }
                }
            }
        }
        readers
    }

    /// Whether `input` is read by no group after `last`, and by `last` only element by element in order.
    fn end_with(&self, input: NodeId, last: usize) -> bool {
        self.last[input] <= Some(last) && self.scattered[input] < Some(last)
    }
}
