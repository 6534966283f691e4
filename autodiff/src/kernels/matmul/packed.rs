//! A matrix times a matrix: tiles of the output, from panels of a and b that fit the caches.
//!
//! A panel of b (some columns, so many k) is used by all rows before the next, and stays in the first cache; the panels of a
//! (some rows each) stay in the second. While the tiles of one panel of b are computed the next is packed, a slice after
//! each tile, so that waiting for memory and computing overlap. Small operands are read where they lie.

use super::machine::Machine;
use super::micro::{Ahead, Panel, Tile};
use super::vector::Number;
use super::{Matrix, Target, scratch};
use std::ops::Range;

// Under Miri all of these are small, so that small products go every way.

/// How many k a panel has, at most, and a chain of multiply-adds: 32 KiB of b, the first cache.
pub(super) const DEPTH: usize = if cfg!(miri) { 8 } else { 256 };
/// The bytes of `a` that are packed at once: half of a common second cache.
const PACKED_A: usize = if cfg!(miri) { 512 } else { 512 << 10 };
/// The rows of a panel of a, a multiple of those of a tile on every machine.
const PANEL: usize = 8;
/// The bytes of an operand up to which it is read where it lies: the second cache has room for both.
const SMALL: usize = if cfg!(miri) { 256 } else { 256 << 10 };

/// `output = a · b`, or that added to what the target says.
///
/// # Safety
/// The machine has the instructions of `M`, all elements exist, and neither `a` nor `b` is empty.
pub(super) unsafe fn product<F: Number, M: Machine<F>>(a: Matrix<F>, b: Matrix<F>, target: Target<F>) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let width = M::VECTORS * M::LANES;
    let bytes = |rows: usize, columns: usize| rows * columns * size_of::<F>();
    let depth = even(k, DEPTH);
    let far = bytes(k, n) > SMALL || conflict(depth, bytes(b.row, 1));
    let pack_b = (b.column != 1 && n > 1) || (m > 4 * M::ROWS && n > width && far);
    let pack_a = m >= M::ROWS && n > 2 * width && bytes(m, k) > SMALL;
    let height = if pack_a { even(m, (PACKED_A / bytes(1, depth)).max(1)).next_multiple_of(PANEL) } else { m };
    let work = |room: *mut F| {
        let (room_b, room_a) = (room, room.wrapping_add(if pack_b { 2 * width * depth } else { 0 }));
        for ks in blocks(k, depth) {
            for rows in blocks(m, height) {
                let mut block = Block {
                    a: a.at(rows.start, ks.start),
                    a_row: a.row,
                    a_step: a.column,
                    a_panel: None,
                    depth: ks.len(),
                    rows: rows.len(),
                    target: if ks.start > 0 { target.continued() } else { target }.at_row(rows.start),
                };
                // SAFETY: the ranges lie inside the operands, the room is as large as the panels, and the rest is the
                // caller's.
                unsafe {
                    if pack_a {
                        block.pack_a::<M>(room_a);
                    }
                    let b = b.some_rows(ks.clone());
                    if pack_b { block.times_packed::<M>(&b, room_b) } else { block.times::<M>(&b) }
                }
            }
        }
    };
    match (if pack_a { height * depth } else { 0 }) + (if pack_b { 2 * width * depth } else { 0 }) {
        0 => work(std::ptr::null_mut()),
        room => scratch::with(room, work),
    }
}

/// Whether a line of each of so many rows, at this distance in bytes, is more than the first cache can hold at once. The last
/// twelve bits of an address choose the set of a line, and a set holds eight lines on most machines: rows whose distance is a
/// multiple of a large power of two share few sets.
fn conflict(rows: usize, distance: usize) -> bool {
    const WAYS: usize = 8;
    let sets = 1 << (12 - distance.trailing_zeros().min(12));
    distance > 0 && rows > WAYS * sets
}

/// The smallest length of blocks that are as few as with blocks of `most`: no small one is left over.
#[inline(always)]
pub(super) fn even(length: usize, most: usize) -> usize {
    if length <= most { length } else { length.div_ceil(length.div_ceil(most)) }
}

/// `0..length` in blocks. Not `step_by`, which divides: that alone would take longer than a tiny product.
#[inline(always)]
pub(super) fn blocks(length: usize, block: usize) -> impl Iterator<Item = Range<usize>> {
    let mut rest = 0..length;
    std::iter::from_fn(move || {
        let start = rest.start;
        rest.start = length.min(start + block);
        (start < length).then_some(start..rest.start)
    })
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
    target: Target<F>,
}

/// For all of its functions: as for [`product`], at the block's rows and k, which are those of `b`.
impl<F: Number> Block<F> {
    /// Moves the rows to `room`, panel by panel.
    ///
    /// # Safety
    /// As above, and the room is as large as the block, its rows rounded up to whole panels.
    unsafe fn pack_a<M: Machine<F>>(&mut self, room: *mut F) {
        for rows in blocks(self.rows, PANEL) {
            let i = rows.start;
            let (from, to) = (self.a.wrapping_add(i * self.a_row), room.wrapping_add(i * self.depth));
            let (along, across, width) = (self.a_step, self.a_row, rows.len());
            // SAFETY: the caller's.
            unsafe { M::pack(&Panel { from, along, across, depth: self.depth, width, to, pitch: PANEL }) };
        }
        (self.a, self.a_row, self.a_step, self.a_panel) = (room, 1, PANEL, Some(PANEL * self.depth));
    }

    /// The output, from a `b` whose columns are neighbours where they lie.
    ///
    /// # Safety
    /// As above.
    unsafe fn times<M: Machine<F>>(&self, b: &Matrix<F>) {
        let mut j = 0;
        while j < b.columns {
            // One row has sums to spare: wider tiles of it read longer runs of b.
            let wide = self.rows == 1 && b.columns - j >= M::WIDE * M::LANES;
            let width = if wide { M::WIDE } else { M::VECTORS } * M::LANES;
            let columns = j..b.columns.min(j + width);
            j = columns.end;
            // SAFETY: the caller's.
            unsafe { self.columns::<M>(b.at(0, columns.start), b.row, columns, None) };
        }
    }

    /// The output, from any `b`, by way of two panels in `room`: one in use and one in the making.
    ///
    /// # Safety
    /// As above, and there is room for two panels.
    unsafe fn times_packed<M: Machine<F>>(&self, b: &Matrix<F>, room: *mut F) {
        let pitch = M::VECTORS * M::LANES;
        let mut panels = [room, room.wrapping_add(pitch * self.depth)];
        let panel = |columns: &Range<usize>, to: *mut F| Panel {
            from: b.at(0, columns.start),
            along: b.row,
            across: b.column,
            depth: self.depth,
            width: columns.len(),
            to,
            pitch,
        };
        let mut all = blocks(b.columns, pitch).peekable();
        // SAFETY: the caller's.
        unsafe {
            if let Some(first) = all.peek() {
                M::pack(&panel(first, panels[0]));
            }
            while let Some(columns) = all.next() {
                let next = all.peek().map(|columns| panel(columns, panels[1]));
                self.columns::<M>(panels[0], pitch, columns, next);
                panels.swap(0, 1);
            }
        }
    }

    /// The tiles of some columns of the output; those of b are at `b` and `step` apart from k to k. The `next` panel is
    /// packed on the way.
    ///
    /// # Safety
    /// As above, and for the panel.
    unsafe fn columns<M: Machine<F>>(&self, b: *const F, step: usize, columns: Range<usize>, next: Option<Panel<F>>) {
        let vectors = columns.len().div_ceil(M::LANES);
        let height = if self.a_panel.is_some() { M::ROWS } else { even(self.rows, M::ROWS) };
        // Slices of whole squares, as many as tiles.
        let slice = next.as_ref().map_or(0, |next| next.depth.div_ceil(self.rows.div_ceil(height)).next_multiple_of(8));
        let mut slices = blocks(self.depth, slice.max(1));
        for rows in blocks(self.rows, height) {
            let i = rows.start;
            let a = match self.a_panel {
                Some(panel) => i / PANEL * panel + i % PANEL,
                None => i * self.a_row,
            };
            let to = self.target.at_row(i).at_column(columns.start);
            let mut tile = Tile {
                depth: self.depth,
                a: self.a.wrapping_add(a),
                a_row: self.a_row,
                a_step: self.a_step,
                b,
                b_step: step,
                output: to.output,
                output_row: to.pitch,
                last: columns.len() - (vectors - 1) * M::LANES,
                before: to.before,
                before_row: to.before_pitch,
                ahead: [Ahead::NOTHING; 2],
            };
            let slice = slices.next().and_then(|ks| Some(next.as_ref()?.some(ks)));
            if self.a_panel.is_some() {
                // The tile below this one.
                let from = tile.output.wrapping_add(height * to.pitch);
                tile.ahead[0] = Ahead { from, step: to.pitch, rows: height };
            }
            if let Some(slice) = &slice {
                tile.ahead[1] = slice.ahead();
            }
            // SAFETY: the caller's.
            unsafe {
                M::tile(rows.len(), vectors, &tile);
                if let Some(slice) = &slice {
                    M::pack(slice);
                }
            }
        }
    }
}
