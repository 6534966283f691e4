//! Reversing axes.

use crate::base::attributes::Attributes;
use crate::base::axis::{Axes, ascending, sorted};
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Domain, Entry, Facts, Kernel, Primitive, RuleContext, Sample, SampleOperand, Tangents,
};
use crate::tape::var::Var;
use std::sync::Arc;

/// yᵢ = xₙ₋₁₋ᵢ along axes
#[derive(Clone, Debug)]
pub struct Flip {
    axes: Vec<usize>,
}

impl Flip {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Flip { axes: sorted(attributes.list("axes")?) })
    }
}

impl<F: Real> Primitive<F> for Flip {
    fn name(&self) -> &'static str {
        "flip"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with_list("axes", &self.axes)
    }

    fn formula(&self) -> &'static str {
        "yᵢ = xₙ₋₁₋ᵢ along axes"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        ascending(&self.axes, "x", x).map(|()| (*x).clone())
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::flip(call.x(0)?, &self.axes, call.y(0)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy().apply(Arc::new(self.clone())))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.apply(Arc::new(self.clone())))
    }

    fn identity(&self, inputs: &[Facts<'_, F>]) -> Option<usize> {
        let short = |x: &Facts<'_, F>| self.axes.iter().all(|axis| x.shape.get(*axis) == Some(&1));
        matches!(inputs, [x] if short(x)).then_some(0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Flip { axes: vec![0] }), |a| Ok(Arc::new(Flip::parse(a)?).into())).sampled(|generator| {
        let x = generator.shape(0, 3);
        let axes = generator.axes(x.rank());
        Sample::new(Arc::new(Flip { axes }), vec![SampleOperand::Real(x, Domain::REALS)])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// The elements in reverse order along `axes`: yᵢ = xₙ₋₁₋ᵢ along each. NumPy's `flip`. Its own inverse and its own
    /// adjoint.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.flip(-1).value().unwrap(), ndarray::array![[2.0, 1.0], [4.0, 3.0]].into_dyn());
    /// assert_eq!(x.flip(..).value().unwrap(), ndarray::array![[4.0, 3.0], [2.0, 1.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn flip(self, axes: impl Into<Axes>) -> Self {
        self.over(axes, false, |reduction| Flip { axes: reduction.axes })
    }
}
