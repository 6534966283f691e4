//! Borrowed arrays: what a kernel reads and writes.

use crate::base::error::Refusal;
use crate::base::shape::{Shape, Strides};
use smallvec::SmallVec;

/// How the elements of a [`View`] lie in its buffer.
#[derive(Clone, Copy, Debug)]
enum Steps<'a> {
    /// Row-major, without gaps.
    Contiguous,
    /// One number, repeated.
    Splat,
    /// At these strides.
    Strided(&'a [usize]),
}

/// A borrowed array of reals (or of indices): a buffer, a shape, and strides.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, F> {
    data: &'a [F],
    shape: &'a Shape,
    steps: Steps<'a>,
}

impl<'a, F: Copy> View<'a, F> {
    /// A row-major array; `None` where the buffer's length is not the shape's size.
    pub fn contiguous(data: &'a [F], shape: &'a Shape) -> Option<Self> {
        (data.len() == shape.size()).then_some(View { data, shape, steps: Steps::Contiguous })
    }

    /// A row-major array whose buffer is known to be as long as the shape says.
    pub(crate) fn whole(data: &'a [F], shape: &'a Shape) -> Self {
        debug_assert_eq!(data.len(), shape.size());
        View { data, shape, steps: Steps::Contiguous }
    }

    /// One number in every position.
    pub fn splat(number: &'a F, shape: &'a Shape) -> Self {
        View { data: std::slice::from_ref(number), shape, steps: Steps::Splat }
    }

    /// An array at `strides` from the start of `data`; `None` where an element would lie outside.
    pub fn strided(data: &'a [F], shape: &'a Shape, strides: &'a [usize]) -> Option<Self> {
        if strides.len() != shape.rank() {
            return None;
        }
        let last = shape
            .iter()
            .zip(strides)
            .try_fold(0usize, |last, (d, s)| last.checked_add(d.saturating_sub(1).checked_mul(*s)?))?;
        (shape.contains(&0) || last < data.len()).then_some(View { data, shape, steps: Steps::Strided(strides) })
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &'a Shape {
        self.shape
    }

    /// The elements as a slice, where they lie in row-major order.
    pub fn as_slice(&self) -> Option<&'a [F]> {
        match self.steps {
            Steps::Contiguous => Some(self.data),
            Steps::Splat if self.shape.size() == 1 => Some(self.data),
            _ => None,
        }
    }

    /// The one number, where all elements are the same by construction.
    pub fn as_splat(&self) -> Option<F> {
        match self.steps {
            Steps::Splat => self.data.first().copied(),
            _ => None,
        }
    }

    /// The buffer from the first element on, and the stride of each axis.
    #[inline]
    pub(crate) fn parts(&self) -> (&'a [F], Strides) {
        let strides = match self.steps {
            Steps::Contiguous => self.shape.strides(),
            Steps::Splat => Strides::from_elem(0, self.shape.rank()),
            Steps::Strided(strides) => Strides::from_slice(strides),
        };
        (self.data, strides)
    }

    /// [`parts`](Self::parts) for an array of known rank, without allocating.
    pub(crate) fn at_strides<const RANK: usize>(&self) -> (&'a [F], [usize; RANK]) {
        let mut steps = [0; RANK];
        match self.steps {
            Steps::Contiguous => {
                let mut step = 1;
                for (to, length) in steps.iter_mut().zip(&**self.shape).rev() {
                    *to = step;
                    step *= length;
                }
            }
            Steps::Splat => {}
            Steps::Strided(strides) => steps.iter_mut().zip(strides).for_each(|(to, step)| *to = *step),
        }
        (self.data, steps)
    }

    /// The elements in logical (row-major) order.
    pub fn iter(&self) -> impl Iterator<Item = F> + use<'a, F> {
        match self.as_slice() {
            Some(slice) => Elements::InOrder(slice.iter()),
            None => {
                let (data, strides) = self.parts();
                Elements::Strided(data, Odometer::new(self.shape, &strides))
            }
        }
    }

    /// The elements in logical order, to be read a piece at a time.
    pub(crate) fn reader(&self) -> Reader<'a, F> {
        let (data, axes) = self.axes();
        Reader::over(data, axes)
    }

    /// The buffer from the first element on, and the axes that are not one run with their neighbours.
    pub(crate) fn axes(&self) -> (&'a [F], Axes) {
        let (data, strides) = self.parts();
        let mut axes = Axes::default();
        self.shape.iter().zip(&strides).for_each(|(length, stride)| axes.push(*length, *stride));
        (data, axes)
    }

    /// The rows along the last axis, in logical order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'a, F>> + use<'a, F> {
        let (data, mut strides) = self.parts();
        let stride = strides.pop().unwrap_or(0);
        let (length, outer) = self.shape.split_last().map_or((1, &[][..]), |(length, outer)| (*length, outer));
        Odometer::new(outer, &strides).map(move |start| Row { data: data.get(start..).unwrap_or(&[]), length, stride })
    }

    /// The elements in logical order, as a slice where possible and copied into `scratch` otherwise.
    pub fn to_slice<'s>(&self, scratch: &'s mut Vec<F>) -> &'s [F]
    where
        'a: 's,
    {
        match self.as_slice() {
            Some(slice) => slice,
            None => {
                scratch.clear();
                scratch.extend(self.iter());
                scratch
            }
        }
    }
}

/// The elements of a view in logical order.
enum Elements<'a, F> {
    InOrder(std::slice::Iter<'a, F>),
    Strided(&'a [F], Odometer),
}

impl<F: Copy> Iterator for Elements<'_, F> {
    type Item = F;

    #[inline]
    fn next(&mut self) -> Option<F> {
        match self {
            Elements::InOrder(slice) => slice.next().copied(),
            Elements::Strided(data, offsets) => offsets.next().map(|offset| data[offset]),
        }
    }

    #[inline]
    fn fold<T, G: FnMut(T, F) -> T>(self, start: T, mut f: G) -> T {
        match self {
            Elements::InOrder(slice) => slice.fold(start, |sum, x| f(sum, *x)),
            Elements::Strided(data, offsets) => offsets.fold(start, |sum, offset| f(sum, data[offset])),
        }
    }
}

/// One row of an array: its elements along the last axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a, F> {
    data: &'a [F],
    length: usize,
    stride: usize,
}

impl<F: Copy> Row<'_, F> {
    #[inline]
    pub(crate) fn get(&self, i: usize) -> Option<F> {
        if i < self.length { self.data.get(i * self.stride).copied() } else { None }
    }
}

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

    /// Takes the innermost axis off; one of length 1 where there is none.
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
    pub(crate) fn read(&mut self, output: &mut [F]) {
        self.next(output, |y, x| *y = x);
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

/// A borrowed row-major array to write.
#[derive(Debug)]
pub struct ViewMut<'a, F> {
    data: &'a mut [F],
    shape: &'a Shape,
}

impl<'a, F> ViewMut<'a, F> {
    /// A row-major array; `None` where the buffer's length is not the shape's size.
    pub fn new(data: &'a mut [F], shape: &'a Shape) -> Option<Self> {
        (data.len() == shape.size()).then_some(ViewMut { data, shape })
    }

    /// A row-major array whose buffer is known to be as long as the shape says.
    pub(crate) fn whole(data: &'a mut [F], shape: &'a Shape) -> Self {
        debug_assert_eq!(data.len(), shape.size());
        ViewMut { data, shape }
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &'a Shape {
        self.shape
    }

    /// The same array, borrowed for a shorter time.
    pub fn reborrow(&mut self) -> ViewMut<'_, F> {
        ViewMut { data: self.data, shape: self.shape }
    }

    /// The elements, in row-major order.
    pub fn as_mut_slice(&mut self) -> &mut [F] {
        self.data
    }

    /// The elements, for as long as the buffer is borrowed.
    pub fn into_slice(self) -> &'a mut [F] {
        self.data
    }
}

/// An operand as a kernel sees it.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a, F> {
    /// An array of reals.
    Real(View<'a, F>),
    /// An array of indices: labels, rows to gather.
    Index(View<'a, usize>),
    /// A random key.
    Key(u64),
}

impl<'a, F: Copy> Operand<'a, F> {
    /// The lengths of its axes; none for a key.
    pub fn shape(&self) -> &'a Shape {
        match self {
            Operand::Real(view) => view.shape(),
            Operand::Index(view) => view.shape(),
            Operand::Key(_) => Shape::SCALAR,
        }
    }

    /// The array of reals; a refusal if the operand is of another kind.
    pub fn real(&self) -> Result<View<'a, F>, Refusal> {
        match self {
            Operand::Real(view) => Ok(*view),
            _ => Err(Refusal::new("an array of reals was expected")),
        }
    }

    /// The array of indices; a refusal if the operand is of another kind.
    pub fn index(&self) -> Result<View<'a, usize>, Refusal> {
        match self {
            Operand::Index(view) => Ok(*view),
            _ => Err(Refusal::new("an array of indices was expected")),
        }
    }

    /// The random key; a refusal if the operand is of another kind.
    pub fn key(&self) -> Result<u64, Refusal> {
        match self {
            Operand::Key(key) => Ok(*key),
            _ => Err(Refusal::new("a random key was expected")),
        }
    }
}
