//! A matrix times a matrix: tiles of the output, from panels of a and b that fit the caches.
//!
//! A panel of b (some columns, so many k) is used by all rows before the next is made, and stays in the first cache; the
//! panels of a (some rows each) stay in the second. Small operands are read where they lie.

use super::machine::Machine;
use super::micro::{Panel, Tile};
use super::vector::Number;
use super::{Matrix, scratch};
use std::ops::Range;

// Under Miri all of these are small, so that small products go every way.

/// How many k a panel has: 32 KiB of b, the first cache.
const DEPTH: usize = if cfg!(miri) { 8 } else { 256 };
/// The bytes of `a` that are packed at once: half of a common second cache.
const PACKED_A: usize = if cfg!(miri) { 512 } else { 512 << 10 };
/// The rows of a panel of a.
const PANEL: usize = 8;
/// The bytes of an operand up to which it is read where it lies.
const SMALL: usize = if cfg!(miri) { 256 } else { 32 << 10 };

/// `output = a · b`, row by row `pitch` apart.
///
/// # Safety
/// The machine has the instructions of `M`, all elements exist, and neither `a` nor `b` is empty.
pub(super) unsafe fn product<F: Number, M: Machine<F>>(a: Matrix<F>, b: Matrix<F>, output: *mut F, pitch: usize) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let bytes = |rows: usize, columns: usize| rows * columns * size_of::<F>();
    let panel = M::VECTORS * M::LANES;
    let pack_b = (b.column != 1 && n > 1) || (m > 2 * M::ROWS && bytes(k, n) > SMALL);
    let pack_a = n > 2 * panel && bytes(m, k) > SMALL;
    let depth = even(k, DEPTH);
    let height = if pack_a { even(m, PACKED_A / bytes(1, depth)).next_multiple_of(PANEL) } else { m };
    let room_a = if pack_a { height * depth } else { 0 };
    let room_b = if pack_b { panel * depth } else { 0 };
    scratch::with(room_b + room_a, |room: *mut F| {
        for ks in blocks(k, depth) {
            for rows in blocks(m, height) {
                // SAFETY: the ranges lie inside the operands, the room is as large as the panels, and the rest is the
                // caller's.
                unsafe {
                    let mut block = Block {
                        a: a.at(rows.start, ks.start),
                        a_row: a.row,
                        a_step: a.column,
                        a_panel: None,
                        depth: ks.len(),
                        rows: rows.len(),
                        resume: ks.start > 0,
                        output: output.add(rows.start * pitch),
                        pitch,
                    };
                    if pack_a {
                        block.pack_a::<M>(room.add(room_b));
                    }
                    let mut j = 0;
                    while j < n {
                        let wide = m == 1 && !pack_b && n - j >= M::WIDE * M::LANES;
                        let width = if wide { M::WIDE * M::LANES } else { panel.min(n - j) };
                        let (mut from, mut step) = (b.at(ks.start, j), b.row);
                        if pack_b {
                            let across = b.column;
                            M::pack(&Panel {
                                from,
                                along: step,
                                across,
                                depth: ks.len(),
                                width,
                                to: room,
                                pitch: panel,
                            });
                            (from, step) = (room, panel);
                        }
                        block.columns::<M>(from, step, j, width);
                        j += width;
                    }
                }
            }
        }
    });
}

/// The smallest length of blocks that are as few as with blocks of `most`: no small one is left over.
fn even(length: usize, most: usize) -> usize {
    length.div_ceil(length.div_ceil(most.max(1)))
}

fn blocks(length: usize, block: usize) -> impl Iterator<Item = Range<usize>> {
    (0..length).step_by(block).map(move |start| start..length.min(start + block))
}

impl<F> Matrix<F> {
    /// Where the element in row i and column j is.
    fn at(&self, i: usize, j: usize) -> *const F {
        self.data.wrapping_add(i * self.row + j * self.column)
    }
}

/// Some rows of a, at some k.
struct Block<F> {
    a: *const F,
    a_row: usize,
    a_step: usize,
    /// The elements from one panel of rows to the next, where they are packed.
    a_panel: Option<usize>,
    depth: usize,
    rows: usize,
    resume: bool,
    output: *mut F,
    pitch: usize,
}

impl<F: Number> Block<F> {
    /// Moves the rows to `room`, panel by panel.
    ///
    /// # Safety
    /// As for [`product`], and the room is as large as the block, its rows rounded up to whole panels.
    unsafe fn pack_a<M: Machine<F>>(&mut self, room: *mut F) {
        for i in (0..self.rows).step_by(PANEL) {
            let (from, to) = (self.a.wrapping_add(i * self.a_row), room.wrapping_add(i * self.depth));
            let (along, across, width) = (self.a_step, self.a_row, PANEL.min(self.rows - i));
            // SAFETY: the caller's.
            unsafe { M::pack(&Panel { from, along, across, depth: self.depth, width, to, pitch: PANEL }) };
        }
        (self.a, self.a_row, self.a_step, self.a_panel) = (room, 1, PANEL, Some(PANEL * self.depth));
    }

    /// The tiles of `width` columns of the output from `column` on.
    ///
    /// # Safety
    /// As for [`product`]; `b` and `step` say where the columns of b are, from the block's first k on.
    unsafe fn columns<M: Machine<F>>(&self, b: *const F, step: usize, column: usize, width: usize) {
        let vectors = width.div_ceil(M::LANES);
        let height = if self.a_panel.is_some() { M::ROWS } else { even(self.rows, M::ROWS) };
        for rows in blocks(self.rows, height) {
            let i = rows.start;
            let a = match self.a_panel {
                Some(panel) => i / PANEL * panel + i % PANEL,
                None => i * self.a_row,
            };
            let tile = Tile {
                depth: self.depth,
                a: self.a.wrapping_add(a),
                a_row: self.a_row,
                a_step: self.a_step,
                b,
                b_step: step,
                output: self.output.wrapping_add(i * self.pitch + column),
                output_row: self.pitch,
                last: width - (vectors - 1) * M::LANES,
                resume: self.resume,
            };
            // SAFETY: the caller's.
            unsafe { M::tile(rows.len(), vectors, &tile) };
        }
    }
}
