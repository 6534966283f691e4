//! Numbers for each spatial axis.

/// A number for all of N spatial axes, or one for each, in the order of the axes: `2`, or `[2, 1]` for height and width.
///
/// ```
/// use nn::Extent;
/// assert_eq!(Extent::<2>::each(3), [3, 3]);
/// assert_eq!([3, 1].each(), [3, 1]);
/// ```
///
/// An array of another number of axes does not compile:
///
/// ```compile_fail,E0277
/// nn::MaxPool1d::new([2, 2]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` says nothing about {N} spatial axes",
    note = "a `usize` is for all axes, an array `[usize; {N}]` has one number for each"
)]
pub trait Extent<const N: usize> {
    /// The number of each axis.
    fn each(self) -> [usize; N];
}

impl<const N: usize> Extent<N> for usize {
    fn each(self) -> [usize; N] {
        [self; N]
    }
}

impl<const N: usize> Extent<N> for [usize; N] {
    fn each(self) -> [usize; N] {
        self
    }
}

/// The names of N spatial axes, as messages list them behind others.
pub(super) fn spatial(axes: usize) -> &'static str {
    match axes {
        1 => "length",
        2 => "height, width",
        _ => "spatial axes",
    }
}
