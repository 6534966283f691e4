//! The position of the smallest element.

use super::argmax::{positions, sample, without_axis};
use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Axes, Call, Cotangents, Derivative, Entry, Kernel, Primitive, RuleContext, Tangents, Types, one_result,
};
use crate::tape::var::{Index, Var};
use smallvec::smallvec;
use std::sync::Arc;

/// y = the position of the smallest element of x along an axis
#[derive(Debug)]
pub struct ArgMin {
    axis: usize,
}

impl ArgMin {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(ArgMin { axis: attributes.length("axis")? })
    }
}

impl<F: Real> Primitive<F> for ArgMin {
    fn name(&self) -> &'static str {
        "argmin"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", self.axis.into())
    }

    fn formula(&self) -> &'static str {
        "y = the first i at which xᵢ is smallest along an axis"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        without_axis(inputs, self.axis, "smallest")
    }

    fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
        one_result::<F, _>(self, inputs, Kind::Index)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::argmin(call.x(0)?, self.axis, call.index_result(0)?)
    }

    fn reverse<'t>(&self, _: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        [Derivative::None].into_iter().collect()
    }

    fn tangent<'t>(&self, _: &RuleContext<'_, 't, F>, _: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        smallvec![Derivative::None]
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(ArgMin { axis: 1 }), |a| Ok(Arc::new(ArgMin::parse(a)?).into()))
        .sampled(|generator| sample(generator, |axis| Arc::new(ArgMin { axis }).into()))
}

impl<'t, F: Real> Var<'t, F> {
    /// The position of the smallest element along one axis, or of all elements: as [`argmax`](Self::argmax), with the first
    /// of equal elements and the first NaN if there is one. NumPy's `argmin`.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 3.0, 2.0], [6.0, 4.0, 4.0]]);
    /// assert_eq!(x.argmin(1).value()?, ndarray::array![0, 1].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn argmin(self, axis: impl Into<Axes>) -> Index<'t, F> {
        positions(self, axis.into(), |axis| Arc::new(ArgMin { axis }).into())
    }
}
