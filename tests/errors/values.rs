//! Values that are refused, tapes that do not mix, and questions that have no answer.

use crate::check;
use autodiff::{ErrorKind, Tape};
use expect_test::expect;
use ndarray::array;

#[test]
fn an_index_out_of_range() {
    let tape = Tape::<f64>::new();
    let x = tape.input([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).named("x");
    let i = tape.index(array![0, 7, 9]).named("labels");
    let refused = |y: autodiff::Var<'_, f64>, expected| {
        let error = y.error().unwrap();
        assert_eq!(error.kind(), ErrorKind::Refused);
        check(error, expected);
    };
    refused(
        x.gather(i),
        expect![[r#"
        gather: index 7 (element 1) is out of range: there are 3 rows, from 0
          at tests/errors/values.rs:_
          x: x : f64[3, 2], input at tests/errors/values.rs:_
          i: labels : index[3], index at tests/errors/values.rs:_
    "#]],
    );
    refused(
        x.pick(i),
        expect![[r#"
        pick: index 7 (element 1) is out of range: there are 2 columns, from 0
          at tests/errors/values.rs:_
          x: x : f64[3, 2], input at tests/errors/values.rs:_
          i: labels : index[3], index at tests/errors/values.rs:_
    "#]],
    );
    refused(
        x.scatter_add(i, 2),
        expect![[r#"
        scatter_add: index 7 (element 1) is out of range: there are 2 rows, from 0
          at tests/errors/values.rs:_
          x: x : f64[3, 2], input at tests/errors/values.rs:_
          i: labels : index[3], index at tests/errors/values.rs:_
    "#]],
    );
    refused(
        x.sum(1).place(i, 2),
        expect![[r#"
        place: index 7 (element 1) is out of range: there are 2 columns, from 0
          at tests/errors/values.rs:_
          x: %5 : f64[3], sum at tests/errors/values.rs:_
          i: labels : index[3], index at tests/errors/values.rs:_
    "#]],
    );
    refused(
        i.one_hot(3),
        expect![[r#"
        place: index 7 (element 1) is out of range: there are 3 columns, from 0
          at tests/errors/values.rs:_
          x: %8 : f64[3], broadcast_to at tests/errors/values.rs:_
          i: labels : index[3], index at tests/errors/values.rs:_
    "#]],
    );
}

#[test]
fn more_than_memory_holds() {
    let tape = Tape::<f64>::new();
    let x = tape.input(1.0).named("x");
    check(
        x.broadcast_to([1 << 50]).error().unwrap(),
        expect![[r#"
        broadcast_to: no memory for an array of shape [1125899906842624]
          at tests/errors/values.rs:_
          x: x : f64[], input at tests/errors/values.rs:_
    "#]],
    );
    check(
        tape.key(1).uniform([1 << 50], 0).error().unwrap(),
        expect![[r#"
        uniform: no memory for an array of shape [1125899906842624]
          at tests/errors/values.rs:_
          k: %2 : key, key at tests/errors/values.rs:_
    "#]],
    );
}

#[test]
fn two_tapes_do_not_mix() {
    let (here, there) = (Tape::<f64>::new(), Tape::new());
    let x = here.input([1.0, 2.0]).named("x");
    let y = there.scope("other", || there.input(3.0).named("y"));
    let error = (x * y).error().unwrap();
    assert_eq!(error.kind(), ErrorKind::TapesMixed);
    check(
        error,
        expect![[r#"
            mul: the operands are on different tapes; an operation needs all its operands on one
              at tests/errors/values.rs:_
              operand 0, of this tape: x : f64[2], input at tests/errors/values.rs:_
              operand 1, of another tape: y : f64[], input at tests/errors/values.rs:_ (in other)
              help: bring the value over with `tape.input(x.value()?)` or `tape.constant(x.value()?)`
        "#]],
    );
    check(
        here.concat(&[x, y], 0).error().unwrap(),
        expect![[r#"
            concat: the operands are on different tapes; an operation needs all its operands on one
              at tests/errors/values.rs:_
              operand 0, of this tape: x : f64[2], input at tests/errors/values.rs:_
              operand 1, of another tape: y : f64[], input at tests/errors/values.rs:_ (in other)
              help: bring the value over with `tape.input(x.value()?)` or `tape.constant(x.value()?)`
        "#]],
    );
    check(
        x.select(y, 0.0).error().unwrap(),
        expect![[r#"
            select: the operands are on different tapes; an operation needs all its operands on one
              at tests/errors/values.rs:_
              operand 0, of this tape: x : f64[2], input at tests/errors/values.rs:_
              operand 1, of another tape: y : f64[], input at tests/errors/values.rs:_ (in other)
              operand 2, of this tape: %3 : f64[], constant at tests/errors/values.rs:_
              help: bring the value over with `tape.input(x.value()?)` or `tape.constant(x.value()?)`
        "#]],
    );
    check(
        x.sum(..).backward().unwrap().get(y).unwrap_err(),
        expect![[r#"
            gradient: the variable is on another tape
              at tests/errors/values.rs:_ (in other)
              variable: y : f64[], input at tests/errors/values.rs:_ (in other)
              result: %5 : f64[], sum at tests/errors/values.rs:_
              help: bring the value over with `tape.input(x.value()?)` or `tape.constant(x.value()?)`
        "#]],
    );
    check(
        x.sum(..).gradient(&[y]).unwrap_err(),
        expect![[r#"
            gradient: the variable is on another tape
              at tests/errors/values.rs:_ (in other)
              variable: y : f64[], input at tests/errors/values.rs:_ (in other)
              result: %6 : f64[], sum at tests/errors/values.rs:_
              help: bring the value over with `tape.input(x.value()?)` or `tape.constant(x.value()?)`
        "#]],
    );
    check(
        x.pullback(y, &[x]).unwrap_err(),
        expect![[r#"
            pullback: the seed is on another tape
              at tests/errors/values.rs:_ (in other)
              seed: y : f64[], input at tests/errors/values.rs:_ (in other)
              result: x : f64[2], input at tests/errors/values.rs:_
              help: bring the value over with `tape.input(x.value()?)` or `tape.constant(x.value()?)`
        "#]],
    );
    check(
        x.pushforward(&[(x, y)]).unwrap_err(),
        expect![[r#"
            pushforward: the direction is on another tape
              at tests/errors/values.rs:_ (in other)
              direction: y : f64[], input at tests/errors/values.rs:_ (in other)
              result: x : f64[2], input at tests/errors/values.rs:_
              help: bring the value over with `tape.input(x.value()?)` or `tape.constant(x.value()?)`
        "#]],
    );
    check(
        here.program(&[x, y]).unwrap_err(),
        expect![[r#"
            program: the output is on another tape
              at tests/errors/values.rs:_ (in other)
              output: y : f64[], input at tests/errors/values.rs:_ (in other)
              help: bring the value over with `tape.input(x.value()?)` or `tape.constant(x.value()?)`
        "#]],
    );
    check(
        here.program(&[x]).unwrap().record(&there, &[x.into()]).unwrap_err(),
        expect![[r#"
            record: argument 0 is on another tape
              argument: x : f64[2], input at tests/errors/values.rs:_
              input 0: x : f64[2], input at tests/errors/values.rs:_
        "#]],
    );
}

/// Wherever a loop or a condition takes it, also if the other tape is the longer one.
#[test]
fn loops_do_not_mix_tapes() {
    let (here, there) = (Tape::<f64>::new(), Tape::new());
    let x = here.input([1.0, 2.0]).named("x");
    for i in 0..20 {
        let _ = there.input(f64::from(i)).exp();
    }
    let y = there.input([3.0, 4.0]).named("y");
    let refused = [
        here.scan(2, [y], [], |_, [h], []| ([h], [])).0[0],
        here.scan(2, [], [y], |_, [], [row]| ([], [row])).1[0],
        here.scan(2, [x], [], |_, [h], []| ([h * y], [])).0[0],
        here.scan(2, [x], [], |_, [_], []| ([y], [])).0[0],
        here.cond(y.sum(..), || [x], || [x * 2.0])[0],
        here.cond(x.sum(..), || [x], || [y])[0],
        here.while_loop(2, [y], |_, [h]| ([h], h.sum(..))).0[0],
        here.while_loop(2, [x], |_, [h]| ([h], y.sum(..))).0[0],
    ];
    for (case, y) in refused.iter().enumerate() {
        let error = y.error().unwrap();
        assert_eq!(error.kind(), ErrorKind::TapesMixed, "case {case}: {error}");
        assert!(error.to_string().contains("tests/errors/values.rs:"), "case {case}: {error}");
    }
}

#[test]
fn one_number_of_an_array() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    let error = x.item().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotScalar);
    check(
        error,
        expect![[r#"
        item: expected an array with exactly one element
          at tests/errors/values.rs:_
          x: x : f64[2], input at tests/errors/values.rs:_
          help: reduce it with `sum(..)` or `mean(..)`, or read the array with `value()`
    "#]],
    );
    check(
        tape.input(Vec::<f64>::new()).item().unwrap_err(),
        expect![[r#"
        item: expected an array with exactly one element
          at tests/errors/values.rs:_
          x: %1 : f64[0], input at tests/errors/values.rs:_
          help: reduce it with `sum(..)` or `mean(..)`, or read the array with `value()`
    "#]],
    );
    let gradients = x.sum(..).backward().unwrap();
    check(
        gradients.item(x).unwrap_err(),
        expect![[r#"
        item: expected a gradient with exactly one element
          at tests/errors/values.rs:_
          x: x : f64[2], input at tests/errors/values.rs:_
          help: read the array with `get(x)`
    "#]],
    );
}

#[test]
fn a_value_on_a_tape_without_values() {
    let tape = Tape::<f64>::symbolic();
    let x = tape.input([1.0, 2.0]).named("x");
    let error = x.tanh().value().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoValue);
    check(
        error,
        expect![[r#"
            value: this tape is symbolic: its nodes have no values
              at tests/errors/values.rs:_
              x: %1 : f64[2], tanh at tests/errors/values.rs:_
              help: freeze the tape with `tape.program(&[y])` and run the program on inputs
        "#]],
    );
    check(
        x.sum(..).backward().unwrap_err(),
        expect![[r#"
            value: this tape is symbolic: its nodes have no values
              at tests/errors/values.rs:_
              x: %2 : f64[], sum at tests/errors/values.rs:_
              help: freeze the tape with `tape.program(&[y])` and run the program on inputs
        "#]],
    );
}
