//! What is written for a few programs, whole. `UPDATE_EXPECT=1` writes the files anew: read the difference, and run
//! `scripts/other-engines.sh`.

use autodiff::primitive::Kind;
use autodiff::{Arg, Pooling, Tape};
use autodiff_jax::source;
use expect_test::expect_file;

/// Names, constants that are not finite, scopes, a gradient as it was recorded.
#[test]
fn a_gradient() {
    let tape = Tape::<f64>::symbolic();
    let x = tape.symbolic_input([3, 2]).named("x");
    let w = tape.symbolic_input([2]).named("0.weight");
    let loss = tape.scope("model", || (x.matmul(w) - tape.constant([1.0, -0.0, f64::INFINITY])).softplus().sum(..));
    let program = tape.program(&[loss.named("loss")]).unwrap();
    expect_file!["golden/gradient.py"].assert_eq(&source(&program.value_and_grad(&[1]).unwrap()).unwrap());
}

/// A loop, a condition, random numbers, several results, indices with a bound.
#[test]
fn a_loop() {
    let tape = Tape::<f32>::symbolic();
    let h = tape.symbolic_input([2]).named("h");
    let xs = tape.symbolic_input([4, 2]).named("xs");
    let (Arg::Index(labels), Arg::Key(key)) = (tape.placeholder(Kind::Index, [2]), tape.placeholder(Kind::Key, []))
    else {
        panic!("placeholders of other kinds");
    };
    let (labels, key) = (labels.named("labels"), key.named("key"));
    let ([last], [rows]) = tape.scan(4, [h], [xs], |_, [h], [x]| {
        let next = (h + x).tanh();
        ([next], [next * 0.5])
    });
    let [chosen] = tape.cond(last.sum(..).gt(0.0), || [last], || [-last]);
    let (largest, at) = rows.max_pool_with_indices(&Pooling::new([2, 1]));
    let outputs: [Arg<'_, f32>; 4] = [
        (chosen * key.fold_in(labels.slice(0, 0..1).reshape([])).uniform([2], 3)).into(),
        largest.named("largest").into(),
        at.into(),
        rows.slice(0, 0..2).pick(labels).into(),
    ];
    expect_file!["golden/loop.py"].assert_eq(&source(&tape.program(&outputs).unwrap()).unwrap());
}
