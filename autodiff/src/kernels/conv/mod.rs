//! Convolution, as cross-correlation of an input with weights over one or two spatial axes, and its two adjoints.
//!
//! With x \[batch, g·C, H, W\], w \[g·O, C, h, w\] and y \[batch, g·O, P, Q\], g the number of groups, all three functions add
//! up the terms of one trilinear form,
//!
//! Σ y\[b, o, p, q\]·w\[o, c, i, j\]·x\[b, c′, p·s + i·d − before, q·s + j·d − before\],
//!
//! s and d the stride and the dilation of each axis and c′ channel c of the group of o. Terms whose element of x lies in
//! the padding are left out. With one spatial axis, H, h and P are left out.
//!
//! The orders of summation are defined: they depend on shapes and windows alone.

mod geometry;
#[cfg(test)]
mod tests;

use super::along::expect_lengths;
use super::simd::vectorized;
use super::view::{View, ViewMut};
use super::window::Window;
use crate::error::{Mismatch, Refusal};
use crate::real::{FUSED, Real};
use crate::shape::Shape;
use geometry::{Geometry, Piece, Steps};

/// The shape of the convolution of x with w: x \[batch, g·C, H, W\] and w \[g·O, C, h, w\] give \[batch, g·O, P, Q\], where
/// P and Q are the [positions](Window::positions) of the window on each axis. There is a window for each spatial axis, of
/// which there are one or two.
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

/// y\[b, o, p, q\] = Σ w\[o, c, i, j\]·x\[b, c′, p·s + i·d − before, q·s + j·d − before\] over c, i and j: the convolution of
/// x \[batch, g·C, H, W\] with w \[g·O, C, h, w\], in the sense of neural networks (the window is not turned around).
/// Channel o sees the C channels c′ of its own group alone. Each element is one chain of multiply-adds over c, i, j in
/// order, from +0, as in [`matmul`](super::matmul).
///
/// The map is linear in x and in w; the adjoints are [`conv_input_adjoint`] and [`conv_weight_adjoint`].
///
/// # Errors
/// A refusal if the shapes and windows do not fit: see [`conv_shape`].
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, Window, conv};
/// let (signal, window, result) = (Shape::from([1, 1, 4]), Shape::from([1, 1, 2]), Shape::from([1, 1, 3]));
/// let x = View::contiguous(&[1.0, 2.0, 4.0, 8.0], &signal).unwrap();
/// let w = View::contiguous(&[-1.0, 1.0], &window).unwrap();
/// let mut y = [0.0; 3];
/// conv(x, w, &[Window::default()], 1, ViewMut::new(&mut y, &result).unwrap())?;
/// assert_eq!(y, [1.0, 2.0, 4.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn conv<F: Real>(
    x: View<'_, F>,
    w: View<'_, F>,
    windows: &[Window],
    groups: usize,
    output: ViewMut<'_, F>,
) -> Result<(), Refusal> {
    let geometry = Geometry::new(x.shape(), w.shape(), windows, groups).map_err(refusal)?;
    expect_lengths("the output", output.shape(), geometry.output())?;
    let steps = Steps { x: steps(&x), w: steps(&w), y: row_major(output.shape()) };
    let ((x, _), (w, _)) = (x.parts(), w.parts());
    let (near, far) = (1, geometry.stride() * steps.x[3]);
    let y = output.into_slice();
    y.fill(F::zero());
    geometry.pieces(&steps, |at: Piece| add_multiple(w[at.w], &x[at.x..], far, &mut y[at.y..], near, at.count));
    Ok(())
}

/// dx\[b, c′, k, l\] = Σ w\[o, c, i, j\]·dy\[b, o, p, q\] over the o of the group and the i, j, p, q whose element of x this
/// is: the adjoint of [`conv`] as a map of x, or the transposed convolution of dy \[batch, g·O, P, Q\] with
/// w \[g·O, C, h, w\]. The output \[batch, g·C, H, W\] says how large x is, which dy does not. Each element is one chain of
/// multiply-adds over o, i, j in order, from +0.
///
/// # Errors
/// A refusal if the convolution of an array of the output's shape with w does not have the shape of dy.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, Window, conv_input_adjoint};
/// let (signal, window, result) = (Shape::from([1, 1, 4]), Shape::from([1, 1, 2]), Shape::from([1, 1, 3]));
/// let dy = View::contiguous(&[1.0, 10.0, 100.0], &result).unwrap();
/// let w = View::contiguous(&[2.0, 3.0], &window).unwrap();
/// let mut dx = [0.0; 4];
/// conv_input_adjoint(dy, w, &[Window::default()], 1, ViewMut::new(&mut dx, &signal).unwrap())?;
/// assert_eq!(dx, [2.0, 23.0, 230.0, 300.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn conv_input_adjoint<F: Real>(
    dy: View<'_, F>,
    w: View<'_, F>,
    windows: &[Window],
    groups: usize,
    output: ViewMut<'_, F>,
) -> Result<(), Refusal> {
    let geometry = Geometry::new(output.shape(), w.shape(), windows, groups).map_err(refusal)?;
    expect_lengths("dy", dy.shape(), geometry.output())?;
    let steps = Steps { x: row_major(output.shape()), w: steps(&w), y: steps(&dy) };
    let ((dy, _), (w, _)) = (dy.parts(), w.parts());
    let (near, far) = (steps.y[3], geometry.stride());
    let dx = output.into_slice();
    dx.fill(F::zero());
    geometry.pieces(&steps, |at: Piece| add_multiple(w[at.w], &dy[at.y..], near, &mut dx[at.x..], far, at.count));
    Ok(())
}

/// dw\[o, c, i, j\] = Σ dy\[b, o, p, q\]·x\[b, c′, p·s + i·d − before, q·s + j·d − before\] over b, p and q: the adjoint of
/// [`conv`] as a map of w, for x \[batch, g·C, H, W\] and dy \[batch, g·O, P, Q\]. The output \[g·O, C, h, w\] says how large
/// w is, which x and dy do not. The sums over q, each of [`products of rows`](self), are added up over b and p in order,
/// from +0.
///
/// # Errors
/// A refusal if the convolution of x with an array of the output's shape does not have the shape of dy.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{View, ViewMut, Window, conv_weight_adjoint};
/// let (signal, window, result) = (Shape::from([1, 1, 4]), Shape::from([1, 1, 2]), Shape::from([1, 1, 3]));
/// let x = View::contiguous(&[1.0, 2.0, 3.0, 4.0], &signal).unwrap();
/// let dy = View::contiguous(&[1.0, 10.0, 100.0], &result).unwrap();
/// let mut dw = [0.0; 2];
/// conv_weight_adjoint(x, dy, &[Window::default()], 1, ViewMut::new(&mut dw, &window).unwrap())?;
/// assert_eq!(dw, [321.0, 432.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn conv_weight_adjoint<F: Real>(
    x: View<'_, F>,
    dy: View<'_, F>,
    windows: &[Window],
    groups: usize,
    output: ViewMut<'_, F>,
) -> Result<(), Refusal> {
    let geometry = Geometry::new(x.shape(), output.shape(), windows, groups).map_err(refusal)?;
    expect_lengths("dy", dy.shape(), geometry.output())?;
    let steps = Steps { x: steps(&x), w: row_major(output.shape()), y: steps(&dy) };
    let ((x, _), (dy, _)) = (x.parts(), dy.parts());
    let (near, far) = (steps.y[3], geometry.stride() * steps.x[3]);
    let dw = output.into_slice();
    dw.fill(F::zero());
    geometry.pieces(&steps, |at: Piece| {
        let sum = &mut dw[at.w];
        *sum = *sum + product_of_rows(&dy[at.y..], near, &x[at.x..], far, at.count);
    });
    Ok(())
}

#[cold]
fn refusal(mismatch: Mismatch) -> Refusal {
    Refusal::new(mismatch.message)
}

/// The strides of an array of four axes, or of three with one of length 1 before the last.
fn steps<F: Copy>(view: &View<'_, F>) -> [usize; 4] {
    match *view.parts().1 {
        [a, b, c, d] => [a, b, c, d],
        [a, b, d] => [a, b, 0, d],
        _ => [0; 4],
    }
}

/// [`steps`] of a row-major array.
fn row_major(shape: &[usize]) -> [usize; 4] {
    let last = shape.last().copied().unwrap_or(1);
    match *shape {
        [_, b, c, _] => [b * c * last, c * last, last, 1],
        [_, b, _] => [b * last, last, 0, 1],
        _ => [0; 4],
    }
}

/// a·b + sum, rounded once where hardware fuses the two.
#[inline(always)]
fn multiply_add<F: Real>(a: F, b: F, sum: F) -> F {
    if FUSED { a.mul_add(b, sum) } else { a * b + sum }
}

vectorized! {
    /// y ← y + a·x for `count` elements of rows whose elements lie `x_step` and `y_step` apart.
    fn add_multiple(a: F, x: &[F], x_step: usize, y: &mut [F], y_step: usize, count: usize) {
        match (x_step, y_step) {
            (1, 1) => y[..count].iter_mut().zip(&x[..count]).for_each(|(y, x)| *y = multiply_add(a, *x, *y)),
            (_, 1) => (0..count).zip(y).for_each(|(i, y)| *y = multiply_add(a, x[i * x_step], *y)),
            _ => (0..count).for_each(|i| y[i * y_step] = multiply_add(a, x[i * x_step], y[i * y_step])),
        }
    }
}

/// The partial sums of a product of rows.
const LANES: usize = 8;

vectorized! {
    /// Σ yᵢ·xᵢ over `count` elements of rows whose elements lie apart: partial sum l of eight is a chain of multiply-adds
    /// over the i with i mod 8 = l, in order from +0; then l and l + 4 are added, l and l + 2, l and l + 1.
    fn product_of_rows(y: &[F], y_step: usize, x: &[F], x_step: usize, count: usize) -> F {
        let mut sums = [F::zero(); LANES];
        if (y_step, x_step) == (1, 1) {
            let ((ys, y_rest), (xs, x_rest)) = (y[..count].as_chunks::<LANES>(), x[..count].as_chunks::<LANES>());
            for (y, x) in ys.iter().zip(xs) {
                for l in 0..LANES {
                    sums[l] = multiply_add(y[l], x[l], sums[l]);
                }
            }
            for (sum, (y, x)) in sums.iter_mut().zip(y_rest.iter().zip(x_rest)) {
                *sum = multiply_add(*y, *x, *sum);
            }
        } else {
            for i in 0..count {
                sums[i % LANES] = multiply_add(y[i * y_step], x[i * x_step], sums[i % LANES]);
            }
        }
        let four: [F; 4] = std::array::from_fn(|l| sums[l] + sums[l + 4]);
        (four[0] + four[2]) + (four[1] + four[3])
    }
}
