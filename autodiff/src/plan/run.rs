//! Running a plan's code. The one place of the planner that works on raw memory.
//!
//! Why it is sound. [`memory`](super::memory) gives two arrays that are needed at the same time ranges that do not overlap,
//! and [`verify`](super::verify) has looked at every address of the code: inside the arena or an input, and what is written
//! apart from what is read with it. The memory of inputs is as long as their shapes say, checked before the run, and an
//! input that is written was given as `&mut`. What runs in parallel writes disjoint ranges: blocks of a loop, rows of a
//! kernel, rows of scratch by thread.

#![allow(unsafe_code, clippy::indexing_slicing)]

use super::code::{Action, Code, Gather, Kernel, Loop, OperandSource, Place, Source, WholeStep};
use super::memory::Home;
use crate::base::error::Refusal;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{self, Elementwise, Lane, Operand, Prepared, Reader, View, ViewMut};
use crate::primitive::{self, Output};
use crate::tape::evaluate;
use smallvec::SmallVec;
use std::cell::Cell;
use std::ops::Range;

/// What one input is read from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw<F> {
    pub(crate) real: *mut F,
    pub(crate) index: *const usize,
    pub(crate) key: u64,
}

impl<F> Raw<F> {
    pub(crate) const NOTHING: Self = Raw { real: std::ptr::null_mut(), index: std::ptr::null(), key: 0 };

    /// The memory `offset` elements further on.
    pub(crate) fn moved(self, offset: usize) -> Self {
        Raw { real: self.real.wrapping_add(offset), index: self.index.wrapping_add(offset), key: self.key }
    }
}

// SAFETY: the pointers are only followed during `execute`, which borrows what they point to.
unsafe impl<F: Send> Send for Raw<F> {}
// SAFETY: as above; and what is written through them in parallel is disjoint.
unsafe impl<F: Sync> Sync for Raw<F> {}

/// Elements up to which a row is computed number by number: a loop takes some ten instructions to begin.
const FEW: usize = 4;

/// The memory that code runs on.
pub(crate) struct Machine<'a, F: Real> {
    pub(crate) code: &'a Code<F>,
    pub(crate) arena: *mut F,
    pub(crate) indices: *mut usize,
    pub(crate) keys: *mut u64,
    /// Where the rows of loops begin.
    pub(crate) scratch: usize,
    /// Those of per-step inputs move on between the steps of a loop, when nothing runs.
    pub(crate) feeds: &'a [Cell<Raw<F>>],
    /// How many pieces large work is divided into; more than one only inside a pool.
    pub(crate) pieces: usize,
    /// Work that is worth dividing.
    pub(crate) divided: usize,
}

// SAFETY: shared by the threads of one run, which write disjoint ranges (see the module's documentation).
unsafe impl<F: Real> Sync for Machine<'_, F> {}

/// A node whose kernel refused its values.
pub(crate) struct Refused {
    pub(crate) node: NodeId,
    pub(crate) refusal: Refusal,
}

impl<F: Real> Machine<'_, F> {
    pub(crate) fn run(&self, actions: Range<usize>) -> Result<(), Refused> {
        for action in &self.code.actions[actions] {
            match action {
                Action::Steps(range) => self.steps(range.clone()),
                Action::Numbers(range) => self.numbers(range.clone()),
                Action::Gather(gather) => self.gather(&self.code.gathers[*gather]),
                Action::Scan(scan) => self.scan(&self.code.scans[*scan])?,
                Action::Copy(copy) => {
                    let (source, place) = &self.code.copies[*copy];
                    self.copy(source, place);
                }
                Action::Kernel(kernel) => {
                    let kernel = &self.code.kernels[*kernel];
                    self.kernel(kernel).map_err(|refusal| Refused { node: kernel.node, refusal })?
                }
                Action::Loop(code) => self.whole_loop(&self.code.loops[*code]),
            }
        }
        Ok(())
    }

    pub(super) fn pointer(&self, home: Home) -> *mut F {
        match home {
            // SAFETY: homes lie inside the arena.
            Home::Arena(start) => unsafe { self.arena.add(start) },
            Home::Feed(slot) => self.feeds[slot].get().real,
            Home::Indices(_) | Home::Key(_) | Home::Row | Home::Nowhere => std::ptr::NonNull::dangling().as_ptr(),
        }
    }

    /// The indices at a home.
    pub(super) fn read_indices(&self, home: Home, length: usize) -> &[usize] {
        // SAFETY: verified to be memory for indices, of the plan or of an input whose kind and length were checked.
        unsafe {
            match home {
                Home::Indices(start) => std::slice::from_raw_parts(self.indices.add(start), length),
                Home::Feed(slot) => std::slice::from_raw_parts(self.feeds[slot].get().index, length),
                _ => &[],
            }
        }
    }

    /// The key at a home.
    pub(crate) fn read_key(&self, home: Home) -> u64 {
        match home {
            // SAFETY: verified to be memory for a key.
            Home::Key(at) => unsafe { *self.keys.add(at) },
            Home::Feed(slot) => self.feeds[slot].get().key,
            _ => 0,
        }
    }

    /// Where a result is written.
    ///
    /// # Safety
    /// Nothing else may read or write it as long as the answer lives.
    unsafe fn output<'s>(&'s self, place: &'s Place) -> Output<'s, F> {
        let length = place.size;
        // SAFETY: the caller's; verified to lie inside the memory for its kind.
        unsafe {
            match place.home {
                Home::Indices(start) => {
                    let data = std::slice::from_raw_parts_mut(self.indices.add(start), length);
                    Output::Index(ViewMut::whole(data, &place.shape))
                }
                Home::Key(at) => Output::Key(&mut *self.keys.add(at)),
                home => Output::Real(ViewMut::whole(self.write(home, length), &place.shape)),
            }
        }
    }

    pub(super) fn copy(&self, source: &OperandSource, place: &Place) {
        // SAFETY: verified to be apart from what is read.
        let output = unsafe { self.output(place) };
        match (self.operand(source), output) {
            (Ok(Operand::Index(x)), Output::Index(y)) => kernels::copy(x, y),
            (Ok(Operand::Key(x)), Output::Key(y)) => *y = x,
            _ => {}
        }
    }

    pub(crate) fn read(&self, home: Home, length: usize) -> &[F] {
        // SAFETY: see the module's documentation.
        unsafe { std::slice::from_raw_parts(self.pointer(home), length) }
    }

    /// # Safety
    /// Nothing else may read or write this range as long as the slice lives.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn write(&self, home: Home, length: usize) -> &mut [F] {
        // SAFETY: the caller's.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(home), length) }
    }

    #[inline(always)]
    pub(super) fn numbers(&self, range: Range<usize>) {
        let (arena, functions) = (self.arena, self.code.functions.as_slice());
        for step in &self.code.steps[range] {
            let function = &functions[usize::from(step.function)];
            let [a, b] = step.inputs;
            // SAFETY: these are numbers of the arena, read before the result is written.
            unsafe {
                let (a, b) = (*arena.add(a as usize), *arena.add(b as usize));
                *arena.add(step.output as usize) = function.number(a, b, b);
            }
        }
    }

    fn steps(&self, range: Range<usize>) {
        for WholeStep { function, length, operands, numbers, output, inputs } in self.code.whole_steps(range) {
            let function = &self.code.functions[usize::from(function)];
            // SAFETY: the operands are rows of `length` elements of the arena (what is not used is number 0), and the output
            // is none of them, unless all are single numbers, which are read before it is written.
            unsafe {
                let [a, b, c] = inputs.map(|start| self.arena.add(start as usize));
                let output = self.arena.add(output as usize);
                if length == 1 {
                    *output = function.number(*a, *b, *c);
                } else if length <= FEW && function.is_light() {
                    // What is a number stays where it is.
                    let [s, t, u] = [0, 1, 2].map(|k| usize::from(numbers >> k & 1 == 0));
                    for i in 0..length {
                        *output.add(i) = function.number(*a.add(s * i), *b.add(t * i), *c.add(u * i));
                    }
                } else {
                    let output = std::slice::from_raw_parts_mut(output, length);
                    row(function, operands as u8, numbers, [a, b, c], output);
                }
            }
        }
    }

    pub(crate) fn view<'s>(&'s self, source: &'s Source) -> Option<View<'s, F>> {
        let data = self.read(source.home, source.extent);
        match &source.layout {
            // As long as its shape says: plans are verified.
            None => Some(View::whole(data, &source.shape)),
            Some(layout) => View::strided(data.get(layout.offset..)?, &layout.shape, &layout.strides),
        }
    }

    fn gather(&self, gather: &Gather) {
        // SAFETY: the output is a row of its own, which nothing else reads now.
        let output = unsafe { self.write(Home::Arena(gather.output), gather.size) };
        if gather.row {
            let row = self.read(gather.source.home, gather.source.extent);
            output.chunks_exact_mut(row.len()).for_each(|output| output.copy_from_slice(row));
            return;
        }
        self.gather_into(&gather.source, &gather.shape, output);
    }

    /// Copies small inputs to their places in the arena: slot, position, size.
    pub(crate) fn copy_in(&self, inputs: &[(usize, usize, usize)]) {
        for (slot, start, size) in inputs {
            // SAFETY: each has a range of its own, and nothing runs yet.
            let place = unsafe { self.write(Home::Arena(*start), *size) };
            copy(self.read(Home::Feed(*slot), *size), place);
        }
    }

    /// Copies the outputs that update inputs, but were not computed over them.
    pub(crate) fn copy_out(&self) {
        for (slot, source) in &self.code.copied_out {
            // SAFETY: an input that is updated was given as `&mut`, and everything is computed.
            let place = unsafe { self.write(Home::Feed(*slot), source.shape.size()) };
            match source.layout {
                None => copy(self.read(source.home, source.extent), place),
                Some(_) => self.gather_into(source, &source.shape, place),
            }
        }
    }

    pub(super) fn gather_into(&self, source: &Source, shape: &Shape, output: &mut [F]) {
        if let Some(mut reader) = self.view(source).and_then(|view| Reader::new(view, shape)) {
            reader.read(output);
        }
    }

    /// Runs the kernel that was prepared for operands that lie like these.
    fn prepared(&self, kernel: &Kernel<F>, prepared: &Prepared<F>) {
        let mut inputs: SmallVec<[&[F]; 4]> = SmallVec::new();
        for operand in &kernel.operands {
            if let OperandSource::Real(source) = operand {
                let offset = source.layout.as_ref().map_or(0, |layout| layout.offset);
                inputs.push(&self.read(source.home, source.extent)[offset..]);
            }
        }
        if let [result] = kernel.results.as_slice() {
            // SAFETY: the result has a range of its own.
            prepared.run(&inputs, unsafe { self.write(result.home, result.size) });
        }
    }

    fn kernel(&self, kernel: &Kernel<F>) -> Result<(), Refusal> {
        if let (Some(prepared), false) = (&kernel.prepared, self.pieces > 1 && kernel.work >= self.divided) {
            self.prepared(kernel, prepared);
            return Ok(());
        }
        let rows = kernel.results[0].shape.first().copied().unwrap_or(1);
        match kernel.rows() {
            Some(cut) if self.pieces > 1 && kernel.work >= self.divided && rows > 1 => {
                let pieces = self.pieces.min(rows);
                let piece = |i: usize| self.kernel_rows(kernel, cut, rows * i / pieces..rows * (i + 1) / pieces);
                divide(0..pieces, &piece)
            }
            _ => {
                let mut operands: SmallVec<[Operand<'_, F>; 3]> = SmallVec::new();
                for operand in &kernel.operands {
                    operands.push(self.operand(operand)?);
                }
                let mut outputs: SmallVec<[Output<'_, F>; 1]> = SmallVec::new();
                for result in &kernel.results {
                    // SAFETY: each result has memory of its own.
                    outputs.push(unsafe { self.output(result) });
                }
                match &kernel.run {
                    primitive::Kernel::General(_) => {
                        let (start, length) = kernel.workspace;
                        // SAFETY: the workspace has a range of its own.
                        let workspace = unsafe { self.write(Home::Arena(start), length) };
                        evaluate::own_kernel(&*kernel.primitive, &operands, &mut outputs, workspace)
                    }
                    run => evaluate::run(&*kernel.primitive, run, &operands, &mut outputs),
                }
            }
        }
    }

    fn operand<'s>(&'s self, operand: &'s OperandSource) -> Result<Operand<'s, F>, Refusal> {
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

    /// Some rows of the result, from the same rows of the operands that are cut, and the whole of the others.
    fn kernel_rows(&self, kernel: &Kernel<F>, cut: &[bool], rows: Range<usize>) -> Result<(), Refusal> {
        let count = rows.len();
        let shapes: SmallVec<[Shape; 3]> = kernel
            .operands
            .iter()
            .map(|operand| match operand {
                OperandSource::Real(source) => source.shape.with_axis(0, count),
                _ => Shape::scalar(),
            })
            .collect();
        let mut strides: SmallVec<[SmallVec<[usize; 4]>; 3]> = SmallVec::new();
        for operand in &kernel.operands {
            strides.push(match operand {
                OperandSource::Real(Source { layout: Some(layout), .. }) => SmallVec::from_slice(&layout.strides),
                OperandSource::Real(source) => source.shape.strides(),
                _ => SmallVec::new(),
            });
        }
        let mut operands: SmallVec<[Operand<'_, F>; 3]> = SmallVec::new();
        for (i, operand) in kernel.operands.iter().enumerate() {
            operands.push(match operand {
                OperandSource::Real(source) if cut.get(i) == Some(&true) => {
                    let data = self.read(source.home, source.extent);
                    let offset = source.layout.as_ref().map_or(0, |layout| layout.offset);
                    let first = strides[i].first().copied().unwrap_or(0) * rows.start;
                    let view = View::strided(data.get(offset + first..).unwrap_or(&[]), &shapes[i], &strides[i]);
                    Operand::Real(view.ok_or_else(outside)?)
                }
                operand => self.operand(operand)?,
            });
        }
        let result = &kernel.results[0];
        let width = result.size / result.shape.first().copied().unwrap_or(1).max(1);
        let shape = result.shape.with_axis(0, count);
        // SAFETY: these rows are written here and nowhere else.
        let output = unsafe {
            let start = self.pointer(result.home).add(rows.start * width);
            std::slice::from_raw_parts_mut(start, count * width)
        };
        let mut outputs = [Output::Real(ViewMut::new(output, &shape).ok_or_else(outside)?)];
        evaluate::own_kernel(&*kernel.primitive, &operands, &mut outputs, &mut [])
    }

    fn whole_loop(&self, code: &Loop) {
        let blocks = code.size.div_ceil(self.code.block);
        let pieces = if code.work() >= self.divided { self.pieces.min(blocks) } else { 1 };
        let piece = |i: usize| {
            self.blocks(code, blocks * i / pieces..blocks * (i + 1) / pieces, i);
            Ok(())
        };
        // A loop refuses nothing.
        let _ = if pieces > 1 { divide(0..pieces, &piece) } else { piece(0) };
        for (_, partials, sum) in &code.totals {
            let sums = self.read(Home::Arena(*partials), blocks);
            // SAFETY: the sum has a cell of its own.
            unsafe { *self.arena.add(*sum) = kernels::sum_of_chunks(sums) };
        }
    }

    /// These blocks of a loop, with the rows of thread `piece`.
    fn blocks(&self, code: &Loop, blocks: Range<usize>, piece: usize) {
        // SAFETY: each piece has `code.rows` rows of scratch of its own behind the arrays.
        let scratch = unsafe { self.arena.add(self.scratch + piece * self.code.rows * self.code.pitch()) };
        let mut rows: SmallVec<[*mut F; 32]> = SmallVec::new();
        // SAFETY: as above.
        (0..code.rows).for_each(|row| rows.push(unsafe { scratch.add(row * self.code.pitch()) }));
        code.streams.iter().for_each(|stream| rows.push(self.pointer(stream.home)));
        let streams = code.streams.iter().enumerate().filter(|(_, stream)| stream.moves);
        let moving: SmallVec<[usize; 16]> = streams.map(|(i, _)| code.rows + i).collect();
        let mut readers: SmallVec<[(u16, Reader<'_, F>); 4]> = SmallVec::new();
        for (row, source, shape) in &code.gathers {
            if let Some(mut reader) = self.view(source).and_then(|view| Reader::new(view, shape)) {
                reader.seek(blocks.start * self.code.block);
                readers.push((*row, reader));
            }
        }
        for block in blocks {
            let start = block * self.code.block;
            let length = self.code.block.min(code.size - start);
            for (row, stream) in rows[code.rows..].iter_mut().zip(&code.streams) {
                if stream.moves {
                    // SAFETY: a stream that moves is an array of `code.size` elements.
                    *row = unsafe { self.pointer(stream.home).add(start) };
                }
            }
            // SAFETY: rows and streams are ranges of `length` elements; the output of a step is none of its operands;
            // nothing outside this block touches them while it runs.
            unsafe {
                for (row, reader) in &mut readers {
                    reader.read(std::slice::from_raw_parts_mut(rows[usize::from(*row)], length));
                }
                // While one block is computed the next is on its way, some quarters of rows at each step.
                let quarter = length.div_ceil(4);
                let mut ahead = if start + length < code.size { 0..4 * moving.len() } else { 0..0 };
                let share = ahead.len().div_ceil(code.steps.len().max(1));
                for step in &code.steps {
                    for part in ahead.by_ref().take(share) {
                        let next = rows[moving[part / 4]].wrapping_add(length + part % 4 * quarter);
                        kernels::fetch(next, quarter * size_of::<F>());
                    }
                    let inputs = step.inputs.map(|row| rows[usize::from(row)]);
                    let output = std::slice::from_raw_parts_mut(rows[usize::from(step.output)], length);
                    let function = &self.code.functions[step.function as usize];
                    row(function, step.operands, step.numbers, inputs, output);
                }
                for (row, partials, _) in &code.totals {
                    let x = std::slice::from_raw_parts(rows[usize::from(*row)], length);
                    *self.arena.add(partials + block) = kernels::sum(x);
                }
                for (row, stream) in &code.writes {
                    std::ptr::copy_nonoverlapping(rows[usize::from(*row)], rows[usize::from(*stream)], length);
                }
            }
        }
    }
}

/// Copies a row. Short ones are not worth a call.
#[inline(always)]
pub(super) fn copy<F: Copy>(from: &[F], to: &mut [F]) {
    match from.len() {
        0..=8 => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
        _ => to.copy_from_slice(from),
    }
}

/// One function on the first `operands` of these rows, which are as long as the output, or numbers where `numbers` has
/// their bit.
///
/// # Safety
/// Those rows can be read, and do not overlap the output.
#[inline(always)]
unsafe fn row<F: Real>(function: &Elementwise<F>, operands: u8, numbers: u8, rows: [*mut F; 3], output: &mut [F]) {
    let n = output.len();
    // SAFETY: the caller's.
    let lane = |k: usize| unsafe {
        match numbers >> k & 1 {
            0 => Lane::Row(std::slice::from_raw_parts(rows[k], n)),
            _ => Lane::Number(*rows[k]),
        }
    };
    match operands {
        1 => function.row(&[lane(0)], output),
        2 => function.row(&[lane(0), lane(1)], output),
        _ => function.row(&[lane(0), lane(1), lane(2)], output),
    }
}

fn outside() -> Refusal {
    Refusal::new("an operand lies outside its memory")
}

/// Runs the pieces, by all threads of the pool this runs in.
fn divide(pieces: Range<usize>, run: &(impl Fn(usize) -> Result<(), Refusal> + Sync)) -> Result<(), Refusal> {
    match pieces.len() {
        0 => Ok(()),
        1 => run(pieces.start),
        n => {
            let middle = pieces.start + n / 2;
            let (left, right) = (pieces.start..middle, middle..pieces.end);
            let (left, right) = rayon::join(|| divide(left, run), || divide(right, run));
            left.and(right)
        }
    }
}
