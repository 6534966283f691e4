//! Axes as users name them: counted from the first, or, negative, from the last.

use crate::base::error::Mismatch;
use crate::base::shape::Shape;
use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

/// An axis of an array: 0 is the first, −1 the last. A `usize`, an `isize` or an `i32` becomes one.
///
/// It is counted from the first as soon as an operation is recorded, so a program holds no negative axis; in the text of a
/// program there is none.
///
/// ```
/// use autodiff::{Axis, Shape};
/// # let tape = autodiff::Tape::<f64>::new();
/// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.softmax(-1).value()?, x.softmax(1).value()?);
/// assert_eq!(Axis::from(-1).of("x", &Shape::from([4, 3])).unwrap(), 1);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Axis(isize);

impl Axis {
    /// The axis counted from the first, of the operand `name`, which has this shape.
    ///
    /// # Errors
    /// A [`Mismatch`] if the operand has no such axis.
    pub fn of(self, name: &str, shape: &Shape) -> Result<usize, Mismatch> {
        self.within(shape.rank()).ok_or_else(|| absent(&self.words(), name, shape, true))
    }

    /// The axis counted from the first, of `rank` axes.
    pub(crate) fn within(self, rank: usize) -> Option<usize> {
        match usize::try_from(self.0) {
            Ok(axis) => (axis < rank).then_some(axis),
            Err(_) => rank.checked_sub(self.0.unsigned_abs()),
        }
    }

    /// With the minus sign of mathematics.
    pub(crate) fn words(self) -> String {
        if self.0 < 0 { format!("−{}", self.0.unsigned_abs()) } else { self.0.to_string() }
    }
}

/// That the operand `name`, of this shape, has no axis `axis`, which is counted from the first: for shape rules.
pub(crate) fn no_axis(axis: usize, name: &str, shape: &Shape) -> Mismatch {
    absent(&axis.to_string(), name, shape, false)
}

/// That there is no such axis, and which there are: `signed` also names those counted from the last.
fn absent(axis: &str, name: &str, shape: &Shape, signed: bool) -> Mismatch {
    let there = match (shape.rank(), signed) {
        (0, _) => return Mismatch::new(format!("{name} is a number and has no axes")),
        (1, false) => "it has axis 0 only".into(),
        (1, true) => "it has axis 0 (or −1) only".into(),
        (rank, false) => format!("axes run from 0 to {}", rank - 1),
        (rank, true) => format!("axes run from 0 to {}, or from −{rank} to −1", rank - 1),
    };
    Mismatch::new(format!("there is no axis {axis} in {name} {shape}; {there}"))
}

/// Axes as a text lists them, in ascending order: the order of the axes that are reduced or reversed has no meaning.
pub(crate) fn sorted(axes: &[usize]) -> Vec<usize> {
    let mut axes = axes.to_vec();
    axes.sort_unstable();
    axes
}

/// That these are axes of the operand `name`, which has this shape, in ascending order: for shape rules.
pub(crate) fn ascending(axes: &[usize], name: &str, shape: &Shape) -> Result<(), Mismatch> {
    if let Some(axis) = axes.iter().find(|axis| **axis >= shape.rank()) {
        return Err(no_axis(*axis, name, shape));
    }
    match axes.windows(2).find(|pair| pair.first() >= pair.last()) {
        None => Ok(()),
        Some(pair) => {
            let fault = if pair.first() == pair.last() { "one appears twice" } else { "they should ascend" };
            Err(Mismatch::new(format!("the axes {} do not fit: {fault}", Shape::from(axes))))
        }
    }
}

/// Axes of an array: `..` for all, one [`Axis`], a list, or a range of them.
///
/// ```
/// # let tape = autodiff::Tape::<f64>::new();
/// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.sum(..).shape()?, [].into());
/// assert_eq!(x.sum(-1).value()?, ndarray::array![3.0, 7.0].into_dyn());
/// assert_eq!(x.sum([0, 1]).item()?, 10.0);
/// assert_eq!(x.sum(1..).value()?, x.sum(1).value()?); // all axes but the first
/// assert_eq!(x.sum(..-1).value()?, x.sum(0).value()?); // all axes but the last
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axes(Choice);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Choice {
    /// From an axis on, and up to another, which is not among them.
    Range(Option<Axis>, Option<Axis>),
    These(Vec<Axis>),
}

impl Axes {
    /// The axes counted from the first, in the order given, of the operand `name`, which has this shape.
    ///
    /// # Errors
    /// A [`Mismatch`] if the operand does not have one of them.
    pub fn of(&self, name: &str, shape: &Shape) -> Result<Vec<usize>, Mismatch> {
        match &self.0 {
            Choice::These(axes) => axes.iter().map(|axis| axis.of(name, shape)).collect(),
            Choice::Range(..) => self.range(name, shape).map(Iterator::collect),
        }
    }

    /// As [`of`](Self::of), for axes that follow one another.
    ///
    /// # Errors
    /// A [`Mismatch`] if the operand does not have one of them, or if they do not follow one another.
    pub(crate) fn range(&self, name: &str, shape: &Shape) -> Result<Range<usize>, Mismatch> {
        match &self.0 {
            Choice::Range(start, stop) => {
                // The end of a range may lie behind the last axis.
                let bound = |bound: &Option<Axis>, open: usize| match bound {
                    None => Some(open),
                    Some(Axis(axis)) if usize::try_from(*axis) == Ok(shape.rank()) => Some(shape.rank()),
                    Some(axis) => axis.within(shape.rank()),
                };
                match (bound(start, 0), bound(stop, shape.rank())) {
                    (Some(start), Some(stop)) if start <= stop => Ok(start..stop),
                    _ => {
                        let words = |bound: &Option<Axis>| bound.map(Axis::words).unwrap_or_default();
                        let (start, stop, rank) = (words(start), words(stop), shape.rank());
                        let axes = if rank == 1 { "axis" } else { "axes" };
                        Err(Mismatch::new(format!(
                            "{start}..{stop} is not a range of the axes of {name} {shape}, which has {rank} {axes}"
                        )))
                    }
                }
            }
            Choice::These(_) => {
                let axes = self.of(name, shape)?;
                match axes.first() {
                    Some(first) if axes.iter().copied().eq(*first..*first + axes.len()) => {
                        Ok(*first..*first + axes.len())
                    }
                    _ => {
                        let axes = Shape::from(axes);
                        Err(Mismatch::new(format!("the axes {axes} of {name} {shape} do not follow one another")))
                    }
                }
            }
        }
    }

    /// Whether these are all axes, as `..`.
    pub(crate) fn is_all(&self) -> bool {
        matches!(self.0, Choice::Range(None, None))
    }
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Self {
        Axes(Choice::Range(None, None))
    }
}

impl From<Axis> for Axes {
    fn from(axis: Axis) -> Self {
        Axes(Choice::These(vec![axis]))
    }
}

/// The integers that name axes. A literal such as −1 is an `i32` where nothing else is said.
macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Axis {
            /// An integer beyond `isize` is an axis that no array has.
            fn from(axis: $integer) -> Self {
                Axis(isize::try_from(axis).unwrap_or(isize::MAX))
            }
        }

        impl From<$integer> for Axes {
            fn from(axis: $integer) -> Self {
                Axis::from(axis).into()
            }
        }

        impl<const N: usize> From<[$integer; N]> for Axes {
            fn from(axes: [$integer; N]) -> Self {
                Axes(Choice::These(axes.map(Axis::from).to_vec()))
            }
        }

        impl From<Vec<$integer>> for Axes {
            fn from(axes: Vec<$integer>) -> Self {
                axes.as_slice().into()
            }
        }

        impl From<&[$integer]> for Axes {
            fn from(axes: &[$integer]) -> Self {
                Axes(Choice::These(axes.iter().copied().map(Axis::from).collect()))
            }
        }

        impl From<Range<$integer>> for Axes {
            fn from(axes: Range<$integer>) -> Self {
                Axes(Choice::Range(Some(axes.start.into()), Some(axes.end.into())))
            }
        }

        impl From<RangeFrom<$integer>> for Axes {
            fn from(axes: RangeFrom<$integer>) -> Self {
                Axes(Choice::Range(Some(axes.start.into()), None))
            }
        }

        impl From<RangeTo<$integer>> for Axes {
            fn from(axes: RangeTo<$integer>) -> Self {
                Axes(Choice::Range(None, Some(axes.end.into())))
            }
        }
    )*};
}

integers!(usize isize i32);
