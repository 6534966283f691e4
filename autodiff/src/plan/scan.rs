//! Loops over programs in a plan: how they are compiled, and how they run.
//!
//! The body is prepared like any program, into a region of the arena. Its inputs are read where they are: the number of the
//! step, the carries (which lie in the loop's results from step to step), the rows of the per-step inputs, the invariants. So
//! a step moves a few pointers, runs the body, and copies its outputs behind those of the steps before.

#![allow(unsafe_code, clippy::indexing_slicing)]

use super::code::{Action, Code, Gather, OperandSource, Output, Place, Region, Scan};
use super::compile::{Compiler, misplaced};
use super::memory::Home;
use super::prepare::loop_of_programs;
use super::run::{Machine, Raw, Refused};
use crate::base::error::{Error, Place as Line, Refusal, Result};
use crate::base::ids::NodeId;
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::primitive::{Made, Steps};
use smallvec::SmallVec;

impl<F: Real> Compiler<'_, F> {
    pub(super) fn scan(&mut self, id: NodeId) -> Result<()> {
        let node = &self.program.nodes[id];
        let (_, steps) = loop_of_programs(self.program, node).ok_or_else(|| misplaced(id))?;
        let (Some(body), Some(region)) = (self.bodies.remove(&id), self.memory.regions.get(&id).copied()) else {
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
        self.code.scans.push(Scan { node: id, steps, body, region, operands, results });
        self.code.actions.push(Action::Scan(self.code.scans.len() - 1));
        Ok(())
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
        found.extend(self.loops.iter().map(|code| code.work()));
        self.scans.iter().filter(|scan| scan.steps.count > 0).for_each(|scan| scan.body.code.divisible(found));
    }
}

impl<F: Real> Machine<'_, F> {
    /// Runs a loop: no memory is taken, whatever the number of steps.
    pub(crate) fn scan(&self, scan: &Scan<F>) -> Result<(), Refused> {
        let Steps { count: rows, made, carries, inputs, reversed } = scan.steps;
        let refused = |refusal| Refused { node: scan.node, refusal };
        let (code, region) = (&scan.body.code, scan.region);
        let count = match scan.operands.last().filter(|_| made == Made::Given) {
            Some(given) => self.given(given, &scan.steps).map_err(refused)?,
            None => rows,
        };
        for (operand, result) in scan.operands.iter().zip(&scan.results).take(carries) {
            self.begin(operand, result).map_err(refused)?;
        }
        let nothing = Raw { real: std::ptr::null_mut(), index: std::ptr::null(), key: 0 };
        let mut feeds: SmallVec<[Raw<F>; 16]> = SmallVec::new();
        feeds.push(nothing);
        for (i, operand) in scan.operands.iter().enumerate() {
            feeds.push(match scan.results.get(i) {
                Some(place) if i < carries => self.raw_place(place),
                _ => self.raw_operand(operand),
            });
        }
        // The rows of per-step inputs lie one behind the other.
        let first: SmallVec<[Raw<F>; 8]> = feeds.iter().skip(1 + carries).take(inputs).copied().collect();
        let row = |operand: &OperandSource| match operand {
            OperandSource::Real(source) => source.shape.size() / rows.max(1),
            OperandSource::Index { shape, .. } | OperandSource::Indices { shape, .. } => shape.size() / rows.max(1),
            OperandSource::KeyAt { .. } | OperandSource::Key(_) => 0,
        };
        let lengths: SmallVec<[usize; 8]> = scan.operands.iter().skip(carries).take(inputs).map(row).collect();
        // SAFETY: the region of the body lies inside the plan's memory, and rows of loops behind it (verified).
        let (arena, indices, keys) =
            unsafe { (self.arena.add(region.arena), self.indices.add(region.indices), self.keys.add(region.keys)) };
        let scratch = self.scratch.wrapping_sub(region.arena);
        let mut done = 0;
        while done < count {
            let position = done;
            let t = if reversed { count - 1 - position } else { position };
            let number = [t];
            feeds[0].index = number.as_ptr();
            for (j, (first, length)) in first.iter().zip(&lengths).enumerate() {
                let feed = &mut feeds[1 + carries + j];
                feed.real = first.real.wrapping_add(t * length);
                feed.index = first.index.wrapping_add(t * length);
            }
            let (pieces, divided) = (self.pieces, self.divided);
            let body = Machine { code, arena, indices, keys, scratch, feeds: &feeds, pieces, divided };
            body.copy_in();
            body.run(0..code.actions.len())
                .map_err(|inner| refused(in_step(t, &scan.body.program.refused(inner.node, inner.refusal))))?;
            body.copy_out();
            for (output, place) in code.outputs.iter().zip(&scan.results).skip(carries + scan.steps.between()) {
                self.stack(&body, output, place, t, rows);
            }
            done += 1;
            let go_on = code.outputs.get(carries).filter(|_| made == Made::While);
            let last = go_on.is_some_and(|go_on| body.number(go_on) == Some(F::zero()));
            // Carries of other kinds: those of reals were updated where they lie.
            let mut next_keys: SmallVec<[(usize, u64); 2]> = SmallVec::new();
            for (i, (output, place)) in code.outputs.iter().zip(&scan.results).enumerate().take(carries) {
                match (output, place.home) {
                    (Output::Other(from), Home::Indices(_)) => {
                        self.stack(&body, &Output::Other(from.clone()), place, 0, 1)
                    }
                    (Output::Other(from), Home::Key(at)) => {
                        let key = body.read_key(from.home);
                        // SAFETY: a key of its own.
                        unsafe { *self.keys.add(at) = key };
                        next_keys.push((1 + i, key));
                    }
                    _ => {}
                }
            }
            next_keys.into_iter().for_each(|(slot, key)| feeds[slot].key = key);
            if last {
                break;
            }
        }
        for place in scan.results.iter().skip(carries + scan.steps.between()) {
            self.clear_behind(place, done, rows);
        }
        if let Some(Home::Indices(start)) = scan.results.get(carries).filter(|_| made == Made::While).map(|at| at.home)
        {
            // SAFETY: memory for one index, verified.
            unsafe { *self.indices.add(start) = done };
        }
        Ok(())
    }

    /// The number of steps that an operand says.
    fn given(&self, operand: &OperandSource, steps: &Steps) -> Result<usize, Refusal> {
        match operand {
            OperandSource::Real(source) => {
                steps.checked(self.read(source.home, source.extent).first().copied().unwrap_or(F::nan()))
            }
            OperandSource::Index { home, .. } => steps.checked_index(self.read_indices(*home, 1).iter().sum()),
            OperandSource::Indices { data, .. } => steps.checked_index(data.iter().sum()),
            OperandSource::KeyAt { .. } | OperandSource::Key(_) => Err(Refusal::new("a key is no number of steps")),
        }
    }

    /// The number that an output is.
    fn number(&self, output: &Output) -> Option<F> {
        let Output::Real(source) = output else { return None };
        let mut number = [F::zero()];
        match &source.layout {
            None => number.copy_from_slice(self.read(source.home, source.extent)),
            Some(_) => self.gather_into(source, &source.shape, &mut number),
        }
        number.first().copied()
    }

    /// Zeros in the rows from `done` on of a result of `count` rows.
    fn clear_behind(&self, place: &Place, done: usize, count: usize) {
        let length = place.shape.size() / count.max(1);
        let (start, length) = (done * length, (count - done) * length);
        match place.home {
            // SAFETY: a result has memory of its own; its rows lie inside it.
            Home::Indices(at) => {
                unsafe { std::slice::from_raw_parts_mut(self.indices.add(at + start), length) }.fill(0)
            }
            Home::Key(_) => {}
            // SAFETY: as above.
            home => unsafe { std::slice::from_raw_parts_mut(self.pointer(home).add(start), length) }.fill(F::zero()),
        }
    }

    /// Copies a carry to where it lies between steps.
    fn begin(&self, operand: &OperandSource, place: &Place) -> Result<(), Refusal> {
        match (operand, place.kind) {
            (OperandSource::Real(source), Kind::Real) => {
                // SAFETY: a result has memory of its own.
                let output = unsafe { self.write(place.home, place.shape.size()) };
                output.copy_from_slice(self.read(source.home, source.extent));
                Ok(())
            }
            _ => {
                self.copy(operand, place);
                Ok(())
            }
        }
    }

    fn raw_place(&self, place: &Place) -> Raw<F> {
        let mut raw = Raw { real: std::ptr::null_mut(), index: std::ptr::null(), key: 0 };
        match place.home {
            // SAFETY: verified to lie inside the memory for its kind.
            Home::Indices(start) => raw.index = unsafe { self.indices.add(start) },
            Home::Key(_) => raw.key = self.read_key(place.home),
            home => raw.real = self.pointer(home),
        }
        raw
    }

    fn raw_operand(&self, operand: &OperandSource) -> Raw<F> {
        let mut raw = Raw { real: std::ptr::null_mut(), index: std::ptr::null(), key: 0 };
        match operand {
            OperandSource::Real(source) => raw.real = self.pointer(source.home),
            OperandSource::Index { home, shape } => raw.index = self.read_indices(*home, shape.size()).as_ptr(),
            OperandSource::Indices { data, .. } => raw.index = data.as_ptr(),
            OperandSource::KeyAt { home } => raw.key = self.read_key(*home),
            OperandSource::Key(key) => raw.key = *key,
        }
        raw
    }

    /// Copies an output of step `t` of the body to its row of a result of `count` rows.
    fn stack(&self, body: &Machine<'_, F>, output: &Output, place: &Place, t: usize, count: usize) {
        let length = place.shape.size() / count.max(1);
        match (output, place.home) {
            (Output::Real(source), home) => {
                // SAFETY: a result has memory of its own, apart from that of the body; row t lies inside it.
                let row = unsafe { std::slice::from_raw_parts_mut(self.pointer(home).add(t * length), length) };
                match &source.layout {
                    None => row.copy_from_slice(body.read(source.home, source.extent)),
                    Some(_) => body.gather_into(source, &source.shape, row),
                }
            }
            (Output::Other(from), Home::Indices(start)) => {
                // SAFETY: as above.
                let row = unsafe { std::slice::from_raw_parts_mut(self.indices.add(start + t * length), length) };
                row.copy_from_slice(body.read_indices(from.home, length));
            }
            _ => {}
        }
    }
}

/// The refusal of an operation of the body, with the number of the step.
fn in_step(step: usize, error: &Error) -> Refusal {
    let place = error.place().map_or(String::new(), Line::suffix);
    Refusal::new(format!("in step {step}, {}: {}{place}", error.operation(), error.message()))
}
