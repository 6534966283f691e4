//! Lists of operands that do not fit: parts to join, indices, and operands of another number or kind.

use crate::shapes::{refused, zeros};
use autodiff::{Registry, Tape};
use expect_test::expect;
use ndarray::{Array3, array};

#[test]
fn parts_that_cannot_be_joined() {
    let tape = Tape::<f64>::new();
    let (x, y) = (zeros(&tape, [2, 3], "x"), zeros(&tape, [2, 4], "y"));
    refused(
        tape.concat(&[x, x, y], 0),
        expect![[r#"
        concat: [2, 3] and [2, 4] differ outside axis 0
          at tests/errors/operands.rs:_
          x₀: x : f64[2, 3], input at tests/errors/operands.rs:_
          x₁: x : f64[2, 3], input at tests/errors/operands.rs:_
          x₂: y : f64[2, 4], input at tests/errors/operands.rs:_
    "#]],
    );
    refused(
        tape.concat(&[x, y], 2),
        expect![[r#"
        concat: there is no axis 2 in x₀ [2, 3]; axes run from 0 to 1, or from −2 to −1
          at tests/errors/operands.rs:_
          x₀: x : f64[2, 3], input at tests/errors/operands.rs:_
          x₁: y : f64[2, 4], input at tests/errors/operands.rs:_
    "#]],
    );
    refused(
        tape.concat(&[], 0),
        expect![[r#"
        concat: takes one or more operands, got 0
          at tests/errors/operands.rs:_
    "#]],
    );
    refused(
        tape.stack(&[x, y], 0),
        expect![[r#"
            stack: arrays of the shapes [2, 3] and [2, 4] do not stack; they should have one shape
              at tests/errors/operands.rs:_
              a: x : f64[2, 3], input at tests/errors/operands.rs:_
              b: y : f64[2, 4], input at tests/errors/operands.rs:_
        "#]],
    );
    // Of a row and a column, no operand transposed would be a help.
    refused(
        tape.stack(&[zeros(&tape, [1], "x"), zeros(&tape, [2], "y")], 0),
        expect![[r#"
            stack: arrays of the shapes [1] and [2] do not stack; they should have one shape
              at tests/errors/operands.rs:_
              a: x : f64[1], input at tests/errors/operands.rs:_
              b: y : f64[2], input at tests/errors/operands.rs:_
        "#]],
    );
    refused(
        tape.stack(&[], 0),
        expect![[r#"
        stack: takes one or more arrays, got 0
          at tests/errors/operands.rs:_
    "#]],
    );
}

#[test]
fn indices_that_do_not_fit_their_array() {
    let tape = Tape::new();
    let (x, i) = (zeros(&tape, [2, 3], "x"), tape.index(array![0, 1, 0]).named("labels"));
    refused(
        x.pick(i),
        expect![[r#"
            pick: i [3] should have the shape [2]: one index for each row of x [2, 3]
              at tests/errors/operands.rs:_
              x: x : f64[2, 3], input at tests/errors/operands.rs:_
              i: labels : index[3], index at tests/errors/operands.rs:_
        "#]],
    );
    refused(
        x.place(i, 3),
        expect![[r#"
        place: x [2, 3] and i [3] should have the same shape
          at tests/errors/operands.rs:_
          x: x : f64[2, 3], input at tests/errors/operands.rs:_
          i: labels : index[3], index at tests/errors/operands.rs:_
    "#]],
    );
    refused(
        x.scatter_add(i, 3),
        expect![[r#"
        scatter_add: the leading axes of x [2, 3] are not those of i [3]
          at tests/errors/operands.rs:_
          x: x : f64[2, 3], input at tests/errors/operands.rs:_
          i: labels : index[3], index at tests/errors/operands.rs:_
    "#]],
    );
    refused(
        tape.input(1.0).gather(i),
        expect![[r#"
        gather: x is a number and has no rows
          at tests/errors/operands.rs:_
          x: %5 : f64[], input at tests/errors/operands.rs:_
          i: labels : index[3], index at tests/errors/operands.rs:_
    "#]],
    );
}

#[test]
fn operands_of_another_number_and_kind() {
    let tape = Tape::<f64>::new();
    let registry = Registry::standard();
    let make = |name: &str| registry.make(name, &autodiff::Attributes::new(), &[]).unwrap();
    let (x, i) = (tape.input(Array3::zeros((2, 2, 2))), tape.index(array![0]));
    refused(
        tape.record(make("tanh"), &[x.into(), x.into()]),
        expect![[r#"
            tanh: takes 1 operand, got 2
              at tests/errors/operands.rs:_
              x: %0 : f64[2, 2, 2], input at tests/errors/operands.rs:_
              one more: %0 : f64[2, 2, 2], input at tests/errors/operands.rs:_
        "#]],
    );
    refused(
        tape.record(make("add"), &[x.into(), i.into()]),
        expect![[r#"
            add: b should be an array of reals, not an array of indices
              at tests/errors/operands.rs:_
              a: %0 : f64[2, 2, 2], input at tests/errors/operands.rs:_
              b: %1 : index[1], index at tests/errors/operands.rs:_
        "#]],
    );
    refused(
        tape.record(make("gather"), &[x.into(), tape.key(1).into()]),
        expect![[r#"
            gather: i should be an array of indices, not a random key
              at tests/errors/operands.rs:_
              x: %0 : f64[2, 2, 2], input at tests/errors/operands.rs:_
              i: %4 : key, key at tests/errors/operands.rs:_
        "#]],
    );
}
