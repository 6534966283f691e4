//! From a program to the code of a plan: everything before memory is taken. The body of a loop goes the same way.

use super::code::Code;
use super::compile;
use super::memory::{self, Update};
use super::schedule::{self, Group, Origin, Schedule};
use super::verify::{Bounds, verify};
use crate::base::error::Result;
use crate::base::ids::NodeId;
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
    let program = program.inlined()?.simplified().with_optimized_loops()?;
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
    let mut schedule = schedule::schedule(&program, block);
    let mut updates: Vec<Update> =
        updates.iter().map(|(slot, output)| Update { slot: *slot, output: *output, in_place: false }).collect();
    let commit = settle(&program, &mut schedule, &mut updates, guards);
    let memory = memory::assign(&program, &schedule, &updates, rows, &bodies);
    let code = compile::compile(&program, &schedule, &memory, &updates, commit, bodies)?;
    let inputs: Vec<(Kind, usize)> = program.inputs().map(|(kind, shape)| (kind, shape.size())).collect();
    let updated: Vec<usize> = updates.iter().filter(|u| u.in_place).map(|update| update.slot).collect();
    let (arrays, indices, keys, in_place) = (memory.length, memory.indices, memory.keys, memory.in_place);
    verify(&code, &Bounds { arrays, indices, keys, inputs: &inputs, updated: &updated })?;
    // One that lies outside is copied by the step itself.
    let lies_here = |i: &usize| memory.staged.get(*i) == Some(&None);
    let given = |i: &usize| program.outputs.get(*i).is_some_and(|id| memory::is_given(&schedule, *id)) && lies_here(i);
    let early = (rows.unwrap_or(usize::MAX)..program.outputs.len()).filter(given).collect();
    Ok(Compiled { program, code, updates, arrays, indices, keys, in_place, early })
}

/// Decides which updates happen in place, moves what computes them to the end, and says with which group it begins.
fn settle<F: Real>(program: &Program<F>, schedule: &mut Schedule, updates: &mut [Update], guards: &[usize]) -> usize {
    let bases: Vec<_> = program.outputs.iter().map(|id| schedule.base(*id)).collect();
    let shared: Vec<bool> =
        updates.iter().map(|a| updates.iter().filter(|b| a.output == b.output).count() > 1).collect();
    for (update, shared) in updates.iter_mut().zip(shared) {
        let (Some(input), Some(output)) = (program.inputs.get(update.slot), program.outputs.get(update.output)) else {
            continue;
        };
        let size = program.nodes[*input].shape.size();
        let computed = matches!(schedule.origins[*output], Origin::Computed) && !schedule.totals[*output];
        let only = bases.iter().filter(|base| *base == output).count() == 1 && !bases.contains(input);
        update.in_place = size > schedule.block && computed && only && !shared && loop_of(schedule, *output).is_some();
    }
    // What an updated array leads to has to wait, too. If that is a kernel, which may refuse, nothing is done in place.
    let mut late = vec![false; schedule.groups.len()];
    let mut waits = false;
    for (index, group) in schedule.groups.iter().enumerate() {
        let updates_here = updates.iter().any(|update| {
            update.in_place && program.outputs.get(update.output).is_some_and(|id| schedule.group_of[*id] == index)
        });
        let follows = group.nodes().iter().any(|id| {
            program.nodes[*id].inputs.iter().any(|operand| {
                let group = schedule.group_of[schedule.base(*operand)];
                group != index && late.get(group).copied().unwrap_or(false)
            })
        });
        waits |= follows && matches!(group, Group::Kernel(_));
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
    schedule.postpone(&late);
    for update in updates.iter_mut().filter(|update| update.in_place) {
        let (Some(input), Some(output)) = (program.inputs.get(update.slot), program.outputs.get(update.output)) else {
            continue;
        };
        update.in_place = is_last_reader(program, schedule, *input, schedule.group_of[*output]);
    }
    commit
}

fn loop_of(schedule: &Schedule, id: NodeId) -> Option<&Group> {
    schedule.groups.get(schedule.group_of[id]).filter(|group| matches!(group, Group::Loop { .. }))
}

/// Whether `input` is read by no group after `last`, and by `last` only element by element in order.
fn is_last_reader<F: Real>(program: &Program<F>, schedule: &Schedule, input: NodeId, last: usize) -> bool {
    let size = program.nodes[input].shape.size();
    schedule.groups.iter().enumerate().skip(last).all(|(index, group)| {
        group.nodes().iter().all(|id| {
            let mut reads = program.nodes[*id].inputs.iter().filter(|operand| schedule.base(**operand) == input);
            reads.all(|operand| index == last && schedule.is_whole(*operand, size))
        })
    })
}
