//! Sorting along an axis, the k largest elements, and the position of the largest or smallest.
//!
//! The order is NumPy's: NaN is larger than any other number, and −0 equals +0. Elements that are equal keep their order.

use super::along::{Along, expect_along, expect_room, expect_shape, expect_without, lines};
use super::gather_along::gather_along;
use super::view::{View, ViewMut};
use crate::base::error::Refusal;
use crate::base::real::Real;
use std::cmp::Ordering;

/// The permutation that sorts x along `axis`, smallest first: i \[…, n, …\] of the shape of x such that
/// x\[…, i\[…, k, …\], …\] does not decrease with k. Elements that are equal keep their order (the sort is stable), −0
/// equals +0, and NaN comes last, as in NumPy's `argsort(kind="stable")`.
///
/// The workspace has room for n numbers; where `axis` is the last, none is needed.
///
/// # Errors
/// A refusal if there is no such axis, or if the output or the workspace do not fit.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, argsort};
/// let shape = Shape::from([4]);
/// let x = View::contiguous(&[2.0, f64::NAN, 1.0, 2.0], &shape).unwrap();
/// let mut order = [0; 4];
/// argsort(x, 0, ViewMut::new(&mut order, &shape).unwrap(), &mut [])?;
/// assert_eq!(order, [2, 0, 3, 1]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn argsort<F: Real>(
    x: View<'_, F>,
    axis: usize,
    output: ViewMut<'_, usize>,
    workspace: &mut [usize],
) -> Result<(), Refusal> {
    let Along { length, inner } = Along::new(x.shape(), axis)?;
    expect_shape("the output", output.shape(), x.shape())?;
    expect_room(workspace.len(), if inner == 1 { 0 } else { length })?;
    let (data, step, lines) = lines(&x, axis);
    let output = output.into_slice();
    for (line, start) in lines.enumerate() {
        let first = line / inner * length * inner + line % inner;
        // The positions on the last axis are neighbours, and are sorted where they belong.
        let order = if inner == 1 { &mut output[first..first + length] } else { &mut workspace[..length] };
        order.iter_mut().enumerate().for_each(|(i, to)| *to = i);
        // Positions differ, so no two compare as equal, and the sort need not be a stable one, which takes memory.
        order.sort_unstable_by(|a, b| compare(data[start + a * step], data[start + b * step]).then(a.cmp(b)));
        if inner != 1 {
            output[first..].iter_mut().step_by(inner).zip(&workspace[..length]).for_each(|(to, i)| *to = *i);
        }
    }
    Ok(())
}

/// x sorted along `axis`, smallest first, to `values`, and the permutation that sorts it to `order`: see [`argsort`]. As
/// a map of x, the values are [`gather_along`] with the permutation, and so is the adjoint
/// [`scatter_add_along`](super::scatter_add_along).
///
/// # Errors
/// As for [`argsort`].
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, sort};
/// let shape = Shape::from([3]);
/// let x = View::contiguous(&[3.0, 1.0, 2.0], &shape).unwrap();
/// let (mut values, mut order) = ([0.0; 3], [0; 3]);
/// sort(x, 0, ViewMut::new(&mut values, &shape).unwrap(), ViewMut::new(&mut order, &shape).unwrap(), &mut [])?;
/// assert_eq!((values, order), ([1.0, 2.0, 3.0], [1, 2, 0]));
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn sort<F: Real>(
    x: View<'_, F>,
    axis: usize,
    values: ViewMut<'_, F>,
    mut order: ViewMut<'_, usize>,
    workspace: &mut [usize],
) -> Result<(), Refusal> {
    let shape = order.shape();
    argsort(x, axis, ViewMut::whole(order.as_mut_slice(), shape), workspace)?;
    gather_along(x, View::whole(order.into_slice(), shape), axis, values)
}

/// The k largest elements of x along `axis`, largest first, and their positions: x \[…, n, …\] gives two arrays
/// \[…, k, …\]. Of elements that are equal, the first come first; −0 equals +0, and NaN is the largest, as in [`argsort`]
/// (and so in NumPy's order and in PyTorch's `topk`).
///
/// The workspace has room for n numbers.
///
/// # Errors
/// A refusal if there is no such axis, if k exceeds n, or if the outputs or the workspace do not fit.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, top_k};
/// let (four, two) = (Shape::from([4]), Shape::from([2]));
/// let x = View::contiguous(&[2.0, 5.0, 1.0, 5.0], &four).unwrap();
/// let (mut values, mut indices) = ([0.0; 2], [0; 2]);
/// let outputs = (ViewMut::new(&mut values, &two).unwrap(), ViewMut::new(&mut indices, &two).unwrap());
/// top_k(x, 2, 0, outputs.0, outputs.1, &mut [0; 4])?;
/// assert_eq!((values, indices), ([5.0, 5.0], [1, 3]));
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn top_k<F: Real>(
    x: View<'_, F>,
    k: usize,
    axis: usize,
    values: ViewMut<'_, F>,
    mut indices: ViewMut<'_, usize>,
    workspace: &mut [usize],
) -> Result<(), Refusal> {
    let Along { length, inner } = Along::new(x.shape(), axis)?;
    if k > length {
        return Err(Refusal::new(format!("axis {axis} has {length} elements, fewer than the {k} largest")));
    }
    expect_along("the array of indices", indices.shape(), x.shape(), axis, k)?;
    expect_room(workspace.len(), length)?;
    let shape = indices.shape();
    let (data, step, lines) = lines(&x, axis);
    let output = indices.as_mut_slice();
    // Where none are asked for there is no last one to select.
    for (line, start) in lines.enumerate().take_while(|_| k > 0) {
        let largest = |a: &usize, b: &usize| compare(data[start + b * step], data[start + a * step]).then(a.cmp(b));
        let order = &mut workspace[..length];
        order.iter_mut().enumerate().for_each(|(i, to)| *to = i);
        let (first, last, _) = order.select_nth_unstable_by(k - 1, largest);
        first.sort_unstable_by(largest);
        let to = output[line / inner * k * inner + line % inner..].iter_mut().step_by(inner);
        to.zip(first.iter().chain([&*last])).for_each(|(to, i)| *to = *i);
    }
    gather_along(x, View::whole(indices.into_slice(), shape), axis, values)
}

/// The position of the largest element of x along `axis`: x \[…, n, …\] gives \[…, …\]. Of elements that are equal it is
/// the first (−0 equals +0), and if one is NaN it is the first NaN, as in NumPy.
///
/// # Errors
/// A refusal if there is no such axis, if the output does not fit, or if the axis is empty and a position is asked for.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, argmax};
/// let (matrix, rows) = (Shape::from([2, 3]), Shape::from([2]));
/// let x = View::contiguous(&[1.0, 3.0, 3.0, 4.0, f64::NAN, 5.0], &matrix).unwrap();
/// let mut i = [0; 2];
/// argmax(x, 1, ViewMut::new(&mut i, &rows).unwrap())?;
/// assert_eq!(i, [1, 1]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn argmax<F: Real>(x: View<'_, F>, axis: usize, output: ViewMut<'_, usize>) -> Result<(), Refusal> {
    first(x, axis, output, |x, best| x > best)
}

/// The position of the smallest element of x along `axis`, otherwise as [`argmax`]: the first of equal elements, and the
/// first NaN if there is one.
///
/// # Errors
/// As for [`argmax`].
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, argmin};
/// let shape = Shape::from([3]);
/// let x = View::contiguous(&[2.0, 1.0, 1.0], &shape).unwrap();
/// let mut i = [0];
/// argmin(x, 0, ViewMut::new(&mut i, &Shape::scalar()).unwrap())?;
/// assert_eq!(i, [1]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn argmin<F: Real>(x: View<'_, F>, axis: usize, output: ViewMut<'_, usize>) -> Result<(), Refusal> {
    first(x, axis, output, |x, best| x < best)
}

/// The first position along `axis` than which none is `better`; a NaN is better than any other number.
fn first<F: Real>(
    x: View<'_, F>,
    axis: usize,
    output: ViewMut<'_, usize>,
    better: impl Fn(F, F) -> bool,
) -> Result<(), Refusal> {
    let Along { length, .. } = Along::new(x.shape(), axis)?;
    expect_without("the output", output.shape(), x.shape(), axis)?;
    let output = output.into_slice();
    if length == 0 && !output.is_empty() {
        return Err(Refusal::new(format!("axis {axis} is empty: none of its elements is the largest or smallest")));
    }
    let (data, step, lines) = lines(&x, axis);
    for (to, start) in output.iter_mut().zip(lines) {
        let (mut at, mut best) = (0, data[start]);
        for i in 1..length {
            // No element is better than a NaN, and the rest need not be read.
            if best.is_nan() {
                break;
            }
            let x = data[start + i * step];
            if better(x, best) || x.is_nan() {
                (at, best) = (i, x);
            }
        }
        *to = at;
    }
    Ok(())
}

/// The order of numbers: NaN is the largest, and −0 equals +0.
fn compare<F: Real>(a: F, b: F) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::base::shape::Shape;
    use crate::kernels::laid::{Laid, assert_same, edges, laid, positions, shapes, with};
    use proptest::prelude::*;

    /// An array with ties and NaN, and an axis of it.
    fn case() -> impl Strategy<Value = (Laid<f64>, usize)> {
        let shape = prop_oneof![shapes(1, 4), (1..40usize).prop_map(|n| vec![n])];
        shape.prop_flat_map(|shape| (laid(shape.clone(), edges()), 0..shape.len()))
    }

    /// `f` of each line along `axis`, as the lines of an array in row-major order.
    fn by_lines<T: Copy>(x: &Laid<f64>, axis: usize, f: impl Fn(&[f64]) -> Vec<T>) -> Vec<T> {
        let starts = positions(&with(&x.shape, axis, 1));
        let line = |start: &[usize]| -> Vec<f64> { (0..x.shape[axis]).map(|i| x.at(&with(start, axis, i))).collect() };
        let results: Vec<(Vec<usize>, Vec<T>)> = starts.into_iter().map(|s| (s.clone(), f(&line(&s)))).collect();
        let length = results.first().map_or(0, |(_, result)| result.len());
        let at = |index: &Vec<usize>| results.iter().find(|(s, _)| *s == with(index, axis, 0)).unwrap().1[index[axis]];
        positions(&with(&x.shape, axis, length)).iter().map(at).collect()
    }

    /// The definition, by insertion: an element goes behind all that are not larger.
    fn order_of(line: &[f64]) -> Vec<usize> {
        let mut order: Vec<usize> = vec![];
        for (i, x) in line.iter().enumerate() {
            let larger = |y: f64| if x.is_nan() { false } else { y > *x || y.is_nan() };
            let at = order.iter().position(|j| larger(line[*j])).unwrap_or(order.len());
            order.insert(at, i);
        }
        order
    }

    proptest! {
        #[test]
        fn sorting_is_stable_insertion((x, axis) in case()) {
            let (mut values, mut order) = (vec![7.0; x.shape.size()], vec![7; x.shape.size()]);
            let mut workspace = vec![7; x.shape[axis]];
            let outputs = (ViewMut::new(&mut values, &x.shape).unwrap(), ViewMut::new(&mut order, &x.shape).unwrap());
            sort(x.view(), axis, outputs.0, outputs.1, &mut workspace).unwrap();
            prop_assert_eq!(&order, &by_lines(&x, axis, order_of));
            assert_same(&values, &by_lines(&x, axis, |line| order_of(line).iter().map(|i| line[*i]).collect()));
        }

        #[test]
        fn the_largest_are_the_end_of_the_sorted((x, axis) in case(), k in 0..8usize) {
            let k = k.min(x.shape[axis]);
            let shape = Shape::from(with(&x.shape, axis, k));
            let (mut values, mut indices) = (vec![7.0; shape.size()], vec![7; shape.size()]);
            let outputs = (ViewMut::new(&mut values, &shape).unwrap(), ViewMut::new(&mut indices, &shape).unwrap());
            top_k(x.view(), k, axis, outputs.0, outputs.1, &mut vec![7; x.shape[axis]]).unwrap();
            // Sorting from the other end takes equal elements in the other order.
            let largest = |line: &[f64]| {
                let reversed: Vec<f64> = line.iter().rev().copied().collect();
                order_of(&reversed).iter().rev().take(k).map(|i| line.len() - 1 - i).collect::<Vec<_>>()
            };
            prop_assert_eq!(&indices, &by_lines(&x, axis, largest));
            assert_same(&values, &by_lines(&x, axis, |line| largest(line).iter().map(|i| line[*i]).collect()));
        }

        #[test]
        fn the_extremes_are_the_first_that_none_surpasses((x, axis) in case()) {
            let shape = x.shape.reduced(&[axis], false);
            let (mut most, mut least) = (vec![7; shape.size()], vec![7; shape.size()]);
            let largest = argmax(x.view(), axis, ViewMut::new(&mut most, &shape).unwrap());
            let smallest = argmin(x.view(), axis, ViewMut::new(&mut least, &shape).unwrap());
            if x.shape[axis] == 0 && shape.size() > 0 {
                prop_assert!(largest.unwrap_err().message.contains("empty") && smallest.is_err());
                return Ok(());
            }
            largest.and(smallest).unwrap();
            let first = |line: &[f64], surpassed: fn(f64, f64) -> bool| {
                let nan = line.iter().position(|x| x.is_nan());
                let best = |x: &f64| !line.iter().any(|y| surpassed(*x, *y));
                vec![nan.or(line.iter().position(best)).unwrap()]
            };
            prop_assert_eq!(most, by_lines(&x, axis, |line| first(line, |x, y| y > x)));
            prop_assert_eq!(least, by_lines(&x, axis, |line| first(line, |x, y| y < x)));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (x, y) = (Shape::from([3, 2]), Shape::from([2, 2]));
        let view = View::splat(&1.0, &x);
        let (mut values, mut order) = ([0.0; 6], [0; 6]);
        let small = argsort(view, 0, ViewMut::new(&mut order, &x).unwrap(), &mut [0; 2]).unwrap_err();
        assert_eq!(small.message, "the workspace has room for 2 elements; 3 are needed");
        let many = Shape::from([4, 2]);
        let (values, mut indices) = (ViewMut::new(&mut values, &x).unwrap(), [0; 8]);
        let many = top_k(view, 4, 0, values, ViewMut::new(&mut indices, &many).unwrap(), &mut [0; 4]).unwrap_err();
        assert_eq!(many.message, "axis 0 has 3 elements, fewer than the 4 largest");
        let wrong = argmax(view, 0, ViewMut::new(&mut order[..4], &y).unwrap()).unwrap_err();
        assert_eq!(wrong.message, "the output has the shape [2, 2], not [2]");
    }
}
