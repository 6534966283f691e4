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
    refused(zeros(&tape, [4, 3], "x").softmax(-3), expect![[]]);
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
        expect![[]],
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
        expect![[]],
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
        expect![[]],
    );
}

#[test]
fn whose_axes_are_squeezed_is_said() {
    let tape = Tape::new();
    refused(zeros(&tape, [4, 3], "x").squeeze(-1), expect![[]]);
}
