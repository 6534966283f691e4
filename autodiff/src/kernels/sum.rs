//! Sums: one tree of additions for an array of a given length, wherever its elements lie.

use super::lanes::{Lane, Lanes, Way};
use super::order::Odometer;
use super::simd::vectorized;
use super::view::{View, ViewMut};
use crate::base::real::Real;

/// The number of partial sums a chunk is added into.
const LANES: usize = 16;
/// The number of elements that are added before partial results are combined pairwise. Fewer under Miri, so that a small
/// array has several chunks.
pub(crate) const CHUNK: usize = if cfg!(miri) { 128 } else { 1024 };

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
    if x.len() <= CHUNK {
        return one_chunk(x);
    }
    let (left, right) = x.split_at(left_half(x.len()));
    if x.len() == 2 * CHUNK { two_chunks([left, right]) } else { sum(left) + sum(right) }
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

/// The end of [`sum`], from the sums of its chunks: they are added in the same pairs.
pub(crate) fn sum_of_chunks<F: Real>(sums: &[F]) -> F {
    match sums {
        [] => F::zero(),
        [sum] => *sum,
        _ => {
            let (left, right) = sums.split_at(sums.len().div_ceil(2));
            sum_of_chunks(left) + sum_of_chunks(right)
        }
    }
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
    paired(lanes)
}

/// The partial sums of a chunk, added in pairs.
#[inline(always)]
fn paired<F: Real>(lanes: [F; LANES]) -> F {
    let eight: [F; 8] = std::array::from_fn(|i| lanes[i] + lanes[i + 8]);
    let four: [F; 4] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// At most as many elements as there are partial sums: each is one, and there is nothing to pair.
#[inline(always)]
fn in_order<F: Real>(x: &[F]) -> F {
    x.iter().copied().reduce(|a, b| a + b).unwrap_or(F::zero())
}

/// [`chunk`] for rows of one length of more than 16 elements, side by side: one row alone waits for its own additions.
#[inline(always)]
fn chunks<F: Real, const K: usize>(x: [&[F]; K]) -> [F; K] {
    let mut lanes = [[F::neg_zero(); LANES]; K];
    let rows = x.map(|x| x.as_chunks::<LANES>());
    for i in 0..rows[0].0.len() {
        for (lanes, row) in lanes.iter_mut().zip(&rows) {
            add(lanes, &row.0[i]);
        }
    }
    std::array::from_fn(|k| {
        let mut lanes = lanes[k];
        lanes.iter_mut().zip(rows[k].1).for_each(|(lane, x)| *lane = *lane + *x);
        paired(lanes)
    })
}

vectorized! {
    fn two_chunks(x: [&[F]; 2]) -> F {
        let [left, right] = chunks(x);
        left + right
    }
}

/// Σ x over `axes`, for each position of the others.
pub fn sum_over<F: Real>(input: View<'_, F>, axes: &[usize], output: ViewMut<'_, F>) {
    let y = output.into_slice();
    if let ([y], Some(x)) = (&mut *y, input.as_slice()) {
        *y = sum(x);
        return;
    }
    let lanes = Lanes::new(input, axes);
    match lanes.way() {
        Way::Rows { length, step } if length <= CHUNK => rows(lanes.data, length, step, y),
        Way::Columns { width } => {
            for (y, group) in y.chunks_mut(width).zip(lanes.groups()) {
                columns(&lanes, group, y);
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
        let row = |i: usize| &data[i * step..i * step + length];
        let (fours, rest) = y.as_chunks_mut::<4>();
        let (first, fours) = if length > LANES { (4 * fours.len(), fours) } else { (0, &mut [][..]) };
        for (i, y) in fours.iter_mut().enumerate() {
            *y = chunks(std::array::from_fn(|k| row(4 * i + k)));
        }
        let rest = if first > 0 { rest } else { y };
        for (i, y) in rest.iter_mut().enumerate() {
            *y = chunk(row(first + i));
        }
    }
}

/// The columns that are added at a time: their partial sums stay in registers.
const WIDE: usize = 32;
/// The columns that are added at a time where there are fewer.
const NARROW: usize = 8;
/// The fewest columns that are added at a time.
pub(super) const FEW: usize = 4;

/// Σ of neighbouring columns, in strips, each column by the tree of its own. The last strip may overlap the one before:
/// the same sums come out again.
fn columns<F: Real>(lanes: &Lanes<'_, F>, start: usize, y: &mut [F]) {
    match y.len() {
        WIDE.. => strips::<F, WIDE>(lanes, start, y),
        NARROW.. => strips::<F, NARROW>(lanes, start, y),
        _ => strips::<F, FEW>(lanes, start, y),
    }
}

fn strips<F: Real, const W: usize>(lanes: &Lanes<'_, F>, start: usize, y: &mut [F]) {
    for strip in 0..y.len().div_ceil(W) {
        let first = (strip * W).min(y.len() - W);
        let sums = column_tree::<F, W>(&lanes.data[start + first..], lanes.length(), &mut lanes.rows());
        y[first..first + W].copy_from_slice(&sums);
    }
}

/// The offsets of the next rows of some columns.
#[derive(Debug)]
pub(super) enum Rows {
    /// From the first on, at this distance of each other.
    Even(usize, usize),
    /// Anywhere.
    Uneven(Odometer),
}

/// [`tree`] for W neighbouring columns at once.
pub(super) fn column_tree<F: Real, const W: usize>(data: &[F], length: usize, rows: &mut Rows) -> [F; W] {
    if length > CHUNK {
        let half = left_half(length);
        let left: [F; W] = column_tree(data, half, rows);
        let right: [F; W] = column_tree(data, length - half, rows);
        return std::array::from_fn(|c| left[c] + right[c]);
    }
    match rows {
        Rows::Even(first, step) => {
            let start = *first;
            *first += length * *step;
            even_chunk(&data[start..], length, *step)
        }
        Rows::Uneven(offsets) => uneven_chunk(data, length, offsets),
    }
}

fn uneven_chunk<F: Real, const W: usize>(data: &[F], length: usize, offsets: &mut Odometer) -> [F; W] {
    let mut table = [0; CHUNK];
    table.iter_mut().zip(offsets.take(length)).for_each(|(to, offset)| *to = offset);
    listed_chunk(data, &table[..length])
}

vectorized! {
    fn even_chunk[const W](data: &[F], length: usize, step: usize) -> [F; W] {
        column_chunk(length, |i| &data[i * step..])
    }
}

vectorized! {
    fn listed_chunk[const W](data: &[F], rows: &[usize]) -> [F; W] {
        column_chunk(rows.len(), |i| &data[rows[i]..])
    }
}

/// [`chunk`] for W neighbouring columns at once.
#[inline(always)]
fn column_chunk<'a, F: Real, const W: usize>(length: usize, row: impl Fn(usize) -> &'a [F]) -> [F; W] {
    if length <= LANES {
        return every(1, 0, length, &row);
    }
    // One set of partial sums after the other: each stays in registers.
    let mut lanes = [[F::neg_zero(); W]; LANES];
    for (first, sums) in lanes.iter_mut().enumerate() {
        *sums = every(LANES, first, length, &row);
    }
    // In pairs, as one row: column by column, the compiler would gather single numbers.
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        let (left, right) = lanes.split_at_mut(width);
        add(left.as_flattened_mut(), &right.as_flattened()[..width * W]);
    }
    lanes[0]
}

/// The sum of the rows `first`, `first + step`, … below `length`, in order.
#[inline(always)]
fn every<'a, F: Real, const W: usize>(
    step: usize,
    first: usize,
    length: usize,
    row: &impl Fn(usize) -> &'a [F],
) -> [F; W] {
    let mut sums = [F::neg_zero(); W];
    let mut i = first;
    while i < length {
        add(&mut sums, &row(i)[..W]);
        i += step;
    }
    sums
}

#[inline(always)]
fn add<F: Real>(sums: &mut [F], row: &[F]) {
    sums.iter_mut().zip(row).for_each(|(sum, x)| *sum = *sum + *x);
}
