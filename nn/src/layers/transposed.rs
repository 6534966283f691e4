//! Transposed convolutions.

use super::convolution::{biased, divided, layout, no_weight, unfit_image};
use super::expected::refused;
use super::extent::Extent;
use crate::context::Context;
use crate::init::{Init, filled};
use crate::layer::Layer;
use crate::module::{Module, Param};
use crate::random::Random;
use autodiff::{Conv, Real, Shape, Var};
use ndarray::ArrayD;

/// A transposed convolution over one axis: [`ConvTranspose`] for x \[batch, channels, length\].
pub type ConvTranspose1d<F> = ConvTranspose<F, 1>;

/// A transposed convolution over two axes: [`ConvTranspose`] for x \[batch, channels, height, width\].
pub type ConvTranspose2d<F> = ConvTranspose<F, 2>;

/// Each element of x adds the window of weights, times itself, to y: the adjoint of a convolution as a linear map, which
/// makes images larger.
///
/// y\[b, c, p·s + i·d − padding, q·s + j·d − padding\] = `bias`\[c\] + Σ `weight`\[o, c, i, j\] · x\[b, o, p, q\] over o, i,
/// j, p and q, with the stride s and the dilation d.
///
/// | array | shape for two axes |
/// |---|---|
/// | x | \[batch, inputs, P, Q\] |
/// | `weight` | \[inputs, outputs/groups, window height, window width\] |
/// | `bias` | \[outputs\], starts at zero |
/// | y | \[batch, outputs, height, width\], height = (P − 1)·s − 2·padding + (window height − 1)·d + 1 + output padding |
///
/// The weights are laid out as those of PyTorch's `ConvTranspose1d` and `ConvTranspose2d`. With a stride s, a convolution
/// takes s neighbouring lengths to one: the output padding, below s, chooses among them. (PyTorch takes one up to the
/// dilation, too, where y is no longer the adjoint of a convolution.)
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, ConvTranspose2d, Init, Layer, Random};
///
/// let up = ConvTranspose2d::new(16, 3, 3, Init::He, &mut Random::new(0)).stride(2).padding(1).output_padding(1);
/// let tape = Tape::<f32>::new();
/// let x = tape.data(ndarray::Array4::zeros((8, 16, 14, 14)));
/// let y = up.forward(x, &Context::evaluation(&tape, &up));
/// assert_eq!(y.shape()?, [8, 3, 28, 28].into());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// The map itself is [`Var::conv_transpose`]. Source: Dumoulin & Visin, *A guide to convolution arithmetic for deep learning*
/// (2016), chapter 4.
#[derive(Clone, PartialEq, Debug)]
pub struct ConvTranspose<F: Real, const N: usize> {
    weight: Param<F>,
    bias: Option<Param<F>>,
    stride: [usize; N],
    padding: [usize; N],
    output_padding: [usize; N],
    dilation: [usize; N],
    groups: usize,
}

impl<F: Real, const N: usize> ConvTranspose<F, N> {
    /// A layer from `inputs` to `outputs` channels, whose weights are drawn by `init` as those of the convolution that it is
    /// the adjoint of.
    #[track_caller]
    pub fn new(inputs: usize, outputs: usize, window: impl Extent<N>, init: Init, random: &mut Random) -> Self {
        ConvTranspose::grouped(inputs, outputs, window, 1, init, random)
    }

    /// A layer whose channels are divided into `groups`: an input channel adds to the output channels of its own group alone.
    #[track_caller]
    pub fn grouped(
        inputs: usize,
        outputs: usize,
        window: impl Extent<N>,
        groups: usize,
        init: Init,
        random: &mut Random,
    ) -> Self {
        let (shape, fan) = layout([inputs, outputs], window.each(), groups);
        let weight = match divided("conv_transpose", inputs, outputs, groups) {
            Ok(()) => init.draw(shape, fan, inputs.saturating_mul(fan) / (outputs / groups).max(1), random),
            Err(error) => Err(error),
        };
        let bias = Param::from_result(filled([outputs], F::zero()));
        ConvTranspose::made(Param::from_result(weight), Some(bias), groups)
    }

    /// A layer with given weights \[inputs, outputs/groups, window …\] and bias \[outputs\].
    #[track_caller]
    pub fn from_arrays(weight: ArrayD<F>, bias: Option<ndarray::Array1<F>>, groups: usize) -> Self {
        let weight = match *weight.shape() {
            [inputs, outputs, ..] if weight.ndim() == N + 2 => {
                divided("conv_transpose", inputs, outputs.saturating_mul(groups), groups).map(|()| weight)
            }
            _ => Err(no_weight("conv_transpose", "[inputs, outputs/groups", N, weight.shape())),
        };
        ConvTranspose::made(Param::from_result(weight), bias.map(Param::new), groups)
    }

    fn made(weight: Param<F>, bias: Option<Param<F>>, groups: usize) -> Self {
        let (ones, zeros) = ([1; N], [0; N]);
        ConvTranspose { weight, bias, stride: ones, padding: zeros, output_padding: zeros, dilation: ones, groups }
    }

    /// The distance in y of what neighbours in x add to.
    pub fn stride(self, stride: impl Extent<N>) -> Self {
        ConvTranspose { stride: stride.each(), ..self }
    }

    /// How much is left out at each end of each spatial axis of y: the padding of the convolution that this is the adjoint of.
    pub fn padding(self, padding: impl Extent<N>) -> Self {
        ConvTranspose { padding: padding.each(), ..self }
    }

    /// How much longer y is than it has to be, at the end of each spatial axis: less than the stride.
    pub fn output_padding(self, padding: impl Extent<N>) -> Self {
        ConvTranspose { output_padding: padding.each(), ..self }
    }

    /// The distance between neighbours in the window.
    pub fn dilation(self, dilation: impl Extent<N>) -> Self {
        ConvTranspose { dilation: dilation.each(), ..self }
    }

    /// The same layer without a bias.
    pub fn without_bias(self) -> Self {
        ConvTranspose { bias: None, ..self }
    }

    /// The weights, \[inputs, outputs/groups, window …\].
    pub fn weight(&self) -> &Param<F> {
        &self.weight
    }

    /// The bias, \[outputs\].
    pub fn bias(&self) -> Option<&Param<F>> {
        self.bias.as_ref()
    }

    /// The spatial lengths of the result for those of `x`.
    fn size(&self, x: &Shape) -> Result<Shape, String> {
        let window = self.weight.array().shape().iter().skip(2);
        let lengths = x.iter().skip(2).zip(window).enumerate();
        let number = |numbers: &[usize; N], axis: usize| numbers.get(axis).copied().unwrap_or(0);
        let size = lengths.map(|(axis, (positions, window))| {
            let [stride, dilation] = [&self.stride, &self.dilation].map(|numbers| number(numbers, axis));
            let [padding, more] = [&self.padding, &self.output_padding].map(|numbers| number(numbers, axis));
            if more >= stride.max(1) {
                return Err(format!("the output padding is {more} and the stride {stride}; it should be less"));
            }
            let span = |count: usize, distance: usize| count.saturating_sub(1).saturating_mul(distance);
            let whole = span(*positions, stride).saturating_add(span(*window, dilation)).saturating_add(1 + more);
            let nothing = || format!("the padding {padding} leaves nothing of {whole} elements of y");
            whole.checked_sub(padding.saturating_mul(2)).filter(|length| *length > 0).ok_or_else(nothing)
        });
        size.collect::<Result<Vec<usize>, String>>().map(|size| Shape::from(size.as_slice()))
    }
}

impl<F: Real, const N: usize> Module<F> for ConvTranspose<F, N> {
    crate::visit!(F; weight, bias; attributes stride, padding, output_padding, dilation, groups);

    fn describe(&self) -> String {
        let (shape, groups) = (self.weight.array().shape(), self.groups);
        let [inputs, outputs] = [0, 1].map(|axis| shape.get(axis).copied().unwrap_or(0));
        let window = Shape::from(shape.get(2..).unwrap_or(&[]));
        let grouped = if groups == 1 { String::new() } else { format!(", {groups} groups") };
        let bias = if self.bias.is_some() { "" } else { ", no bias" };
        format!("transposed conv {inputs} → {}, window {window}{grouped}{bias}", outputs.saturating_mul(groups))
    }
}

impl<F: Real, const N: usize> Layer<F> for ConvTranspose<F, N> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let weight = cx.param(&self.weight);
        if weight.error().is_some() {
            return weight;
        }
        let inputs = self.weight.array().shape().first().copied().unwrap_or(0);
        if let Some(error) = unfit_image("conv_transpose", x, inputs, N) {
            return error;
        }
        let size = match x.shape().map(|shape| self.size(&shape)) {
            Ok(Ok(size)) => size,
            Ok(Err(message)) => return refused("conv_transpose", x, message),
            Err(_) => return x,
        };
        let options = Conv::new().stride(self.stride).padding(self.padding).dilation(self.dilation).groups(self.groups);
        biased(x.conv_transpose_to(weight, &options, size), self.bias.as_ref(), cx)
    }
}
