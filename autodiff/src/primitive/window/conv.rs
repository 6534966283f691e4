//! Convolution.

use super::conv_transpose::ConvTranspose;
use super::conv_weight_adjoint::ConvWeightAdjoint;
use super::options::Conv;
use super::windows::Windows;
use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature, Tangents,
};
use crate::tape::var::Var;
use std::sync::Arc;

/// y = the convolution of x with w
#[derive(Debug)]
pub struct Convolution(pub(super) Windows);

impl<F: Real> Primitive<F> for Convolution {
    fn name(&self) -> &'static str {
        "conv"
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn signature(&self) -> Signature {
        Signature::Fixed(&[("x", Signature::REAL), ("w", Signature::REAL)])
    }

    fn formula(&self) -> &'static str {
        "yₒ(p) = Σ wₒ꜀(i)·x꜀(p·stride + i·dilation − before)"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x, w] = inputs else { return Err(Mismatch::new("takes 2 operands")) };
        let Windows { windows, groups } = &self.0;
        kernels::conv_shape(x, w, windows, *groups).map_err(|mismatch| match self.remedy(x, w) {
            Some(help) => mismatch.with_help(help),
            None => mismatch,
        })
    }

    fn kernel(&self, inputs: &[&Shape]) -> Kernel<F> {
        self.0.kernel_of_images(inputs.first().copied(), inputs.get(1).copied())
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let (y, room, Windows { windows, groups }) = (call.y(0)?, call.workspace(), &self.0);
        kernels::conv(call.x(0)?, call.x(1)?, windows, *groups, y, room)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.two(
            || at.dy().apply2(ConvTranspose::of(&self.0, &at.shape(0)), at.x(1)),
            || at.x(0).apply2(ConvWeightAdjoint::of(&self.0, &at.shape(1)), at.dy()),
        )
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        let conv = |x: Var<'t, F>, w| x.apply2(Convolution::of(&self.0), w);
        at.tangent(dx, |i, dx| if i == 0 { conv(dx, at.x(1)) } else { conv(at.x(0), dx) })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Convolution::of(&Windows::example()), |a| Ok(Convolution::of(&Windows::parse(a)?).into())).sampled(
        |generator| {
            let (windows, [x, w, _]) = Windows::sample(generator);
            let operand = |shape| SampleOperand::Real(shape, FACTOR);
            Sample::new(Convolution::of(&windows), vec![operand(x), operand(w)])
        },
    )
}

/// Factors whose products neither overflow nor vanish.
pub(super) const FACTOR: Domain = Domain::between(-1e6, 1e6).at_least(1e-6);

impl Convolution {
    pub(super) fn of(windows: &Windows) -> Arc<Self> {
        Arc::new(Convolution(windows.clone()))
    }

    /// A remedy found by trying.
    fn remedy(&self, x: &Shape, w: &Shape) -> Option<String> {
        let Windows { windows, groups } = &self.0;
        let fits = |x: &Shape, groups: usize| kernels::conv_shape(x, w, windows, groups).ok();
        let one: Shape = std::iter::once(1).chain(x.iter().copied()).collect();
        if let Some(y) = fits(&one, *groups) {
            return Some(format!("`x.reshape({one})`, a batch of one, would fit and give {y}"));
        }
        let same = self.0.same(w);
        if let Ok(y) = kernels::conv_shape(x, w, &same, *groups) {
            return Some(format!("with the padding of `same()` it would fit and give {y}"));
        }
        let ([batch, rest @ .., last], [_, in_group, ..]) = (&**x, &**w) else { return None };
        let first: Shape = [*batch, *last].into_iter().chain(rest.iter().copied()).collect();
        if let Some(y) = fits(&first, *groups) {
            let axes: Shape = [0, x.rank() - 1].into_iter().chain(1..x.rank() - 1).collect();
            return Some(format!("`x.permute({axes})`, which puts the channels first, would fit and give {y}"));
        }
        let channels = x.get(1).copied()?;
        let others = channels.checked_div(*in_group).filter(|others| others != groups)?;
        fits(x, others).map(|y| format!("`groups({others})` would fit and give {y}"))
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The convolution of `self`, x, with the weights w, in the sense of neural networks (cross-correlation: the window is
    /// not turned around), over one or two spatial axes:
    ///
    /// y\[b, o, p, q\] = Σ w\[o, c, i, j\] · x\[b, c, p·s + i·d − before, q·s + j·d − before\] over c, i and j
    ///
    /// for x \[batch, channels, H, W\] and w \[channels of y, channels of x in a group, h, w\], where s and d are the stride
    /// and the dilation of the axis, and elements of x outside the axis are zeros. The result is
    /// \[batch, channels of y, P, Q\] with P = ⌊(before + H + after − (h − 1)·d − 1)/s⌋ + 1, and Q likewise. With one
    /// spatial axis, H, h and P are left out. See [`Conv`] for the options. A bias for each channel is added by
    /// broadcasting: `y + b.reshape([channels, 1, 1])`.
    ///
    /// It is PyTorch's `conv1d` and `conv2d`. The map is bilinear; its adjoints are
    /// [`conv_transpose`](Self::conv_transpose), of w, and the primitive `conv_weight_adjoint`, of x.
    ///
    /// An operand whose axes, channels or lengths do not fit is an error that names them.
    ///
    /// Source: Dumoulin & Visin, *A guide to convolution arithmetic for deep learning* (2016).
    ///
    /// ```
    /// use autodiff::Conv;
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(ndarray::array![[[1.0, 2.0, 4.0, 8.0]]]);
    /// let difference = tape.input(ndarray::array![[[-1.0, 1.0]]]);
    /// let y = x.conv(difference, &Conv::new());
    /// assert_eq!(y.value()?, ndarray::array![[[1.0, 2.0, 4.0]]].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn conv(self, w: Self, options: &Conv) -> Self {
        let primitive = |windows: &Windows| Convolution::of(windows).into();
        match options.resolved_for(w) {
            Ok(windows) => self.apply2(primitive(&windows), w),
            Err(mismatch) => self.unfit(primitive(&Windows::unknown()), Some(w), mismatch),
        }
    }
}
