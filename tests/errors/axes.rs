//! Axes and positions that there are not.

use crate::shapes::{refused, zeros};
use autodiff::{Tape, Var};
use expect_test::expect;

/// The first line of each error: where it was and what was given is tested elsewhere.
fn first_lines<const N: usize>(vars: [Var<'_, f64>; N], expected: expect_test::Expect) {
    let lines = vars.map(|y| y.error().map_or("no error".into(), |error| error.to_string()));
    let lines: Vec<&str> = lines.iter().map(|text| text.lines().next().unwrap_or_default()).collect();
    expected.assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn an_axis_counted_from_the_last() {
    let tape = Tape::new();
    refused(
        zeros(&tape, [4, 3], "x").softmax(-3),
        expect![[r#"
        softmax: there is no axis −3 in x [4, 3]; axes run from 0 to 1, or from −2 to −1
          at tests/errors/axes.rs:_
          x: x : f64[4, 3], input at tests/errors/axes.rs:_
    "#]],
    );
}

#[test]
fn axes_that_there_are_not() {
    let tape = Tape::new();
    let (x, v, number) = (zeros(&tape, [4, 3], "x"), zeros(&tape, [5], "v"), tape.input(1.0));
    first_lines(
        [
            x.sum([0, -3]),
            x.mean(2..5),
            x.mean(..-3),
            x.flip([0, -2]),
            v.cumsum(1),
            v.sum(-2),
            v.max(1..3),
            number.softmax(0),
            number.sum([-1]),
            number.cumprod(0),
            number.roll(0, 1),
            x.permute([0, -3]),
            tape.concat(&[x, x], -3),
            x.stop_gradient().cumsum(usize::MAX),
        ],
        expect![[r#"
            sum: there is no axis −3 in x [4, 3]; axes run from 0 to 1, or from −2 to −1
            sum: 2..5 is not a range of the axes of x [4, 3], which has 2 axes
            sum: ..−3 is not a range of the axes of x [4, 3], which has 2 axes
            flip: the axes [0, 0] do not fit: one appears twice
            cumsum: there is no axis 1 in x [5]; it has axis 0 (or −1) only
            sum: there is no axis −2 in x [5]; it has axis 0 (or −1) only
            max: 1..3 is not a range of the axes of x [5], which has 1 axis
            softmax: x is a number and has no axes
            sum: x is a number and has no axes
            cumprod: x is a number and has no axes
            roll: x is a number and has no axes
            transpose: there is no axis −3 in x [4, 3]; axes run from 0 to 1, or from −2 to −1
            concat: there is no axis −3 in x₀ [4, 3]; axes run from 0 to 1, or from −2 to −1
            cumsum: there is no axis 9223372036854775807 in x [4, 3]; axes run from 0 to 1, or from −2 to −1
        "#]],
    );
}

#[test]
fn axes_that_cannot_go_or_come_or_be_made_one() {
    let tape = Tape::new();
    let x = zeros(&tape, [4, 1, 3], "x");
    first_lines(
        [
            x.squeeze(0),
            x.squeeze([1, -1]),
            x.squeeze(3),
            x.unsqueeze(4),
            x.unsqueeze(-5),
            tape.stack(&[x, x], 5),
            x.flatten([0, 2]),
            x.flatten([1, 0]),
            x.flatten(Vec::<usize>::new()),
            #[allow(clippy::reversed_empty_ranges)]
            x.flatten(2..1),
        ],
        expect![[r#"
            squeeze: axis 0 of x [4, 1, 3] is not 1 long
            squeeze: axis 2 of x [4, 1, 3] is not 1 long
            squeeze: there is no axis 3 in x [4, 1, 3]; axes run from 0 to 2, or from −3 to −1
            unsqueeze: there is no place 4 for a new axis of x [4, 1, 3]; places run from 0 to 3, or from −4 to −1
            unsqueeze: there is no place −5 for a new axis of x [4, 1, 3]; places run from 0 to 3, or from −4 to −1
            stack: there is no place 5 for a new axis of x₀ [4, 1, 3]; places run from 0 to 3, or from −4 to −1
            flatten: the axes [0, 2] of x [4, 1, 3] do not follow one another
            flatten: the axes [1, 0] of x [4, 1, 3] do not follow one another
            flatten: the axes [] of x [4, 1, 3] do not follow one another
            flatten: 2..1 is not a range of the axes of x [4, 1, 3], which has 3 axes
        "#]],
    );
}

#[test]
fn positions_that_there_are_not() {
    let tape = Tape::new();
    let (x, number) = (zeros(&tape, [4, 3], "x"), tape.input(1.0));
    first_lines(
        [
            x.at([4, 0]),
            x.at([0, 3]),
            x.at([0, 0, 0]),
            x.row(4),
            x.column(3),
            number.row(0),
            number.column(0),
            x.slice(0, 2..=4),
            x.slice_step(0, 5.., 2),
            x.slice_step(1, .., 0),
            x.unslice(0, 1, 2, 7),
            x.unslice(0, 1, 0, 9),
            x.row(0).tril(0),
        ],
        expect![[r#"
            at: there is no position 4 in axis 0 of x [4, 3], which is 4 long
            at: there is no position 3 in axis 1 of x [4, 3], which is 3 long
            at: the position has 3 axes, and x [4, 3] has 2
            row: there is no position 4 in axis 0 of x [4, 3], which is 4 long
            column: there is no position 3 in axis 1 of x [4, 3], which is 3 long
            row: x is a number and has no axes
            column: x is a number and has no axes
            slice: 2..5 is not a range of axis 0 of x [4, 3], which is 4 long
            slice_step: 5..4 is not a range of axis 0 of x [4, 3], which is 4 long
            slice_step: the step is 0
            unslice: 4 positions from 1 on, 2 apart, do not fit into an axis 7 long
            unslice: the step is 0
            triangle: x [3] should be a matrix, or an array of them
        "#]],
    );
}

#[test]
fn whose_axes_are_squeezed_is_said() {
    let tape = Tape::new();
    refused(
        zeros(&tape, [4, 3], "x").squeeze(-1),
        expect![[r#"
        squeeze: axis 1 of x [4, 3] is not 1 long
          at tests/errors/axes.rs:_
          x: x : f64[4, 3], input at tests/errors/axes.rs:_
    "#]],
    );
}
