//! Sorting, the k largest elements, and the position of the largest or smallest.
//!
//! The order is NumPy's: NaN is larger than any other number, and −0 equals +0. Elements that are equal keep their order.

use super::along::{Along, expect_along, expect_shape, expect_without, lines};
use super::view::{View, ViewMut};
use crate::base::error::Refusal;
use crate::base::real::Real;
use std::cmp::Ordering;

/// x sorted along its last axis, smallest first, and the permutation that sorts it: `values` and `order`, both of the shape
/// of x, such that values\[…, k\] = x\[…, order\[…, k\]\] does not decrease with k. Elements that are equal keep their order
/// (the sort is stable), −0 equals +0, and NaN comes last, as in NumPy's `argsort(kind="stable")`.
///
/// As a map of x, the values are [`gather_along`](super::gather_along) with the permutation, and the adjoint is
/// [`scatter_add_along`](super::scatter_add_along).
///
/// # Errors
/// A refusal if x has no axis, or if an output does not fit.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, sort};
/// let shape = Shape::from([4]);
/// let x = View::contiguous(&[2.0, f64::NAN, 1.0, 2.0], &shape).unwrap();
/// let (mut values, mut order) = ([0.0; 4], [0; 4]);
/// sort(x, ViewMut::new(&mut values, &shape).unwrap(), ViewMut::new(&mut order, &shape).unwrap())?;
/// assert_eq!(values[..3], [1.0, 2.0, 2.0]);
/// assert_eq!(order, [2, 0, 3, 1]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn sort<F: Real>(x: View<'_, F>, values: ViewMut<'_, F>, order: ViewMut<'_, usize>) -> Result<(), Refusal> {
    let axis = last_axis(x.shape())?;
    expect_shape("the array of values", values.shape(), x.shape())?;
    expect_shape("the order", order.shape(), x.shape())?;
    let (data, step, lines) = lines(&x, axis);
    let length = x.shape()[axis].max(1);
    let (values, order) = (values.into_slice().chunks_mut(length), order.into_slice().chunks_mut(length));
    for ((values, order), start) in values.zip(order).zip(lines) {
        let at = |i: usize| data[start + i * step];
        order.iter_mut().enumerate().for_each(|(i, to)| *to = i);
        // Positions differ, so no two compare as equal, and the sort need not be a stable one, which takes memory.
        order.sort_unstable_by(|a, b| compare(at(*a), at(*b)).then(a.cmp(b)));
        values.iter_mut().zip(order).for_each(|(y, i)| *y = at(*i));
    }
    Ok(())
}

/// The k largest elements of x along its last axis, largest first, and their positions: x \[…, n\] gives two arrays
/// \[…, k\]. Of elements that are equal, the first come first; −0 equals +0, and NaN is the largest, as in [`sort`] (and so
/// in NumPy's order and in PyTorch's `topk`).
///
/// # Errors
/// A refusal if x has no axis, if k exceeds n, or if an output does not fit.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, top_k};
/// let (four, two) = (Shape::from([4]), Shape::from([2]));
/// let x = View::contiguous(&[2.0, 5.0, 1.0, 5.0], &four).unwrap();
/// let (mut values, mut indices) = ([0.0; 2], [0; 2]);
/// top_k(x, 2, ViewMut::new(&mut values, &two).unwrap(), ViewMut::new(&mut indices, &two).unwrap())?;
/// assert_eq!((values, indices), ([5.0, 5.0], [1, 3]));
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn top_k<F: Real>(
    x: View<'_, F>,
    k: usize,
    values: ViewMut<'_, F>,
    indices: ViewMut<'_, usize>,
) -> Result<(), Refusal> {
    let axis = last_axis(x.shape())?;
    let length = x.shape()[axis];
    if k > length {
        return Err(Refusal::new(format!("the last axis has {length} elements, fewer than the {k} largest")));
    }
    expect_along("the array of values", values.shape(), x.shape(), axis, k)?;
    expect_along("the array of indices", indices.shape(), x.shape(), axis, k)?;
    let (data, step, lines) = lines(&x, axis);
    // Without elements to be found there are no chunks.
    let (values, indices) = (values.into_slice().chunks_mut(k.max(1)), indices.into_slice().chunks_mut(k.max(1)));
    for ((values, found), start) in values.zip(indices).zip(lines) {
        let at = |i: usize| data[start + i * step];
        // Positions differ, so no two compare as equal.
        let before = |a: usize, b: usize| compare(at(b), at(a)).then(a.cmp(&b)).is_lt();
        largest(found, length, before);
        values.iter_mut().zip(found).for_each(|(y, i)| *y = at(*i));
    }
    Ok(())
}

/// Fills `found` with the numbers below `length` that come first by `before`, a strict order, in that order. They are as
/// many as there is room for, and no other memory is taken: until the end `found` is a heap, whose root is the last of them.
fn largest(found: &mut [usize], length: usize, before: impl Fn(usize, usize) -> bool + Copy) {
    let k = found.len();
    found.iter_mut().enumerate().for_each(|(i, to)| *to = i);
    (0..k / 2).rev().for_each(|root| sift_down(found, root, before));
    for i in k..length {
        if before(i, found[0]) {
            found[0] = i;
            sift_down(found, 0, before);
        }
    }
    found.sort_unstable_by(|a, b| if before(*a, *b) { Ordering::Less } else { Ordering::Greater });
}

/// Moves the number at `root` down until none of those below it is later by `before`.
fn sift_down(heap: &mut [usize], mut root: usize, before: impl Fn(usize, usize) -> bool) {
    loop {
        let mut last = root;
        for child in [2 * root + 1, 2 * root + 2] {
            if child < heap.len() && before(heap[last], heap[child]) {
                last = child;
            }
        }
        if last == root {
            return;
        }
        heap.swap(root, last);
        root = last;
    }
}

/// The last axis of an array that has one.
fn last_axis(shape: &[usize]) -> Result<usize, Refusal> {
    shape.len().checked_sub(1).ok_or_else(|| Refusal::new("a number has no axis to sort along"))
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

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
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
        fn sorting_is_stable_insertion((x, _) in case()) {
            let axis = x.shape.rank() - 1;
            let (mut values, mut order) = (vec![7.0; x.shape.size()], vec![7; x.shape.size()]);
            let outputs = (ViewMut::new(&mut values, &x.shape).unwrap(), ViewMut::new(&mut order, &x.shape).unwrap());
            sort(x.view(), outputs.0, outputs.1).unwrap();
            prop_assert_eq!(&order, &by_lines(&x, axis, order_of));
            assert_same(&values, &by_lines(&x, axis, |line| order_of(line).iter().map(|i| line[*i]).collect()));
        }

        fn the_largest_are_the_end_of_the_sorted((x, _) in case(), k in 0..8usize) {
            let axis = x.shape.rank() - 1;
            let k = k.min(x.shape[axis]);
            let shape = Shape::from(with(&x.shape, axis, k));
            let (mut values, mut indices) = (vec![7.0; shape.size()], vec![7; shape.size()]);
            let outputs = (ViewMut::new(&mut values, &shape).unwrap(), ViewMut::new(&mut indices, &shape).unwrap());
            top_k(x.view(), k, outputs.0, outputs.1).unwrap();
            // Sorting from the other end takes equal elements in the other order.
            let largest = |line: &[f64]| {
                let reversed: Vec<f64> = line.iter().rev().copied().collect();
                order_of(&reversed).iter().rev().take(k).map(|i| line.len() - 1 - i).collect::<Vec<_>>()
            };
            prop_assert_eq!(&indices, &by_lines(&x, axis, largest));
            assert_same(&values, &by_lines(&x, axis, |line| largest(line).iter().map(|i| line[*i]).collect()));
        }

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

    fn what_does_not_fit_is_refused() {
        let (x, y) = (Shape::from([2, 3]), Shape::from([2, 2]));
        let view = View::splat(&1.0, &x);
        let (mut values, mut order) = ([0.0; 6], [0; 6]);
        let outputs = (ViewMut::new(&mut values, &x).unwrap(), ViewMut::new(&mut order[..4], &y).unwrap());
        let small = sort(view, outputs.0, outputs.1).unwrap_err();
        assert_eq!(small.message, "the order has the shape [2, 2], not [2, 3]");
        let outputs = (ViewMut::new(&mut values, &x).unwrap(), ViewMut::new(&mut order, &x).unwrap());
        let many = top_k(view, 4, outputs.0, outputs.1).unwrap_err();
        assert_eq!(many.message, "the last axis has 3 elements, fewer than the 4 largest");
        let wrong = argmax(view, 1, ViewMut::new(&mut order[..4], &y).unwrap()).unwrap_err();
        assert_eq!(wrong.message, "the output has the shape [2, 2], not [2]");
    }

    self_tests!(
        sorting_is_stable_insertion,
        the_largest_are_the_end_of_the_sorted,
        the_extremes_are_the_first_that_none_surpasses,
        what_does_not_fit_is_refused,
    );
}
