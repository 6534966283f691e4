//! Loops over programs in a plan: how they are compiled. ([`run`](super::run) runs them.)
//!
//! The body is prepared like any program, into a region of the arena. Its inputs are read where they are if they are large;
//! small ones are copied into the region: invariants once, rows in every step, while carries stay there until the loop ends.

#![allow(clippy::indexing_slicing)]

use super::code::{Action, Code, Gather, OperandSource, Output, Region, Scan, Source, Transfers};
use super::compile::{Compiler, misplaced};
use super::memory::Home;
use crate::base::error::Result;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::program::loops::loop_at;
use smallvec::SmallVec;

impl<F: Real> Compiler<'_, F> {
    pub(super) fn scan(&mut self, id: NodeId) -> Result<()> {
        let node = &self.program.nodes[id];
        let (_, steps) = loop_at(&self.program.nodes, node).ok_or_else(|| misplaced(id))?;
        let (Some(mut body), Some(region)) = (self.bodies.remove(&id), self.memory.regions.get(&id).copied()) else {
            return Err(misplaced(id));
        };
        let mut operands: SmallVec<[OperandSource; 4]> = SmallVec::new();
        for (position, operand) in node.inputs.iter().enumerate() {
            let mut source = self.operand(*operand)?;
            if let (Some(start), OperandSource::Real(real)) = (self.memory.gathered.get(&(id, position)), &mut source) {
                let shape = self.program.nodes[*operand].shape.clone();
                self.code.gathers.push(Gather::new(real.clone(), shape.clone(), *start));
                self.code.actions.push(Action::Gather(self.code.gathers.len() - 1));
                (real.home, real.extent, real.layout, real.shape) = (Home::Arena(*start), shape.size(), None, shape);
            }
            operands.push(source);
        }
        let results = self.results(id).collect();
        self.code.rows = self.code.rows.max(body.code.rows);
        self.code.workspace = self.code.workspace.max(body.code.workspace);
        let transfers = Transfers::of(&mut body.code, steps.carries, steps.inputs);
        self.code.scans.push(Scan { node: id, steps, body, region, operands, results, transfers });
        self.code.actions.push(Action::Scan(self.code.scans.len() - 1));
        Ok(())
    }
}

impl Transfers {
    /// Those of a body, whose code copies only what is left.
    fn of<F: Real>(code: &mut Code<F>, carries: usize, inputs: usize) -> Self {
        let is_carry = |slot: usize| (1..=carries).contains(&slot);
        let has_others = code.outputs.iter().any(|output| matches!(output, Output::Other(_)));
        let mut transfers = Transfers { has_others, ..Transfers::default() };
        let copied_in = std::mem::take(&mut code.copied_in);
        let homes: Vec<(usize, usize, usize)> =
            copied_in.iter().copied().filter(|(slot, ..)| is_carry(*slot)).collect();
        let home_of = |slot: usize| homes.iter().find(|(known, ..)| *known == slot).copied();
        let unchanged = |slot: usize, source: &Source| {
            source.layout.is_none() && home_of(slot).is_some_and(|(_, start, _)| source.home == Home::Arena(start))
        };
        // Whether the next carries can be copied one after the other: none is read from where another lies.
        let reads_a_carry = |source: &Source| matches!(source.home, Home::Arena(at) if homes.iter().any(|(_, start, size)| at < start + size && *start < at + source.extent));
        let apart = code.copied_out.iter().all(|(slot, source)| unchanged(*slot, source) || !reads_a_carry(source));
        for (slot, start, size) in copied_in {
            let stays = slot > carries + inputs || (is_carry(slot) && apart);
            if stays { &mut transfers.first } else { &mut transfers.each }.push((slot, start, size));
        }
        let copied = |slot: &usize| transfers.each.iter().any(|(known, ..)| known == slot);
        transfers.moving = (1 + carries..1 + carries + inputs).filter(|slot| !copied(slot)).collect();
        if apart {
            transfers.last = homes.iter().map(|(slot, start, _)| (slot - 1, *start)).collect();
            code.copied_out.retain(|(slot, source)| {
                let Some((_, start, _)) = home_of(*slot) else { return true };
                if !unchanged(*slot, source) {
                    transfers.next.push((source.clone(), start));
                }
                false
            });
        }
        transfers
    }
}

impl<F: Real> Code<F> {
    /// Writes the constants of the program, and those of bodies, to their places.
    pub(crate) fn fill(&self, arena: &mut [F]) {
        for (at, number) in &self.numbers {
            arena.iter_mut().skip(*at).take(1).for_each(|place| *place = *number);
        }
        for (at, data) in &self.constants {
            if let Some(row) = arena.get_mut(*at..at + data.len()) {
                row.copy_from_slice(data);
            }
        }
        for scan in &self.scans {
            let Region { arena: start, .. } = scan.region;
            scan.body.code.fill(arena.get_mut(start..start + scan.body.arrays).unwrap_or(&mut []));
        }
    }

    /// The work of kernels and loops that can be divided, in one piece each, those of bodies included.
    pub(crate) fn divisible(&self, found: &mut Vec<usize>) {
        found.extend(self.kernels.iter().filter(|kernel| kernel.rows().is_some()).map(|kernel| kernel.work));
        found.extend(self.onto.iter().map(|onto| onto.how.work()));
        found.extend(self.loops.iter().map(|code| code.work()));
        self.scans.iter().filter(|scan| scan.steps.count > 0).for_each(|scan| scan.body.code.divisible(found));
    }
}
