//! Elements by their positions on an axis, and the adjoint.

use super::along::{Along, expect_along, expect_shape, position};
use super::order::Odometer;
use super::view::{View, ViewMut};
use crate::base::error::Refusal;
use crate::base::real::Real;
use crate::base::shape::Strides;

/// y\[…, k, …\] = x\[…, i\[…, k, …\], …\] along `axis`: x \[…, n, …\] and i \[…, m, …\], which differ in the length of
/// `axis` alone, give \[…, m, …\]. It is NumPy's `take_along_axis`, without broadcasting.
///
/// The map is linear in x, and its adjoint is [`scatter_add_along`] with the same indices.
///
/// # Errors
/// A refusal if the shapes do not fit, or, naming the element, if an index is not below n.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, gather_along};
/// let (wide, narrow) = (Shape::from([2, 3]), Shape::from([2, 1]));
/// let x = View::contiguous(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &wide).unwrap();
/// let i = View::contiguous(&[2, 0], &narrow).unwrap();
/// let mut y = [0.0; 2];
/// gather_along(x, i, 1, ViewMut::new(&mut y, &narrow).unwrap())?;
/// assert_eq!(y, [3.0, 4.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn gather_along<F: Real>(
    x: View<'_, F>,
    indices: View<'_, usize>,
    axis: usize,
    output: ViewMut<'_, F>,
) -> Result<(), Refusal> {
    let along = Along::new(x.shape(), axis)?;
    let expected = indices.shape().get(axis).copied().unwrap_or(0);
    expect_along("the array of indices", indices.shape(), x.shape(), axis, expected)?;
    expect_shape("the output", output.shape(), indices.shape())?;
    check_below(indices, along.length, axis)?;
    let (data, mut strides) = x.parts();
    let step = std::mem::take(&mut strides[axis]);
    let lanes = Odometer::new(indices.shape(), &strides);
    for ((y, i), lane) in output.into_slice().iter_mut().zip(indices.iter()).zip(lanes) {
        *y = data[lane + i * step];
    }
    Ok(())
}

/// y\[…, j, …\] = Σ dy\[…, k, …\] over the k with i\[…, k, …\] = j, along `axis`: the adjoint of [`gather_along`] and its
/// own adjoint's. dy and i, both \[…, m, …\], give the shape of the output, \[…, n, …\]; equal indices add up, in logical
/// order from +0.
///
/// # Errors
/// A refusal if the shapes do not fit, or, naming the element, if an index is not below n.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, scatter_add_along};
/// let (three, four) = (Shape::from([3]), Shape::from([4]));
/// let dy = View::contiguous(&[1.0, 2.0, 3.0], &three).unwrap();
/// let i = View::contiguous(&[3, 0, 3], &three).unwrap();
/// let mut dx = [0.0; 4];
/// scatter_add_along(dy, i, 0, ViewMut::new(&mut dx, &four).unwrap())?;
/// assert_eq!(dx, [2.0, 0.0, 0.0, 4.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn scatter_add_along<F: Real>(
    dy: View<'_, F>,
    indices: View<'_, usize>,
    axis: usize,
    output: ViewMut<'_, F>,
) -> Result<(), Refusal> {
    let along = Along::new(output.shape(), axis)?;
    expect_shape("the array of indices", indices.shape(), dy.shape())?;
    expect_along("the output", output.shape(), dy.shape(), axis, along.length)?;
    let mut strides: Strides = output.shape().strides();
    let step = std::mem::take(&mut strides[axis]);
    let lanes = Odometer::new(dy.shape(), &strides);
    let y = output.into_slice();
    let count = dy.shape().get(axis).copied().unwrap_or(0).max(1);
    if let (Some(dy), Some(all), 1) = (dy.as_slice(), indices.as_slice(), along.inner) {
        let rows = dy.chunks_exact(count).zip(all.chunks_exact(count));
        if dy.is_empty() {
            y.fill(F::zero());
        }
        for (y, (dy, row)) in y.chunks_exact_mut(along.length.max(1)).zip(rows) {
            y.fill(F::zero());
            for (dy, i) in dy.iter().zip(row) {
                let Some(y) = y.get_mut(*i) else { return check_below(indices, along.length, axis) };
                *y = *y + *dy;
            }
        }
        // Where an axis has no element to add to, no row was looked at.
        return if along.length == 0 { check_below(indices, 0, axis) } else { Ok(()) };
    }
    check_below(indices, along.length, axis)?;
    y.fill(F::zero());
    for ((dy, i), lane) in dy.iter().zip(indices.iter()).zip(lanes) {
        let y = &mut y[lane + i * step];
        *y = *y + dy;
    }
    Ok(())
}

/// A refusal that names the first index that is not below `length`.
fn check_below(indices: View<'_, usize>, length: usize, axis: usize) -> Result<(), Refusal> {
    // No way out of the loop, so that it becomes vector code: an index that is not below `length` sets the first bit.
    let first_bits =
        |indices: &[usize]| indices.iter().fold(0, |bits, i| bits | *i | length.wrapping_sub(1).wrapping_sub(*i));
    if length > 0 && indices.as_slice().is_some_and(|indices| first_bits(indices) <= isize::MAX as usize) {
        return Ok(());
    }
    match indices.iter().enumerate().find(|(_, i)| *i >= length) {
        None => Ok(()),
        Some((at, i)) => Err(Refusal::new(format!(
            "index {i} (element {} of the indices) is out of range: axis {axis} is {length} long, counted from 0",
            position(indices.shape(), at)
        ))),
    }
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::base::shape::Shape;
    use crate::kernels::laid::{Laid, assert_same, edges, laid, place, positions, shapes, with};
    use proptest::prelude::*;

    /// An array, indices along an axis of it, and an array of the shape of the indices.
    fn case() -> impl Strategy<Value = (Laid<f64>, Laid<usize>, Laid<f64>, usize)> {
        (shapes(1, 4), 0..4usize, 0..5usize).prop_flat_map(|(mut shape, axis, count)| {
            let axis = axis % shape.len();
            shape[axis] = shape[axis].max(1);
            let length = shape[axis];
            let fewer = with(&shape, axis, count);
            (laid(shape, edges()), laid(fewer.clone(), 0..length), laid(fewer, -3.0..3.0f64), Just(axis))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 2000 }))]

        fn gathering_is_the_formula((x, i, _, axis) in case()) {
            let mut y = vec![7.0; i.shape.size()];
            gather_along(x.view(), i.view(), axis, ViewMut::new(&mut y, &i.shape).unwrap()).unwrap();
            let expected: Vec<f64> =
                positions(&i.shape).iter().map(|index| x.at(&with(index, axis, i.at(index)))).collect();
            assert_same(&y, &expected);
        }

        fn scattering_is_the_formula((x, i, dy, axis) in case()) {
            let mut y = vec![7.0; x.shape.size()];
            scatter_add_along(dy.view(), i.view(), axis, ViewMut::new(&mut y, &x.shape).unwrap()).unwrap();
            let mut expected = vec![0.0; x.shape.size()];
            for index in positions(&i.shape) {
                expected[place(&x.shape, &with(&index, axis, i.at(&index)))] += dy.at(&index);
            }
            assert_same(&y, &expected);
        }

        fn the_first_index_out_of_range_is_named((x, i, _, axis) in case(), at in 0..1000usize) {
            prop_assume!(i.shape.size() > 0);
            let mut indices = i.values();
            let at = at % indices.len();
            indices[at] = x.shape[axis];
            let i = View::contiguous(&indices, &i.shape).unwrap();
            let (mut y, mut dx) = (vec![0.0; indices.len()], vec![0.0; x.shape.size()]);
            let gathered = gather_along(x.view(), i, axis, ViewMut::new(&mut y, i.shape()).unwrap()).unwrap_err();
            let dy = View::splat(&1.0, i.shape());
            let scattered = scatter_add_along(dy, i, axis, ViewMut::new(&mut dx, &x.shape).unwrap()).unwrap_err();
            let element = format!("element {}", Shape::from(positions(i.shape())[at].as_slice()));
            prop_assert!(gathered.message.contains(&element), "{}", gathered.message);
            prop_assert_eq!(gathered, scattered);
        }
    }

    fn shapes_that_do_not_fit_are_refused() {
        let (x, i, y) = (Shape::from([2, 3]), Shape::from([3, 1]), Shape::from([2, 1]));
        let gather = |i: &Shape, axis: usize, y: &Shape| {
            let mut data = vec![0.0; y.size()];
            let (x, i) = (View::splat(&1.0, &x), View::splat(&0, i));
            gather_along(x, i, axis, ViewMut::new(&mut data, y).unwrap()).unwrap_err().message
        };
        assert_eq!(gather(&i, 1, &y), "the array of indices has the shape [3, 1], not [2, 1]");
        assert_eq!(gather(&y, 1, &x), "the output has the shape [2, 3], not [2, 1]");
        assert_eq!(gather(&y, 2, &y), "there is no axis 2 in the array [2, 3]; axes run from 0 to 1");
    }

    self_tests!(
        gathering_is_the_formula,
        scattering_is_the_formula,
        the_first_index_out_of_range_is_named,
        shapes_that_do_not_fit_are_refused,
    );
}
