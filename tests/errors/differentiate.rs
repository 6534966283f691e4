//! Derivatives that cannot be had, and why.

use crate::check;
use autodiff::{ErrorKind, Gradients, Tape, Var};
use expect_test::{Expect, expect};

#[test]
fn the_gradient_of_an_array() {
    let tape = Tape::<f64>::new();
    let x = tape.input([[1.0, 2.0]]).named("x");
    let y = (x * 2.0).named("y");
    let error = y.backward().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotScalar);
    check(
        error,
        expect![[r#"
        backward: the gradient of an array [1, 2] needs a seed
          at tests/errors/differentiate.rs:_
          y: y : f64[1, 2], mul at tests/errors/differentiate.rs:_
          help: reduce it to a number with `sum(..)` or `mean(..)`, or give a seed: `backward_from(seed)`
    "#]],
    );
    check(
        y.gradient(&[x]).unwrap_err(),
        expect![[r#"
        gradient: the gradient of an array [1, 2] needs a seed
          at tests/errors/differentiate.rs:_
          y: y : f64[1, 2], mul at tests/errors/differentiate.rs:_
          help: reduce it to a number with `sum(..)` or `mean(..)`, or give a seed: `pullback(seed, …)`
    "#]],
    );
    check(
        autodiff::grad(|x: Var<'_, f64>| x * x, [1.0, 2.0]).unwrap_err(),
        expect![[r#"
        backward: the gradient of an array [2] needs a seed
          at tests/errors/differentiate.rs:_
          y: %1 : f64[2], mul at tests/errors/differentiate.rs:_
          help: reduce it to a number with `sum(..)` or `mean(..)`, or give a seed: `backward_from(seed)`
    "#]],
    );
}

#[test]
fn seeds_and_directions_of_another_shape() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0, 3.0]).named("x");
    let y = x.exp().named("y");
    let error = y.backward_from([1.0, 2.0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    check(
        error,
        expect![[r#"
            backward_from: the seed has shape [2], the result [3]; a cotangent has the shape of its result
              at tests/errors/differentiate.rs:_
              result: y : f64[3], exp at tests/errors/differentiate.rs:_
        "#]],
    );
    let seed = tape.constant(1.0).named("seed");
    check(
        y.pullback(seed, &[x]).unwrap_err(),
        expect![[r#"
            pullback: the seed has shape [], the result [3]; a cotangent has the shape of its result
              at tests/errors/differentiate.rs:_
              result: y : f64[3], exp at tests/errors/differentiate.rs:_
              seed: seed : f64[], constant at tests/errors/differentiate.rs:_
        "#]],
    );
    check(
        y.pushforward(&[(x, seed)]).unwrap_err(),
        expect![[r#"
        pushforward: the direction has shape [], the variable [3]
          at tests/errors/differentiate.rs:_
          x: x : f64[3], input at tests/errors/differentiate.rs:_
    "#]],
    );
}

#[test]
fn derivatives_of_an_error() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    let wrong = x.reshape([3]);
    let first = wrong.error().unwrap();
    assert_eq!(wrong.value().unwrap_err(), first);
    assert_eq!(wrong.item().unwrap_err(), first);
    assert_eq!(wrong.read(|_| ()).unwrap_err(), first);
    assert_eq!(wrong.sum(..).backward().unwrap_err(), first);
    assert_eq!(wrong.backward_from(1.0).unwrap_err(), first);
    assert_eq!(wrong.gradient(&[x]).unwrap_err(), first);
    assert_eq!(wrong.pullback(x, &[x]).unwrap_err(), first);
    assert_eq!(wrong.pushforward(&[(x, x)]).unwrap_err(), first);
    assert_eq!(tape.program(&[x, wrong]).unwrap_err(), first);
    assert_eq!(x.sum(..).gradient(&[wrong]).unwrap_err(), first);
    assert_eq!(x.pullback(wrong, &[x]).unwrap_err(), first);
    assert_eq!(x.pushforward(&[(x, wrong)]).unwrap_err(), first);
    assert_eq!(x.sum(..).backward().unwrap().get(wrong).unwrap_err(), first);
    assert_eq!(tape.with_rule("errors::id", &[wrong], |x| x[0], |at, dy| at.one(|| dy)).unwrap_err(), first);
    assert_eq!(autodiff::grad(|x: Var<'_, f64>| x.reshape([3]), [1.0]).unwrap_err().kind(), ErrorKind::Mismatch);
}

fn missing<'t>(gradients: &Gradients<'t, f64>, x: Var<'t, f64>, kind: ErrorKind, expected: Expect) {
    let error = gradients.why_no_gradient(x).expect("no gradient");
    assert_eq!(error.kind(), kind);
    assert_eq!(gradients.get(x).unwrap_err(), error);
    assert_eq!(gradients.item(x).unwrap_err(), error);
    check(error, expected);
}

#[test]
fn why_there_is_no_gradient() {
    use ErrorKind::{NoGradient, NotDifferentiable};
    let tape = Tape::<f64>::new();
    let unused = tape.input(1.0).named("unused");
    let aside = tape.input(2.0).named("aside");
    let _elsewhere = aside * 2.0;
    let cut = tape.input(3.0).named("cut");
    let signed = tape.input(4.0).named("signed");
    let compared = tape.input(5.0).named("compared");
    let data = tape.data(6.0).named("batch");
    let used = tape.input(7.0).named("used");
    let middle = (used * data).named("middle");
    let constant = tape.constant(8.0);
    let body = middle + (cut * 2.0).stop_gradient() + signed.tanh().sign() + compared.gt(4.0) + constant;
    let loss = body.square().named("loss");
    let gradients = loss.backward().unwrap();
    assert!(gradients.why_no_gradient(used).is_none());
    missing(
        &gradients,
        unused,
        NoGradient,
        expect![[r#"
            gradient: `unused` was never used
              at tests/errors/differentiate.rs:_
              x: unused : f64[], input at tests/errors/differentiate.rs:_
              help: is it the variable that was meant?
        "#]],
    );
    missing(
        &gradients,
        aside,
        NoGradient,
        expect![[r#"
            gradient: `aside` is used, but not on the way to the result
              at tests/errors/differentiate.rs:_
              x: aside : f64[], input at tests/errors/differentiate.rs:_
              result: loss : f64[], mul at tests/errors/differentiate.rs:_
        "#]],
    );
    missing(
        &gradients,
        cut,
        NoGradient,
        expect![[r#"
            gradient: `cut` is cut off by `stop_gradient` at tests/errors/differentiate.rs:_
              at tests/errors/differentiate.rs:_
              x: cut : f64[], input at tests/errors/differentiate.rs:_
              cut: %13 : f64[], stop_gradient at tests/errors/differentiate.rs:_
        "#]],
    );
    missing(
        &gradients,
        signed,
        NotDifferentiable,
        expect![[r#"
            gradient: a path to `signed` leads through `sign`: sign jumps at 0 and is constant elsewhere, so a gradient through it tells nothing; use tanh or a sigmoid, or cut it off with `stop_gradient`
              at tests/errors/differentiate.rs:_
              x: signed : f64[], input at tests/errors/differentiate.rs:_
              through: %16 : f64[], sign at tests/errors/differentiate.rs:_
        "#]],
    );
    missing(
        &gradients,
        compared,
        NotDifferentiable,
        expect![[r#"
            gradient: a path to `compared` leads through `greater`: a comparison jumps where its operands are equal and is constant elsewhere; use it as the condition of `select`
              at tests/errors/differentiate.rs:_
              x: compared : f64[], input at tests/errors/differentiate.rs:_
              through: %19 : f64[], greater at tests/errors/differentiate.rs:_
        "#]],
    );
    missing(
        &gradients,
        data,
        NoGradient,
        expect![[r#"
            gradient: `batch` was recorded as data, or made of data and constants only
              at tests/errors/differentiate.rs:_
              x: batch : f64[], data at tests/errors/differentiate.rs:_
              help: record it with `tape.input(…)`, or ask for it: `y.gradient(&[x])`
        "#]],
    );
    missing(
        &gradients,
        constant,
        NoGradient,
        expect![[r#"
            gradient: x was recorded as data, or made of data and constants only
              at tests/errors/differentiate.rs:_
              x: %10 : f64[], constant at tests/errors/differentiate.rs:_
              help: record it with `tape.input(…)`, or ask for it: `y.gradient(&[x])`
        "#]],
    );
    missing(
        &gradients,
        middle,
        NoGradient,
        expect![[r#"
            gradient: `middle` is an intermediate result, whose cotangent is freed after its last use
              at tests/errors/differentiate.rs:_
              x: middle : f64[], mul at tests/errors/differentiate.rs:_
              help: ask for it: `y.gradient(&[x])`
        "#]],
    );
    let later = tape.input(1.0).named("later");
    missing(
        &gradients,
        later * loss,
        NoGradient,
        expect![[r#"
            gradient: x was never used
              at tests/errors/differentiate.rs:_
              x: %24 : f64[], mul at tests/errors/differentiate.rs:_
              help: is it the variable that was meant?
        "#]],
    );
    missing(
        &gradients,
        later,
        NoGradient,
        expect![[r#"
            gradient: `later` is used, but not on the way to the result
              at tests/errors/differentiate.rs:_
              x: later : f64[], input at tests/errors/differentiate.rs:_
              result: loss : f64[], mul at tests/errors/differentiate.rs:_
        "#]],
    );

    // Asked for by name, what `backward` frees is there, and what it lacks is explained the same.
    assert_eq!(loss.gradient(&[middle]).unwrap()[0].item().unwrap(), 2.0 * body.item().unwrap());
    assert_eq!(loss.gradient(&[data]).unwrap()[0].item().unwrap(), 2.0 * 7.0 * body.item().unwrap());
    for x in [unused, aside, cut, signed, compared] {
        let recorded = loss.gradient(&[used, x]).unwrap_err();
        assert_eq!(Some(recorded.kind()), gradients.why_no_gradient(x).map(|error| error.kind()));
        assert_eq!(Some(recorded), gradients.why_no_gradient(x));
    }
}

#[test]
fn a_gradient_that_was_taken_is_gone() {
    let tape = Tape::<f64>::new();
    let x = tape.input(1.0).named("x");
    let mut gradients = x.exp().backward().unwrap();
    gradients.take(x).unwrap();
    check(
        gradients.get(x).unwrap_err(),
        expect![[r#"
            gradient: it was taken out with `take` before
              at tests/errors/differentiate.rs:_
              x: x : f64[], input at tests/errors/differentiate.rs:_
        "#]],
    );
}

/// A zero on one of the ways to an intermediate result is not its gradient.
#[test]
fn an_intermediate_result_with_a_zero_on_one_way() {
    let tape = Tape::<f64>::new();
    let x = tape.input(2.0).named("x");
    let h = (x * 3.0).named("h");
    let y = h.select(1.0, x) + h;
    let gradients = y.backward().unwrap();
    assert_eq!(gradients.item(x).unwrap(), 3.0);
    missing(
        &gradients,
        h,
        ErrorKind::NoGradient,
        expect![[r#"
            gradient: `h` is an intermediate result, whose cotangent is freed after its last use
              at tests/errors/differentiate.rs:_
              x: h : f64[], mul at tests/errors/differentiate.rs:_
              help: ask for it: `y.gradient(&[x])`
        "#]],
    );
    // Zero alone is an answer.
    assert_eq!(x.select(1.0, 2.0).backward().unwrap().item(x).unwrap(), 0.0);
}

#[test]
fn forward_mode_refuses_too() {
    let tape = Tape::<f64>::new();
    let x = tape.input(2.0).named("x");
    let error = x.sign().pushforward(&[(x, x)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotDifferentiable);
    check(
        error,
        expect![[r#"
        sign: sign jumps at 0 and is constant elsewhere, so a gradient through it tells nothing; use tanh or a sigmoid, or cut it off with `stop_gradient`
          at tests/errors/differentiate.rs:_
          y: %1 : f64[], sign at tests/errors/differentiate.rs:_
    "#]],
    );
}

/// A refusal is not undone by a zero on another way, in whatever order the two are met.
#[test]
fn a_refusal_beside_a_zero() {
    let tape = Tape::<f64>::new();
    let x = tape.input(2.0).named("x");
    let refusing = x.sign();
    let zero = x.powi(0);
    for y in [refusing + zero, x.powi(0) + x.sign(), x.select(1.0, 2.0) * x.sign()] {
        let error = y.backward().unwrap().why_no_gradient(x).unwrap();
        assert_eq!(error.kind(), ErrorKind::NotDifferentiable);
        assert_eq!(y.gradient(&[x]).unwrap_err(), error);
    }
}

/// What had arrived at a node that is refused then is not there in the next walk.
#[test]
fn a_refused_walk_leaves_nothing_for_the_next() {
    let tape = Tape::<f64>::new();
    let x = tape.input(2.0).named("x");
    let h = x * 5.0;
    let refused = h.sign() + h * 3.0;
    assert!(refused.backward().unwrap().why_no_gradient(x).is_some());
    assert_eq!((h * 7.0).backward().unwrap().item(x).unwrap(), 35.0);
}

/// The slope of sign(x)·x is that of |x|, which the rule of the product alone does not know.
#[test]
fn forward_mode_refuses_what_lies_behind_a_refusal() {
    let tape = Tape::<f64>::new();
    let x = tape.input(2.0).named("x");
    let (y, z) = (x.sign() * x, x * x.sign());
    for y in [y, z, (y + 1.0).exp()] {
        let error = y.pushforward(&[(x, x)]).unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::NotDifferentiable, "sign"));
    }
    // The condition of a select is no part of it.
    let y = x.sign().select(x * 3.0, x);
    assert_eq!(y.pushforward(&[(x, tape.constant(1.0))]).unwrap().item().unwrap(), 3.0);
}

/// The gradients that are there, by the ids of their variables.
#[test]
fn gradients_say_what_they_are_of() {
    let tape = Tape::<f64>::new();
    let (x, data, w) = (tape.input(1.0), tape.data(2.0), tape.input(3.0));
    let y = x * data * w;
    let said = |y: Var<'_, f64>| format!("{:?}", y.backward().unwrap());
    assert_eq!(said(y), format!("Gradients of {} at {:?}", y.id(), [x.id(), w.id()]));
    assert_eq!(said(x), format!("Gradients of {} at {:?}", x.id(), [x.id()]));
}

/// The result is an intermediate result as well, and so is one of data alone.
#[test]
fn the_gradient_of_a_result_by_itself() {
    let tape = Tape::<f64>::new();
    let (x, data) = (tape.input(1.0), tape.data(2.0));
    for (y, reason) in
        [(x * 2.0, "x is an intermediate result"), (data * 3.0, "x was recorded as data, or made of data")]
    {
        let error = y.backward().unwrap().why_no_gradient(y).unwrap();
        assert!(error.kind() == ErrorKind::NoGradient && error.message().starts_with(reason), "{error}");
        assert_eq!(y.gradient(&[y]).unwrap()[0].item().unwrap(), 1.0);
    }
}
