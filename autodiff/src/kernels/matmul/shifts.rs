//! The innermost loops of convolution, generic over the vector: sums of shifted rows, and products of rows with shifted
//! rows. The matrix of the product is implicit: its row k is x from the k-th shift on.

use super::LANES;
use super::vector::{Lanes, Number};
use smallvec::SmallVec;
use std::ops::Range;

/// Where the elements lie that each weight k = (c, i, j) of a window meets: its shift is c·plane + rows\[i\] +
/// columns\[j\].
#[derive(Clone, Debug)]
pub(in crate::kernels) struct Shifts {
    pub(in crate::kernels) channels: usize,
    pub(in crate::kernels) plane: usize,
    pub(in crate::kernels) rows: SmallVec<[usize; 16]>,
    pub(in crate::kernels) columns: SmallVec<[usize; 16]>,
}

impl Shifts {
    /// The number of weights.
    pub(in crate::kernels) fn depth(&self) -> usize {
        self.channels * self.rows.len() * self.columns.len()
    }

    /// The largest shift; there is one.
    pub(super) fn largest(&self) -> usize {
        let most = |shifts: &[usize]| shifts.iter().copied().max().unwrap_or(0);
        self.channels.saturating_sub(1) * self.plane + most(&self.rows) + most(&self.columns)
    }

    /// The shift of weight k.
    pub(super) fn of(&self, k: usize) -> usize {
        let width = self.columns.len();
        let (row, j) = (k / width, k % width);
        row / self.rows.len() * self.plane + self.rows[row % self.rows.len()] + self.columns[j]
    }
}

/// A tile of sums of shifted rows: some rows of the output, and of each some vectors of one line, or of some lines.
pub(super) struct Shifted<'a, F> {
    pub(super) shifts: &'a Shifts,
    /// The weights that are summed up.
    pub(super) ks: Range<usize>,
    /// The weights of the first row, and the step to the next row's.
    pub(super) a: *const F,
    pub(super) a_row: usize,
    /// x where the tile begins, without a shift, and its step from line to line.
    pub(super) x: *const F,
    pub(super) x_line: usize,
    pub(super) output: *mut F,
    pub(super) output_row: usize,
    pub(super) output_line: usize,
    /// The vectors of a line.
    pub(super) vectors: usize,
    /// How many columns the last vector of a line has.
    pub(super) last: usize,
    /// Whether the sums are added to what the output holds, instead of taking its place.
    pub(super) adds: bool,
}

/// One chain of multiply-adds over k for each of `R` rows and the columns of `N` vectors.
#[inline(always)]
pub(super) unsafe fn shifted<V: Lanes, const R: usize, const N: usize>(tile: &Shifted<'_, V::Number>) {
    let Shifted { shifts, ks, a, a_row, x, x_line, output, output_row, output_line, vectors, last, adds } = tile;
    let (height, width) = (shifts.rows.len(), shifts.columns.len());
    // Where each vector is in x and in the output, and whether it has all of its lanes.
    let (mut places, mut line, mut vector) = ([(0, 0, true); N], 0, 0);
    for place in &mut places {
        let whole = *last == V::COUNT || vector + 1 < *vectors;
        *place = (line * x_line + vector * V::COUNT, line * output_line + vector * V::COUNT, whole);
        vector += 1;
        if vector == *vectors {
            (line, vector) = (line + 1, 0);
        }
    }
    // SAFETY: the caller's: the machine has the instructions of `V`; `R` rows of `a`, x from each shift on, and the
    // tile of the output exist.
    unsafe {
        let mask = V::first(*last);
        let mut sums = [[V::splat(V::Number::ZERO); N]; R];
        let (mut k, mut row) = (ks.start, ks.start / width);
        while k < ks.end {
            let line = x.add(row / height * shifts.plane + *shifts.rows.get_unchecked(row % height));
            let columns = shifts.columns.get_unchecked(k - row * width..width.min(ks.end - row * width));
            for (j, column) in columns.iter().enumerate() {
                let x = line.add(*column);
                let mut vectors = [V::splat(V::Number::ZERO); N];
                for (vector, (at, _, whole)) in vectors.iter_mut().zip(places) {
                    let x = x.add(at);
                    *vector = if whole { V::load(x) } else { V::load_first(x, mask) };
                }
                for (r, row) in sums.iter_mut().enumerate() {
                    let weight = V::splat(*a.add(r * a_row + k + j));
                    for (sum, vector) in row.iter_mut().zip(vectors) {
                        *sum = weight.multiply_add(vector, *sum);
                    }
                }
            }
            k += columns.len();
            row += 1;
        }
        for (r, row) in sums.into_iter().enumerate() {
            for (sum, (_, at, whole)) in row.into_iter().zip(places) {
                let to = output.add(r * output_row + at);
                let sum = match (*adds, whole) {
                    (false, _) => sum,
                    (true, true) => V::load(to).add(sum),
                    (true, false) => V::load_first(to, mask).add(sum),
                };
                if whole { sum.store(to) } else { sum.store_first(to, mask) }
            }
        }
    }
}

/// Products of some rows with some shifted rows, each of `lines` lines.
pub(super) struct Products<F> {
    pub(super) lines: usize,
    /// The elements of a line.
    pub(super) width: usize,
    /// The first row, the step to the next, and that from line to line.
    pub(super) a: *const F,
    pub(super) a_row: usize,
    pub(super) a_line: usize,
    /// x from the first shifts on, and its step from line to line.
    pub(super) x: [*const F; TAPS],
    pub(super) x_line: usize,
    /// The partial sums, sixteen for each row and shift; those of the next row are `sums_row` apart.
    pub(super) sums: *mut F,
    pub(super) sums_row: usize,
}

/// The most shifts at a time.
pub(super) const TAPS: usize = 3;

/// Adds to the partial sums of `R` rows and `T` shifts, which are `P` vectors each: partial sum l has the elements
/// whose number within their line is l, modulo 16, line by line.
#[inline(always)]
pub(super) unsafe fn products<V: Lanes, const R: usize, const T: usize, const P: usize>(
    products: &Products<V::Number>,
) {
    let Products { lines, width, a, a_row, a_line, x, x_line, sums, sums_row } = products;
    // SAFETY: the caller's: the machine has the instructions of `V`; the rows and shifted rows have their lines, and
    // there is room for the sums.
    unsafe {
        let place = |r: usize, t: usize, p: usize| sums.add(r * sums_row + t * LANES + p * V::COUNT);
        let mut parts = [[[V::splat(V::Number::ZERO); P]; T]; R];
        for (r, row) in parts.iter_mut().enumerate() {
            for (t, tap) in row.iter_mut().enumerate() {
                for (p, part) in tap.iter_mut().enumerate() {
                    *part = V::load(place(r, t, p));
                }
            }
        }
        let whole = width / LANES * LANES;
        for line in 0..*lines {
            let (a, line) = (a.add(line * a_line), line * x_line);
            for f in (0..whole).step_by(LANES) {
                for p in 0..P {
                    let at = f + p * V::COUNT;
                    let mut shifted = [V::splat(V::Number::ZERO); T];
                    for (t, shifted) in shifted.iter_mut().enumerate() {
                        *shifted = V::load(x[t].add(line + at));
                    }
                    for (r, row) in parts.iter_mut().enumerate() {
                        let a = V::load(a.add(r * a_row + at));
                        for (tap, shifted) in row.iter_mut().zip(shifted) {
                            tap[p] = a.multiply_add(shifted, tap[p]);
                        }
                    }
                }
            }
            // Lanes without an element add 0·0 on every machine: it changes no sum but the sign of a zero.
            for p in (0..P).take_while(|_| whole < *width) {
                let (at, left) = (whole + p * V::COUNT, (width - whole).saturating_sub(p * V::COUNT));
                let mask = V::first(left.clamp(1, V::COUNT));
                let mut shifted = [V::splat(V::Number::ZERO); T];
                if left > 0 {
                    for (t, shifted) in shifted.iter_mut().enumerate() {
                        *shifted = V::load_first(x[t].add(line + at), mask);
                    }
                }
                for (r, row) in parts.iter_mut().enumerate() {
                    let a =
                        if left > 0 { V::load_first(a.add(r * a_row + at), mask) } else { V::splat(V::Number::ZERO) };
                    for (tap, shifted) in row.iter_mut().zip(shifted) {
                        tap[p] = a.multiply_add(shifted, tap[p]);
                    }
                }
            }
        }
        for (r, row) in parts.into_iter().enumerate() {
            for (t, tap) in row.into_iter().enumerate() {
                for (p, part) in tap.into_iter().enumerate() {
                    part.store(place(r, t, p));
                }
            }
        }
    }
}
