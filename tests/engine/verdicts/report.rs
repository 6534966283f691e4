//! What a report says, and that it says it once.

use super::rules::{Binary, Fault, Unary};
use autodiff::check::{self, Check, Method, Reason, Verdict};
use autodiff::{Input, Registry, Tape, Var};

const CUBE: Unary = Unary { f: |x| x * x * x, slope: |x| x.square() * 2.0, reverse: Fault::None, tangent: Fault::None };

#[test]
fn a_finding_is_shown_once_with_its_point_and_its_line() {
    let line = line!() + 1;
    let report = check::function(|x| CUBE.of(x.sin()).sum(..), [0.5, -2.0, 1.0]).unwrap();
    let text = report.to_string();
    assert!(report.failures().len() > 5, "{text}");
    assert_eq!(text.matches("wrong derivative").count(), 1, "{text}");
    for part in [
        "at x[0] = 0.5",
        &format!("report.rs:{line}:"),
        "test::unary",
        "relative error",
        "seed [1.2",
        "ζ, random weights of the results",
        "also fail",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(report.relative_error() > 0.1, "{text}");
    for failure in report.failures() {
        let place = failure.spot.place.as_ref().and_then(|place| place.location).unwrap();
        assert_eq!((place.line(), place.file().ends_with("report.rs")), (line, true), "{failure}");
    }
}

/// Two operands that are both wrong are two findings; a rule and its tangent rule are one.
#[test]
fn each_operand_is_a_finding() {
    let rule = Binary { f: |a, b| a * b, partials: [|a, _| a, |_, b| b] };
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.input([0.5, 3.0]).named("width"), tape.input([2.0, 7.0]));
    let text = check::tape(rule.of(a, b)).unwrap().to_string();
    assert_eq!(text.matches("wrong derivative").count(), 2, "{text}");
    assert!(text.contains("at width[0] = 0.5") && text.contains("at b[0] = 2.0"), "{text}");
    assert!(!text.contains("operand operand"), "{text}");
}

#[test]
fn what_only_one_rule_gets_wrong_is_no_relative_error_of_zero() {
    for (reverse, tangent) in [(Fault::None, Fault::Sign), (Fault::Sign, Fault::None)] {
        let rule = Unary { f: f64::exp, slope: |x| x.exp(), reverse, tangent };
        let report = check::function(|x| rule.of(x), 0.5).unwrap();
        assert!(report.relative_error() > 0.1, "{report}");
        let failed: Vec<Method> = report.failures().iter().map(|failure| failure.spot.method).collect();
        let wrong = if reverse == Fault::None { Method::Forward } else { Method::Reverse };
        assert!(failed.contains(&wrong) && failed.contains(&Method::Adjoint), "{report}");
        assert!(report.failures().iter().all(|failure| failure.relative_error() > 0.0), "{report}");
    }
    // Infinite where it should not be.
    let rule = Unary { f: |x| x * x, slope: |x| x / (x * 0.0), reverse: Fault::None, tangent: Fault::None };
    let report = check::function(|x| rule.of(x), 0.5).unwrap();
    assert!(matches!(report.verdict(), Verdict::Fail(_)) && report.relative_error() == 1.0, "{report}");
}

#[test]
fn exponents_are_called_exponents() {
    let report = check::function(|x| CUBE.of(x), [0.5, 1.0]).unwrap();
    let taylor = report.failures().iter().find(|failure| failure.spot.method == Method::Taylor).unwrap();
    let text = taylor.to_string();
    assert!(text.contains("falls as h^1.0") && !text.contains("analytic"), "{text}");
}

/// Where the difference resolves some digits, it says how many.
#[test]
fn digits_that_a_difference_resolves_are_counted() {
    let digits = |f: for<'t> fn(Var<'t, f64>) -> Var<'t, f64>, x: f64| {
        let report = Check::new().order(1).directions(0).function(f, x).unwrap();
        match report.verdict() {
            Verdict::Unchecked(Reason::Digits(digits)) => *digits,
            verdict => panic!("{verdict}"),
        }
    };
    assert_eq!(digits(|x| x.sigmoid(), 40.0), 0);
    assert_eq!(digits(|x| x.tanh(), 20.0), 0);
    assert!((1..=4).contains(&digits(|x| x.sigmoid(), 28.0)));
    assert!((1..=4).contains(&digits(|x| x * 1e-12 + 1.0, 0.7)));
}

/// A rule is compared with a composition that has no digits left.
#[test]
fn a_custom_rule_is_not_vouched_for_by_rounding() {
    let tape = Tape::<f64>::new();
    let x = tape.input([18.0, 0.5]).named("logit");
    fn composed<'t>(x: &[Var<'t, f64>]) -> Var<'t, f64> {
        let (up, down) = (x[0].exp(), (-x[0]).exp());
        (up - down) / (up + down)
    }
    let report = |y| check::custom_rule(y).unwrap();
    let y = tape.with_rule("test::tanh", &[x], composed, |at, dy| at.one(|| dy / at.x(0).cosh().square()));
    let right = report(y.unwrap());
    assert!(right.failures().is_empty() && right.passed() == 1, "{right}");
    assert!(matches!(right.unchecked()[0].reason, Reason::Digits(_)), "{right}");
    let line = line!() + 1;
    let y = tape.with_rule("test::tanh", &[x], composed, |at, dy| at.one(|| dy * at.x(0))).unwrap();
    let text = report(y).to_string();
    assert!(text.contains(&format!("report.rs:{line}:")) && text.contains("at logit[0] = 18.0"), "{text}");
}

/// A program of f32 is also checked for what its own numbers are worth.
#[test]
fn single_precision_is_compared_with_double_precision() {
    let report = |y: Var<'_, f32>, x: &[f32]| {
        let program = y.tape().program(&[y]).unwrap();
        check::in_double(&program, &[Input::real(x.to_vec())], &Registry::standard()).unwrap()
    };
    let tape = Tape::<f32>::new();
    let point = [0.5, 2.0, 17.0];
    let x = tape.input(point.to_vec());
    let good = report(x.sigmoid().sum(..), &point);
    assert_eq!(good.verdict(), Verdict::Pass, "{good}");
    // x + 10⁵ is a multiple of 1/128.
    let tape = Tape::<f32>::new();
    let x = tape.input(vec![0.3, -0.7]);
    let bad = report(((x + 1e5) - 1e5).square().sum(..), &[0.3, -0.7]);
    assert!(bad.failures().is_empty(), "{bad}");
    assert!(matches!(bad.verdict(), Verdict::Unchecked(Reason::SingleDigits(_))), "{bad}");
}

/// Of a long seed the first numbers are shown; the run comes with a report of failures, and with no other.
#[test]
fn long_seeds_are_cut_and_the_run_is_there() {
    for (length, cut) in [(3, false), (8, true), (20, true)] {
        let at = ndarray::Array1::from_iter((0..length).map(|i| 0.5 + f64::from(i) / 8.0));
        let report = check::function(|x| CUBE.of(x), at).unwrap();
        let failure = report.failures().iter().find(|failure| failure.spot.method == Method::Reverse).unwrap();
        assert_eq!(failure.spot.seed.len(), length.min(8) as usize);
        let text = failure.to_string();
        assert_eq!(text.contains(", …]"), cut, "{text}");
        assert!(report.trace().is_some_and(|trace| trace.nodes().count() > 1), "{report}");
    }
    assert!(check::function(|x| x.exp(), 0.5).unwrap().trace().is_none());
}
