//! Reading arrays in logical order, however they lie: axes that are one run in memory together, and where the elements are.

use super::copy::copy_short;
use super::view::View;
use smallvec::SmallVec;

/// The length below which a row is copied without a call.
const SHORT: usize = 64;

/// Axes as (length, stride) pairs, outermost first. Neighbours that are one run in memory are merged, and axes of
/// length 1 are dropped.
#[derive(Clone, Default, Debug)]
pub(crate) struct Axes(pub(crate) SmallVec<[(usize, usize); 4]>);

impl Axes {
    /// Adds the next axis inwards.
    #[inline]
    pub(crate) fn push(&mut self, length: usize, stride: usize) {
        if length == 1 {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.1 == stride * length => *last = (last.0 * length, stride),
            _ => self.0.push((length, stride)),
        }
    }

    /// Removes the innermost axis; one of length 1 where there is none.
    #[inline]
    pub(crate) fn pop(&mut self) -> (usize, usize) {
        self.0.pop().unwrap_or((1, 0))
    }

    /// The number of elements.
    pub(crate) fn size(&self) -> usize {
        self.0.iter().map(|(length, _)| length).product()
    }
}

/// An axis of a [`Reader`] or an [`Odometer`]: its length, its stride, and the position on it.
#[derive(Clone, Copy, Debug)]
struct Axis {
    length: usize,
    stride: usize,
    position: usize,
}

impl From<(usize, usize)> for Axis {
    #[inline]
    fn from((length, stride): (usize, usize)) -> Self {
        Axis { length, stride, position: 0 }
    }
}

/// Reads an array in logical order, a piece at a time; a smaller array is read as its broadcast.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a, F> {
    data: &'a [F],
    /// All but the innermost axis, outermost first.
    outer: SmallVec<[Axis; 4]>,
    inner: Axis,
    offset: usize,
}

impl<'a, F: Copy> Reader<'a, F> {
    /// Reads `view` as an array of the shape `shape`; `None` where it does not broadcast to it.
    pub(crate) fn new(view: View<'a, F>, shape: &[usize]) -> Option<Self> {
        let missing = shape.len().checked_sub(view.shape().rank())?;
        let (data, strides) = view.parts();
        let mut axes = Axes::default();
        for (i, length) in shape.iter().enumerate() {
            let own = i.checked_sub(missing).map(|i| (view.shape()[i], strides[i]));
            let stride = match own {
                None => 0,
                Some((d, stride)) if d == *length => stride,
                Some((1, _)) => 0,
                Some(_) => return None,
            };
            axes.push(*length, stride);
        }
        Some(Reader::over(data, axes))
    }

    /// Reads the elements of `data` along `axes`.
    pub(crate) fn over(data: &'a [F], mut axes: Axes) -> Self {
        let inner = axes.pop().into();
        Reader { data, outer: axes.0.iter().map(|axis| (*axis).into()).collect(), inner, offset: 0 }
    }

    /// Begins again, with other elements that lie in the same way.
    pub(crate) fn restart(&mut self, data: &'a [F]) {
        self.data = data;
        self.seek(0);
    }

    /// Goes to element `position` in logical order.
    pub(crate) fn seek(&mut self, mut position: usize) {
        self.offset = 0;
        if self.outer.is_empty() {
            // The one axis there often is, without a division.
            self.inner.position = position;
            self.offset = position * self.inner.stride;
            return;
        }
        for axis in std::iter::once(&mut self.inner).chain(self.outer.iter_mut().rev()) {
            axis.position = position.checked_rem(axis.length).unwrap_or(0);
            position = position.checked_div(axis.length).unwrap_or(0);
            self.offset += axis.position * axis.stride;
        }
    }

    /// After how many elements it begins again: an array that is broadcast along the first axes is read over and over.
    pub(crate) fn period(&self) -> usize {
        let own = self.outer.iter().skip_while(|axis| axis.stride == 0);
        own.map(|axis| axis.length).product::<usize>() * self.inner.length
    }

    /// The next elements, as many as `output` takes.
    pub(crate) fn read(&mut self, mut output: &mut [F]) {
        // Whole short rows, of which each would be a call.
        while let (Axis { length: length @ 2..SHORT, stride: 1, position: 0 }, Some(outer)) =
            (self.inner, self.outer.last())
        {
            let rows = (outer.length - outer.position).min(output.len() / length);
            if rows == 0 {
                break;
            }
            let stride = outer.stride;
            let (now, later) = output.split_at_mut(rows * length);
            for (i, to) in now.chunks_exact_mut(length).enumerate() {
                let from = self.offset + i * stride;
                copy_short(&self.data[from..from + length], to);
            }
            output = later;
            self.skip_rows(rows);
        }
        self.next(output, |y, x| *y = x);
    }

    /// Goes on by so many rows, which the axis outside the innermost has: the position on the innermost is 0.
    fn skip_rows(&mut self, rows: usize) {
        let Some((last, outer)) = self.outer.split_last_mut() else { return };
        last.position += rows;
        self.offset += rows * last.stride;
        if last.position == last.length {
            carry(last, outer, &mut self.offset);
        }
    }

    /// Adds the next elements to those of `output`.
    pub(crate) fn add_to(&mut self, output: &mut [F])
    where
        F: std::ops::Add<Output = F>,
    {
        self.next(output, |y, x| *y = *y + x);
    }

    /// `f(y, x)` for each y of `output` and the next x.
    #[inline]
    fn next(&mut self, output: &mut [F], f: impl Fn(&mut F, F)) {
        let mut rest = output;
        while !rest.is_empty() {
            let Axis { length, stride, position } = self.inner;
            let here = rest.len().min(length - position);
            if here == 0 {
                return;
            }
            let (now, later) = rest.split_at_mut(here);
            match stride {
                // Each a loop of its own, so that the compiler sees a copy or vector code.
                0 => {
                    let x = self.data[self.offset];
                    now.iter_mut().for_each(|y| f(y, x));
                }
                1 => now.iter_mut().zip(&self.data[self.offset..self.offset + here]).for_each(|(y, x)| f(y, *x)),
                _ => {
                    let from = self.data[self.offset..].iter().step_by(stride);
                    now.iter_mut().zip(from).for_each(|(y, x)| f(y, *x));
                }
            }
            rest = later;
            self.advance(here);
        }
    }

    fn advance(&mut self, by: usize) {
        self.inner.position += by;
        self.offset += by * self.inner.stride;
        if self.inner.position == self.inner.length {
            carry(&mut self.inner, &mut self.outer, &mut self.offset);
        }
    }
}

/// The innermost axis is at its end: it begins again, and the one outside it moves on.
fn carry(inner: &mut Axis, outer: &mut [Axis], offset: &mut usize) {
    inner.position = 0;
    *offset -= inner.stride * inner.length;
    for axis in outer.iter_mut().rev() {
        axis.position += 1;
        *offset += axis.stride;
        if axis.position < axis.length {
            return;
        }
        axis.position = 0;
        *offset -= axis.stride * axis.length;
    }
}

/// The offsets of an array's elements, in logical order.
#[derive(Clone, Debug)]
pub(crate) struct Odometer {
    outer: SmallVec<[Axis; 4]>,
    inner: Axis,
    offset: usize,
    left: usize,
}

impl Odometer {
    pub(crate) fn new(shape: &[usize], strides: &[usize]) -> Self {
        let mut axes = Axes::default();
        shape.iter().zip(strides).for_each(|(length, stride)| axes.push(*length, *stride));
        Odometer::over(axes)
    }

    /// The offsets along `axes`.
    pub(crate) fn over(mut axes: Axes) -> Self {
        let left = axes.size();
        let inner = axes.pop().into();
        Odometer { outer: axes.0.iter().map(|axis| (*axis).into()).collect(), inner, offset: 0, left }
    }
}

impl Iterator for Odometer {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let offset = self.offset;
        self.inner.position += 1;
        self.offset += self.inner.stride;
        if self.inner.position == self.inner.length {
            carry(&mut self.inner, &mut self.outer, &mut self.offset);
        }
        Some(offset)
    }
}
