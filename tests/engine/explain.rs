//! What a plan says of itself: its actions, its memory, and how many threads it starts.

use autodiff::{Input, Plan, Tape, Var};
use ndarray::Array2;

/// The plan of what `build` makes of an input with these numbers.
fn plan(x: &[f64], build: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> Plan<f64> {
    let tape = Tape::new();
    let y = build(tape.input(x.to_vec()));
    tape.program(&[y]).unwrap().plan().unwrap()
}

/// Steps on short rows that follow one another are one action, single numbers among them another.
#[test]
fn short_steps_share_an_action() {
    let said = plan(&[0.5; 8], |x| x.sin().cos().tanh()).explain();
    assert!(said.contains(": 1 actions"), "{said}");
    assert!(said.contains("\n  3 steps on 24 elements\n"), "{said}");
    let said = plan(&[0.5], |x| x.reshape([]).sin().cos().tanh()).explain();
    assert!(said.contains("\n  3 steps on single numbers\n"), "{said}");
    assert!(!said.contains("inputs are updated"), "{said}");
}

/// One line says where updates begin: behind what reads the input that is updated.
#[test]
fn updates_begin_where_the_line_says() {
    let tape = Tape::<f64>::new();
    let x = tape.input(vec![0.5; 5000]);
    let program = tape.program(&[x.sin(), x.reshape([50, 100]).softmax(1)]).unwrap();
    assert!(!program.plan().unwrap().explain().contains("inputs are updated"));
    let said = program.planner().update(0, 0).plan().unwrap().explain();
    let lines: Vec<&str> = said.lines().collect();
    let at = |part: &str| lines.iter().position(|line| line.contains(part)).unwrap_or_else(|| panic!("{said}"));
    assert_eq!(said.matches("inputs are updated").count(), 1, "{said}");
    assert!(at("softmax") < at("inputs are updated") && at("inputs are updated") < at("sin"), "{said}");
}

/// A chain needs the memory of its ends, however long it is: each result takes the place of its operand.
#[test]
fn a_chain_needs_no_memory_between_its_ends() {
    for size in [1, 8] {
        let x = vec![0.5; size];
        let bytes = |n: usize| plan(&x, |x| (0..n).fold(x, |x, _| x.sin())).bytes();
        assert_eq!(bytes(2), bytes(9), "{size}");
    }
    let bytes = |n: usize| plan(&[0.5], |x| (0..n).fold(x.reshape([]), |x, _| x.sin())).bytes();
    assert_eq!(bytes(1), bytes(9));
}

/// A loop over a large array needs a few rows of a thousand elements, whatever the length of the array.
#[test]
fn a_loop_needs_a_few_rows() {
    let bytes = |size: usize| plan(&vec![0.5; size], |x| (x.exp() + 1.0).log().sum(..)).bytes();
    assert!(bytes(10_000) < 3 * 1200 * 8, "{}", bytes(10_000));
    assert!(bytes(1_000_000) < bytes(10_000) + 1_000_000 / 1024 * 8 + 64, "{}", bytes(1_000_000));
}

/// A large array that is one multiplication is computed a second time where it is read later, if what it is computed from is kept
/// until then: it takes no memory in between, and results are the same.
#[test]
fn a_cheap_array_is_not_kept() {
    let side = 200;
    let bytes = |c: fn(Var<'_, f64>) -> Var<'_, f64>| {
        let tape = Tape::<f64>::new();
        let given = Array2::from_shape_fn((side, side), |(i, j)| (i * 7 + j) as f64 * 1e-4);
        let x = tape.input(&given).exp();
        let z = c(x);
        // Products stand between the first loop and the last.
        let y = z.sin().matmul(tape.data(Array2::eye(side))) * z + x;
        let program = tape.program(&[y, y.sum(..)]).unwrap();
        let inputs = [&given, &Array2::eye(side)].map(Input::real);
        let mut plan = program.plan().unwrap();
        let (found, expected) = (plan.run(&inputs).unwrap(), program.run(&inputs).unwrap());
        assert_eq!(found, expected);
        plan.bytes()
    };
    let arrays = |bytes: usize| bytes / (side * side * size_of::<f64>());
    let (cheap, costly) = (bytes(|x| x * 3.0), bytes(|x| x.tan()));
    assert_eq!((arrays(cheap), arrays(costly)), (3, 4));
}

/// What nothing reads has no place in memory.
#[test]
fn an_input_that_is_not_read_takes_no_memory() {
    let bytes = |unread: usize| {
        let tape = Tape::<f64>::new();
        let x = tape.input(vec![0.5; 8]);
        tape.input(vec![0.5; unread]);
        let program = tape.program(&[x.sin()]).unwrap();
        assert_eq!(program.inputs().count(), 2);
        program.plan().unwrap().bytes()
    };
    assert_eq!(bytes(1), bytes(64));
}

/// Threads are started where there is work for them: five times what is worth dividing.
#[test]
fn threads_are_started_where_there_is_work() {
    let threads = |size: usize| {
        let tape = Tape::<f64>::new();
        let x = tape.input(Array2::zeros((size, size)));
        tape.program(&[x.matmul(x)]).unwrap().planner().threads(2).plan().unwrap().threads()
    };
    // 125,000, 512,000 and 2,097,152 multiply-adds.
    assert_eq!([threads(50), threads(80), threads(128)], [1, 1, 2]);
}

/// A number beside a row is read where it lies, and an operand that lies in another order is written out first: its place in
/// bytes is behind the inputs.
#[test]
fn what_does_not_lie_in_a_row_is_written_out() {
    let tape = Tape::<f64>::new();
    let (x, y, number) = (tape.input([[1.0, 2.0, 3.0]; 2]), tape.input([[1.0, 2.0]; 3]), tape.input(2.0));
    let said = tape.program(&[x * number]).unwrap().plan().unwrap().explain();
    assert!(said.contains(": 1 actions"), "{said}");
    let said = tape.program(&[x.transpose() * y]).unwrap().plan().unwrap().explain();
    let at = said
        .split("write out [3, 2] at ")
        .nth(1)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_else(|| panic!("{said}"));
    // Two inputs of six numbers of 8 bytes.
    assert!(at.parse::<usize>().unwrap() >= 96, "{said}");
}
