//! The adjoint of convolution as a map of its weights.

use super::conv::{Convolution, FACTOR};
use super::conv_transpose::ConvTranspose;
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

/// y = the sums over positions of what each weight of a convolution meets in x, times z
#[derive(Debug)]
pub struct ConvWeightAdjoint {
    windows: Windows,
    /// The lengths of the window, which the operands do not say.
    size: SmallVec<[usize; 2]>,
}

impl<F: Real> Primitive<F> for ConvWeightAdjoint {
    fn name(&self) -> &'static str {
        "conv_weight_adjoint"
    }

    fn attributes(&self) -> Attributes {
        self.windows.attributes().with_list("size", &self.size)
    }

    fn signature(&self) -> Signature {
        Signature::Fixed(&[("x", Signature::REAL), ("z", Signature::REAL)])
    }

    fn formula(&self) -> &'static str {
        "yₒ꜀(i) = Σ zₒ(p)·x꜀(p·stride + i·dilation − before)"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x, z] = inputs else { return Err(Mismatch::new("takes 2 operands")) };
        let Windows { windows, groups } = &self.windows;
        let y = self.result(x, z)?;
        let convolved = kernels::conv_shape(x, &y, windows, *groups)?;
        match convolved == **z {
            true => Ok(y),
            false => {
                Err(Mismatch::new(format!("z {z} should have the shape of a convolution of x with {y}, {convolved}")))
            }
        }
    }

    fn kernel(&self, inputs: &[&Shape]) -> Kernel<F> {
        let y = match inputs {
            [x, z] => self.result(x, z).ok(),
            _ => None,
        };
        self.windows.kernel(inputs.first().copied(), y.as_ref())
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let (y, room, Windows { windows, groups }) = (call.y(0)?, call.workspace(), &self.windows);
        kernels::conv_weight_adjoint(call.x(0)?, call.x(1)?, windows, *groups, y, room)
    }

    // ⟨ȳ, y⟩ = ⟨conv(x, ȳ), z⟩, which is linear in x and in z.
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.two(
            || at.x(1).apply2(ConvTranspose::of(&self.windows, &at.shape(0)), at.dy()),
            || at.x(0).apply2(Convolution::of(&self.windows), at.dy()),
        )
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        let again = || Arc::new(ConvWeightAdjoint { windows: self.windows.clone(), size: self.size.clone() });
        let adjoint = |x: Var<'t, F>, z| x.apply2(again(), z);
        at.tangent(dx, |i, dx| if i == 0 { adjoint(dx, at.x(1)) } else { adjoint(at.x(0), dx) })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    let example = ConvWeightAdjoint { windows: Windows::example(), size: SmallVec::from_slice(&[2, 2]) };
    Entry::new(Arc::new(example), |a| Ok(Arc::new(ConvWeightAdjoint::parse(a)?).into())).sampled(|generator| {
        let (windows, [x, w, y]) = Windows::sample(generator);
        let operand = |shape| SampleOperand::Real(shape, FACTOR);
        Sample::new(ConvWeightAdjoint::of(&windows, &w), vec![operand(x), operand(y)])
    })
}

impl ConvWeightAdjoint {
    fn parse(attributes: &Attributes) -> Result<Self> {
        let size = SmallVec::from_slice(attributes.list("size")?);
        Ok(ConvWeightAdjoint { windows: Windows::parse(attributes)?, size })
    }

    /// The adjoint of a convolution with weights of the shape `w`.
    pub(super) fn of(windows: &Windows, w: &Shape) -> Arc<Self> {
        Arc::new(ConvWeightAdjoint { windows: windows.clone(), size: w.iter().skip(2).copied().collect() })
    }

    /// The shape of the result, if the operands have channels that the groups can share.
    fn result(&self, x: &Shape, z: &Shape) -> Result<Shape, Mismatch> {
        let ([_, of_x, ..], [_, of_z, ..]) = (&**x, &**z) else {
            return Err(Mismatch::new(format!(
                "x {x} and z {z} should have 3 or 4 axes: batch, channels, spatial axes"
            )));
        };
        match of_x.checked_rem(self.windows.groups) {
            Some(0) => {
                let channels = [*of_z, of_x / self.windows.groups];
                Ok(channels.into_iter().chain(self.size.iter().copied()).collect())
            }
            _ => {
                let groups = self.windows.groups;
                Err(Mismatch::new(format!("axis 1 of x {x} has {of_x} channels, which {groups} groups cannot share")))
            }
        }
    }
}
