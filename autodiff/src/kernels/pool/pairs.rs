//! The largest elements of windows of two columns, side by side.

use super::{Place, is_larger};
use crate::base::real::Real;
use crate::kernels::copy::copy_short;
use crate::kernels::simd::vectorized;

/// How many windows are compared at a time.
const MOST: usize = 64;
/// The lanes of the widest vector: so many windows are computed, if not wanted, without a loop for the rest.
const LANES: usize = 16;

/// A plane and the windows on it.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Plane<'a> {
    /// What the windows have of the rows.
    pub(in crate::kernels) rows: &'a [Place],
    /// How many windows lie side by side.
    pub(in crate::kernels) windows: usize,
    /// The elements of a row, and its distance to the next in memory. A plane has fewer elements than a `u32` counts.
    pub(in crate::kernels) width: usize,
    pub(in crate::kernels) step: usize,
}

vectorized! {
    /// The largest element of each window, and its number: window q has the elements 2q and 2q + 1 of its rows of
    /// `data`. Values and indices that follow those of this plane may be overwritten.
    pub(in crate::kernels) fn largest_of_pairs(
        data: &[F],
        plane: &Plane<'_>,
        values: &mut [F],
        indices: &mut [usize],
    ) {
        let (mut largest, mut places, mut copy) = ([F::zero(); MOST], [0u32; MOST], [F::zero(); 2 * MOST]);
        let windows = plane.windows;
        let blocks = plane.rows.iter().enumerate().flat_map(|(p, rows)| {
            (0..windows).step_by(MOST).map(move |start| (p * windows + start, rows, start))
        });
        for (to, rows, start) in blocks {
            let count = (windows - start).min(MOST);
            let whole = count.next_multiple_of(LANES);
            for i in 0..rows.count {
                let row = rows.first + i * rows.step;
                let from = &data[row * plane.step + 2 * start..];
                let line = match from.get(..2 * whole) {
                    Some(line) => line,
                    None => {
                        let there = from.len().min(2 * whole);
                        copy_short(&from[..there], &mut copy);
                        &copy[..2 * whole]
                    }
                };
                let (pairs, mut at) = (line.as_chunks::<2>().0, (row * plane.width + 2 * start) as u32);
                for ((y, place), [a, b]) in largest[..whole].iter_mut().zip(&mut places[..whole]).zip(pairs) {
                    // One way out of each choice, so that it becomes vector code.
                    let takes = (i == 0) | is_larger(*a, *y);
                    let (before, number) = (if takes { *a } else { *y }, if takes { at } else { *place });
                    let takes = is_larger(*b, before);
                    (*y, *place) = (if takes { *b } else { before }, if takes { at + 1 } else { number });
                    at += 2;
                }
            }
            match (values[to..].get_mut(..whole), indices[to..].get_mut(..whole)) {
                // What is written beyond the last window is written again.
                (Some(values), Some(indices)) => write(&largest[..whole], &places[..whole], values, indices),
                _ => write(&largest[..count], &places[..count], &mut values[to..], &mut indices[to..]),
            }
        }
    }
}

#[inline(always)]
fn write<F: Real>(largest: &[F], places: &[u32], values: &mut [F], indices: &mut [usize]) {
    copy_short(largest, values);
    for (index, place) in indices.iter_mut().zip(places) {
        *index = *place as usize;
    }
}
