//! Wrong rules: none passes. Where differences can tell, they fail.

use super::Tally;
use super::rules::{Binary, Fault, Partial, Slope, Unary};
use autodiff::check::{self, Check, Method, Verdict};

/// Functions with their slopes, and points: first where differences can tell, then where the function is saturated, huge or
/// small.
const FUNCTIONS: [(&str, fn(f64) -> f64, Slope, &[f64], &[f64]); 12] = [
    ("x²", |x| x * x, |x| x * 2.0, &[0.5, -3.0, 1e-10, 1e10], &[1e-155]),
    ("x² + 1", |x| x * x + 1.0, |x| x * 2.0, &[0.5, -3.0], &[1e-9, 1e-12]),
    ("exp", f64::exp, |x| x.exp(), &[0.5, 7.0, -40.0, 300.0], &[-720.0]),
    ("eˣ − 1", |x| x.exp() - 1.0, |x| x.exp(), &[0.5, -3.0], &[-40.0]),
    ("sin", f64::sin, |x| x.cos(), &[0.5, 10.0, 1e3], &[1e10, 1e15]),
    ("log", f64::ln, |x| 1.0 / x, &[0.5, 1e-20, 1e20], &[]),
    ("√x", f64::sqrt, |x| 0.5 / x.sqrt(), &[0.5, 1e-20, 1e20], &[]),
    ("tanh", f64::tanh, |x| 1.0 / x.cosh().square(), &[0.5, 3.0], &[12.0, 17.0, 20.0]),
    ("sigmoid", |x| 1.0 / (1.0 + (-x).exp()), |x| x.sigmoid() * (1.0 - x.sigmoid()), &[0.5, -3.0], &[30.0, 36.0, 40.0]),
    ("softplus", |x| x.exp().ln_1p(), |x| x.sigmoid(), &[0.5, -3.0, -30.0, 10.0], &[]),
    ("1/x", |x| 1.0 / x, |x| -1.0 / x.square(), &[0.5, -3.0, 1e-9, 1e9], &[]),
    ("x³/10¹²", |x| x * x * x * 1e-12, |x| x.square() * 3e-12, &[0.5, -3.0, 1e5], &[]),
];

const FIRST: [Fault; 6] =
    [Fault::Factor(1e-6), Fault::Factor(-1e-6), Fault::Factor(1.0), Fault::Factor(-0.5), Fault::Sign, Fault::Dropped];
const SECOND: [Fault; 4] = [Fault::Frozen, Fault::Bent(1e-6), Fault::Bent(-1e-6), Fault::Bent(-2.0)];

/// The faults as pairs of a reverse and a tangent rule: both, either, either's derivative.
fn faults() -> Vec<[Fault; 2]> {
    let of = |fault: &Fault| [[*fault, *fault], [*fault, Fault::None], [Fault::None, *fault]];
    FIRST.iter().chain(&SECOND).flat_map(of).collect()
}

#[test]
fn wrong_rules_do_not_pass() {
    let (mut clear, mut hidden) = (Tally::default(), Tally::default());
    for (name, f, slope, points, saturated) in FUNCTIONS {
        for [reverse, tangent] in faults() {
            let rule = Unary { f, slope, reverse, tangent };
            for (x, tells) in points.iter().map(|x| (x, true)).chain(saturated.iter().map(|x| (x, false))) {
                let report = check::function(|x| rule.of(x), *x).unwrap();
                assert_ne!(report.verdict(), Verdict::Pass, "{name} at {x}, {reverse:?} {tangent:?}: {report}");
                if tells { clear.count(&report) } else { hidden.count(&report) }
            }
        }
    }
    println!("wrong rules: {clear:?}; where differences can hardly tell: {hidden:?}");
    assert!(clear.all() + hidden.all() > 60);
    assert_eq!(clear.unchecked, 0, "differences tell at each of these points: {clear:?}");
}

/// Beside right elements, too, and however it is scaled.
#[test]
fn wrong_rules_do_not_pass_in_company() {
    for (name, f, slope, points, _) in FUNCTIONS.into_iter().filter(|(name, ..)| *name != "x³/10¹²") {
        for fault in FIRST {
            let rule = Unary { f, slope, reverse: fault, tangent: fault };
            for scale in [1.0, 1e-20, 1e20] {
                let both = check::function(
                    |x| (rule.of(x.slice(0, 0..1)) + x.slice(0, 1..2).square()).sum(..) * scale,
                    [points[0], 0.5],
                );
                let report = both.unwrap();
                assert!(matches!(report.verdict(), Verdict::Fail(_)), "{name}·{scale}, {fault:?}: {report}");
            }
        }
    }
}

/// Operands that are swapped, and terms that are missing, one of the two partial derivatives at a time.
#[test]
fn wrong_rules_of_two_operands_do_not_pass() {
    type Function = fn(f64, f64) -> f64;
    let wrong: [(&str, Function, [Partial; 2]); 12] = [
        ("a·b, swapped", |a, b| a * b, [|a, _| a, |_, b| b]),
        ("a·b, a alone", |a, b| a * b, [|a, _| a, |a, _| a]),
        ("a − b, the sign of b", |a, b| a - b, [|a, _| a * 0.0 + 1.0, |a, _| a * 0.0 + 1.0]),
        ("a/b, the sign of b", |a, b| a / b, [|_, b| 1.0 / b, |a, b| a / b.square()]),
        ("a/b, no square", |a, b| a / b, [|_, b| 1.0 / b, |a, b| -a / b]),
        ("a/b, no a", |a, b| a / b, [|_, b| 1.0 / b, |_, b| -1.0 / b.square()]),
        ("a² + a·b, no b", |a, b| a * a + a * b, [|a, _| a * 2.0, |a, _| a]),
        ("a² + a·b, no a", |a, b| a * a + a * b, [|a, b| a * 2.0 + b, |a, _| a * 0.0]),
        ("aᵇ, for a constant a", |a, b| a.powf(b), [|a, b| a.pow(b) * 0.0, |a, b| a.pow(b) * a.log()]),
        ("aᵇ, for a constant b", |a, b| a.powf(b), [|a, b| a.pow(b - 1.0) * b, |_, b| b * 0.0]),
        ("hypot, squares", |a, b| a.hypot(b), [|a, b| a / (a.square() + b.square()), |a, b| b / a.hypot(b)]),
        (
            "atan2, swapped",
            |a, b| a.atan2(b),
            [|a, b| a / (a.square() + b.square()), |a, b| -b / (a.square() + b.square())],
        ),
    ];
    for (name, f, partials) in wrong {
        let rule = Binary { f, partials };
        for x in [[0.7, 2.5], [3.0, 0.5], [0.01, 4.0]] {
            let report = check::function(|x| rule.of(x.slice(0, 0..1), x.slice(0, 1..2)), x).unwrap();
            assert!(matches!(report.verdict(), Verdict::Fail(_)), "{name} at {x:?}: {report}");
        }
    }
}

/// A comparison vouches for its tolerance, and not for a thousand times as much.
#[test]
fn the_tolerance_is_as_narrow_as_it_says() {
    for by in [2e-7, -2e-7] {
        let rule = Unary { f: f64::exp, slope: |x| x.exp(), reverse: Fault::Factor(by), tangent: Fault::Factor(by) };
        let report = check::function(|x| rule.of(x), [0.5, 1.5]).unwrap();
        assert!(matches!(report.verdict(), Verdict::Fail(_)), "{by}: {report}");
        let report = Check::new().tolerance(1e-5).function(|x| rule.of(x), [0.5, 1.5]).unwrap();
        assert!(!report.failures().iter().any(|failure| failure.spot.method != Method::Adjoint), "{by}: {report}");
    }
}

/// Two rules that do not fit each other are told apart where differences tell nothing.
#[test]
fn the_adjoint_identity_has_all_digits() {
    let saturated = Unary {
        f: |x| 1.0 / (1.0 + (-x).exp()),
        slope: |x| (-x).exp(),
        reverse: Fault::None,
        tangent: Fault::Factor(1e-6),
    };
    let report = Check::new().order(1).function(|x| saturated.of(x), 40.0).unwrap();
    let methods: Vec<Method> = report.failures().iter().map(|failure| failure.spot.method).collect();
    assert_eq!(methods, [Method::Adjoint], "{report}");
}

/// Rounding excuses what it explains, and no more: a difference of numbers of 10⁶ resolves about 10⁻⁸ of a slope of 1.
#[test]
fn rounding_excuses_no_more_than_it_explains() {
    let verdict = |by: f64| {
        let rule = Unary { f: |x| x, slope: |x| x * 0.0 + 1.0, reverse: Fault::Factor(by), tangent: Fault::Factor(by) };
        Check::new().order(1).directions(0).function(|x| (rule.of(x) + 1e6) - 1e6, 0.7).unwrap()
    };
    let excused = verdict(1e-9);
    assert!(excused.failures().is_empty(), "{excused}");
    let failed = verdict(1e-5);
    assert!(matches!(failed.verdict(), Verdict::Fail(_)), "{failed}");
}

/// The second derivative is checked unless it is not asked for.
#[test]
fn order_two_is_checked() {
    let rule = Unary { f: f64::exp, slope: |x| x.exp(), reverse: Fault::Bent(0.5), tangent: Fault::Bent(0.5) };
    let at = |check: Check| check.function(|x| rule.of(x), 0.5).unwrap();
    assert_eq!(at(Check::new().order(1)).verdict(), Verdict::Pass);
    let report = at(Check::new());
    assert!(!report.failures().is_empty(), "{report}");
    assert!(report.failures().iter().all(|failure| failure.spot.order == 2), "{report}");
}
