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
