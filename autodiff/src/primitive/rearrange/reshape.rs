//! The same elements in another shape.

use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Result};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::primitive::{
    Cotangents, Domain, Entry, Facts, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature, Tangents,
};
use crate::tape::var::{Index, Var};
use std::sync::Arc;

/// y = x in another shape
#[derive(Debug)]
pub struct Reshape {
    pub(in crate::primitive) shape: Shape,
}

impl Reshape {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Reshape { shape: attributes.list("shape")?.into() })
    }
}

impl<F: Real> Primitive<F> for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with_list("shape", &self.shape)
    }

    fn signature(&self) -> Signature {
        Signature::ARRAY
    }

    fn formula(&self) -> &'static str {
        "y = the elements of x, in order, in another shape"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        if x.size() == self.shape.size() {
            return Ok(self.shape.clone());
        }
        let (from, to) = (x.size(), self.shape.size());
        Err(Mismatch::new(format!("x {x} has {from} elements, the shape {} takes {to}", self.shape)))
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::View
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy().reshape(at.shape(0)))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.reshape(self.shape.clone()))
    }

    fn view(&self, input: &Layout) -> Option<Layout> {
        let fits = input.is_contiguous() && input.shape.size() == self.shape.size();
        fits.then(|| Layout { offset: input.offset, ..Layout::contiguous(self.shape.clone()) })
    }

    fn identity(&self, inputs: &[Facts<'_, F>]) -> Option<usize> {
        matches!(inputs, [x] if *x.shape == self.shape).then_some(0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Reshape { shape: [6].into() }), |a| Ok(Arc::new(Reshape::parse(a)?).into())).sampled(
        |generator| {
            let x = generator.shape(0, 3);
            let shape = match generator.integer(0, 2) {
                0 => [x.size()].into(),
                1 => x.transposed(),
                _ => x.iter().copied().chain([1]).collect(),
            };
            Sample::new(Arc::new(Reshape { shape }), vec![SampleOperand::Real(x, Domain::REALS)])
        },
    )
}

impl<'t, F: Real> Var<'t, F> {
    /// The same elements, in row-major order, in another shape of the same size.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.reshape([2, 2]).value().unwrap(), ndarray::array![[1.0, 2.0], [3.0, 4.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn reshape(self, shape: impl Into<Shape>) -> Self {
        self.apply(Arc::new(Reshape { shape: shape.into() }))
    }
}

impl<'t, F: Real> Index<'t, F> {
    /// The same indices, in row-major order, in another shape of the same size.
    #[track_caller]
    pub fn reshape(self, shape: impl Into<Shape>) -> Self {
        self.apply(Arc::new(Reshape { shape: shape.into() }))
    }
}
