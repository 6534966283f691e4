//! Images written so that a window meets them at unit steps.

use super::geometry::Geometry;
use crate::base::real::Real;
use crate::kernels::copy::copy_short;
use crate::kernels::matmul::Shifts;

/// The planes of an image, padded with zeros. Of elements a stride apart, which a window meets with one and the same
/// weight, those of each axis lie together: a plane is \[phases of rows, phases of columns, rows, columns\]. So the
/// elements that one weight meets at all positions are a shift away from those of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planes {
    channels: usize,
    /// The lengths of the image.
    size: [usize; 2],
    /// The zeros before the first element; where it is negative, so many elements are left out.
    lead: [isize; 2],
    stride: [usize; 2],
    /// The rows and columns of each phase.
    lengths: [usize; 2],
}

impl Planes {
    /// Of x, as the convolution meets it.
    pub(super) fn of_input(geometry: &Geometry) -> Self {
        let ([channels, rows, columns], [_, down, right]) = (geometry.lengths(0), geometry.lengths(1));
        let windows = geometry.windows();
        let length = |axis: usize, positions: usize| {
            let reach = (geometry.window_lengths()[axis] - 1) * windows[axis].dilation;
            positions.saturating_sub(1) + reach / windows[axis].stride + 1
        };
        Planes {
            channels,
            size: [rows, columns],
            lead: windows.map(|window| window.padding.0 as isize),
            stride: windows.map(|window| window.stride),
            lengths: [length(0, down), length(1, right)],
        }
    }

    /// Of dy, as the adjoint of a convolution with stride 1 meets it: with the window turned around.
    pub(super) fn of_cotangent(geometry: &Geometry) -> Self {
        let ([_, down, right], [channels, rows, columns]) = (geometry.lengths(0), geometry.lengths(1));
        let reach = |axis: usize| (geometry.window_lengths()[axis] - 1) * geometry.windows()[axis].dilation;
        let lead = |axis: usize| reach(axis) as isize - geometry.windows()[axis].padding.0 as isize;
        Planes {
            channels,
            size: [rows, columns],
            lead: [lead(0), lead(1)],
            stride: [1; 2],
            lengths: [down + reach(0), right + reach(1)],
        }
    }

    /// The distance from the row of one position of the window to the next.
    pub(super) fn pitch(&self) -> usize {
        self.lengths[1]
    }

    fn plane(&self) -> usize {
        self.stride.iter().chain(&self.lengths).fold(1, |size: usize, length| size.saturating_mul(*length))
    }

    /// The elements of all planes.
    pub(super) fn elements(&self) -> usize {
        self.channels.saturating_mul(self.plane())
    }

    /// Where the weights of a window meet them.
    pub(super) fn shifts(&self, geometry: &Geometry) -> Shifts {
        let [rows, columns] = self.lengths;
        let shift = |axis: usize, phase: usize, line: usize| {
            let (stride, dilation) = (self.stride[axis], geometry.windows()[axis].dilation);
            let shifts = 0..geometry.window_lengths()[axis];
            shifts.map(move |i| i * dilation % stride * phase + i * dilation / stride * line)
        };
        Shifts {
            channels: self.channels,
            plane: self.plane(),
            rows: shift(0, self.stride[1] * rows * columns, columns).collect(),
            columns: shift(1, rows * columns, 1).collect(),
        }
    }

    /// Whether an image whose channels, rows and columns lie `steps` apart is its own planes.
    pub(super) fn is_written(&self, [channel, row, column]: [usize; 3]) -> bool {
        let neighbours = (column == 1 || self.size[1] == 1)
            && (row == self.size[1] || self.size[0] == 1)
            && (channel == self.size[0] * self.size[1] || self.channels == 1);
        neighbours && self.lead == [0; 2] && self.stride == [1; 2] && self.lengths == self.size
    }

    /// Writes the elements of the image that begins with `x`, whose channels, rows and columns lie `steps` apart, to its
    /// planes: what they have beside it is left as it is.
    pub(super) fn write<F: Real>(&self, x: &[F], steps: [usize; 3], planes: &mut [F]) {
        let ([down, right], [height, width]) = (self.stride, self.lengths);
        let phases = (0..down).flat_map(|a| (0..right).map(move |b| (a, b)));
        for (channel, (plane, (a, b))) in
            (0..self.channels).flat_map(|c| phases.clone().enumerate().map(move |p| (c, p)))
        {
            let (rows, columns) = (self.inside(0, a), self.inside(1, b));
            if rows.is_empty() || columns.is_empty() {
                continue;
            }
            // The element at a place of a phase.
            let element = |axis: usize, place: usize, phase: usize| {
                ((place * self.stride[axis] + phase) as isize - self.lead[axis]) as usize
            };
            let (row, column) = (element(0, rows.start, a), element(1, columns.start, b));
            let mut from = channel * steps[0] + row * steps[1] + column * steps[2];
            let start = (channel * down * right + plane) * height * width + columns.start;
            for line in rows {
                let (x, to) = (&x[from..], &mut planes[start + line * width..][..columns.len()]);
                match right * steps[2] {
                    1 => copy_short(&x[..to.len()], to),
                    step => to.iter_mut().enumerate().for_each(|(i, to)| *to = x[i * step]),
                }
                from += down * steps[1];
            }
        }
    }

    /// The places of a phase of an axis that have an element of the image.
    fn inside(&self, axis: usize, phase: usize) -> std::ops::Range<usize> {
        let (stride, length) = (self.stride[axis], self.lengths[axis]);
        // Place p is element p·stride + phase − lead.
        let place = |element: isize| {
            let distance = element + self.lead[axis] - phase as isize;
            (distance.max(0) as usize).div_ceil(stride).min(length)
        };
        place(0)..place(self.size[axis] as isize)
    }
}
