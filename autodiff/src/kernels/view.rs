//! Borrowed arrays: what a kernel reads and writes.

use crate::error::Refusal;
use crate::shape::Shape;

static ZEROS: [usize; 64] = [0; 64];

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

/// A borrowed array of reals: a buffer, a shape, and strides.
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

    /// The elements as one lane, where they are: a slice at stride 1, or one number at stride 0.
    pub(crate) fn lane(&self) -> Option<(&'a [F], usize)> {
        match self.steps {
            Steps::Contiguous => Some((self.data, 1)),
            Steps::Splat => Some((self.data, 0)),
            Steps::Strided(_) => None,
        }
    }

    /// The buffer from the first element on, and the stride of each axis.
    pub(crate) fn parts(&self) -> (&'a [F], std::borrow::Cow<'a, [usize]>) {
        let rank = self.shape.rank();
        match self.steps {
            Steps::Contiguous => (self.data, self.shape.strides().to_vec().into()),
            Steps::Splat if rank <= ZEROS.len() => (self.data, ZEROS[..rank].into()),
            Steps::Splat => (self.data, vec![0; rank].into()),
            Steps::Strided(strides) => (self.data, strides.into()),
        }
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
        let (data, strides) = self.parts();
        Odometer::new(self.shape, &strides).map(move |offset| data[offset])
    }

    /// The rows along the last axis, in logical order: the buffer from a row's first element on, and the stride within.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'a [F], usize)> + use<'a, F> {
        let (data, strides) = self.parts();
        let outer = self.shape.len().saturating_sub(1);
        let stride = strides.last().copied().unwrap_or(1);
        Odometer::new(&self.shape[..outer], &strides[..outer]).map(move |offset| (&data[offset..], stride))
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

/// The offsets of an array's elements, in logical order.
#[derive(Clone, Debug)]
pub(crate) struct Odometer {
    axes: Vec<(usize, usize, usize)>, // length, stride, position
    offset: usize,
    left: usize,
}

impl Odometer {
    pub(crate) fn new(shape: &[usize], strides: &[usize]) -> Self {
        let left = if shape.contains(&0) { 0 } else { shape.iter().fold(1usize, |n, d| n.saturating_mul(*d)) };
        Odometer { axes: shape.iter().zip(strides).map(|(d, s)| (*d, *s, 0)).collect(), offset: 0, left }
    }
}

impl Iterator for Odometer {
    type Item = usize;
    fn next(&mut self) -> Option<usize> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let offset = self.offset;
        for (length, stride, position) in self.axes.iter_mut().rev() {
            *position += 1;
            if *position < *length {
                self.offset += *stride;
                break;
            }
            self.offset -= *stride * (*length - 1);
            *position = 0;
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

    /// The lengths of the axes.
    pub fn shape(&self) -> &'a Shape {
        self.shape
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

/// A borrowed array of indices, row-major.
#[derive(Clone, Copy, Debug)]
pub struct IndexView<'a> {
    /// The indices, in row-major order.
    pub data: &'a [usize],
    /// The lengths of the axes.
    pub shape: &'a Shape,
}

/// An operand as a kernel sees it.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a, F> {
    /// An array of reals.
    Real(View<'a, F>),
    /// An array of indices: labels, rows to gather.
    Index(IndexView<'a>),
    /// A random key.
    Key(u64),
}

impl<'a, F: Copy> Operand<'a, F> {
    /// The array of reals; a refusal if the operand is of another kind.
    pub fn real(&self) -> Result<View<'a, F>, Refusal> {
        match self {
            Operand::Real(view) => Ok(*view),
            _ => Err(Refusal::new("an array of reals was expected")),
        }
    }

    /// The array of indices; a refusal if the operand is of another kind.
    pub fn index(&self) -> Result<IndexView<'a>, Refusal> {
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
