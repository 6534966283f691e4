//! The first number that is not finite, forwards and on the way back.

use autodiff::inspect::{Breakpoint, Event, Phase, Stepper, Trace};
use autodiff::{ErrorKind, NodeId, Tape};
use expect_test::expect;

/// The node with this name.
fn breakpoint(text: &str) -> Breakpoint {
    text.parse().unwrap()
}

fn find(trace: &Trace<f64>, name: &str) -> NodeId {
    trace.nodes().find(|node| node.name() == Some(name)).unwrap().id()
}

#[test]
fn g6_the_first_number_that_is_not_finite() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 0.0, -1.0]).named("scores");
    let y = tape.scope("loss", || x.log());
    let line = line!() - 1;
    let sum = (y * 2.0).sum(..);
    let found = tape.first_non_finite().unwrap();
    assert_eq!((found.phase, found.node, found.operand), (Phase::Forward, y.id(), None));
    assert_eq!(found.elements[0], ([1].into(), f64::NEG_INFINITY));
    assert!(found.elements[1].0 == [2].into() && found.elements[1].1.is_nan());
    assert_eq!((found.elements.len(), found.count), (2, (2, 3)));
    assert_eq!(found.place.location.map(|location| location.line()), Some(line));
    expect![[r#"
        log: the first value that is not finite: -inf at [1], NaN at [2] (2 of 3)
          at tests/engine/non_finite.rs:20:37 (in loss)
          x: scores : f64[3], input at tests/engine/non_finite.rs:19:18 = [1, 0, -1]"#]]
    .assert_eq(&found.to_string());
    assert_eq!(sum.first_non_finite().unwrap().map(|found| found.node), Some(y.id()));

    let trace = sum.trace().unwrap();
    let mut stepper = Stepper::new(&trace);
    assert_eq!(stepper.run_until(breakpoint("nan")), Some(&Event::Push(y.id())));
}

#[test]
fn g7_fine_forwards_and_nan_on_the_way_back() {
    let tape = Tape::<f64>::new();
    let x = (tape.input(0.0) * 2.0).named("x"); // the NaN goes on from here, and is not the first any more
    let other = x.sqrt();
    let root = x.sqrt().named("root");
    let y = other - root; // ∞ − ∞
    assert_eq!(y.item().unwrap(), 0.0);
    assert_eq!(tape.first_non_finite(), None);
    let found = y.first_non_finite().unwrap().unwrap();
    assert_eq!((found.phase, found.node, found.operand), (Phase::Reverse, root.id(), Some((0, "x"))));
    expect![[r#"
        sqrt: the first cotangent that is not finite is what its reverse rule makes of that of x: -inf (1 of 1)
          at tests/engine/non_finite.rs:46:18
          x: x : f64[], mul at tests/engine/non_finite.rs:44:13 = 0
          y: root : f64[], sqrt at tests/engine/non_finite.rs:46:18 = 0
          cotangent of y = -1"#]]
    .assert_eq(&found.to_string());

    let trace = y.trace().unwrap();
    let mut stepper = Stepper::new(&trace);
    assert_eq!(stepper.run_until(breakpoint("nan")), None);
    stepper.goto(0);
    stepper.run_until(breakpoint("nan(grad)")).unwrap();
    let state = stepper.state();
    assert_eq!((state.phase(), state.node()), (Phase::Reverse, Some(find(&trace, "root"))));
    assert_eq!(state.cotangent(find(&trace, "x")).unwrap()[[]], f64::NEG_INFINITY);
    assert!(trace.at(trace.events().len()).cotangent(find(&trace, "x")).unwrap()[[]].is_nan());
}

#[test]
fn finite_computations_have_no_first_number_that_is_not() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]);
    assert_eq!(x.log().first_non_finite(), Ok(None));
    // What does not lead to the result does not count for it.
    let elsewhere = (x * 0.0).log();
    assert_eq!(x.log().first_non_finite(), Ok(None));
    assert_eq!(tape.first_non_finite().map(|found| found.node), Some(elsewhere.id()));
    let symbolic = Tape::<f64>::symbolic();
    let unknown = symbolic.input(1.0);
    assert_eq!(unknown.first_non_finite().map_err(|error| error.kind()), Err(ErrorKind::NoValue));
}

#[test]
fn an_overflow_of_the_sum_of_contributions_is_found() {
    let tape = Tape::<f64>::new();
    let x = tape.input(0.0);
    let y = x * 1e308 + x * 1e308; // 0, with a slope of 2e308
    let found = y.first_non_finite().unwrap().unwrap();
    assert_eq!((found.operation.as_str(), found.phase), ("mul", Phase::Reverse));
    assert_eq!(found.elements, [([].into(), f64::INFINITY)]);
}

// ---- the laws of moving in time ---------------------------------------------------------------------------------------------------
