//! Pooling by the largest element.

use super::expected::{unfit_with, with_channels};
use super::extent::{Extent, spatial};
use crate::context::Context;
use crate::layer::Layer;
use crate::module::Module;
use autodiff::{Pooling, Real, Shape, Var};

/// The largest element of windows over one axis: [`MaxPool`] for x \[batch, channels, length\].
pub type MaxPool1d = MaxPool<1>;

/// The largest element of windows over two axes: [`MaxPool`] for x \[batch, channels, height, width\].
pub type MaxPool2d = MaxPool<2>;

/// The largest element of each window over N spatial axes, one or two, channel by channel:
///
/// x \[batch, channels, height, width\] gives \[batch, channels, P, Q\] with
/// P = ⌊(height + 2·padding − (window − 1)·dilation − 1)/stride⌋ + 1, or the quotient rounded up ([`ceil`](Self::ceil)), and Q
/// likewise.
///
/// The windows lie side by side, without padding and with dilation 1, unless said otherwise. The padding has no elements.
/// It is PyTorch's `MaxPool1d` and `MaxPool2d`; the map itself, and which of equal elements has the slope, is
/// [`Var::max_pool`].
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Layer, MaxPool2d};
///
/// let pool = MaxPool2d::new(2);
/// let tape = Tape::<f64>::new();
/// let x = tape.data(ndarray::Array4::zeros((8, 6, 30, 31)));
/// let y = pool.forward(x, &Context::evaluation(&tape, &pool));
/// assert_eq!(y.shape()?, [8, 6, 15, 15].into());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Jarrett, Kavukcuoglu, Ranzato & LeCun, "What is the Best Multi-Stage Architecture for Object Recognition?" (2009),
/// §2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MaxPool<const N: usize> {
    window: [usize; N],
    stride: [usize; N],
    padding: [usize; N],
    dilation: [usize; N],
    ceil: bool,
}

impl<const N: usize> MaxPool<N> {
    /// Windows of this length along each axis, side by side.
    pub fn new(window: impl Extent<N>) -> Self {
        let window = window.each();
        MaxPool { window, stride: window, padding: [0; N], dilation: [1; N], ceil: false }
    }

    /// The distance from one position of the window to the next.
    pub fn stride(self, stride: impl Extent<N>) -> Self {
        MaxPool { stride: stride.each(), ..self }
    }

    /// The padding before each spatial axis, and as much after it.
    pub fn padding(self, padding: impl Extent<N>) -> Self {
        MaxPool { padding: padding.each(), ..self }
    }

    /// The distance between neighbours in the window.
    pub fn dilation(self, dilation: impl Extent<N>) -> Self {
        MaxPool { dilation: dilation.each(), ..self }
    }

    /// Whether elements that are left over at the end of an axis get a window of their own.
    pub fn ceil(self, ceil: bool) -> Self {
        MaxPool { ceil, ..self }
    }
}

impl<F: Real, const N: usize> Module<F> for MaxPool<N> {
    crate::visit!(F; attributes window, stride, padding, dilation, ceil);

    fn describe(&self) -> String {
        format!("max pooling, window {}", Shape::from(self.window.as_slice()))
    }
}

impl<F: Real, const N: usize> Layer<F> for MaxPool<N> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, _: &Context<'t, F>) -> Var<'t, F> {
        let wanted = format!("[batch, channels, {}]", spatial(N));
        let fits = |shape: &[usize]| shape.len() == N + 2;
        if let Some(error) = unfit_with("max_pool", x, &wanted, fits, |shape| with_channels(shape, None, N)) {
            return error;
        }
        let options = Pooling::new(self.window).stride(self.stride).padding(self.padding);
        x.max_pool(&options.dilation(self.dilation).ceil(self.ceil))
    }
}
