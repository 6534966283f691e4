//! Memory: a counting allocator watches training loops and reverse passes.

use crate::{CALLS, LIVE, PEAK};
use autodiff::{Tape, Var};

/// The bytes this thread holds.
fn live() -> isize {
    LIVE.get()
}

/// What `body` answers, by how much it went above what was held before, and how many allocations it made.
fn watched<R>(body: impl FnOnce() -> R) -> (R, isize, usize) {
    let (start, calls) = (live(), CALLS.get());
    PEAK.set(start);
    let result = body();
    (result, PEAK.get() - start, CALLS.get() - calls)
}

/// Parameters of a small network, as arrays that live outside any tape.
struct Model {
    w: ndarray::ArrayD<f64>,
    b: ndarray::ArrayD<f64>,
}

impl Model {
    fn new() -> Self {
        let w = ndarray::ArrayD::from_shape_fn(ndarray::IxDyn(&[3, 2]), |i| 0.1 * (i[0] as f64) - 0.2 * (i[1] as f64));
        Model { w, b: ndarray::ArrayD::zeros(ndarray::IxDyn(&[2])) }
    }

    /// One step of gradient descent; the loss.
    fn step(&mut self, tape: &Tape<f64>) -> f64 {
        tape.scope("model", || {
            let (w, b) = (tape.input(&self.w).named("w"), tape.input(&self.b).named("b"));
            let x = tape.data([[1.0, 0.5, -1.0], [0.0, -2.0, 1.0]]);
            let y = tape.scope("layer", || x.matmul(w).add_bias(b).tanh());
            let loss = (y - tape.data([[0.5, -0.5], [0.25, 0.0]])).square().mean(..);
            let mut gradients = loss.backward_from(0.1).unwrap();
            self.w -= &gradients.take(w).unwrap();
            self.b -= &gradients.take(b).unwrap();
            loss.item().unwrap()
        })
    }
}

#[test]
fn memory_after_1000_steps_is_that_after_10_with_one_tape() {
    let (mut model, mut tape) = (Model::new(), Tape::new());
    let mut losses = Vec::with_capacity(1_000);
    let mut after_10 = 0;
    for step in 1..=1_000 {
        tape.clear();
        assert!(format!("{:?}", tape.input(0.0)).contains("%0"), "the names of the step before are forgotten");
        // A scope of its own for each step: a tape that remembered them would grow.
        losses.push(tape.scope(&format!("step {step:04}"), || model.step(&tape)));
        if step == 10 {
            after_10 = live();
        }
    }
    assert_eq!(live(), after_10);
    assert!(losses[999] < 0.1 * losses[0], "it learned: {} to {}", losses[0], losses[999]);
}

#[test]
fn memory_after_1000_steps_is_that_after_10_with_a_tape_a_step() {
    let mut model = Model::new();
    let mut after_10 = 0;
    for step in 1..=1_000 {
        model.step(&Tape::new());
        if step == 10 {
            after_10 = live();
        }
    }
    assert_eq!(live(), after_10);
}

#[test]
fn everything_is_given_back() {
    let start = live();
    {
        let tape = Tape::<f64>::new();
        let x = tape.input(vec![0.5; 100]).named("x");
        let y = (0..100).fold(x, |y, _| (y * x).tanh().reshape([10, 10]).transpose().reshape([100])).sum(..);
        let second = y.gradient(&[x]).unwrap()[0].sum(..).gradient(&[x]).unwrap()[0];
        let program = tape.program(&[y, second]).unwrap();
        let again = program.clone();
        drop(program);
        assert!(again.len() <= tape.len());
        let _ = x.reshape([7]).error().unwrap();
    }
    assert_eq!(live(), start);
}

fn chain<'t>(x: Var<'t, f64>, length: usize) -> Var<'t, f64> {
    (0..length).fold(x, |y, _| y.tanh())
}

/// The cotangents of a long chain of arrays are never alive together: each is freed after its last use.
#[test]
fn backward_holds_a_few_cotangents_at_a_time() {
    const SIZE: usize = 10_000;
    let array = (SIZE * size_of::<f64>()) as isize;
    let tape = Tape::<f64>::new();
    let x = tape.input(vec![0.5; SIZE]);
    let (y, forward, _) = watched(|| chain(x, 200));
    assert!(forward > 199 * array, "the values of the forward pass are kept: {forward}");
    let (gradients, peak, _) = watched(|| y.backward_from(vec![1.0; SIZE]));
    assert!(peak < 8 * array, "backward took {} arrays at its peak", peak / array);
    drop(gradients);
    // A recorded gradient keeps them: the test can tell.
    let seed = tape.constant(vec![1.0; SIZE]);
    let (_, recorded, _) = watched(|| y.pullback(seed, &[x]).unwrap());
    assert!(recorded > 200 * array, "a recorded gradient took {} arrays", recorded / array);
}

/// Allocations per node do not grow with the length of the tape, from 10³ to 10⁶ nodes.
#[test]
fn allocations_per_node_are_constant() {
    let per_node = |length: usize| {
        let tape = Tape::<f64>::new();
        let x = tape.input(0.5);
        let (y, bytes, record) = watched(|| chain(x, length));
        let (gradients, _, backward) = watched(|| y.backward().unwrap());
        assert!(gradients.item(x).is_ok());
        let (_, _, program) = watched(|| tape.program(&[y]).unwrap());
        [record, backward, program, bytes as usize].map(|n| n as f64 / length as f64)
    };
    let small = per_node(1_000);
    for length in [10_000, 100_000, 1_000_000] {
        for (small, large) in small.iter().zip(per_node(length)) {
            // A vector that doubles may hold up to twice what it needs (thrice while it moves), at any length.
            assert!(large <= 3.0 * small + 0.1, "{large} at {length} nodes, {small} at 1000");
        }
    }
}

/// A tape that is used again has the memory it needs: numbers are recorded, differentiated and forgotten without
/// allocations, however many there are.
#[test]
fn numbers_on_a_used_tape_take_no_allocation() {
    let step = |tape: &mut Tape<f64>, length: usize| {
        let (slope, _, calls) = watched(|| {
            let x = tape.input(0.5);
            let y = (0..length).fold(x, |y, _| y * 0.999 + y.sin() * 0.001);
            let slope = y.backward().unwrap().item(x).unwrap();
            tape.clear();
            slope
        });
        assert!(slope > 0.0 && slope <= 1.0, "{slope}");
        calls
    };
    let mut tape = Tape::new();
    let first = step(&mut tape, 10_000);
    let held = live();
    let constant = step(&mut tape, 1);
    assert_eq!([1, 10, 1_000, 10_000].map(|length| step(&mut tape, length)), [constant; 4]);
    // What is left: the input comes as an array, the gradient goes as one.
    assert!(constant < 10 && constant < first, "{constant} allocations, {first} on a new tape");
    assert_eq!(live(), held);
}

/// Planning takes memory in proportion to the program, in few pieces.
#[test]
fn a_plan_of_a_long_program_takes_some_hundred_bytes_for_a_node() {
    let tape = Tape::<f64>::symbolic();
    let (x, w) = (tape.input(0.5), tape.input(0.25));
    let mut y = x;
    for i in 0..60_000 {
        y = match i % 3 {
            0 => y.sin(),
            1 => y * w,
            _ => y + x,
        };
    }
    let program = tape.program(&[y]).unwrap().grad(&[0, 1]).unwrap();
    drop(tape);
    let nodes = program.len();
    let (plan, bytes, calls) = watched(|| program.plan().unwrap());
    assert!(bytes < 400 * nodes as isize, "{} bytes for each of {nodes} nodes", bytes / nodes as isize);
    assert!(calls < nodes / 20, "{calls} requests for {nodes} nodes");
    assert_eq!(plan.program().inputs().count(), 2);
}
