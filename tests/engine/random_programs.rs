//! Random programs of up to 200 nodes: reverse = forward = dual numbers = finite differences, and every way to evaluate
//! gives the same bits.
//!
//! The oracle is dual numbers, through a second interpreter of the recipe (`oracle.rs`).

use crate::oracle::{self, Array, Dual};
use autodiff::check::strategy::{self, Body, Line, Op, Recipe};
use autodiff::check::{Check, Report};
use autodiff::inspect::Trace;
use autodiff::{Kind, Real, Tape, Var};
use ndarray::ArrayD;
use num_dual::{Dual64, HyperDual64};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestError, TestRunner};
use std::collections::BTreeMap;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases: crate::cases(cases), failure_persistence: None, ..ProptestConfig::default() }
}

fn bits<F: Real>(a: &ArrayD<F>, b: &ArrayD<F>) -> bool {
    let same = |(a, b): (&F, &F)| {
        let (a, b) = (a.double(), b.double());
        a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
    };
    a.shape() == b.shape() && a.iter().zip(b).all(same)
}

/// Evaluating eagerly, as a program, and through the recorded gradient gives the same bits as `backward`.
fn interpreters_agree<F: Real>(recipe: &Recipe) -> Result<(), TestCaseError> {
    let tape = Tape::<F>::new();
    let (inputs, y) = recipe.record(&tape).expect("well typed");
    let (program, given) = recipe.program::<F>().expect("well typed");
    let value = y.value().expect("a value");
    let run = program.run(&given).expect("runs");
    prop_assert!(bits(&run[0], &value), "{recipe}\nprogram {:?}, eager {value:?}", run[0]);
    let gradients = y.backward().expect("differentiable");
    let reachable: Vec<_> = inputs.iter().copied().filter(|x| gradients.get(*x).is_ok()).collect();
    let recorded = y.gradient(&reachable).expect("the same answers as backward");
    for (x, recorded) in reachable.iter().zip(&recorded) {
        let (freed, recorded) = (gradients.get(*x).expect("reached").to_owned(), recorded.value().expect("a value"));
        prop_assert!(bits(&freed, &recorded), "{recipe}\nbackward {freed:?}, gradient {recorded:?}");
    }
    let frozen = tape.program(&recorded).expect("no error").run(&given).expect("runs");
    for (frozen, recorded) in frozen.iter().zip(&recorded) {
        prop_assert!(bits(frozen, &recorded.value().expect("a value")), "{recipe}\na replayed gradient differs");
    }
    Ok(())
}

/// Arrays of the shapes of the inputs, filled with these numbers in turn.
fn directions(recipe: &Recipe, numbers: &[f64]) -> Vec<ArrayD<f64>> {
    let mut numbers = numbers.iter().copied().cycle();
    let mut direction =
        |x: &ArrayD<f64>| ArrayD::from_shape_simple_fn(x.raw_dim(), || numbers.next().expect("endless"));
    recipe.inputs.iter().map(&mut direction).collect()
}

/// The recipe's value at dual numbers made of its inputs and directions.
fn at_duals<D: Dual>(recipe: &Recipe, dual: impl Fn(usize, usize, f64) -> D) -> Option<D> {
    let array = |(i, x): (usize, &ArrayD<f64>)| Array {
        shape: x.shape().to_vec(),
        data: x.iter().enumerate().map(|(at, x)| dual(i, at, *x)).collect(),
    };
    oracle::value(recipe, recipe.inputs.iter().enumerate().map(array).collect())
}

fn element(arrays: &[ArrayD<f64>], i: usize, at: usize) -> f64 {
    arrays[i].as_slice().expect("row-major")[at]
}

/// What a scale is at least: numbers of about 1 on the way may cancel.
const SCALE: f64 = 1e-3;

/// ⟨rF(1), ξ⟩, dF(ξ) and the dual number's derivative, within 1e-10 of the scale Σ|gⱼξⱼ| + |y|.
fn derivatives_agree(recipe: &Recipe, xi: &[f64]) -> Result<(), TestCaseError> {
    let tape = Tape::<f64>::new();
    let (inputs, y) = recipe.record(&tape).expect("well typed");
    let directions = directions(recipe, xi);
    let gradients = y.backward().expect("differentiable");
    let (mut reverse, mut scale) = (0.0, SCALE + y.item().expect("a number").abs());
    for (x, direction) in inputs.iter().zip(&directions) {
        if let Ok(gradient) = gradients.get(*x) {
            for (g, d) in gradient.iter().zip(direction) {
                reverse += g * d;
                scale += (g * d).abs();
            }
        }
    }
    let pairs: Vec<_> = inputs.iter().zip(&directions).map(|(x, d)| (*x, tape.data(d))).collect();
    let forward = y.pushforward(&pairs).expect("differentiable").item().expect("a number");
    prop_assert!((reverse - forward).abs() <= 1e-10 * scale, "{recipe}\nreverse {reverse}, forward {forward}");
    let Some(dual) = at_duals(recipe, |i, at, x| Dual64::new(x, element(&directions, i, at))) else { return Ok(()) };
    prop_assert!((dual.re - y.item().expect("a number")).abs() <= 1e-10 * scale, "{recipe}\n{dual} is not the value");
    prop_assert!((reverse - dual.eps).abs() <= 1e-10 * scale, "{recipe}\nreverse {reverse}, dual numbers {}", dual.eps);
    Ok(())
}

/// ηᵀHξ in the four ways that two modes give, and by hyper-dual numbers, within 1e-9 of the scale Σ|ηⱼ(Hξ)ⱼ| + Σ|gⱼξⱼ| + |y|.
fn second_derivatives_agree(recipe: &Recipe, xi: &[f64], eta: &[f64]) -> Result<(), TestCaseError> {
    let tape = Tape::<f64>::new();
    let (inputs, y) = recipe.record(&tape).expect("well typed");
    let (xi, eta) = (directions(recipe, xi), directions(recipe, eta));
    let along =
        |arrays: &[ArrayD<f64>]| -> Vec<_> { inputs.iter().zip(arrays).map(|(x, d)| (*x, tape.data(d))).collect() };
    let scale = std::cell::Cell::new(SCALE + y.item().expect("a number").abs());
    // ⟨gradient of z, directions⟩, over the inputs that it depends on.
    let paired = |z: Var<'_, f64>, directions: &[ArrayD<f64>]| {
        let gradients = z.backward().expect("differentiable");
        let mut sum = 0.0;
        for (x, direction) in inputs.iter().zip(directions) {
            if let Ok(gradient) = gradients.get(*x) {
                for (g, d) in gradient.iter().zip(direction) {
                    sum += g * d;
                    scale.set(scale.get() + (g * d).abs());
                }
            }
        }
        sum
    };
    paired(y, &xi);
    let dy = y.pushforward(&along(&xi)).expect("differentiable");
    let (gradients, mut slope) = (y.backward().expect("differentiable"), y * 0.0);
    for (x, direction) in inputs.iter().zip(&xi).filter(|(x, _)| gradients.get(**x).is_ok()) {
        slope += (y.gradient_of(*x) * tape.data(direction)).sum(..);
    }
    let forward = |z: Var<'_, f64>| z.pushforward(&along(&eta)).expect("differentiable").item().expect("a number");
    let ways = [forward(dy), paired(dy, &eta), forward(slope), paired(slope, &eta)];
    let tolerance = 1e-9 * scale.get();
    let names = ["forward over forward", "reverse over forward", "forward over reverse", "reverse over reverse"];
    for (name, way) in names.iter().zip(ways) {
        prop_assert!((way - ways[0]).abs() <= tolerance, "{recipe}\n{name} {way}, forward over forward {}", ways[0]);
    }
    let dual = |i, at, x| HyperDual64::new(x, element(&xi, i, at), element(&eta, i, at), 0.0);
    let Some(dual) = at_duals(recipe, dual) else { return Ok(()) };
    prop_assert!((dual.eps1eps2 - ways[0]).abs() <= tolerance, "{recipe}\n{} is not {dual}", ways[0]);
    Ok(())
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn the_same_bits_however_evaluated(recipe in strategy::programs(200)) {
        interpreters_agree::<f64>(&recipe)?;
        interpreters_agree::<f32>(&recipe)?;
    }

    #[test]
    fn reverse_is_forward_is_dual(recipe in strategy::programs(200), xi in prop::collection::vec(-1.0..1.0f64, 13)) {
        derivatives_agree(&recipe, &xi)?;
    }

    #[test]
    fn second_derivatives_are_those_of_hyper_dual_numbers(
        recipe in strategy::programs(120),
        xi in prop::collection::vec(-1.0..1.0f64, 13),
        eta in prop::collection::vec(-1.0..1.0f64, 11),
    ) {
        second_derivatives_agree(&recipe, &xi, &eta)?;
    }
}

fn differences(recipe: &Recipe) -> Report {
    let (program, inputs) = recipe.program().expect("well typed");
    Check::new().order(1).elements(3).tolerance(1e-6).program(&program, &inputs).expect("differentiable")
}

/// Finite differences to 1e-6; most comparisons must have been possible.
#[test]
fn reverse_is_finite_differences() {
    let mut runner =
        TestRunner::new_with_rng(config(256), proptest::test_runner::TestRng::deterministic_rng(Default::default()));
    let (passed, unchecked) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let outcome = runner.run(&strategy::programs(200), |recipe| {
        let report = differences(&recipe);
        passed.set(passed.get() + report.passed());
        unchecked.set(unchecked.get() + report.unchecked().len());
        prop_assert!(report.failures().is_empty(), "{recipe}\n{report}");
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    let (passed, unchecked) = (passed.get(), unchecked.get());
    println!("{passed} comparisons agree, {unchecked} were not possible");
    assert!(passed > 9 * unchecked, "{passed} comparisons, {unchecked} unchecked");
}

/// Counts operations by their name and by how many bodies are around them.
fn count(lines: &[Line], names: &mut BTreeMap<String, [usize; 3]>, depth: usize) {
    for Line { op, .. } in lines {
        let name = format!("{op:?}").split(['(', ' ']).next().unwrap_or_default().to_owned();
        names.entry(name).or_default()[depth] += 1;
        let bodies: Vec<&Body> = match op {
            Op::Scan { body, .. } | Op::While { body, .. } => vec![body],
            Op::Cond { then, otherwise } => vec![then, otherwise],
            _ => Vec::new(),
        };
        bodies.into_iter().for_each(|body| count(&body.lines, names, depth + 1));
    }
}

/// What the generator makes: long programs, and in all of them together each operation.
#[test]
fn programs_are_long_and_varied() {
    let mut runner =
        TestRunner::new_with_rng(config(1), proptest::test_runner::TestRng::deterministic_rng(Default::default()));
    let (mut longest, mut largest, mut names) = (0, 0, BTreeMap::new());
    let (mut reused, mut squared) = (0, 0);
    for _ in 0..200 {
        let recipe = strategy::programs(200).new_tree(&mut runner).expect("a program").current();
        let (program, inputs) = recipe.program::<f64>().expect("well typed");
        // Values stay small, and moderate.
        largest = program.nodes().map(|node| node.shape().size()).fold(largest, usize::max);
        let steps = Trace::forward(&program, &inputs).expect("it runs");
        for node in program.nodes().filter(|node| node.kind() == Kind::Real) {
            let value =
                steps.at(steps.len()).value(node.id()).expect("a value").iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            assert!(value < 1e6, "{node:?} has values of {value}\n{recipe}");
        }
        longest = longest.max(program.len());
        assert!(program.len() <= 200, "{} nodes", program.len());
        count(&recipe.lines, &mut names, 0);
        let uses = |value: usize| recipe.lines.iter().filter(|line| line.operands.contains(&value)).count();
        reused += (0..recipe.output()).filter(|value| uses(*value) > 1).count();
        let square = |line: &&Line| line.op == Op::Mul && line.operands[0] == line.operands[1];
        squared += recipe.lines.iter().filter(square).count();
    }
    let inside: usize = names.values().map(|[_, inside, _]| inside).sum();
    let twice: usize = names.values().map(|[_, _, twice]| twice).sum();
    assert!(largest <= 30, "an array of {largest} elements");
    println!(
        "longest {longest}, largest {largest}, {} operations, {inside} and {twice} inside of one and two: {names:?}",
        names.len()
    );
    assert!(longest > 130, "the longest has {longest} nodes");
    assert_eq!(names.len(), 82, "{names:?}");
    assert!(names.values().filter(|[_, inside, _]| *inside > 0).count() > 65, "{names:?}");
    assert!(inside > 1000 && twice > 200, "{inside} operations in bodies, {twice} in bodies in bodies");
    assert!(reused > 1000 && squared > 100, "{reused} values used twice, {squared} squares");
}

/// A failure shrinks to the operation that matters and is printed as a short tape.
#[test]
fn a_failing_program_shrinks_to_a_minimal_tape() {
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig { cases: 200, ..config(200) },
        proptest::test_runner::TestRng::deterministic_rng(Default::default()),
    );
    let outcome = runner.run(&strategy::programs(100), |recipe| {
        prop_assert!(!recipe.lines.iter().any(|line| line.op == Op::Atan), "an arc tangent");
        Ok(())
    });
    let Err(TestError::Fail(_, minimal)) = outcome else { panic!("some program has an arc tangent") };
    assert!(minimal.lines.len() <= 2 && minimal.inputs.len() == 1, "{minimal}");
    assert!(minimal.to_string().contains("= Atan %0"), "{minimal}");
}
