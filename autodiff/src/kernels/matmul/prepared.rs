//! Products that are prepared: of a few numbers, for which deciding anything takes longer than multiplying, and small ones.

use super::packed::DEPTH;
use super::{Matrix, Target, block};
use crate::base::real::{FUSED, Real};
use crate::base::shape::Layout;
use crate::kernels::map::Prepared;
use crate::kernels::simd::{Level, vectorized};

/// Multiply-adds up to which a product is tiny.
const TINY: usize = 64;

/// How the operands of a tiny product lie.
#[derive(Clone, Copy)]
pub(in crate::kernels) struct Tiny {
    pub(in crate::kernels) rows: usize,
    pub(in crate::kernels) depth: usize,
    pub(in crate::kernels) columns: usize,
    pub(in crate::kernels) a: [usize; 2],
    pub(in crate::kernels) b: [usize; 2],
}

/// Multiply-adds up to which a product is small: beyond, what is decided anew for each is little beside them.
const SMALL: usize = 100_000;

/// The kernel of a product of matrices that lie like `a` and `b`, if it is a small one.
pub(crate) fn prepared_product<F: Real>(a: &Layout, b: &Layout) -> Option<Prepared<F>> {
    let ([rows, depth], [_, columns]) = (&*a.shape, &*b.shape) else { return None };
    let (rows, depth, columns) = (*rows, *depth, *columns);
    // A single column is summed in another order.
    if columns < 2 || depth == 0 || rows == 0 || rows * depth * columns > SMALL {
        return None;
    }
    let strides = |layout: &Layout| layout.strides.as_slice().try_into().ok();
    let tiny = Tiny { rows, depth, columns, a: strides(a)?, b: strides(b)? };
    Some(Prepared::new(move |inputs, output| match inputs {
        [a, b] if rows * depth * columns <= TINY && depth <= DEPTH => multiply(&tiny, a, b, output),
        [a, b] => {
            let (a, b) = (Matrix::within(a, [rows, depth], tiny.a), Matrix::within(b, [depth, columns], tiny.b));
            if let (Some(a), Some(b), true) = (a, b, output.len() == rows * columns) {
                let level = Level::of_machine();
                // SAFETY: the operands lie within their slices, and the output has room.
                unsafe { block(level, a, b, 0..rows, 0..columns, Target::new(output.as_mut_ptr(), columns)) }
            }
        }
        _ => {}
    }))
}

vectorized! {
    /// One chain of multiply-adds for each element, as everywhere.
    fn multiply(tiny: &Tiny, a: &[F], b: &[F], output: &mut [F]) {
        let Tiny { rows, depth, columns, a: [a_row, a_step], b: [b_step, b_column] } = *tiny;
        for (i, row) in output.chunks_exact_mut(columns).take(rows).enumerate() {
            for (j, y) in row.iter_mut().enumerate() {
                let mut sum = F::zero();
                for k in 0..depth {
                    let (a, b) = (a[i * a_row + k * a_step], b[k * b_step + j * b_column]);
                    sum = if FUSED { a.mul_add(b, sum) } else { a * b + sum };
                }
                *y = sum;
            }
        }
    }
}
