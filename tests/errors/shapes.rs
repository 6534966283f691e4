//! Operands whose shapes do not fit.

use crate::check;
use autodiff::{ErrorKind, Tape, Var};
use expect_test::expect;
use ndarray::array;

pub fn refused(y: Var<'_, f64>, expected: expect_test::Expect) {
    let error = y.error().expect("an error");
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    check(error, expected);
}

#[track_caller]
pub fn zeros<'t, const N: usize>(tape: &'t Tape<f64>, shape: [usize; N], name: &str) -> Var<'t, f64> {
    tape.input(ndarray::ArrayD::zeros(shape.to_vec())).named(name)
}

#[test]
fn a_product_that_a_transpose_would_mend() {
    let tape = Tape::new();
    let (w, x) = (zeros(&tape, [4, 3], "w"), zeros(&tape, [4, 5], "x"));
    refused(
        w.matmul(x),
        expect![[r#"
        matmul: the inner lengths differ: axis 1 of a is 3, axis 0 of b is 4
          at tests/errors/shapes.rs:_
          a: w : f64[4, 3], input at tests/errors/shapes.rs:_
          b: x : f64[4, 5], input at tests/errors/shapes.rs:_
          help: `a.transpose()` would fit and give [3, 5]
    "#]],
    );
}

#[test]
fn a_product_that_exchanging_would_mend() {
    let tape = Tape::new();
    let (w, x) = (zeros(&tape, [3, 4], "w"), zeros(&tape, [2, 3], "x"));
    refused(
        w.matmul(x),
        expect![[r#"
        matmul: the inner lengths differ: axis 1 of a is 4, axis 0 of b is 2
          at tests/errors/shapes.rs:_
          a: w : f64[3, 4], input at tests/errors/shapes.rs:_
          b: x : f64[2, 3], input at tests/errors/shapes.rs:_
          help: the operands exchanged would fit and give [2, 4]
    "#]],
    );
}

#[test]
fn a_product_that_nothing_mends() {
    let tape = Tape::new();
    let (w, x) = (zeros(&tape, [4, 3], "w"), tape.constant([1.0, 2.0]));
    refused(
        w.matmul(x),
        expect![[r#"
        matmul: the inner lengths differ: axis 1 of a is 3, axis 0 of b is 2
          at tests/errors/shapes.rs:_
          a: w : f64[4, 3], input at tests/errors/shapes.rs:_
          b: %1 : f64[2], constant at tests/errors/shapes.rs:_
    "#]],
    );
}

#[test]
fn a_product_with_a_vector_on_the_left() {
    let tape = Tape::new();
    let (x, w) = (zeros(&tape, [4], "x"), zeros(&tape, [3, 4], "w"));
    refused(
        x.matmul(w),
        expect![[r#"
        matmul: the inner lengths differ: axis 0 of a is 4, axis 0 of b is 3
          at tests/errors/shapes.rs:_
          a: x : f64[4], input at tests/errors/shapes.rs:_
          b: w : f64[3, 4], input at tests/errors/shapes.rs:_
          help: `b.transpose()` would fit and give [3]
    "#]],
    );
}

#[test]
fn a_product_of_many_matrices() {
    let tape = Tape::new();
    let (a, b) = (zeros(&tape, [5, 2, 3], "a"), zeros(&tape, [5, 4, 3], "b"));
    refused(
        a.matmul(b),
        expect![[r#"
        matmul: the inner lengths differ: axis 2 of a is 3, axis 1 of b is 4
          at tests/errors/shapes.rs:_
          a: a : f64[5, 2, 3], input at tests/errors/shapes.rs:_
          b: b : f64[5, 4, 3], input at tests/errors/shapes.rs:_
          help: `b.transpose_last()` would fit and give [5, 2, 4]
    "#]],
    );
    let c = zeros(&tape, [4, 3, 2], "c");
    refused(
        a.matmul(c),
        expect![[r#"
        matmul: the leading axes [5] of a [5, 2, 3] and [4] of b [4, 3, 2] do not broadcast: counted from the last, their lengths should be equal or one of them 1
          at tests/errors/shapes.rs:_
          a: a : f64[5, 2, 3], input at tests/errors/shapes.rs:_
          b: c : f64[4, 3, 2], input at tests/errors/shapes.rs:_
    "#]],
    );
}

#[test]
fn a_product_of_other_ranks() {
    let tape = Tape::new();
    let (a, b) = (zeros(&tape, [2, 2, 2], "a"), tape.input(2.0));
    refused(
        a.matmul(b),
        expect![[r#"
            matmul: b is a number; a matrix or a vector is needed
              at tests/errors/shapes.rs:_
              a: a : f64[2, 2, 2], input at tests/errors/shapes.rs:_
              b: %1 : f64[], input at tests/errors/shapes.rs:_
              help: `a * b` multiplies each element by a number
        "#]],
    );
}

#[test]
fn broadcasting_a_column() {
    let tape = Tape::new();
    let (x, b) = (zeros(&tape, [2, 3], "x"), zeros(&tape, [2], "b"));
    refused(
        x + b,
        expect![[r#"
            add: [2, 3] and [2] do not broadcast: axis −1 is 3 in a and 2 in b, and neither is 1
              at tests/errors/shapes.rs:_
              a: x : f64[2, 3], input at tests/errors/shapes.rs:_
              b: b : f64[2], input at tests/errors/shapes.rs:_
              help: `b.reshape([2, 1])` would fit and give [2, 3]
        "#]],
    );
    refused(
        b / x,
        expect![[r#"
            div: [2] and [2, 3] do not broadcast: axis −1 is 2 in a and 3 in b, and neither is 1
              at tests/errors/shapes.rs:_
              a: b : f64[2], input at tests/errors/shapes.rs:_
              b: x : f64[2, 3], input at tests/errors/shapes.rs:_
              help: `a.reshape([2, 1])` would fit and give [2, 3]
        "#]],
    );
}

#[test]
fn broadcasting_a_transpose() {
    let tape = Tape::new();
    let (x, y) = (zeros(&tape, [2, 3], "x"), zeros(&tape, [3, 2], "y"));
    refused(
        x * y,
        expect![[r#"
        mul: [2, 3] and [3, 2] do not broadcast: axis −1 is 3 in a and 2 in b, and neither is 1
          at tests/errors/shapes.rs:_
          a: x : f64[2, 3], input at tests/errors/shapes.rs:_
          b: y : f64[3, 2], input at tests/errors/shapes.rs:_
          help: `a.transpose()` would fit and give [3, 2]
    "#]],
    );
}

#[test]
fn broadcasting_that_nothing_mends() {
    let tape = Tape::new();
    let (x, y) = (zeros(&tape, [2, 3], "x"), zeros(&tape, [4, 5], "y"));
    refused(
        x - y,
        expect![[r#"
        sub: [2, 3] and [4, 5] do not broadcast: axis −1 is 3 in a and 5 in b, and neither is 1
          at tests/errors/shapes.rs:_
          a: x : f64[2, 3], input at tests/errors/shapes.rs:_
          b: y : f64[4, 5], input at tests/errors/shapes.rs:_
    "#]],
    );
    refused(
        x.gt(y),
        expect![[r#"
        greater: [2, 3] and [4, 5] do not broadcast: axis −1 is 3 in a and 5 in b, and neither is 1
          at tests/errors/shapes.rs:_
          a: x : f64[2, 3], input at tests/errors/shapes.rs:_
          b: y : f64[4, 5], input at tests/errors/shapes.rs:_
    "#]],
    );
    refused(
        x.maximum(y),
        expect![[r#"
        maximum: [2, 3] and [4, 5] do not broadcast: axis −1 is 3 in a and 5 in b, and neither is 1
          at tests/errors/shapes.rs:_
          a: x : f64[2, 3], input at tests/errors/shapes.rs:_
          b: y : f64[4, 5], input at tests/errors/shapes.rs:_
    "#]],
    );
}

#[test]
fn select_of_shapes_that_do_not_broadcast() {
    let tape = Tape::new();
    let (c, a, b) = (zeros(&tape, [2], "c"), zeros(&tape, [3], "a"), tape.input(1.0));
    refused(
        c.select(a, b),
        expect![[r#"
            select: [2], [3], [] do not broadcast to one shape
              at tests/errors/shapes.rs:_
              c: c : f64[2], input at tests/errors/shapes.rs:_
              a: a : f64[3], input at tests/errors/shapes.rs:_
              b: %2 : f64[], input at tests/errors/shapes.rs:_
        "#]],
    );
}

#[test]
fn a_bias_of_another_width() {
    let tape = Tape::new();
    let (x, b) = (zeros(&tape, [2, 3], "x"), zeros(&tape, [2], "b"));
    refused(
        x.add_bias(b),
        expect![[r#"
        add_bias: the last axis of x is 3 long, b is 2 long
          at tests/errors/shapes.rs:_
          x: x : f64[2, 3], input at tests/errors/shapes.rs:_
          b: b : f64[2], input at tests/errors/shapes.rs:_
          help: `x.transpose()` would fit and give [3, 2]
    "#]],
    );
    refused(
        x.add_bias(x),
        expect![[r#"
        add_bias: rows plus a vector are needed, not [2, 3] plus [2, 3]
          at tests/errors/shapes.rs:_
          x: x : f64[2, 3], input at tests/errors/shapes.rs:_
          b: x : f64[2, 3], input at tests/errors/shapes.rs:_
    "#]],
    );
}

#[test]
fn shapes_of_other_sizes() {
    let tape = Tape::new();
    let x = zeros(&tape, [2, 3], "x");
    refused(
        x.reshape([4]),
        expect![[r#"
            reshape: x [2, 3] has 6 elements, the shape [4] takes 4
              at tests/errors/shapes.rs:_
              x: x : f64[2, 3], input at tests/errors/shapes.rs:_
        "#]],
    );
    refused(
        x.broadcast_to([3]),
        expect![[r#"
        broadcast_to: [2, 3] does not broadcast to [3]
          at tests/errors/shapes.rs:_
          x: x : f64[2, 3], input at tests/errors/shapes.rs:_
    "#]],
    );
    refused(
        x.sum_to([2]),
        expect![[r#"
            sum_to: [2, 3] is not a broadcast of [2]
              at tests/errors/shapes.rs:_
              x: x : f64[2, 3], input at tests/errors/shapes.rs:_
        "#]],
    );
    refused(
        x.broadcast_to([usize::MAX, 2, 3]),
        expect![[r#"
        broadcast_to: the result would be too large: [18446744073709551615, 2, 3]
          at tests/errors/shapes.rs:_
          x: x : f64[2, 3], input at tests/errors/shapes.rs:_
    "#]],
    );
}

#[test]
fn axes_that_do_not_exist() {
    let tape = Tape::new();
    let x = zeros(&tape, [2, 3], "x");
    refused(
        x.sum(2),
        expect![[r#"
        sum: there is no axis 2 in x [2, 3]; axes run from 0 to 1, or from −2 to −1
          at tests/errors/shapes.rs:_
          x: x : f64[2, 3], input at tests/errors/shapes.rs:_
    "#]],
    );
    refused(
        x.mean([0, 0]),
        expect![[r#"
            sum: the axes [0, 0] do not fit: one appears twice
              at tests/errors/shapes.rs:_
              x: x : f64[2, 3], input at tests/errors/shapes.rs:_
        "#]],
    );
    refused(
        x.softmax(5),
        expect![[r#"
        softmax: there is no axis 5 in x [2, 3]; axes run from 0 to 1, or from −2 to −1
          at tests/errors/shapes.rs:_
          x: x : f64[2, 3], input at tests/errors/shapes.rs:_
    "#]],
    );
    refused(
        x.slice(2, 0..1),
        expect![[r#"
        slice: there is no axis 2 in x [2, 3]; axes run from 0 to 1, or from −2 to −1
          at tests/errors/shapes.rs:_
          x: x : f64[2, 3], input at tests/errors/shapes.rs:_
    "#]],
    );
    refused(
        x.slice(1, 2..4),
        expect![[r#"
        slice: 2..4 is not a range of axis 1 of x [2, 3], which is 3 long
          at tests/errors/shapes.rs:_
          x: x : f64[2, 3], input at tests/errors/shapes.rs:_
    "#]],
    );
    #[allow(clippy::reversed_empty_ranges)]
    refused(
        x.slice(1, 2..1),
        expect![[r#"
        slice: 2..1 is not a range of axis 1 of x [2, 3], which is 3 long
          at tests/errors/shapes.rs:_
          x: x : f64[2, 3], input at tests/errors/shapes.rs:_
    "#]],
    );
    refused(
        x.pad(7, 1, 1),
        expect![[r#"
        pad: there is no axis 7 in x [2, 3]; axes run from 0 to 1, or from −2 to −1
          at tests/errors/shapes.rs:_
          x: x : f64[2, 3], input at tests/errors/shapes.rs:_
    "#]],
    );
    refused(
        x.permute([0, 2]),
        expect![[r#"
            transpose: there is no axis 2 in x [2, 3]; axes run from 0 to 1, or from −2 to −1
              at tests/errors/shapes.rs:_
              x: x : f64[2, 3], input at tests/errors/shapes.rs:_
        "#]],
    );
    refused(
        x.permute([0]),
        expect![[r#"
        transpose: [0] is not an order of the 2 axes of x [2, 3]
          at tests/errors/shapes.rs:_
          x: x : f64[2, 3], input at tests/errors/shapes.rs:_
    "#]],
    );
}

#[test]
fn the_largest_of_none() {
    let tape = Tape::new();
    refused(
        zeros(&tape, [2, 0], "x").max(1),
        expect![[r#"
            max: the largest of no elements
              at tests/errors/shapes.rs:_
              x: x : f64[2, 0], input at tests/errors/shapes.rs:_
        "#]],
    );
    // Of which one is wanted, or none.
    let error = zeros(&tape, [0], "x").max(..).error().unwrap();
    assert_eq!(error.message(), "the largest of no elements");
    assert_eq!(zeros(&tape, [0, 2], "x").max(1).shape().unwrap(), [0].into());
}

#[test]
fn a_placeholder_no_machine_could_hold() {
    let tape = Tape::<f64>::symbolic();
    let autodiff::Arg::Real(x) = tape.placeholder(autodiff::Kind::Real, [usize::MAX, 2]) else { panic!("a var") };
    refused(
        x,
        expect![[r#"
        placeholder: the array would be too large: [18446744073709551615, 2]
          at tests/errors/shapes.rs:_
    "#]],
    );
}

#[test]
fn an_error_is_in_the_scope_and_of_the_line_it_was_made_for() {
    let tape = Tape::<f64>::new();
    let w = tape.scope("encoder", || tape.scope("0", || zeros(&tape, [4, 3], "weight")));
    let x = zeros(&tape, [2, 4], "x");
    let y = tape.attributed(|| tape.scope("encoder", || tape.scope("1", || x.tanh().matmul(w.transpose()))));
    refused(
        y,
        expect![[r#"
        matmul: the inner lengths differ: axis 1 of a is 4, axis 0 of b is 3
          at tests/errors/shapes.rs:_ (in encoder.1)
          a: %2 : f64[2, 4], tanh at tests/errors/shapes.rs:_ (in encoder.1)
          b: %3 : f64[3, 4], transpose at tests/errors/shapes.rs:_ (in encoder.1)
          help: `b.transpose()` would fit and give [2, 3]
    "#]],
    );
}

#[test]
fn the_first_error_is_the_one_reported() {
    let tape = Tape::<f64>::new();
    let x = zeros(&tape, [2, 3], "x");
    let wrong = x.reshape([4]);
    let first = wrong.error().unwrap();
    let other = x.reshape([5]);
    let i = tape.index(array![0]);
    let later = [
        wrong + x,
        x * wrong,
        2.0 - wrong,
        -wrong,
        wrong.matmul(other),
        wrong.sum(9),
        wrong.mean([0, 0]),
        wrong.prod(..),
        wrong.variance(..),
        wrong.softplus(),
        wrong.norm(..).log(),
        wrong.transpose(),
        wrong.gather(i),
        wrong.clamp(0.0, 1.0),
        wrong.select(x, other),
        x.select(wrong, 0.0),
        tape.concat(&[x, wrong, other], 0),
        tape.stack(&[x, wrong], 0),
        (0..1000).fold(wrong, |y, _| y.tanh() + x),
    ];
    for (n, y) in later.into_iter().enumerate() {
        assert_eq!(y.error(), Some(first.clone()), "operation {n}");
    }
}

/// What can be recorded can be written and read again: the number of axes has one limit everywhere.
#[test]
fn an_array_has_at_most_64_axes_wherever_it_comes_from() {
    let ones = |axes: usize| ndarray::ArrayD::<f64>::ones(vec![1; axes]);
    let tape = Tape::<f64>::new();
    let most = tape.input(ones(64));
    let text = tape.program(&[most * 2.0]).unwrap().to_text();
    assert_eq!(autodiff::Program::<f64>::parse(&text, &autodiff::Registry::standard()).unwrap().to_text(), text);
    let x = tape.input(2.0);
    for (y, what) in [
        (tape.input(ones(65)), "this one"),
        (tape.data(ones(65)), "this one"),
        (tape.constant(ones(65)), "this one"),
        (x.reshape(vec![1; 65]), "the result"),
        (x.broadcast_to(vec![1; 65]), "the result"),
        (most.unsqueeze(0), "the result"),
        (tape.symbolic_input(vec![1; 65]), "the array"),
    ] {
        let error = y.shape().unwrap_err();
        assert_eq!(error.message(), format!("an array has at most 64 axes, {what} would have 65"));
        assert!(error.place().unwrap().to_string().contains("shapes.rs"), "{error}");
    }
    let indices = tape.index(ndarray::ArrayD::<usize>::zeros(vec![1; 65]));
    assert!(indices.value().unwrap_err().message().contains("at most 64 axes"));
}
