//! A product that is added to an array as it is computed: each element of the sum is written once, from the registers that
//! the product was summed up in.

use super::packed::DEPTH;
use super::{Matrix, Target, block};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::kernels::order::Axes;
use crate::kernels::simd::Level;
use std::ops::Range;

/// y = x + a·b for a matrix b, where the rows of a lie at one distance, or those of several matrices do that lie at one
/// distance themselves. The rows of x lie at one distance, or it is one row for all. Bit for bit what the product and then the
/// addition give.
#[derive(Clone, Debug)]
pub(crate) struct ProductOnto {
    pub(crate) rows: usize,
    /// The rows of each matrix, and the distance from one to the next.
    group: [usize; 2],
    pub(crate) depth: usize,
    pub(crate) columns: usize,
    a: [usize; 3],
    b: [usize; 3],
    x: [usize; 2],
}

/// The axes before the last one, as few as there can be, and the distance of elements of a row.
fn axes_of(layout: &Layout) -> Option<(Axes, usize)> {
    let ((_, lead), (step, strides)) = (layout.shape.split_last()?, layout.strides.split_last()?);
    let mut axes = Axes::default();
    lead.iter().zip(strides).for_each(|(length, stride)| axes.push(*length, *stride));
    Some((axes, *step))
}

/// The distances of rows, and of elements of a row, if all rows lie at one distance.
fn rows_of(layout: &Layout) -> Option<[usize; 2]> {
    let (axes, step) = axes_of(layout)?;
    match *axes.0 {
        [] => Some([0, step]),
        [(_, row)] => Some([row, step]),
        _ => None,
    }
}

/// The least rows of a matrix of several: with fewer, b is read again too often.
const MANY: usize = 8;

impl ProductOnto {
    /// For operands that lie like these, and y of this shape; `None` where the product is summed in another way than as one
    /// chain of multiply-adds for each element.
    pub(crate) fn of(a: &Layout, b: &Layout, x: &Layout, y: &Shape) -> Option<Self> {
        let ([lead @ .., depth], [inner, columns]) = (&*a.shape, &*b.shape) else { return None };
        let (depth, columns) = (*depth, *columns);
        let rows: usize = lead.iter().product();
        let one_chain = columns > 1 && depth > 0 && depth <= DEPTH && depth == *inner;
        if !one_chain || lead.is_empty() || rows == 0 || y.size() != rows * columns || y.last() != Some(&columns) {
            return None;
        }
        let (axes, a_step) = axes_of(a)?;
        let (group, a_row) = match *axes.0 {
            [] => ([1, 0], 0),
            [(rows, row)] => ([rows, 0], row),
            [(_, next), (rows, row)] if rows >= MANY => ([rows, next], row),
            _ => return None,
        };
        let &[b_step, b_column] = b.strides.as_slice() else { return None };
        // A row for each, or one for all.
        let x_row = match (x.shape.size(), rows_of(x)?) {
            (size, [row, 1]) if size == y.size() => row,
            (size, [_, 1]) if size == columns => 0,
            _ => return None,
        };
        if x.shape.last() != y.last() {
            return None;
        }
        let (a, b) = ([a.offset, a_row, a_step], [b.offset, b_step, b_column]);
        Some(ProductOnto { rows, group, depth, columns, a, b, x: [x.offset, x_row] })
    }

    /// Multiply-adds.
    pub(crate) fn work(&self) -> usize {
        self.rows * self.depth * self.columns
    }

    /// The number of elements of y.
    pub(crate) fn size(&self) -> usize {
        self.rows * self.columns
    }

    /// How many elements of a, of b and of x it reaches.
    pub(crate) fn reach(&self) -> [usize; 3] {
        let [last_row, last_step, last_column] = [self.rows, self.depth, self.columns].map(|length| length - 1);
        let [group, next] = self.group;
        let ([a, a_row, a_step], [b, b_step, b_column], [x, x_row]) = (self.a, self.b, self.x);
        [
            a + last_row / group * next + (group - 1).min(last_row) * a_row + last_step * a_step,
            b + last_step * b_step + last_column * b_column,
            x + last_row * x_row + last_column,
        ]
        .map(|last| last + 1)
    }

    /// Some rows of y, to `y` and behind it.
    ///
    /// # Safety
    /// There are such rows. As many elements of a, b and x can be read as [`reach`](Self::reach) says; as many can be written
    /// as the rows have, by nobody else. They overlap neither a nor b, and x only where it is y: element by element.
    pub(crate) unsafe fn run<F: Real>(&self, rows: Range<usize>, [a, b, x]: [*const F; 3], y: *mut F) {
        let ([a_offset, a_row, a_step], [b_offset, b_step, b_column]) = (self.a, self.b);
        let (depth, columns) = (self.depth, self.columns);
        let ([group, next], [x_offset, x_row]) = (self.group, self.x);
        let b = Matrix { data: b.wrapping_add(b_offset), rows: depth, columns, row: b_step, column: b_column };
        let mut start = rows.start;
        while start < rows.end {
            let (first, end) = (start / group * group, rows.end.min(start / group * group + group));
            let data = a.wrapping_add(a_offset + start / group * next);
            let a = Matrix { data, rows: group, columns: depth, row: a_row, column: a_step };
            let output = y.wrapping_add((start - rows.start) * columns);
            let before = x.wrapping_add(x_offset + start * x_row);
            let target = Target { output, pitch: columns, before, before_pitch: x_row };
            // SAFETY: the caller's.
            unsafe { block(Level::of_machine(), a, b, start - first..end - first, 0..columns, target) }
            start = end;
        }
    }
}
