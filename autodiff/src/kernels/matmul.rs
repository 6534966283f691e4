//! The matrix product: every choice of how to multiply is made here.

use super::view::{View, ViewMut};
use crate::real::Real;
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

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
    let matrix = |data, rows: usize, columns: usize, [row, column]: [usize; 2]| {
        ArrayView2::from_shape((rows, columns).strides((row, column)), data)
    };
    let a = matrix(a_data, m, k, [a_steps[0], a_steps[1]]);
    let b = matrix(b_data, k, n, b_steps);
    let c = ArrayViewMut2::from_shape((m, n), output.as_mut_slice());
    if let (Ok(a), Ok(b), Ok(mut c)) = (a, b, c) {
        general_mat_mul(F::one(), &a, &b, F::zero(), &mut c);
    }
}
