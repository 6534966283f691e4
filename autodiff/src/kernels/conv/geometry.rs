//! What meets what in a convolution.

use crate::error::Mismatch;
use crate::kernels::window::Window;
use crate::shape::Shape;

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

/// The distances between neighbours along the axes of x, w and y.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    pub(super) x: [usize; 4],
    pub(super) w: [usize; 4],
    pub(super) y: [usize; 4],
}

/// A row of neighbours in y and the elements of x that one weight multiplies for them: where they begin, and how many
/// there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) x: usize,
    pub(super) w: usize,
    pub(super) y: usize,
    pub(super) count: usize,
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

    /// The distance in x between elements that one weight multiplies for neighbours in y.
    pub(super) fn stride(&self) -> usize {
        self.windows[1].stride
    }

    /// Each row of y with each weight that has elements of x for it: by b, o, c, i, j and p, in this order.
    pub(super) fn pieces(&self, steps: &Steps, mut f: impl FnMut(Piece)) {
        let [channels, outputs] = self.channels;
        let [rows, columns] = self.windows;
        for b in 0..self.batch {
            for o in 0..self.groups * outputs {
                let first = o / outputs * channels;
                for c in 0..channels {
                    let x = b * steps.x[0] + (first + c) * steps.x[1];
                    let w = o * steps.w[0] + c * steps.w[1];
                    let y = b * steps.y[0] + o * steps.y[1];
                    for i in 0..self.length[0] {
                        let ps = rows.meets(i, self.size[0], self.positions[0]);
                        for j in 0..self.length[1] {
                            let qs = columns.meets(j, self.size[1], self.positions[1]);
                            if qs.is_empty() {
                                continue;
                            }
                            let x = x + columns.element(qs.start, j) * steps.x[3];
                            let (w, y) = (w + i * steps.w[2] + j * steps.w[3], y + qs.start * steps.y[3]);
                            for p in ps.clone() {
                                let (x, y) = (x + rows.element(p, i) * steps.x[2], y + p * steps.y[2]);
                                f(Piece { x, w, y, count: qs.len() });
                            }
                        }
                    }
                }
            }
        }
    }
}
