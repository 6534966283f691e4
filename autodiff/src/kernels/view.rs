//! Borrowed arrays: what a kernel reads and writes.

use super::order::{Axes, Odometer, Reader};
use crate::base::error::Refusal;
use crate::base::shape::{Shape, Strides};

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
        if !shape.contains(&0) && last >= data.len() {
            return None;
        }
        // Kernels have shorter ways for what lies in order: its elements are the first `last + 1`.
        match data.get(..=last) {
            Some(data) if !shape.contains(&0) && shape.is_row_major(strides) => {
                Some(View { data, shape, steps: Steps::Contiguous })
            }
            _ => Some(View { data, shape, steps: Steps::Strided(strides) }),
        }
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
