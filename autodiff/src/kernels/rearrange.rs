//! Rearrangements that no strides describe: reversed axes, elements between zeros, triangles of matrices.

use super::along::{Along, expect_along, expect_shape};
use super::copy::copy_to;
use super::view::{View, ViewMut};
use crate::base::error::Refusal;
use crate::base::real::Real;

/// y\[…, i, …\] = x\[…, n − 1 − i, …\] along each of `axes`, n its length: the array in reverse order. It is its own
/// inverse and its own adjoint.
///
/// # Errors
/// A refusal if there is no such axis or if the output has another shape.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, flip};
/// let shape = Shape::from([2, 2]);
/// let x = View::contiguous(&[1.0, 2.0, 3.0, 4.0], &shape).unwrap();
/// let mut y = [0.0; 4];
/// flip(x, &[1], ViewMut::new(&mut y, &shape).unwrap())?;
/// assert_eq!(y, [2.0, 1.0, 4.0, 3.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn flip<F: Real>(x: View<'_, F>, axes: &[usize], output: ViewMut<'_, F>) -> Result<(), Refusal> {
    expect_shape("the output", output.shape(), x.shape())?;
    axes.iter().try_for_each(|axis| Along::new(x.shape(), *axis).map(|_| ()))?;
    let y = output.into_slice();
    copy_to(x, y);
    for axis in axes {
        let along = Along::new(x.shape(), *axis)?;
        for block in y.chunks_exact_mut(along.block().max(1)) {
            if along.inner == 1 {
                block.reverse();
                continue;
            }
            for i in 0..along.length / 2 {
                let (before, after) = block.split_at_mut((along.length - 1 - i) * along.inner);
                before[i * along.inner..][..along.inner].swap_with_slice(&mut after[..along.inner]);
            }
        }
    }
    Ok(())
}

/// y\[…, start + k·step, …\] = x\[…, k, …\] along `axis`, and 0 elsewhere: the adjoint of taking every `step`-th position
/// from `start` on. x \[…, m, …\] goes to y \[…, n, …\].
///
/// # Errors
/// A refusal if there is no such axis, if the step is 0, if the last position is not below n, or if the output has another
/// shape.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, unslice};
/// let (two, five) = (Shape::from([2]), Shape::from([5]));
/// let x = View::contiguous(&[1.0, 2.0], &two).unwrap();
/// let mut y = [7.0; 5];
/// unslice(x, 0, 1, 2, ViewMut::new(&mut y, &five).unwrap())?;
/// assert_eq!(y, [0.0, 1.0, 0.0, 2.0, 0.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn unslice<F: Real>(
    x: View<'_, F>,
    axis: usize,
    start: usize,
    step: usize,
    output: ViewMut<'_, F>,
) -> Result<(), Refusal> {
    let Along { length: count, .. } = Along::new(x.shape(), axis)?;
    let along = Along::new(output.shape(), axis)?;
    expect_along("the output", output.shape(), x.shape(), axis, along.length)?;
    let last = count.saturating_sub(1).checked_mul(step).and_then(|distance| distance.checked_add(start));
    if step == 0 || count > 0 && last.is_none_or(|last| last >= along.length) {
        let length = along.length;
        return Err(Refusal::new(format!(
            "{count} positions from {start} on, {step} apart, are not in axis {axis} of the output, which is {length} long"
        )));
    }
    let y = output.into_slice();
    y.fill(F::zero());
    let mut rows = x.reader();
    for block in y.chunks_exact_mut(along.block().max(1)) {
        for row in block.chunks_exact_mut(along.inner.max(1)).skip(start).step_by(step).take(count) {
            rows.read(row);
        }
    }
    Ok(())
}

/// A part of a matrix that is bounded by a diagonal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Triangle {
    /// On the diagonal and below.
    Lower,
    /// On the diagonal and above.
    Upper,
}

/// y\[…, i, j\] = x\[…, i, j\] in the triangle, 0 elsewhere: with j − i ≤ `diagonal` in the lower one, j − i ≥ `diagonal` in
/// the upper one, as NumPy's `tril` and `triu`. It is its own adjoint; of ones it is a mask.
///
/// # Errors
/// A refusal if x has fewer than two axes or if the output has another shape.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{Triangle, View, ViewMut, triangle};
/// let shape = Shape::from([2, 3]);
/// let mut causal = [7.0; 6];
/// triangle(View::splat(&1.0, &shape), Triangle::Lower, 0, ViewMut::new(&mut causal, &shape).unwrap())?;
/// assert_eq!(causal, [1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn triangle<F: Real>(
    x: View<'_, F>,
    part: Triangle,
    diagonal: isize,
    output: ViewMut<'_, F>,
) -> Result<(), Refusal> {
    let [.., rows, columns] = **x.shape() else {
        return Err(Refusal::new(format!("x {} should be a matrix, or an array of them", x.shape())));
    };
    expect_shape("the output", output.shape(), x.shape())?;
    let y = output.into_slice();
    copy_to(x, y);
    for matrix in y.chunks_exact_mut((rows * columns).max(1)) {
        for (i, row) in matrix.chunks_exact_mut(columns.max(1)).enumerate() {
            // The first column right of the lower triangle, or the first of the upper one.
            let beyond = diagonal.saturating_add(isize::from(part == Triangle::Lower));
            let bound = i.saturating_add_signed(beyond).min(columns);
            match part {
                Triangle::Lower => row[bound..].fill(F::zero()),
                Triangle::Upper => row[..bound].fill(F::zero()),
            }
        }
    }
    Ok(())
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::base::shape::Shape;
    use crate::kernels::laid::{Laid, assert_same, edges, laid, place, positions, shapes, with};
    use proptest::prelude::*;

    fn arrays(low: usize) -> impl Strategy<Value = Laid<f64>> {
        shapes(low, 4).prop_flat_map(|shape| laid(shape, edges()))
    }

    /// What `kernel` writes to an array of the shape.
    fn written(shape: &Shape, kernel: impl FnOnce(ViewMut<'_, f64>) -> Result<(), Refusal>) -> Vec<f64> {
        let mut y = vec![7.0; shape.size()];
        kernel(ViewMut::new(&mut y, shape).unwrap()).unwrap();
        y
    }

    /// `f` of each position.
    fn defined(x: &Laid<f64>, f: impl Fn(&[usize]) -> f64) -> Vec<f64> {
        positions(&x.shape).iter().map(|index| f(index)).collect()
    }

    proptest! {
        fn flipping_is_the_formula(x in arrays(1), which in prop::collection::vec(any::<bool>(), 4)) {
            let axes: Vec<usize> = (0..x.shape.rank()).filter(|axis| which[*axis]).collect();
            let flipped = |index: &[usize]| -> Vec<usize> {
                let lengths = x.shape.iter().enumerate();
                lengths.map(|(axis, n)| if which[axis] { n - 1 - index[axis] } else { index[axis] }).collect()
            };
            let y = written(&x.shape, |y| flip(x.view(), &axes, y));
            assert_same(&y, &defined(&x, |index| x.at(&flipped(index))));
        }

        fn unslicing_is_the_formula(x in arrays(1), axis in 0..4usize, start in 0..3usize, step in 1..4usize, rest in 0..3usize) {
            let axis = axis % x.shape.rank();
            let length = start + x.shape[axis] * step + rest;
            let shape = Shape::from(with(&x.shape, axis, length));
            let mut expected = vec![0.0; shape.size()];
            for index in positions(&x.shape) {
                expected[place(&shape, &with(&index, axis, start + index[axis] * step))] = x.at(&index);
            }
            assert_same(&written(&shape, |y| unslice(x.view(), axis, start, step, y)), &expected);
        }

        fn triangles_are_the_formula(x in arrays(2), diagonal in prop_oneof![20 => -6..7isize, 1 => any::<isize>()]) {
            let last = x.shape.rank() - 1;
            let right = |index: &[usize]| index[last] as isize - index[last - 1] as isize;
            let kept = |index: &[usize], kept: bool| if kept { x.at(index) } else { 0.0 };
            let lower = written(&x.shape, |y| triangle(x.view(), Triangle::Lower, diagonal, y));
            assert_same(&lower, &defined(&x, |index| kept(index, right(index) <= diagonal)));
            let upper = written(&x.shape, |y| triangle(x.view(), Triangle::Upper, diagonal, y));
            assert_same(&upper, &defined(&x, |index| kept(index, right(index) >= diagonal)));
        }
    }

    fn what_does_not_fit_is_refused() {
        let (x, y) = (Shape::from([3]), Shape::from([4]));
        let view = View::splat(&1.0, &x);
        let mut out = [0.0; 4];
        let mut place = |start, step| {
            unslice(view, 0, start, step, ViewMut::new(&mut out, &y).unwrap()).map_err(|refusal| refusal.message)
        };
        assert_eq!(place(1, 1), Ok(()));
        let message = "3 positions from 0 on, 2 apart, are not in axis 0 of the output, which is 4 long";
        assert_eq!(place(0, 2), Err(message.into()));
        assert!(place(0, 0).is_err() && place(2, 1).is_err() && place(usize::MAX, usize::MAX).is_err());
        let vector = triangle(view, Triangle::Upper, 0, ViewMut::new(&mut out[..3], &x).unwrap()).unwrap_err();
        assert_eq!(vector.message, "x [3] should be a matrix, or an array of them");
        let axis = flip(view, &[0, 1], ViewMut::new(&mut out[..3], &x).unwrap()).unwrap_err();
        assert_eq!(axis.message, "there is no axis 1 in the array [3]; it has axis 0 only");
    }

    self_tests!(
        flipping_is_the_formula,
        unslicing_is_the_formula,
        triangles_are_the_formula,
        what_does_not_fit_is_refused,
    );
}
