//! One axis of an array, and the checks that kernels make of the shapes they are given.

use super::order::Odometer;
use super::view::View;
use crate::base::axis::no_axis;
use crate::base::error::Refusal;
use crate::base::shape::{Shape, Strides};
use smallvec::SmallVec;

/// A row-major array seen along one of its axes: blocks of `length` positions with `inner` elements each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Along {
    /// The length of the axis.
    pub(super) length: usize,
    /// The number of elements at one position: the product of the lengths after the axis.
    pub(super) inner: usize,
}

impl Along {
    /// An array of the shape `shape` along `axis`; a refusal where there is no such axis.
    pub(super) fn new(shape: &[usize], axis: usize) -> Result<Self, Refusal> {
        match shape.get(axis..).and_then(<[usize]>::split_first) {
            Some((length, after)) => {
                // Beside a length of 0 others may be of any size.
                Ok(Along { length: *length, inner: after.iter().fold(1, |size, d| size.saturating_mul(*d)) })
            }
            None => Err(Refusal::new(no_axis(axis, "the array", &Shape::from(shape)).message)),
        }
    }

    /// The number of elements of a block.
    pub(super) fn block(&self) -> usize {
        self.length.saturating_mul(self.inner)
    }
}

/// The elements of a view along an axis it has: its buffer, the distance between neighbours on the axis, and where each
/// line along the axis begins, in logical order of the other axes.
pub(super) fn lines<'a, F: Copy>(x: &View<'a, F>, axis: usize) -> (&'a [F], usize, Odometer) {
    let (data, mut strides) = x.parts();
    let step = strides.remove(axis);
    let mut lengths: SmallVec<[usize; 4]> = SmallVec::from_slice(x.shape());
    // Without elements there are no lines.
    if lengths.remove(axis) == 0 {
        lengths.push(0);
        strides.push(0);
    }
    (data, step, Odometer::new(&lengths, &strides))
}

/// A refusal unless `got`, the shape of `what`, is `expected`.
pub(super) fn expect_shape(what: &str, got: &[usize], expected: &[usize]) -> Result<(), Refusal> {
    expect_lengths(what, got, expected.iter().copied())
}

/// A refusal unless `got`, the shape of `what`, is that of `like` with the length of `axis` set to `length`.
pub(super) fn expect_along(
    what: &str,
    got: &[usize],
    like: &[usize],
    axis: usize,
    length: usize,
) -> Result<(), Refusal> {
    expect_lengths(what, got, like.iter().enumerate().map(|(i, d)| if i == axis { length } else { *d }))
}

/// A refusal unless `got`, the shape of `what`, is that of `like` without `axis`.
pub(super) fn expect_without(what: &str, got: &[usize], like: &[usize], axis: usize) -> Result<(), Refusal> {
    expect_lengths(what, got, like.iter().enumerate().filter(|(i, _)| *i != axis).map(|(_, d)| *d))
}

/// A refusal unless `got`, the shape of `what`, has the lengths `expected`.
pub(super) fn expect_lengths(
    what: &str,
    got: &[usize],
    expected: impl Iterator<Item = usize> + Clone,
) -> Result<(), Refusal> {
    match got.iter().copied().eq(expected.clone()) {
        true => Ok(()),
        false => Err(unexpected(what, got, expected.collect())),
    }
}

#[cold]
fn unexpected(what: &str, got: &[usize], expected: Shape) -> Refusal {
    Refusal::new(format!("{what} has the shape {}, not {expected}", Shape::from(got)))
}

/// A refusal unless the workspace has room for `needed` elements.
pub(super) fn expect_room(got: usize, needed: usize) -> Result<(), Refusal> {
    match got >= needed {
        true => Ok(()),
        false => Err(Refusal::new(format!("the workspace has room for {got} elements; {needed} are needed"))),
    }
}

/// The position of the element that is number `at` in row-major order, as messages name it.
pub(super) fn position(shape: &[usize], mut at: usize) -> Shape {
    let mut index: Strides = Strides::from_elem(0, shape.len());
    for (i, length) in index.iter_mut().zip(shape).rev() {
        *i = at % length;
        at /= length;
    }
    index.iter().copied().collect()
}
