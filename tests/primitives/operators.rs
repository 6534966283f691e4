//! What compiles: operators on vars, references to vars and numbers, and what a tape takes as an array or as indices.

// What users write who come from other libraries is tested, needless or not.
#![allow(clippy::needless_borrows_for_generic_args, clippy::erasing_op, clippy::op_ref)]

use autodiff::{Error, IntoArray, Tape, Var};
use ndarray::{ArrayD, array};
use std::panic::Location;

/// Every combination of operands, for either precision, with the value it should have; x is 3, y is 2.
macro_rules! combinations {
    ($tape:ident, $($operator:tt $assign:tt)*) => {{
        let (x, y) = ($tape.input(3.0), $tape.input(2.0));
        let mut values = Vec::new();
        $({
            let number = 3.0 $operator 2.0;
            let by_var: [Var<'_, _>; 4] = [x $operator y, &x $operator y, x $operator &y, &x $operator &y];
            let by_real = [x $operator 2.0, &x $operator 2.0, 3.0 $operator y, 3.0 $operator &y];
            let by_whole = [x $operator 2, &x $operator 2, 3 $operator y, 3 $operator &y];
            values.extend(by_var.into_iter().chain(by_real).chain(by_whole).map(|y| (y, number)));
            let mut by_assignment = [x; 4];
            by_assignment[0] $assign y;
            by_assignment[1] $assign &y;
            by_assignment[2] $assign 2.0;
            by_assignment[3] $assign 2;
            values.extend(by_assignment.map(|y| (y, number)));
        })*
        values.extend([(-x, -3.0), (-&x, -3.0)]);
        values
    }};
}

#[test]
fn operators_take_vars_references_and_numbers() {
    let (double, single) = (Tape::<f64>::new(), Tape::<f32>::new());
    for (y, expected) in combinations!(double, + += - -= * *= / /=) {
        assert_eq!(y.item().unwrap(), expected);
    }
    for (y, expected) in combinations!(single, + += - -= * *= / /=) {
        assert_eq!(f64::from(y.item().unwrap()), expected);
    }
}

#[test]
fn methods_take_vars_references_and_numbers() {
    let tape = Tape::<f32>::new();
    let (x, y) = (tape.input([1.0, 3.0]), tape.input([2.0, 2.0]));
    for larger in [x.maximum(y), x.maximum(&y), x.maximum(2.0), x.maximum(2)] {
        assert_eq!(larger.value().unwrap(), array![2.0, 3.0].into_dyn());
    }
    for chosen in [x.gt(2).select(x, 0), x.gt(&y).select(&x, 0.0), x.ge(2.0).select(x, y * 0)] {
        assert_eq!(chosen.value().unwrap(), array![0.0, 3.0].into_dyn());
    }
}

/// An assignment is an operation on the line where it stands, and what it replaces stays recorded.
#[test]
fn an_assignment_records_an_operation_and_differentiates() {
    let tape = Tape::<f64>::new();
    let x = tape.input(3.0);
    let mut y = x;
    for _ in 0..3 {
        y *= x;
    }
    y -= 1;
    assert_eq!(y.item().unwrap(), 80.0);
    assert_eq!(y.backward().unwrap().item(x).unwrap(), 108.0);
    y += x.reshape([7]);
    let line = Location::caller().line() - 1;
    let place: Error = y.error().unwrap();
    assert!(
        place.to_string().contains("reshape") && place.to_string().contains(&format!("operators.rs:{line}")),
        "{place}"
    );
}

/// The types that are no longer than the numbers, in order.
fn taken<const N: usize>(shape: [usize; N], array: impl IntoArray<f64>) {
    let tape = Tape::<f64>::new();
    let x = tape.input(array);
    assert_eq!(x.shape().unwrap(), shape.into());
    let size = shape.iter().product::<usize>();
    let counted = ArrayD::from_shape_vec(shape.to_vec(), (0..size).map(|i| i as f64).collect()).unwrap();
    assert_eq!(x.value().unwrap(), counted);
}

#[test]
fn what_a_tape_takes_as_an_array() {
    taken([], 0.0);
    taken([3], [0.0, 1.0, 2.0]);
    taken([3], &[0.0, 1.0, 2.0]);
    taken([3], vec![0.0, 1.0, 2.0]);
    taken([3], &vec![0.0, 1.0, 2.0]);
    taken([2], &vec![0.0, 1.0, 2.0][..2]);
    taken([2, 2], [[0.0, 1.0], [2.0, 3.0]]);
    taken([2, 2], vec![[0.0, 1.0], [2.0, 3.0]]);
    taken([1, 2, 2], [[[0.0, 1.0], [2.0, 3.0]]]);
    taken([1, 2, 2, 1], [[[[0.0], [1.0]], [[2.0], [3.0]]]]);
    taken([2, 0, 3], [[[0.0; 3]; 0]; 2]);
    let matrix = array![[0.0, 1.0], [2.0, 3.0]];
    taken([2, 2], matrix.clone());
    taken([2, 2], &matrix);
    taken([2, 2], matrix.view());
    taken([2, 2], &matrix.view());
    taken([2, 2], matrix.into_dyn());
    // An array whose memory is in another order.
    taken([2, 2], array![[0.0, 2.0], [1.0, 3.0]].reversed_axes());
}

#[test]
fn what_a_tape_takes_as_indices() {
    let tape = Tape::<f32>::new();
    let expected = array![0, 2].into_dyn();
    let given = [
        tape.index([0, 2]),
        tape.index(&[0, 2]),
        tape.index(vec![0, 2]),
        tape.index(&vec![0, 2]),
        tape.index(&vec![0, 2, 5][..2]),
        tape.index(array![0, 2]),
        tape.index(&array![0, 2]),
        tape.index(array![0, 2].view()),
    ];
    for indices in given {
        assert_eq!(indices.value().unwrap(), expected);
    }
    assert_eq!(tape.index(7).value().unwrap(), ndarray::arr0(7).into_dyn());
    assert_eq!(tape.index([[1, 2], [3, 4]]).shape().unwrap(), [2, 2].into());
    let turned = array![[1, 2], [3, 4]].reversed_axes();
    assert_eq!(tape.index(turned.clone()).value().unwrap(), turned.into_dyn());
}

/// The version of ndarray that the crate speaks is at hand.
#[test]
fn the_array_crate_is_exported() {
    let x: autodiff::ndarray::Array1<f64> = autodiff::ndarray::array![1.0, 2.0];
    assert_eq!(Tape::<f64>::new().input(&x).value().unwrap(), x.into_dyn());
}

#[test]
fn sums_of_many_vars() {
    let tape = Tape::<f64>::new();
    let vars: Vec<Var<'_, f64>> = (0..5).map(|i| tape.input(f64::from(i))).collect();
    let total = tape.total(&vars);
    assert_eq!(total.item().unwrap(), 10.0);
    let gradients = total.backward().unwrap();
    assert!(vars.iter().all(|x| gradients.item(*x).unwrap() == 1.0));
    assert_eq!(tape.total(&[]).item().unwrap(), 0.0);
    assert_eq!(tape.total(&vars[1..2]).id(), vars[1].id());
    let wrong = vars[0].reshape([3]);
    assert_eq!(tape.total(&[vars[1], wrong, vars[2]]).error(), wrong.error());
}

/// A layer can compute with a derivative without a `?`: what has none is an error var, with the reason.
#[test]
fn a_gradient_as_a_var() {
    let tape = Tape::<f64>::new();
    let (x, other) = (tape.input([1.0, 2.0]), tape.input(1.0));
    let y = x.powi(3).sum(..);
    let gradient = y.gradient_of(x);
    assert_eq!(gradient.value().unwrap(), y.gradient(&[x]).unwrap()[0].value().unwrap());
    assert_eq!(gradient.sum(..).gradient_of(x).value().unwrap(), array![6.0, 12.0].into_dyn());
    assert_eq!(y.gradient_of(other).item().unwrap(), 0.0);
    let jumps = x.sign().sum(..);
    assert_eq!(jumps.gradient_of(x).error(), jumps.gradient(&[x]).err());
    assert_eq!((jumps.gradient_of(x) * 2.0).error(), jumps.gradient(&[x]).err());
    assert_eq!(x.gradient_of(x).error().unwrap().kind(), autodiff::ErrorKind::NotScalar);
    let wrong = x.reshape([3]);
    assert_eq!(wrong.gradient_of(x).error(), wrong.error());
}
