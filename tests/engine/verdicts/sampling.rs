//! How much of a large program is looked at.

use super::rules::{Fault, Unary};
use autodiff::check::{self, Check, Verdict};
use autodiff::{Tape, Var};
use ndarray::Array1;

fn numbers(n: usize) -> Array1<f64> {
    Array1::from_iter((0..n).map(|i| 0.1 + (i % 97) as f64 / 50.0))
}

/// The elements are drawn from all of an operand, not from its beginning.
#[test]
fn a_fault_beyond_the_first_elements_is_found() {
    let wrong = Unary { f: f64::exp, slope: |x| x.exp(), reverse: Fault::Sign, tangent: Fault::Sign };
    let check = Check::new().order(1).directions(0);
    let mut generated = 0;
    for seed in 0..4 {
        let report = check
            .clone()
            .seed(seed)
            .function(|x| x.slice(0, 0..64).exp().sum(..) + wrong.of(x.slice(0, 64..600)).sum(..), numbers(600))
            .unwrap();
        assert_eq!(report.sampled(), (64, 600));
        generated += report.failures().iter().filter(|failure| failure.spot.element[0] >= 64).count();
        assert!(matches!(report.verdict(), Verdict::Fail(_)), "{report}");
        assert!(report.to_string().contains("64 of 600 elements"), "{report}");
    }
    assert!(generated > 4 * 40);
    assert_eq!(check.function(|x| x.exp().sum(..), numbers(64)).unwrap().sampled(), (64, 64));
}

/// A program of a hundred thousand inputs is bounded by its work, and says so.
#[test]
fn the_work_is_bounded() {
    let n = 100_000;
    let runs = |work: u64| {
        let report = Check::new().work(work).function(|x| x.sin().sum(..), numbers(n)).unwrap();
        assert_eq!(report.verdict(), Verdict::Pass, "{report}");
        report.sampled()
    };
    assert_eq!(runs(1), (1, n));
    let (few, all) = runs(100_000_000);
    assert!(few > 1 && few < 64 && all == n, "{few} of {all}");
    // A small program is looked at as thoroughly as it is asked for.
    assert_eq!(Check::new().elements(1000).function(|x| x.sin().sum(..), numbers(200)).unwrap().sampled(), (200, 200));
}

/// Of many results, those are compared that move.
#[test]
fn a_fault_among_many_results_is_found() {
    let wrong = Unary { f: f64::exp, slope: |x| x.exp(), reverse: Fault::None, tangent: Fault::Sign };
    let report = Check::new().directions(0).function(|x| wrong.of(x), numbers(300)).unwrap();
    assert!(matches!(report.verdict(), Verdict::Fail(_)), "{report}");
    let right = Unary { tangent: Fault::None, ..wrong };
    let report = check::function(|x| right.of(x), numbers(300)).unwrap();
    assert_eq!(report.verdict(), Verdict::Pass, "{report}");
    assert!(report.unchecked().is_empty(), "{report}");
}

/// Properties of several arrays, also beside indices that the function puts on the tape.
#[test]
fn functions_of_several_arrays() {
    let (x, w) = (ndarray::array![[0.5, -1.0], [2.0, 0.25]], ndarray::array![[1.0, 0.5], [-0.5, 2.0]]);
    let report = Check::new().arrays([x.clone().into_dyn(), w.clone().into_dyn()], |tape, [x, w]| {
        -x.matmul(w).log_softmax(1).pick(tape.index([1, 0])).mean(..)
    });
    assert_eq!(report.unwrap().verdict(), Verdict::Pass);
    let wrong = Unary { f: f64::exp, slope: |x| x.exp() * 2.0, reverse: Fault::None, tangent: Fault::None };
    let error = check::assert([x, w], |_, [x, w]| wrong.of(x.matmul(w)).sum(..)).unwrap_err();
    assert_eq!(error.kind(), autodiff::ErrorKind::WrongDerivative);
    assert!(error.message().contains("sampling.rs") && error.message().contains("test::unary"), "{error}");
    // What it reads, it may read anywhere.
    let point = [ndarray::arr1(&[0.5]).into_dyn()];
    let reads = Check::new().arrays(point, |tape, [x]| x * tape.data(x.value().unwrap())).unwrap();
    assert!(matches!(reads.verdict(), Verdict::Unchecked(check::Reason::ReadsValues)), "{reads}");
}

/// An assertion that compared nothing is no assertion: it says which elements stay open, why, and what would help.
#[test]
fn an_assertion_that_compares_nothing_is_an_error() {
    type Function = for<'t> fn(&'t Tape<f64>, [Var<'t, f64>; 1]) -> Var<'t, f64>;
    let cases: [(&str, [f64; 2], Function, &str, &str); 6] = [
        (
            "sign",
            [0.5, 1.0],
            |_, [x]| x.sign().sum(..),
            "at input 0: no derivative: a path to x leads through `sign`",
            "each operation has a derivative",
        ),
        ("log", [-0.5, -1.0], |_, [x]| x.log().sum(..), "[0] = -0.5, input 0[1] = -1.0, all elements", "is finite"),
        ("constant", [0.5, 1.0], |tape, _| tape.constant(3.0), "nothing to differentiate", "depend on the arrays"),
        (
            "relu",
            [0.0, 0.0],
            |_, [x]| x.relu().sum(..),
            "at input 0[0] = 0.0, input 0[1] = 0.0, all elements at once: a kink",
            "away from the kink",
        ),
        ("cut", [0.5, 1.0], |_, [x]| x.stop_gradient().sum(..), "stop_gradient", "each operation has a derivative"),
        ("read", [0.5, 1.0], |_, [x]| x * x.tape().data(x.value().unwrap()), "reads values", "`select`"),
    ];
    for (name, at, f, reason, help) in cases {
        let error = check::assert([at], f).unwrap_err();
        let location = error.place().and_then(|place| place.location).unwrap();
        assert_eq!((location.file().ends_with("sampling.rs"), location.line()), (true, line!() - 2), "{error}");
        assert_eq!(error.kind(), autodiff::ErrorKind::Unchecked, "{name}: {error}");
        assert!(error.operands().iter().any(|line| line.contains(reason)), "{name}: {error}");
        assert!(error.help().is_some_and(|line| line.contains(help)), "{name}: {error}");
    }
    // One slope that agrees is enough.
    check::assert([[0.0, 1.0]], |_, [x]| x.relu().sum(..)).unwrap();
}
