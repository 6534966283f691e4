//! The position of the largest element.

use crate::base::attributes::Attributes;
use crate::base::axis::no_axis;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Axes, Call, Cotangents, Derivative, Domain, Entry, Generator, Kernel, Primitive, PrimitiveRef, RuleContext, Sample,
    SampleOperand, Tangents, Types, one_result,
};
use crate::tape::Arg;
use crate::tape::var::{Index, Var};
use smallvec::smallvec;
use std::sync::Arc;

/// y = the position of the largest element of x along an axis
#[derive(Debug)]
pub struct ArgMax {
    axis: usize,
}

impl ArgMax {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(ArgMax { axis: attributes.length("axis")? })
    }
}

impl<F: Real> Primitive<F> for ArgMax {
    fn name(&self) -> &'static str {
        "argmax"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", self.axis.into())
    }

    fn formula(&self) -> &'static str {
        "y = the first i at which xᵢ is largest along an axis"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        without_axis(inputs, self.axis, "largest")
    }

    fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
        one_result::<F, _>(self, inputs, Kind::Index)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::argmax(call.x(0)?, self.axis, call.index_result(0)?)
    }

    fn reverse<'t>(&self, _: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        [Derivative::None].into_iter().collect()
    }

    fn tangent<'t>(&self, _: &RuleContext<'_, 't, F>, _: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        smallvec![Derivative::None]
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(ArgMax { axis: 1 }), |a| Ok(Arc::new(ArgMax::parse(a)?).into()))
        .sampled(|generator| sample(generator, |axis| Arc::new(ArgMax { axis }).into()))
}

/// A random application of a primitive along an axis.
pub(super) fn sample<F: Real>(generator: &mut Generator, primitive: fn(usize) -> PrimitiveRef<F>) -> Sample<F> {
    let x = generator.shape(1, 3);
    let axis = generator.integer(0, x.rank() - 1);
    Sample::new(primitive(axis), vec![SampleOperand::Real(x, Domain::REALS)])
}

/// The shape rule of positions along an axis, which is removed. There has to be a `best` element.
pub(super) fn without_axis(inputs: &[&Shape], axis: usize, best: &str) -> Result<Shape, Mismatch> {
    let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
    let shape = x.reduced(&[axis], false);
    match x.get(axis) {
        None => Err(no_axis(axis, "x", x)),
        Some(0) if shape.size() > 0 => Err(Mismatch::new(format!("the {best} of no elements has no position"))),
        Some(_) => Ok(shape),
    }
}

/// The positions of elements along one axis of x, or along all of them in row-major order.
#[track_caller]
pub(super) fn positions<'t, F: Real>(
    x: Var<'t, F>,
    axes: Axes,
    primitive: fn(usize) -> PrimitiveRef<F>,
) -> Index<'t, F> {
    let Ok(shape) = x.shape() else { return Arg::from(x).as_index() };
    let (x, axis) = if axes.is_all() {
        (if shape.rank() == 1 { x } else { x.reshape([shape.size()]) }, 0)
    } else {
        let one = axes.of("x", &shape).and_then(|axes| match axes.as_slice() {
            [axis] => Ok(*axis),
            axes => Err(Mismatch::new(format!("a position is along one axis, not along {}", axes.len()))
                .with_help("`..` counts the positions of all elements, in row-major order")),
        });
        match one {
            Ok(axis) => (x, axis),
            Err(mismatch) => return Arg::from(x.tape().mismatched(&primitive(0), &[x.into()], mismatch)).as_index(),
        }
    };
    let [y] = x.tape().record_all(primitive(axis), &[x.into()], [Kind::Index]);
    y.as_index()
}

impl<'t, F: Real> Var<'t, F> {
    /// The position of the largest element along one axis, which is removed, or with `..` of the largest of all elements, counted
    /// in row-major order: NumPy's `argmax`.
    ///
    /// Of elements that are equal it is the first (−0 equals +0), and if one is NaN, the first NaN. A position jumps where
    /// another element becomes the largest, and is constant elsewhere: no derivative flows through it.
    ///
    /// An axis without elements, and several axes, are refused.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 3.0, 2.0], [6.0, 4.0, 6.0]]);
    /// assert_eq!(x.argmax(1).value()?, ndarray::array![1, 0].into_dyn());
    /// assert_eq!(x.argmax(..).value()?, ndarray::arr0(3).into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn argmax(self, axis: impl Into<Axes>) -> Index<'t, F> {
        positions(self, axis.into(), |axis| Arc::new(ArgMax { axis }).into())
    }
}
