//! The matrix product: every choice of how to multiply is made here.

use super::view::{View, ViewMut};
use crate::real::Real;
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, LinalgScalar, ShapeBuilder};

/// `output = a · b` for `a: [m, k]`, `b: [k, n]` or `b: [k]`. Shapes were checked by the shape rule.
pub fn matmul<F: Real>(a: View<'_, F>, b: View<'_, F>, mut output: ViewMut<'_, F>) {
    let ((a_data, a_steps), (b_data, b_steps)) = (a.parts(), b.parts());
    let (m, k) = (a.shape()[0], a.shape()[1]);
    let (n, b_steps) = match (&**b.shape(), &*b_steps) {
        ([_, n], [row, column]) => (*n, [*row, *column]),
        (_, steps) => (1, [steps[0], 1]),
    };
    if m == 0 || n == 0 || k == 0 {
        output.as_mut_slice().fill(F::zero());
        return;
    }
    F::gemm([m, k, n], (a_data, [a_steps[0], a_steps[1]]), (b_data, b_steps), output.as_mut_slice());
}

/// The product of strided matrices, see [`Real::gemm`].
pub(crate) fn product<F: LinalgScalar>(
    [m, k, n]: [usize; 3],
    (a, a_steps): (&[F], [usize; 2]),
    (b, b_steps): (&[F], [usize; 2]),
    c: &mut [F],
) {
    let matrix = |data, rows: usize, columns: usize, [row, column]: [usize; 2]| {
        ArrayView2::from_shape((rows, columns).strides((row, column)), data)
    };
    let target = ArrayViewMut2::from_shape((m, n), c);
    if let (Ok(a), Ok(b), Ok(mut c)) = (matrix(a, m, k, a_steps), matrix(b, k, n, b_steps), target) {
        general_mat_mul(F::one(), &a, &b, F::zero(), &mut c);
    }
}
