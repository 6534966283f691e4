//! The largest element.

use super::lanes::{Lane, Lanes, Way};
use super::simd::vectorized;
use super::sum::CHUNK;
use super::view::{View, ViewMut};
use crate::base::real::Real;

/// The largest element over `axes`, for each position of the others; NaN if there is one among them, −∞ if there are
/// none. Of zeros of both signs it is the last.
pub fn max_over<F: Real>(input: View<'_, F>, axes: &[usize], mut output: ViewMut<'_, F>) {
    let y = output.as_mut_slice();
    let lanes = Lanes::new(input, axes);
    match lanes.way() {
        Way::Rows { length, step } => rows(lanes.data, length, step, y),
        Way::Columns { width } => {
            y.fill(F::neg_infinity());
            for (y, group) in y.chunks_mut(width).zip(lanes.groups()) {
                lanes.offsets().for_each(|row| raise(y, &lanes.data[group + row..]));
            }
        }
        Way::Scattered => lanes.each(y, largest_of_lane),
    }
}

vectorized! {
    fn rows(data: &[F], length: usize, step: usize, y: &mut [F]) {
        for (i, y) in y.iter_mut().enumerate() {
            *y = largest(&data[i * step..i * step + length]);
        }
    }
}

vectorized! {
    /// `y ← max(y, x)`.
    fn raise(y: &mut [F], x: &[F]) {
        y.iter_mut().zip(x).for_each(|(y, x)| *y = larger(*y, *x));
    }
}

vectorized! {
    fn largest_of_piece(x: &[F]) -> F {
        largest(x)
    }
}

/// The largest element of a lane, gathered in pieces where its elements do not lie in a row.
pub(super) fn largest_of_lane<F: Real>(lane: &mut Lane<'_, F>, block: &mut [F]) -> F {
    let mut best = F::neg_infinity();
    for at in (0..lane.len()).step_by(CHUNK) {
        let length = CHUNK.min(lane.len() - at);
        best = larger(best, largest_of_piece(lane.piece(at, length, block)));
    }
    best
}

/// The larger of two numbers; the second where they are equal, NaN if one is.
#[inline(always)]
pub(super) fn larger<F: Real>(a: F, b: F) -> F {
    // Without a branch, so that a loop of it becomes vector code.
    if (a > b) | a.is_nan() { a } else { b }
}

/// The largest element of a row.
#[inline(always)]
pub(super) fn largest<F: Real>(x: &[F]) -> F {
    if x.len() < 8 {
        return x.iter().copied().fold(F::neg_infinity(), larger);
    }
    let best = largest_of_lanes(x);
    // Out of order, the sign of a zero is that of any zero.
    if best != F::zero() { best } else { x.iter().rfind(|x| **x == best).copied().unwrap_or(best) }
}

/// The largest element, each sixteenth of a row compared in a lane of its own, and then the lanes in pairs.
#[inline(always)]
fn largest_of_lanes<F: Real>(x: &[F]) -> F {
    const LANES: usize = 16;
    let mut best = [F::neg_infinity(); LANES];
    let (rows, rest) = x.as_chunks::<LANES>();
    for row in rows {
        for i in 0..LANES {
            best[i] = larger(row[i], best[i]);
        }
    }
    for (best, x) in best.iter_mut().zip(rest) {
        *best = larger(*x, *best);
    }
    // Arrays of a known length each, so that the compiler takes vectors of that width.
    let mut eight = [F::zero(); 8];
    for i in 0..8 {
        eight[i] = larger(best[i], best[i + 8]);
    }
    let mut four = [F::zero(); 4];
    for i in 0..4 {
        four[i] = larger(eight[i], eight[i + 4]);
    }
    larger(larger(four[0], four[2]), larger(four[1], four[3]))
}
