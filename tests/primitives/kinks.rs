//! The table of conventions in the documentation, row by row: values and slopes at kinks, ties and edges.

use crate::table::{apply, numbers, rows};
use autodiff::{Tape, Var};
use ndarray::ArrayD;

/// The same numbers, the sign of a zero and of an infinity included where `signs` asks for it; NaN is NaN.
fn same(a: &ArrayD<f64>, b: &ArrayD<f64>, signs: bool) -> bool {
    let equal =
        |a: &f64, b: &f64| (a.is_nan() && b.is_nan()) || if signs { a.to_bits() == b.to_bits() } else { a == b };
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| equal(a, b))
}

#[test]
fn every_row_of_the_table_of_conventions() {
    let rows = rows();
    assert!(rows.len() >= 70, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for [operation, at, value, slope, because] in &rows {
        assert!(!because.is_empty(), "{operation} at {at} has no reason");
        let tape = Tape::new();
        let operands: Vec<ArrayD<f64>> = at.split(';').map(numbers).collect();
        let xs: Vec<Var<'_, f64>> = operands.iter().map(|x| tape.input(x)).collect();
        let Some(y) = apply(operation, &xs) else { panic!("the row {operation} at {at} has no test") };
        let found = y.value().unwrap();
        if !same(&found, &numbers(value), true) {
            wrong.push(format!("{operation} at {at} is {found}, not {value}"));
        }
        // The slope of the first element, by both modes.
        let first = |count: usize| (0..count).map(|i| f64::from(u8::from(i == 0))).collect::<Vec<_>>();
        let seed = ArrayD::from_shape_vec(found.shape(), first(found.len())).unwrap();
        let gradients = y.backward_from(&seed).unwrap();
        let expected: Vec<ArrayD<f64>> = slope.split(';').map(numbers).collect();
        assert_eq!(expected.len(), xs.len(), "{operation} at {at} has a slope for each operand");
        for ((x, operand), expected) in xs.iter().zip(&operands).zip(&expected) {
            let reverse = gradients.get(*x).unwrap().to_owned();
            let forward = ArrayD::from_shape_fn(operand.shape(), |index| {
                let mut direction = ArrayD::zeros(operand.shape());
                direction[index] = 1.0;
                let tangent = y.pushforward(&[(*x, tape.constant(direction))]).unwrap().value().unwrap();
                tangent.first().copied().unwrap()
            });
            for (mode, found) in [("reverse", &reverse), ("forward", &forward)] {
                if !same(found, expected, false) {
                    wrong.push(format!("the slope of {operation} at {at} by {mode} mode is {found}, not {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// An operation with a kink, a tie or an edge has a row.
#[test]
fn the_table_covers_the_kinks() {
    let operations: Vec<&str> = rows().iter().map(|row| row[0]).collect();
    for name in ["relu", "leaky_relu", "abs", "maximum", "minimum", "max(", "min(", "select", "clamp", "sqrt", "log("] {
        assert!(operations.iter().any(|operation| operation.starts_with(name)), "{name} is missing");
    }
    for name in ["powi", "powf", "norm", "div", "elu", "softmax", "log_softmax", "log_sum_exp", "pow(", "sort", "top_k"]
    {
        assert!(operations.iter().any(|operation| operation.starts_with(name)), "{name} is missing");
    }
}

#[test]
fn signs_and_comparisons_have_values_and_no_slopes() {
    let tape = Tape::new();
    let x = tape.input([2.0, -3.0, 0.0, -0.0, f64::NAN]);
    let signs = x.sign().value().unwrap();
    assert!(same(&signs, &numbers("[1, -1, 0, -0, NaN]"), true));
    for y in [x.gt(0.0), x.lt(0.0), x.ge(0.0), x.le(0.0), x.eq(0.0)] {
        assert_eq!(y.value().unwrap()[[4]], 0.0);
        assert!(y.sum(..).backward().unwrap().get(x).is_err());
        assert!(y.pushforward(&[(x, x)]).is_err());
    }
    assert!(x.sign().sum(..).backward().unwrap().get(x).is_err());
}

#[test]
fn positions_are_of_the_first_of_equal_elements_and_of_the_first_that_is_no_number() {
    let tape = Tape::<f64>::new();
    let (x, nan) = (tape.input([2.0, 0.0, -0.0, 2.0]), tape.input([1.0, f64::NAN, 3.0, f64::NAN]));
    let at = |x: autodiff::Index<'_, f64>| x.value().unwrap().iter().copied().collect::<Vec<_>>();
    assert_eq!((at(x.argmax(..)), at(x.argmin(..))), (vec![0], vec![1]));
    assert_eq!((at(nan.argmax(..)), at(nan.argmin(..))), (vec![1], vec![1]));
    assert_eq!((at(x.argsort(0)), at(nan.argsort(0))), (vec![1, 2, 0, 3], vec![0, 2, 1, 3]));
    assert_eq!((at(x.top_k(3, 0).1), at(nan.top_k(3, 0).1)), (vec![0, 3, 1], vec![1, 3, 2]));
}
