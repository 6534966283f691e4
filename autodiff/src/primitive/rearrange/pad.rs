//! Zeros before and after, along an axis.

use crate::base::attributes::Attributes;
use crate::base::axis::{Axis, no_axis};
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{
    Call, Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Tangents,
};
use crate::tape::var::Var;
use std::sync::Arc;

/// y = x with zeros before and after along an axis
#[derive(Debug)]
pub struct Pad {
    pub(in crate::primitive) axis: usize,
    pub(in crate::primitive) before: usize,
    pub(in crate::primitive) after: usize,
}

impl Pad {
    fn parse(attributes: &Attributes) -> Result<Self> {
        let read = |name| attributes.length(name);
        Ok(Pad { axis: read("axis")?, before: read("before")?, after: read("after")? })
    }
}

impl<F: Real> Primitive<F> for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn attributes(&self) -> Attributes {
        let attributes = Attributes::new().with("axis", self.axis.into());
        attributes.with("before", self.before.into()).with("after", self.after.into())
    }

    fn formula(&self) -> &'static str {
        "y = 0…, x, 0… along an axis"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        let axis = self.axis;
        match x.get(axis) {
            None => Err(no_axis(axis, "x", x)),
            Some(length) => Ok(x.with_axis(axis, length.saturating_add(self.before).saturating_add(self.after))),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let mut output = call.y(0)?;
        let x = call.x(0)?;
        let inner = x.shape().iter().skip(self.axis + 1).product::<usize>();
        let part = x.shape().get(self.axis).map_or(0, |length| length * inner);
        let width = part + (self.before + self.after) * inner;
        let start = self.before * inner;
        let mut rows = x.reader();
        for row in output.as_mut_slice().chunks_mut(width.max(1)) {
            row.fill(F::zero());
            row.get_mut(start..start + part).into_iter().for_each(|row| rows.read(row));
        }
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let length = at.shape(0).get(self.axis).copied().unwrap_or(0);
        at.one(|| at.dy().slice(self.axis, self.before..self.before + length))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.pad(self.axis, self.before, self.after))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Pad { axis: 0, before: 1, after: 2 }), |a| Ok(Arc::new(Pad::parse(a)?).into())).sampled(
        |generator| {
            let x = generator.shape(1, 3);
            let axis = generator.integer(0, x.rank() - 1);
            let pad = Pad { axis, before: generator.integer(0, 2), after: generator.integer(0, 2) };
            Sample::new(Arc::new(pad), vec![SampleOperand::Real(x, Domain::REALS)])
        },
    )
}

impl<'t, F: Real> Var<'t, F> {
    /// `before` zeros before and `after` zeros behind, along `axis`; the reverse is [`slice`](Self::slice).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]);
    /// assert_eq!(x.pad(0, 1, 2).value().unwrap(), ndarray::array![0.0, 1.0, 2.0, 0.0, 0.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn pad(self, axis: impl Into<Axis>, before: usize, after: usize) -> Self {
        self.along(axis, |axis| Pad { axis, before, after })
    }
}
