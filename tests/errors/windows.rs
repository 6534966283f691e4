//! Convolution, pooling and Einstein summation of operands that do not fit.

use crate::shapes::{refused, zeros};
use autodiff::{Conv, ErrorKind, Pooling, Tape};
use expect_test::expect;

#[test]
fn an_image_without_a_batch() {
    let tape = Tape::new();
    let (x, w) = (zeros(&tape, [3, 28, 28], "x"), zeros(&tape, [8, 3, 5, 5], "w"));
    refused(
        x.conv(w, &Conv::new()),
        expect![[r#"
        conv: x [3, 28, 28] should have 4 axes: batch, channels and 2 spatial axes
          at tests/errors/windows.rs:_
          x: x : f64[3, 28, 28], input at tests/errors/windows.rs:_
          w: w : f64[8, 3, 5, 5], input at tests/errors/windows.rs:_
          help: `x.reshape([1, 3, 28, 28])`, a batch of one, would fit and give [1, 8, 24, 24]
    "#]],
    );
}

#[test]
fn channels_that_come_last() {
    let tape = Tape::new();
    let (x, w) = (zeros(&tape, [1, 28, 28, 3], "x"), zeros(&tape, [8, 3, 5, 5], "w"));
    refused(
        x.conv(w, &Conv::new()),
        expect![[r#"
        conv: axis 1 of x [1, 28, 28, 3] has 28 channels, but axis 1 of w [8, 3, 5, 5] has 3
          at tests/errors/windows.rs:_
          x: x : f64[1, 28, 28, 3], input at tests/errors/windows.rs:_
          w: w : f64[8, 3, 5, 5], input at tests/errors/windows.rs:_
          help: `x.permute([0, 3, 1, 2])`, which puts the channels first, would fit and give [1, 8, 24, 24]
    "#]],
    );
}

#[test]
fn channels_of_groups() {
    let tape = Tape::new();
    let (x, w) = (zeros(&tape, [1, 6, 9], "x"), zeros(&tape, [8, 3, 5], "w"));
    refused(
        x.conv(w, &Conv::new()),
        expect![[r#"
        conv: axis 1 of x [1, 6, 9] has 6 channels, but axis 1 of w [8, 3, 5] has 3
          at tests/errors/windows.rs:_
          x: x : f64[1, 6, 9], input at tests/errors/windows.rs:_
          w: w : f64[8, 3, 5], input at tests/errors/windows.rs:_
          help: `groups(2)` would fit and give [1, 8, 5]
    "#]],
    );
    refused(
        x.conv(w, &Conv::new().groups(3)),
        expect![[r#"
        conv: axis 1 of x [1, 6, 9] has 6 channels, but axis 1 of w [8, 3, 5] has 3 for each of 3 groups
          at tests/errors/windows.rs:_
          x: x : f64[1, 6, 9], input at tests/errors/windows.rs:_
          w: w : f64[8, 3, 5], input at tests/errors/windows.rs:_
          help: `groups(2)` would fit and give [1, 8, 5]
    "#]],
    );
    refused(
        x.conv(w.slice(0, 0..7), &Conv::new().groups(2)),
        expect![[r#"
        conv: axis 0 of w [7, 3, 5] has 7 channels, which 2 groups cannot share
          at tests/errors/windows.rs:_
          x: x : f64[1, 6, 9], input at tests/errors/windows.rs:_
          w: %4 : f64[7, 3, 5], slice at tests/errors/windows.rs:_
    "#]],
    );
    refused(
        x.conv(w, &Conv::new().groups(0)),
        expect![[r#"
        conv: there are 0 groups of channels; the least is 1
          at tests/errors/windows.rs:_
          x: x : f64[1, 6, 9], input at tests/errors/windows.rs:_
          w: w : f64[8, 3, 5], input at tests/errors/windows.rs:_
          help: `groups(2)` would fit and give [1, 8, 5]
    "#]],
    );
}

#[test]
fn windows_that_do_not_fit() {
    let tape = Tape::new();
    let (x, w) = (zeros(&tape, [1, 3, 9, 4], "x"), zeros(&tape, [8, 3, 5, 5], "w"));
    refused(
        x.conv(w, &Conv::new()),
        expect![[r#"
            conv: axis 3 of x [1, 3, 9, 4] and of w [8, 3, 5, 5]: the window spans 5 elements, the axis has 4 (no padding)
              at tests/errors/windows.rs:_
              x: x : f64[1, 3, 9, 4], input at tests/errors/windows.rs:_
              w: w : f64[8, 3, 5, 5], input at tests/errors/windows.rs:_
              help: with the padding of `same()` it would fit and give [1, 8, 9, 4]
        "#]],
    );
    refused(
        x.conv(w, &Conv::new().stride([1, 2, 1])),
        expect![[r#"
        conv: the stride [1, 2, 1] has 3 numbers for the spatial axes; there are 2
          at tests/errors/windows.rs:_
          x: x : f64[1, 3, 9, 4], input at tests/errors/windows.rs:_
          w: w : f64[8, 3, 5, 5], input at tests/errors/windows.rs:_
          help: one number, such as 1, is for all of them
    "#]],
    );
    refused(
        x.conv(w.reshape([8, 75]), &Conv::new()),
        expect![[r#"
        conv: w [8, 75] should have 3 or 4 axes: channels of y, channels of x in a group, and 1 or 2 spatial axes
          at tests/errors/windows.rs:_
          x: x : f64[1, 3, 9, 4], input at tests/errors/windows.rs:_
          w: %4 : f64[8, 75], reshape at tests/errors/windows.rs:_
    "#]],
    );
    refused(
        x.max_pool(&Pooling::new([2, 5])),
        expect![[r#"
        max_pool: axis 3 of x [1, 3, 9, 4]: the window spans 5 elements, the axis has 4 (no padding)
          at tests/errors/windows.rs:_
          x: x : f64[1, 3, 9, 4], input at tests/errors/windows.rs:_
    "#]],
    );
    refused(
        x.max_pool(&Pooling::new(3).padding(3)),
        expect![[r#"
        max_pool: axis 2 of x [1, 3, 9, 4]: the window at position 0 has no elements but padding
          at tests/errors/windows.rs:_
          x: x : f64[1, 3, 9, 4], input at tests/errors/windows.rs:_
    "#]],
    );
    refused(
        x.average_pool(&Pooling::new(2).stride(0)),
        expect![[r#"
        average_pool: axis 2 of x [1, 3, 9, 4]: the stride of the window is 0; the least is 1
          at tests/errors/windows.rs:_
          x: x : f64[1, 3, 9, 4], input at tests/errors/windows.rs:_
    "#]],
    );
    refused(
        x.reshape([27, 4]).average_pool(&Pooling::new(2)),
        expect![[r#"
        average_pool: x [27, 4] should have 3 or 4 axes: batch, channels, and 1 or 2 spatial axes
          at tests/errors/windows.rs:_
          x: %9 : f64[27, 4], reshape at tests/errors/windows.rs:_
          help: a length for each spatial axis, such as `Pooling::new([2, 2])`, takes any axes before them
    "#]],
    );
}

#[test]
fn transposed_convolutions_that_do_not_fit() {
    let tape = Tape::new();
    let (x, w) = (zeros(&tape, [1, 8, 4], "x"), zeros(&tape, [8, 3, 5], "w"));
    refused(
        x.conv_transpose(zeros(&tape, [3, 8, 5], "v"), &Conv::new()),
        expect![[r#"
        conv_transpose: axis 1 of x [1, 8, 4] has 8 channels, axis 0 of w [3, 8, 5] has 3
          at tests/errors/windows.rs:_
          x: x : f64[1, 8, 4], input at tests/errors/windows.rs:_
          w: v : f64[3, 8, 5], input at tests/errors/windows.rs:_
    "#]],
    );
    refused(
        x.conv_transpose(w, &Conv::new().padding(9)),
        expect![[r#"
        conv_transpose: the padding is longer than the transposed convolution of x [1, 8, 4] with w [8, 3, 5]
          at tests/errors/windows.rs:_
          x: x : f64[1, 8, 4], input at tests/errors/windows.rs:_
          w: w : f64[8, 3, 5], input at tests/errors/windows.rs:_
          help: padding takes elements away from the result; with less of it some are left
    "#]],
    );
    refused(
        x.conv_transpose_to(w, &Conv::new().stride(2), [13]),
        expect![[r#"
            conv_transpose: axis 2 of x [1, 8, 4] is 4 long, but the window has 5 positions on 13 elements
              at tests/errors/windows.rs:_
              x: x : f64[1, 8, 4], input at tests/errors/windows.rs:_
              w: w : f64[8, 3, 5], input at tests/errors/windows.rs:_
              help: sizes from [11] to [12] would fit
        "#]],
    );
    refused(
        x.conv_transpose_to(w, &Conv::new(), [8, 8]),
        expect![[r#"
        conv_transpose: the size [8, 8] should have one length for each of 1 spatial axes
          at tests/errors/windows.rs:_
          x: x : f64[1, 8, 4], input at tests/errors/windows.rs:_
          w: w : f64[8, 3, 5], input at tests/errors/windows.rs:_
    "#]],
    );
}

#[test]
fn an_error_is_passed_on() {
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let (x, w) = (zeros(&tape, [1, 8, 4], "x"), zeros(&tape, [8, 3, 5], "w"));
    let wrong = x + w;
    let error = wrong.error();
    assert!(error.is_some());
    for y in [wrong.conv(w, &Conv::new()), x.conv(wrong, &Conv::new()), wrong.max_pool(&Pooling::new(2))] {
        assert_eq!(y.error(), error);
    }
    assert_eq!(wrong.max_pool_with_indices(&Pooling::new(2)).1.error(), error);
    assert_eq!(x.conv_transpose(wrong, &Conv::new().stride([1, 2])).error(), error);
    assert_eq!(tape.einsum("bij,bjk->bik", &[x, wrong]).error(), error);
    let far = zeros(&other, [8, 3, 5], "far");
    for y in [x.conv(far, &Conv::new()), x.conv(far, &Conv::new().stride([1, 2])), tape.einsum("bij,cjk", &[x, far])] {
        assert_eq!(y.error().unwrap().kind(), ErrorKind::TapesMixed);
    }
}

#[test]
fn letters_that_do_not_fit() {
    let tape = Tape::new();
    let (a, b) = (zeros(&tape, [2, 3], "a"), zeros(&tape, [4, 5], "b"));
    refused(
        tape.einsum("ij,jk->ik", &[a, b]),
        expect![[r#"
            einsum: the label j is 3 long, and 4 in b [4, 5]
              at tests/errors/windows.rs:_
              a: a : f64[2, 3], input at tests/errors/windows.rs:_
              b: b : f64[4, 5], input at tests/errors/windows.rs:_
        "#]],
    );
    refused(
        tape.einsum("ij,kl->ik", &[a]),
        expect![[r#"
            einsum: the labels are for 2 operands; there are 1
              at tests/errors/windows.rs:_
              x: a : f64[2, 3], input at tests/errors/windows.rs:_
        "#]],
    );
    refused(
        tape.einsum("ijk->ik", &[a]),
        expect![[r#"
            einsum: x [2, 3] has 2 axes, and 3 labels, "ijk"
              at tests/errors/windows.rs:_
              x: a : f64[2, 3], input at tests/errors/windows.rs:_
        "#]],
    );
    refused(
        tape.einsum("ij->ik", &[a]),
        expect![[r#"
            einsum: the label k of the result of "ij->ik" is not one of an operand
              at tests/errors/windows.rs:_
              x: a : f64[2, 3], input at tests/errors/windows.rs:_
        "#]],
    );
    refused(
        tape.einsum("ij->ii", &[a]),
        expect![[r#"
            einsum: the label i appears twice in the result of "ij->ii"
              at tests/errors/windows.rs:_
              x: a : f64[2, 3], input at tests/errors/windows.rs:_
        "#]],
    );
    refused(
        tape.einsum("ii->i", &[a]),
        expect![[r#"
            einsum: the label i appears twice in one operand of "ii->i", which asks for a diagonal
              at tests/errors/windows.rs:_
              x: a : f64[2, 3], input at tests/errors/windows.rs:_
              help: with an identity matrix as another operand, "ij,ij->i" is the diagonal
        "#]],
    );
    refused(
        tape.einsum("...j->j", &[a]),
        expect![[r#"
            einsum: '.' in "...j->j" is not a letter
              at tests/errors/windows.rs:_
              x: a : f64[2, 3], input at tests/errors/windows.rs:_
              help: give each axis a letter
        "#]],
    );
    refused(
        tape.einsum("ij->j->i", &[a]),
        expect![[r#"
            einsum: '-' in "ij->j->i" is out of place
              at tests/errors/windows.rs:_
              x: a : f64[2, 3], input at tests/errors/windows.rs:_
              help: operands, then one arrow, then the result: "ij,jk->ik"
        "#]],
    );
    refused(
        tape.einsum("ij", &[]),
        expect![[r#"
            einsum: the labels are for 1 operands; there are 0
              at tests/errors/windows.rs:_
        "#]],
    );
}
