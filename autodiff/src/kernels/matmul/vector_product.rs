//! A matrix times a vector: sixteen partial sums per row, vectorised along k where rows lie in memory, and across rows
//! where columns do.

use super::machine::Machine;
use super::micro::{Panel, Rows};
use super::packed::{DEPTH, blocks};
use super::vector::Number;
use super::{Matrix, scratch};
use std::ops::Range;

/// How many k are summed by sixteen chains.
const BLOCK: usize = super::LANES * DEPTH;

/// `output = a · b` for a `b` of one column; the elements of the output lie `pitch` apart.
///
/// # Safety
/// The machine has the instructions of `M`, all elements exist, and neither `a` nor `b` is empty.
pub(super) unsafe fn product<F: Number, M: Machine<F>>(a: Matrix<F>, b: Matrix<F>, output: *mut F, pitch: usize) {
    for ks in blocks(a.columns, BLOCK) {
        // SAFETY: the caller's; these k are among the columns of `a` and the rows of `b`.
        unsafe { add::<F, M>(a, b, ks, output, pitch) }
    }
}

/// The products of some k: written to the output if they are the first, added to it otherwise.
///
/// # Safety
/// As for [`product`], and there are these k.
unsafe fn add<F: Number, M: Machine<F>>(a: Matrix<F>, b: Matrix<F>, ks: Range<usize>, output: *mut F, pitch: usize) {
    let (m, k, adds) = (a.rows, ks.len(), ks.start > 0);
    let (a, b) = (a.some_columns(ks.clone()), b.some_rows(ks));
    let rows = |i: usize, x: *const F, x_step: usize| Rows {
        depth: k,
        adds,
        a: a.data.wrapping_add(i * a.row),
        a_row: a.row,
        a_step: a.column,
        x,
        x_step,
        output: output.wrapping_add(i * pitch),
    };
    // One element at a time needs no steps between elements of the result.
    let neighbours = pitch == 1 || m == 1;
    // SAFETY: the caller's; i < m throughout.
    unsafe {
        if neighbours && (a.column == 1 || k == 1) {
            let dots = |x: *const F| {
                let mut i = 0;
                while i < m {
                    i += M::dots(&rows(i, x, 1), m - i);
                }
            };
            if b.row == 1 || k == 1 {
                return dots(b.data);
            }
            scratch::with(k, |x: *mut F| {
                M::pack(&Panel { from: b.data, along: b.row, across: 1, depth: k, width: 1, to: x, pitch: 1 });
                dots(x);
            });
        } else if neighbours && a.row == 1 {
            let mut i = 0;
            while i < m {
                i += M::columns(&rows(i, b.data, b.row), m - i);
            }
        } else {
            for i in 0..m {
                M::strided(&rows(i, b.data, b.row));
            }
        }
    }
}
