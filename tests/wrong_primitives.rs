//! Primitives that say what is not so, of their shape or of where their result lies: recording, running and planning end
//! with one and the same error, and no memory is read or written that is not theirs.

use autodiff::kernels::{Elementwise, Operand, ViewMut};
use autodiff::primitive::{Cotangents, Derivative, Dice, Domain, Primitive, Sample, Signature, Site};
use autodiff::{Arg, ErrorKind, Input, Layout, Mismatch, Refusal, Shape, Tape, Var};
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
    fn evaluate(&self, _: &[Operand<'_, f64>], _: ViewMut<'_, f64>) -> Result<(), Refusal> {
        Err(Refusal::new("it has no value"))
    }
    fn view(&self, _: &Layout) -> Option<Layout> {
        let strides = self.shape.iter().map(|_| 1).collect();
        (!self.total).then(|| Layout { shape: self.shape.clone(), strides, offset: self.offset })
    }
    fn is_total(&self, _: &Shape) -> bool {
        self.total
    }
    fn reverse<'t>(&self, at: &Site<'_, 't, f64>, dy: Var<'t, f64>) -> Cotangents<'t, f64> {
        at.one(|| dy)
    }
    fn tangent<'t>(&self, at: &Site<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Derivative<'t, f64> {
        at.tangent(dx, |_, dx| dx)
    }
    fn sample(&self, dice: &mut Dice) -> Sample<f64> {
        Sample::elementwise(dice, &[Domain::REALS])
    }
}

#[test]
fn what_a_primitive_says_is_not_trusted_with_memory() {
    for (size, offset, total, shape) in [
        (8, 1 << 40, false, Shape::scalar()),
        (8, 9, false, Shape::scalar()),
        (8, 7, false, Shape::from([2])),
        (LARGE, usize::MAX, false, Shape::from([BLOCK + 76])),
        (LARGE, 0, true, Shape::from([BLOCK + 76])),
    ] {
        let tape = Tape::<f64>::symbolic();
        let x = tape.input(vec![0.0; size]);
        let y = (x * 2.0).apply(Arc::new(Wrong { offset, total, shape: shape.clone() })) + 1.0;
        let program = tape.program(&[y, y.sum(..)]).unwrap();
        let outcome = program.plan().and_then(|mut plan| plan.run(&[Input::real(vec![0.0; size])]));
        let kind = outcome.map_err(|error| error.kind());
        assert!(matches!(kind, Err(ErrorKind::FaultyRule | ErrorKind::Refused)), "{size} {offset} {shape}: {kind:?}");
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
        Signature::Variadic
    }
    fn elementwise(&self) -> Option<Elementwise<f64>> {
        Some(Elementwise::<f64>::new(|[a, b]| a - b))
    }
    fn reverse<'t>(&self, at: &Site<'_, 't, f64>, dy: Var<'t, f64>) -> Cotangents<'t, f64> {
        at.two(|| dy, || -dy)
    }
    fn tangent<'t>(&self, at: &Site<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Derivative<'t, f64> {
        at.tangent(dx, |_, dx| dx)
    }
    fn sample(&self, dice: &mut Dice) -> Sample<f64> {
        Sample::elementwise(dice, &[Domain::REALS])
    }
}

/// Applies `primitive` to `operands` in the middle of other operations: recording with values, running and planning end with
/// one and the same error.
#[track_caller]
fn refused_by_all(primitive: Arc<impl Primitive<f64> + 'static>, operands: &[Shape]) {
    let record = |tape: &Tape<f64>| {
        let inputs: Vec<_> = operands.iter().map(|shape| tape.input(ArrayD::zeros(IxDyn(shape)))).collect();
        // With names, because a plan simplifies its program and so numbers its nodes anew.
        let args: Vec<Arg<'_, f64>> = inputs.iter().map(|x| (*x * 2.0).named("doubled").into()).collect();
        let y = tape.record(primitive.clone(), &args);
        y.error().map_or_else(|| tape.program(&[y + 1.0, (y * 0.5).sum(..)]), Err)
    };
    let program = record(&Tape::symbolic()).unwrap();
    let inputs: Vec<_> = operands.iter().map(|shape| Input::Real(ArrayD::ones(IxDyn(shape)))).collect();
    let error = program.run(&inputs).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(record(&Tape::new()).unwrap_err().to_string(), error.to_string());
    for planner in [program.planner(), program.planner().in_small(4), program.planner().in_small(64).threads(2)] {
        let planned = planner.plan().and_then(|mut plan| plan.run(&inputs)).expect_err("refused");
        assert_eq!((planned.kind(), planned.to_string()), (error.kind(), error.to_string()), "{operands:?}");
    }
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
        refused_by_all(Arc::new(Misshapen { shape: shape.into() }), &operands);
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
        refused_by_all(Arc::new(Wrong { offset, total: false, shape }), &[Shape::from([size])]);
    }
}
