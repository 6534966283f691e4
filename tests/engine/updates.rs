//! Inputs that a plan updates in place: what reads them later sees the old elements, and what may refuse comes first.

use autodiff::{ErrorKind, Feed, Input, Program, Tape};
use ndarray::ArrayD;

/// An array of several blocks.
const LARGE: usize = if cfg!(miri) { 300 } else { 3000 };

fn numbers(k: usize) -> Vec<f64> {
    (0..LARGE).map(|i| (i * k % 11) as f64 - 5.0).collect()
}

fn planner(program: &Program<f64>) -> autodiff::Planner<'_, f64> {
    if cfg!(miri) { program.planner().in_small(128) } else { program.planner() }
}

/// Outputs `0..` update inputs `0..`, all of which are arrays of `LARGE` elements: they are those of the program.
#[track_caller]
fn updated_is_run(program: &Program<f64>, updates: usize) {
    let inputs: Vec<Vec<f64>> = (0..program.inputs().count()).map(|k| numbers(2 * k + 3)).collect();
    let given: Vec<Input<f64>> = inputs.iter().map(|x| Input::real(x.clone())).collect();
    let expected: Vec<ArrayD<f64>> = program.run(&given).unwrap();
    let planner = (0..updates).fold(planner(program), |planner, i| planner.update(i, i));
    let mut plan = planner.plan().unwrap();
    let mut after = inputs.clone();
    let mut feeds: Vec<Feed<'_, f64>> =
        after.iter_mut().enumerate().map(|(i, x)| if i < updates { Feed::Update(x) } else { Feed::Real(x) }).collect();
    plan.execute(&mut feeds).unwrap();
    drop(feeds);
    for (i, expected) in expected.iter().enumerate() {
        match after.get(i).filter(|_| i < updates) {
            Some(after) => assert_eq!(after.as_slice(), expected.as_slice().unwrap(), "{i}\n{}", plan.explain()),
            None => assert_eq!(plan.output(i).unwrap(), expected, "{i}\n{}", plan.explain()),
        }
    }
}

/// b ← b + s·a, where s is the sum of the new a, and a is the old one.
#[test]
fn a_later_loop_reads_the_input_as_it_was() {
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.input(numbers(3)), tape.input(numbers(5)));
    let next = a * 2.0 + 1.0;
    updated_is_run(&tape.program(&[next, b + next.sum(..) * a]).unwrap(), 2);
}

/// a ← a − a₀, and other elements of the input than the one that is written.
#[test]
fn the_same_loop_reads_other_elements_of_the_input() {
    let tape = Tape::<f64>::new();
    let a = tape.input(numbers(3));
    updated_is_run(&tape.program(&[a - a.slice(0, 0..1)]).unwrap(), 1);
    updated_is_run(&tape.program(&[a - a.flip(0)]).unwrap(), 1);
    updated_is_run(&tape.program(&[a - a.roll(0, 1)]).unwrap(), 1);
}

#[test]
fn the_input_is_an_output_too() {
    let tape = Tape::<f64>::new();
    let a = tape.input(numbers(3));
    updated_is_run(&tape.program(&[a * 2.0, a, a.reshape([LARGE, 1])]).unwrap(), 1);
}

/// A guard on what is made of an updated array, and a kernel that refuses a number made of it.
#[test]
fn what_may_refuse_comes_before_the_update() {
    let tape = Tape::<f64>::new();
    let (a, x) = (tape.input(numbers(3)), tape.input(numbers(5)));
    let next = a + x;
    let total = next.sum(..);
    let row = tape.index(ndarray::arr0(0));
    let program = tape.program(&[next, total, next.gather(row)]).unwrap();
    let mut plan = planner(&program).update(0, 0).guard(1).plan().unwrap();
    let mut a = numbers(3);
    let mut run = |x: &[f64], row: usize| {
        let result = plan.execute(&mut [Feed::Update(&mut a), Feed::Real(x), Feed::Index(&[row])]);
        (result.map_err(|error| error.kind()), a.clone())
    };
    let mut bad = numbers(5);
    bad[LARGE / 2] = f64::INFINITY;
    assert_eq!(run(&bad, 0), (Err(ErrorKind::NotFinite), numbers(3)), "the guard");
    assert_eq!(run(&numbers(5), LARGE), (Err(ErrorKind::Refused), numbers(3)), "the row");
    let sums: Vec<f64> = numbers(3).iter().zip(numbers(5)).map(|(a, x)| a + x).collect();
    assert_eq!(run(&numbers(5), 0), (Ok(()), sums));
}

/// As above, with one reason to wait at a time.
#[test]
fn one_reason_to_wait_is_enough() {
    let tape = Tape::<f64>::new();
    let (a, row) = (tape.input(numbers(3)), tape.index(ndarray::arr0(0)));
    let next = a * 2.0;
    let program = tape.program(&[next, next.gather(row)]).unwrap();
    let mut plan = planner(&program).update(0, 0).plan().unwrap();
    let mut a = numbers(3);
    let error = plan.execute(&mut [Feed::Update(&mut a), Feed::Index(&[LARGE])]).unwrap_err();
    assert_eq!((error.kind(), &a), (ErrorKind::Refused, &numbers(3)));

    let tape = Tape::<f64>::new();
    let next = tape.input(numbers(3)) * 2.0;
    let program = tape.program(&[next, next.sum(..)]).unwrap();
    let mut plan = planner(&program).update(0, 0).guard(1).plan().unwrap();
    let mut a = numbers(3);
    a[LARGE - 1] = f64::INFINITY;
    let before = a.clone();
    let error = plan.execute(&mut [Feed::Update(&mut a)]).unwrap_err();
    assert_eq!((error.kind(), a), (ErrorKind::NotFinite, before));
}

/// Of several totals, each of what is computed on the way to the next, the rows are kept until they are added.
#[test]
fn totals_of_all_that_a_loop_computes() {
    let tape = Tape::<f64>::new();
    let x = tape.input(numbers(3));
    let mut outputs = Vec::new();
    let mut y = x * 0.5;
    for _ in 0..6 {
        outputs.push(y.sum(..));
        y = y.tanh().exp();
    }
    outputs.push(y);
    updated_is_run(&tape.program(&outputs).unwrap(), 0);
}

/// Loops of other lengths, one after the other, each of which updates an input.
#[test]
fn each_loop_updates_its_input_in_place() {
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.input(numbers(3)), tape.input(numbers(5).split_off(1)));
    let program = tape.program(&[a * 2.0 + 1.0, b * 3.0 - 1.0]).unwrap();
    let mut plan = planner(&program).update(0, 0).update(1, 1).plan().unwrap();
    assert_eq!(plan.explain().matches("in place\n").count(), 2, "{}", plan.explain());
    let (mut a, mut b) = (numbers(3), numbers(5).split_off(1));
    plan.execute(&mut [Feed::Update(&mut a), Feed::Update(&mut b)]).unwrap();
    assert_eq!(a, numbers(3).iter().map(|a| a * 2.0 + 1.0).collect::<Vec<_>>());
    assert_eq!(b, numbers(5).iter().skip(1).map(|b| b * 3.0 - 1.0).collect::<Vec<_>>());
}
