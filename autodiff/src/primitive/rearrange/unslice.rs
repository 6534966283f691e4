//! Elements between zeros: what taking every `step`-th position is the adjoint of.

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

/// y = x at start, start + step, … along an axis, 0 elsewhere
#[derive(Clone, Debug)]
pub struct Unslice {
    axis: usize,
    start: usize,
    step: usize,
    length: usize,
}

impl Unslice {
    fn parse(attributes: &Attributes) -> Result<Self> {
        let read = |name| attributes.length(name);
        Ok(Unslice { axis: read("axis")?, start: read("start")?, step: read("step")?, length: read("length")? })
    }

    /// The position behind the last of `count`, if an axis can be that long.
    fn stop(&self, count: usize) -> Option<usize> {
        match count.checked_sub(1) {
            None => Some(self.start),
            Some(steps) => self.start.checked_add(steps.checked_mul(self.step)?)?.checked_add(1),
        }
    }
}

impl<F: Real> Primitive<F> for Unslice {
    fn name(&self) -> &'static str {
        "unslice"
    }

    fn attributes(&self) -> Attributes {
        let attributes = Attributes::new().with("axis", self.axis.into()).with("start", self.start.into());
        attributes.with("step", self.step.into()).with("length", self.length.into())
    }

    fn formula(&self) -> &'static str {
        "y = x at start, start + step, … along an axis, 0 elsewhere"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        let Unslice { axis, start, step, length } = self;
        let Some(count) = x.get(*axis) else { return Err(no_axis(*axis, "x", x)) };
        match self.stop(*count) {
            _ if *step == 0 => Err(Mismatch::new("the step is 0").with_help("a step is 1 or more")),
            Some(stop) if stop <= *length => Ok(x.with_axis(*axis, *length)),
            _ => Err(Mismatch::new(format!(
                "{count} positions from {start} on, {step} apart, do not fit into an axis {length} long"
            ))),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::unslice(call.x(0)?, self.axis, self.start, self.step, call.y(0)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let count = at.shape(0).get(self.axis).copied().unwrap_or(0);
        let stop = self.stop(count).unwrap_or(self.length);
        at.one(|| at.dy().slice_step(self.axis, self.start..stop, self.step))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.apply(Arc::new(self.clone())))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    let example = Unslice { axis: 0, start: 1, step: 2, length: 7 };
    Entry::new(Arc::new(example), |a| Ok(Arc::new(Unslice::parse(a)?).into())).sampled(|generator| {
        let x = generator.shape(1, 3);
        let axis = generator.integer(0, x.rank() - 1);
        let (start, step) = (generator.integer(0, 2), generator.integer(1, 3));
        let count = x.get(axis).copied().unwrap_or(0);
        let length = start + count * step + generator.integer(0, 2);
        let primitive = Unslice { axis, start, step, length };
        Sample::new(Arc::new(primitive), vec![SampleOperand::Real(x, Domain::REALS)])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// The elements at the positions start, start + step, … of an axis of this `length`, and 0 elsewhere. Its reverse is
    /// [`slice_step`](Self::slice_step), whose reverse it is.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]);
    /// assert_eq!(x.unslice(0, 1, 2, 5).value().unwrap(), ndarray::array![0.0, 1.0, 0.0, 2.0, 0.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn unslice(self, axis: impl Into<Axis>, start: usize, step: usize, length: usize) -> Self {
        self.along(axis, |axis| Unslice { axis, start, step, length })
    }
}
