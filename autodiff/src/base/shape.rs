//! Shapes, broadcasting, and strided layouts.

use crate::base::error::Mismatch;
use smallvec::SmallVec;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The lengths of an array's axes; `[]` is a scalar.
///
/// ```
/// use autodiff::Shape;
/// let shape = Shape::from([2, 3]);
/// assert_eq!((shape.rank(), shape.size(), shape.to_string()), (2, 6, "[2, 3]".into()));
/// ```
///
/// Copies share the lengths, and a scalar has none to share: a tape stores a shape per node.
#[derive(Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Shape(Option<Arc<Lengths>>);

/// The lengths of an array that has axes, and their product.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Lengths {
    lengths: SmallVec<[usize; 4]>,
    size: usize,
}

impl Shape {
    pub(crate) const SCALAR: &'static Shape = &Shape(None);

    /// The shape of a scalar, `[]`.
    #[inline]
    pub fn scalar() -> Self {
        Shape::default()
    }

    /// Whether both are scalars, or share their lengths: what tells almost all equal shapes without a look at lengths.
    #[inline]
    pub(crate) fn shares(&self, other: &Shape) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// The number of axes.
    #[inline]
    pub fn rank(&self) -> usize {
        self.len()
    }

    /// The number of elements: the product of the lengths, 1 for a scalar. Saturates.
    #[inline]
    pub fn size(&self) -> usize {
        self.0.as_ref().map_or(1, |shape| shape.size)
    }

    /// An array of more axes is not one that anybody meant; what walks over axes may rely on there being few.
    pub const MOST_AXES: usize = 64;

    /// Why there can be no array of `F` of this shape: it has more axes than [`MOST_AXES`](Self::MOST_AXES), or more elements
    /// than a machine can address. `what` is what it would be: "the result".
    pub(crate) fn check<F>(&self, what: &str) -> Result<(), Mismatch> {
        if self.rank() > Self::MOST_AXES {
            return Err(self.too_many_axes(what));
        }
        match self.is_addressable::<F>() {
            true => Ok(()),
            false => Err(Mismatch::new(format!("{what} would be too large: {self}"))),
        }
    }

    #[cold]
    pub(crate) fn too_many_axes(&self, what: &str) -> Mismatch {
        Mismatch::new(format!("an array has at most {} axes, {what} would have {}", Self::MOST_AXES, self.rank()))
    }

    /// Whether elements at these strides lie in row-major order without gaps.
    pub(crate) fn is_row_major(&self, strides: &[usize]) -> bool {
        let mut expected = 1usize;
        // The stride of an axis of length 1 is never used; an empty array has no elements to misplace.
        self.contains(&0)
            || self.iter().zip(strides).rev().all(|(d, s)| {
                let fits = *d == 1 || *s == expected;
                expected = expected.saturating_mul(*d);
                fits
            })
    }

    /// Whether an array of `F` of this shape can be addressed. Lengths beside a 0 count too, so that no product of them
    /// overflows anywhere.
    pub(crate) fn is_addressable<F>(&self) -> bool {
        let lengths = self.iter().filter(|d| **d != 0);
        let bytes = lengths.fold(size_of::<F>(), |n, d| n.saturating_mul(*d));
        isize::try_from(bytes).is_ok()
    }

    /// The shape both broadcast to under NumPy's rule: aligned at the last axis, an axis of length 1 stretches.
    ///
    /// ```
    /// use autodiff::Shape;
    /// assert_eq!(Shape::from([4, 1]).broadcast(&[3].into()), Some([4, 3].into()));
    /// assert_eq!(Shape::from([4]).broadcast(&[3].into()), None);
    /// ```
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        (0..rank)
            .map(|axis| match (self.aligned(axis, rank), other.aligned(axis, rank)) {
                (a, b) if a == b => Some(a),
                (1, b) => Some(b),
                (a, 1) => Some(a),
                _ => None,
            })
            .collect()
    }

    /// The length of `axis` when this shape is padded on the left with 1s to `rank` axes.
    pub(crate) fn aligned(&self, axis: usize, rank: usize) -> usize {
        (axis + self.rank()).checked_sub(rank).and_then(|i| self.get(i)).copied().unwrap_or(1)
    }

    /// The shape with `axes` removed, or, with `keep`, set to length 1.
    pub fn reduced(&self, axes: &[usize], keep: bool) -> Shape {
        self.iter()
            .enumerate()
            .filter_map(|(i, d)| match (axes.contains(&i), keep) {
                (false, _) => Some(*d),
                (true, true) => Some(1),
                (true, false) => None,
            })
            .collect()
    }

    /// The lengths in reverse order.
    pub fn transposed(&self) -> Shape {
        self.iter().rev().copied().collect()
    }

    /// The shape with `axis` set to `length`; unchanged where there is no such axis.
    pub fn with_axis(&self, axis: usize, length: usize) -> Shape {
        self.iter().enumerate().map(|(i, d)| if i == axis { length } else { *d }).collect()
    }

    /// Row-major strides, in elements.
    pub(crate) fn strides(&self) -> Strides {
        let mut strides: Strides = self.iter().map(|_| 0).collect();
        let mut step = 1usize;
        for (stride, length) in strides.iter_mut().zip(self.iter()).rev() {
            *stride = step;
            step = step.saturating_mul(*length);
        }
        strides
    }
}

pub(crate) type Strides = SmallVec<[usize; 4]>;

impl Deref for Shape {
    type Target = [usize];
    #[inline]
    fn deref(&self) -> &[usize] {
        self.0.as_ref().map_or(&[], |shape| &shape.lengths)
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(lengths: I) -> Self {
        let lengths: SmallVec<[usize; 4]> = lengths.into_iter().collect();
        let size = lengths.iter().fold(1usize, |n, d| n.saturating_mul(*d));
        Shape((!lengths.is_empty()).then(|| Arc::new(Lengths { lengths, size })))
    }
}

impl From<&[usize]> for Shape {
    fn from(lengths: &[usize]) -> Self {
        lengths.iter().copied().collect()
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(lengths: [usize; N]) -> Self {
        Shape::from(lengths.as_slice())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(lengths: Vec<usize>) -> Self {
        Shape::from(lengths.as_slice())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[")?;
        for (i, length) in self.iter().enumerate() {
            write!(f, "{}{length}", if i == 0 { "" } else { ", " })?;
        }
        write!(f, "]")
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where the elements of an array lie in a buffer: element `[i, j, …]` at `offset + i·strides[0] + j·strides[1] + …`.
///
/// A primitive that only rearranges (transpose, reshape, slice, broadcast) describes its result as a layout of its
/// operand's buffer and moves no data ([`Primitive::view`](crate::Primitive::view)).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// The lengths of the axes.
    pub shape: Shape,
    /// The distance between neighbours along each axis, in elements; 0 repeats one element.
    pub strides: SmallVec<[usize; 4]>,
    /// The position of the first element.
    pub offset: usize,
}

impl Layout {
    /// The row-major layout of a whole buffer.
    pub fn contiguous(shape: Shape) -> Self {
        let strides = shape.strides();
        Layout { shape, strides, offset: 0 }
    }

    /// Whether the elements lie in row-major order without gaps.
    pub fn is_contiguous(&self) -> bool {
        self.shape.is_row_major(&self.strides)
    }

    /// How long a buffer has to be to have all elements in it; `usize::MAX` where none is that long.
    pub(crate) fn reach(&self) -> usize {
        if self.shape.contains(&0) {
            return 0;
        }
        let steps = self.shape.iter().zip(&self.strides).map(|(length, stride)| (length - 1).saturating_mul(*stride));
        steps.fold(self.offset, usize::saturating_add).saturating_add(1)
    }
}
