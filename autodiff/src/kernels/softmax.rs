//! Sums of exponentials, and what is made of them.

use super::copy::copy_to;
use super::lanes::{Lane, Lanes, Way, with_block};
use super::max::{larger, largest, largest_of_lane};
use super::order::Axes;
use super::simd::vectorized;
use super::sum::{CHUNK, Rows, chunk, column_tree, sum, tree};
use super::tile::{self, SIDE};
use super::view::{View, ViewMut};
use crate::base::real::Real;

/// The elements of which the exponential is computed at a time.
const WIDTH: usize = 16;

/// The short rows that are worked on at a time.
const BATCH: usize = 64;

/// log Σ exp x over `axes`, for each position of the others: the largest element m plus log(1 + r), r = Σ exp(xᵢ − m)
/// over all elements but the first that is largest.
pub fn log_sum_exp_over<F: Real>(input: View<'_, F>, axes: &[usize], output: ViewMut<'_, F>) {
    let y = output.into_slice();
    let lanes = Lanes::new(input, axes);
    match lanes.way() {
        Way::Rows { length, step } if length <= CHUNK => {
            let batch = batch(length);
            with_block(length * y.len().min(batch), |block| {
                for (i, y) in y.chunks_mut(batch).enumerate() {
                    let rest = &mut [F::zero(); BATCH][..y.len()];
                    parts_of_rows(&lanes.data[i * batch * step..], length, step, block, y, rest);
                    y.iter_mut().zip(rest).for_each(|(y, rest)| *y = *y + *rest);
                }
            });
        }
        _ => lanes.each(y, |lane, block| {
            let (largest, rest) = parts(lane, block);
            largest + rest
        }),
    }
}

/// m and log(1 + r), whose sum is log Σ exp x. No exponential overflows, and an r far below the precision of 1 is not
/// lost where m is near 0 or is subtracted again.
fn parts<F: Real>(lane: &mut Lane<'_, F>, block: &mut [F]) -> (F, F) {
    let largest = largest_of_lane(lane, block);
    if !largest.is_finite() {
        return (largest, rest_of_infinite(count(lane, largest, block), largest));
    }
    let first = position(lane, largest, block);
    let mut at = 0;
    let rest = tree(lane.len() - 1, &mut |length| {
        let terms = &mut block[..length];
        let (before, after) = terms.split_at_mut(first.saturating_sub(at).min(length));
        lane.read(at, before);
        lane.read(at + before.len() + 1, after);
        at += length;
        sum_of_exponentials(terms, largest)
    });
    (largest, rest.ln_1p())
}

/// log(1 + r) of a lane whose largest element is not finite and occurs `count` times. Elements at +∞ share the sum equally,
/// and of a lane that is −∞ throughout (or has no element at all) the sum is 0.
fn rest_of_infinite<F: Real>(count: usize, largest: F) -> F {
    if largest == F::infinity() { F::of(count as f64 - 1.0).ln_1p() } else { F::zero() }
}

/// How many elements are `wanted`.
fn count<F: Real>(lane: &mut Lane<'_, F>, wanted: F, block: &mut [F]) -> usize {
    let pieces = (0..lane.len()).step_by(CHUNK);
    pieces
        .map(|at| {
            let piece = lane.piece(at, CHUNK.min(lane.len() - at), block);
            piece.iter().filter(|x| **x == wanted).count()
        })
        .sum()
}

/// x − m, m the largest element of the lane; 0 for an element at m, also where both are +∞, and −∞ where both are −∞.
#[inline(always)]
fn shifted<F: Real>(x: F, m: F) -> F {
    let apart = x - m;
    let apart = if x == m { F::zero() } else { apart };
    if m == F::neg_infinity() { m } else { apart }
}

/// [`parts`] of as many short rows as there are results, `step` apart.
fn parts_of_rows<F: Real>(x: &[F], length: usize, step: usize, block: &mut [F], largest: &mut [F], rest: &mut [F]) {
    rest_of_rows(x, length, step, block, largest, rest);
    for (i, (rest, largest)) in rest.iter_mut().zip(largest).enumerate() {
        *rest = match largest.is_finite() {
            true => rest.ln_1p(),
            false => {
                let row = &x[i * step..i * step + length];
                rest_of_infinite(row.iter().filter(|x| **x == *largest).count(), *largest)
            }
        };
    }
}

vectorized! {
    /// The largest element of each row, and the sum of the exponentials of the others.
    fn rest_of_rows(x: &[F], length: usize, step: usize, block: &mut [F], largest_of: &mut [F], rest: &mut [F]) {
        let terms = length - 1;
        if length <= SIDE && rest.len() > 1 {
            for (i, (largest, rest)) in largest_of.chunks_mut(SIDE).zip(rest.chunks_mut(SIDE)).enumerate() {
                rest_of_tile(&x[i * SIDE * step..], length, step, largest, rest);
            }
            return;
        }
        for (i, most) in largest_of.iter_mut().enumerate() {
            let row = &x[i * step..i * step + length];
            *most = largest(row);
            let first = first(row, *most);
            let to = &mut block[i * terms..(i + 1) * terms];
            let (here, next) = (&row[..terms], &row[1..][..terms]);
            // Loops by index, not `zip` and `for_each`: they become vector code with the machine's instructions.
            for i in 0..terms {
                to[i] = if (i as u32) < first { here[i] } else { next[i] } - *most;
            }
        }
        exponentials(&mut block[..rest.len() * terms]);
        for (i, rest) in rest.iter_mut().enumerate() {
            *rest = chunk(&block[i * terms..(i + 1) * terms]);
        }
    }
}

/// [`rest_of_rows`] of up to 16 rows of up to 16 elements, side by side.
#[inline(always)]
fn rest_of_tile<F: Real>(x: &[F], length: usize, step: usize, largest_of: &mut [F], rest: &mut [F]) {
    let mut tile = [[F::zero(); SIDE]; SIDE];
    tile::load(&mut tile, x, length, step, rest.len());
    let mut most = [F::neg_infinity(); SIDE];
    for x in &tile[..length] {
        most.iter_mut().zip(x).for_each(|(most, x)| *most = larger(*most, *x));
    }
    let place = tile::first(&tile[..length], &most, |x| x);
    let (mut sum, mut here) = ([F::zero(); SIDE], F::zero());
    for x in &tile[..length] {
        for r in 0..SIDE {
            let term = (x[r] - most[r]).exponential();
            sum[r] = sum[r] + if place[r] == here { F::zero() } else { term };
        }
        here = here + F::one();
    }
    largest_of.iter_mut().zip(&most).for_each(|(to, most)| *to = *most);
    rest.iter_mut().zip(&sum).for_each(|(to, sum)| *to = *sum);
}

/// The position of the first element that is `wanted`, without a branch for each; that of none is the length.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // Loops by index become vector code.
fn first<F: Real>(row: &[F], wanted: F) -> u32 {
    let mut first = u32::MAX;
    for i in 0..row.len() {
        first = first.min(if row[i] == wanted { i as u32 } else { u32::MAX });
    }
    first
}

/// The position of the first element that is `wanted`; there is one.
fn position<F: Real>(lane: &mut Lane<'_, F>, wanted: F, block: &mut [F]) -> usize {
    for at in (0..lane.len()).step_by(CHUNK) {
        let piece = lane.piece(at, CHUNK.min(lane.len() - at), block);
        // Sixteen comparisons at a time, without a branch for each.
        let rows = piece.chunks(WIDTH);
        let row = rows.map(|row| row.iter().fold(false, |found, x| found | (*x == wanted))).position(|found| found);
        if let Some(row) = row {
            let within = piece[row * WIDTH..].iter().position(|x| *x == wanted);
            return at + row * WIDTH + within.unwrap_or(0);
        }
    }
    0
}

vectorized! {
    /// Σ exp(x − m) of a chunk, in whose place the exponentials are left.
    fn sum_of_exponentials(x: &mut [F], m: F) -> F {
        each(x, |x| x - m);
        exponentials(x);
        chunk(x)
    }
}

/// yᵢ = exp(xᵢ − m)/Σⱼ exp(xⱼ − m) along `axis`, m the largest element. Where it is +∞, the elements at +∞ share the weight
/// equally; where it is −∞, all weights are 0.
pub fn softmax<F: Real>(input: View<'_, F>, axis: usize, output: ViewMut<'_, F>) {
    let (length, inner) = along(input, axis);
    let y = output.into_slice();
    if y.is_empty() {
        return;
    }
    if inner == 1 {
        return in_rows(input, y, batch(length) * length, |rows| softmax_of_rows(rows, length));
    }
    copy_to(input, y);
    for y in y.chunks_mut(length * inner) {
        let mut column = 0;
        while column < inner {
            let y = &mut y[column..];
            column += match inner - column {
                32.. => softmax_of_columns::<F, 32>(y, length, inner),
                8.. => softmax_of_columns::<F, 8>(y, length, inner),
                _ => softmax_of_columns::<F, 1>(y, length, inner),
            };
        }
    }
}

/// yᵢ = (xᵢ − m) − log(1 + r) along `axis`: see [`log_sum_exp_over`].
pub fn log_softmax<F: Real>(input: View<'_, F>, axis: usize, output: ViewMut<'_, F>) {
    let (length, inner) = along(input, axis);
    let y = output.into_slice();
    if y.is_empty() {
        return;
    }
    if inner == 1 && length <= CHUNK {
        let batch = batch(length) * length;
        return with_block(y.len().min(batch), |block| {
            in_rows(input, y, batch, |rows| {
                let (largest, rest) = (&mut [F::zero(); BATCH], &mut [F::zero(); BATCH]);
                let count = rows.len() / length;
                parts_of_rows(rows, length, length, block, &mut largest[..count], &mut rest[..count]);
                shift_rows(rows, length, largest, rest);
            });
        });
    }
    with_block(length, |block| {
        copy_to(input, y);
        let mut axes = Axes::default();
        axes.push(length, inner);
        for y in y.chunks_mut(length * inner) {
            if inner == 1 {
                let (largest, rest) = parts(&mut Lane::Row(y), block);
                shift_rows(y, length, &[largest], &[rest]);
                continue;
            }
            for column in 0..inner {
                let (largest, rest) = parts(&mut Lane::far(&y[column..], &axes), block);
                y[column..].iter_mut().step_by(inner).for_each(|x| *x = shifted(*x, largest) - rest);
            }
        }
    });
}

/// How many rows are worked on at a time: a chunk of elements, so that their exponentials are one loop.
fn batch(length: usize) -> usize {
    (CHUNK / length.max(1)).clamp(1, BATCH)
}

/// The length of `axis`, and the number of elements below one position of it.
pub(super) fn along<F: Real>(input: View<'_, F>, axis: usize) -> (usize, usize) {
    let below = input.shape().get(axis..).unwrap_or(&[]);
    (below.first().copied().unwrap_or(1), below.iter().skip(1).product())
}

/// Copies `batch` elements at a time to `y`, and works on them there while they are near.
fn in_rows<F: Real>(input: View<'_, F>, y: &mut [F], batch: usize, mut f: impl FnMut(&mut [F])) {
    if let Some(x) = input.as_slice() {
        for (rows, x) in y.chunks_mut(batch).zip(x.chunks(batch)) {
            rows.copy_from_slice(x);
            f(rows);
        }
        return;
    }
    let mut reader = input.reader();
    for rows in y.chunks_mut(batch) {
        reader.read(rows);
        f(rows);
    }
}

vectorized! {
    fn softmax_of_rows(y: &mut [F], length: usize) {
        for row in y.chunks_exact_mut(length) {
            let largest = largest(row);
            // Both give the same where the largest is finite; the first costs less.
            if largest.is_finite() { each(row, |x| x - largest) } else { each(row, |x| shifted(x, largest)) }
        }
        exponentials(y);
        for row in y.chunks_exact_mut(length) {
            let total = some(if length <= CHUNK { chunk(row) } else { sum(row) });
            each(row, |x| x / total);
        }
    }
}

vectorized! {
    /// `x ← (x − m) − r`, with an m and an r for each row.
    fn shift_rows(x: &mut [F], length: usize, m: &[F], r: &[F]) {
        for ((row, m), r) in x.chunks_exact_mut(length).zip(m).zip(r) {
            each(row, |x| shifted(x, *m) - *r);
        }
    }
}

/// The softmax of W neighbouring columns; answers W.
fn softmax_of_columns<F: Real, const W: usize>(y: &mut [F], length: usize, stride: usize) -> usize {
    exponentials_of_columns::<F, W>(y, stride);
    let totals: [F; W] = column_tree(y, length, &mut Rows::Even(0, stride));
    divide_columns(y, stride, &totals);
    W
}

vectorized! {
    fn exponentials_of_columns[const W](y: &mut [F], stride: usize) {
        let mut most = [F::neg_infinity(); W];
        for row in y.chunks(stride) {
            most.iter_mut().zip(&row[..W]).for_each(|(most, x)| *most = larger(*most, *x));
        }
        for row in y.chunks_mut(stride) {
            row[..W].iter_mut().zip(&most).for_each(|(x, most)| *x = shifted(*x, *most).exponential());
        }
    }
}

vectorized! {
    fn divide_columns[const W](y: &mut [F], stride: usize, totals: &[F; W]) {
        for row in y.chunks_mut(stride) {
            row[..W].iter_mut().zip(totals).for_each(|(x, total)| *x = *x / some(*total));
        }
    }
}

/// The sum to divide by: 1 in place of 0, the sum of a lane that is −∞ throughout, whose weights stay 0.
#[inline(always)]
fn some<F: Real>(total: F) -> F {
    if total == F::zero() { F::one() } else { total }
}

/// `x ← exp x`, all in whole vectors: what is left over is filled up.
#[inline(always)]
fn exponentials<F: Real>(x: &mut [F]) {
    let (rows, rest) = x.as_chunks_mut::<WIDTH>();
    for row in rows {
        row.iter_mut().for_each(|x| *x = x.exponential());
    }
    if !rest.is_empty() {
        let mut row = [F::zero(); WIDTH];
        row[..rest.len()].copy_from_slice(rest);
        row.iter_mut().for_each(|x| *x = x.exponential());
        rest.copy_from_slice(&row[..rest.len()]);
    }
}

/// `x ← f(x)`, for an f that costs little.
#[inline(always)]
fn each<F: Real>(x: &mut [F], f: impl Fn(F) -> F) {
    let (rows, rest) = x.as_chunks_mut::<8>();
    for row in rows {
        row.iter_mut().for_each(|x| *x = f(*x));
    }
    rest.iter_mut().for_each(|x| *x = f(*x));
}
