//! The gradient checker from the outside: verdicts, reasons, the first wrong operation, custom rules, the notes' error.

use autodiff::check::{self, Check, Method, Reason, Verdict};
use autodiff::prelude::*;
use autodiff::primitive::{
    Cotangents, Derivative, Domain, Entry, Kernel, Primitive, RuleContext, Sample, Signature, Tangents,
};
use autodiff::{ErrorKind, Input, grad};

/// y = x³ with a reverse rule that forgets a factor, unless told otherwise.
#[derive(Debug)]
struct Cube {
    factor: f64,
}

impl<F: Real> Primitive<F> for Cube {
    fn name(&self) -> &'static str {
        "test::cube"
    }
    fn formula(&self) -> &'static str {
        "y = x³"
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::elementwise(|[x]| x * x * x)
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy() * at.x(0) * at.x(0) * self.factor)
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx * at.x(0) * at.x(0) * 3.0)
    }
}

static RIGHT: Cube = Cube { factor: 3.0 };
static WRONG: Cube = Cube { factor: 2.0 };
static NEARLY: Cube = Cube { factor: 3.000_01 };

#[test]
fn a_right_rule_passes_and_a_wrong_one_fails_by_every_method() {
    assert_eq!(
        check::primitive(
            &Entry::fixed(&RIGHT).sampled(|g| Sample::elementwise(&RIGHT, g, &[Domain::between(-1e3, 1e3)])),
            50
        )
        .unwrap()
        .verdict(),
        Verdict::Pass
    );
    let report = check::function(|x| x.apply(&WRONG), [0.5, -2.0]).unwrap();
    for method in [Method::Reverse, Method::Adjoint, Method::Directional, Method::Taylor] {
        assert!(report.failures().iter().any(|failure| failure.spot.method == method), "{method}: {report}");
    }
    assert!(matches!(check::function(|x| x.apply(&NEARLY), [0.5]).unwrap().verdict(), Verdict::Fail(_)));
    assert!(report.relative_error() > 0.1 && report.relative_error() < 0.3, "{report}");
    assert!(report.ok().is_err());
}

/// y = x², whose derivative there is in reverse alone.
#[derive(Debug)]
struct OneWay;

impl<F: Real> Primitive<F> for OneWay {
    fn name(&self) -> &'static str {
        "test::one_way"
    }
    fn formula(&self) -> &'static str {
        "y = x²"
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::elementwise(|[x]| x * x)
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy() * at.x(0) * 2.0)
    }
    fn tangent<'t>(&self, _: &RuleContext<'_, 't, F>, _: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        [Derivative::Refused("only backwards")].into_iter().collect()
    }
}

/// What has no tangent is unchecked forwards, and right backwards.
#[test]
fn a_refused_tangent_is_unchecked() {
    let report = Check::new().order(1).function(|x| x.apply(&OneWay), [0.5, -2.0]).unwrap();
    let refused = |reason: &Reason| matches!(reason, Reason::Refused(why) if why.contains("only backwards"));
    let forward = report.unchecked().iter().filter(|unchecked| unchecked.spot.method == Method::Forward);
    assert!(forward.clone().count() > 0 && forward.into_iter().all(|unchecked| refused(&unchecked.reason)), "{report}");
    assert!(report.failures().is_empty() && report.passed() > 0, "{report}");
}

#[test]
fn a_failure_says_what_where_and_how_much() {
    let tape = Tape::<f64>::new();
    let x = tape.input([[1.0, 2.0]]).named("weights");
    let bad = x.sin().apply(&WRONG);
    let line = line!() - 1;
    let report = Check::new().order(1).tape(bad.tanh().sum(..)).unwrap();
    let first = &report.failures()[0];
    assert_eq!(first.spot.operation, "test::cube");
    assert_eq!(first.spot.place.as_ref().and_then(|place| place.location).map(|at| at.line()), Some(line));
    assert_eq!(first.spot.operand, "x");
    assert_eq!(first.spot.element, [0, 0]);
    let (sin, zeta) = (1f64.sin(), first.spot.seed[0]);
    assert!((first.numeric - 3.0 * sin * sin * zeta).abs() < 1e-9, "{first}");
    assert!((first.analytic - 2.0 * sin * sin * zeta).abs() < 1e-12, "{first}");
    let text = first.to_string();
    for part in ["test::cube", "tests/engine/check.rs", "at x[0, 0] = 0.84", "seed [", "analytic", "numeric"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    // Everything else on the tape is right.
    assert!(report.failures().iter().all(|failure| failure.spot.operation == "test::cube"));
}

#[test]
fn what_cannot_be_checked_says_why() {
    let reason = |report: check::Report| match report.verdict() {
        Verdict::Unchecked(reason) => reason.clone(),
        verdict => panic!("{verdict}"),
    };
    let first = Check::new().order(1).directions(0);
    // Every comparison by differences meets the kink; the adjoint identity holds there all the same.
    let kink = first.function(|x| x.relu(), 0.0).unwrap();
    assert!(kink.unchecked().iter().all(|unchecked| unchecked.reason == Reason::Kink), "{kink}");
    assert_eq!(kink.unchecked().len(), 2);
    assert_eq!(kink.verdict(), Verdict::Unchecked(&Reason::Kink));
    let outside = first.function(|x| x.log(), -1.0).unwrap();
    assert!(outside.unchecked().iter().any(|unchecked| unchecked.reason == Reason::NotFinite), "{outside}");
    assert!(outside.failures().is_empty(), "{outside}");
    let refused = reason(check::function(|x| x.sign(), 1.0).unwrap());
    assert!(matches!(&refused, Reason::Refused(why) if why.contains("sign")), "{refused}");
    let cut = reason(check::function(|x| x.stop_gradient(), 1.0).unwrap());
    assert!(matches!(&cut, Reason::Refused(why) if why.contains("stop_gradient")), "{cut}");
    assert_eq!(reason(check::function(|x| x.tape().constant(1.0), 1.0).unwrap()), Reason::Nothing);
}

#[test]
fn an_error_is_an_error() {
    let error = check::function(|x| x.matmul(x), [[1.0, 2.0]]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

/// The products of the notes, for a right gradient and a wrong one.
#[test]
fn the_relative_error_of_the_notes() {
    let x = [1.5, -2.0, 0.5, 3.0];
    let gradient = grad(|x| x.prod(..), x).unwrap();
    let differences = check::difference_quotient(|x| x.prod(..), x, 1e-3).unwrap();
    assert!(check::relative_error(&differences, &gradient) < 1e-12);
    let flipped = gradient.mapv(|g| -g);
    assert_eq!(check::relative_error(&differences, &flipped), 1.0);
    assert_eq!(check::relative_error(&(&gradient * 0.0), &(&gradient * 0.0)), 0.0);
}

#[test]
fn custom_rules_are_compared_with_what_they_replace() {
    let tape = Tape::<f64>::new();
    let x = tape.input([-1.0, 0.0, 2.0, 800.0]);
    let right = tape
        .with_rule("test::softplus", &[x], |x| (x[0].exp() + 1.0).log(), |at, dy| at.one(|| dy * at.x(0).sigmoid()))
        .unwrap();
    let report = check::custom_rule(right).unwrap();
    assert_eq!((report.passed(), report.failures().len()), (3, 0), "{report}");
    // At 800 the composition's own derivative is (1/∞)·∞.
    assert_eq!(report.unchecked()[0].reason, Reason::StrongZero);
    let wrong = tape
        .with_rule("test::softplus", &[x], |x| (x[0].exp() + 1.0).log(), |at, dy| at.one(|| dy * at.x(0).tanh()))
        .unwrap();
    let report = check::custom_rule(wrong).unwrap();
    assert_eq!(report.failures().len(), 3, "{report}");
    assert_eq!(report.failures()[0].spot.operand, "x₀");
    // tanh instead of σ, each times the seed, which is between ½ and 1½.
    let numbers: Vec<_> = report.failures().iter().map(|failure| (failure.numeric, failure.analytic)).collect();
    let norm = |f: &dyn Fn(f64, f64) -> f64| numbers.iter().map(|(n, a)| f(*n, *a).powi(2)).sum::<f64>().sqrt();
    let expected = norm(&|n, a| n - a) / (norm(&|n, _| n) + norm(&|_, a| a));
    assert!(expected > 0.1 && (report.relative_error() - expected).abs() < 1e-12, "{report}");
    assert_eq!(check::custom_rule(x.exp()).unwrap_err().kind(), ErrorKind::Mismatch);
    assert_eq!(check::custom_rule(x).unwrap_err().kind(), ErrorKind::Mismatch);
}

/// A rule that is no rule is reported at the line of the user, under the names of the user.
#[test]
fn a_custom_rule_of_another_shape_is_found_at_its_line() {
    let tape = Tape::<f64>::new();
    let x = tape.input([0.5, 1.0]).named("width");
    let line = line!() + 1;
    let y = tape.with_rule("test::sum", &[x], |x| x[0].tanh(), |at, dy| at.one(|| dy.sum(..))).unwrap();
    let error = check::custom_rule(y).unwrap_err();
    let location = error.place().and_then(|place| place.location).unwrap();
    assert_eq!((location.file().ends_with("check.rs"), location.line()), (true, line), "{error}");
    assert!(!error.to_string().contains("nodes.rs"), "{error}");
    let y = tape.with_rule("test::twice", &[x], |x| x[0].tanh(), |at, dy| at.one(|| dy * 2.0)).unwrap();
    assert_eq!(check::custom_rule(y).unwrap().failures()[0].spot.operand, "width");
}

#[test]
fn the_taylor_remainder_falls_as_h_squared() {
    let tape = Tape::<f64>::new();
    let x = tape.input([0.3, 1.2]);
    let at = [Input::real([0.3, 1.2])];
    let along = [ndarray::array![1.0, -0.5].into_dyn()];
    let taylor = |y: Var<'_, f64>| check::taylor(&tape.program(&[y]).unwrap(), &at, &along).unwrap();
    let right = taylor(x.exp().sum(..));
    assert!((right.rate.unwrap() - 2.0).abs() < 0.05 && right.is_right() == Some(true), "{right:?}");
    let wrong = taylor(x.apply(&WRONG).sum(..));
    assert!((wrong.rate.unwrap() - 1.0).abs() < 0.05 && wrong.is_right() == Some(false), "{wrong:?}");
    let linear = taylor((x * 3.0).sum(..));
    assert!(linear.rate.is_none() && linear.is_right() == Some(true), "{linear:?}");
}

/// A network of ReLUs has a Hessian-vector product: a comparison is only refused where its own derivative is needed.
#[test]
fn kinked_functions_differentiate_twice() {
    let hv = autodiff::hvp(|x| (x.relu() * x * x.abs()).sum(..), [2.0, -1.0], [1.0, 1.0]).unwrap();
    assert_eq!(hv, ndarray::array![12.0, 0.0].into_dyn());
    let report = check::function(|x| (x * x.max_keep(..)).sum(..) + x.maximum(0.5).sum(..), [2.0, -1.0, 0.7]).unwrap();
    assert_eq!(report.verdict(), Verdict::Pass, "{report}");
    assert!(report.failures().is_empty() && report.unchecked_share() < 0.1, "{report}");
}

/// y = x² with the reverse rule of 1.5·x².
#[derive(Debug)]
struct WrongSquare;

impl Primitive<f64> for WrongSquare {
    fn name(&self) -> &'static str {
        "test::wrong_square"
    }
    fn formula(&self) -> &'static str {
        "y = x²"
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<f64> {
        Kernel::elementwise(|[x]| x * x)
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, f64>) -> Cotangents<'t, f64> {
        at.one(|| at.dy() * at.x(0) * 3.0)
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Tangents<'t, f64> {
        at.tangent(dx, |_, dx| dx * at.x(0) * 2.0)
    }
}

#[test]
fn a_wrong_rule_fails_however_small_or_large_the_result() {
    for scale in [1e-30, 1e-12, 1.0, 1e12, 1e30] {
        let report = check::function(|x| (x.apply(&WrongSquare) * scale).sum(..), [1.0, 2.0]).unwrap();
        assert!(matches!(report.verdict(), Verdict::Fail(_)), "scaled by {scale}: {report}");
        let report = check::function(|x| (x * x * scale).sum(..), [1.0, 2.0]).unwrap();
        assert_eq!(report.verdict(), Verdict::Pass, "scaled by {scale}: {report}");
    }
}

#[test]
fn what_cancels_is_unchecked_and_not_wrong() {
    let report = check::function(|x| ((x + 1e12) - 1e12).square().sum(..), 0.5).unwrap();
    assert!(report.failures().is_empty(), "{report}");
}

#[test]
fn an_infinite_slope_does_not_fail_its_neighbours() {
    let steep = check::function(|x| x.sqrt().sum(..), [0.0, 2.0]).unwrap();
    assert!(steep.failures().is_empty(), "{steep}");
}

#[test]
fn a_closure_that_reads_values_is_unchecked() {
    let report = check::function(|x| x * x.tape().constant(x.value().unwrap()), 2.0).unwrap();
    assert!(matches!(report.verdict(), Verdict::Unchecked(check::Reason::ReadsValues)), "{report}");
}

#[test]
fn large_derivatives_have_a_relative_error() {
    let report = check::function(|x| x.exp().sum(..), [700.0, -700.0]).unwrap();
    assert!(report.relative_error() < 1e-8, "{report}");
}

/// y = the number between a, b and 0, with derivatives that are always zero.
#[derive(Debug)]
struct Middle;

impl Primitive<f64> for Middle {
    fn name(&self) -> &'static str {
        "test::middle"
    }
    fn formula(&self) -> &'static str {
        "y = max(min(a, b), 0) + min(max(a, b), 0)"
    }
    fn signature(&self) -> Signature {
        Signature::BINARY
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<f64> {
        Kernel::elementwise(|[a, b]: [f64; 2]| a.min(b).max(0.0) + a.max(b).min(0.0))
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, f64>) -> Cotangents<'t, f64> {
        at.two(|| at.dy() * 0.0, || at.dy() * 0.0)
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Tangents<'t, f64> {
        at.tangent(dx, |_, dx| dx * 0.0)
    }
}

/// At the origin its two slopes are 0, but along (1, 1) it rises: it has no derivative there, and no direction can say that
/// the gradient is wrong where every element of it is right.
#[test]
fn a_direction_does_not_fail_where_every_element_agrees() {
    let check = Check::new().order(1).directions(8);
    let at_origin = |check: &Check| {
        check.function(|x| x.slice(0, 0..1).apply2(&Middle, x.slice(0, 1..2)).sum(..), [0.0, 0.0]).unwrap()
    };
    let all = at_origin(&check);
    assert!(all.failures().is_empty() && !all.unchecked().is_empty(), "{all}");
    // Where one of them is not looked at, there may be a fault in it.
    let some = at_origin(&check.elements(1));
    assert!(some.failures().iter().any(|failure| failure.spot.method == Method::Directional), "{some}");
}

#[test]
fn the_taylor_test_does_not_judge_where_it_crosses_a_kink() {
    let tape = Tape::<f64>::new();
    let x = tape.input(0.0);
    for kink in [1e-3, 2.5e-3, 1e-2, 0.06, 0.124] {
        let relu = tape.program(&[x + (x - kink).relu()]).unwrap();
        let taylor = check::taylor(&relu, &[Input::real(0.0)], &[ndarray::arr0(1.0).into_dyn()]).unwrap();
        assert_ne!(taylor.is_right(), Some(false), "{kink}: {taylor:?}");
    }
}
