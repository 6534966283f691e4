//! The innermost loops, generic over the vector. Each is inlined into a function compiled for one machine
//! (`machine.rs`), which is where the vector's instructions may be used.

use super::LANES;
use super::vector::{Lanes, Number};
use crate::kernels::simd::fetch;
use std::ops::Range;

/// How many k are multiplied between requests for memory.
const RUN: usize = 8;

/// A tile of the output: some rows, some vectors wide, whose sums stay in registers while k runs.
pub(super) struct Tile<F> {
    /// How many k there are.
    pub(super) depth: usize,
    /// a of the first row at the first k, and its steps from row to row and from k to k.
    pub(super) a: *const F,
    pub(super) a_row: usize,
    pub(super) a_step: usize,
    /// b of the first column at the first k, and its step from k to k; columns are neighbours.
    pub(super) b: *const F,
    pub(super) b_step: usize,
    pub(super) output: *mut F,
    pub(super) output_row: usize,
    /// How many columns the last vector has.
    pub(super) last: usize,
    /// What the sums are added to, and its step from row to row: the output itself, another array, or nothing (null).
    pub(super) before: *const F,
    pub(super) before_row: usize,
    /// What the work after this tile will want.
    pub(super) ahead: [Ahead<F>; 2],
}

/// Memory to ask for ahead of time: 128 bytes, the row of a panel, at each of `rows` places.
pub(super) struct Ahead<F> {
    pub(super) from: *const F,
    pub(super) step: usize,
    pub(super) rows: usize,
}

impl<F> Ahead<F> {
    pub(super) const NOTHING: Self = Ahead { from: std::ptr::null(), step: 0, rows: 0 };

    #[inline(always)]
    fn ask(&self, row: usize) {
        if row < self.rows {
            fetch(self.from.wrapping_add(row * self.step), 128);
        }
    }
}

/// One chain of multiply-adds over k for each of `R` rows and the columns of `N` vectors.
#[inline(always)]
pub(super) unsafe fn tile<V: Lanes, const R: usize, const N: usize>(tile: &Tile<V::Number>) {
    // SAFETY: the caller's: the machine has the instructions of `V`; `R` rows of `a`, the tile's columns of `b` at `depth`
    // values of k, the tile of the output, and that of `before`, exist.
    unsafe {
        let mask = V::first(tile.last);
        let mut sums = [[V::splat(V::Number::ZERO); N]; R];
        let (mut a, mut b) = (tile.a, tile.b);
        let (mut rest, mut run) = (tile.depth, 0);
        while rest > 0 {
            // Requests one after another would fill the queue in front of the loads that are waited for.
            tile.ahead[0].ask(run);
            tile.ahead[1].ask(run);
            // A number of steps that the compiler does not know: of those it knows it makes one long piece of code, and moves
            // so many loads to its beginning that the sums no longer have a register each.
            let steps = rest.min(RUN);
            if tile.last == V::COUNT {
                for _ in 0..steps {
                    step::<V, R, N, true>(tile, &mut a, &mut b, &mut sums, mask);
                }
            } else {
                for _ in 0..steps {
                    step::<V, R, N, false>(tile, &mut a, &mut b, &mut sums, mask);
                }
            }
            (rest, run) = (rest - steps, run + 1);
        }
        if !tile.before.is_null() {
            for (i, row) in sums.iter_mut().enumerate() {
                let before = load::<V, N, false>(tile.before.add(i * tile.before_row), mask);
                for (sum, before) in row.iter_mut().zip(before) {
                    *sum = before.add(*sum);
                }
            }
        }
        for (i, row) in sums.into_iter().enumerate() {
            for (j, sum) in row.into_iter().enumerate() {
                let to = tile.output.add(i * tile.output_row + j * V::COUNT);
                if j + 1 == N { sum.store_first(to, mask) } else { sum.store(to) }
            }
        }
    }
}

/// One k of a tile.
#[inline(always)]
unsafe fn step<V: Lanes, const R: usize, const N: usize, const WHOLE: bool>(
    tile: &Tile<V::Number>,
    a: &mut *const V::Number,
    b: &mut *const V::Number,
    sums: &mut [[V; N]; R],
    mask: V::Mask,
) {
    // SAFETY: the caller's, as for the tile.
    unsafe {
        let columns = load::<V, N, WHOLE>(*b, mask);
        for (i, row) in sums.iter_mut().enumerate() {
            let x = V::splat(*a.add(i * tile.a_row));
            for (sum, column) in row.iter_mut().zip(columns) {
                *sum = x.multiply_add(column, *sum);
            }
        }
        // Past the last k these point nowhere, and nothing is read there.
        (*a, *b) = (a.wrapping_add(tile.a_step), b.wrapping_add(tile.b_step));
    }
}

/// `N` vectors in a row, of the last the lanes of `mask`, which are all of them where it is `WHOLE`.
#[inline(always)]
unsafe fn load<V: Lanes, const N: usize, const WHOLE: bool>(from: *const V::Number, mask: V::Mask) -> [V; N] {
    // SAFETY: the caller's: the elements exist.
    unsafe {
        let mut row = [V::splat(V::Number::ZERO); N];
        for (j, vector) in row.iter_mut().enumerate() {
            let from = from.add(j * V::COUNT);
            *vector = if WHOLE || j + 1 < N { V::load(from) } else { V::load_first(from, mask) };
        }
        row
    }
}

/// What is copied into a panel: `to[p·pitch + w] = from[p·along + w·across]` for p < `depth` and w < `width`.
pub(super) struct Panel<F> {
    pub(super) from: *const F,
    pub(super) along: usize,
    pub(super) across: usize,
    pub(super) depth: usize,
    pub(super) width: usize,
    pub(super) to: *mut F,
    pub(super) pitch: usize,
}

impl<F> Panel<F> {
    /// Some k of it.
    pub(super) fn some(&self, ks: Range<usize>) -> Self {
        let from = self.from.wrapping_add(ks.start * self.along);
        Panel { from, to: self.to.wrapping_add(ks.start * self.pitch), depth: ks.len(), ..*self }
    }

    /// The memory it is copied from.
    pub(super) fn ahead(&self) -> Ahead<F> {
        match (self.across, self.along) {
            (1, step) => Ahead { from: self.from, step, rows: self.depth },
            (step, _) => Ahead { from: self.from, step, rows: self.width },
        }
    }
}

/// Fills a panel: rows with vectors `V`, columns by transposing squares with `S`, what lies otherwise one by one.
#[inline(always)]
pub(super) unsafe fn pack<V: Lanes, S: Lanes<Number = V::Number>>(panel: &Panel<V::Number>) {
    let Panel { from, along, across, depth, width, to, pitch } = *panel;
    // SAFETY: the caller's: the machine has the instructions of `V` and `S`; all elements named in `Panel` exist.
    unsafe {
        if across == 1 {
            let (whole, rest) = (width / V::COUNT * V::COUNT, width % V::COUNT);
            let mask = V::first(rest.max(1));
            for p in 0..depth {
                let (from, to) = (from.add(p * along), to.add(p * pitch));
                for j in (0..whole).step_by(V::COUNT) {
                    V::load(from.add(j)).store(to.add(j));
                }
                if rest > 0 {
                    V::load_first(from.add(whole), mask).store_first(to.add(whole), mask);
                }
            }
        } else if along == 1 && S::SQUARE > 1 && depth >= S::SQUARE && width >= S::SQUARE {
            // The last squares of a row and of a column overlap their neighbours instead of being smaller.
            for p in (0..depth).step_by(S::SQUARE).map(|p| p.min(depth - S::SQUARE)) {
                for w in (0..width).step_by(S::SQUARE).map(|w| w.min(width - S::SQUARE)) {
                    S::transpose(from.add(w * across + p), across, to.add(p * pitch + w), pitch);
                }
            }
        } else {
            for p in 0..depth {
                for w in 0..width {
                    *to.add(p * pitch + w) = *from.add(p * along + w * across);
                }
            }
        }
    }
}

/// Some elements of a matrix times a vector: `depth` numbers k, `a` at the first row and k, `x` at the first k.
pub(super) struct Rows<F> {
    pub(super) depth: usize,
    pub(super) a: *const F,
    pub(super) a_row: usize,
    pub(super) a_step: usize,
    pub(super) x: *const F,
    pub(super) x_step: usize,
    pub(super) output: *mut F,
    /// Whether the sums are added to what the output holds, instead of taking its place.
    pub(super) adds: bool,
}

/// `R` rows whose elements are neighbours, times a vector whose elements are: the sixteen partial sums of a row are `P`
/// vectors.
#[inline(always)]
pub(super) unsafe fn dots<V: Lanes, const R: usize, const P: usize>(rows: &Rows<V::Number>) {
    // SAFETY: the caller's: the machine has the instructions of `V`; `R` rows and `x` have `depth` elements, the output `R`.
    unsafe {
        let mut sums = [[V::splat(V::Number::ZERO); P]; R];
        let whole = rows.depth / LANES * LANES;
        for k in (0..whole).step_by(LANES) {
            for j in 0..P {
                let x = V::load(rows.x.add(k + j * V::COUNT));
                for (i, row) in sums.iter_mut().enumerate() {
                    row[j] = V::load(rows.a.add(i * rows.a_row + k + j * V::COUNT)).multiply_add(x, row[j]);
                }
            }
        }
        for j in 0..P {
            let k = whole + j * V::COUNT;
            if k < rows.depth {
                let mask = V::first((rows.depth - k).min(V::COUNT));
                let x = V::load_first(rows.x.add(k), mask);
                for (i, row) in sums.iter_mut().enumerate() {
                    // A lane without a k keeps its sum: adding +0 would lose the sign of a −0.
                    let sum = V::load_first(rows.a.add(i * rows.a_row + k), mask).multiply_add(x, row[j]);
                    row[j] = row[j].replace_first(sum, mask);
                }
            }
        }
        for (i, mut row) in sums.into_iter().enumerate() {
            let mut width = P;
            while width > 1 {
                width /= 2;
                for j in 0..width {
                    row[j] = row[j].add(row[j + width]);
                }
            }
            let (to, sum) = (rows.output.add(i), row[0].sum());
            *to = if rows.adds { *to + sum } else { sum };
        }
    }
}

/// How many partial sums of a column of rows are computed at a time.
const GROUP: usize = 4;

/// `N` vectors of neighbouring rows, of the last the first `count` rows, times a vector: the sixteen partial sums of a row
/// are the same lane of sixteen vectors. A few partial sums at a time fit the registers for several vectors, and then
/// memory is read in longer runs.
#[inline(always)]
pub(super) unsafe fn columns<V: Lanes, const N: usize>(rows: &Rows<V::Number>, count: usize) {
    // SAFETY: the caller's: the machine has the instructions of `V`; the rows at `depth` k, `x`, and the output exist.
    unsafe {
        let mask = V::first(count);
        let mut sums = [[V::splat(V::Number::ZERO); N]; LANES];
        for (g, sums) in sums.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
            let mut group = *sums;
            let mut k = g * GROUP;
            while k + GROUP <= rows.depth {
                for (i, sums) in group.iter_mut().enumerate() {
                    partial::<V, N>(rows, k + i, mask, sums);
                }
                k += LANES;
            }
            for (k, sums) in (k..rows.depth).zip(&mut group) {
                partial::<V, N>(rows, k, mask, sums);
            }
            *sums = group;
        }
        let mut width = LANES;
        while width > 1 {
            width /= 2;
            let (lower, upper) = sums.split_at_mut(width);
            for (x, y) in lower.as_flattened_mut().iter_mut().zip(upper.as_flattened()) {
                *x = x.add(*y);
            }
        }
        for (j, sum) in sums[0].into_iter().enumerate() {
            let to = rows.output.add(j * V::COUNT);
            let sum = match (rows.adds, j + 1 == N) {
                (false, _) => sum,
                (true, false) => V::load(to).add(sum),
                (true, true) => V::load_first(to, mask).add(sum),
            };
            if j + 1 == N { sum.store_first(to, mask) } else { sum.store(to) }
        }
    }
}

/// One k of neighbouring rows, to the partial sums it belongs to.
#[inline(always)]
unsafe fn partial<V: Lanes, const N: usize>(rows: &Rows<V::Number>, k: usize, mask: V::Mask, sums: &mut [V; N]) {
    // SAFETY: the caller's: the rows at this k, and `x`, exist.
    unsafe {
        let x = V::splat(*rows.x.add(k * rows.x_step));
        let a = load::<V, N, false>(rows.a.add(k * rows.a_step), mask);
        for (sum, a) in sums.iter_mut().zip(a) {
            *sum = a.multiply_add(x, *sum);
        }
    }
}

/// One row, however it lies.
#[inline(always)]
pub(super) unsafe fn strided<F: Number>(row: &Rows<F>) {
    let mut sums = [F::ZERO; LANES];
    for k in 0..row.depth {
        // SAFETY: the caller's: the row and `x` have `depth` elements.
        let (a, x) = unsafe { (*row.a.add(k * row.a_step), *row.x.add(k * row.x_step)) };
        sums[k % LANES] = a.multiply_add(x, sums[k % LANES]);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            sums[lane] = sums[lane] + sums[lane + width];
        }
    }
    // SAFETY: the caller's: the output has an element.
    unsafe { *row.output = if row.adds { *row.output + sums[0] } else { sums[0] } }
}
