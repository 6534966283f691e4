//! Primitives that break their contract: the error names the primitive and the line where it was applied.

use crate::check;
use autodiff::prelude::*;
use autodiff::primitive::{Call, Cotangents, Derivative, Kernel, Primitive, RuleContext, Signature, Tangents};
use autodiff::{ErrorKind, Input, Registry};
use expect_test::{Expect, expect};

/// y = a + b with rules that are wrong in a way of their own.
#[derive(Clone, Copy, Debug)]
enum Faulty {
    /// One answer for two operands.
    Count,
    /// A cotangent of another shape.
    Shape,
    /// An operation that does not fit.
    Operation,
    /// An operand there is not.
    Operand,
    /// No derivative where one is wanted.
    Silent,
}

impl Faulty {
    fn answer<'t>(self, at: &RuleContext<'_, 't, f64>, d: Var<'t, f64>) -> Derivative<'t, f64> {
        match self {
            Faulty::Count => Derivative::Of(d),
            Faulty::Shape => Derivative::Of(d.sum(..)),
            Faulty::Operation => Derivative::Of(d * at.x(0).reshape([7])),
            Faulty::Operand => Derivative::Of(at.x(5)),
            Faulty::Silent => Derivative::None,
        }
    }
}

impl Primitive<f64> for Faulty {
    fn name(&self) -> &'static str {
        "errors::faulty"
    }
    fn formula(&self) -> &'static str {
        "y = a + b"
    }
    fn signature(&self) -> Signature {
        Signature::BINARY
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<f64> {
        Kernel::elementwise(|[a, b]| a + b)
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, f64>) -> Cotangents<'t, f64> {
        let count = if matches!(self, Faulty::Count) { 1 } else { 2 };
        (0..count).map(|_| self.answer(at, at.dy())).collect()
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Tangents<'t, f64> {
        at.tangent(dx, |_, dx| match self.answer(at, dx) {
            Derivative::Of(d) => d,
            _ => dx,
        })
    }
}

static FAULTS: [Faulty; 5] = [Faulty::Count, Faulty::Shape, Faulty::Operation, Faulty::Operand, Faulty::Silent];

fn faulty(fault: usize, reverse: Expect, forward: Option<Expect>) {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    let y = x.apply2(&FAULTS[fault], x * x).named("y");
    let nodes = tape.len();
    let loss = y.sum(..);
    let error = loss.backward().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FaultyRule);
    assert_eq!(tape.len(), nodes + 1, "a rule that fails leaves nothing on the tape");
    assert_eq!(loss.gradient(&[x]).unwrap_err(), error);
    check(error, reverse);
    match forward {
        Some(expected) => check(y.pushforward(&[(x, x)]).unwrap_err(), expected),
        None => assert!(y.pushforward(&[(x, x)]).is_ok()),
    }
}

#[test]
fn a_rule_that_answers_for_another_number_of_operands() {
    faulty(
        0,
        expect![[r#"
        errors::faulty: the reverse rule answered for 1 of 2 operands
          at tests/errors/rules.rs:_
          y: y : f64[2], errors::faulty at tests/errors/rules.rs:_
    "#]],
        None,
    );
}

#[test]
fn a_rule_that_answers_with_another_shape() {
    faulty(
        1,
        expect![[r#"
        errors::faulty: a rule answered with a derivative of shape [] where [2] belongs
          at tests/errors/rules.rs:_
          y: y : f64[2], errors::faulty at tests/errors/rules.rs:_
    "#]],
        Some(expect![[r#"
        errors::faulty: a rule answered with a derivative of shape [] where [2] belongs
          at tests/errors/rules.rs:_
          y: y : f64[2], errors::faulty at tests/errors/rules.rs:_
    "#]]),
    );
}

#[test]
fn a_rule_whose_operation_fails() {
    faulty(
        2,
        expect![[r#"
            errors::faulty: a rule failed in `reshape`: x [2] has 2 elements, the shape [7] takes 7
              at tests/errors/rules.rs:_
              y: y : f64[2], errors::faulty at tests/errors/rules.rs:_
        "#]],
        Some(expect![[r#"
            errors::faulty: a rule failed in `reshape`: x [2] has 2 elements, the shape [7] takes 7
              at tests/errors/rules.rs:_
              y: y : f64[2], errors::faulty at tests/errors/rules.rs:_
        "#]]),
    );
}

#[test]
fn a_rule_that_asks_for_an_operand_there_is_not() {
    faulty(
        3,
        expect![[r#"
            errors::faulty: a rule asked for real operand 5, which there is not
              at tests/errors/rules.rs:_
              y: y : f64[2], errors::faulty at tests/errors/rules.rs:_
        "#]],
        Some(expect![[r#"
            errors::faulty: a rule asked for real operand 5, which there is not
              at tests/errors/rules.rs:_
              y: y : f64[2], errors::faulty at tests/errors/rules.rs:_
        "#]]),
    );
}

#[test]
fn a_rule_that_says_nothing() {
    let tape = Tape::<f64>::new();
    let x = tape.input(1.0).named("x");
    let gradients = x.apply2(&FAULTS[4], x).backward().unwrap();
    check(
        gradients.get(x).unwrap_err(),
        expect![[r#"
        gradient: no derivative flows through operand 0 of `errors::faulty` at tests/errors/rules.rs:_
          at tests/errors/rules.rs:_
          x: x : f64[], input at tests/errors/rules.rs:_
          cut: %1 : f64[], errors::faulty at tests/errors/rules.rs:_
    "#]],
    );
}

/// A primitive whose kernel refuses, and whose shape rule makes something no machine holds.
#[derive(Debug)]
struct Refusing;

impl Primitive<f64> for Refusing {
    fn name(&self) -> &'static str {
        "errors::refusing"
    }
    fn formula(&self) -> &'static str {
        "y = x, if it is positive"
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<f64> {
        Kernel::general()
    }
    fn evaluate(&self, call: &mut Call<'_, '_, f64>) -> Result<(), Refusal> {
        match call.inputs().first().map(|x| x.real()) {
            Some(Ok(x)) if x.iter().all(|x| x > 0.0) => kernels::map(call.inputs(), call.y(0)?, |[x]| x),
            _ => Err(Refusal::new("an element is not positive")),
        }
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, f64>) -> Cotangents<'t, f64> {
        at.one(|| at.dy())
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Tangents<'t, f64> {
        at.tangent(dx, |_, dx| dx)
    }
}

#[test]
fn a_kernel_that_refuses() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, -2.0]).named("x");
    check(
        x.apply(&Refusing).error().unwrap(),
        expect![[r#"
        errors::refusing: an element is not positive
          at tests/errors/rules.rs:_
          x: x : f64[2], input at tests/errors/rules.rs:_
    "#]],
    );
    let fine = tape.input([1.0, 2.0]).apply(&Refusing);
    let program = tape.program(&[fine]).unwrap();
    let inputs = [Input::real([1.0, 2.0]), Input::real([0.0, 2.0])];
    check(
        program.run(&inputs).unwrap_err(),
        expect![[r#"
            errors::refusing: an element is not positive
              at tests/errors/rules.rs:_
              x: %1 : f64[2], input at tests/errors/rules.rs:_
        "#]],
    );
    check(
        program.cast::<f32>(&Registry::standard()).unwrap_err(),
        expect![[r#"
            errors::refusing: the registry does not know this primitive
              at tests/errors/rules.rs:_
              help: add it with `registry.with(Entry::new(example, make))`
        "#]],
    );
}

#[test]
fn a_custom_rule_that_fails() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    let wrong = tape.with_rule("errors::shifted", &[x], |x| x[0] + 1.0, |at, dy| at.one(|| dy.sum(..))).unwrap();
    check(
        wrong.sum(..).backward().unwrap_err(),
        expect![[r#"
        errors::shifted: a rule answered with a derivative of shape [] where [2] belongs
          at tests/errors/rules.rs:_
          y: %1 : f64[2], errors::shifted at tests/errors/rules.rs:_
    "#]],
    );
    let composition = tape.with_rule("errors::wrong", &[x], |x| x[0].reshape([3]), |at, dy| at.one(|| dy));
    check(
        composition.unwrap_err(),
        expect![[r#"
            reshape: x [2] has 2 elements, the shape [3] takes 3
              at tests/errors/rules.rs:_
              x: %0 : f64[2], input at tests/errors/rules.rs:_
        "#]],
    );
}
