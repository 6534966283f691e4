//! The leaky rectified linear unit.

use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Result};
use crate::base::real::{Real, held};
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample, SampleOperand, same_shape};
use crate::tape::var::Var;
use std::sync::Arc;

/// y = x for x ≥ 0, β·x below
#[derive(Debug)]
pub struct LeakyRelu {
    pub(in crate::primitive) beta: f64,
}

impl LeakyRelu {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(LeakyRelu { beta: attributes.real("beta")? })
    }

    fn function<F: Real>(&self) -> impl Fn([F; 1]) -> F + use<F> {
        let beta = F::of(self.beta);
        move |[x]| if x < F::zero() { beta * x } else { x }
    }
}

impl<F: Real> Primitive<F> for LeakyRelu {
    fn name(&self) -> &'static str {
        "leaky_relu"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with_real("beta", self.beta)
    }

    fn formula(&self) -> &'static str {
        "y = x if x ≥ 0 else β·x"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        // However it came to be recorded: by a call, from a text, in a cast.
        held::<F>(self.beta).map_err(|what| Mismatch::new(format!("beta: {what}")))?;
        same_shape(inputs)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(self.function())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0).ge(0.0).select(1.0, self.beta))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(LeakyRelu { beta: 0.1 }), |a| Ok(Arc::new(LeakyRelu::parse(a)?).into())).sampled(|generator| {
        let beta = generator.uniform(0.0, 0.5);
        Sample::new(Arc::new(LeakyRelu { beta }), vec![SampleOperand::Real(generator.shape(0, 3), Domain::REALS)])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// The leaky rectified linear unit, elementwise: yᵢ = xᵢ for xᵢ ≥ 0 and β·xᵢ below. The slope at 0 is 1, as in the
    /// lecture notes.
    ///
    /// Source: Matt R, *Neural Networks* (March 2022), activation functions; the slides take β = 0.1.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([-1.0, 2.0]);
    /// assert_eq!(x.leaky_relu(0.5).value().unwrap(), ndarray::array![-0.5, 2.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn leaky_relu(self, beta: f64) -> Self {
        self.apply(Arc::new(LeakyRelu { beta }))
    }
}
