//! Right derivatives of functions that are hard on differences: none fails.

use super::Tally;
use autodiff::Var;
use autodiff::check::{self, Check, Verdict};
use std::f64::consts::PI;

type Function = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

/// Functions, and where: what passes, and what is unchecked because no difference of f64 numbers can tell.
#[rustfmt::skip]
#[allow(clippy::eq_op, reason = "the same operand twice is what is checked")]
const FUNCTIONS: &[(&str, Function, f64)] = &[
    // Fast oscillation.
    ("sin x", |x| x.sin(), 1e5), ("sin x", |x| x.sin(), 1e6), ("sin x", |x| x.sin(), 1e8), ("cos x", |x| x.cos(), 1e10),
    ("sin x", |x| x.sin(), 1e14), ("sin x", |x| x.sin(), 1e17), ("sin 10⁴x", |x| (x * 1e4).sin(), 3.0),
    ("sin 10⁶x", |x| (x * 1e6).sin(), 3.0), ("sin 10⁸x", |x| (x * 1e8).sin(), 3.0), ("sin 10¹⁰x", |x| (x * 1e10).sin(), 3.0),
    ("sin 10¹²x", |x| (x * 1e12).sin(), 3.0), ("sin 10¹⁴x", |x| (x * 1e14).sin(), 3.0), ("sin 10¹⁵x", |x| (x * 1e15).sin(), 3.0),
    ("sin 10¹⁶x", |x| (x * 1e16).sin(), 3.0), ("sin 10²⁰x", |x| (x * 1e20).sin(), 3.0), ("sin 10⁶x", |x| (x * 1e6).sin(), 0.0),
    ("sin 10⁹x", |x| (x * 1e9).sin(), 0.0), ("sin 10¹²x", |x| (x * 1e12).sin(), 0.0),
    ("sin 2048πx", |x| (x * (2048.0 * PI)).sin(), 0.3), ("cos 2²¹πx", |x| (x * (2_097_152.0 * PI)).cos(), 0.3),
    ("x + sin(10⁶x)/1000", |x| x + (x * 1e6).sin() * 1e-3, 3.0), ("x + 10⁻⁹sin 10⁹x", |x| x + (x * 1e9).sin() * 1e-9, 3.0),
    ("sin(x + 10⁷)", |x| (x + 1e7).sin(), 0.5), ("sin 1/x", |x| (1.0 / x).sin(), 1e-5), ("sin 1/x", |x| (1.0 / x).sin(), 1e-8),
    ("sin eˣ", |x| x.exp().sin(), 15.0), ("sin eˣ", |x| x.exp().sin(), 30.0), ("sin x²", |x| x.square().sin(), 1e5),
    ("sin² + cos²", |x| x.sin().square() + x.cos().square(), 1.3),
    // Kinks, jumps and rounded numbers, at the point and near it.
    ("relu", |x| x.relu(), -1.0), ("relu + 3", |x| x.relu() + 3.0, -1.0), ("relu", |x| x.relu(), 0.0), ("|x|", |x| x.abs(), 0.0),
    ("|x|", |x| x.abs(), 1e-12), ("max", |x| x.maximum(1e-3), 1e-9), ("relu(x − 1)", |x| (x - 1.0).relu(), 1.0 + 1e-7),
    ("relu(x − 1) + 2", |x| (x - 1.0).relu() + 2.0, 1.0 - 1e-7), ("relu(x − 1)", |x| (x - 1.0).relu(), 1.0 + 1e-13),
    ("round", |x| x.round(), 2.3), ("round", |x| x.round(), 2.5), ("x·floor x", |x| x.floor() * x, 2.3), ("x·floor x", |x| x.floor() * x, 3.0),
    ("x·ceil 10³x", |x| (x * 1e3).ceil() * x, 0.7), ("relu²", |x| x.relu().square(), 0.0), ("min(x, 1)", |x| x.minimum(1.0), 7.0),
    // Saturated.
    ("sigmoid", |x| x.sigmoid(), 12.0), ("sigmoid", |x| x.sigmoid(), 30.0), ("sigmoid", |x| x.sigmoid(), 36.0), ("sigmoid", |x| x.sigmoid(), 40.0),
    ("sigmoid", |x| x.sigmoid(), 700.0), ("sigmoid", |x| x.sigmoid(), -40.0), ("sigmoid", |x| x.sigmoid(), -700.0), ("tanh", |x| x.tanh(), 5.0),
    ("tanh", |x| x.tanh(), 20.0), ("1 + tanh²", |x| x.tanh().square() + 1.0, 20.0), ("erf", |x| x.erf(), 5.0), ("erf", |x| x.erf(), 8.0),
    ("softplus", |x| x.softplus(), 40.0), ("softplus", |x| x.softplus(), -40.0), ("x·erf", |x| x.erf() * x, -7.0), ("atan", |x| x.atan(), 1e9),
    // Flat, steep, huge, small.
    ("10⁻¹²x", |x| x * 1e-12, 0.7), ("10⁻¹²x + 1", |x| x * 1e-12 + 1.0, 0.7), ("10⁸x", |x| x * 1e8, 0.7), ("10³⁰⁰x", |x| x * 1e300, 0.7),
    ("x²", |x| x.square(), 0.0), ("x² + 1", |x| x.square() + 1.0, 0.0), ("cos", |x| x.cos(), 0.0), ("x² + 1", |x| x.square() + 1.0, 1e-12),
    ("exp", |x| x.exp(), 700.0), ("exp", |x| x.exp(), -700.0), ("exp", |x| x.exp(), -740.0), ("log", |x| x.log(), 1e-300), ("log", |x| x.log(), 1e300),
    ("x²", |x| x.square(), 1e150), ("x²", |x| x.square(), 1e-160), ("√x", |x| x.sqrt(), 1e-12), ("√x", |x| x.sqrt(), 0.0), ("√x", |x| x.sqrt(), 1e-300),
    ("1/x", |x| 1.0 / x, 1e-150), ("x⁵⁰", |x| x.powi(50), 1.5), ("1/x", |x| 1.0 / x, 1e200),
    // Cancellation.
    ("((x + 10¹²) − 10¹²)²", |x| ((x + 1e12) - 1e12).square(), 0.5), ("(x + 10²⁰) − 10²⁰", |x| (x + 1e20) - 1e20, 0.5),
    ("eˣ − 1", |x| x.exp() - 1.0, 1e-10), ("1 − cos x", |x| 1.0 - x.cos(), 1e-5), ("log(1 + x)", |x| (x + 1.0).log(), 1e-12),
    ("log(eˣ + 10²⁰)", |x| (x.exp() + 1e20).log(), 1.0), ("(x − 10⁸)²", |x| (x - 1e8).square(), 1e8 + 0.5),
    // The same operand twice; nothing to depend on.
    ("x³ − x²", |x| x * x * x - x * x, 1.3), ("x − x", |x| x - x, 1.3), ("x/x", |x| x / x, 1.3), ("0·x", |x| x * 0.0, 1.3), ("0·x + 1", |x| x * 0.0 + 1.0, 1.3),
    ("xˣ", |x| (x * x.log()).exp(), 1.7),
    // Constants of the derivative.
    ("x + cut(x² − x)", |x| x + (x * x - x).stop_gradient(), 3.0), ("x·cut x", |x| x * x.stop_gradient(), 3.0), ("cut x", |x| x.stop_gradient(), 3.0),
    ("straight-through round", |x| x + (x.round() - x).stop_gradient(), 3.3), ("cut, twice", |x| (x.stop_gradient() * x).sin() * x.exp().stop_gradient(), 0.7),
    ("cut of a cut", |x| x * (x.stop_gradient() * x).stop_gradient(), 0.7),
];

#[test]
fn right_derivatives_do_not_fail() {
    for order in [1, 2] {
        let mut tally = Tally::default();
        for (name, f, x) in FUNCTIONS {
            let report = Check::new().order(order).function(f, *x).unwrap();
            assert!(!matches!(report.verdict(), Verdict::Fail(_)), "{name} at {x}: {report}");
            tally.count(&report);
            if let Verdict::Unchecked(reason) = report.verdict() {
                println!("order {order}, {name} at {x}: {reason}");
            }
        }
        println!("right functions to order {order}: {tally:?}");
        assert!(tally.all() >= 60 && tally.unchecked * 3 < tally.all() * 2, "{tally:?}");
    }
}

/// Whatever is random about it.
#[test]
fn no_seed_makes_them_fail() {
    for seed in 1..6 {
        for (name, f, x) in FUNCTIONS {
            let report = Check::new().seed(seed).directions(3).function(f, *x).unwrap();
            assert!(report.failures().is_empty(), "seed {seed}, {name} at {x}: {report}");
        }
    }
}

/// What can be told is told: these are not unchecked.
#[test]
fn differences_tell_where_they_can() {
    let told: [(Function, f64); 14] = [
        (|x| x.sin(), 1e5),
        (|x| (x * 1e4).sin(), 3.0),
        (|x| (x * 1e6).sin(), 0.0),
        (|x| x.relu() + 3.0, -1.0),
        (|x| (x - 1.0).relu(), 1.0 + 1e-7),
        (|x| x.maximum(1e-3), 1e-9),
        (|x| x.sigmoid(), -700.0),
        (|x| x * 1e-12, 0.7),
        (|x| x.square() + 1.0, 0.0),
        (|x| x.exp(), 700.0),
        (|x| x - x, 1.3),
        (|x| x + (x * x - x).stop_gradient(), 3.0),
        (|x| x * x.stop_gradient(), 3.0),
        (|x| x + (x.round() - x).stop_gradient(), 3.3),
    ];
    for (i, (f, x)) in told.into_iter().enumerate() {
        assert_eq!(check::function(f, x).unwrap().verdict(), Verdict::Pass, "function {i} at {x}");
    }
}

/// Several elements of very different magnitude, used more than once.
#[test]
fn arrays_do_not_fail() {
    let functions: [Function; 10] = [
        |x| x.sum(..).tanh(),
        |x| x.softmax(0),
        |x| x.log_sum_exp(..),
        |x| x.norm(..),
        |x| x.sort(0),
        |x| x.max(..) + x.min(..),
        |x| x.cumsum(0).sin(),
        |x| x.prod(..),
        |x| x.relu().matmul(x),
        |x| (x - x.mean(..)).square().mean(..),
    ];
    let points: [[f64; 4]; 6] = [
        [0.5, -1.5, 2.0, 0.25],
        [1e-8, 1.0, 1e4, -3.0],
        [0.0, 0.0, 1.0, 1.0],
        [40.0, -40.0, 0.1, 7.0],
        [1e5, 1e5 + 1e-3, -1e-5, 3.0],
        [1e-160, 1e-150, 1.0, 2.0],
    ];
    let mut tally = Tally::default();
    for (i, f) in functions.into_iter().enumerate() {
        for x in points {
            let report = check::function(f, x).unwrap();
            assert!(report.failures().is_empty(), "function {i} at {x:?}: {report}");
            tally.count(&report);
        }
    }
    println!("arrays: {tally:?}");
    assert!(tally.passed * 2 > tally.all(), "{tally:?}");
}
