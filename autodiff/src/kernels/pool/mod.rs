//! Pooling: the largest element or the average of each window, over one or two spatial axes.

pub(super) mod pairs;
#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests;

use super::along::expect_lengths;
use super::order::Odometer;
use super::view::{View, ViewMut};
use super::window::Window;
use crate::base::error::{Mismatch, Refusal};
use crate::base::real::Real;
use crate::base::shape::{Shape, Strides};
use pairs::{Plane, largest_of_pairs};
use smallvec::SmallVec;

/// The windows of a pooling: the last axes of its operand are spatial, as many as there are windows, 1 or 2; of the
/// axes before them (a batch, channels) each position is a plane of its own.
///
/// The padding is no part of a window's elements, and each window has at least one element that is not padding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pool<'a> {
    /// The number of elements of a window along each spatial axis.
    pub lengths: &'a [usize],
    /// How the window moves along each spatial axis.
    pub windows: &'a [Window],
    /// Whether a last window that reaches beyond the padding counts ([`Window::positions`]).
    pub ceil: bool,
}

impl Pool<'_> {
    /// The shape of the result: x \[…, H, W\] gives \[…, P, Q\], where P and Q are the
    /// [positions](Window::positions) of the window on each axis.
    ///
    /// # Errors
    /// A mismatch that names the axis: a rank or a window that does not fit, or a window in the padding alone.
    ///
    /// ```
    /// use autodiff::kernels::{Pool, Window};
    /// let halves = Window { stride: 2, ..Window::default() };
    /// let pool = Pool { lengths: &[2, 2], windows: &[halves; 2], ceil: false };
    /// assert_eq!(pool.shape(&[8, 3, 32, 30].into())?, [8, 3, 16, 15].into());
    /// # Ok::<(), autodiff::Mismatch>(())
    /// ```
    pub fn shape(&self, x: &Shape) -> Result<Shape, Mismatch> {
        let planes = Planes::new(self, x)?;
        Ok(planes.output(x).collect())
    }
}

/// The largest element of each window and where it is: x \[…, H, W\] gives two arrays \[…, P, Q\], and an index counts
/// the elements of the plane \[H, W\] in row-major order. Of elements that are equal it is the first in that order (−0
/// equals +0), and if one is NaN it is the first NaN, as NumPy's `argmax`.
///
/// As a map of x with these indices, it is [`gather_along`](super::gather_along) of the planes seen as one axis
/// (x \[…, H·W\] and indices \[…, P·Q\]), and the adjoint is [`scatter_add_along`](super::scatter_add_along).
///
/// # Errors
/// A refusal if the shapes and windows do not fit: see [`Pool::shape`].
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{Pool, View, ViewMut, Window, max_pool};
/// let halves = [Window { stride: 2, ..Window::default() }];
/// let (long, short) = (Shape::from([4]), Shape::from([2]));
/// let x = View::contiguous(&[1.0, 3.0, 2.0, 2.0], &long).unwrap();
/// let (mut values, mut indices) = ([0.0; 2], [0; 2]);
/// let outputs = (ViewMut::new(&mut values, &short).unwrap(), ViewMut::new(&mut indices, &short).unwrap());
/// max_pool(x, Pool { lengths: &[2], windows: &halves, ceil: false }, outputs.0, outputs.1)?;
/// assert_eq!((values, indices), ([3.0, 2.0], [1, 2]));
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn max_pool<F: Real>(
    x: View<'_, F>,
    pool: Pool<'_>,
    values: ViewMut<'_, F>,
    indices: ViewMut<'_, usize>,
) -> Result<(), Refusal> {
    let planes = Planes::new(&pool, x.shape()).map_err(refusal)?;
    expect_lengths("the array of values", values.shape(), planes.output(x.shape()))?;
    expect_lengths("the array of indices", indices.shape(), planes.output(x.shape()))?;
    let (data, [down, right], starts) = planes.of(&x);
    let (values, indices) = (values.into_slice(), indices.into_slice());
    if values.is_empty() {
        return Ok(());
    }
    let (places, width) = (planes.places(), planes.size[1]);
    // Of each row of windows, all are compared with one element each before all are with the next.
    let windows = planes.positions[1];
    let pairs = Plane { rows: &places[0], windows, width, step: down };
    for (plane, start) in starts.enumerate() {
        if right == 1 && planes.has_pairs() {
            let at = plane * planes.count();
            largest_of_pairs(&data[start..], &pairs, &mut values[at..], &mut indices[at..]);
            continue;
        }
        for (p, rows) in places[0].iter().enumerate() {
            let at = plane * planes.count() + p * windows;
            let first = start + rows.first * down;
            let (values, indices) = (&mut values[at..at + windows], &mut indices[at..at + windows]);
            for ((y, index), column) in values.iter_mut().zip(&mut *indices).zip(&places[1]) {
                (*y, *index) = (data[first + column.first * right], rows.first * width + column.first);
            }
            for row in rows.elements() {
                let line = &data[start + row * down..];
                for j in 0..planes.length[1] {
                    let window = planes.windows[1];
                    let qs = window.meets(j, width, windows);
                    if qs.is_empty() {
                        continue;
                    }
                    let column = window.element(qs.start, j);
                    for (i, q) in qs.enumerate() {
                        let column = column + i * window.stride;
                        let x = line[column * right];
                        if is_larger(x, values[q]) {
                            (values[q], indices[q]) = (x, row * width + column);
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether x takes the place of the largest element before it: a NaN does, unless that is one.
#[inline(always)]
fn is_larger<F: Real>(x: F, before: F) -> bool {
    (x > before) | (x.is_nan() & !before.is_nan())
}

/// The average of each window: x \[…, H, W\] gives y \[…, P, Q\], the sum of the window's elements in row-major order,
/// from +0, divided by their number. With `include_padding`, zeros of the padding count as elements, but not what a
/// last window has beyond the padding.
///
/// The map is linear, and its adjoint is [`average_pool_adjoint`].
///
/// # Errors
/// A refusal if the shapes and windows do not fit: see [`Pool::shape`].
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{Pool, View, ViewMut, Window, average_pool};
/// let halves = [Window { stride: 2, ..Window::default() }];
/// let (long, short) = (Shape::from([4]), Shape::from([2]));
/// let x = View::contiguous(&[1.0, 3.0, 2.0, 2.0], &long).unwrap();
/// let mut y = [0.0; 2];
/// let pool = Pool { lengths: &[2], windows: &halves, ceil: false };
/// average_pool(x, pool, false, ViewMut::new(&mut y, &short).unwrap())?;
/// assert_eq!(y, [2.0, 2.0]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn average_pool<F: Real>(
    x: View<'_, F>,
    pool: Pool<'_>,
    include_padding: bool,
    output: ViewMut<'_, F>,
) -> Result<(), Refusal> {
    let planes = Planes::new(&pool, x.shape()).map_err(refusal)?;
    expect_lengths("the output", output.shape(), planes.output(x.shape()))?;
    let (data, [down, right], starts) = planes.of(&x);
    let y = output.into_slice();
    if y.is_empty() {
        return Ok(());
    }
    let places = planes.places();
    for (y, start) in y.chunks_exact_mut(planes.count()).zip(starts) {
        planes.each(&places, |at, rows, columns| {
            let mut sum = F::zero();
            for row in rows.elements() {
                for column in columns.elements() {
                    sum = sum + data[start + row * down + column * right];
                }
            }
            y[at] = sum / number(rows, columns, include_padding);
        });
    }
    Ok(())
}

/// dx\[…, k, l\] = Σ dy\[…, p, q\]/n over the windows that have the element, n the number of elements of each: the
/// adjoint of [`average_pool`], for dy \[…, P, Q\]. The output \[…, H, W\] says how large x is, which dy does not.
/// Windows are added in row-major order, from +0.
///
/// # Errors
/// A refusal if the average of an array of the output's shape does not have the shape of dy.
///
/// ```
/// use autodiff::Shape;
/// use autodiff::kernels::{Pool, View, ViewMut, Window, average_pool_adjoint};
/// let halves = [Window { stride: 2, ..Window::default() }];
/// let (long, short) = (Shape::from([4]), Shape::from([2]));
/// let dy = View::contiguous(&[1.0, 3.0], &short).unwrap();
/// let mut dx = [0.0; 4];
/// let pool = Pool { lengths: &[2], windows: &halves, ceil: false };
/// average_pool_adjoint(dy, pool, false, ViewMut::new(&mut dx, &long).unwrap())?;
/// assert_eq!(dx, [0.5, 0.5, 1.5, 1.5]);
/// # Ok::<(), autodiff::Refusal>(())
/// ```
pub fn average_pool_adjoint<F: Real>(
    dy: View<'_, F>,
    pool: Pool<'_>,
    include_padding: bool,
    output: ViewMut<'_, F>,
) -> Result<(), Refusal> {
    let planes = Planes::new(&pool, output.shape()).map_err(refusal)?;
    expect_lengths("dy", dy.shape(), planes.output(output.shape()))?;
    let width = planes.size[1];
    let mut dy = dy.iter();
    let dx = output.into_slice();
    if dx.is_empty() {
        return Ok(());
    }
    dx.fill(F::zero());
    let places = planes.places();
    for dx in dx.chunks_exact_mut((planes.size[0] * width).max(1)) {
        planes.each(&places, |_, rows, columns| {
            let share = dy.next().unwrap_or(F::nan()) / number(rows, columns, include_padding);
            for row in rows.elements() {
                for column in columns.elements() {
                    let dx = &mut dx[row * width + column];
                    *dx = *dx + share;
                }
            }
        });
    }
    Ok(())
}

#[cold]
fn refusal(mismatch: Mismatch) -> Refusal {
    Refusal::new(mismatch.message)
}

/// The planes of an array and the windows on each; with one spatial axis, the other is of length 1.
#[derive(Clone, Copy, Debug)]
struct Planes {
    size: [usize; 2],
    length: [usize; 2],
    positions: [usize; 2],
    windows: [Window; 2],
    /// The number of spatial axes there are.
    axes: usize,
}

impl Planes {
    fn new(pool: &Pool<'_>, x: &[usize]) -> Result<Self, Mismatch> {
        let axes = pool.windows.len();
        if !(1..=2).contains(&axes) || pool.lengths.len() != axes {
            let (lengths, windows) = (pool.lengths.len(), axes);
            let message =
                format!("1 or 2 windows are needed, with a length for each; there are {windows} and {lengths} lengths");
            return Err(Mismatch::new(message));
        }
        let Some(lead) = x.len().checked_sub(axes) else {
            let message = format!("x {} has fewer axes than there are windows, {axes}", Shape::from(x));
            return Err(Mismatch::new(message));
        };
        let mut planes =
            Planes { size: [1; 2], length: [1; 2], positions: [1; 2], windows: [Window::default(); 2], axes };
        for (axis, (window, length)) in pool.windows.iter().zip(pool.lengths).enumerate() {
            let (size, to) = (x[lead + axis], axis + 2 - axes);
            let refused =
                |message: String| Mismatch::new(format!("axis {} of x {}: {message}", lead + axis, Shape::from(x)));
            let positions = window.positions(size, *length, pool.ceil).map_err(|mismatch| refused(mismatch.message))?;
            if let Some(p) = window.outside(size, *length, positions) {
                return Err(refused(format!("the window at position {p} has no elements but padding")));
            }
            (planes.size[to], planes.length[to]) = (size, *length);
            (planes.positions[to], planes.windows[to]) = (positions, *window);
        }
        Ok(planes)
    }

    /// The lengths of the axes of the result of an operand of the shape `x`.
    fn output(&self, x: &[usize]) -> impl Iterator<Item = usize> + Clone {
        let lead: SmallVec<[usize; 4]> = SmallVec::from_slice(&x[..x.len() - self.axes]);
        lead.into_iter().chain(self.positions.into_iter().skip(2 - self.axes))
    }

    /// The number of windows on a plane.
    fn count(&self) -> usize {
        self.positions[0] * self.positions[1]
    }

    /// The elements of x, their distances along the two spatial axes, and where each plane begins.
    fn of<'a, F: Copy>(&self, x: &View<'a, F>) -> (&'a [F], [usize; 2], Odometer) {
        let (data, strides) = x.parts();
        let lead = strides.len() - self.axes;
        let spatial = match strides[lead..] {
            [down, right] => [down, right],
            _ => [0, strides[lead]],
        };
        let strides: Strides = Strides::from_slice(&strides[..lead]);
        (data, spatial, Odometer::new(&x.shape()[..lead], &strides))
    }

    /// Calls f for the windows of a plane in row-major order: with the number of the window, and what it has of the
    /// rows and of the columns.
    fn each(&self, places: &[Places; 2], mut f: impl FnMut(usize, &Place, &Place)) {
        let mut at = 0;
        for rows in &places[0] {
            for columns in &places[1] {
                f(at, rows, columns);
                at += 1;
            }
        }
    }

    /// What the windows have along each axis, which is the same on all planes. Where there are no planes, an axis can be
    /// longer than memory: not to be asked then.
    fn places(&self) -> [Places; 2] {
        [0, 1].map(|axis| (0..self.positions[axis]).map(|position| self.place(axis, position)).collect())
    }

    /// Whether the windows have two columns each, side by side.
    fn has_pairs(&self) -> bool {
        let window = self.windows[1];
        self.length[1] == 2
            && (window.stride, window.dilation) == (2, 1)
            && window.padding.0 == 0
            && 2 * self.positions[1] <= self.size[1]
            // Places are counted in `u32`, a little beyond the plane, too.
            && self.size[0].saturating_mul(self.size[1]) <= u32::MAX as usize / 2
    }

    fn place(&self, axis: usize, position: usize) -> Place {
        let (window, size, length) = (self.windows[axis], self.size[axis], self.length[axis]);
        let inside = window.inside(position, size, length);
        let padded = window.padded(position, size, length);
        Place { first: window.element(position, inside.start), count: inside.len(), step: window.dilation, padded }
    }
}

/// What the windows of a plane have along one axis.
type Places = SmallVec<[Place; 32]>;

/// What a window has along one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The first element that is not padding.
    pub(super) first: usize,
    /// The number of elements that are not padding; there are some.
    pub(super) count: usize,
    /// The distance between neighbours.
    pub(super) step: usize,
    /// The number of elements, with those of the padding.
    pub(super) padded: usize,
}

impl Place {
    /// The elements of the axis.
    fn elements(self) -> impl Iterator<Item = usize> {
        (0..self.count).map(move |i| self.first + i * self.step)
    }
}

/// The number that an average is divided by.
fn number<F: Real>(rows: &Place, columns: &Place, include_padding: bool) -> F {
    let along = |place: &Place| if include_padding { place.padded } else { place.count };
    F::of((along(rows) * along(columns)) as f64)
}
