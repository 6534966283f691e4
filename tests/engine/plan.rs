//! A plan computes what recording and running compute, bit for bit, and keeps its promises about memory and updates.

use autodiff::check::strategy::{self, Recipe};
use autodiff::inspect::Trace;
use autodiff::primitive::Loop;
use autodiff::{Arg, ErrorKind, Feed, Index, Input, Program, Real, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;

/// The elements of a block; few under Miri, which takes a thousand times as long.
const BLOCK: usize = if cfg!(miri) { 128 } else { 1024 };
/// An array of several blocks.
const LARGE: usize = if cfg!(miri) { 300 } else { 5000 };
/// The columns of a matrix that has several blocks in three rows.
const WIDTH: usize = if cfg!(miri) { 50 } else { 700 };
/// Fewer than this many operations on such matrices.
const GENES: usize = if cfg!(miri) { 5 } else { 25 };

fn config(cases: u32, under_miri: u32) -> ProptestConfig {
    let cases = if cfg!(miri) { under_miri } else { crate::cases(cases) };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn bits<F: Real>(a: &ArrayD<F>, b: &ArrayD<F>) -> bool {
    let same = |(a, b): (&F, &F)| {
        let (a, b) = (a.double(), b.double());
        a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
    };
    a.shape() == b.shape() && a.iter().zip(b).all(same)
}

/// The program stepped through, simplified, planned with blocks of any size, and by any number of threads, gives the bits of `run`.
fn planned_is_run<F: Real>(
    program: &Program<F>,
    inputs: &[Input<F>],
    ways: &[(usize, usize)],
) -> Result<(), TestCaseError> {
    let expected = program.run(inputs).expect("runs");
    let trace = Trace::forward(program, inputs).expect("runs");
    for (id, expected) in program.output_ids().iter().zip(&expected) {
        let seen = trace.at(trace.len()).value(*id).expect("the run is over").to_owned();
        prop_assert!(bits(&seen, expected), "stepped through: {seen:?}, not {expected:?}\n{program}");
    }
    let simple = program.simplified();
    prop_assert!(simple.len() <= program.len());
    for (given, expected) in simple.run(inputs).expect("runs").iter().zip(&expected) {
        prop_assert!(bits(given, expected), "simplified: {given:?}, not {expected:?}\n{program}\n{simple}");
    }
    for (threads, block) in ways {
        let planner = program.planner().threads(*threads);
        let planner = if *block == BLOCK { planner } else { planner.in_small(*block) };
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

/// The derivative of y along some direction, and the gradient of that, as one program.
fn second_derivatives<F: Real>(recipe: &Recipe) -> (Program<F>, Vec<Input<F>>) {
    let tape = Tape::<F>::new();
    let (inputs, y) = recipe.record(&tape).expect("well typed");
    let direction = |x: &Var<'_, F>| tape.constant(x.value().expect("a value").mapv(|x| x * x - F::of(0.5)));
    let pairs: Vec<_> = inputs.iter().map(|x| (*x, direction(x))).collect();
    let dy = y.pushforward(&pairs).expect("differentiable");
    let gradients = dy.backward().expect("differentiable");
    let reachable: Vec<_> = inputs.iter().copied().filter(|x| gradients.get(*x).is_ok()).collect();
    let mut outputs = dy.gradient(&reachable).expect("as backward");
    outputs.push(dy);
    let (_, given) = recipe.program::<F>().expect("well typed");
    (tape.program(&outputs).expect("no error"), given)
}

proptest! {
    #![proptest_config(config(64, 1))]

    #[test]
    fn second_derivatives_of_random_programs(recipe in strategy::programs(if cfg!(miri) { 10 } else { 120 })) {
        let ways = if cfg!(miri) { &[(2, 3)][..] } else { &[(1, BLOCK), (4, 3)] };
        let (program, inputs) = second_derivatives::<f64>(&recipe);
        planned_is_run(&program, &inputs, ways)?;
        let (program, inputs) = second_derivatives::<f32>(&recipe);
        planned_is_run(&program, &inputs, ways)?;
    }
}

proptest! {
    #![proptest_config(config(256, 2))]

    #[test]
    fn random_programs(recipe in strategy::programs(if cfg!(miri) { 10 } else { 200 })) {
        let ways = if cfg!(miri) { &[(1, BLOCK), (2, 3)][..] } else { &[(1, BLOCK), (1, 2), (1, 5), (4, 3)] };
        let (program, inputs) = value_and_gradient::<f64>(&recipe);
        planned_is_run(&program, &inputs, ways)?;
        let (program, inputs) = value_and_gradient::<f32>(&recipe);
        planned_is_run(&program, &inputs, ways)?;
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
            11 => a.reshape([3 * WIDTH]).sigmoid().reshape([3, WIDTH]),
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
    #![proptest_config(config(48, 1))]

    #[test]
    fn large_arrays(genes in prop::collection::vec(any::<(u8, u8, u8)>(), 1..GENES), seed in 0u64..1000) {
        let mut state = seed;
        let mut number = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        let shapes: [&[usize]; 4] = [&[3, WIDTH], &[WIDTH], &[3, 1], &[WIDTH, WIDTH]];
        let arrays = shapes.map(|shape| ArrayD::from_shape_simple_fn(IxDyn(shape), &mut number));
        let tape = Tape::<f32>::new();
        let inputs = [0, 1, 2, 3].map(|i| tape.input(&arrays[i]));
        let y = large(&tape, inputs, &genes);
        let mut outputs = y.gradient(&inputs[..1]).expect("differentiable");
        outputs.push(y);
        let program = tape.program(&outputs).expect("no error");
        let given = arrays.map(Input::Real);
        let ways = [(1, BLOCK), (2, BLOCK - 1), (4, BLOCK), (8, 100)];
        planned_is_run(&program, &given, &ways[..if cfg!(miri) { 2 } else { 4 }])?;
    }
}

/// Two threads, each with rows of its own for what a loop computes on the way, and the rows of a product.
#[test]
fn threads_share_loops_and_products() {
    let tape = Tape::<f64>::new();
    let (x, row, b) = (tape.input([[0.0; 5]; 8]), tape.input([0.0; 5]), tape.input([[0.0; 3]; 5]));
    let y = (x * row + 1.0).square() - x * 0.5;
    let program = tape.program(&[y, y.matmul(b)]).unwrap();
    let numbers = |shape: &[usize], k: usize| {
        let numbers = (0..shape.iter().product()).map(|i: usize| (i * k % 11) as f64 - 4.5).collect();
        Input::Real(ArrayD::from_shape_vec(shape, numbers).unwrap())
    };
    let inputs = [numbers(&[8, 5], 3), numbers(&[5], 7), numbers(&[5, 3], 5)];
    // More threads than there are processors would wait for one another.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    assert!(program.planner().threads(3000).in_small(4).plan().unwrap().threads() <= processors.max(8));
    let mut plan = program.planner().threads(2).in_small(4).plan().unwrap();
    assert_eq!(plan.threads(), 2);
    for _ in 0..3 {
        assert_eq!(plan.run(&inputs).unwrap(), program.run(&inputs).unwrap(), "{}", plan.explain());
    }
}

/// A sum of a number that is repeated more often than a block is long.
#[test]
fn a_total_of_a_repeated_number() {
    let tape = Tape::<f64>::new();
    let x = tape.input(0.1);
    let program = tape.program(&[(x * 1.0).broadcast_to([LARGE]).sum(..)]).unwrap();
    let inputs = [Input::real(0.1)];
    assert_eq!(program.plan().unwrap().run(&inputs).unwrap(), program.run(&inputs).unwrap());
}

fn bits_of(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.to_bits()).collect()
}

/// w ← w − 0.1·∇½|Xw − y|², m ← 0.9·m + ∇, with an index that may be out of range in between: planned, and as a program.
fn update_program(size: usize) -> Program<f64> {
    let tape = Tape::<f64>::new();
    let w = tape.input(vec![0.0; size]);
    let m = tape.data(vec![0.0; size]);
    let rows = tape.index(ndarray::Array1::<usize>::zeros(3));
    let chosen = w.gather(rows);
    let loss = (chosen - 1.0).square().sum(..) + (w * 0.01).square().sum(..);
    let g = loss.gradient(&[w]).unwrap()[0];
    let m_after = m * 0.9 + g;
    let w_after = w - m_after * 0.1;
    tape.program(&[loss, w_after, m_after]).unwrap()
}

#[test]
fn updates_are_those_of_the_program_and_in_place_where_arrays_are_large() {
    for size in [4, BLOCK, BLOCK + 1, LARGE] {
        let program = update_program(size);
        let mut plan = program.planner().update(0, 1).update(1, 2).guard(0).plan().unwrap();
        let in_place = plan.explain().contains("in place\n") || plan.explain().contains("in place");
        assert_eq!(in_place && !plan.explain().contains("by a copy"), size > BLOCK, "{}", plan.explain());
        let (mut w, mut m): (Vec<f64>, Vec<f64>) = ((0..size).map(|i| (i % 7) as f64).collect(), vec![0.5; size]);
        for round in 0..if cfg!(miri) { 2 } else { 5 } {
            let rows = [round % size, 0, size - 1];
            let inputs =
                [Input::real(w.clone()), Input::real(m.clone()), Input::index(ndarray::Array1::from(rows.to_vec()))];
            let expected = program.run(&inputs).unwrap();
            plan.execute(&mut [Feed::Update(&mut w), Feed::Update(&mut m), Feed::Index(&rows)]).unwrap();
            assert_eq!(plan.number(0), expected[0].first().copied());
            assert_eq!(bits_of(&w), bits_of(expected[1].as_slice().unwrap()));
            assert_eq!(bits_of(&m), bits_of(expected[2].as_slice().unwrap()));
            assert_eq!(plan.run(&inputs).unwrap(), expected, "run leaves its inputs alone and gives all outputs");
        }
    }
}

#[test]
fn a_refused_run_updates_nothing() {
    for size in [4, LARGE] {
        let mut plan = update_program(size).planner().update(0, 1).update(1, 2).guard(0).plan().unwrap();
        let (mut w, mut m) = (vec![2.0; size], vec![0.5; size]);
        let error =
            plan.execute(&mut [Feed::Update(&mut w), Feed::Update(&mut m), Feed::Index(&[0, size, 1])]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.to_string().contains("gather"), "{error}");
        assert!(w.iter().all(|w| *w == 2.0) && m.iter().all(|m| *m == 0.5));

        w[1] = f64::INFINITY;
        let error =
            plan.execute(&mut [Feed::Update(&mut w), Feed::Update(&mut m), Feed::Index(&[0, 1, 1])]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFinite);
        assert!(w[0] == 2.0 && m.iter().all(|m| *m == 0.5), "{error}");
    }
}

#[test]
fn feeds_that_do_not_fit_are_errors() {
    let mut plan = update_program(4).planner().update(0, 1).update(1, 2).plan().unwrap();
    let (mut w, mut m) = ([0.0; 4], [0.0; 4]);
    let mut error = |feeds: &mut [Feed<'_, f64>]| {
        let error = plan.execute(feeds).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ProgramInput);
        error.message().to_owned()
    };
    assert_eq!(error(&mut []), "the program has 3 inputs, got 0");
    let short = error(&mut [Feed::Update(&mut w[..3]), Feed::Update(&mut m), Feed::Index(&[0, 0, 0])]);
    assert_eq!(short, "input 0 should be f64[4], got 3 numbers to update");
    let fixed = error(&mut [Feed::Real(&[0.0; 4]), Feed::Update(&mut m), Feed::Index(&[0, 0, 0])]);
    assert_eq!(fixed, "input 0 should be f64[4], got 4 numbers that cannot be updated");
    let key = error(&mut [Feed::Update(&mut w), Feed::Update(&mut m), Feed::Key(1)]);
    assert_eq!(key, "input 2 should be index[3], got a key");
}

#[test]
fn updates_that_do_not_fit_are_errors() {
    let program = update_program(4);
    let message = |planner: autodiff::Planner<'_, f64>| planner.plan().unwrap_err().message().to_owned();
    assert_eq!(message(program.planner().update(0, 0)), "output 0 [] cannot update input 0 [4]");
    assert_eq!(message(program.planner().update(0, 9)), "there is no input 0 or no output 9");
    assert_eq!(message(program.planner().update(0, 1).update(0, 2)), "input 0 is updated twice");
    assert_eq!(message(program.planner().guard(3)), "there is no output 3 to guard");
}

#[test]
fn only_arrays_of_reals_are_updated() {
    let tape = Tape::<f64>::new();
    let (w, key) = (tape.input(1.0).named("w"), tape.key(7));
    let row = tape.index(ndarray::arr0(1));
    let y = w * 2.0;
    let program = tape.program(&[y, key.uniform([2], 0).gather(row)]).unwrap();
    for (input, kind, line) in
        [(1, "a random key", "input 1: %1 : key"), (2, "an array of indices", "input 2: %2 : index[]")]
    {
        let error = program.planner().update(input, 0).plan().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ProgramInput);
        assert_eq!(error.message(), format!("output 0, an array of reals, cannot update input {input}, {kind}"));
        assert!(error.to_string().contains(line), "{error}");
        assert!(error.help().is_some_and(|help| help.contains("only an array of reals is updated")), "{error}");
    }
    let mut plan = program.planner().update(0, 0).plan().unwrap();
    let mut w = [3.0];
    plan.execute(&mut [Feed::Update(&mut w), Feed::Key(7), Feed::Index(&[0])]).unwrap();
    assert_eq!(w, [6.0]);
}

/// Inputs exchanged, an input given to another, an output that is an input's view: the old values everywhere.
#[test]
fn updates_see_the_inputs_as_they_were() {
    for size in [3, 70, LARGE] {
        let tape = Tape::<f64>::new();
        let (a, b) = (tape.input(vec![0.0; size]), tape.input(vec![0.0; size]));
        let c = tape.input(vec![0.0; size]);
        let reversed_sum = (a * b).sum(..);
        let program = tape.program(&[b, a, a + c, a.reshape([1, size]), reversed_sum]).unwrap();
        let mut plan = program.planner().update(0, 0).update(1, 1).update(2, 2).plan().unwrap();
        let (mut a, mut b, mut c) = (vec![1.0; size], vec![2.0; size], vec![3.0; size]);
        plan.execute(&mut [Feed::Update(&mut a), Feed::Update(&mut b), Feed::Update(&mut c)]).unwrap();
        assert!(a.iter().all(|a| *a == 2.0) && b.iter().all(|b| *b == 1.0) && c.iter().all(|c| *c == 4.0), "{size}");
        assert!(plan.output(3).unwrap().iter().all(|a| *a == 1.0), "{size}");
        assert_eq!(plan.number(4), Some(2.0 * size as f64));
    }
}

/// An output that is an input as it was given is kept where nothing that waits for the updates lies.
#[test]
fn an_output_that_is_an_input_beside_an_update_in_place() {
    const ROWS: usize = BLOCK / 50 + 5;
    const SIZE: usize = ROWS * 50;
    let tape = Tape::<f64>::new();
    let (w, x) = (tape.input(vec![0.0; SIZE]), tape.input(vec![0.0; SIZE]));
    let (a, b) = (tape.input(ndarray::Array2::zeros((ROWS, 2))), tape.input(ndarray::Array2::zeros((2, 50))));
    let g = a.matmul(b).reshape([SIZE]);
    let program = tape.program(&[w - g * 0.5, x.reshape([ROWS, 50]), g.square().sum(..)]).unwrap();
    let mut plan = program.planner().update(0, 0).plan().unwrap();
    assert!(plan.explain().contains("in place\n"), "{}", plan.explain());
    let numbers = |n: usize, k: usize| (0..n).map(|i| (i * k % 11) as f64 - 5.0).collect::<Vec<f64>>();
    let matrix = |rows, columns, k| ArrayD::from_shape_vec(vec![rows, columns], numbers(rows * columns, k)).unwrap();
    let (w, x) = (Input::real(numbers(SIZE, 3)), Input::real(numbers(SIZE, 5)));
    let inputs = [w, x, Input::Real(matrix(ROWS, 2, 7)), Input::Real(matrix(2, 50, 3))];
    assert_eq!(plan.run(&inputs).unwrap(), program.run(&inputs).unwrap(), "{}", plan.explain());
}

#[test]
fn one_output_updates_two_inputs() {
    for size in [3, LARGE] {
        let tape = Tape::<f64>::new();
        let (a, b) = (tape.input(vec![0.0; size]), tape.input(vec![0.0; size]));
        let program = tape.program(&[a + b * 2.0]).unwrap();
        let mut plan = program.planner().update(0, 0).update(1, 0).plan().unwrap();
        let (mut a, mut b) = (vec![1.0; size], vec![2.0; size]);
        plan.execute(&mut [Feed::Update(&mut a), Feed::Update(&mut b)]).unwrap();
        assert!(a.iter().chain(&b).all(|x| *x == 5.0), "{size}: {} and {}", a[0], b[0]);
    }
}

/// A guard looks at its output, not at what lies beside it.
#[test]
fn a_guard_on_a_part_of_an_array() {
    let tape = Tape::<f64>::new();
    let x = tape.input([0.0; 4]);
    let y = 1.0 / x;
    let program = tape.program(&[y.slice(0, 1..3), y.sum(..)]).unwrap();
    let mut plan = program.planner().guard(0).plan().unwrap();
    plan.execute(&mut [Feed::Real(&[0.0, 1.0, 2.0, 0.0])]).unwrap();
    assert_eq!(plan.output(0).unwrap(), ndarray::array![1.0, 0.5].into_dyn());
    let error = plan.execute(&mut [Feed::Real(&[1.0, 1.0, 0.0, 1.0])]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFinite);
}

/// The buffers of a plan hold zeros before the first run, and half a result after a refused one: neither is an answer.
#[test]
fn there_are_no_results_before_a_run_and_after_a_refused_one() {
    let tape = Tape::<f64>::new();
    let x = tape.input(1.0);
    let mut plan = tape.program(&[x.log()]).unwrap().planner().guard(0).plan().unwrap();
    assert!(plan.output(0).is_none() && plan.number(0).is_none());
    plan.execute(&mut [Feed::Real(&[1.0])]).unwrap();
    assert_eq!((plan.number(0), plan.output(0).map(|y| y.sum())), (Some(0.0), Some(0.0)));
    assert_eq!(plan.execute(&mut [Feed::Real(&[-1.0])]).unwrap_err().kind(), ErrorKind::NotFinite);
    assert!(plan.output(0).is_none() && plan.number(0).is_none());
}

/// Neighbours in the result that lie far apart in memory, read by threads that begin anywhere.
#[test]
fn views_with_long_strides() {
    let tape = Tape::<f64>::new();
    let x = ArrayD::from_shape_fn(IxDyn(&[3, LARGE]), |at| (at[0] * LARGE + at[1]) as f64);
    let y = tape.input(&x).transpose() * 2.0 + 1.0;
    let program = tape.program(&[y]).unwrap();
    let expected = x.t().mapv(|x| x * 2.0 + 1.0);
    for threads in [1, 2] {
        let mut plan = program.planner().threads(threads).in_small(128).plan().unwrap();
        assert_eq!(plan.threads(), threads);
        assert_eq!(plan.run(&[Input::Real(x.clone())]).unwrap()[0], expected);
    }
}

/// What is said of a loop names what it computes, and behind that what it adds up.
#[test]
fn a_loop_is_explained_by_its_operations() {
    let tape = Tape::<f64>::new();
    let y = tape.input(vec![0.5; LARGE]).exp();
    let program = tape.program(&[y.tanh(), y.sum(..)]).unwrap();
    let said = program.plan().unwrap().explain();
    assert!(said.contains(&format!("loop over {LARGE}: exp, tanh; sum (")), "{said}");
}

/// Indices in another shape are read where they lie: given, computed, constant, carried by a loop and exchanged there.
#[test]
fn indices_in_another_shape_are_those_of_the_program() {
    let tape = Tape::<f64>::new();
    let x = tape.input([[4.0, 1.0, 3.0], [2.0, 6.0, 5.0]]);
    let given = tape.index([[0, 2], [1, 1]]);
    let (order, constant) = (x.argsort(1), tape.index_constant([[2, 0]]));
    fn flat<'t>(indices: Index<'t, f64>, size: usize) -> Index<'t, f64> {
        indices.reshape([size]).reshape([1, size]).reshape([size])
    }
    let ([a, b], stacked) = {
        let options = Loop { steps: 3, reversed: false, keep: Default::default() };
        let (last, all) = tape.scan_with(options, &[given.into(), flat(given + 1, 4).into()], &[], |_, c, _| {
            let (a, b) = (c[0].index().reshape([4]), c[1].index().reshape([2, 2]));
            (vec![b.into(), a.into()], vec![a.into(), flat(b, 4).reshape([2, 2]).into()])
        });
        ([last[0], last[1]], all)
    };
    let numbers = x.reshape([6]).gather(flat(order, 6));
    let mut outputs: Vec<Arg<'_, f64>> = vec![numbers.into(), x.gather(flat(given, 4) - given.reshape([4])).into()];
    outputs.extend([flat(given, 4), flat(order, 6), flat(constant, 2), order].map(Arg::from));
    outputs.extend([a, b]);
    outputs.extend(stacked);
    let program = tape.program(&outputs).unwrap();
    let inputs = [Input::real([[1.0, 5.0, 2.0], [9.0, 8.0, 7.0]]), Input::index([[2, 1], [0, 1]])];
    let mut plan = program.plan().unwrap();
    for _ in 0..2 {
        assert_eq!(format!("{:?}", plan.run_all(&inputs).unwrap()), format!("{:?}", program.run_all(&inputs).unwrap()));
    }
    assert!(!plan.explain().contains("reshape"), "{}", plan.explain());
}
