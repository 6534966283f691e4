//! Running the actions of a plan's code.

#![allow(unsafe_code, clippy::indexing_slicing)]

use super::{Machine, Refused, outside};
use crate::base::error::Refusal;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{self, Elementwise, Lane, Operand, Prepared, Reader, View, ViewMut};
use crate::plan::code::{Action, Gather, Kernel, Loop, Onto, OperandSource, Source, WholeStep};
use crate::plan::memory::Home;
use crate::primitive::{self, Output};
use crate::program::pads::PARTS;
use crate::tape::evaluate;
use smallvec::SmallVec;
use std::ops::Range;

/// Elements up to which a row is computed number by number: a loop takes some ten instructions to begin.
const FEW: usize = 4;

/// Bytes of all arrays of a loop up to which they are not asked for ahead of time: half of a common second cache.
const NEAR: usize = 1 << 20;

impl<F: Real> Machine<'_, F> {
    /// Runs these actions of the code.
    pub(in crate::plan) fn run(&mut self, actions: Range<usize>) -> Result<(), Refused> {
        for action in &self.code.actions[actions] {
            // SAFETY: actions of the code, verified, one after the other.
            unsafe {
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
                    Action::Onto(onto) => self.onto(&self.code.onto[*onto]),
                    Action::Loop(code) => self.whole_loop(&self.code.loops[*code]),
                }
            }
        }
        Ok(())
    }

    /// # Safety
    /// An action of the code, verified, and the only one that runs.
    #[inline(always)]
    pub(super) unsafe fn numbers(&self, range: Range<usize>) {
        let (arena, functions) = (self.memory.arena, self.code.functions.as_slice());
        for step in &self.code.steps[range] {
            let function = &functions[usize::from(step.function)];
            let [a, b] = step.inputs;
            // SAFETY: verified to be numbers of the arena; they are read before the result is written.
            unsafe {
                let (a, b) = (*arena.add(a as usize), *arena.add(b as usize));
                *arena.add(step.output as usize) = function.number(a, b, b);
            }
        }
    }

    /// # Safety
    /// An action of the code, verified, and the only one that runs.
    unsafe fn steps(&self, range: Range<usize>) {
        for WholeStep { function, length, operands, numbers, output, inputs } in self.code.whole_steps(range) {
            let function = &self.code.functions[usize::from(function)];
            // SAFETY: verified: the operands are rows of `length` elements of the arena (what is not used is number 0), and the
            // output overlaps none of them, unless all are single numbers, which are read before it is written.
            unsafe {
                let [a, b, c] = inputs.map(|start| self.memory.arena.add(start as usize));
                let output = self.memory.arena.add(output as usize);
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

    /// # Safety
    /// An action of the code, verified, and the only one that runs.
    unsafe fn gather(&self, gather: &Gather) {
        // SAFETY: verified: the output is apart from the source.
        unsafe {
            let output = self.write(Home::Arena(gather.output), gather.size);
            if gather.row {
                let row = self.read(gather.source.home, gather.source.extent);
                output.chunks_exact_mut(row.len()).for_each(|output| output.copy_from_slice(row));
            } else {
                self.gather_into(&gather.source, &gather.shape, output);
            }
        }
    }

    /// Runs the kernel that was prepared for operands that lie like these.
    ///
    /// # Safety
    /// As for [`kernel`](Self::kernel).
    unsafe fn prepared(&self, kernel: &Kernel<F>, prepared: &Prepared<F>) {
        let mut inputs: SmallVec<[&[F]; 4]> = SmallVec::new();
        for operand in &kernel.operands {
            if let OperandSource::Real(source) = operand {
                let offset = source.layout.as_ref().map_or(0, |layout| layout.offset);
                // SAFETY: an operand, verified.
                inputs.push(&unsafe { self.read(source.home, source.extent) }[offset..]);
            }
        }
        if let [result] = kernel.results.as_slice() {
            // SAFETY: verified: the result is apart from the operands.
            prepared.run(&inputs, unsafe { self.write(result.home, result.size) });
        }
    }

    /// # Safety
    /// An action of the code, verified, and the only one that runs.
    unsafe fn kernel(&self, kernel: &Kernel<F>) -> Result<(), Refusal> {
        if let (Some(prepared), false) = (&kernel.prepared, self.pieces > 1 && kernel.work >= self.divided) {
            // SAFETY: the caller's.
            unsafe { self.prepared(kernel, prepared) };
            return Ok(());
        }
        let rows = kernel.results[0].shape.first().copied().unwrap_or(1);
        match kernel.rows() {
            Some(cut) if self.pieces > 1 && kernel.work >= self.divided && rows > 1 => {
                let pieces = self.pieces.min(rows);
                // SAFETY: the caller's, and the rows of pieces are disjoint.
                let piece =
                    |i: usize| unsafe { self.kernel_rows(kernel, cut, rows * i / pieces..rows * (i + 1) / pieces, i) };
                self.team.divide(pieces, &piece)
            }
            _ => {
                // As many as a plan puts together where parts of an array meet: no memory is asked for.
                let mut operands: SmallVec<[Operand<'_, F>; PARTS]> = SmallVec::new();
                for operand in &kernel.operands {
                    // SAFETY: an operand, verified.
                    operands.push(unsafe { self.operand(operand)? });
                }
                let mut outputs: SmallVec<[Output<'_, F>; 2]> = SmallVec::new();
                for result in &kernel.results {
                    // SAFETY: verified: each result is apart from the operands and the other results.
                    outputs.push(unsafe { self.output(result) });
                }
                match &kernel.run {
                    primitive::Kernel::General(_) => {
                        let (start, length) = kernel.workspace;
                        // SAFETY: verified: the workspace is apart from all of these.
                        let workspace = unsafe { self.write(Home::Arena(start), length) };
                        evaluate::own_kernel(&*kernel.primitive, &operands, &mut outputs, workspace)
                    }
                    run => evaluate::run(&*kernel.primitive, run, &operands, &mut outputs),
                }
            }
        }
    }

    /// Some rows of the results, from the same rows of the operands that are cut, and the whole of the others, with the
    /// workspace of thread `piece`.
    ///
    /// # Safety
    /// As for [`kernel`](Self::kernel), and no other thread writes these rows or uses that workspace.
    unsafe fn kernel_rows(
        &self,
        kernel: &Kernel<F>,
        cut: &[bool],
        rows: Range<usize>,
        piece: usize,
    ) -> Result<(), Refusal> {
        let cut_shape = |shape: &Shape| shape.with_axis(0, rows.len());
        let width = |size: usize, shape: &Shape| size / shape.first().copied().unwrap_or(1).max(1);
        let cut_one = |(i, operand): (usize, &OperandSource)| match cut.get(i) {
            Some(true) => cut_shape(&operand.shape()),
            _ => Shape::scalar(),
        };
        let shapes: SmallVec<[Shape; 3]> = kernel.operands.iter().enumerate().map(cut_one).collect();
        let mut strides: SmallVec<[SmallVec<[usize; 4]>; 3]> = SmallVec::new();
        for operand in &kernel.operands {
            strides.push(match operand {
                OperandSource::Real(Source { layout: Some(layout), .. }) => SmallVec::from_slice(&layout.strides),
                operand => operand.shape().strides(),
            });
        }
        let mut operands: SmallVec<[Operand<'_, F>; 3]> = SmallVec::new();
        for (i, operand) in kernel.operands.iter().enumerate() {
            let first = strides[i].first().copied().unwrap_or(0) * rows.start;
            // SAFETY: an operand, verified.
            operands.push(match (operand, unsafe { self.operand(operand)? }) {
                (OperandSource::Real(source), _) if cut.get(i) == Some(&true) => {
                    // SAFETY: an operand, verified.
                    let data = unsafe { self.read(source.home, source.extent) };
                    let offset = source.layout.as_ref().map_or(0, |layout| layout.offset);
                    let view = View::strided(data.get(offset + first..).unwrap_or(&[]), &shapes[i], &strides[i]);
                    Operand::Real(view.ok_or_else(outside)?)
                }
                (_, Operand::Index(whole)) if cut.get(i) == Some(&true) => {
                    let data = whole.as_slice().and_then(|data| data.get(first..)).unwrap_or(&[]);
                    Operand::Index(View::strided(data, &shapes[i], &strides[i]).ok_or_else(outside)?)
                }
                (_, whole) => whole,
            });
        }
        let shapes: SmallVec<[Shape; 2]> = kernel.results.iter().map(|result| cut_shape(&result.shape)).collect();
        let mut outputs: SmallVec<[Output<'_, F>; 2]> = SmallVec::new();
        for (result, shape) in kernel.results.iter().zip(&shapes) {
            let width = width(result.size, &result.shape);
            // SAFETY: the caller's; the rows lie in the result, which is apart from the operands and other results (verified).
            outputs.push(unsafe {
                match result.home {
                    Home::Indices(start) => {
                        let start = self.memory.indices.add(start + rows.start * width);
                        let rows = std::slice::from_raw_parts_mut(start, rows.len() * width);
                        Output::Index(ViewMut::new(rows, shape).ok_or_else(outside)?)
                    }
                    home => {
                        let start = self.pointer(home).add(rows.start * width);
                        let rows = std::slice::from_raw_parts_mut(start, rows.len() * width);
                        Output::Real(ViewMut::new(rows, shape).ok_or_else(outside)?)
                    }
                }
            });
        }
        // SAFETY: the share of the piece has room for the workspace of every kernel that is divided (verified), and the
        // caller's.
        let workspace = unsafe {
            let start = self.memory.arena.add(self.memory.scratch + piece * self.code.share());
            std::slice::from_raw_parts_mut(start, kernel.workspace.1)
        };
        evaluate::own_kernel(&*kernel.primitive, &operands, &mut outputs, workspace)
    }

    /// # Safety
    /// An action of the code, verified, and the only one that runs.
    unsafe fn onto(&self, onto: &Onto) {
        let how = &onto.how;
        let pieces = if how.work() >= self.divided { self.pieces.min(how.rows) } else { 1 };
        let piece = |i: usize| {
            let rows = how.rows * i / pieces..how.rows * (i + 1) / pieces;
            let operands = onto.operands.each_ref().map(|source| self.pointer(source.home).cast_const());
            let output = self.pointer(onto.output).wrapping_add(rows.start * how.columns);
            // SAFETY: verified: the operands reach so far, and the sum lies apart from them, or where what is added lies; the
            // rows of pieces are disjoint.
            unsafe { how.run(rows, operands, output) };
            Ok(())
        };
        // A product that fits refuses nothing.
        let _ = if pieces > 1 { self.team.divide(pieces, &piece) } else { piece(0) };
    }

    /// # Safety
    /// An action of the code, verified, and the only one that runs.
    unsafe fn whole_loop(&self, code: &Loop) {
        let blocks = code.size.div_ceil(self.code.block);
        let pieces = if code.work() >= self.divided { self.pieces.min(blocks) } else { 1 };
        let piece = |i: usize| {
            // SAFETY: the caller's, and the blocks of pieces are disjoint.
            unsafe { self.blocks(code, blocks * i / pieces..blocks * (i + 1) / pieces, i) };
            Ok(())
        };
        // A loop refuses nothing.
        let _ = if pieces > 1 { self.team.divide(pieces, &piece) } else { piece(0) };
        for (_, partials, sum) in &code.totals {
            // SAFETY: verified: the sum is apart from the partial sums, which are all there.
            unsafe {
                *self.memory.arena.add(*sum) = kernels::sum_of_chunks(self.read(Home::Arena(*partials), blocks));
            }
        }
    }

    /// These blocks of a loop, with the rows of thread `piece`.
    ///
    /// # Safety
    /// As for [`whole_loop`](Self::whole_loop), and no other thread runs these blocks or uses those rows.
    unsafe fn blocks(&self, code: &Loop, blocks: Range<usize>, piece: usize) {
        let (arena, pitch) = (self.memory.arena, self.code.pitch());
        // SAFETY: each piece has its share behind the arrays, which has room for `self.code.rows` rows.
        let scratch = unsafe { arena.add(self.memory.scratch + piece * self.code.share()) };
        let mut rows: SmallVec<[*mut F; 32]> = SmallVec::new();
        // SAFETY: as above; a loop has no more of them (verified).
        (0..code.rows).for_each(|row| rows.push(unsafe { scratch.add(row * pitch) }));
        code.streams.iter().for_each(|stream| rows.push(self.pointer(stream.home)));
        let streams = code.streams.iter().enumerate().filter(|(_, stream)| stream.moves);
        let moving: SmallVec<[usize; 16]> = streams.map(|(i, _)| code.rows + i).collect();
        let mut readers: SmallVec<[(u16, bool, Reader<'_, F>); 4]> = SmallVec::new();
        for (row, source, shape) in &code.gathers {
            // SAFETY: verified; no step and no write of the loop changes it.
            let view = unsafe { self.view(source) };
            if let Some(mut reader) = view.and_then(|view| Reader::new(view, shape)) {
                reader.seek(blocks.start * self.code.block);
                // The same in each block, if it begins again with each.
                let is_constant = self.code.block.checked_rem(reader.period()) == Some(0);
                readers.push((*row, is_constant, reader));
            }
        }
        // What the second cache holds is near enough.
        let far = moving.len() * code.size * size_of::<F>() > NEAR;
        let first = blocks.start;
        for block in blocks {
            let start = block * self.code.block;
            let length = self.code.block.min(code.size - start);
            for (row, stream) in rows[code.rows..].iter_mut().zip(&code.streams) {
                if stream.moves {
                    // SAFETY: a stream that moves is an array of `code.size` elements.
                    *row = unsafe { self.pointer(stream.home).add(start) };
                }
            }
            // SAFETY: rows and streams are ranges of `length` elements; verified: the output of a step is none of its operands,
            // and what is written is apart from all other streams; no other piece touches this block.
            unsafe {
                for (row, _, reader) in readers.iter_mut().filter(|(_, is_constant, _)| block == first || !is_constant)
                {
                    reader.read(std::slice::from_raw_parts_mut(rows[usize::from(*row)], length));
                }
                // While one block is computed the next is on its way, some quarters of rows at each step.
                let quarter = length.div_ceil(4);
                let mut ahead = if far && start + length < code.size { 0..4 * moving.len() } else { 0..0 };
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
                    *arena.add(partials + block) = kernels::sum(x);
                }
                for (row, stream) in &code.writes {
                    std::ptr::copy_nonoverlapping(rows[usize::from(*row)], rows[usize::from(*stream)], length);
                }
            }
        }
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
