//! The stepper: golden examples with known numbers, and the laws of moving in time.

use autodiff::inspect::{Breakpoint, Edge, Event, Phase, Stepper, Trace};
use autodiff::{ErrorKind, Input, NodeId, Tape, Var};
use expect_test::expect;
use ndarray::{Array1, Array2, ArrayD, array};
use proptest::prelude::*;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-15 * b.abs()
}

#[track_caller]
fn assert_close<'a>(actual: impl IntoIterator<Item = &'a f64>, expected: &[f64]) {
    let actual: Vec<f64> = actual.into_iter().copied().collect();
    let all = actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, b)| close(*a, *b));
    assert!(all, "{actual:?} instead of {expected:?}");
}

// ---- G1: a two-layer network of two units each, known to many learners ----------------------------------------------------

fn breakpoint(text: &str) -> Breakpoint {
    text.parse().unwrap()
}

/// The nodes of G1 in arrays; a weight matrix is [out, in], a bias is one number that two units share.
struct Network<'t> {
    parameters: [Var<'t, f64>; 4], // w of the hidden layer, its bias, w of the output layer, its bias
    net_h: Var<'t, f64>,
    h: Var<'t, f64>,
    net_o: Var<'t, f64>,
    o: Var<'t, f64>,
    errors: Var<'t, f64>,
    error: Var<'t, f64>,
}

fn weights() -> [Array2<f64>; 2] {
    [array![[0.15, 0.20], [0.25, 0.30]], array![[0.40, 0.45], [0.50, 0.55]]]
}

fn network<'t>(tape: &'t Tape<f64>, [w, v]: &[Array2<f64>; 2]) -> Network<'t> {
    let x = tape.data([0.05, 0.10]).named("x");
    let target = tape.data([0.01, 0.99]).named("target");
    let layer = |name: &str, w: &Array2<f64>, b: f64, x: Var<'t, f64>| {
        tape.scope(name, || {
            let (w, b) = (tape.input(w).named("w"), tape.input(b).named("b"));
            let net = (w.matmul(x) + b).named("net");
            (w, b, net, net.sigmoid().named("out"))
        })
    };
    let (w, b1, net_h, h) = layer("hidden", w, 0.35, x);
    let (v, b2, net_o, o) = layer("output", v, 0.60, h);
    let errors = (target - o).square() * 0.5;
    let error = errors.sum(..).named("E");
    Network { parameters: [w, b1, v, b2], net_h, h, net_o, o, errors, error }
}

/// The nodes of `trace` with this scope and name.
fn find(trace: &Trace<f64>, scope: &str, name: &str) -> NodeId {
    let node = trace.nodes().find(|node| (node.scope(), node.name()) == (scope, Some(name)));
    node.unwrap_or_else(|| panic!("there is no {scope}.{name}")).id()
}

#[test]
fn g1_values_and_cotangents() {
    let tape = Tape::new();
    let n = network(&tape, &weights());
    let trace = n.error.trace().unwrap();
    let end = trace.at(trace.len());
    let value = |x: Var<'_, f64>| end.value(x.id()).unwrap();
    assert_close(value(n.net_h), &[0.3775, 0.39249999999999996]);
    assert_close(value(n.h), &[0.5932699921071872, 0.596884378259767]);
    assert_close(value(n.net_o), &[1.10590596705977, 1.2249214040964653]);
    assert_close(value(n.o), &[0.7513650695523157, 0.7729284653214625]);
    assert_close(value(n.errors), &[0.274811083176155, 0.023560025583847746]);
    assert_close(value(n.error), &[0.2983711087600027]);

    let cotangent = |x: Var<'_, f64>| end.cotangent(x.id()).unwrap();
    assert_close(cotangent(n.o), &[0.7413650695523157, -0.2170715346785375]);
    assert_close(cotangent(n.net_o), &[0.13849856162855695, -0.038098236516556236]);
    assert_close(cotangent(n.h), &[0.03635030639314466, 0.0413703226487447]);
    let [w, b1, v, b2] = n.parameters;
    let dw = [0.0004385677344743465, 0.000877135468948693, 0.0004977127352608599, 0.0009954254705217198];
    let dv = [0.08216704056423077, 0.08266762784753325, -0.02260254047747507, -0.022740242215978222];
    assert_close(cotangent(w), &dw);
    assert_close(cotangent(v), &dv);
    assert_close(cotangent(b1), &[0.018725609394704128]);
    assert_close(cotangent(b2), &[0.10040032511200071]);
}

/// The step that a descent with rate ½ makes; biases stay.
fn descend(weights: &[Array2<f64>; 2]) -> [Array2<f64>; 2] {
    let tape = Tape::new();
    let n = network(&tape, weights);
    let gradients = n.error.backward().unwrap();
    let step =
        |x: Var<'_, f64>| (x.value().unwrap() - gradients.get(x).unwrap().mapv(|d| 0.5 * d)).into_dimensionality();
    [step(n.parameters[0]).unwrap(), step(n.parameters[2]).unwrap()]
}

#[test]
fn g1_learns() {
    let mut weights = descend(&weights());
    assert_close(&weights[0], &[0.1497807161327628, 0.19956143226552567, 0.24975114363236958, 0.29950228726473915]);
    assert_close(&weights[1], &[0.35891647971788465, 0.4086661860762334, 0.5113012702387375, 0.5613701211079891]);
    // A widely copied page has 0.291027924 here: it updates the output weights before it computes the hidden gradients.
    assert_close(&[network(&Tape::new(), &weights).error.item().unwrap()], &[0.29102777369359933]);
    for _ in 1..10_000 {
        weights = descend(&weights);
    }
    let tape = Tape::new();
    let n = network(&tape, &weights);
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b;
    assert!(near(n.error.item().unwrap(), 3.510187782978859e-05));
    let o = n.o.value().unwrap();
    assert!(near(o[0], 0.01591362044355068) && near(o[1], 0.9840642735146238));
}

fn unit<'t>(tape: &'t Tape<f64>, w: f64, a: Var<'t, f64>, v: f64, b: Var<'t, f64>, bias: f64) -> Var<'t, f64> {
    (tape.input(w) * a + tape.input(v) * b + bias).sigmoid()
}

#[test]
fn g1_by_path() {
    // Unit by unit, so that each way through the network is an edge.
    let tape = Tape::<f64>::new();
    let (x1, x2) = (tape.data(0.05), tape.data(0.10));
    let h1 = unit(&tape, 0.15, x1, 0.20, x2, 0.35).named("h1");
    let h2 = unit(&tape, 0.25, x1, 0.30, x2, 0.35).named("h2");
    let o1 = unit(&tape, 0.40, h1, 0.45, h2, 0.60);
    let o2 = unit(&tape, 0.50, h1, 0.55, h2, 0.60);
    let error = (0.01 - o1).square() * 0.5 + (0.99 - o2).square() * 0.5;
    let trace = error.trace().unwrap();
    let end = trace.at(trace.len());
    let h1 = find(&trace, "", "h1");

    let edges: Vec<Edge> = trace.edges_into(h1).collect();
    let paths: Vec<f64> = edges.iter().map(|edge| end.contribution(*edge).unwrap()[[]]).collect();
    assert_close(&paths, &[0.05539942465142278, -0.019049118258278118]);
    let shares: Vec<f64> = edges.iter().map(|edge| end.share(*edge).unwrap()).collect();
    assert!((shares[0] - 1.524).abs() < 5e-4 && (shares[1] + 0.524).abs() < 5e-4, "{shares:?}");
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    let cancellation = 1.0 - 0.03635030639314466 / (0.05539942465142278 + 0.019049118258278118);
    assert!((end.cancellation(h1).unwrap() - cancellation).abs() < 1e-14);
}

// ---- G2 to G5: small ones --------------------------------------------------------------------------------------------------

#[test]
fn g2_two_paths() {
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.input(2.0), tape.input(1.0));
    let trace = ((a + b) * (b + 1.0)).trace().unwrap();
    let end = trace.at(trace.len());
    assert_eq!((end.cotangent(a.id()).unwrap()[[]], end.cotangent(b.id()).unwrap()[[]]), (2.0, 5.0));
    let contributions: Vec<f64> = trace.edges_into(b.id()).map(|edge| end.contribution(edge).unwrap()[[]]).collect();
    let shares: Vec<f64> = end.shares(b.id()).into_iter().map(|(_, share)| share).collect();
    assert_eq!((contributions, shares), (vec![2.0, 3.0], vec![0.4, 0.6]));
    assert_eq!(end.cancellation(b.id()), Some(0.0));
}

#[test]
fn g3_a_logistic_unit() {
    let tape = Tape::<f64>::new();
    let (w, x) = (tape.input([2.0, -3.0, -3.0]), tape.input([-1.0, -2.0]));
    let y = (w.slice(0, 0..2).dot(x) + w.slice(0, 2..3).sum(..)).sigmoid();
    let trace = y.trace().unwrap();
    let end = trace.at(trace.len());
    assert_close(end.value(trace.program().unwrap().output_ids()[0]).unwrap(), &[0.7310585786300049]);
    let slope = 0.7310585786300049 * (1.0 - 0.7310585786300049);
    assert_close(end.cotangent(w.id()).unwrap(), &[-slope, -2.0 * slope, slope]);
    assert_close(end.cotangent(x.id()).unwrap(), &[2.0 * slope, -3.0 * slope]);
    assert!((slope - 0.1966).abs() < 5e-5);
}

#[test]
fn g4_a_rectified_line() {
    let tape = Tape::<f64>::new();
    let x = tape.input(1.0);
    let trace = (x * 2.0 + 1.0).relu().trace().unwrap();
    let end = trace.at(trace.len());
    assert_eq!(end.value(trace.program().unwrap().output_ids()[0]).unwrap()[[]], 3.0);
    assert_eq!(end.cotangent(x.id()).unwrap()[[]], 2.0);
}

#[test]
fn g5_a_square_has_two_edges() {
    let tape = Tape::<f64>::new();
    let x = tape.input(3.0);
    let y = x * x;
    let trace = y.trace().unwrap();
    let edges: Vec<Edge> = trace.edges().collect();
    let edge = |slot| Edge { node: y.id(), slot, operand: x.id() };
    assert_eq!(edges, [edge(0), edge(1)]);
    let end = trace.at(trace.len());
    assert_eq!(end.shares(x.id()), [(edge(0), 0.5), (edge(1), 0.5)]);
    // Between the two contributions the cotangent is half there.
    let between = trace.at(trace.len() - 1);
    assert_eq!(between.cotangent(x.id()).unwrap()[[]], 3.0);
    assert_eq!((between.share(edge(0)), between.share(edge(1))), (Some(1.0), None));
}

// ---- G6 and G7: the line that wrote the NaN ----------------------------------------------------------------------------------

/// A program with everything that a walk meets: two uses of one node, data, constants, an index, a key, scopes, a zero
/// derivative, a cut.
fn varied(tape: &Tape<f64>) -> Var<'_, f64> {
    varied_with_inputs(tape).0
}

fn varied_with_inputs(tape: &Tape<f64>) -> (Var<'_, f64>, [Var<'_, f64>; 3]) {
    let x = tape.input([[0.5, -1.0], [2.0, 0.25]]).named("x");
    let w = tape.input([[0.1, 0.2], [-0.3, 0.4]]).named("w");
    let flat = tape.input(1.5).named("flat");
    let batch = tape.data([[1.0, 2.0], [3.0, 4.0]]);
    let h = tape.scope("a", || (x.matmul(w) + batch * x).tanh());
    let rows = tape.index(array![1, 1, 0]);
    let mask = tape.key(9).uniform([3, 2], 0).gt(0.5);
    let picked = tape.scope("b", || h.gather(rows) * mask * h.stop_gradient().sum(..));
    let y = picked.log_softmax(1).sum(..) + flat.powi(0) + (h * h).max(..);
    (y, [x, w, flat])
}

#[test]
fn a_trace_is_the_run_and_the_reverse_pass_bit_for_bit() {
    let tape = Tape::<f64>::new();
    let (y, parameters) = varied_with_inputs(&tape);
    let program = tape.program(&[y]).unwrap();
    let trace = y.trace().unwrap();
    let end = trace.at(trace.len());
    let bits = |array: &ArrayD<f64>| array.iter().map(|x| x.to_bits()).collect::<Vec<_>>();

    let inputs = [
        Input::real([[0.5, -1.0], [2.0, 0.25]]),
        Input::real([[0.1, 0.2], [-0.3, 0.4]]),
        Input::real(1.5),
        Input::real([[1.0, 2.0], [3.0, 4.0]]),
        Input::index(array![1, 1, 0]),
        Input::Key(9),
    ];
    let result = &program.run(&inputs).unwrap()[0];
    assert_eq!(bits(result), bits(&end.value(program.output_ids()[0]).unwrap().to_owned()));
    assert_eq!(Trace::new(&program, &inputs).unwrap().at(usize::MAX).to_string(), end.to_string());

    let gradients = y.backward().unwrap();
    for (x, name) in parameters.into_iter().zip(["x", "w", "flat"]) {
        let traced = end.cotangent(find(&trace, "", name)).unwrap().to_owned();
        assert_eq!(bits(&traced), bits(&gradients.get(x).unwrap().to_owned()), "{name}");
    }
}

#[test]
fn cotangents_are_blank_until_they_arrive() {
    let tape = Tape::<f64>::new();
    let trace = varied(&tape).trace().unwrap();
    for (t, event) in trace.events().iter().enumerate() {
        let (before, after) = (trace.at(t), trace.at(t + 1));
        match event {
            Event::Push(id) => assert!(before.value(*id).is_none()),
            Event::Seed(id) | Event::Zero(id) => {
                assert!(before.cotangent(*id).is_none() && after.cotangent(*id).is_some())
            }
            Event::Accumulate(edge) => {
                assert!(before.contribution(*edge).is_none());
                let sum = match before.cotangent(edge.operand) {
                    Some(sum) => &sum + &after.contribution(*edge).unwrap(),
                    None => after.contribution(*edge).unwrap().to_owned(),
                };
                assert_eq!(sum, after.cotangent(edge.operand).unwrap());
            }
            _ => {}
        }
        assert_eq!(after.event(), Some(event));
    }
    assert!(trace.events().contains(&Event::Enter("a".into())) && trace.events().contains(&Event::Exit("b".into())));
    assert_eq!(trace.events().last(), Some(&Event::Zero(find(&trace, "", "flat"))));
}

#[test]
fn the_listing_shows_what_is_known() {
    let tape = Tape::<f64>::new();
    let n = network(&tape, &weights());
    let trace = n.error.trace().unwrap();
    let mut stepper = Stepper::new(&trace);
    assert_eq!(stepper.state().sentence(), "nothing has happened yet");
    stepper.run_until(breakpoint("phase == reverse"));
    stepper.run_until(breakpoint("op == \"sigmoid\""));
    expect![[r#"
        time 35 of 53, reverse: the cotangent of %13 (output.out) is complete: [0.7414, -0.2171]; the rule of sigmoid(%12) runs: x̄ = ȳ·(y·(1 − y))
          %0 x      : f64[2]    = data                                         # tests/engine/stepper.rs:42   v=[0.05, 0.1]
          %1 target : f64[2]    = data                                         # tests/engine/stepper.rs:43   v=[0.01, 0.99]
          %2 w      : f64[2, 2] = input                            in hidden   # tests/engine/stepper.rs:46   v=[[0.15, 0.2], [0.25, 0.3]]
          %3 b      : f64[]     = input                            in hidden   # tests/engine/stepper.rs:46   v=0.35
          %4        : f64[2]    = matmul(%2, %0)                   in hidden   # tests/engine/stepper.rs:47   v=[0.0275, 0.0425]
          %5        : f64[2]    = broadcast_to(%3; shape=[2])      in hidden   # tests/engine/stepper.rs:47   v=[0.35, 0.35]
          %6 net    : f64[2]    = add(%4, %5)                      in hidden   # tests/engine/stepper.rs:47   v=[0.3775, 0.3925]
          %7 out    : f64[2]    = sigmoid(%6)                      in hidden   # tests/engine/stepper.rs:48   v=[0.5933, 0.5969]
          %8 w      : f64[2, 2] = input                            in output   # tests/engine/stepper.rs:46   v=[[0.4, 0.45], [0.5, 0.55]]
          %9 b      : f64[]     = input                            in output   # tests/engine/stepper.rs:46   v=0.6
          %10       : f64[2]    = matmul(%8, %7)                   in output   # tests/engine/stepper.rs:47   v=[0.5059, 0.6249]
          %11       : f64[2]    = broadcast_to(%9; shape=[2])      in output   # tests/engine/stepper.rs:47   v=[0.6, 0.6]
          %12 net   : f64[2]    = add(%10, %11)                    in output   # tests/engine/stepper.rs:47   v=[1.1059, 1.2249]
        → %13 out   : f64[2]    = sigmoid(%12)                     in output   # tests/engine/stepper.rs:48   v=[0.7514, 0.7729]  d=[0.7414, -0.2171]
          %14       : f64[2]    = sub(%1, %13)                                 # tests/engine/stepper.rs:53   v=[-0.7414, 0.2171]  d=[-0.7414, 0.2171]
          %15       : f64[2]    = mul(%14, %14)                                # tests/engine/stepper.rs:53   v=[0.5496, 0.0471]  d=[0.5, 0.5]
          %16       : f64[]     = constant(0.5)                                # tests/engine/stepper.rs:53   v=0.5
          %17       : f64[2]    = broadcast_to(%16; shape=[2])                 # tests/engine/stepper.rs:53   v=[0.5, 0.5]
          %18       : f64[2]    = mul(%15, %17)                                # tests/engine/stepper.rs:53   v=[0.2748, 0.0236]  d=[1, 1]
          %19 E     : f64[]     = sum(%18; axes=[0], keep=false)               # tests/engine/stepper.rs:54   v=0.2984  d=1
    "#]].assert_eq(&stepper.state().to_string());
    let net = find(&trace, "output", "net");
    let line = trace.at(trace.len()).line(net);
    assert!(line.starts_with("%12 net : f64[2] = add(%10, %11)   in output   # tests/engine/stepper.rs:"), "{line}");
    assert!(line.ends_with("   v=[1.1059, 1.2249]  d=[0.1385, -0.0381]"), "{line}");
}

#[test]
fn breakpoints_stop_where_they_say() {
    let tape = Tape::<f64>::new();
    let n = network(&tape, &weights());
    let trace = n.error.trace().unwrap();
    let mut stepper = Stepper::new(&trace);
    let operation = |stepper: &Stepper<'_, f64>| {
        let node = stepper.state().node().unwrap();
        (trace.node(node).unwrap().operation(), stepper.state().phase())
    };
    let mut stops = Vec::new();
    while stepper.run_until(breakpoint("op == \"matmul\"")).is_some() {
        stops.push(operation(&stepper));
    }
    let (forward, reverse) = (("matmul", Phase::Forward), ("matmul", Phase::Reverse));
    assert_eq!(stops, [forward, forward, reverse, reverse]);
    assert_eq!(stepper.time(), trace.len());
    let mut back = Vec::new();
    while stepper.back_until(breakpoint("op == \"matmul\"")).is_some() {
        back.push(operation(&stepper));
    }
    assert_eq!((back, stepper.time()), (vec![reverse, reverse, forward, forward], 0));

    let large = |state: &autodiff::inspect::State<'_, f64>| {
        state.node().and_then(|id| state.value(id)).is_some_and(|value| value.iter().any(|x| *x > 1.2))
    };
    stepper.run_until(large).unwrap();
    let net = trace.node(stepper.state().node().unwrap()).unwrap();
    assert_eq!((net.scope(), net.operation()), ("output", "add"));
    stepper.goto(0);
    assert_eq!(stepper.run_until(breakpoint(&n.h.id().to_string())), Some(&Event::Push(n.h.id())));
    assert_eq!(breakpoint("op == \"matmul\"").to_string(), "op == \"matmul\"");
    assert_eq!(breakpoint("nan(grad)").to_string(), "nan(grad)");
}

#[test]
fn seeds_outputs_and_refusals() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]);
    let program = tape.program(&[x * x]).unwrap();
    let inputs = [Input::real([1.0, 2.0])];
    assert_eq!(Trace::new(&program, &inputs).unwrap_err().kind(), ErrorKind::NotScalar);
    assert_eq!(Trace::with_seed(&program, &inputs, 1.0).unwrap_err().kind(), ErrorKind::Mismatch);
    let trace = Trace::with_seed(&program, &inputs, [10.0, 100.0]).unwrap();
    assert_eq!(trace.at(trace.len()).cotangent(x.id()).unwrap(), Array1::from(vec![20.0, 400.0]).into_dyn().view());
    let forward = Trace::forward(&program, &inputs).unwrap();
    assert_eq!(forward.events(), [Event::Push(x.id()), Event::Push(NodeId::new(1))]);
    assert_eq!(Trace::forward(&program, &[]).unwrap_err().kind(), ErrorKind::ProgramInput);

    // A gradient that misses a path would be wrong: where one is refused, the cotangent stays blank.
    let y = (x.gt(1.5) * x).sum(..);
    let trace = y.trace().unwrap();
    assert!(y.backward().unwrap().get(x).is_err());
    assert!((0..=trace.len()).all(|t| trace.at(t).cotangent(x.id()).is_none()));
    assert_eq!(Tape::<f64>::symbolic().input(1.0).trace().unwrap_err().kind(), ErrorKind::NoValue);
}

#[test]
fn a_long_chain_needs_no_stack() {
    let run = || {
        let tape = Tape::<f64>::new();
        let y = (0..20_000).fold(tape.input(0.5), |x, _| x.sin());
        assert_eq!(y.first_non_finite(), Ok(None));
        let trace = y.trace().unwrap();
        assert_eq!(trace.at(trace.len()).to_string().lines().count(), 20_002);
        assert_eq!(tape.to_string().lines().count(), 20_001);
    };
    std::thread::Builder::new().stack_size(128 * 1024).spawn(run).unwrap().join().unwrap();
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Step,
    Back,
    Goto(usize),
    Until,
    BackUntil,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        Just(Move::Step),
        Just(Move::Back),
        (0usize..200).prop_map(Move::Goto),
        Just(Move::Until),
        Just(Move::BackUntil),
    ];
    prop::collection::vec(one, 0..40)
}

proptest! {
    #[test]
    fn the_state_depends_on_the_time_alone(moves in moves(), time in 0usize..200) {
        let tape = Tape::<f64>::new();
        let trace = varied(&tape).trace().unwrap();
        let mut stepper = Stepper::new(&trace);
        for one in moves {
            match one {
                Move::Step => { stepper.step(); }
                Move::Back => { stepper.back(); }
                Move::Goto(t) => stepper.goto(t),
                Move::Until => { stepper.run_until(breakpoint("op == \"mul\"")); }
                Move::BackUntil => { stepper.back_until(breakpoint("phase == forward")); }
            }
        }
        stepper.goto(time);
        let mut fresh = Stepper::new(&trace);
        for _ in 0..time {
            fresh.step();
        }
        prop_assert_eq!(stepper.time(), time.min(trace.len()));
        prop_assert_eq!(stepper.state().to_string(), fresh.state().to_string());
    }

    #[test]
    fn shares_sum_to_one(a in -3.0..3.0f64, b in -3.0..3.0f64, c in -3.0..3.0f64) {
        let tape = Tape::<f64>::new();
        let x = tape.input([a, b]);
        let y = (x * x * c + x.sin() - x.exp() * x).sum(..);
        let trace = y.trace().unwrap();
        for t in 0..=trace.len() {
            let shares = trace.at(t).shares(x.id());
            let sum: f64 = shares.iter().map(|(_, share)| share).sum();
            let magnitude: f64 = shares.iter().map(|(_, share)| share.abs()).sum();
            prop_assert!(shares.is_empty() || (sum - 1.0).abs() <= 1e-13 * magnitude);
        }
    }
}
