//! A range along an axis.

use crate::base::attributes::Attributes;
use crate::base::axis::{Axis, no_axis};
use crate::base::error::{Mismatch, Result};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::primitive::{
    Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature, Tangents,
};
use crate::tape::Arg;
use crate::tape::var::{Index, Var};
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

/// y = x[…, start..stop, …] along an axis
#[derive(Debug)]
pub struct Slice {
    pub(in crate::primitive) axis: usize,
    pub(in crate::primitive) start: usize,
    pub(in crate::primitive) stop: usize,
}

impl Slice {
    fn parse(attributes: &Attributes) -> Result<Self> {
        let read = |name| attributes.length(name);
        Ok(Slice { axis: read("axis")?, start: read("start")?, stop: read("stop")? })
    }
}

impl<F: Real> Primitive<F> for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn attributes(&self) -> Attributes {
        let attributes = Attributes::new().with("axis", self.axis.into());
        attributes.with("start", self.start.into()).with("stop", self.stop.into())
    }

    fn signature(&self) -> Signature {
        Signature::ARRAY
    }

    fn formula(&self) -> &'static str {
        "y = x[start..stop] along an axis"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        let (axis, start, stop) = (self.axis, self.start, self.stop);
        match x.get(axis) {
            None => Err(no_axis(axis, "x", x)),
            Some(length) if start > stop || stop > *length => Err(Mismatch::new(format!(
                "{start}..{stop} is not a range of axis {axis} of x {x}, which is {length} long"
            ))),
            Some(_) => Ok(x.with_axis(axis, stop - start)),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::View
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let length = at.shape(0).get(self.axis).copied().unwrap_or(0);
        at.one(|| at.dy().pad(self.axis, self.start, length.saturating_sub(self.stop)))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.slice(self.axis, self.start..self.stop))
    }

    fn view(&self, input: &Layout) -> Option<Layout> {
        let shape = input.shape.with_axis(self.axis, self.stop.checked_sub(self.start)?);
        Some(Layout { shape, strides: input.strides.clone(), offset: input.offset + self.offset(&input.strides)? })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Slice { axis: 0, start: 1, stop: 2 }), |a| Ok(Arc::new(Slice::parse(a)?).into())).sampled(
        |generator| {
            let x = generator.shape(1, 3);
            let axis = generator.integer(0, x.rank() - 1);
            let start = generator.integer(0, x.get(axis).map_or(0, |length| length - 1));
            let stop = generator.integer(start + 1, x.get(axis).copied().unwrap_or(0));
            Sample::new(Arc::new(Slice { axis, start, stop }), vec![SampleOperand::Real(x, Domain::REALS)])
        },
    )
}

impl Slice {
    /// Where the slice begins in an array of these strides.
    fn offset(&self, strides: &[usize]) -> Option<usize> {
        strides.get(self.axis).map(|stride| self.start * stride)
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The positions `range` along `axis`: `1..3`, `1..`, `..`. Moves no data; the reverse is [`pad`](Self::pad).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.slice(0, 1..3).value().unwrap(), ndarray::array![2.0, 3.0].into_dyn());
    /// assert_eq!(x.slice(-1, 1..).value().unwrap(), ndarray::array![2.0, 3.0, 4.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn slice(self, axis: impl Into<Axis>, range: impl RangeBounds<usize>) -> Self {
        Arg::from(self).slice(axis.into(), range).var()
    }
}

impl<'t, F: Real> Index<'t, F> {
    /// The positions `range` along `axis`: as [`Var::slice`].
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let i = tape.index(ndarray::array![5, 6, 7]);
    /// assert_eq!(i.slice(0, 1..).value()?, ndarray::array![6, 7].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn slice(self, axis: impl Into<Axis>, range: impl RangeBounds<usize>) -> Self {
        Arg::from(self).slice(axis.into(), range).as_index()
    }
}

impl<F: Real> Arg<'_, F> {
    #[track_caller]
    fn slice(self, axis: Axis, range: impl RangeBounds<usize>) -> Self {
        let shape = self.shape().unwrap_or_default();
        self.along(axis, |axis| {
            let (start, stop) = bounds(&range, shape.get(axis).copied().unwrap_or(0));
            Slice { axis, start, stop }
        })
    }
}

/// The first position of a range, and the one behind its last, of an axis of this length.
pub(in crate::primitive) fn bounds(range: &impl RangeBounds<usize>, length: usize) -> (usize, usize) {
    let start = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let stop = match range.end_bound() {
        Bound::Included(last) => last.saturating_add(1),
        Bound::Excluded(stop) => *stop,
        Bound::Unbounded => length,
    };
    (start, stop)
}
