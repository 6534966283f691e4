//! Every `step`-th position of a range along an axis.

use super::slice::bounds;
use crate::base::attributes::Attributes;
use crate::base::axis::{Axis, no_axis};
use crate::base::error::{Mismatch, Result};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::primitive::{
    Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature, Tangents,
};
use crate::tape::var::Var;
use std::ops::RangeBounds;
use std::sync::Arc;

/// yₖ = x at start + k·step < stop along an axis
#[derive(Clone, Debug)]
pub struct SliceStep {
    axis: usize,
    start: usize,
    stop: usize,
    step: usize,
}

impl SliceStep {
    fn parse(attributes: &Attributes) -> Result<Self> {
        let read = |name| attributes.length(name);
        Ok(SliceStep { axis: read("axis")?, start: read("start")?, stop: read("stop")?, step: read("step")? })
    }

    /// How many positions there are.
    fn count(&self) -> Option<usize> {
        Some(self.stop.checked_sub(self.start)?.div_ceil(self.step.max(1)))
    }
}

impl<F: Real> Primitive<F> for SliceStep {
    fn name(&self) -> &'static str {
        "slice_step"
    }

    fn attributes(&self) -> Attributes {
        let attributes = Attributes::new().with("axis", self.axis.into()).with("start", self.start.into());
        attributes.with("stop", self.stop.into()).with("step", self.step.into())
    }

    fn signature(&self) -> Signature {
        Signature::ARRAY
    }

    fn formula(&self) -> &'static str {
        "yₖ = x at start + k·step < stop along an axis"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        let SliceStep { axis, start, stop, step } = self;
        match (x.get(*axis), self.count()) {
            (None, _) => Err(no_axis(*axis, "x", x)),
            (Some(length), Some(count)) if stop <= length && *step > 0 => Ok(x.with_axis(*axis, count)),
            (Some(_), Some(_)) if *step == 0 => {
                Err(Mismatch::new("the step is 0").with_help("a step is 1 or more; `x.flip(axis)` goes backwards"))
            }
            (Some(length), _) => Err(Mismatch::new(format!(
                "{start}..{stop} is not a range of axis {axis} of x {x}, which is {length} long"
            ))),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::View
    }

    fn view(&self, input: &Layout) -> Option<Layout> {
        let count = self.count()?;
        let mut strides = input.strides.clone();
        let stride = strides.get_mut(self.axis)?;
        let offset = input.offset.checked_add(self.start.checked_mul(*stride)?)?;
        // From one position there is no way to a next, however far a step would lead.
        if count > 1 {
            *stride = stride.checked_mul(self.step)?;
        }
        let shape = input.shape.with_axis(self.axis, count);
        Some(Layout { shape, strides, offset })
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let length = at.shape(0).get(self.axis).copied().unwrap_or(0);
        at.one(|| at.dy().unslice(self.axis, self.start, self.step, length))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.apply(Arc::new(self.clone())))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    let example = SliceStep { axis: 0, start: 1, stop: 6, step: 2 };
    Entry::new(Arc::new(example), |a| Ok(Arc::new(SliceStep::parse(a)?).into())).sampled(|generator| {
        let x = generator.shape(1, 3);
        let axis = generator.integer(0, x.rank() - 1);
        let length = generator.integer(1, 9);
        let start = generator.integer(0, length - 1);
        let stop = generator.integer(start + 1, length);
        let primitive = SliceStep { axis, start, stop, step: generator.integer(1, 4) };
        Sample::new(Arc::new(primitive), vec![SampleOperand::Real(x.with_axis(axis, length), Domain::REALS)])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// Every `step`-th position of `range` along `axis`: yₖ = x at start + k·step, as long as that is in the range. NumPy's
    /// `x[start:stop:step]`, for steps from 1. Moves no data; the reverse is [`unslice`](Self::unslice).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([0.0, 1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.slice_step(0, 1.., 2).value().unwrap(), ndarray::array![1.0, 3.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn slice_step(self, axis: impl Into<Axis>, range: impl RangeBounds<usize>, step: usize) -> Self {
        let shape = self.shape().unwrap_or_default();
        let axis = axis.into();
        if step == 1 {
            return self.slice(axis, (range.start_bound().cloned(), range.end_bound().cloned()));
        }
        self.along(axis, |axis| {
            let (start, stop) = bounds(&range, shape.get(axis).copied().unwrap_or(0));
            SliceStep { axis, start, stop, step }
        })
    }
}
