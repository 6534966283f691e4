//! Into the steps of a loop: with traces, the search for numbers that are not finite, and the checker.

use autodiff::check::Check;
use autodiff::inspect::{Phase, Trace};
use autodiff::prelude::*;
use autodiff::primitive::{Cotangents, Keep, Kernel, Loop, Primitive, RuleContext, Tangents};
use autodiff::{ErrorKind, Input, NodeId};
use ndarray::ArrayD;

/// The node of this operation.
fn find(trace: &Trace<f64>, operation: &str) -> NodeId {
    trace.nodes().find(|node| node.operation() == operation).unwrap().id()
}

/// The values and the cotangents at the end of the inputs of a trace.
fn inputs(trace: &Trace<f64>) -> Vec<(Option<ArrayD<f64>>, Option<ArrayD<f64>>)> {
    let end = trace.at(trace.len());
    let ids = trace.nodes().filter(|node| node.operation() == "input").map(|node| node.id());
    ids.map(|id| (end.value(id).map(|x| x.to_owned()), end.cotangent(id).map(|x| x.to_owned()))).collect()
}

/// h ← tanh(w·h + x), y = h·x, in either direction: each step has the numbers of the loop written out.
#[test]
fn a_step_has_the_numbers_of_the_loop_written_out() {
    for reversed in [false, true] {
        let tape = Tape::<f64>::new();
        let (w, h0) = (tape.input(0.7), tape.input(0.2));
        let rows = [0.3, -0.5, 0.9, 0.1];
        let xs = tape.input(rows);
        let options = Loop { steps: 4, reversed, keep: Keep::default() };
        let (last, all) = tape.scan_with(options, &[h0.into()], &[xs.into()], |_, c, x| {
            let (h, x) = (c[0].var(), x[0].var());
            let next = (w * h + x).tanh();
            (vec![next.into()], vec![(next * x).into()])
        });
        let y = last[0].var() * 2.0 + (all[0].var() * tape.constant([1.0, 2.0, 3.0, 4.0])).sum(..);
        let trace = y.trace().unwrap();
        let scan = find(&trace, "scan");

        let other = Tape::<f64>::new();
        let (w, mut h) = (other.input(0.7), other.input(0.2));
        let order: Vec<usize> = if reversed { (0..4).rev().collect() } else { (0..4).collect() };
        let (mut states, mut sum) = (Vec::new(), other.constant(0.0));
        for t in &order {
            let x = other.input(rows[*t]);
            let next = (w * h + x).tanh();
            sum += next * x * (t + 1) as f64;
            states.push((*t, h, x));
            // Of the carry alone, not of its use as an output.
            h = next * 1.0;
        }
        let by_hand = h * 2.0 + sum;
        assert!((by_hand.item().unwrap() - y.item().unwrap()).abs() < 1e-15);
        assert_eq!(trace.steps(scan).unwrap(), Some(order));
        let mut total = 0.0;
        for (t, h, x) in states {
            let found = inputs(&trace.step(scan, t).unwrap());
            assert_eq!(found[0].0.as_ref().unwrap()[[]], h.item().unwrap(), "step {t}");
            for (i, var) in [(0, h), (1, x)] {
                let expected = by_hand.gradient(&[var]).unwrap()[0].item().unwrap();
                let cotangent = found[i].1.as_ref().unwrap()[[]];
                assert!((cotangent - expected).abs() < 1e-15, "step {t}: {cotangent}, not {expected}");
            }
            total += found[2].1.as_ref().unwrap()[[]];
        }
        let expected = by_hand.gradient(&[w]).unwrap()[0].item().unwrap();
        assert!((total - expected).abs() < 1e-15, "{total}, not {expected}");
    }
}

#[test]
fn a_loop_in_a_loop_is_stepped_into() {
    let tape = Tape::<f64>::new();
    let (w, h) = (tape.input(2.0), tape.input(1.0));
    let ([last], []) = tape.scan(3, [h], [], |_, [h], []| {
        let (inner, []) = w.tape().scan(2, [h], [], |_, [h], []| ([h * w], []));
        (inner, [])
    });
    let trace = last.trace().unwrap();
    let outer = trace.step(find(&trace, "scan"), 1).unwrap();
    let inner = outer.step(find(&outer, "scan"), 1).unwrap();
    // Before: 2³ = 8; after: two more products, so h̄ = 2·2² and w̄ = 8·4 of this product.
    let found = inputs(&inner);
    assert_eq!(found[0].0.as_ref().unwrap()[[]], 8.0);
    assert_eq!(found[0].1.as_ref().unwrap()[[]], 8.0);
    assert_eq!(found[1].1.as_ref().unwrap()[[]], 32.0);
    // A loop that stops has the steps it made.
    let ([last], _) = tape.while_loop(10, [h], |_, [h]| ([h * w], h.lt(4.0)));
    let trace = last.trace().unwrap();
    assert_eq!(trace.steps(find(&trace, "scan")).unwrap(), Some(vec![0, 1, 2]));
}

#[test]
fn what_is_no_step_is_refused() {
    let tape = Tape::<f64>::new();
    let x = tape.input(1.0);
    let ([last], []) = tape.scan(3, [x], [], |_, [h], []| ([h.sin()], []));
    let trace = last.cos().trace().unwrap();
    let error = trace.step(find(&trace, "scan"), 3).unwrap_err();
    assert_eq!((error.kind(), error.message().contains("made 3 steps")), (ErrorKind::Mismatch, true), "{error}");
    let error = trace.step(find(&trace, "cos"), 0).unwrap_err();
    assert!(error.message().contains("is no loop: cos"), "{error}");
    assert!(trace.steps(find(&trace, "cos")).unwrap().is_none());
    // Forwards only, a step has no cotangents.
    let forward = Trace::forward(trace.program().unwrap(), &[Input::real(1.0)]).unwrap();
    let step = forward.step(find(&forward, "scan"), 2).unwrap();
    assert!(inputs(&step).iter().all(|(_, cotangent)| cotangent.is_none()));
}

#[test]
fn the_first_number_that_is_not_finite_is_found_in_its_step() {
    let tape = Tape::<f64>::new();
    let xs = tape.input([3.0, 2.0, 0.0, 1.0]).named("xs");
    let line = line!() + 1;
    let ([last], []) = tape.scan(4, [tape.constant(0.0)], [xs], |_, [sum], [x]| ([sum + x.log()], []));
    let found = last.first_non_finite().unwrap().unwrap();
    assert_eq!((found.operation.as_str(), found.phase, &*found.steps), ("log", Phase::Forward, &[2][..]));
    assert_eq!(found.place.location.map(|location| location.line()), Some(line));
    assert!(found.to_string().starts_with("in step 2, log: the first value that is not finite: -inf"), "{found}");
    assert_eq!(tape.first_non_finite().map(|found| found.steps), Some(vec![2]));

    // Fine forwards, and 1/0 on the way back: √ at 0, in step 1 of the loop inside step 2.
    let xs = tape.input([4.0, 1.0, 0.0]);
    let ([last], []) = tape.scan(3, [tape.constant(0.0)], [xs], |_, [sum], [x]| {
        let (inner, []) = xs.tape().scan(2, [sum], [], |step, [sum], []| {
            let x = x * step.index().to_real() + (1.0 - step.index().to_real());
            ([sum + x.sqrt()], [])
        });
        (inner, [])
    });
    assert!(last.item().unwrap().is_finite());
    let found = last.first_non_finite().unwrap().unwrap();
    assert_eq!((found.operation.as_str(), found.phase, &*found.steps), ("sqrt", Phase::Reverse, &[2, 1][..]));
    assert_eq!(found.operand, Some((0, "x")));
}

/// x³ with a reverse rule that forgets a factor.
#[derive(Debug)]
struct Cube;

impl Primitive<f64> for Cube {
    fn name(&self) -> &'static str {
        "test::wrong_cube"
    }
    fn formula(&self) -> &'static str {
        "y = x³"
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<f64> {
        Kernel::elementwise(|[x]| x * x * x)
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, f64>) -> Cotangents<'t, f64> {
        at.one(|| at.dy() * at.x(0) * at.x(0) * 2.0)
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Tangents<'t, f64> {
        at.tangent(dx, |_, dx| dx * at.x(0) * at.x(0) * 3.0)
    }
}

#[test]
fn the_checker_names_the_wrong_operation_of_a_body() {
    static CUBE: Cube = Cube;
    let tape = Tape::<f64>::new();
    let (x, w) = (tape.input(0.4), tape.input(0.9));
    let line = line!() + 1;
    let ([last], []) = tape.scan(3, [x], [], |_, [h], []| ([(h * w).apply(&CUBE) + w], []));
    let report = Check::new().order(1).tape(last.sin()).unwrap();
    let first = &report.failures()[0];
    assert_eq!(first.spot.operation, "test::wrong_cube");
    assert_eq!(first.spot.place.as_ref().and_then(|place| place.location).map(|at| at.line()), Some(line));
}
