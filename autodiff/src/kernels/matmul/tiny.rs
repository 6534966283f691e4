//! Products of a few numbers, for which deciding anything takes longer than multiplying.

use crate::kernels::map::Prepared;
use crate::kernels::simd::vectorized;
use crate::real::{FUSED, Real};
use crate::shape::Layout;

/// Multiply-adds up to which a product is tiny.
const TINY: usize = 64;

/// How the operands of a tiny product lie.
#[derive(Clone, Copy)]
struct Tiny {
    rows: usize,
    depth: usize,
    columns: usize,
    a: [usize; 2],
    b: [usize; 2],
}

/// The kernel of a tiny product of matrices that lie like `a` and `b`; `None` for any other product.
pub(crate) fn tiny_product<F: Real>(a: &Layout, b: &Layout) -> Option<Prepared<F>> {
    let ([rows, depth], [_, columns]) = (&*a.shape, &*b.shape) else { return None };
    let (rows, depth, columns) = (*rows, *depth, *columns);
    // A single column is summed in another order.
    if columns < 2 || depth == 0 || rows == 0 || rows * depth * columns > TINY {
        return None;
    }
    let strides = |layout: &Layout| layout.strides.as_slice().try_into().ok();
    let tiny = Tiny { rows, depth, columns, a: strides(a)?, b: strides(b)? };
    Some(Prepared::new(move |inputs, output| {
        if let [a, b] = inputs {
            multiply(&tiny, a, b, output);
        }
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
