//! What looks wrong in a run: each lint where it should be, and none where nothing is.

use autodiff::inspect::LintKind;
use autodiff::{Tape, Var};

fn kinds(y: Var<'_, f64>) -> Vec<LintKind> {
    y.trace().unwrap().lints().into_iter().map(|lint| lint.kind).collect()
}

#[test]
fn each_lint_is_found_and_none_is_made_up() {
    let tape = Tape::<f64>::new();
    let x = tape.input([[0.5, -1.0], [2.0, -0.25]]).named("x");
    assert!(kinds(x.tanh().sum(..)).is_empty());
    assert_eq!(kinds(x.log().sum(..)), [LintKind::NotFinite]);
    // The second unit is negative in every row.
    assert_eq!(kinds(x.relu().sum(..)), [LintKind::DeadUnit]);
    assert_eq!(kinds(x.softmax(1).log().sum(..)), [LintKind::LogOfSoftmax]);

    let tape = Tape::<f64>::new();
    let (x, unused) = (tape.input(0.0).named("x"), tape.input(1.0).named("unused"));
    let lints = (x.sqrt() - x.sqrt()).trace().unwrap().lints();
    assert_eq!(lints[0].kind, LintKind::NotFiniteGradient);
    assert!(lints.iter().any(|lint| lint.kind == LintKind::NoCotangent && lint.node == unused.id()));

    let tape = Tape::<f64>::new();
    let x = tape.input(1.0).named("x");
    assert_eq!(kinds(x * 1000.0 - x * 999.0), [LintKind::Cancellation]);

    let tape = Tape::<f64>::new();
    let (row, column) = (tape.input([1.0, 2.0, 3.0]), tape.input([[1.0], [2.0], [3.0]]));
    assert_eq!(kinds((row - column).square().sum(..)), [LintKind::Broadcast]);

    let tape = Tape::<f64>::new();
    let a = tape.scope("first", || tape.input(1.0).named("w"));
    let b = tape.scope("second", || tape.input(1.0).named("w"));
    assert_eq!(kinds(a * 1e-6 + b), [LintKind::UnevenLayers]);
}
