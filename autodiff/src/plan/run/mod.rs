//! Running a plan's code. The one place of the planner that works on raw memory.
//!
//! Why it is sound. [`memory`](super::memory) gives two arrays that are needed at the same time ranges that do not overlap,
//! and [`verify`](super::verify) has looked at every address of the code: inside the arena or an input, and what is written
//! apart from what is read with it. The memory of inputs is as long as their shapes say, checked before the run, and an
//! input that is written was given as `&mut`. What runs in parallel writes disjoint ranges: blocks of a loop, rows of a
//! kernel, rows of scratch by thread.
//!
//! All that stands in the contract of [`Machine::new`]. What others call takes the machine as `&mut`, so that one thing runs
//! at a time; the functions inside, which follow an address or run an action that they are given, are `unsafe`. Here is how
//! memory is reached; `actions` run on it, `steps` are those of loops over programs, and a `team` are the threads of a run.

#![allow(unsafe_code, clippy::indexing_slicing)]

pub(super) mod actions;
mod steps;
pub(super) mod team;

use super::Feed;
use super::code::{Code, OperandSource, Output as PlanOutput, Place, Source};
use super::memory::Home;
use crate::base::error::Refusal;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{self, Operand, Reader, View, ViewMut};
use crate::primitive::Output;
use std::cell::Cell;
use team::Team;

/// What one input is read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<F> {
    real: *mut F,
    index: *const usize,
    key: u64,
}

impl<F> Raw<F> {
    const NOTHING: Self = Raw { real: std::ptr::null_mut(), index: std::ptr::null(), key: 0 };

    pub(super) fn of(feed: &mut Feed<'_, F>) -> Self {
        match feed {
            Feed::Real(data) => Raw { real: data.as_ptr().cast_mut(), ..Self::NOTHING },
            Feed::Update(data) => Raw { real: data.as_mut_ptr(), ..Self::NOTHING },
            Feed::Index(data) => Raw { index: data.as_ptr(), ..Self::NOTHING },
            Feed::Key(key) => Raw { key: *key, ..Self::NOTHING },
        }
    }

    /// The memory `offset` elements further on.
    fn moved(self, offset: usize) -> Self {
        Raw { real: self.real.wrapping_add(offset), index: self.index.wrapping_add(offset), key: self.key }
    }
}

/// The memory of a plan, or, inside it, of the body of a loop over a program.
#[derive(Clone, Copy)]
pub(super) struct Memory<F> {
    pub(super) arena: *mut F,
    pub(super) indices: *mut usize,
    pub(super) keys: *mut u64,
    /// Where in the arena the rows of loops begin.
    pub(super) scratch: usize,
}

/// Code and the memory that it runs on.
pub(super) struct Machine<'a, F: Real> {
    code: &'a Code<F>,
    memory: Memory<F>,
    /// Those of per-step inputs move on between the steps of a loop, when nothing runs.
    feeds: &'a [Cell<Raw<F>>],
    /// The threads there are.
    team: &'a Team,
    /// How many pieces large work is divided into.
    pieces: usize,
    /// Work that is worth dividing.
    divided: usize,
}

// SAFETY: `new` vouches for what the pointers point to, and numbers, indices and keys may be used by any thread.
unsafe impl<F: Real> Send for Machine<'_, F> {}
// SAFETY: shared by the threads of one run, which write disjoint ranges (see the module's documentation), and by which no
// feed is changed.
unsafe impl<F: Real> Sync for Machine<'_, F> {}

/// A node whose kernel refused its values.
pub(super) struct Refused {
    pub(super) node: NodeId,
    pub(super) refusal: Refusal,
}

impl<'a, F: Real> Machine<'a, F> {
    /// # Safety
    /// As long as the machine lives,
    /// - `code` is as [`verify`](super::verify::verify) has found it right, with bounds that the memory and the feeds keep:
    ///   the arena has the arrays, and there are the indices, the keys, and the inputs of those kinds and lengths;
    /// - in the arena, from `scratch` on, there are [`Code::scratch`] elements for so many `pieces`;
    /// - all of it is initialised, and an input that the code updates was given as [`Feed::Update`];
    /// - nothing else writes any of it, or reads what the code writes, but between two calls of the machine's functions.
    pub(super) unsafe fn new(
        code: &'a Code<F>,
        memory: Memory<F>,
        feeds: &'a [Cell<Raw<F>>],
        team: &'a Team,
        pieces: usize,
        divided: usize,
    ) -> Self {
        Machine { code, memory, feeds, team, pieces, divided }
    }

    /// Copies small inputs to their places in the arena.
    pub(super) fn copy_in(&mut self) {
        // SAFETY: the code's own, verified; nothing runs now.
        unsafe { self.copy_feeds(&self.code.copied_in) }
    }

    /// Copies the outputs that update inputs, but were not computed over them.
    pub(super) fn copy_out(&mut self) {
        for (slot, source) in &self.code.copied_out {
            // SAFETY: verified to lie apart; an input that is updated was given as `&mut`, and everything is computed.
            unsafe {
                let place = self.write(Home::Feed(*slot), source.shape.size());
                match source.layout {
                    None => copy(self.read(source.home, source.extent), place),
                    Some(_) => self.gather_into(source, &source.shape, place),
                }
            }
        }
    }

    /// The first element of an output, an array of reals, that is NaN or of a larger magnitude than this.
    pub(super) fn beyond(&mut self, output: usize, largest: F) -> Option<F> {
        let PlanOutput::Real(source) = self.code.outputs.get(output)? else { return None };
        // SAFETY: the code's own, verified; nothing runs now.
        let (data, view) = unsafe { (self.read(source.home, source.extent), self.view(source)?) };
        if source.layout.is_none() && kernels::all_within(data, largest) {
            return None;
        }
        view.iter().find(|x| !x.is_finite() || x.abs() > largest)
    }

    /// Where memory for reals begins. Only following it takes care.
    fn pointer(&self, home: Home) -> *mut F {
        match home {
            Home::Arena(start) => self.memory.arena.wrapping_add(start),
            Home::Feed(slot) => self.feeds[slot].get().real,
            Home::Indices(_) | Home::Key(_) | Home::Row | Home::Nowhere => std::ptr::NonNull::dangling().as_ptr(),
        }
    }

    /// # Safety
    /// The code reads so many reals there, which was verified, and nothing writes them as long as the slice lives.
    unsafe fn read(&self, home: Home, length: usize) -> &[F] {
        // SAFETY: the caller's; what was verified lies inside its memory, which is as `new` says.
        unsafe { std::slice::from_raw_parts(self.pointer(home), length) }
    }

    /// # Safety
    /// The code writes so many reals there, which was verified, and nothing else reads or writes them as long as the slice
    /// lives.
    #[allow(clippy::mut_from_ref)]
    unsafe fn write(&self, home: Home, length: usize) -> &mut [F] {
        // SAFETY: as in `read`.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(home), length) }
    }

    /// # Safety
    /// As for [`read`](Self::read), of indices.
    unsafe fn read_indices(&self, home: Home, length: usize) -> &[usize] {
        // SAFETY: the caller's; verified to be memory for indices, of the plan or of an input.
        unsafe {
            match home {
                Home::Indices(start) => std::slice::from_raw_parts(self.memory.indices.add(start), length),
                Home::Feed(slot) => std::slice::from_raw_parts(self.feeds[slot].get().index, length),
                _ => &[],
            }
        }
    }

    /// # Safety
    /// As for [`read`](Self::read), of a key.
    unsafe fn read_key(&self, home: Home) -> u64 {
        match home {
            // SAFETY: the caller's; verified to be memory for a key.
            Home::Key(at) => unsafe { *self.memory.keys.add(at) },
            Home::Feed(slot) => self.feeds[slot].get().key,
            _ => 0,
        }
    }

    /// # Safety
    /// As for [`read`](Self::read): a source of the code.
    unsafe fn view<'s>(&'s self, source: &'s Source) -> Option<View<'s, F>> {
        // SAFETY: the caller's.
        let data = unsafe { self.read(source.home, source.extent) };
        match &source.layout {
            // As long as its shape says: plans are verified.
            None => Some(View::whole(data, &source.shape)),
            Some(layout) => View::strided(data.get(layout.offset..)?, &layout.shape, &layout.strides),
        }
    }

    /// # Safety
    /// As for [`read`](Self::read): an operand of the code.
    unsafe fn operand<'s>(&'s self, operand: &'s OperandSource) -> Result<Operand<'s, F>, Refusal> {
        // SAFETY: the caller's.
        unsafe {
            Ok(match operand {
                OperandSource::Real(source) => Operand::Real(self.view(source).ok_or_else(outside)?),
                OperandSource::Index { home, shape } => {
                    Operand::Index(View::whole(self.read_indices(*home, shape.size()), shape))
                }
                OperandSource::Indices { data, shape } => {
                    Operand::Index(View::contiguous(data, shape).ok_or_else(outside)?)
                }
                OperandSource::KeyAt { home } => Operand::Key(self.read_key(*home)),
                OperandSource::Key(key) => Operand::Key(*key),
            })
        }
    }

    /// # Safety
    /// As for [`write`](Self::write): a result of the code.
    unsafe fn output<'s>(&'s self, place: &'s Place) -> Output<'s, F> {
        let length = place.size;
        // SAFETY: the caller's; verified to lie inside the memory for its kind.
        unsafe {
            match place.home {
                Home::Indices(start) => {
                    let data = std::slice::from_raw_parts_mut(self.memory.indices.add(start), length);
                    Output::Index(ViewMut::whole(data, &place.shape))
                }
                Home::Key(at) => Output::Key(&mut *self.memory.keys.add(at)),
                home => Output::Real(ViewMut::whole(self.write(home, length), &place.shape)),
            }
        }
    }

    /// # Safety
    /// As for [`operand`](Self::operand) and [`output`](Self::output), which lie apart.
    unsafe fn copy(&self, source: &OperandSource, place: &Place) {
        // SAFETY: the caller's.
        match unsafe { (self.operand(source), self.output(place)) } {
            (Ok(Operand::Index(x)), Output::Index(y)) => kernels::copy(x, y),
            (Ok(Operand::Key(x)), Output::Key(y)) => *y = x,
            _ => {}
        }
    }

    /// Writes what a source is, broadcast to a shape.
    ///
    /// # Safety
    /// As for [`view`](Self::view).
    unsafe fn gather_into(&self, source: &Source, shape: &Shape, output: &mut [F]) {
        // SAFETY: the caller's.
        if let Some(mut reader) = unsafe { self.view(source) }.and_then(|view| Reader::new(view, shape)) {
            reader.read(output);
        }
    }

    /// Copies inputs to their places in the arena: slot, position, size.
    ///
    /// # Safety
    /// They were verified, and nothing runs.
    unsafe fn copy_feeds(&self, inputs: &[(usize, usize, usize)]) {
        for (slot, start, size) in inputs {
            // SAFETY: the caller's; each has a range of its own.
            unsafe { copy(self.read(Home::Feed(*slot), *size), self.write(Home::Arena(*start), *size)) }
        }
    }
}

/// Copies a row. Short ones are not worth a call.
#[inline(always)]
fn copy<F: Copy>(from: &[F], to: &mut [F]) {
    match from.len() {
        0..=8 => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
        _ => to.copy_from_slice(from),
    }
}

fn outside() -> Refusal {
    Refusal::new("an operand lies outside its memory")
}
