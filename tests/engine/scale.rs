//! Long and wide tapes: no recursion, each node visited once, the same work per node at every length.

use autodiff::prelude::*;
use autodiff::primitive::{Call, Cotangents, Kernel, Primitive, RuleContext, Signature, Tangents};
use autodiff::{Feed, Input, Registry};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Runs `body` on a stack of 128 KiB: a recursion over the graph would not survive.
fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(128 * 1024).spawn(body).unwrap().join().unwrap();
}

/// x ↦ sin x + x₀ again and again: `length` nodes whose last one depends on all.
fn chain<'t>(x: Var<'t, f64>, length: usize) -> Var<'t, f64> {
    (0..length).fold(x, |y, i| if i % 2 == 0 { y.sin() } else { y + x })
}

/// The value and derivative of [`chain`] by hand.
fn chain_by_hand(x: f64, length: usize) -> (f64, f64) {
    (0..length).fold((x, 1.0), |(y, dy), i| if i % 2 == 0 { (y.sin(), dy * y.cos()) } else { (y + x, dy + 1.0) })
}

const LONG: usize = 1_000_000;

#[test]
fn a_million_nodes_go_backwards_on_a_small_stack() {
    on_a_small_stack(|| {
        let tape = Tape::<f64>::new();
        let x = tape.input(0.5);
        let y = chain(x, LONG);
        assert_eq!(tape.len(), LONG + 1);
        let (value, slope) = chain_by_hand(0.5, LONG);
        assert_eq!(y.item().unwrap(), value);
        let found = y.backward().unwrap().item(x).unwrap();
        assert!((found - slope).abs() < 1e-9 * slope.abs(), "{found} is not {slope}");
        assert_eq!(tape.len(), LONG + 1, "backward keeps no recording");
        let recorded = y.gradient(&[x]).unwrap()[0];
        assert_eq!(recorded.item().unwrap(), found);
    });
}

#[test]
fn a_million_nodes_go_forwards_on_a_small_stack() {
    on_a_small_stack(|| {
        let mut tape = Tape::<f64>::new();
        let x = tape.input(0.5);
        let tangent = chain(x, LONG).pushforward(&[(x, tape.constant(2.0))]).unwrap().item().unwrap();
        let slope = chain_by_hand(0.5, LONG).1;
        assert!((tangent - 2.0 * slope).abs() < 1e-9 * slope.abs(), "{tangent} is not 2·{slope}");
        tape.clear();
        assert!(tape.is_empty());
    });
}

#[test]
fn a_program_of_a_million_nodes_on_a_small_stack() {
    on_a_small_stack(|| {
        let tape = Tape::<f64>::symbolic();
        let x = tape.input(0.0);
        let program = tape.program(&[chain(x, LONG)]).unwrap();
        drop(tape);
        let (value, slope) = chain_by_hand(0.5, LONG);
        assert_eq!(program.run(&[Input::real(0.5)]).unwrap()[0].first(), Some(&value));
        let single = program.cast::<f32>(&Registry::standard()).unwrap();
        assert_eq!(single.len(), program.len());
        drop(single);
        let both = program.value_and_grad(&[0]).unwrap();
        drop(program);
        let results = both.run(&[Input::real(0.5)]).unwrap();
        let found = results[1].first().unwrap();
        assert!((found - slope).abs() < 1e-9 * slope.abs(), "{found} is not {slope}");
    });
}

#[test]
fn a_plan_of_a_million_nodes_on_a_small_stack() {
    on_a_small_stack(|| {
        let tape = Tape::<f64>::symbolic();
        let x = tape.input(0.0);
        let program = tape.program(&[chain(x, LONG)]).unwrap();
        drop(tape);
        let mut plan = program.plan().unwrap();
        drop(program);
        let expected = chain_by_hand(0.5, LONG).0;
        for _ in 0..2 {
            plan.execute(&mut [Feed::Real(&[0.5])]).unwrap();
            assert_eq!(plan.number(0), Some(expected));
        }
        assert!(plan.bytes() < 4096, "numbers that nothing needs any more give their place: {} bytes", plan.bytes());
    });
}

/// Arrays that are rows of the plan, and arrays that loops go through, with the gradient.
#[test]
fn plans_of_long_chains_of_arrays_on_a_small_stack() {
    for (size, length) in [(3, 100_000), (1500, 2_000)] {
        on_a_small_stack(move || {
            let tape = Tape::<f64>::symbolic();
            let x = tape.input(vec![0.0; size]);
            let y = (0..length).fold(x, |y, i| if i % 2 == 0 { y.sin() } else { y + x });
            let outputs = [y.sum(..), y.sum(..).gradient(&[x]).unwrap()[0]];
            let program = tape.program(&outputs).unwrap();
            let mut plan = program.plan().unwrap();
            let inputs = [Input::real(vec![0.5; size])];
            let given = plan.run(&inputs).unwrap();
            assert_eq!(given, program.run(&inputs).unwrap());
            let slope = chain_by_hand(0.5, length).1;
            assert!(given[1].iter().all(|found| (found - slope).abs() < 1e-9 * slope.abs()), "{slope}: {}", given[1]);
        });
    }
}

/// Each layer of h ← tanh(h·W + b), and its share of the gradient, costs a plan what every other layer does: as many
/// nodes, as many actions, as many bytes.
#[test]
fn a_layer_of_a_plan_costs_the_same_at_every_depth() {
    let costs = |layers: usize, backwards: bool| {
        let tape = Tape::<f64>::symbolic();
        let x = tape.input(ndarray::Array2::zeros((32, 32)));
        let weights: Vec<Var<'_, f64>> = (0..layers).map(|_| tape.input(ndarray::Array2::zeros((32, 32)))).collect();
        let biases: Vec<Var<'_, f64>> = (0..layers).map(|_| tape.input(ndarray::Array1::zeros(32))).collect();
        let y = weights.iter().zip(&biases).fold(x, |h, (w, b)| (h.matmul(*w) + *b).tanh()).square().sum(..);
        let mut outputs = vec![y];
        if backwards {
            outputs.extend(y.gradient(&[weights, biases].concat()).unwrap());
        }
        let plan = tape.program(&outputs).unwrap().plan().unwrap();
        let actions = plan.explain().lines().filter(|line| line.starts_with("  ")).count();
        [plan.program().len(), actions, plan.bytes()]
    };
    for backwards in [false, true] {
        let [few, some, many] = [10, 100, 1000].map(|layers| costs(layers, backwards));
        for (what, ((few, some), many)) in ["nodes", "actions", "bytes"].iter().zip(few.iter().zip(&some).zip(&many)) {
            let (first, rest) = ((some - few) / 90, (many - some) / 900);
            assert!(first.abs_diff(rest) * 100 <= first, "{first} {what} for a layer of 100, {rest} for one of 1000");
        }
        // Without gradients only the biases stay, and arrays share the places of those before them.
        let per_layer = (many[2] - few[2]) / 990;
        assert!(backwards || per_layer < 2 * 32 * 8, "{per_layer} bytes");
    }
}

#[test]
fn an_error_a_million_operations_back_is_the_one_reported() {
    on_a_small_stack(|| {
        let tape = Tape::<f64>::new();
        let wrong = tape.input([1.0, 2.0]).reshape([3]);
        let first = wrong.error().unwrap();
        let nodes = tape.len();
        let y = (0..LONG).fold(wrong, |y, _| y.sin());
        assert_eq!(y.error().unwrap(), first);
        assert_eq!(tape.len(), nodes, "an error is passed on, not recorded again");
    });
}

/// a + b, counting how often each of its parts is called.
#[derive(Debug, Default)]
struct Counted {
    evaluations: AtomicUsize,
    reverse: AtomicUsize,
    tangent: AtomicUsize,
}

impl Primitive<f64> for Counted {
    fn name(&self) -> &'static str {
        "scale::counted"
    }
    fn formula(&self) -> &'static str {
        "y = a + b"
    }
    fn signature(&self) -> Signature {
        Signature::BINARY
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<f64> {
        Kernel::general()
    }
    fn evaluate(&self, call: &mut Call<'_, '_, f64>) -> Result<(), Refusal> {
        self.evaluations.fetch_add(1, Relaxed);
        kernels::map(call.inputs(), call.y(0)?, |[a, b]| a + b)
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, f64>) -> Cotangents<'t, f64> {
        self.reverse.fetch_add(1, Relaxed);
        at.two(|| at.dy(), || at.dy())
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Tangents<'t, f64> {
        self.tangent.fetch_add(1, Relaxed);
        at.tangent(dx, |_, dx| dx)
    }
}

#[test]
fn a_diamond_of_60_levels_visits_each_node_once() {
    let counted = Arc::new(Counted::default());
    let tape = Tape::<f64>::new();
    let x = tape.input(1.0);
    let y = (0..60).fold(x, |x, _| x.apply2(counted.clone(), x));
    let ways = 2f64.powi(60);
    assert_eq!(y.item().unwrap(), ways);
    assert_eq!(y.backward().unwrap().item(x).unwrap(), ways);
    assert_eq!(counted.reverse.load(Relaxed), 60);
    assert_eq!(y.gradient(&[x]).unwrap()[0].item().unwrap(), ways);
    assert_eq!(counted.reverse.load(Relaxed), 120);
    assert_eq!(y.pushforward(&[(x, tape.constant(1.0))]).unwrap().item().unwrap(), ways);
    assert_eq!(counted.tangent.load(Relaxed), 60);
    assert_eq!(counted.evaluations.load(Relaxed), 60);
    let program = tape.program(&[y]).unwrap();
    assert_eq!(program.run(&[Input::real(1.0)]).unwrap()[0].first(), Some(&ways));
    assert_eq!(counted.evaluations.load(Relaxed), 120);
}

/// Only what leads from a wanted variable to the result is visited, however much else is on the tape.
#[test]
fn what_is_not_on_the_way_is_not_visited() {
    let counted = Arc::new(Counted::default());
    let tape = Tape::<f64>::new();
    let (x, data) = (tape.input(1.0), tape.data(1.0));
    let side = (0..50).fold(data, |y, _| y.apply2(counted.clone(), data));
    let y = x.apply2(counted.clone(), side);
    let _after = (0..50).fold(x, |x, _| x.apply2(counted.clone(), x));
    assert_eq!(y.backward().unwrap().item(x).unwrap(), 1.0);
    assert_eq!(counted.reverse.load(Relaxed), 1);
    assert_eq!(y.gradient(&[x]).unwrap()[0].item().unwrap(), 1.0);
    assert_eq!(counted.reverse.load(Relaxed), 2);
}

/// The number of nodes that a derivative records is a multiple of the number it differentiates.
#[test]
fn recorded_derivatives_grow_linearly() {
    let recorded = |length: usize| {
        let tape = Tape::<f64>::new();
        let x = tape.input(0.5);
        let y = chain(x, length);
        let start = tape.len();
        y.gradient(&[x]).unwrap();
        let reverse = tape.len() - start;
        y.pushforward(&[(x, tape.constant(1.0))]).unwrap();
        (reverse, tape.len() - start - reverse)
    };
    let (reverse, forward) = recorded(1_000);
    assert!(reverse <= 3 * 1_000 && forward <= 3 * 1_000, "{reverse} and {forward} nodes for 1000");
    for length in [10_000, 100_000] {
        let (more_reverse, more_forward) = recorded(length);
        let factor = length / 1_000;
        assert!(more_reverse <= factor * (reverse + 4), "{more_reverse} for {length}, {reverse} for 1000");
        assert!(more_forward <= factor * (forward + 4), "{more_forward} for {length}, {forward} for 1000");
    }
}

/// Many scopes and many outputs cost no more than their number.
#[test]
fn many_scopes_and_many_outputs() {
    let tape = Tape::<f64>::new();
    let x = tape.input(0.5);
    let outputs: Vec<Var<'_, f64>> = (0..30_000).map(|i| tape.scope(&format!("layer{i}"), || x.sin())).collect();
    assert_eq!(outputs[29_999].origin().scope, "layer29999");
    let program = tape.program(&outputs).unwrap();
    assert_eq!((program.len(), program.outputs().count()), (30_001, 30_000));
    let gradient = tape.stack(&outputs, 0).sum(..).backward().unwrap().item(x).unwrap();
    assert!((gradient - 30_000.0 * 0.5f64.cos()).abs() < 1e-7);
}
