//! Primitives with several results that go about them as if there were one.

use crate::check;
use autodiff::prelude::*;
use autodiff::primitive::{Call, Kernel, Kind, Partial, Primitive, RuleContext, Type, Types};
use autodiff::{ErrorKind, Input, Registry};
use expect_test::expect;

/// y₀ = sin x, y₁ = cos x, with the partial derivative of the first alone, and further faults.
#[derive(Clone, Copy, Debug)]
enum SinCos {
    /// Nothing else is wrong.
    Partial,
    /// The kernel forgets the second result.
    Unwritten,
    /// The kernel is a function of one element, which has one result.
    Elementwise,
}

impl Primitive<f64> for SinCos {
    fn name(&self) -> &'static str {
        "errors::sin_cos"
    }
    fn formula(&self) -> &'static str {
        "y₀ = sin x, y₁ = cos x"
    }
    fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
        Ok(inputs.iter().chain(inputs).cloned().collect())
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<f64> {
        match self {
            SinCos::Elementwise => Kernel::<f64>::elementwise(|[x]| x.sin()),
            _ => Kernel::general(),
        }
    }
    fn evaluate(&self, call: &mut Call<'_, '_, f64>) -> Result<(), Refusal> {
        kernels::map(call.inputs(), call.y(0)?, |[x]| x.sin())?;
        match self {
            SinCos::Unwritten => Ok(()),
            _ => kernels::map(call.inputs(), call.y(1)?, |[x]| x.cos()),
        }
    }
    fn partial<'t>(&self, at: &RuleContext<'_, 't, f64>, _: usize) -> Partial<'t, f64> {
        Partial::Times(at.result(1).var())
    }
}

/// The second result of the primitive applied to `x`.
#[track_caller]
fn cos<'t>(x: Var<'t, f64>, primitive: &'static SinCos) -> Var<'t, f64> {
    let [_, cos] = x.tape().record_all(primitive, &[x.into()], [Kind::Real, Kind::Real]);
    cos.var()
}

#[test]
fn a_partial_derivative_where_there_are_several_results() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    let y = cos(x, &SinCos::Partial);
    assert_eq!(y.value().unwrap()[[0]], 1f64.cos());
    let error = y.sum(..).backward().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FaultyRule);
    assert_eq!(y.sum(..).gradient(&[x]).unwrap_err(), error);
    check(
        error,
        expect![[r#"
            errors::sin_cos: it has 2 results, and `partial` is of one: write `reverse` and `tangent`
              at tests/errors/results.rs:_
              y: %1 : f64[2], errors::sin_cos at tests/errors/results.rs:_
        "#]],
    );
    check(
        y.pushforward(&[(x, x)]).unwrap_err(),
        expect![[r#"
            errors::sin_cos: the tangent rule answered for 1 of 2 results
              at tests/errors/results.rs:_
              y: %1 : f64[2], errors::sin_cos at tests/errors/results.rs:_
              help: a primitive with several results writes `tangent`: one answer for each, `None` for indices and keys
        "#]],
    );
}

#[test]
fn a_result_that_the_kernel_does_not_write() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    let eager = cos(x, &SinCos::Unwritten).error().unwrap();
    check(
        eager.clone(),
        expect![[r#"
            errors::sin_cos: `evaluate` left result 1 of 2 unwritten: it is `call.y(1)?`
              at tests/errors/results.rs:_
              x: x : f64[2], input at tests/errors/results.rs:_
        "#]],
    );
    // Recorded without values it is seen by whatever runs the program.
    let tape = Tape::<f64>::symbolic();
    let x = tape.symbolic_input([2]).named("x");
    let program = tape.program(&[cos(x, &SinCos::Unwritten)]).unwrap();
    let inputs = [Input::real([1.0, 2.0])];
    for error in [program.run(&inputs).unwrap_err(), program.plan().unwrap().run(&inputs).unwrap_err()] {
        assert_eq!((error.kind(), error.message()), (eager.kind(), eager.message()));
    }
}

#[test]
fn an_elementwise_kernel_where_there_are_several_results() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    check(
        cos(x, &SinCos::Elementwise).error().unwrap(),
        expect![[r#"
            errors::sin_cos: it has 1 result (an array of reals), not 2 results (an array of reals, an array of reals) as asked for
              at tests/errors/results.rs:_
              x: x : f64[2], input at tests/errors/results.rs:_
              help: a `Kernel::Elementwise` has one result, whatever `results` says: several need a `Kernel::General`
        "#]],
    );
    let order = tape.record(Registry::standard().find("sort").unwrap().example().clone(), &[x.into()]);
    check(
        order.error().unwrap(),
        expect![[r#"
            sort: it has 2 results (an array of reals, an array of indices), not 1 result (an array of reals) as asked for
              at tests/errors/results.rs:_
              x: x : f64[2], input at tests/errors/results.rs:_
              help: `tape.record` is for one array of reals; `tape.record_all` for results of any number and kind
        "#]],
    );
}
