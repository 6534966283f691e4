//! Convolution, as cross-correlation of an input with weights over one or two spatial axes, and its two adjoints, in
//! two ways, of which the shapes decide:
//!
//! - `direct`: from the images themselves, a vector of neighbours at a time, where the window is small and vectors are
//!   full;
//! - otherwise a matrix product for every image and group, with the elements of x that the weights meet in the columns
//!   of a matrix (Chellapilla, Puri & Simard, "High Performance Convolutional Neural Networks for Document Processing",
//!   2006).

mod direct;
mod geometry;
mod planes;
#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests;

use super::along::{expect_lengths, expect_room};
use super::matmul::{Strided, multiply};
use super::order::{Axes, Reader};
use super::view::{View, ViewMut};
use super::window::Window;
use crate::base::error::{Mismatch, Refusal};
use crate::base::real::Real;
use crate::base::shape::Shape;
use geometry::Geometry;

/// The shape of the convolution of x with w: x \[batch, g·C, H, W\] and w \[g·O, C, h, w\] give \[batch, g·O, P, Q\], g
/// the number of groups, P and Q the [positions](Window::positions) of the window on each axis. There is a window for
/// each spatial axis, of which there are one or two.
///
/// # Errors
/// A mismatch that names the axis: a rank, a number of channels or a window that does not fit.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{Window, conv_shape};
/// let windows = [Window { padding: (1, 1), ..Window::default() }; 2];
/// let y = conv_shape(&[8, 3, 32, 30].into(), &[16, 3, 3, 3].into(), &windows, 1)?;
/// assert_eq!(y, [8, 16, 32, 30].into());
/// # Ok::<(), autodiff::Mismatch>(())
/// ```
pub fn conv_shape(x: &Shape, w: &Shape, windows: &[Window], groups: usize) -> Result<Shape, Mismatch> {
    Ok(Geometry::new(x, w, windows, groups)?.output().collect())
}

/// The number of elements that [`conv`] and its adjoints need as their workspace: C·h·w·P·Q for the columns of one
/// image and group, and room for the weights and for one image and group of y.
///
/// # Errors
/// As for [`conv_shape`], or if there is no such number.
///
/// ```
/// use autodiff::kernels::{Window, conv_workspace};
/// let room = conv_workspace(&[9, 1, 4].into(), &[1, 1, 2].into(), &[Window::default()], 1)?;
/// assert_eq!(room, 2 * 3 + 2 + 3);
/// # Ok::<(), autodiff::Mismatch>(())
/// ```
pub fn conv_workspace(x: &Shape, w: &Shape, windows: &[Window], groups: usize) -> Result<usize, Mismatch> {
    needed(&Geometry::new(x, w, windows, groups)?)
        .ok_or_else(|| Mismatch::new("the workspace would be larger than any array"))
}

/// y\[b, o, p, q\] = Σ w\[o, c, i, j\]·x\[b, c′, p·s + i·d − before, q·s + j·d − before\] over c, i and j: the
/// convolution of x \[batch, g·C, H, W\] with w \[g·O, C, h, w\], in the sense of neural networks (the window is not
/// turned around). s and d are the stride and the dilation of each axis; around x lies a padding of zeros; of g groups,
/// channel o sees the C channels c′ of its own alone. With one spatial axis, H, h and P are left out.
///
/// For each image and group it is the product ([`matmul`](super::matmul)) of w as a matrix \[O, C·h·w\] with the matrix
/// \[C·h·w, P·Q\] of the elements of x, and is summed as that is.
///
/// The map is linear in x and in w; the adjoints are [`conv_transpose`] and [`conv_weight_adjoint`].
///
/// # Errors
/// A refusal if the shapes and windows do not fit ([`conv_shape`]), or the workspace is too small ([`conv_workspace`]).
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, Window, conv};
/// let (signal, window, result) = (Shape::from([1, 1, 4]), Shape::from([1, 1, 2]), Shape::from([1, 1, 3]));
/// let x = View::contiguous(&[1.0, 2.0, 4.0, 8.0], &signal).unwrap();
/// let w = View::contiguous(&[-1.0, 1.0], &window).unwrap();
/// let mut y = [0.0; 3];
/// conv(x, w, &[Window::default()], 1, ViewMut::new(&mut y, &result).unwrap(), &mut [0.0; 11])?;
/// assert_eq!(y, [1.0, 2.0, 4.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn conv<F: Real>(
    x: View<'_, F>,
    w: View<'_, F>,
    windows: &[Window],
    groups: usize,
    output: ViewMut<'_, F>,
    workspace: &mut [F],
) -> Result<(), Refusal> {
    let geometry = Geometry::new(x.shape(), w.shape(), windows, groups).map_err(refusal)?;
    expect_lengths("the output", output.shape(), geometry.output())?;
    expect_room(workspace.len(), needed(&geometry).unwrap_or(usize::MAX))?;
    if direct::is_direct(&geometry) {
        return direct::conv(&geometry, &x, &w, output.into_slice(), workspace);
    }
    let [columns, weights, _] = rooms(&geometry, workspace)?;
    let (data, axes) = w.axes();
    let weights = in_order(data, axes, weights);
    let [depth, outputs, places] = geometry.matrix();
    let x = Images::of(&x, &geometry, 0);
    for (at, y) in output.into_slice().chunks_exact_mut((outputs * places).max(1)).enumerate() {
        let group = at % groups * outputs * depth;
        let weights = Strided { data: &weights[group..], shape: [outputs, depth], steps: [depth, 1] };
        multiply(weights, x.columns(&geometry, at, columns), y)?;
    }
    Ok(())
}

/// dx\[b, c′, k, l\] = Σ w\[o, c, i, j\]·dy\[b, o, p, q\] over the o of the group and the i, j, p, q whose element of x
/// this is: the adjoint of [`conv`] as a map of x, or the transposed convolution of dy \[batch, g·O, P, Q\] with w
/// \[g·O, C, h, w\]. The output \[batch, g·C, H, W\] says how large x is, which dy does not.
///
/// With stride 1, if the window is small and vectors are full, it is the convolution of dy, with zeros beyond its ends,
/// with w turned around, and is summed as that is: over o, i and j, of which i and j run backwards. (There a zero
/// beyond dy meets a w that is infinite in NaN.) Otherwise, for each image and group, the sums over o are the product
/// of w as a matrix \[C·h·w, O\] with dy as \[O, P·Q\], summed as that is; then the sums are added up over i and j in
/// order, from +0.
///
/// # Errors
/// A refusal if the convolution of an array of the output's shape with w does not have the shape of dy, or if the
/// workspace is too small ([`conv_workspace`]).
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, Window, conv_transpose};
/// let (signal, window, result) = (Shape::from([1, 1, 4]), Shape::from([1, 1, 2]), Shape::from([1, 1, 3]));
/// let dy = View::contiguous(&[1.0, 10.0, 100.0], &result).unwrap();
/// let w = View::contiguous(&[2.0, 3.0], &window).unwrap();
/// let mut dx = [0.0; 4];
/// let output = ViewMut::new(&mut dx, &signal).unwrap();
/// conv_transpose(dy, w, &[Window::default()], 1, output, &mut [0.0; 11])?;
/// assert_eq!(dx, [2.0, 23.0, 230.0, 300.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn conv_transpose<F: Real>(
    dy: View<'_, F>,
    w: View<'_, F>,
    windows: &[Window],
    groups: usize,
    output: ViewMut<'_, F>,
    workspace: &mut [F],
) -> Result<(), Refusal> {
    let geometry = Geometry::new(output.shape(), w.shape(), windows, groups).map_err(refusal)?;
    expect_lengths("dy", dy.shape(), geometry.output())?;
    expect_room(workspace.len(), needed(&geometry).unwrap_or(usize::MAX))?;
    if direct::is_transpose_direct(&geometry) {
        return direct::transpose(&geometry, &dy, &w, output.into_slice(), workspace);
    }
    let [columns, weights, cotangents] = rooms(&geometry, workspace)?;
    let (data, axes) = w.axes();
    let weights = in_order(data, axes, weights);
    let [depth, outputs, places] = geometry.matrix();
    let dy = Images::of(&dy, &geometry, 1);
    let dx = output.into_slice();
    dx.fill(F::zero());
    for (at, dx) in dx.chunks_exact_mut(geometry.image().max(1)).enumerate() {
        let group = at % groups * outputs * depth;
        let weights = Strided { data: &weights[group..], shape: [depth, outputs], steps: [1, depth] };
        let cotangents = Strided { data: dy.rows(at, cotangents), shape: [outputs, places], steps: [places, 1] };
        multiply(weights, cotangents, columns)?;
        geometry.add_columns(columns, dx);
    }
    Ok(())
}

/// dw\[o, c, i, j\] = Σ dy\[b, o, p, q\]·x\[b, c′, p·s + i·d − before, q·s + j·d − before\] over b, p and q: the
/// adjoint of [`conv`] as a map of w, for x \[batch, g·C, H, W\] and dy \[batch, g·O, P, Q\]. The output \[g·O, C, h,
/// w\] says how large w is, which x and dy do not.
///
/// Where the weights are few and rows of y fill vectors, partial sum l of sixteen is a chain of multiply-adds over b, p
/// and the q with q mod 16 = l; then l and l + 8 are added, l and l + 4, 2, 1. Otherwise, for each image and group, the
/// sums over p and q are the product of dy as a matrix \[O, P·Q\] with the matrix \[P·Q, C·h·w\] of the elements of x,
/// summed as that is; then they are added up over b in order, from +0.
///
/// # Errors
/// A refusal if the convolution of x with an array of the output's shape does not have the shape of dy, or if the
/// workspace is too small ([`conv_workspace`]).
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, Window, conv_weight_adjoint};
/// let (signal, window, result) = (Shape::from([1, 1, 4]), Shape::from([1, 1, 2]), Shape::from([1, 1, 3]));
/// let x = View::contiguous(&[1.0, 2.0, 3.0, 4.0], &signal).unwrap();
/// let dy = View::contiguous(&[1.0, 10.0, 100.0], &result).unwrap();
/// let mut dw = [0.0; 2];
/// let output = ViewMut::new(&mut dw, &window).unwrap();
/// conv_weight_adjoint(x, dy, &[Window::default()], 1, output, &mut [0.0; 11])?;
/// assert_eq!(dw, [321.0, 432.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn conv_weight_adjoint<F: Real>(
    x: View<'_, F>,
    dy: View<'_, F>,
    windows: &[Window],
    groups: usize,
    output: ViewMut<'_, F>,
    workspace: &mut [F],
) -> Result<(), Refusal> {
    let geometry = Geometry::new(x.shape(), output.shape(), windows, groups).map_err(refusal)?;
    expect_lengths("dy", dy.shape(), geometry.output())?;
    expect_room(workspace.len(), needed(&geometry).unwrap_or(usize::MAX))?;
    if direct::is_weight_adjoint_direct(&geometry) {
        return direct::weight_adjoint(&geometry, &x, &dy, output.into_slice(), workspace);
    }
    let [columns, weights, cotangents] = rooms(&geometry, workspace)?;
    let [depth, outputs, places] = geometry.matrix();
    let (batch, x, dy) = (x.shape()[0], Images::of(&x, &geometry, 0), Images::of(&dy, &geometry, 1));
    let (dw, weights) = (output.into_slice(), &mut weights[..outputs * depth]);
    dw.fill(F::zero());
    for at in 0..batch * groups {
        let columns = x.columns(&geometry, at, columns);
        let columns = Strided { shape: [places, depth], steps: [1, places], ..columns };
        let cotangents = Strided { data: dy.rows(at, cotangents), shape: [outputs, places], steps: [places, 1] };
        multiply(cotangents, columns, weights)?;
        let dw = dw[at % groups * weights.len()..].iter_mut();
        dw.zip(&*weights).for_each(|(dw, product)| *dw = *dw + *product);
    }
    Ok(())
}

#[cold]
fn refusal(mismatch: Mismatch) -> Refusal {
    Refusal::new(mismatch.message)
}

/// The elements of the workspace; `None` where they cannot be counted.
fn needed(geometry: &Geometry) -> Option<usize> {
    let ways = [direct::is_direct, direct::is_transpose_direct, direct::is_weight_adjoint_direct];
    let direct = direct::room(geometry)?;
    if ways.iter().all(|is_direct| is_direct(geometry)) {
        return Some(direct);
    }
    Some(direct.max(geometry.room()?.iter().sum()))
}

/// The parts of the workspace: for the columns, for w, and for an image and group of y.
fn rooms<'w, F>(geometry: &Geometry, workspace: &'w mut [F]) -> Result<[&'w mut [F]; 3], Refusal> {
    let [columns, weights, image] = geometry.room().unwrap_or([usize::MAX; 3]);
    expect_room(workspace.len(), columns.saturating_add(weights).saturating_add(image))?;
    let (columns, rest) = workspace.split_at_mut(columns);
    let (weights, rest) = rest.split_at_mut(weights);
    Ok([columns, weights, &mut rest[..image]])
}

/// The elements along `axes` as one row: where they lie, if they do, and otherwise copied to `room`.
fn in_order<'a, F: Real>(data: &'a [F], axes: Axes, room: &'a mut [F]) -> &'a [F] {
    let size = axes.size();
    match *axes.0 {
        _ if size == 0 => &[],
        [] | [(_, 1)] => &data[..size],
        _ => {
            let room = &mut room[..size];
            Reader::over(data, axes).read(room);
            room
        }
    }
}

/// An array of images, of which each has groups of channels.
struct Images<'a, F> {
    data: &'a [F],
    steps: [usize; 4],
    groups: usize,
    /// The lengths of an image and group: channels, rows and columns.
    lengths: [usize; 3],
}

impl<'a, F: Real> Images<'a, F> {
    /// The operand x (0) or y (1) of a convolution.
    fn of(view: &View<'a, F>, geometry: &Geometry, operand: usize) -> Self {
        let (data, strides) = view.parts();
        let steps = match *strides {
            [a, b, c, d] => [a, b, c, d],
            [a, b, d] => [a, b, 0, d],
            _ => [0; 4],
        };
        Images { data, steps, groups: geometry.groups(), lengths: geometry.lengths(operand) }
    }

    /// The elements from the first of image and group number `at` on.
    fn from(&self, at: usize) -> &'a [F] {
        let (image, group) = (at / self.groups, at % self.groups);
        // An array without elements has none to begin with.
        self.data.get(image * self.steps[0] + group * self.lengths[0] * self.steps[1]..).unwrap_or(&[])
    }

    /// Image and group number `at` in row-major order: where it lies, or copied to `room`.
    fn rows<'r>(&self, at: usize, room: &'r mut [F]) -> &'r [F]
    where
        'a: 'r,
    {
        let mut axes = Axes::default();
        self.lengths.iter().zip(&self.steps[1..]).for_each(|(length, step)| axes.push(*length, *step));
        if axes.size() == 0 { &[] } else { in_order(self.from(at), axes, room) }
    }

    /// The matrix \[C·h·w, P·Q\] of the elements that each weight meets at each place, for image and group number `at`.
    fn columns<'r>(&self, geometry: &Geometry, at: usize, room: &'r mut [F]) -> Strided<'r, F>
    where
        'a: 'r,
    {
        let [depth, _, places] = geometry.matrix();
        let data = if geometry.is_pointwise() {
            self.rows(at, room)
        } else {
            if !room.is_empty() {
                let [_, channel, row, column] = self.steps;
                geometry.fill_columns(self.from(at), [channel, row, column], room);
            }
            room
        };
        Strided { data, shape: [depth, places], steps: [places, 1] }
    }
}
