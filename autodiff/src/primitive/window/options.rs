//! The options of convolutions and pooling.

use super::windows::{Pool, Windows, windows};
use crate::base::error::Mismatch;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::PrimitiveRef;
use crate::tape::Arg;
use crate::tape::var::Var;
use smallvec::SmallVec;

/// A number for all spatial axes, or one for each.
///
/// ```
/// use autodiff::PerAxis;
/// assert_eq!(PerAxis::from(2), PerAxis::All(2));
/// assert_eq!(PerAxis::from([2, 1]), PerAxis::Each(vec![2, 1]));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum PerAxis {
    /// The same for all.
    All(usize),
    /// One for each, in the order of the axes.
    Each(Vec<usize>),
}

impl From<usize> for PerAxis {
    fn from(number: usize) -> Self {
        PerAxis::All(number)
    }
}

impl<const N: usize> From<[usize; N]> for PerAxis {
    fn from(numbers: [usize; N]) -> Self {
        PerAxis::Each(numbers.to_vec())
    }
}

impl From<Vec<usize>> for PerAxis {
    fn from(numbers: Vec<usize>) -> Self {
        PerAxis::Each(numbers)
    }
}

impl PerAxis {
    /// The numbers for this many axes; `what` they are, for the message.
    fn of(&self, axes: usize, what: &str) -> Result<SmallVec<[usize; 2]>, Mismatch> {
        match self {
            PerAxis::All(number) => Ok(SmallVec::from_elem(*number, axes)),
            PerAxis::Each(numbers) if numbers.len() == axes => Ok(SmallVec::from_slice(numbers)),
            PerAxis::Each(numbers) => {
                let (given, all) = (Shape::from(numbers.as_slice()), numbers.first().copied().unwrap_or(1));
                let spatial = if axes == 1 { "there is 1 spatial axis".into() } else { format!("there are {axes}") };
                let message =
                    format!("the {what} {given} has {} numbers for the spatial axes; {spatial}", numbers.len());
                Err(Mismatch::new(message).with_help(format!("one number, such as {all}, is for all of them")))
            }
        }
    }
}

/// What lies around the spatial axes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Padding {
    Sides(PerAxis, PerAxis),
    Same,
}

/// The options of a [convolution](crate::Var::conv): stride 1, no padding, dilation 1 and one group, unless said otherwise.
///
/// ```
/// use autodiff::Conv;
/// # let tape = autodiff::Tape::<f64>::new();
/// let x = tape.input(ndarray::ArrayD::zeros(vec![8, 3, 32, 30]));
/// let w = tape.input(ndarray::ArrayD::zeros(vec![16, 3, 5, 3]));
/// assert_eq!(x.conv(w, &Conv::new()).shape()?, [8, 16, 28, 28].into());
/// assert_eq!(x.conv(w, &Conv::new().same()).shape()?, [8, 16, 32, 30].into());
/// assert_eq!(x.conv(w, &Conv::new().stride(2).padding([2, 1])).shape()?, [8, 16, 16, 15].into());
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Conv {
    stride: PerAxis,
    dilation: PerAxis,
    padding: Padding,
    groups: usize,
}

impl Default for Conv {
    fn default() -> Self {
        let padding = Padding::Sides(PerAxis::All(0), PerAxis::All(0));
        Conv { stride: PerAxis::All(1), dilation: PerAxis::All(1), padding, groups: 1 }
    }
}

impl Conv {
    /// Stride 1, no padding, dilation 1, one group.
    pub fn new() -> Self {
        Conv::default()
    }

    /// The distance from one position of the window to the next.
    pub fn stride(mut self, stride: impl Into<PerAxis>) -> Self {
        self.stride = stride.into();
        self
    }

    /// The distance between neighbours in the window.
    pub fn dilation(mut self, dilation: impl Into<PerAxis>) -> Self {
        self.dilation = dilation.into();
        self
    }

    /// The zeros before each spatial axis, and as many after it.
    pub fn padding(self, padding: impl Into<PerAxis>) -> Self {
        let padding = padding.into();
        self.padding_sides(padding.clone(), padding)
    }

    /// The zeros before and the zeros after each spatial axis.
    pub fn padding_sides(mut self, before: impl Into<PerAxis>, after: impl Into<PerAxis>) -> Self {
        self.padding = Padding::Sides(before.into(), after.into());
        self
    }

    /// As many zeros as keep the length L of each spatial axis where the stride is 1, and give ⌈L/stride⌉ positions where
    /// it is larger: (k − 1)·dilation for a window of k elements, half of them before the axis; of an odd number, the one
    /// that is left comes after it.
    pub fn same(mut self) -> Self {
        self.padding = Padding::Same;
        self
    }

    /// The number of groups that the channels are divided into: an output channel sees the input channels of its own group
    /// alone. As many groups as input channels make a *depthwise* convolution.
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// The windows for weights of the shape `w`, and the number of groups.
    pub(super) fn resolved(&self, w: &Shape) -> Result<Windows, Mismatch> {
        let lengths = match &**w {
            [_, _, lengths @ ..] if (1..=2).contains(&lengths.len()) => lengths,
            _ => {
                let message =
                    format!("w {w} should have 3 or 4 axes: channels of y, channels of x in a group, and 1 or 2");
                return Err(Mismatch::new(format!("{message} spatial axes")));
            }
        };
        let of = |numbers: &PerAxis, what| numbers.of(lengths.len(), what);
        let (stride, dilation) = (of(&self.stride, "stride")?, of(&self.dilation, "dilation")?);
        let sides = match &self.padding {
            Padding::Sides(before, after) => [of(before, "padding")?, of(after, "padding")?],
            Padding::Same => [SmallVec::from_elem(0, lengths.len()), SmallVec::from_elem(0, lengths.len())],
        };
        let [before, after] = &sides;
        let mut resolved = Windows { windows: windows([&stride, &dilation, before, after]), groups: self.groups };
        if self.padding == Padding::Same {
            resolved.windows = resolved.same(w);
        }
        Ok(resolved)
    }
}

/// The options of [`max_pool`](crate::Var::max_pool) and [`average_pool`](crate::Var::average_pool): windows that lie side
/// by side, without padding, unless said otherwise.
///
/// ```
/// use autodiff::Pooling;
/// # let tape = autodiff::Tape::<f64>::new();
/// let x = tape.input(ndarray::ArrayD::zeros(vec![8, 3, 32, 31]));
/// assert_eq!(x.max_pool(&Pooling::new(2)).shape()?, [8, 3, 16, 15].into());
/// assert_eq!(x.max_pool(&Pooling::new(2).ceil(true)).shape()?, [8, 3, 16, 16].into());
/// assert_eq!(x.max_pool(&Pooling::new([3, 3]).stride(2).padding(1)).shape()?, [8, 3, 16, 16].into());
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pooling {
    length: PerAxis,
    stride: Option<PerAxis>,
    dilation: PerAxis,
    before: PerAxis,
    after: PerAxis,
    ceil: bool,
    include_padding: bool,
}

impl Pooling {
    /// Windows of `length` elements along each spatial axis, which lie side by side.
    ///
    /// One number is for operands \[batch, channels, length\] and \[batch, channels, height, width\]. An array of one or two
    /// numbers says that the last one or two axes are spatial, whatever axes come before them.
    pub fn new(length: impl Into<PerAxis>) -> Self {
        Pooling {
            length: length.into(),
            stride: None,
            dilation: PerAxis::All(1),
            before: PerAxis::All(0),
            after: PerAxis::All(0),
            ceil: false,
            include_padding: true,
        }
    }

    /// The distance from one position of the window to the next; its length unless said otherwise.
    pub fn stride(mut self, stride: impl Into<PerAxis>) -> Self {
        self.stride = Some(stride.into());
        self
    }

    /// The distance between neighbours in the window.
    pub fn dilation(mut self, dilation: impl Into<PerAxis>) -> Self {
        self.dilation = dilation.into();
        self
    }

    /// The padding before each spatial axis, and as much after it.
    pub fn padding(self, padding: impl Into<PerAxis>) -> Self {
        let padding = padding.into();
        self.padding_sides(padding.clone(), padding)
    }

    /// The padding before and the padding after each spatial axis.
    pub fn padding_sides(mut self, before: impl Into<PerAxis>, after: impl Into<PerAxis>) -> Self {
        (self.before, self.after) = (before.into(), after.into());
        self
    }

    /// Whether elements that are left over at the end of an axis get a window of their own, which may reach beyond the
    /// padding. It has to begin within the axis or the padding before it.
    pub fn ceil(mut self, ceil: bool) -> Self {
        self.ceil = ceil;
        self
    }

    /// Whether an average counts the zeros of the padding as elements, which it does unless said otherwise; what a last
    /// window has beyond the padding never counts. Of no effect on [`max_pool`](crate::Var::max_pool).
    pub fn include_padding(mut self, include: bool) -> Self {
        self.include_padding = include;
        self
    }

    /// The pooling of an array of the shape `x`, and whether an average counts the padding.
    pub(super) fn resolved(&self, x: &Shape) -> Result<(Pool, bool), Mismatch> {
        let axes = match (&self.length, x.rank()) {
            (PerAxis::Each(lengths), _) => lengths.len(),
            (PerAxis::All(_), 3 | 4) => x.rank() - 2,
            _ => {
                let message = format!("x {x} should have 3 or 4 axes: batch, channels, and 1 or 2 spatial axes");
                let help = "a length for each spatial axis, such as `Pooling::new([2, 2])`, takes any axes before them";
                return Err(Mismatch::new(message).with_help(help));
            }
        };
        let lengths = self.length.of(axes, "length")?;
        let of = |numbers: &PerAxis, what| numbers.of(axes, what);
        let stride = self.stride.as_ref().map_or(Ok(lengths.clone()), |stride| of(stride, "stride"))?;
        let (before, after) = (of(&self.before, "padding")?, of(&self.after, "padding")?);
        let windows = windows([&stride, &of(&self.dilation, "dilation")?, &before, &after]);
        Ok((Pool { lengths, windows, ceil: self.ceil }, self.include_padding))
    }
}

impl Conv {
    /// The windows for the weights `w`; of an error, none: it is passed on.
    pub(super) fn resolved_for<F: Real>(&self, w: Var<'_, F>) -> Result<Windows, Mismatch> {
        w.shape().map_or(Ok(Windows::unknown()), |w| self.resolved(&w))
    }
}

impl Pooling {
    /// The pooling of `x`, and whether an average counts the padding; of an error, any: it is passed on.
    pub(super) fn resolved_for<F: Real>(&self, x: Var<'_, F>) -> Result<(Pool, bool), Mismatch> {
        x.shape().map_or(Ok((Pool::unknown(), true)), |x| self.resolved(&x))
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// Records that the options of `primitive` do not fit its operands, `self` and `other`.
    #[track_caller]
    pub(super) fn unfit(self, primitive: PrimitiveRef<F>, other: Option<Self>, mismatch: Mismatch) -> Self {
        let args: SmallVec<[Arg<'t, F>; 2]> = std::iter::once(self).chain(other).map(Arg::Real).collect();
        let here = |arg: &Arg<'t, F>| std::ptr::eq(arg.parts().0, self.tape());
        match args.iter().all(here) && args.iter().all(|arg| arg.shape().is_ok()) {
            true => self.tape().mismatched(&primitive, &args, mismatch),
            // What stands before this mismatch is the error to be seen: that of an operand, or operands of two tapes.
            false => self.tape().record(primitive, &args),
        }
    }
}
