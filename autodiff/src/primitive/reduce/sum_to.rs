//! The sum over what a broadcast repeated.

use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Domain, Entry, Facts, Kernel, Primitive, RuleContext, Sample, SampleOperand, Tangents,
};
use crate::tape::var::Var;
use smallvec::SmallVec;
use std::sync::Arc;

/// y = the sum of x over the axes that a broadcast from `shape` repeats
#[derive(Debug)]
pub struct SumTo {
    pub(in crate::primitive) shape: Shape,
}

impl SumTo {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(SumTo { shape: attributes.list("shape")?.into() })
    }
}

impl<F: Real> Primitive<F> for SumTo {
    fn name(&self) -> &'static str {
        "sum_to"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with_list("shape", &self.shape)
    }

    fn formula(&self) -> &'static str {
        "y = Σ x over new axes and axes of length 1"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        match self.shape.broadcast(x) {
            Some(shape) if shape == **x => Ok(self.shape.clone()),
            _ => Err(Mismatch::new(format!("{x} is not a broadcast of {}", self.shape))),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let x = call.x(0)?;
        let rank = x.shape().rank();
        let repeated = |axis: &usize| {
            x.shape().get(*axis).is_some_and(|length| self.shape.aligned(*axis, rank) != *length)
                || *axis < rank.saturating_sub(self.shape.rank())
        };
        let axes: SmallVec<[usize; 4]> = (0..rank).filter(repeated).collect();
        kernels::sum_over(x, &axes, call.y(0)?);
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy().broadcast_to(at.shape(0)))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.sum_to(self.shape.clone()))
    }

    fn identity(&self, inputs: &[Facts<'_, F>]) -> Option<usize> {
        matches!(inputs, [x] if *x.shape == self.shape).then_some(0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(SumTo { shape: [3].into() }), |a| Ok(Arc::new(SumTo::parse(a)?).into())).sampled(|generator| {
        let (full, shape) = crate::primitive::rearrange::broadcast_to::broadcastable(generator);
        Sample::new(Arc::new(SumTo { shape }), vec![SampleOperand::Real(full, Domain::REALS)])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// The sum over the axes that a broadcast from `shape` to this shape repeats: the adjoint of
    /// [`broadcast_to`](Self::broadcast_to).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_to([2]).value().unwrap(), ndarray::array![4.0, 6.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn sum_to(self, shape: impl Into<Shape>) -> Self {
        self.apply(Arc::new(SumTo { shape: shape.into() }))
    }
}
