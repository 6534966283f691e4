//! Repeating along axes: the visible half of broadcasting.

use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Result};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::primitive::{
    Cotangents, Domain, Entry, Facts, Generator, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature,
    Tangents,
};
use crate::tape::var::{Index, Var};
use smallvec::SmallVec;
use std::sync::Arc;

pub(in crate::primitive) const BROADCAST_TO: &str = "broadcast_to";

/// y = x, repeated along the axes where it is 1 long or has none
#[derive(Debug)]
pub struct BroadcastTo {
    pub(in crate::primitive) shape: Shape,
}

impl BroadcastTo {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(BroadcastTo { shape: attributes.list("shape")?.into() })
    }
}

impl<F: Real> Primitive<F> for BroadcastTo {
    fn name(&self) -> &'static str {
        BROADCAST_TO
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with_list("shape", &self.shape)
    }

    fn signature(&self) -> Signature {
        Signature::ARRAY
    }

    fn formula(&self) -> &'static str {
        "y = x, repeated along new axes and axes of length 1"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        match x.broadcast(&self.shape) {
            Some(shape) if shape == self.shape => Ok(shape),
            _ => Err(Mismatch::new(format!("{x} does not broadcast to {}", self.shape))),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::View
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy().sum_to(at.shape(0)))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.broadcast_to(self.shape.clone()))
    }

    fn view(&self, input: &Layout) -> Option<Layout> {
        let strides = self.strides(&input.shape, &input.strides)?;
        Some(Layout { shape: self.shape.clone(), strides, offset: input.offset })
    }

    fn identity(&self, inputs: &[Facts<'_, F>]) -> Option<usize> {
        matches!(inputs, [x] if *x.shape == self.shape).then_some(0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(BroadcastTo { shape: [2, 3].into() }), |a| Ok(Arc::new(BroadcastTo::parse(a)?).into())).sampled(
        |generator| {
            let (shape, x) = broadcastable(generator);
            Sample::new(Arc::new(BroadcastTo { shape }), vec![SampleOperand::Real(x, Domain::REALS)])
        },
    )
}

impl BroadcastTo {
    /// The strides of the result, in the buffer of an operand of this shape and these strides.
    fn strides(&self, shape: &[usize], strides: &[usize]) -> Option<SmallVec<[usize; 4]>> {
        let new = self.shape.rank().checked_sub(shape.len())?;
        let strides = std::iter::repeat_n((&1, &0), new).chain(shape.iter().zip(strides)).zip(self.shape.iter());
        Some(strides.map(|((from, stride), to)| if from == to { *stride } else { 0 }).collect())
    }
}

/// A shape, and one that broadcasts to it.
pub(in crate::primitive) fn broadcastable(generator: &mut Generator) -> (Shape, Shape) {
    let full = generator.shape(0, 3);
    let skip = generator.integer(0, full.rank());
    let small = full.iter().skip(skip).map(|d| if generator.flip() { *d } else { 1 }).collect();
    (full, small)
}

impl<'t, F: Real> Var<'t, F> {
    /// Repeats along new leading axes and along axes of length 1, as NumPy broadcasts. Moves no data.
    ///
    /// Arithmetic records this wherever it broadcasts; its reverse is [`sum_to`](Self::sum_to).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]);
    /// assert_eq!(x.broadcast_to([2, 2]).value().unwrap(), ndarray::array![[1.0, 2.0], [1.0, 2.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Self {
        self.apply(Arc::new(BroadcastTo { shape: shape.into() }))
    }
}

impl<'t, F: Real> Index<'t, F> {
    /// Repeats along new leading axes and along axes of length 1, as NumPy broadcasts.
    #[track_caller]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Self {
        self.apply(Arc::new(BroadcastTo { shape: shape.into() }))
    }
}
