//! Convolutions of few weights, computed from the images themselves: each element is a chain over the weights, for as
//! many neighbours at once as a vector has.

use super::geometry::Geometry;
use super::planes::Planes;
use super::{Images, in_order};
use crate::base::error::Refusal;
use crate::base::real::Real;
use crate::kernels::copy::copy_short;
use crate::kernels::matmul::{LANES, Lines, products_with_shifts, sum_of_partial, sums_of_shifts};
use crate::kernels::view::View;

/// The longest window: a window with more weights in a row is computed by a matrix product.
const LONGEST: usize = 16;
/// The most weights whose partial sums are kept.
const FEW: usize = 8192;

/// Whether the convolution is computed in this way: where most of the computed sums are wanted. (Those between rows are
/// not.)
pub(super) fn is_direct(geometry: &Geometry) -> bool {
    let [_, rows, columns] = geometry.lengths(1);
    has_few(geometry) && is_dense([rows, columns], Planes::of_input(geometry).pitch())
}

/// Whether its adjoint as a map of x is computed in this way.
pub(super) fn is_transpose_direct(geometry: &Geometry) -> bool {
    let [_, rows, columns] = geometry.lengths(0);
    let strides = geometry.windows().map(|window| window.stride);
    has_few(geometry) && strides == [1; 2] && is_dense([rows, columns], Planes::of_cotangent(geometry).pitch())
}

/// Whether its adjoint as a map of w is computed in this way: where most lanes of a vector have an element.
pub(super) fn is_weight_adjoint_direct(geometry: &Geometry) -> bool {
    let ([depth, outputs, _], [_, rows, columns]) = (geometry.matrix(), geometry.lengths(1));
    let few = depth.saturating_mul(outputs).saturating_mul(geometry.groups()) <= FEW;
    has_few(geometry) && few && rows > 0 && columns.next_multiple_of(LANES) <= 2 * columns
}

fn has_few(geometry: &Geometry) -> bool {
    let near = |padding: usize| padding <= isize::MAX as usize / 4;
    geometry.window_lengths().iter().all(|length| *length <= LONGEST)
        && geometry.windows().iter().all(|window| near(window.padding.0) && near(window.padding.1))
}

fn is_dense([rows, columns]: [usize; 2], pitch: usize) -> bool {
    rows > 0
        && columns > 0
        && 2 * span([rows, columns], pitch).next_multiple_of(LANES) <= 3 * rows.saturating_mul(columns)
}

/// The elements from the first to the last of some rows.
fn span([rows, columns]: [usize; 2], pitch: usize) -> usize {
    (rows - 1).saturating_mul(pitch).saturating_add(columns)
}

/// The lines in which the sums at some positions are computed: line by line, if that takes no more than a quarter of vectors
/// more. Otherwise as one line, which has sums between the rows that are not wanted.
fn lines([rows, columns]: [usize; 2], pitch: usize) -> Lines {
    let span = span([rows, columns], pitch);
    let vectors = rows.saturating_mul(columns.div_ceil(LANES));
    if pitch != columns && vectors <= span.div_ceil(LANES).saturating_mul(5) / 4 {
        return Lines { count: rows, length: columns, step: pitch };
    }
    Lines { count: 1, length: span, step: 0 }
}

/// The elements of the lines that are to be copied to where they belong: those of lines that are too long.
fn to_copy(size: [usize; 2], pitch: usize) -> usize {
    if lines(size, pitch).length == size[1] || pitch == size[1] { 0 } else { span(size, pitch) }
}

/// The number of elements that [`conv`], [`transpose`] and [`weight_adjoint`] work in; 0 for those that are not used.
pub(super) fn room(geometry: &Geometry) -> Option<usize> {
    let [depth, outputs, places] = geometry.matrix();
    let [channels, height, width] = geometry.lengths(0);
    let [_, rows, columns] = geometry.lengths(1);
    let weights = depth.checked_mul(outputs)?.checked_mul(geometry.groups())?;
    let sum = |parts: [usize; 3]| parts.iter().try_fold(0usize, |sum, part| sum.checked_add(*part));
    let mut most = 0;
    if is_direct(geometry) {
        let planes = Planes::of_input(geometry);
        let sums = outputs.checked_mul(to_copy([rows, columns], planes.pitch()))?;
        most = most.max(sum([planes.elements(), weights, sums])?);
    }
    if is_transpose_direct(geometry) {
        let planes = Planes::of_cotangent(geometry);
        let sums = channels.checked_mul(to_copy([height, width], planes.pitch()))?;
        most = most.max(sum([planes.elements(), weights, sums])?);
    }
    if is_weight_adjoint_direct(geometry) {
        let image = outputs.checked_mul(places)?;
        most = most.max(sum([Planes::of_input(geometry).elements(), image, weights.checked_mul(LANES)?])?);
    }
    Some(most)
}

/// y = the convolution of x with w.
pub(super) fn conv<F: Real>(
    geometry: &Geometry,
    x: &View<'_, F>,
    w: &View<'_, F>,
    y: &mut [F],
    room: &mut [F],
) -> Result<(), Refusal> {
    let [depth, outputs, _] = geometry.matrix();
    let [_, rows, columns] = geometry.lengths(1);
    let planes = Planes::of_input(geometry);
    let (written, room) = room.split_at_mut(planes.elements());
    let (weights, sums) = room.split_at_mut(w.shape().size());
    let (data, axes) = w.axes();
    let weights = in_order(data, axes, weights);
    let part = |group: usize| &weights[group * outputs * depth..][..outputs * depth];
    let x = Images::of(x, geometry, 0);
    sum_all(geometry, planes, &x, part, [rows, columns], y, written, sums)
}

/// dx = the adjoint, for dy: a convolution with the window turned around, and its channels exchanged.
pub(super) fn transpose<F: Real>(
    geometry: &Geometry,
    dy: &View<'_, F>,
    w: &View<'_, F>,
    dx: &mut [F],
    room: &mut [F],
) -> Result<(), Refusal> {
    let [depth, outputs, _] = geometry.matrix();
    let [channels, height, width] = geometry.lengths(0);
    let planes = Planes::of_cotangent(geometry);
    let (written, room) = room.split_at_mut(planes.elements());
    let (weights, sums) = room.split_at_mut(w.shape().size());
    let taps = depth / channels.max(1);
    // From [group, o, c, taps] to [group, c, o, taps backwards].
    for (at, weight) in w.iter().enumerate() {
        let (rest, tap) = (at / taps, at % taps);
        let (output, channel) = (rest / channels, rest % channels);
        let (group, o) = (output / outputs, output % outputs);
        weights[((group * channels + channel) * outputs + o) * taps + taps - 1 - tap] = weight;
    }
    let weights = &*weights;
    let part = |group: usize| &weights[group * outputs * depth..][..outputs * depth];
    let dy = Images::of(dy, geometry, 1);
    sum_all(geometry, planes, &dy, part, [height, width], dx, written, sums)
}

/// Sums of the shifted planes of all images and groups, at `size` positions.
#[allow(clippy::too_many_arguments)] // One call of each kind.
fn sum_all<'w, F: Real>(
    geometry: &Geometry,
    planes: Planes,
    images: &Images<'_, F>,
    weights: impl Fn(usize) -> &'w [F],
    size: [usize; 2],
    output: &mut [F],
    written: &mut [F],
    sums: &mut [F],
) -> Result<(), Refusal> {
    let (shifts, pitch) = (planes.shifts(geometry), planes.pitch());
    let (lines, to_copy) = (lines(size, pitch), to_copy(size, pitch));
    let outputs = geometry.matrix()[1] * geometry.matrix()[0] / shifts.depth().max(1);
    let sums = &mut sums[..outputs * to_copy];
    images.clear(&planes, written);
    for (at, output) in output.chunks_exact_mut((outputs * size[0] * size[1]).max(1)).enumerate() {
        let (x, weights) = (images.planes(&planes, at, written), weights(at % geometry.groups()));
        if to_copy == 0 {
            sums_of_shifts(&shifts, weights, x, lines, output)?;
            continue;
        }
        sums_of_shifts(&shifts, weights, x, lines, sums)?;
        let rows = sums.chunks_exact(to_copy).flat_map(|plane| plane.chunks(pitch));
        for (to, sums) in output.chunks_exact_mut(size[1]).zip(rows) {
            copy_short(&sums[..size[1]], to);
        }
    }
    Ok(())
}

/// dw = the adjoint as a map of w, for x and dy.
pub(super) fn weight_adjoint<F: Real>(
    geometry: &Geometry,
    x: &View<'_, F>,
    dy: &View<'_, F>,
    dw: &mut [F],
    room: &mut [F],
) -> Result<(), Refusal> {
    let ([depth, outputs, places], groups) = (geometry.matrix(), geometry.groups());
    let [_, count, length] = geometry.lengths(1);
    let planes = Planes::of_input(geometry);
    let (written, room) = room.split_at_mut(planes.elements());
    let (image, room) = room.split_at_mut(outputs * places);
    let partial = &mut room[..dw.len() * LANES];
    partial.fill(F::zero());
    let (shifts, lines) = (planes.shifts(geometry), Lines { count, length, step: planes.pitch() });
    let (x, dy) = (Images::of(x, geometry, 0), Images::of(dy, geometry, 1));
    x.clear(&planes, written);
    for at in 0..geometry.batch() * groups {
        let of_group = at % groups * outputs * depth * LANES;
        let partial = &mut partial[of_group..of_group + outputs * depth * LANES];
        products_with_shifts(&shifts, dy.rows(at, image), x.planes(&planes, at, written), lines, partial)?;
    }
    for (dw, partial) in dw.iter_mut().zip(partial.as_chunks::<LANES>().0) {
        *dw = sum_of_partial(partial);
    }
    Ok(())
}

impl<'a, F: Real> Images<'a, F> {
    /// Makes `room` ready for [`planes`](Self::planes) of any image and group: where they have no element is 0.
    fn clear(&self, planes: &Planes, room: &mut [F]) {
        let [_, steps @ ..] = self.steps;
        if !planes.is_written(steps) {
            room.fill(F::zero());
        }
    }

    /// The planes of image and group number `at`: where they lie, or written to `room`.
    fn planes<'r>(&self, planes: &Planes, at: usize, room: &'r mut [F]) -> &'r [F]
    where
        'a: 'r,
    {
        let [_, steps @ ..] = self.steps;
        let x = self.from(at);
        if planes.is_written(steps) {
            return x.get(..planes.elements()).unwrap_or(&[]);
        }
        planes.write(x, steps, room);
        room
    }
}
