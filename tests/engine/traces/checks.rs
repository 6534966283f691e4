//! Nodes of a trace against finite differences, and two traces against each other.

use super::varied;
use autodiff::check::Outcome;
use autodiff::inspect::{Part, Trace};
use autodiff::{Real, Tape};

#[test]
fn a_right_tape_agrees_on_three_levels() {
    let tape = Tape::<f64>::new();
    let trace = varied(&tape).trace().unwrap();
    let end = trace.at(trace.len());
    let mut compared = [0; 3];
    for node in trace.nodes() {
        let check = trace.check(node.id()).unwrap();
        for (level, count) in [&check.rule, &check.elements, &check.end_to_end].into_iter().zip(&mut compared) {
            if let Some(level) = level {
                // The gradient of the whole does not see what is held; a rule by itself does.
                let held = node.name() == Some("x");
                assert!(held || level.outcome == Outcome::Agrees, "{}: {level:?}", node.call());
                *count += level.compared;
            }
        }
        assert_eq!(check.end_to_end.is_some(), end.cotangent(node.id()).is_some());
    }
    assert!(compared.iter().all(|count| *count > 10), "{compared:?}");
    let again = Trace::<f64>::from_bytes(&trace.to_bytes()).unwrap();
    assert!(again.check(trace.nodes().next().unwrap().id()).is_err());
}

#[test]
fn a_kink_is_no_failure() {
    let tape = Tape::<f64>::new();
    let x = tape.input([0.0, 1.0]);
    let y = x.relu();
    let trace = y.sum(..).trace().unwrap();
    let check = trace.check(y.id()).unwrap();
    assert_eq!(check.elements.as_ref().unwrap().outcome, Outcome::Kink);
    assert!(!check.fails() && !trace.check(x.id()).unwrap().fails());
}

/// 1e8 + 1 − 1e8 has no digit in single precision.
fn cancelling<F: Real>() -> Trace<F> {
    let tape = Tape::<F>::new();
    let x = tape.input(F::of(1e8)).named("x");
    ((x + 1.0) - x).exp().trace().unwrap()
}

#[test]
fn the_first_difference_of_two_runs() {
    let (double, single) = (cancelling::<f64>(), cancelling::<f32>());
    let found = double.first_difference(&single, 1e-6).unwrap();
    let operation = double.node(found.node).unwrap().operation();
    assert_eq!((operation, found.part, found.numbers), ("sub", Part::Value, [1.0, 0.0]));
    assert_eq!(single.first_difference(&double, 1.0), None);

    let run = |square: bool| {
        let tape = Tape::<f64>::new();
        let x = tape.input([1.0, 2.0]).named("x");
        if square { x.square().sum(..).trace().unwrap() } else { x.exp().sum(..).trace().unwrap() }
    };
    assert_eq!(run(true).first_difference(&run(false), 1.0).unwrap().part, Part::Operation);
    assert_eq!(run(true).first_difference(&run(true), 0.0), None);

    let updated = |rate: f64| {
        let tape = Tape::<f64>::new();
        let w = tape.input(3.0);
        let trace = w.square().trace().unwrap();
        trace.with_update([(w.id(), ndarray::arr0(3.0 - rate * 6.0).into_dyn())]).unwrap()
    };
    let found = updated(0.1).first_difference(&updated(0.2), 1e-9).unwrap();
    assert_eq!((found.part, found.numbers), (Part::Update, [3.0 - 0.1 * 6.0, 3.0 - 0.2 * 6.0]));
}
