//! Convolutions.

use super::expected::{along_channels, unfit_with, with_channels};
use super::extent::{Extent, spatial};
use crate::context::Context;
use crate::error::mismatch;
use crate::init::{Init, filled};
use crate::layer::Layer;
use crate::module::{Module, Param};
use crate::random::Random;
use autodiff::{Conv, Real, Result, Shape, Var};
use ndarray::ArrayD;

/// A convolution over one axis: [`Convolution`] for x \[batch, channels, length\].
pub type Conv1d<F> = Convolution<F, 1>;

/// A convolution over two axes: [`Convolution`] for x \[batch, channels, height, width\].
pub type Conv2d<F> = Convolution<F, 2>;

/// A window of weights that is moved over N spatial axes, one or two, and adds what it sees in all channels:
///
/// y\[b, o, p, q\] = `bias`\[o\] + Σ `weight`\[o, c, i, j\] · x\[b, c, p·s + i·d − padding, q·s + j·d − padding\] over c, i
/// and j, with the stride s, the dilation d, and zeros around x.
///
/// | array | shape for two axes |
/// |---|---|
/// | x | \[batch, inputs, height, width\] |
/// | `weight` | \[outputs, inputs/groups, window height, window width\] |
/// | `bias` | \[outputs\], starts at zero |
/// | y | \[batch, outputs, P, Q\], P = ⌊(height + 2·padding − (window height − 1)·d − 1)/s⌋ + 1, and Q likewise |
///
/// The weights are laid out as those of PyTorch's `Conv1d` and `Conv2d`. Stride and dilation are 1, padding 0, unless said
/// otherwise.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Conv2d, Init, Layer, Random};
///
/// let conv = Conv2d::new(3, 16, 5, Init::He, &mut Random::new(0)).stride(2).padding([2, 1]);
/// let tape = Tape::<f32>::new();
/// let x = tape.data(ndarray::Array4::zeros((8, 3, 32, 32)));
/// let y = conv.forward(x, &Context::evaluation(&tape, &conv));
/// assert_eq!(y.shape()?, [8, 16, 16, 15].into());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// The map itself, and its derivatives, are [`Var::conv`]. Source: Dumoulin & Visin, *A guide to convolution arithmetic for
/// deep learning* (2016); LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning Applied to Document Recognition"
/// (1998), §II.
#[derive(Clone, PartialEq, Debug)]
pub struct Convolution<F: Real, const N: usize> {
    weight: Param<F>,
    bias: Option<Param<F>>,
    stride: [usize; N],
    padding: [usize; N],
    dilation: [usize; N],
    groups: usize,
}

impl<F: Real, const N: usize> Convolution<F, N> {
    /// A layer from `inputs` to `outputs` channels, whose weights are drawn by `init`: a window of them sees as many numbers
    /// as one output depends on.
    #[track_caller]
    pub fn new(inputs: usize, outputs: usize, window: impl Extent<N>, init: Init, random: &mut Random) -> Self {
        Convolution::grouped(inputs, outputs, window, 1, init, random)
    }

    /// A layer whose channels are divided into `groups`: an output channel sees the input channels of its own group alone.
    /// As many groups as input channels make a *depthwise* convolution.
    ///
    /// ```
    /// use nn::{Conv2d, Init, Random};
    /// let depthwise = Conv2d::<f64>::grouped(8, 16, 3, 8, Init::He, &mut Random::new(0));
    /// assert_eq!(depthwise.weight().array().shape(), [16, 1, 3, 3]);
    /// ```
    #[track_caller]
    pub fn grouped(
        inputs: usize,
        outputs: usize,
        window: impl Extent<N>,
        groups: usize,
        init: Init,
        random: &mut Random,
    ) -> Self {
        let (shape, fan) = layout([outputs, inputs], window.each(), groups);
        let weight = match divided("conv", inputs, outputs, groups) {
            Ok(()) => init.draw(shape, fan, outputs.saturating_mul(fan) / (inputs / groups).max(1), random),
            Err(error) => Err(error),
        };
        let bias = Param::from_result(filled([outputs], F::zero()));
        Convolution::made(Param::from_result(weight), Some(bias), groups)
    }

    /// A layer with given weights \[outputs, inputs/groups, window …\] and bias \[outputs\].
    #[track_caller]
    pub fn from_arrays(weight: ArrayD<F>, bias: Option<ndarray::Array1<F>>, groups: usize) -> Self {
        let weight = match *weight.shape() {
            [outputs, inputs, ..] if weight.ndim() == N + 2 => {
                divided("conv", inputs.saturating_mul(groups), outputs, groups).map(|()| weight)
            }
            _ => Err(no_weight("conv", "[outputs, inputs/groups", N, weight.shape())),
        };
        Convolution::made(Param::from_result(weight), bias.map(Param::new), groups)
    }

    fn made(weight: Param<F>, bias: Option<Param<F>>, groups: usize) -> Self {
        Convolution { weight, bias, stride: [1; N], padding: [0; N], dilation: [1; N], groups }
    }

    /// The distance from one position of the window to the next.
    pub fn stride(self, stride: impl Extent<N>) -> Self {
        Convolution { stride: stride.each(), ..self }
    }

    /// The zeros before each spatial axis, and as many after it. Half a window, ⌊k/2⌋ for an odd length k, keeps the size
    /// where the stride is 1.
    pub fn padding(self, padding: impl Extent<N>) -> Self {
        Convolution { padding: padding.each(), ..self }
    }

    /// The distance between neighbours in the window.
    pub fn dilation(self, dilation: impl Extent<N>) -> Self {
        Convolution { dilation: dilation.each(), ..self }
    }

    /// The same layer without a bias.
    pub fn without_bias(self) -> Self {
        Convolution { bias: None, ..self }
    }

    /// The weights, \[outputs, inputs/groups, window …\].
    pub fn weight(&self) -> &Param<F> {
        &self.weight
    }

    /// The bias, \[outputs\].
    pub fn bias(&self) -> Option<&Param<F>> {
        self.bias.as_ref()
    }
}

impl<F: Real, const N: usize> Module<F> for Convolution<F, N> {
    crate::visit!(F; weight, bias; attributes stride, padding, dilation, groups);

    fn describe(&self) -> String {
        let (shape, groups) = (self.weight.array().shape(), self.groups);
        let [outputs, inputs] = [0, 1].map(|axis| shape.get(axis).copied().unwrap_or(0));
        let window = Shape::from(shape.get(2..).unwrap_or(&[]));
        let grouped = if groups == 1 { String::new() } else { format!(", {groups} groups") };
        let bias = if self.bias.is_some() { "" } else { ", no bias" };
        format!("conv {} → {outputs}, window {window}{grouped}{bias}", inputs.saturating_mul(groups))
    }
}

impl<F: Real, const N: usize> Layer<F> for Convolution<F, N> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let weight = cx.param(&self.weight);
        if weight.error().is_some() {
            return weight;
        }
        let in_group = self.weight.array().shape().get(1).copied().unwrap_or(0);
        if let Some(error) = unfit_image("conv", x, in_group.saturating_mul(self.groups), N) {
            return error;
        }
        let options = Conv::new().stride(self.stride).padding(self.padding).dilation(self.dilation).groups(self.groups);
        biased(x.conv(weight, &options), self.bias.as_ref(), cx)
    }
}

/// An error var if x is not \[batch, channels, …\] with so many channels and spatial axes.
#[track_caller]
pub(super) fn unfit_image<'t, F: Real>(
    operation: &str,
    x: Var<'t, F>,
    channels: usize,
    axes: usize,
) -> Option<Var<'t, F>> {
    let wanted = format!("[batch, {channels}, {}], with {channels} channels", spatial(axes));
    let fits = |shape: &[usize]| shape.len() == axes + 2 && shape.get(1) == Some(&channels);
    unfit_with(operation, x, &wanted, fits, |shape| with_channels(shape, Some(channels), axes))
}

/// y plus a number for each channel.
#[track_caller]
pub(super) fn biased<'t, F: Real>(y: Var<'t, F>, bias: Option<&Param<F>>, cx: &Context<'t, F>) -> Var<'t, F> {
    match (bias, y.shape()) {
        (Some(bias), Ok(shape)) => y + cx.param(bias).reshape(along_channels(bias.array().len(), shape.rank())),
        _ => y,
    }
}

/// The shape of weights, of which the second axis of channels is divided into groups, and how many numbers of it belong to
/// one of the first.
pub(super) fn layout<const N: usize>(channels: [usize; 2], window: [usize; N], groups: usize) -> (Shape, usize) {
    let [first, second] = channels;
    let in_group = second / groups.max(1);
    let fan = window.iter().fold(in_group, |product, length| product.saturating_mul(*length));
    ([first, in_group].into_iter().chain(window).collect(), fan)
}

/// Whether the groups divide the channels.
#[track_caller]
pub(super) fn divided(operation: &str, inputs: usize, outputs: usize, groups: usize) -> Result<()> {
    let divides = |channels: usize| channels.checked_rem(groups) == Some(0);
    if divides(inputs) && divides(outputs) {
        return Ok(());
    }
    Err(mismatch(operation, format!("{groups} groups do not divide {inputs} input and {outputs} output channels")))
}

/// The error of weights that have another number of axes.
#[track_caller]
pub(super) fn no_weight(operation: &str, channels: &str, axes: usize, given: &[usize]) -> autodiff::Error {
    let given = Shape::from(given);
    mismatch(operation, format!("the weights have shape {given}; it should be {channels}, {}]", spatial(axes)))
}
