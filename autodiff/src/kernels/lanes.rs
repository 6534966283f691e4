//! The lanes of a reduction: the elements that become one number, for each position of the axes that stay.

use super::order::{Axes, Odometer, Reader};
use super::sum::{CHUNK, FEW, Rows};
use super::view::View;
use crate::base::real::Real;

/// A lane of no more elements is gathered into less memory, so that a small array pays for little.
const SHORT: usize = 64;
const MEDIUM: usize = 512;

/// The lanes of an array along some of its axes.
#[derive(Debug)]
pub(super) struct Lanes<'a, F> {
    pub(super) data: &'a [F],
    kept: Axes,
    gone: Axes,
    length: usize,
}

/// How the lanes lie in memory.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// The elements of a lane are neighbours, and the lanes follow each other, `step` apart.
    Rows { length: usize, step: usize },
    /// The elements of a lane are not neighbours, but lanes are: `width` of them lie side by side.
    Columns { width: usize },
    /// Neither.
    Scattered,
}

impl<'a, F: Real> Lanes<'a, F> {
    pub(super) fn new(input: View<'a, F>, axes: &[usize]) -> Self {
        let (data, strides) = input.parts();
        let (mut kept, mut gone) = (Axes::default(), Axes::default());
        for (i, (length, stride)) in input.shape().iter().zip(&strides).enumerate() {
            if axes.contains(&i) { &mut gone } else { &mut kept }.push(*length, *stride);
        }
        let length = gone.size();
        Lanes { data, kept, gone, length }
    }

    pub(super) fn way(&self) -> Way {
        match (&*self.kept.0, &*self.gone.0) {
            _ if self.length == 0 => Way::Scattered,
            ([], [] | [(_, 1)]) => Way::Rows { length: self.length, step: 0 },
            ([(_, step)], [] | [(_, 1)]) => Way::Rows { length: self.length, step: *step },
            ([.., (width, 1)], [_, ..]) if *width >= FEW => Way::Columns { width: *width },
            _ => Way::Scattered,
        }
    }

    /// The number of elements of each lane.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// The offsets of the elements of a lane.
    pub(super) fn offsets(&self) -> Odometer {
        Odometer::over(self.gone.clone())
    }

    /// The same, for columns.
    pub(super) fn rows(&self) -> Rows {
        match &*self.gone.0 {
            [(_, step)] => Rows::Even(0, *step),
            _ => Rows::Uneven(self.offsets()),
        }
    }

    /// Where the groups of lanes that lie side by side begin.
    pub(super) fn groups(&self) -> Odometer {
        let mut outer = self.kept.clone();
        outer.pop();
        Odometer::over(outer)
    }

    /// `y = f(lane, block)` for each lane; `block` takes a piece of up to 1,024 elements, or all of a shorter lane.
    pub(super) fn each(&self, y: &mut [F], f: impl Fn(&mut Lane<'_, F>, &mut [F]) -> F) {
        with_block(self.length, |block| {
            let mut lane = match &*self.gone.0 {
                _ if self.length == 0 => return y.fill(f(&mut Lane::Row(&[]), block)),
                [] | [(_, 1)] => Lane::Row(&[]),
                _ => Lane::far(self.data, &self.gone),
            };
            for (y, start) in y.iter_mut().zip(Odometer::over(self.kept.clone())) {
                match &mut lane {
                    Lane::Row(x) => *x = &self.data[start..start + self.length],
                    Lane::Far(_, reader) => reader.restart(&self.data[start..]),
                }
                *y = f(&mut lane, block);
            }
        });
    }
}

/// Memory for a piece of a lane of `length` elements.
pub(super) fn with_block<F: Real>(length: usize, f: impl FnOnce(&mut [F])) {
    if length <= SHORT {
        f(&mut [F::zero(); SHORT]);
    } else if length <= MEDIUM {
        f(&mut [F::zero(); MEDIUM]);
    } else {
        f(&mut [F::zero(); CHUNK]);
    }
}

/// The elements of one lane, in logical order.
#[derive(Debug)]
pub(super) enum Lane<'a, F> {
    /// They are neighbours in memory.
    Row(&'a [F]),
    /// They lie apart: how many, and how they are read.
    Far(usize, Reader<'a, F>),
}

impl<'a, F: Real> Lane<'a, F> {
    /// The elements of `data` along `axes`.
    pub(super) fn far(data: &'a [F], axes: &Axes) -> Self {
        Lane::Far(axes.size(), Reader::over(data, axes.clone()))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Lane::Row(x) => x.len(),
            Lane::Far(length, _) => *length,
        }
    }

    /// Copies the elements from `at` on to `output`.
    pub(super) fn read(&mut self, at: usize, output: &mut [F]) {
        match self {
            Lane::Row(x) => output.copy_from_slice(&x[at..at + output.len()]),
            Lane::Far(_, reader) => {
                reader.seek(at);
                reader.read(output);
            }
        }
    }

    /// The elements from `at` on, `length` of them: where they lie, or gathered in `block`.
    pub(super) fn piece<'b>(&'b mut self, at: usize, length: usize, block: &'b mut [F]) -> &'b [F] {
        match self {
            Lane::Row(x) => &x[at..at + length],
            Lane::Far(..) => {
                let block = &mut block[..length];
                self.read(at, block);
                block
            }
        }
    }
}
