//! Plans go from thread to thread, and many run at once: the bits are those of the program.

use autodiff::check::strategy;
use autodiff::{Feed, Input, Plan, Program, Real, Tape};
use ndarray::{ArrayD, IxDyn};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{TestRng, TestRunner};
use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::thread;

/// Compiles if programs are shared and plans are sent.
#[test]
fn programs_are_shared_and_plans_are_sent() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<Program<f32>>();
    shared::<Program<f64>>();
    sent::<Plan<f32>>();
    sent::<Plan<f64>>();
}

fn numbers(shape: &[usize], seed: usize) -> ArrayD<f64> {
    let mut n = seed as f64;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        n += 1.0;
        (n * 12.9898).sin() * 0.9
    })
}

fn bits<F: Real>(results: &[ArrayD<F>]) -> Vec<Vec<u64>> {
    results.iter().map(|y| y.iter().map(|y| y.double().to_bits()).collect()).collect()
}

/// A product that is packed, fused loops, sums, softmaxes, a loop over a body, indices; with the gradient.
fn large() -> Program<f64> {
    const N: usize = if cfg!(miri) { 12 } else { 90 };
    let tape = Tape::<f64>::symbolic();
    let (x, w) = (tape.symbolic_input([N, N]), tape.symbolic_input([N, N]));
    let hidden = (x.matmul(w) * 0.1).tanh().matmul(w) * 0.1;
    let ([last], []) = tape.scan(3, [hidden.sum(0)], [], |_, [c], []| ([(c * w).sum(1).sin()], []));
    let (top, at) = hidden.top_k(3, 1);
    let y = hidden.log_softmax(1).mean(..) + last.square().sum(..) + top.sum(..) + w.take_along(at, 1).mean(..);
    let mut outputs = y.gradient(&[x, w]).unwrap();
    outputs.push(y);
    tape.program(&outputs).unwrap()
}

fn feeds(program: &Program<f64>, seed: usize) -> Vec<Input<f64>> {
    program.inputs().enumerate().map(|(i, (_, shape))| Input::Real(numbers(shape, seed + 1000 * i))).collect()
}

/// Made on one thread, run on others, and dropped on the last.
#[test]
fn a_plan_runs_wherever_it_is() {
    let program = large();
    for threads in [1, 2] {
        let mut plan =
            thread::scope(|s| s.spawn(|| program.planner().threads(threads).plan().unwrap()).join().unwrap());
        for round in 0..4 {
            let inputs = feeds(&program, round);
            let expected = bits(&program.run(&inputs).unwrap());
            let (back, found) = thread::spawn(move || {
                let found = bits(&plan.run(&inputs).unwrap());
                (plan, found)
            })
            .join()
            .unwrap();
            assert_eq!(found, expected, "{threads} threads, round {round}");
            plan = back;
            assert_eq!(bits(&[plan.output(2).unwrap().to_owned()]), expected[2..], "the results went along");
        }
        thread::spawn(move || drop(plan)).join().unwrap();
    }
}

/// As many plans as threads run at the same time, and each goes on to the next thread after every run.
#[test]
fn plans_run_at_once_and_go_around() {
    const COUNT: usize = if cfg!(miri) { 2 } else { 4 };
    const ROUNDS: usize = if cfg!(miri) { 2 } else { 12 };
    let program = large();
    let runs: Vec<(Vec<Input<f64>>, Vec<Vec<u64>>)> = (0..COUNT * ROUNDS)
        .map(|seed| {
            let inputs = feeds(&program, seed);
            let expected = bits(&program.run(&inputs).unwrap());
            (inputs, expected)
        })
        .collect();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..COUNT).map(|_| channel::<Plan<f64>>()).unzip();
    let together = Barrier::new(COUNT);
    thread::scope(|s| {
        for (me, receiver) in receivers.into_iter().enumerate() {
            let next = senders[(me + 1) % COUNT].clone();
            let (program, runs, together) = (&program, &runs, &together);
            s.spawn(move || {
                // Every second one has threads of its own.
                let mut plan = program.planner().threads(1 + me % 2).plan().unwrap();
                for round in 0..ROUNDS {
                    let (inputs, expected) = &runs[round * COUNT + me];
                    together.wait();
                    let found = bits(&plan.run(inputs).unwrap());
                    assert_eq!(found, *expected, "thread {me}, round {round}");
                    next.send(plan).unwrap();
                    plan = receiver.recv().unwrap();
                }
            });
        }
    });
}

/// Random programs: planned and recorded on two threads, the plans exchanged, run at once.
#[test]
fn random_programs_and_their_plans_change_threads() {
    let mut runner = TestRunner::new_with_rng(Default::default(), TestRng::deterministic_rng(Default::default()));
    for _ in 0..if cfg!(miri) { 1 } else { 40 } {
        let recipe = strategy::programs(100).new_tree(&mut runner).unwrap().current();
        let (program, inputs) = recipe.program::<f64>().unwrap();
        let gradient = program.value_and_grad(&(0..recipe.inputs.len()).collect::<Vec<_>>());
        let program = gradient.unwrap_or(program);
        let expected = bits(&program.run(&inputs).unwrap());
        let mut plans: Vec<Plan<f64>> = thread::scope(|s| {
            let made: Vec<_> = (0..2).map(|_| s.spawn(|| program.planner().in_small(4).plan().unwrap())).collect();
            made.into_iter().map(|plan| plan.join().unwrap()).collect()
        });
        plans.reverse();
        thread::scope(|s| {
            for mut plan in plans {
                let (inputs, expected, recipe, program) = (&inputs, &expected, &recipe, &program);
                s.spawn(move || {
                    for _ in 0..2 {
                        assert_eq!(bits(&plan.run(inputs).unwrap()), *expected, "{recipe}");
                        assert_eq!(bits(&program.run(inputs).unwrap()), *expected, "{recipe}");
                    }
                });
            }
        });
    }
}

/// Inputs that are updated in place stay where they are; the plan comes and goes.
#[test]
fn updates_are_made_from_any_thread() {
    const N: usize = if cfg!(miri) { 300 } else { 3000 };
    let tape = Tape::<f64>::symbolic();
    let w = tape.symbolic_input([N]);
    let loss = (w.sin() * w).sum(..);
    let program = tape.program(&[loss, w - w.tape().constant(0.01) * loss.gradient(&[w]).unwrap()[0]]).unwrap();
    let mut plan = program.planner().update(0, 1).plan().unwrap();
    let mut w = numbers(&[N], 3).into_raw_vec_and_offset().0;
    let mut expected = numbers(&[N], 3);
    for _ in 0..3 {
        expected = program.run(&[Input::Real(expected)]).unwrap().remove(1);
        (plan, w) = thread::spawn(move || {
            plan.execute(&mut [Feed::Update(&mut w)]).unwrap();
            (plan, w)
        })
        .join()
        .unwrap();
        assert_eq!(w, expected.as_slice().unwrap());
    }
}
