//! What `stop_gradient` holds is held while differences are taken.

use super::rules::{Fault, Unary};
use autodiff::check::{self, Reason, Verdict};
use autodiff::{Input, Tape, Var};

type Function = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

#[test]
fn straight_through_estimators_pass() {
    let functions: [Function; 4] = [
        |x| x + (x * x - x).stop_gradient(),
        |x| x * x.stop_gradient(),
        |x| (x + (x.round() - x).stop_gradient()).sin().sum(..),
        |x| (x - x.max(..).stop_gradient()).exp().sum(..).log(),
    ];
    for (i, f) in functions.into_iter().enumerate() {
        let report = check::function(f, [3.0, 0.7]).unwrap();
        assert_eq!(report.verdict(), Verdict::Pass, "function {i}: {report}");
    }
    let cut = check::function(|x| x.stop_gradient(), 3.0).unwrap();
    assert!(
        matches!(cut.verdict(), Verdict::Unchecked(Reason::Refused(why)) if why.contains("stop_gradient")),
        "{cut}"
    );
}

/// Holding hides no fault: of the rest of the program, or of a rule that stops its own derivative.
#[test]
fn wrong_rules_beside_them_fail() {
    let wrong = Unary { f: f64::exp, slope: |x| x.exp() * 1.001, reverse: Fault::None, tangent: Fault::None };
    let report = check::function(|x| wrong.of(x) + (x * x - x).stop_gradient(), 0.5).unwrap();
    assert!(matches!(report.verdict(), Verdict::Fail(_)), "{report}");
    let frozen = Unary { f: f64::exp, slope: |x| x.exp(), reverse: Fault::Frozen, tangent: Fault::Frozen };
    let report = check::function(|x| frozen.of(x) * x.stop_gradient(), 0.5).unwrap();
    assert!(matches!(report.verdict(), Verdict::Fail(_)), "{report}");
    assert!(report.failures().iter().all(|failure| failure.spot.order == 2), "{report}");
}

/// A slope that is stopped where it is constant anyway hides nothing.
#[test]
fn a_rule_that_stops_a_constant_slope_passes() {
    let linear = Unary { f: |x| 3.0 * x, slope: |x| x * 0.0 + 3.0, reverse: Fault::Frozen, tangent: Fault::Frozen };
    let report = check::function(|x| linear.of(x).exp(), 0.5).unwrap();
    assert_eq!(report.verdict(), Verdict::Pass, "{report}");
}

/// In the body of a loop it moves with the differences, which is said, and is no failure.
#[test]
fn inside_a_loop_it_is_not_held_and_does_not_fail() {
    let tape = Tape::<f64>::new();
    let x = tape.input([0.5, 0.25]);
    let (last, _) = tape.scan(3, [x], [], |_, [carry], []| ([carry * carry.stop_gradient()], []));
    let program = tape.program(&[last[0].sum(..)]).unwrap();
    let report = check::program(&program, &[Input::real([0.5, 0.25])]).unwrap();
    assert!(report.failures().is_empty(), "{report}");
    assert!(report.unchecked().iter().any(|unchecked| unchecked.reason == Reason::NotHeld), "{report}");
}
