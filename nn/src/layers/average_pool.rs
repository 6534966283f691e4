//! Pooling by the average.

use super::expected::{unfit_with, with_channels};
use super::extent::{Extent, spatial};
use crate::context::Context;
use crate::layer::Layer;
use crate::module::Module;
use autodiff::{Pooling, Real, Shape, Var};

/// The average of windows over one axis: [`AveragePool`] for x \[batch, channels, length\].
pub type AveragePool1d = AveragePool<1>;

/// The average of windows over two axes: [`AveragePool`] for x \[batch, channels, height, width\].
pub type AveragePool2d = AveragePool<2>;

/// The average of the elements of each window over N spatial axes, one or two, channel by channel:
///
/// x \[batch, channels, height, width\] gives \[batch, channels, P, Q\] with P = ⌊(height + 2·padding − window)/stride⌋ + 1, or
/// the quotient rounded up ([`ceil`](Self::ceil)), and Q likewise.
///
/// The windows lie side by side, without padding, unless said otherwise. It is PyTorch's `AvgPool1d` and `AvgPool2d`; the map
/// itself is [`Var::average_pool`].
///
/// ```
/// use autodiff::Tape;
/// use nn::{AveragePool1d, Context, Layer};
///
/// let pool = AveragePool1d::new(2);
/// let tape = Tape::<f64>::new();
/// let y = pool.forward(tape.data([[[1.0, 3.0, 2.0, 6.0]]]), &Context::evaluation(&tape, &pool));
/// assert_eq!(y.value()?, ndarray::array![[[2.0, 4.0]]].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning Applied to Document Recognition" (1998), §II.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AveragePool<const N: usize> {
    window: [usize; N],
    stride: [usize; N],
    padding: [usize; N],
    ceil: bool,
    include_padding: bool,
}

impl<const N: usize> AveragePool<N> {
    /// Windows of this length along each axis, side by side.
    pub fn new(window: impl Extent<N>) -> Self {
        let window = window.each();
        AveragePool { window, stride: window, padding: [0; N], ceil: false, include_padding: true }
    }

    /// The distance from one position of the window to the next.
    pub fn stride(self, stride: impl Extent<N>) -> Self {
        AveragePool { stride: stride.each(), ..self }
    }

    /// The zeros before each spatial axis, and as many after it.
    pub fn padding(self, padding: impl Extent<N>) -> Self {
        AveragePool { padding: padding.each(), ..self }
    }

    /// Whether elements that are left over at the end of an axis get a window of their own.
    pub fn ceil(self, ceil: bool) -> Self {
        AveragePool { ceil, ..self }
    }

    /// Whether zeros of the padding count as elements, which they do unless said otherwise; what a last window has beyond the
    /// padding never counts.
    pub fn include_padding(self, include_padding: bool) -> Self {
        AveragePool { include_padding, ..self }
    }
}

impl<F: Real, const N: usize> Module<F> for AveragePool<N> {
    crate::visit!(F; attributes window, stride, padding, ceil, include_padding);

    fn describe(&self) -> String {
        format!("average pooling, window {}", Shape::from(self.window.as_slice()))
    }
}

impl<F: Real, const N: usize> Layer<F> for AveragePool<N> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, _: &Context<'t, F>) -> Var<'t, F> {
        let wanted = format!("[batch, channels, {}]", spatial(N));
        let fits = |shape: &[usize]| shape.len() == N + 2;
        if let Some(error) = unfit_with("average_pool", x, &wanted, fits, |shape| with_channels(shape, None, N)) {
            return error;
        }
        let options = Pooling::new(self.window).stride(self.stride).padding(self.padding);
        x.average_pool(&options.ceil(self.ceil).include_padding(self.include_padding))
    }
}
