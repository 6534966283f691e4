//! Running the steps of loops over programs. A step moves a few pointers and numbers, runs the body, and copies its outputs
//! behind those of the steps before.

#![allow(unsafe_code, clippy::indexing_slicing)]

use super::{Machine, Memory, Raw, Refused, copy};
use crate::base::error::{Error, Place as Line, Refusal, Result};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::kernels::Operand;
use crate::plan::code::{Action, OperandSource, Output, Place, Scan, Source};
use crate::plan::memory::Home;
use crate::primitive::{Made, Steps};
use smallvec::SmallVec;
use std::cell::Cell;

/// Elements that are copied in every step. From step to step both places move on by their strides.
struct StepCopy<'a, F> {
    /// What is read in another order than it lies in.
    laid: Option<&'a Source>,
    from: *const F,
    to: *mut F,
    length: usize,
    from_stride: usize,
    to_stride: usize,
}

impl<'a, F: Real> StepCopy<'a, F> {
    /// Of a result of the body, from where it is to a place that moves on.
    fn result(body: &Machine<'_, F>, source: &'a Source, to: *mut F, to_stride: usize) -> Self {
        let (laid, length) = (source.layout.as_ref().map(|_| source), source.shape.size());
        StepCopy { laid, from: body.pointer(source.home), to, length, from_stride: 0, to_stride }
    }

    fn is_number(&self) -> bool {
        self.laid.is_none() && self.length == 1
    }
}

/// What is copied in every step, in order: single numbers apart from arrays, because loops over scalars do little else.
struct Copies<'a, F> {
    arrays: SmallVec<[StepCopy<'a, F>; 16]>,
    numbers: SmallVec<[StepCopy<'a, F>; 16]>,
}

impl<'a, F: Real> Copies<'a, F> {
    fn of(list: impl Iterator<Item = StepCopy<'a, F>>) -> Self {
        let mut copies = Copies { arrays: SmallVec::new(), numbers: SmallVec::new() };
        list.for_each(|copy| copies.push(copy));
        copies
    }

    fn push(&mut self, copy: StepCopy<'a, F>) {
        if copy.is_number() { &mut self.numbers } else { &mut self.arrays }.push(copy);
    }
}

/// # Safety
/// The places lie in memory for a number each, and the copies can be made one after the other.
#[inline(always)]
unsafe fn copy_numbers<F: Real>(numbers: &mut [StepCopy<'_, F>]) {
    for copy in numbers {
        // SAFETY: the caller's.
        unsafe { *copy.to = *copy.from };
        copy.from = copy.from.wrapping_add(copy.from_stride);
        copy.to = copy.to.wrapping_add(copy.to_stride);
    }
}

/// # Safety
/// As [`copy_numbers`], for arrays, each of which lies apart from where it is copied to.
#[inline(always)]
unsafe fn copy_arrays<F: Real>(body: &Machine<'_, F>, arrays: &mut [StepCopy<'_, F>]) {
    for copy in arrays {
        // SAFETY: the caller's.
        unsafe {
            match copy.laid {
                None => std::ptr::copy_nonoverlapping(copy.from, copy.to, copy.length),
                Some(source) => {
                    let to = std::slice::from_raw_parts_mut(copy.to, copy.length);
                    body.gather_into(source, &source.shape, to);
                }
            }
        }
        copy.from = copy.from.wrapping_add(copy.from_stride);
        copy.to = copy.to.wrapping_add(copy.to_stride);
    }
}

impl<F: Real> Machine<'_, F> {
    /// Runs a loop: no memory is taken, whatever the number of steps.
    ///
    /// # Safety
    /// An action of the code, verified, and the only one that runs.
    pub(super) unsafe fn scan(&self, scan: &Scan<F>) -> Result<(), Refused> {
        let Steps { count: rows, made, carries, inputs, reversed } = scan.steps;
        let (code, transfers) = (&scan.body.code, &scan.transfers);
        let refused = |refusal| Refused { node: scan.node, refusal };
        let count = match scan.operands.last().filter(|_| made == Made::Given) {
            // SAFETY: an operand, verified.
            Some(given) => unsafe { self.given(given, &scan.steps) }.map_err(refused)?,
            None => rows,
        };
        for (operand, result) in scan.operands.iter().zip(&scan.results).take(carries) {
            // SAFETY: an operand and a result, verified to lie apart.
            unsafe { self.begin(operand, result) };
        }
        // Rows lie one behind the other, and the first step may be the last of them.
        let first = if reversed { count.saturating_sub(1) } else { 0 };
        let one_on = |length: usize| if reversed { length.wrapping_neg() } else { length };
        let row_of = |slot: usize| match slot.checked_sub(1 + carries) {
            Some(i) if i < inputs => scan.operands[carries + i].size() / rows.max(1),
            _ => 0,
        };
        let step = Cell::new(first);
        let mut feeds: SmallVec<[Cell<Raw<F>>; 40]> = SmallVec::new();
        feeds.push(Cell::new(Raw { index: step.as_ptr(), ..Raw::NOTHING }));
        for (i, operand) in scan.operands.iter().enumerate() {
            // SAFETY: results and operands, verified; nothing is written now.
            let raw = unsafe {
                match scan.results.get(i) {
                    Some(place) if i < carries => self.raw_place(place),
                    _ => self.raw_operand(operand),
                }
            };
            feeds.push(Cell::new(raw.moved(first * row_of(1 + i))));
        }
        let feeds = feeds.as_slice();
        // SAFETY: the caller's, and the feeds are those of the loop.
        let mut body = unsafe { self.body(scan, feeds) };
        let mut before = Copies::of(transfers.each.iter().map(|(slot, start, length)| {
            let (from, to) = (feeds[*slot].get().real.cast_const(), body.pointer(Home::Arena(*start)));
            StepCopy { laid: None, from, to, length: *length, from_stride: one_on(row_of(*slot)), to_stride: 0 }
        }));
        let first_output = carries + scan.steps.between();
        let mut outputs = Copies::of(std::iter::empty());
        for (i, (output, place)) in code.outputs.iter().zip(&scan.results).enumerate().skip(first_output) {
            let Output::Real(source) = output else { continue };
            let length = source.shape.size();
            let to = self.pointer(place.home).wrapping_add(first * length);
            // What the step was given is copied before it runs: a carry may be written over.
            let copies = if scan.body.early.contains(&i) { &mut before } else { &mut outputs };
            copies.push(StepCopy::result(&body, source, to, one_on(length)));
        }
        let next = transfers.next.iter();
        let mut next =
            Copies::of(next.map(|(source, at)| StepCopy::result(&body, source, body.pointer(Home::Arena(*at)), 0)));
        // Rows of outputs first, which may be carries that are overwritten then.
        outputs.numbers.append(&mut next.numbers);
        let (inputs_in, outputs, carries_on) = (&mut before, &mut outputs, next.arrays.as_mut_slice());
        let (arrays_in, numbers_in) = (inputs_in.arrays.as_mut_slice(), inputs_in.numbers.as_mut_slice());
        let (arrays_out, numbers_out) = (outputs.arrays.as_mut_slice(), outputs.numbers.as_mut_slice());
        let is_plain =
            made != Made::While && !transfers.has_others && transfers.moving.is_empty() && code.copied_out.is_empty();

        let mut done = 0;
        if count > 0 {
            // SAFETY: verified with the loop; nothing runs now.
            unsafe { body.copy_feeds(&transfers.first) };
        }
        while done < count {
            // SAFETY: rows of inputs and the places of the body for them, verified to lie apart; nothing runs now.
            unsafe {
                copy_numbers(numbers_in);
                copy_arrays(&body, arrays_in);
            }
            match code.actions.as_slice() {
                // The bodies of scalar recurrences, where every instruction counts.
                // SAFETY: the action of the body, which was verified.
                [Action::Numbers(range)] => unsafe { body.numbers(range.clone()) },
                actions => body.run(0..actions.len()).map_err(|inner| {
                    refused(in_step(step.get(), &scan.body.program.refused(inner.node, inner.refusal)))
                })?,
            }
            // SAFETY: a result has memory of its own, in which the row of this step lies; and a carry's place is read by
            // none of the copies of carries (verified).
            unsafe {
                copy_arrays(&body, arrays_out);
                let goes_on = is_plain || self.others(scan, &mut body, step.get());
                copy_numbers(numbers_out);
                copy_arrays(&body, carries_on);
                done += 1;
                if !goes_on {
                    break;
                }
            }
            step.set(step.get().wrapping_add(one_on(1)));
            if !is_plain {
                for slot in &transfers.moving {
                    feeds[*slot].set(feeds[*slot].get().moved(one_on(row_of(*slot))));
                }
            }
        }
        for (place, (_, start)) in transfers.last.iter().filter_map(|at| Some((scan.results.get(at.0)?, at))) {
            if done > 0 {
                // SAFETY: a result has memory of its own, apart from that of the body, in which the carry lies (verified).
                unsafe {
                    copy(body.read(Home::Arena(*start), place.size), self.write(place.home, place.size));
                }
            }
        }
        for place in scan.results.iter().skip(first_output) {
            // SAFETY: a result, verified.
            unsafe { self.clear_behind(place, done, rows) };
        }
        if let Some(Home::Indices(start)) = scan.results.get(carries).filter(|_| made == Made::While).map(|at| at.home)
        {
            // SAFETY: memory for one index, verified.
            unsafe { *self.memory.indices.add(start) = done };
        }
        Ok(())
    }

    /// What runs the body.
    ///
    /// # Safety
    /// A loop of the code, and its feeds: what a body finds in them is what its inputs were verified to be.
    unsafe fn body<'a>(&'a self, scan: &'a Scan<F>, feeds: &'a [Cell<Raw<F>>]) -> Machine<'a, F> {
        let (region, memory) = (scan.region, self.memory);
        // SAFETY: the body was verified when it was prepared, and its region with the loop: that it lies inside the memory,
        // apart from operands and results. Its loops have no more rows than the code's.
        unsafe {
            let memory = Memory {
                arena: memory.arena.add(region.arena),
                indices: memory.indices.add(region.indices),
                keys: memory.keys.add(region.keys),
                scratch: memory.scratch.wrapping_sub(region.arena),
            };
            Machine::new(&scan.body.code, memory, feeds, self.team, self.pieces, self.divided)
        }
    }

    /// Copies what step `t` of the body gives besides arrays of reals that were planned as [`StepCopy`]: large carries, rows
    /// of outputs and carries of other kinds. Whether another step follows.
    ///
    /// # Safety
    /// As for [`scan`](Self::scan), whose body this is, after its step `t`.
    unsafe fn others(&self, scan: &Scan<F>, body: &mut Machine<'_, F>, t: usize) -> bool {
        let Steps { count: rows, made, carries, .. } = scan.steps;
        let of_step = carries..carries + scan.steps.between();
        let goes_on = body.code.outputs.get(carries).filter(|_| made == Made::While);
        let goes_on = goes_on.is_none_or(|goes_on| {
            // SAFETY: an output of the body, verified.
            unsafe { body.number(goes_on) != Some(F::zero()) }
        });
        body.copy_out();
        for (i, (output, place)) in body.code.outputs.iter().zip(&scan.results).enumerate() {
            let Output::Other(from) = output else { continue };
            let (t, count) = if i < carries { (0, 1) } else { (t, rows.max(1)) };
            match place.home {
                _ if of_step.contains(&i) => {}
                Home::Indices(start) => {
                    let length = place.size / count;
                    // SAFETY: a result has memory of its own, apart from that of the body; row t lies inside it.
                    unsafe {
                        let row = std::slice::from_raw_parts_mut(self.memory.indices.add(start + t * length), length);
                        row.copy_from_slice(body.read_indices(from.home, length));
                    }
                }
                // SAFETY: a key of its own, apart from those of the body.
                Home::Key(at) => unsafe { *self.memory.keys.add(at) = body.read_key(from.home) },
                _ => {}
            }
        }
        // Keys are given to a step by their values.
        for (feed, place) in body.feeds.iter().skip(1).zip(&scan.results).take(carries) {
            if let Home::Key(_) = place.home {
                // SAFETY: a result, verified.
                feed.set(Raw { key: unsafe { self.read_key(place.home) }, ..feed.get() });
            }
        }
        goes_on
    }

    /// The number of steps that an operand says.
    ///
    /// # Safety
    /// An operand of the code.
    unsafe fn given(&self, operand: &OperandSource, steps: &Steps) -> Result<usize, Refusal> {
        // SAFETY: the caller's; verified to be one number.
        match unsafe { self.operand(operand)? } {
            Operand::Real(number) => steps.checked(number.iter().next().unwrap_or(F::nan())),
            Operand::Index(number) => steps.checked_index(number.iter().sum()),
            Operand::Key(_) => Err(Refusal::new("a key is no number of steps")),
        }
    }

    /// The number that an output is.
    ///
    /// # Safety
    /// An output of the code.
    unsafe fn number(&self, output: &Output) -> Option<F> {
        let Output::Real(source) = output else { return None };
        let mut number = [F::zero()];
        // SAFETY: the caller's.
        unsafe {
            match &source.layout {
                None => number.copy_from_slice(self.read(source.home, source.extent)),
                Some(_) => self.gather_into(source, &source.shape, &mut number),
            }
        }
        number.first().copied()
    }

    /// Zeros in the rows from `done` on of a result of `count` rows.
    ///
    /// # Safety
    /// A result of the code, which nothing else reads or writes now, and `done` ≤ `count`.
    unsafe fn clear_behind(&self, place: &Place, done: usize, count: usize) {
        let length = place.size / count.max(1);
        let (start, length) = (done * length, (count - done) * length);
        // SAFETY: the caller's; the rows lie inside the result.
        unsafe {
            match place.home {
                Home::Indices(at) => {
                    std::slice::from_raw_parts_mut(self.memory.indices.add(at + start), length).fill(0);
                }
                Home::Key(_) => {}
                home => std::slice::from_raw_parts_mut(self.pointer(home).add(start), length).fill(F::zero()),
            }
        }
    }

    /// Copies a carry to where it lies between steps.
    ///
    /// # Safety
    /// An operand and a result of the code, which lie apart, and nothing else reads or writes the result now.
    unsafe fn begin(&self, operand: &OperandSource, place: &Place) {
        // SAFETY: the caller's.
        unsafe {
            match (operand, place.kind) {
                (OperandSource::Real(source), Kind::Real) => {
                    self.write(place.home, place.size).copy_from_slice(self.read(source.home, source.extent));
                }
                _ => self.copy(operand, place),
            }
        }
    }

    /// # Safety
    /// A result of the code.
    unsafe fn raw_place(&self, place: &Place) -> Raw<F> {
        let mut raw = Raw::NOTHING;
        match place.home {
            // SAFETY: verified to lie inside the memory for its kind.
            Home::Indices(start) => raw.index = unsafe { self.memory.indices.add(start) },
            // SAFETY: the caller's.
            Home::Key(_) => raw.key = unsafe { self.read_key(place.home) },
            home => raw.real = self.pointer(home),
        }
        raw
    }

    /// # Safety
    /// An operand of the code.
    unsafe fn raw_operand(&self, operand: &OperandSource) -> Raw<F> {
        let mut raw = Raw::NOTHING;
        // SAFETY: the caller's.
        unsafe {
            match operand {
                OperandSource::Real(source) => raw.real = self.pointer(source.home),
                OperandSource::Index { home, shape } => raw.index = self.read_indices(*home, shape.size()).as_ptr(),
                OperandSource::Indices { data, .. } => raw.index = data.as_ptr(),
                OperandSource::KeyAt { home } => raw.key = self.read_key(*home),
                OperandSource::Key(key) => raw.key = *key,
            }
        }
        raw
    }
}

/// The refusal of an operation of the body, with the number of the step.
fn in_step(step: usize, error: &Error) -> Refusal {
    let place = error.place().map_or(String::new(), Line::suffix);
    Refusal::new(format!("in step {step}, {}: {}{place}", error.operation(), error.message()))
}
