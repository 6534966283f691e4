//! The largest elements of windows of two columns, side by side.

use super::{Place, is_larger};
use crate::base::real::Real;
use crate::kernels::copy::copy_short;
use crate::kernels::simd::vectorized;

/// How many windows are compared at a time: a vector of the widest machine. All are computed, also where fewer are wanted.
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
        let (mut largest, mut places) = ([F::zero(); LANES], [0; LANES]);
        let mut copies = ([F::zero(); 2 * LANES], [F::zero(); 2 * LANES]);
        let windows = plane.windows;
        let blocks = plane.rows.iter().enumerate().flat_map(|(p, rows)| {
            (0..windows).step_by(LANES).map(move |start| (p * windows + start, rows, start))
        });
        for (to, rows, start) in blocks {
            // Of the first two rows at once; a single row is compared with itself.
            let (one, two) = (rows.first, rows.first + if rows.count > 1 { rows.step } else { 0 });
            let lines = (line(data, plane, one, start, &mut copies.0), line(data, plane, two, start, &mut copies.1));
            let (mut at, below) = ((one * plane.width + 2 * start) as u32, ((two - one) * plane.width) as u32);
            let pairs = lines.0.as_chunks::<2>().0.iter().zip(lines.1.as_chunks::<2>().0);
            for ((y, place), (above, below_them)) in largest.iter_mut().zip(&mut places).zip(pairs) {
                let (upper, lower) = (larger(*above, at), larger(*below_them, at + below));
                (*y, *place) = larger_of(upper, lower);
                at += 2;
            }
            for i in 2..rows.count {
                let row = rows.first + i * rows.step;
                let (line, mut at) = (line(data, plane, row, start, &mut copies.0), (row * plane.width + 2 * start) as u32);
                for ((y, place), pair) in largest.iter_mut().zip(&mut places).zip(line.as_chunks::<2>().0) {
                    (*y, *place) = larger_of((*y, *place), larger(*pair, at));
                    at += 2;
                }
            }
            let count = (windows - start).min(LANES);
            match (values[to..].first_chunk_mut::<LANES>(), indices[to..].first_chunk_mut::<LANES>()) {
                // What is written beyond the last window is written again.
                (Some(values), Some(indices)) => {
                    values.iter_mut().zip(&largest).for_each(|(value, y)| *value = *y);
                    indices.iter_mut().zip(&places).for_each(|(index, place)| *index = *place as usize);
                }
                _ => {
                    copy_short(&largest[..count], &mut values[to..]);
                    indices[to..].iter_mut().zip(&places[..count]).for_each(|(index, place)| *index = *place as usize);
                }
            }
        }
    }
}

/// The elements of a row from 2·`start` on: where they lie, or copied.
#[inline(always)]
fn line<'a, F: Real>(
    data: &'a [F],
    plane: &Plane<'_>,
    row: usize,
    start: usize,
    copy: &'a mut [F; 2 * LANES],
) -> &'a [F; 2 * LANES] {
    let from = &data[row * plane.step + 2 * start..];
    match from.first_chunk() {
        Some(line) => line,
        None => {
            copy_short(from, copy);
            copy
        }
    }
}

/// The larger of two neighbours and its place, where the first has the place `at`.
#[inline(always)]
fn larger<F: Real>([a, b]: [F; 2], at: u32) -> (F, u32) {
    larger_of((a, at), (b, at + 1))
}

/// The larger of two numbers with their places. One way out of each choice, so that it becomes vector code.
#[inline(always)]
fn larger_of<F: Real>(a: (F, u32), b: (F, u32)) -> (F, u32) {
    let takes = is_larger(b.0, a.0);
    (if takes { b.0 } else { a.0 }, if takes { b.1 } else { a.1 })
}
