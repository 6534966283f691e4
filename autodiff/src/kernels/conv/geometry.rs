//! Which elements each weight of a convolution meets.

use crate::base::error::Mismatch;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::copy::copy_short;
use crate::kernels::window::Window;
use std::ops::Range;

/// The lengths of a convolution with two spatial axes; with one, the other is of length 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    batch: usize,
    groups: usize,
    /// The channels of x and of y in each group.
    channels: [usize; 2],
    /// The spatial lengths of x, w and y.
    size: [usize; 2],
    length: [usize; 2],
    positions: [usize; 2],
    windows: [Window; 2],
    /// The number of spatial axes there are.
    axes: usize,
}

/// A line of columns: for one weight of a group, the elements of x for a row of neighbours in y.
#[derive(Clone, Debug)]
struct Line {
    /// Where it begins among the columns.
    start: usize,
    /// The places of the row whose elements are not padding.
    inside: Range<usize>,
    /// The channel, row and column of the first of these elements.
    first: [usize; 3],
}

impl Geometry {
    /// The convolution of an array of the shape `x` with one of the shape `w`, or what does not fit.
    pub(super) fn new(x: &[usize], w: &[usize], windows: &[Window], groups: usize) -> Result<Self, Mismatch> {
        let axes = windows.len();
        let shown = |shape: &[usize]| Shape::from(shape);
        if !(1..=2).contains(&axes) {
            return Err(Mismatch::new(format!("a convolution has 1 or 2 spatial axes, not {axes}")));
        }
        for (name, shape, first) in [("x", x, "batch, channels"), ("w", w, "channels of y, channels of x in a group")] {
            if shape.len() != axes + 2 {
                let spatial = if axes == 1 { "1 spatial axis" } else { "2 spatial axes" };
                let message = format!("{name} {} should have {} axes: {first} and {spatial}", shown(shape), axes + 2);
                return Err(Mismatch::new(message));
            }
        }
        let (of_x, of_y, in_group) = (x[1], w[0], w[1]);
        if groups == 0 {
            return Err(Mismatch::new("there are 0 groups of channels; the least is 1"));
        }
        if in_group.checked_mul(groups) != Some(of_x) {
            let times = if groups == 1 { String::new() } else { format!(" for each of {groups} groups") };
            return Err(Mismatch::new(format!(
                "axis 1 of x {} has {of_x} channels, but axis 1 of w {} has {in_group}{times}",
                shown(x),
                shown(w)
            )));
        }
        if of_y % groups != 0 {
            let w = shown(w);
            return Err(Mismatch::new(format!(
                "axis 0 of w {w} has {of_y} channels, which {groups} groups cannot share"
            )));
        }
        let mut geometry = Geometry {
            batch: x[0],
            groups,
            channels: [in_group, of_y / groups],
            size: [1; 2],
            length: [1; 2],
            positions: [1; 2],
            windows: [Window::default(); 2],
            axes,
        };
        for (axis, window) in windows.iter().enumerate() {
            let (size, length, to) = (x[axis + 2], w[axis + 2], axis + 2 - axes);
            let positions = window.positions(size, length, false);
            let named = |mismatch: Mismatch| {
                let (axis, x, w) = (axis + 2, shown(x), shown(w));
                Mismatch::new(format!("axis {axis} of x {x} and of w {w}: {}", mismatch.message))
            };
            geometry.positions[to] = positions.map_err(named)?;
            (geometry.size[to], geometry.length[to], geometry.windows[to]) = (size, length, *window);
        }
        Ok(geometry)
    }

    /// The lengths of the axes of y.
    pub(super) fn output(&self) -> impl Iterator<Item = usize> + Clone {
        let spatial = self.positions.into_iter().skip(2 - self.axes);
        [self.batch, self.groups * self.channels[1]].into_iter().chain(spatial)
    }

    /// The number of images.
    pub(super) fn batch(&self) -> usize {
        self.batch
    }

    /// How the window moves along the rows and along the columns, and its lengths.
    pub(super) fn windows(&self) -> [Window; 2] {
        self.windows
    }

    pub(super) fn window_lengths(&self) -> [usize; 2] {
        self.length
    }

    /// The number of groups.
    pub(super) fn groups(&self) -> usize {
        self.groups
    }

    /// The lengths of one image and group of x (0) or y (1): channels, rows and columns.
    pub(super) fn lengths(&self, operand: usize) -> [usize; 3] {
        let [rows, columns] = if operand == 0 { self.size } else { self.positions };
        [self.channels[operand], rows, columns]
    }

    /// The number of elements of one image and group of x.
    pub(super) fn image(&self) -> usize {
        self.lengths(0).iter().product()
    }

    /// The lengths of the product for one image and group: C·h·w, O and P·Q.
    pub(super) fn matrix(&self) -> [usize; 3] {
        let product = |lengths: &[usize]| lengths.iter().fold(1, |product: usize, d| product.saturating_mul(*d));
        let ([channels, outputs], [h, w]) = (self.channels, self.length);
        [product(&[channels, h, w]), outputs, product(&self.positions)]
    }

    /// The room for the columns, for w, and for one image and group of y; `None` where it cannot be counted.
    pub(super) fn room(&self) -> Option<[usize; 3]> {
        let [depth, outputs, places] = self.matrix();
        let weights = depth.checked_mul(outputs)?.checked_mul(self.groups)?;
        let room = [depth.checked_mul(places)?, weights, outputs.checked_mul(places)?];
        room.iter().try_fold(0usize, |sum, part| sum.checked_add(*part))?;
        Some(room)
    }

    /// Whether each element of y meets the one element of each channel of x that lies where it does.
    pub(super) fn is_pointwise(&self) -> bool {
        self.length == [1, 1] && self.windows.iter().all(|w| w.stride == 1 && w.padding == (0, 0))
    }

    /// The lines of the matrix of columns \[C·h·w, P·Q\], by c, i, j and p, in this order.
    #[inline(always)]
    fn lines(&self, mut f: impl FnMut(Line)) {
        let ([rows, columns], [_, _, places]) = (self.windows, self.matrix());
        let mut start = 0;
        for c in 0..self.channels[0] {
            for i in 0..self.length[0] {
                let ps = rows.meets(i, self.size[0], self.positions[0]);
                for j in 0..self.length[1] {
                    let qs = columns.meets(j, self.size[1], self.positions[1]);
                    let column = if qs.is_empty() { 0 } else { columns.element(qs.start, j) };
                    for p in 0..self.positions[0] {
                        let (row, inside) = if ps.contains(&p) { (rows.element(p, i), qs.clone()) } else { (0, 0..0) };
                        f(Line { start: start + p * self.positions[1], inside, first: [c, row, column] });
                    }
                    start += places;
                }
            }
        }
    }

    /// Writes the columns of the image and group that begins with `x`, whose channels, rows and columns lie `steps`
    /// apart.
    pub(super) fn fill_columns<F: Real>(&self, x: &[F], steps: [usize; 3], columns: &mut [F]) {
        let step = self.windows[1].stride * steps[2];
        self.lines(|Line { start, inside, first }| {
            let line = &mut columns[start..start + self.positions[1]];
            line[..inside.start].fill(F::zero());
            line[inside.end..].fill(F::zero());
            if !inside.is_empty() {
                let count = inside.len();
                let x = &x[first.iter().zip(&steps).map(|(at, step)| at * step).sum::<usize>()..];
                match step {
                    1 => copy_short(&x[..count], &mut line[inside]),
                    _ => line[inside].iter_mut().enumerate().for_each(|(i, y)| *y = x[i * step]),
                }
            }
        });
    }

    /// Adds columns to the elements of the image and group `x` that they come from.
    pub(super) fn add_columns<F: Real>(&self, columns: &[F], x: &mut [F]) {
        let ([_, height, width], step) = (self.lengths(0), self.windows[1].stride);
        self.lines(|Line { start, inside, first: [c, row, column] }| {
            if !inside.is_empty() {
                let x = x[(c * height + row) * width + column..].iter_mut();
                let line = columns[start + inside.start..start + inside.end].iter();
                match step {
                    1 => x.zip(line).for_each(|(x, dy)| *x = *x + *dy),
                    _ => x.step_by(step).zip(line).for_each(|(x, dy)| *x = *x + *dy),
                }
            }
        });
    }
}
