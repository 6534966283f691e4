//! Cotangents that meet at a node are added, wherever they come from.

use autodiff::{Input, Tape};
use ndarray::{Array1, ArrayD};

/// x·a + x·b + x·c has the gradient a + b + c, whole numbers here, for arrays of every size.
#[test]
fn an_array_that_is_read_three_times() {
    for size in [1, 2, 1024, 1025, 3000] {
        let tape = Tape::<f64>::new();
        let numbers = |k: usize| Array1::from_iter((0..size).map(|i| (i * k % 13) as f64 - 6.0));
        let factors = [3, 5, 7].map(numbers);
        let x = tape.input(numbers(2));
        let [a, b, c] = factors.clone().map(|factor| x * tape.constant(factor));
        let y = (a + b + c).sum(..);
        let [a, b, c] = factors;
        let expected = (a + b + c).into_dyn();
        assert_eq!(y.backward().unwrap().get(x).unwrap(), expected, "{size}");
        assert_eq!(y.gradient(&[x]).unwrap()[0].value().unwrap(), expected, "{size}");
    }
}

/// A result that a program returns twice has both cotangents; a variable that moves twice moves by both directions.
#[test]
fn a_result_that_is_returned_twice() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]);
    let y = x.square();
    let program = tape.program(&[y, x * 5.0, y]).unwrap();
    let [x, u, v, w] = [[1.0, 2.0], [3.0, 7.0], [11.0, 13.0], [17.0, 19.0]].map(Input::real);
    let found = program.vjp(&[0]).unwrap().run(&[x, u, v, w]).unwrap();
    let expected: ArrayD<f64> =
        ndarray::array![2.0 * (3.0 + 17.0) + 5.0 * 11.0, 4.0 * (7.0 + 19.0) + 5.0 * 13.0].into_dyn();
    assert_eq!(found.last(), Some(&expected));
}

/// Only what leads to the variables that are asked for is recorded.
#[test]
fn a_gradient_records_what_is_asked_for() {
    let recorded = |both: bool| {
        let tape = Tape::<f64>::new();
        let (x, w) = (tape.input(2.0), tape.input(3.0));
        let y = x.exp() * w.sin();
        let before = tape.len();
        y.gradient(&[x, w][..if both { 2 } else { 1 }]).unwrap();
        tape.len() - before
    };
    assert!(recorded(false) < recorded(true), "{} and {}", recorded(false), recorded(true));
}

/// A direction that is given for a result in between is its direction, whatever its operands do, and whether or not they
/// could tell.
#[test]
fn a_direction_in_between() {
    let tape = Tape::<f64>::new();
    let (x, one, seven) = (tape.input(2.0), tape.constant(1.0), tape.constant(7.0));
    for h in [x * 2.0, x.sign()] {
        assert_eq!((h * 5.0).pushforward(&[(x, one), (h, seven)]).unwrap().item().unwrap(), 35.0);
        assert_eq!((h * 5.0).pushforward(&[(h, seven), (x, one), (h, one)]).unwrap().item().unwrap(), 40.0);
    }
    // One of two results: the sum of the steps follows x, and the last carry does not.
    let ([last], [all]) = tape.scan(3, [x], [], |_, [c], []| ([c * 2.0], [c * 3.0]));
    let tangent = (last + all.sum(..)).pushforward(&[(x, one), (last, seven)]).unwrap();
    assert_eq!(tangent.item().unwrap(), 7.0 + 3.0 * (1.0 + 2.0 + 4.0));
}

/// Where nothing is returned, there is nothing to come back from: the cotangents of the inputs are zeros.
#[test]
fn a_program_that_returns_nothing() {
    let tape = Tape::<f64>::new();
    tape.input([3.0, 1.0]);
    let none: [autodiff::Var<'_, f64>; 0] = [];
    let program = tape.program(&none).unwrap();
    assert_eq!(program.inputs().count(), 1);
    let found = program.vjp(&[0]).unwrap().run(&[Input::real([3.0, 1.0])]).unwrap();
    assert_eq!(found, [ndarray::array![0.0, 0.0].into_dyn()]);
}
