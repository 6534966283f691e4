//! Borrowed arrays: what a kernel reads and writes.

use crate::error::Refusal;
use crate::shape::Shape;
use smallvec::SmallVec;

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

    /// The elements in logical (row-major) order.
    pub fn iter(&self) -> impl Iterator<Item = F> + use<'a, F> {
        let (data, strides) = self.parts();
        Odometer::new(self.shape, &strides).map(move |offset| data[offset])
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

/// An axis of a [`Reader`]: its length, its stride, and the position on it.
#[derive(Clone, Copy, Debug)]
struct Axis {
    length: usize,
    stride: usize,
    position: usize,
}

/// Reads an array in logical order, a piece at a time; a smaller array is read as its broadcast.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a, F> {
    data: &'a [F],
    /// All but the innermost axis, outermost first. Neighbours that are one run in memory are one axis.
    outer: SmallVec<[Axis; 4]>,
    inner: Axis,
    offset: usize,
}

impl<'a, F: Copy> Reader<'a, F> {
    /// Reads `view` as an array of the shape `shape`; `None` where it does not broadcast to it.
    pub(crate) fn new(view: View<'a, F>, shape: &[usize]) -> Option<Self> {
        let (data, strides) = view.parts();
        let missing = shape.len().checked_sub(view.shape().rank())?;
        let mut axes: SmallVec<[Axis; 4]> = SmallVec::new();
        for (i, length) in shape.iter().enumerate() {
            let own = i.checked_sub(missing).map(|i| (view.shape()[i], strides[i]));
            let stride = match own {
                None => 0,
                Some((d, stride)) if d == *length => stride,
                Some((1, _)) => 0,
                Some(_) => return None,
            };
            if *length == 1 {
                continue;
            }
            match axes.last_mut() {
                Some(last) if last.stride == stride * *length => {
                    *last = Axis { length: last.length * *length, stride, position: 0 };
                }
                _ => axes.push(Axis { length: *length, stride, position: 0 }),
            }
        }
        let inner = axes.pop().unwrap_or(Axis { length: 1, stride: 0, position: 0 });
        Some(Reader { data, outer: axes, inner, offset: 0 })
    }

    /// Goes to element `position` in logical order.
    pub(crate) fn seek(&mut self, mut position: usize) {
        self.offset = 0;
        for axis in std::iter::once(&mut self.inner).chain(self.outer.iter_mut().rev()) {
            axis.position = position.checked_rem(axis.length).unwrap_or(0);
            position = position.checked_div(axis.length).unwrap_or(0);
            self.offset += axis.position * axis.stride;
        }
    }

    /// The next elements, as many as `output` takes.
    pub(crate) fn read(&mut self, output: &mut [F]) {
        let mut rest = output;
        while !rest.is_empty() {
            let Axis { length, stride, position } = self.inner;
            let here = rest.len().min(length - position);
            if here == 0 {
                return;
            }
            let (now, later) = rest.split_at_mut(here);
            match stride {
                0 => now.fill(self.data[self.offset]),
                1 => now.copy_from_slice(&self.data[self.offset..self.offset + here]),
                _ => {
                    let from = self.data[self.offset..].iter().step_by(stride);
                    now.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                }
            }
            rest = later;
            self.advance(here);
        }
    }

    fn advance(&mut self, by: usize) {
        self.inner.position += by;
        self.offset += by * self.inner.stride;
        if self.inner.position < self.inner.length {
            return;
        }
        self.inner.position = 0;
        self.offset -= self.inner.length * self.inner.stride;
        for axis in self.outer.iter_mut().rev() {
            axis.position += 1;
            self.offset += axis.stride;
            if axis.position < axis.length {
                return;
            }
            axis.position = 0;
            self.offset -= axis.length * axis.stride;
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
