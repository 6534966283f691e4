//! A plan computes what recording and running compute, bit for bit, and keeps its promises about memory and updates.

use autodiff::check::strategy::{self, Recipe};
use autodiff::{Input, Program, Real, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn bits<F: Real>(a: &ArrayD<F>, b: &ArrayD<F>) -> bool {
    let same = |(a, b): (&F, &F)| {
        let (a, b) = (a.double(), b.double());
        a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
    };
    a.shape() == b.shape() && a.iter().zip(b).all(same)
}

/// The program simplified, planned with blocks of any size, and by any number of threads, gives the bits of `run`.
fn planned_is_run<F: Real>(
    program: &Program<F>,
    inputs: &[Input<F>],
    ways: &[(usize, usize)],
) -> Result<(), TestCaseError> {
    let expected = program.run(inputs).expect("runs");
    let simple = program.simplified();
    prop_assert!(simple.len() <= program.len());
    for (given, expected) in simple.run(inputs).expect("runs").iter().zip(&expected) {
        prop_assert!(bits(given, expected), "simplified: {given:?}, not {expected:?}\n{program}\n{simple}");
    }
    for (threads, block) in ways {
        let planner = program.planner().threads(*threads);
        let planner = if *block == 1024 { planner } else { planner.in_small(*block) };
        let mut plan = planner.plan().expect("plans");
        // Twice: the second run finds the memory as the first left it.
        for round in 1..=2 {
            let given = plan.run(inputs).expect("runs");
            prop_assert_eq!(given.len(), expected.len());
            for (i, (given, expected)) in given.iter().zip(&expected).enumerate() {
                let text = format!("{threads} threads, blocks of {block}, round {round}, output {i}");
                prop_assert!(bits(given, expected), "{text}\n{program}\n{}\n{given:?}\n{expected:?}", plan.explain());
            }
        }
    }
    Ok(())
}

/// The values of all nodes that matter, and the gradient, as one program.
fn value_and_gradient<F: Real>(recipe: &Recipe) -> (Program<F>, Vec<Input<F>>) {
    let tape = Tape::<F>::new();
    let (inputs, y) = recipe.record(&tape).expect("well typed");
    let gradients = y.backward().expect("differentiable");
    let reachable: Vec<_> = inputs.iter().copied().filter(|x| gradients.get(*x).is_ok()).collect();
    let mut outputs = y.gradient(&reachable).expect("as backward");
    outputs.push(y);
    let (_, given) = recipe.program::<F>().expect("well typed");
    (tape.program(&outputs).expect("no error"), given)
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn random_programs(recipe in strategy::programs(200)) {
        let ways = [(1, 1024), (1, 2), (1, 5), (4, 3)];
        let (program, inputs) = value_and_gradient::<f64>(&recipe);
        planned_is_run(&program, &inputs, &ways)?;
        let (program, inputs) = value_and_gradient::<f32>(&recipe);
        planned_is_run(&program, &inputs, &ways)?;
    }
}

/// A random walk through operations on arrays larger than a block, with sums, broadcasts, views and products between.
fn large<'t>(tape: &'t Tape<f32>, inputs: [Var<'t, f32>; 4], genes: &[(u8, u8, u8)]) -> Var<'t, f32> {
    let [x, row, column, square] = inputs;
    let mut pool = vec![x, x * row, x + column, (x * 0.5).tanh()];
    let mut sums = vec![tape.constant(0.25f32)];
    for (kind, i, j) in genes {
        let a = pool[usize::from(*i) % pool.len()];
        let b = pool[usize::from(*j) % pool.len()];
        let s = sums[usize::from(*j) % sums.len()];
        let next = match kind % 14 {
            0 => a + b,
            1 => a * b,
            2 => a - s,
            3 => a.tanh() * s,
            4 => (a * 0.1).exp(),
            5 => a.maximum(b),
            6 => a.gt(b).select(a, b * 0.5),
            7 => a.matmul(square) * 0.01,
            8 => a.transpose().tanh().transpose(),
            9 => a.sum(0) * 0.01 + b,
            10 => a.sum_keep(1) * 0.01 + b,
            11 => a.reshape([2100]).sigmoid().reshape([3, 700]),
            12 => a.log_softmax(1) + row,
            _ => a.relu() - b,
        };
        pool.push(next * 0.5);
        if kind % 3 == 0 {
            sums.push(next.mean(..));
        }
    }
    let last = pool[pool.len() - 1];
    last.square().mean(..) + sums[sums.len() - 1]
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn large_arrays(genes in prop::collection::vec(any::<(u8, u8, u8)>(), 1..25), seed in 0u64..1000) {
        let mut state = seed;
        let mut number = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        let shapes: [&[usize]; 4] = [&[3, 700], &[700], &[3, 1], &[700, 700]];
        let arrays = shapes.map(|shape| ArrayD::from_shape_simple_fn(IxDyn(shape), &mut number));
        let tape = Tape::<f32>::new();
        let inputs = [0, 1, 2, 3].map(|i| tape.input(&arrays[i]));
        let y = large(&tape, inputs, &genes);
        let mut outputs = y.gradient(&inputs[..1]).expect("differentiable");
        outputs.push(y);
        let program = tape.program(&outputs).expect("no error");
        let given = arrays.map(Input::Real);
        planned_is_run(&program, &given, &[(1, 1024), (2, 1023), (4, 1024), (8, 100)])?;
    }
}

/// A sum of a number that is repeated more often than a block is long.
#[test]
fn a_total_of_a_repeated_number() {
    let tape = Tape::<f64>::new();
    let x = tape.input(0.1);
    let program = tape.program(&[(x * 1.0).broadcast_to([5000]).sum(..)]).unwrap();
    let inputs = [Input::real(0.1)];
    assert_eq!(program.plan().unwrap().run(&inputs).unwrap(), program.run(&inputs).unwrap());
}
