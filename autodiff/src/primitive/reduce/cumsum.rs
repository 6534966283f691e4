//! Running sums.

use crate::base::attributes::Attributes;
use crate::base::axis::{Axis, no_axis};
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Tangents,
};
use crate::tape::var::Var;
use std::sync::Arc;

/// yᵢ = x₀ + … + xᵢ along an axis, or, reversed, yᵢ = xᵢ + … + xₙ₋₁
#[derive(Debug)]
pub struct CumSum {
    axis: usize,
    reversed: bool,
}

impl CumSum {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(CumSum { axis: attributes.length("axis")?, reversed: attributes.flag("reversed")? })
    }
}

impl<F: Real> Primitive<F> for CumSum {
    fn name(&self) -> &'static str {
        "cumsum"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", self.axis.into()).with_flag("reversed", self.reversed)
    }

    fn formula(&self) -> &'static str {
        "yᵢ = x₀ + … + xᵢ along an axis"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        match x.get(self.axis) {
            Some(_) => Ok((*x).clone()),
            None => Err(no_axis(self.axis, "x", x)),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::cumsum(call.x(0)?, self.axis, self.reversed, call.y(0)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        // xⱼ is a term of yᵢ for all i ≥ j, so its cotangent is the sum of theirs: a running sum from the other end.
        at.one(|| at.dy().apply(Arc::new(CumSum { axis: self.axis, reversed: !self.reversed })))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.apply(Arc::new(CumSum { axis: self.axis, reversed: self.reversed })))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(CumSum { axis: 0, reversed: false }), |a| Ok(Arc::new(CumSum::parse(a)?).into())).sampled(
        |generator| {
            let x = generator.shape(1, 3);
            let axis = generator.integer(0, x.rank() - 1);
            let primitive = Arc::new(CumSum { axis, reversed: generator.flip() });
            Sample::new(primitive, vec![SampleOperand::Real(x, Domain::REALS)])
        },
    )
}

impl<'t, F: Real> Var<'t, F> {
    /// The running sums yᵢ = x₀ + … + xᵢ along `axis`; the shape stays. NumPy's `cumsum`. Added from one end to the other, so
    /// that, unlike that of [`sum`](Self::sum), the rounding error grows with the length.
    ///
    /// Linear; the cotangent is summed from the other end, x̄ⱼ = ȳⱼ + … + ȳₙ₋₁
    /// ([`cumsum_reversed`](Self::cumsum_reversed)).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0, 3.0]);
    /// assert_eq!(x.cumsum(0).value().unwrap(), ndarray::array![1.0, 3.0, 6.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn cumsum(self, axis: impl Into<Axis>) -> Self {
        self.along(axis, |axis| CumSum { axis, reversed: false })
    }

    /// The running sums from the last on, yᵢ = xᵢ + … + xₙ₋₁ along `axis`: see [`cumsum`](Self::cumsum).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0, 3.0]);
    /// assert_eq!(x.cumsum_reversed(0).value().unwrap(), ndarray::array![6.0, 5.0, 3.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn cumsum_reversed(self, axis: impl Into<Axis>) -> Self {
        self.along(axis, |axis| CumSum { axis, reversed: true })
    }
}
