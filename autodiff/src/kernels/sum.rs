//! Sums: one tree of additions for an array of a given length, wherever its elements lie.

use super::lanes::{Lane, Lanes, Way};
use super::simd::vectorized;
use super::view::{Odometer, View, ViewMut};
use crate::real::Real;

/// The number of partial sums a chunk is added into.
const LANES: usize = 16;
/// The number of elements that are added before partial results are combined pairwise.
pub(super) const CHUNK: usize = 1024;

/// Σ x, as a fixed tree: element `i` of a chunk of 1,024 goes to partial sum `i mod 16`; the 16 partial sums, and then
/// the chunks, are added in pairs. The order depends on the number of elements alone, and the rounding error grows with
/// the logarithm of the number of chunks instead of the number of elements.
///
/// ```
/// assert_eq!(autodiff::kernels::sum(&[1.0, 2.0, 3.5]), 6.5);
/// assert_eq!(autodiff::kernels::sum::<f64>(&[]), 0.0);
/// ```
pub fn sum<F: Real>(x: &[F]) -> F {
    if x.len() <= LANES {
        return in_order(x);
    }
    let mut rest = x;
    tree(x.len(), &mut |length| {
        let (chunk, later) = rest.split_at(length);
        rest = later;
        one_chunk(chunk)
    })
}

/// The upper part of the tree: `chunk(n)` is the sum of the next n elements.
pub(super) fn tree<F: Real>(length: usize, chunk: &mut impl FnMut(usize) -> F) -> F {
    if length <= CHUNK {
        return chunk(length);
    }
    let half = left_half(length);
    let left = tree(half, chunk);
    left + tree(length - half, chunk)
}

/// The number of elements in the left half of a tree of more than one chunk: whole chunks.
fn left_half(length: usize) -> usize {
    length.div_ceil(CHUNK).div_ceil(2) * CHUNK
}

vectorized! {
    fn one_chunk(x: &[F]) -> F {
        chunk(x)
    }
}

/// The lower part of the tree: at most 1,024 elements.
#[inline(always)]
pub(super) fn chunk<F: Real>(x: &[F]) -> F {
    if x.len() <= LANES {
        return in_order(x);
    }
    // −0 is the unit of addition: it keeps the sign of a sum of negative zeros, as one element alone would.
    let mut lanes = [F::neg_zero(); LANES];
    let (rows, rest) = x.as_chunks::<LANES>();
    for row in rows {
        for (lane, x) in lanes.iter_mut().zip(row) {
            *lane = *lane + *x;
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane = *lane + *x;
    }
    let eight: [F; 8] = std::array::from_fn(|i| lanes[i] + lanes[i + 8]);
    let four: [F; 4] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// At most as many elements as there are partial sums: each is one, and there is nothing to pair.
#[inline(always)]
fn in_order<F: Real>(x: &[F]) -> F {
    x.iter().copied().reduce(|a, b| a + b).unwrap_or(F::zero())
}

/// Σ x over `axes`, for each position of the others.
pub fn sum_over<F: Real>(input: View<'_, F>, axes: &[usize], mut output: ViewMut<'_, F>) {
    let y = output.as_mut_slice();
    if let ([y], Some(x)) = (&mut *y, input.as_slice()) {
        *y = sum(x);
        return;
    }
    let lanes = Lanes::new(input, axes);
    match lanes.way() {
        Way::Rows { length, step } if length <= CHUNK => rows(lanes.data, length, step, y),
        Way::Columns { width } => {
            for (y, start) in y.chunks_mut(width).zip(lanes.groups()) {
                columns(&lanes, start, y);
            }
        }
        _ => lanes.each(y, lane),
    }
}

/// Σ of one lane, gathered in pieces where its elements do not lie in a row.
fn lane<F: Real>(lane: &mut Lane<'_, F>, block: &mut [F]) -> F {
    if let Lane::Row(x) = lane {
        return sum(x);
    }
    let mut at = 0;
    tree(lane.len(), &mut |length| {
        let sum = one_chunk(lane.piece(at, length, block));
        at += length;
        sum
    })
}

vectorized! {
    /// Short rows, `step` apart.
    fn rows(data: &[F], length: usize, step: usize, y: &mut [F]) {
        for (i, y) in y.iter_mut().enumerate() {
            *y = chunk(&data[i * step..i * step + length]);
        }
    }
}

/// The columns that are added at a time: what the partial sums of a strip take is a fraction of the nearest cache.
const WIDE: usize = 32;
/// The columns that are added at a time where there are fewer.
pub(super) const NARROW: usize = 8;

/// Σ of neighbouring columns, in strips, each column by the tree of its own. The last strip may overlap the one before:
/// the same sums come out again.
fn columns<F: Real>(lanes: &Lanes<'_, F>, start: usize, y: &mut [F]) {
    if y.len() < WIDE { strips::<F, NARROW>(lanes, start, y) } else { strips::<F, WIDE>(lanes, start, y) }
}

fn strips<F: Real, const W: usize>(lanes: &Lanes<'_, F>, start: usize, y: &mut [F]) {
    for strip in 0..y.len().div_ceil(W) {
        let first = (strip * W).min(y.len() - W);
        let sums: [F; W] = column_tree(&lanes.data[start + first..], lanes.length(), &mut lanes.offsets());
        y[first..first + W].copy_from_slice(&sums);
    }
}

/// [`tree`] for W neighbouring columns at once; `rows` are the offsets of their rows.
pub(super) fn column_tree<F: Real, const W: usize>(data: &[F], length: usize, rows: &mut Odometer) -> [F; W] {
    if length <= CHUNK {
        let mut sums = [F::neg_zero(); W];
        column_chunk(data, length, rows, &mut sums);
        return sums;
    }
    let half = left_half(length);
    let left: [F; W] = column_tree(data, half, rows);
    let right: [F; W] = column_tree(data, length - half, rows);
    std::array::from_fn(|c| left[c] + right[c])
}

vectorized! {
    /// [`chunk`] for W neighbouring columns at once.
    fn column_chunk[const W](data: &[F], length: usize, rows: &mut Odometer, sums: &mut [F; W]) {
        if length <= LANES {
            for row in rows.take(length) {
                add(sums, &data[row..]);
            }
            return;
        }
        let mut lanes = [[F::neg_zero(); W]; LANES];
        for (i, row) in rows.take(length).enumerate() {
            add(&mut lanes[i % LANES], &data[row..]);
        }
        for width in [8, 4, 2, 1] {
            let (left, right) = lanes.split_at_mut(width);
            left.iter_mut().zip(right).for_each(|(left, right)| add(left, right));
        }
        *sums = lanes[0];
    }
}

#[inline(always)]
fn add<F: Real, const W: usize>(sums: &mut [F; W], row: &[F]) {
    sums.iter_mut().zip(&row[..W]).for_each(|(sum, x)| *sum = *sum + *x);
}
