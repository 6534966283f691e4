//! The adjoint of convolution as a map of its input: transposed convolution.

use super::conv::{Convolution, FACTOR};
use super::conv_weight_adjoint::ConvWeightAdjoint;
use super::options::Conv;
use super::windows::Windows;
use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature, Tangents,
};
use crate::tape::var::Var;
use smallvec::SmallVec;
use std::sync::Arc;

/// y = the transposed convolution of x with w
#[derive(Debug)]
pub struct ConvTranspose {
    windows: Windows,
    /// The spatial lengths of the result, which the operands do not say.
    size: SmallVec<[usize; 2]>,
}

impl<F: Real> Primitive<F> for ConvTranspose {
    fn name(&self) -> &'static str {
        "conv_transpose"
    }

    fn attributes(&self) -> Attributes {
        self.windows.attributes().with_list("size", &self.size)
    }

    fn signature(&self) -> Signature {
        Signature::Fixed(&[("x", Signature::REAL), ("w", Signature::REAL)])
    }

    fn formula(&self) -> &'static str {
        "y꜀(p·stride + i·dilation − before) = Σ wₒ꜀(i)·xₒ(p)"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x, w] = inputs else { return Err(Mismatch::new("takes 2 operands")) };
        let Windows { windows, groups } = &self.windows;
        let y = self.result(x, w)?;
        let back = kernels::conv_shape(&y, w, windows, *groups)?;
        let differs = |axis: &usize| back.get(*axis) != x.get(*axis);
        match (0..back.rank()).find(differs) {
            None => Ok(y),
            Some(axis) => {
                let of = |shape: &Shape| shape.get(axis).copied().unwrap_or(0);
                if axis == 1 {
                    let message = format!("axis 1 of x {x} has {} channels, axis 0 of w {w} has {}", of(x), of(&back));
                    return Err(Mismatch::new(message));
                }
                let (own, positions, size) = (of(x), of(&back), of(&y));
                let message = format!(
                    "axis {axis} of x {x} is {own} long, but the window has {positions} positions on {size} elements"
                );
                let least = self.windows.smallest(x, w)?;
                let most = least
                    .iter()
                    .zip(windows)
                    .map(|(least, window)| least.saturating_add(window.stride.saturating_sub(1)));
                let (least, most) = (Shape::from(least.as_slice()), most.collect::<Shape>());
                Err(Mismatch::new(message).with_help(format!("sizes from {least} to {most} would fit")))
            }
        }
    }

    fn kernel(&self, inputs: &[&Shape]) -> Kernel<F> {
        let y = match inputs {
            [x, w] => self.result(x, w).ok(),
            _ => None,
        };
        self.windows.kernel_of_images(y.as_ref(), inputs.get(1).copied())
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let (y, room, Windows { windows, groups }) = (call.y(0)?, call.workspace(), &self.windows);
        kernels::conv_transpose(call.x(0)?, call.x(1)?, windows, *groups, y, room)
    }

    // ⟨ȳ, y⟩ = ⟨conv(ȳ, w), x⟩, which is linear in x and in w.
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.two(
            || at.dy().apply2(Convolution::of(&self.windows), at.x(1)),
            || at.dy().apply2(ConvWeightAdjoint::of(&self.windows, &at.shape(1)), at.x(0)),
        )
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        let adjoint = |x: Var<'t, F>, w| x.apply2(self.again(), w);
        at.tangent(dx, |i, dx| if i == 0 { adjoint(dx, at.x(1)) } else { adjoint(at.x(0), dx) })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    let example = ConvTranspose { windows: Windows::example(), size: SmallVec::from_slice(&[4, 5]) };
    Entry::new(Arc::new(example), |a| Ok(Arc::new(ConvTranspose::parse(a)?).into())).sampled(|generator| {
        let (windows, [x, w, y]) = Windows::sample(generator);
        let operand = |shape| SampleOperand::Real(shape, FACTOR);
        Sample::new(ConvTranspose::of(&windows, &x), vec![operand(y), operand(w)])
    })
}

impl ConvTranspose {
    fn parse(attributes: &Attributes) -> Result<Self> {
        let size = SmallVec::from_slice(attributes.list("size")?);
        Ok(ConvTranspose { windows: Windows::parse(attributes)?, size })
    }

    /// The adjoint of a convolution of an array of the shape `x`.
    pub(super) fn of(windows: &Windows, x: &Shape) -> Arc<Self> {
        Arc::new(ConvTranspose { windows: windows.clone(), size: x.iter().skip(2).copied().collect() })
    }

    fn again(&self) -> Arc<Self> {
        Arc::new(ConvTranspose { windows: self.windows.clone(), size: self.size.clone() })
    }

    /// The shape of the result, if the ranks fit.
    fn result(&self, x: &Shape, w: &Shape) -> Result<Shape, Mismatch> {
        let (axes, groups) = (self.windows.windows.len(), self.windows.groups);
        if self.size.len() != axes {
            let size = Shape::from(self.size.as_slice());
            return Err(Mismatch::new(format!(
                "the size {size} should have one length for each of {axes} spatial axes"
            )));
        }
        match (&**x, &**w) {
            ([batch, _, rest @ ..], [_, in_group, ..]) if rest.len() == axes => {
                let channels = in_group.saturating_mul(groups);
                Ok([*batch, channels].into_iter().chain(self.size.iter().copied()).collect())
            }
            _ => Err(Mismatch::new(format!(
                "x {x} should have {} axes, as w {w}: batch, channels and spatial axes",
                axes + 2
            ))),
        }
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The transposed convolution of `self`, x, with the weights w: the adjoint of [`conv`](Self::conv), so that
    /// ⟨conv(u, w), x⟩ = ⟨u, conv_transpose(x, w)⟩ for all u, with the same w and options. Each element of x adds the window
    /// w, times itself, to the result:
    ///
    /// y\[b, c, p·s + i·d − before, q·s + j·d − before\] = Σ w\[o, c, i, j\] · x\[b, o, p, q\] over o, i, j, p and q
    ///
    /// for x \[batch, channels of x, P, Q\] and w \[channels of x, channels of y in a group, h, w\]. The result
    /// \[batch, channels of y, H, W\] is as small as a convolution that gives P and Q allows:
    /// H = (P − 1)·s + (h − 1)·d + 1 − before − after. Larger sizes that a convolution takes to the same P and Q are asked
    /// for with [`conv_transpose_to`](Self::conv_transpose_to).
    ///
    /// It is PyTorch's `conv_transpose1d` and `conv_transpose2d`. Errors are as those of [`conv`](Self::conv).
    ///
    /// Source: Dumoulin & Visin, *A guide to convolution arithmetic for deep learning* (2016), chapter 4.
    ///
    /// ```
    /// use autodiff::Conv;
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(ndarray::array![[[1.0, 10.0]]]);
    /// let w = tape.input(ndarray::array![[[2.0, 3.0]]]);
    /// let y = x.conv_transpose(w, &Conv::new().stride(2));
    /// assert_eq!(y.value()?, ndarray::array![[[2.0, 3.0, 20.0, 30.0]]].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn conv_transpose(self, w: Self, options: &Conv) -> Self {
        self.transposed_convolution(w, options, Windows::smallest)
    }

    /// As [`conv_transpose`](Self::conv_transpose), for a result of the spatial lengths `size`. With a stride s, s
    /// neighbouring lengths of an axis are taken to the same number of positions; PyTorch's `output_padding` is the
    /// difference of `size` to the smallest.
    ///
    /// ```
    /// use autodiff::Conv;
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(ndarray::array![[[1.0, 10.0]]]);
    /// let w = tape.input(ndarray::array![[[2.0, 3.0]]]);
    /// let y = x.conv_transpose_to(w, &Conv::new().stride(2), [5]);
    /// assert_eq!(y.value()?, ndarray::array![[[2.0, 3.0, 20.0, 30.0, 0.0]]].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn conv_transpose_to(self, w: Self, options: &Conv, size: impl Into<Shape>) -> Self {
        let size = size.into();
        self.transposed_convolution(w, options, |_, _, _| Ok(SmallVec::from_slice(&size)))
    }

    #[track_caller]
    fn transposed_convolution(
        self,
        w: Self,
        options: &Conv,
        size: impl Fn(&Windows, &Shape, &Shape) -> Result<SmallVec<[usize; 2]>, Mismatch>,
    ) -> Self {
        let primitive = |windows, size| Arc::new(ConvTranspose { windows, size }).into();
        let shapes = (self.shape().unwrap_or_default(), w.shape().unwrap_or_default());
        let sized = |windows: Windows| size(&windows, &shapes.0, &shapes.1).map(|size| (windows, size));
        match options.resolved_for(w).and_then(sized) {
            Ok((windows, size)) => self.apply2(primitive(windows, size), w),
            Err(mismatch) => self.unfit(primitive(Windows::unknown(), SmallVec::new()), Some(w), mismatch),
        }
    }
}
