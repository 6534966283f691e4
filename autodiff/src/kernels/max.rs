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
    let best = match x.len() {
        0..8 => return x.iter().copied().fold(F::neg_infinity(), larger),
        8..64 => largest_in_columns::<F, 8>(x),
        _ => largest_in_columns::<F, 32>(x),
    };
    // Out of order, the sign of a zero is that of any zero.
    if best != F::zero() { best } else { x.iter().rfind(|x| **x == best).copied().unwrap_or(best) }
}

/// The largest element of a row that is no NaN, −∞ if there is none; of zeros of both signs any. It costs half of what
/// [`largest`] does, and where it is finite, a NaN is all that [`largest`] could be instead.
#[inline(always)]
pub(super) fn largest_number<F: Real>(x: &[F]) -> F {
    const W: usize = 16;
    let most = |best: F, x: F| if x > best { x } else { best };
    let mut best = [F::neg_infinity(); W];
    let (rows, rest) = x.as_chunks::<W>();
    for row in rows {
        for i in 0..W {
            best[i] = most(best[i], row[i]);
        }
    }
    for (best, x) in best.iter_mut().zip(rest) {
        *best = most(*best, *x);
    }
    // A constant number each, so that the compiler takes vectors of that width.
    let mut eight = [F::zero(); 8];
    for i in 0..8 {
        eight[i] = most(best[i], best[i + 8]);
    }
    let mut four = [F::zero(); 4];
    for i in 0..4 {
        four[i] = most(eight[i], eight[i + 4]);
    }
    most(most(four[0], four[2]), most(four[1], four[3]))
}

/// The largest element of W or more, as W columns; the last W elements may be seen twice.
#[inline(always)]
fn largest_in_columns<F: Real, const W: usize>(x: &[F]) -> F {
    let (Some((first, rest)), Some(last)) = (x.split_first_chunk::<W>(), x.last_chunk::<W>()) else {
        return F::neg_infinity();
    };
    let mut best = *first;
    for row in rest.as_chunks::<W>().0 {
        best.iter_mut().zip(row).for_each(|(best, x)| *best = larger(*best, *x));
    }
    best.iter_mut().zip(last).for_each(|(best, x)| *best = larger(*best, *x));
    let mut width = W;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            best[i] = larger(best[i], best[i + width]);
        }
    }
    best[0]
}
