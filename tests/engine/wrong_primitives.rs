//! Primitives that say what is not so, of their shape or of where their result lies: recording, running and planning end
//! with one and the same error, and no memory is read or written that is not theirs.

use autodiff::primitive::{Cotangents, Kernel, Primitive, RuleContext, Signature, Tangents};
use autodiff::{Arg, ErrorKind, Layout, Mismatch, Shape, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use std::sync::Arc;

/// The elements of a block of a plan; few under Miri, which takes a thousand times as long.
const BLOCK: usize = if cfg!(miri) { 128 } else { 1024 };
/// An array of several blocks.
const LARGE: usize = if cfg!(miri) { 300 } else { 5000 };

/// A primitive of a user's own that says what is not so: that its result lies where its operand has no memory, or that it
/// is the sum of its operand.
#[derive(Debug)]
struct Wrong {
    offset: usize,
    total: bool,
    shape: Shape,
}

impl Primitive<f64> for Wrong {
    fn name(&self) -> &'static str {
        "plan::wrong"
    }
    fn formula(&self) -> &'static str {
        "y = x somewhere"
    }
    fn shape(&self, _: &[&Shape]) -> Result<Shape, Mismatch> {
        Ok(self.shape.clone())
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<f64> {
        if self.total { Kernel::Sum } else { Kernel::View }
    }
    fn view(&self, _: &Layout) -> Option<Layout> {
        let strides = self.shape.iter().map(|_| 1).collect();
        (!self.total).then(|| Layout { shape: self.shape.clone(), strides, offset: self.offset })
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, f64>) -> Cotangents<'t, f64> {
        at.one(|| at.dy())
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Tangents<'t, f64> {
        at.tangent(dx, |_, dx| dx)
    }
}

/// y = f(x₀, …), element by element, of a shape that has nothing to do with the operands'.
#[derive(Debug)]
struct Misshapen {
    shape: Shape,
}

impl Primitive<f64> for Misshapen {
    fn name(&self) -> &'static str {
        "plan::misshapen"
    }
    fn formula(&self) -> &'static str {
        "y = a − b"
    }
    fn shape(&self, _: &[&Shape]) -> Result<Shape, Mismatch> {
        Ok(self.shape.clone())
    }
    fn signature(&self) -> Signature {
        Signature::Variadic(Signature::REAL)
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<f64> {
        Kernel::elementwise(|[a, b]| a - b)
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, f64>) -> Cotangents<'t, f64> {
        at.two(|| at.dy(), || -at.dy())
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Tangents<'t, f64> {
        at.tangent(dx, |_, dx| dx)
    }
}

/// Applies `primitive` to `operands` in the middle of other operations: recording with values and without ends with one and
/// the same error, so there is no program to run or to plan.
#[track_caller]
fn refused_by_all(primitive: Arc<impl Primitive<f64> + 'static>, operands: &[Shape], kind: ErrorKind) {
    let record = |tape: &Tape<f64>| {
        let inputs: Vec<_> = operands.iter().map(|shape| tape.input(ArrayD::zeros(IxDyn(shape)))).collect();
        let args: Vec<Arg<'_, f64>> = inputs.iter().map(|x| (*x * 2.0).named("doubled").into()).collect();
        let y = tape.record(primitive.clone(), &args);
        tape.program(&[y + 1.0, (y * 0.5).sum(..)]).unwrap_err()
    };
    let (symbolic, eager) = (record(&Tape::symbolic()), record(&Tape::new()));
    assert_eq!((symbolic.kind(), symbolic.to_string()), (kind, eager.to_string()), "{operands:?}");
}

#[test]
fn an_elementwise_primitive_of_a_shape_that_its_operands_do_not_broadcast_to() {
    let large = LARGE + LARGE % 2;
    let cases: [(&[&[usize]], &[usize]); 11] = [
        (&[&[4], &[4]], &[3]),
        (&[&[3], &[4]], &[3]),
        (&[&[2, 3], &[2, 3]], &[3, 2]),
        (&[&[6], &[2, 3]], &[6]),
        (&[&[5], &[5]], &[]),
        (&[&[], &[1, 1]], &[1]),
        (&[&[3], &[3]], &[3, 2]),
        (&[&[large], &[large]], &[large + 1]),
        (&[&[large], &[large]], &[2, large / 2]),
        (&[&[large], &[7]], &[large]),
        // Of one operand, and the function is one of two.
        (&[&[large]], &[large]),
    ];
    for (operands, shape) in cases {
        let operands: Vec<Shape> = operands.iter().map(|shape| Shape::from(*shape)).collect();
        refused_by_all(Arc::new(Misshapen { shape: shape.into() }), &operands, ErrorKind::Mismatch);
    }
}

#[test]
fn a_view_that_leaves_its_buffer() {
    for (size, offset, shape) in [
        (8, 8, Shape::scalar()),
        (8, 1 << 40, Shape::scalar()),
        (8, 7, Shape::from([2])),
        (LARGE, 1, Shape::from([LARGE])),
        (LARGE, usize::MAX, Shape::from([BLOCK + 76])),
    ] {
        refused_by_all(Arc::new(Wrong { offset, total: false, shape }), &[Shape::from([size])], ErrorKind::Refused);
    }
}

#[test]
fn a_sum_that_is_no_number() {
    for shape in [Shape::from([2]), Shape::from([BLOCK + 76])] {
        refused_by_all(Arc::new(Wrong { offset: 0, total: true, shape }), &[Shape::from([LARGE])], ErrorKind::Refused);
    }
}
