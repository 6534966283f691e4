//! Exchanging axes.

use crate::base::attributes::Attributes;
use crate::base::axis::Axes;
use crate::base::error::{Mismatch, Result};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::primitive::{
    Cotangents, Domain, Entry, Facts, Kernel, Notation, Primitive, RuleContext, Sample, SampleOperand, Signature,
    Tangents,
};
use crate::tape::Arg;
use crate::tape::var::{Index, Var};
use smallvec::SmallVec;
use std::sync::Arc;

/// y = x with its axes in another order
#[derive(Debug)]
pub struct Transpose {
    pub(in crate::primitive) axes: Vec<usize>,
}

impl Transpose {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Transpose { axes: attributes.list("axes")?.to_vec() })
    }

    fn inverse(&self) -> Vec<usize> {
        (0..self.axes.len()).map(|axis| self.axes.iter().position(|a| *a == axis).unwrap_or(axis)).collect()
    }
}

impl<F: Real> Primitive<F> for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with_list("axes", &self.axes)
    }

    fn signature(&self) -> Signature {
        Signature::ARRAY
    }

    fn formula(&self) -> &'static str {
        "yᵢⱼ = xⱼᵢ"
    }

    fn notation(&self) -> Notation {
        if self.axes == [1, 0] { Notation::Postfix("ᵀ") } else { Notation::Call }
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        let mut sorted = self.axes.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..x.rank()) {
            let axes = Shape::from(self.axes.as_slice());
            return Err(Mismatch::new(format!("{axes} is not an order of the {} axes of x {x}", x.rank())));
        }
        Ok(self.axes.iter().filter_map(|axis| x.get(*axis).copied()).collect())
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::View
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy().permute(self.inverse()))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.permute(self.axes.clone()))
    }

    fn view(&self, input: &Layout) -> Option<Layout> {
        let (shape, strides) = (self.pick(&input.shape)?, self.pick(&input.strides)?);
        Some(Layout { shape: Shape::from(shape.as_slice()), strides, offset: input.offset })
    }

    fn identity(&self, _: &[Facts<'_, F>]) -> Option<usize> {
        self.axes.iter().copied().eq(0..self.axes.len()).then_some(0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Transpose { axes: vec![1, 0] }), |a| Ok(Arc::new(Transpose::parse(a)?).into())).sampled(
        |generator| {
            let x = generator.shape(0, 4);
            let mut axes: Vec<usize> = (0..x.rank()).collect();
            for i in (1..axes.len()).rev() {
                axes.swap(i, generator.integer(0, i));
            }
            Sample::new(Arc::new(Transpose { axes }), vec![SampleOperand::Real(x, Domain::REALS)])
        },
    )
}

impl Transpose {
    /// What belongs to each axis, in the order of the result.
    fn pick(&self, from: &[usize]) -> Option<SmallVec<[usize; 4]>> {
        self.axes.iter().map(|axis| from.get(*axis).copied()).collect()
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The axes in reverse order: for a matrix, its transpose. Moves no data.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0, 3.0]]);
    /// assert_eq!(x.transpose().shape().unwrap(), [3, 1].into());
    /// ```
    #[track_caller]
    pub fn transpose(self) -> Self {
        let rank = self.shape().map_or(0, |shape| shape.rank());
        self.permute((0..rank).rev().collect::<Vec<_>>())
    }

    /// The last two axes exchanged: the transpose of each matrix of \[…, m, n\]. Moves no data. Of an array with fewer than
    /// two axes it is an error.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(ndarray::Array3::zeros((2, 3, 4)));
    /// assert_eq!(x.transpose_last().shape().unwrap(), [2, 4, 3].into());
    /// ```
    #[track_caller]
    pub fn transpose_last(self) -> Self {
        let rank = self.shape().map_or(0, |shape| shape.rank()).max(2);
        let axes: Vec<usize> = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
        self.permute(axes)
    }

    /// The axes in the order given: axis `i` of the result is axis `axes[i]` of `self`. Moves no data.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(ndarray::Array3::zeros((2, 3, 4)));
    /// assert_eq!(x.permute([1, 2, 0]).shape().unwrap(), [3, 4, 2].into());
    /// ```
    #[track_caller]
    pub fn permute(self, axes: impl Into<Axes>) -> Self {
        Arg::from(self).permute(axes.into()).var()
    }
}

impl<'t, F: Real> Index<'t, F> {
    /// The axes in reverse order: as [`Var::transpose`].
    #[track_caller]
    pub fn transpose(self) -> Self {
        let rank = self.shape().map_or(0, |shape| shape.rank());
        self.permute((0..rank).rev().collect::<Vec<_>>())
    }

    /// The axes in the order given: as [`Var::permute`].
    #[track_caller]
    pub fn permute(self, axes: impl Into<Axes>) -> Self {
        Arg::from(self).permute(axes.into()).as_index()
    }
}

impl<F: Real> Arg<'_, F> {
    #[track_caller]
    fn permute(self, axes: Axes) -> Self {
        let found = |shape: &Shape| axes.of("x", shape).map(|axes| Transpose { axes });
        self.apply_found(found, || Transpose { axes: Vec::new() })
    }
}
