//! Slopes keep their digits where the function itself has rounded to its limit: first and second order, both modes, in both
//! precisions, against numbers computed with 50 digits.

use autodiff::{Real, Tape, Var};
use ndarray::ArrayD;

type Function = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;
type Single = for<'t> fn(Var<'t, f32>) -> Var<'t, f32>;

/// The slope at x by both modes, and the slope of the slope by all four ways to take it.
pub fn slopes<F: Real>(x: f64, f: impl for<'t> Fn(Var<'t, F>) -> Var<'t, F>) -> (Vec<f64>, Vec<f64>) {
    let tape = Tape::<F>::new();
    let x = tape.input(F::of(x));
    let one = tape.constant(F::one());
    let y = f(x);
    let first = [y.gradient_of(x), y.pushforward(&[(x, one)]).unwrap()];
    let second = first.iter().flat_map(|d| [d.gradient_of(x), d.pushforward(&[(x, one)]).unwrap()]);
    let item = |y: Var<'_, F>| y.item().unwrap().double();
    (first.iter().map(|y| item(*y)).collect(), second.map(item).collect())
}

fn near(found: f64, expected: f64, tolerance: f64) -> bool {
    (found - expected).abs() <= tolerance * expected.abs()
}

#[track_caller]
fn assert_slopes(name: &str, x: f64, (first, second): (Vec<f64>, Vec<f64>), expected: (f64, f64), tolerance: f64) {
    for (order, found, expected) in [(1, first, expected.0), (2, second, expected.1)] {
        for found in found {
            assert!(near(found, expected, tolerance), "{name} at {x}, order {order}: {found:e}, not {expected:e}");
        }
    }
}

/// Function, argument, slope, slope of the slope.
const DOUBLE: [(&str, Function, f64, f64, f64); 12] = [
    ("sigmoid", |x| x.sigmoid(), 30.0, 9.357622968838423e-14, -9.35762296883667e-14),
    ("sigmoid", |x| x.sigmoid(), 40.0, 4.248354255291589e-18, -4.248354255291589e-18),
    ("sigmoid", |x| x.sigmoid(), -40.0, 4.248354255291589e-18, 4.248354255291589e-18),
    ("tanh", |x| x.tanh(), 20.0, 1.6993417021166355e-17, -3.398683404233271e-17),
    ("tanh", |x| x.tanh(), -19.061547465398498, 1.1102230246251531e-16, 2.2204460492503063e-16),
    ("tanh", |x| x.tanh(), 300.0, 1.0601586212017243e-260, -2.1203172424034486e-260),
    ("softplus", |x| x.softplus(), 40.0, 1.0, 4.248354255291589e-18),
    ("softplus", |x| x.softplus(), 37.42994775023705, 0.9999999999999999, 5.551115123125775e-17),
    ("atan", |x| x.atan(), 1e100, 1e-200, -2e-300),
    ("atan", |x| x.atan(), -1e100, 1e-200, 2e-300),
    ("atan", |x| x.atan(), 1e-200, 1.0, -2e-200),
    ("elu", |x| x.elu(1.0), -40.0, 4.248354255291589e-18, 4.248354255291589e-18),
];

#[test]
fn slopes_of_saturated_functions() {
    for (name, f, x, first, second) in DOUBLE {
        assert_slopes(name, x, slopes(x, f), (first, second), 1e-14);
    }
    let single: [(&str, Single, f64, f64, f64); 5] = [
        ("sigmoid", |x| x.sigmoid(), 12.0, 6.1441369e-6, -6.1440614e-6),
        ("sigmoid", |x| x.sigmoid(), 17.0, 4.1399374e-8, -4.139937e-8),
        ("tanh", |x| x.tanh(), -9.010913848876953, 5.9604583e-8, 1.1920917e-7),
        ("tanh", |x| x.tanh(), 7.0, 3.3261094e-6, -6.6522076e-6),
        ("atan", |x| x.atan(), 1e12, 1e-24, -2e-36),
    ];
    for (name, f, x, first, second) in single {
        assert_slopes(name, x, slopes(x, f), (first, second), 1e-6);
    }
}

fn matrix<F: Real>(y: Var<'_, F>, x: Var<'_, F>) -> Vec<Vec<Vec<f64>>> {
    // The Jacobian by reverse mode, row by row, and by forward mode, column by column.
    let n = x.shape().unwrap().size();
    let tape = x.tape();
    let unit = |i: usize| {
        let numbers: Vec<F> = (0..n).map(|k| if i == k { F::one() } else { F::zero() }).collect();
        tape.constant(ArrayD::from_shape_vec(vec![n], numbers).unwrap())
    };
    let flat = |y: Var<'_, F>| y.value().unwrap().iter().map(|y| y.double()).collect::<Vec<f64>>();
    let reverse = (0..n).map(|i| flat(y.pullback(unit(i), &[x]).unwrap()[0])).collect::<Vec<_>>();
    let columns: Vec<Vec<f64>> = (0..n).map(|i| flat(y.pushforward(&[(x, unit(i))]).unwrap())).collect();
    let forward = (0..n).map(|i| columns.iter().map(|column| column[i]).collect()).collect();
    vec![reverse, forward]
}

#[track_caller]
fn assert_matrices(name: &str, found: Vec<Vec<Vec<f64>>>, expected: &[&[f64]], tolerance: f64) {
    for found in found {
        for (row, expected) in found.iter().flatten().zip(expected.iter().copied().flatten()) {
            assert!(near(*row, *expected, tolerance), "{name}: {found:?}, not {expected:?}");
        }
    }
}

/// Where one element dominates, the others' weights are all there is of its slope.
#[test]
fn slopes_at_a_dominant_element() {
    let e = 4.248354255291589e-18;
    let tape = Tape::<f64>::new();
    let x = tape.input([40.0, 0.0]);
    assert_matrices("softmax", matrix(x.softmax(0), x), &[&[e, -e], &[-e, e]], 1e-14);
    assert_matrices("log_softmax", matrix(x.log_softmax(0), x), &[&[e, -e], &[-1.0, 1.0]], 1e-14);
    let y = x.log_sum_exp(..);
    assert_matrices("log_sum_exp", matrix(y.gradient(&[x]).unwrap()[0], x), &[&[e, -e], &[-e, e]], 1e-14);
    // Of log_softmax the second derivatives are those of −log_sum_exp.
    for i in 0..2 {
        let gradient = x.log_softmax(0).slice(0, i..i + 1).sum(..).gradient(&[x]).unwrap()[0];
        assert_matrices("log_softmax, order 2", matrix(gradient, x), &[&[-e, e], &[e, -e]], 1e-14);
    }
    // The third derivatives of log_sum_exp: w(1 − w)(1 − 2w) with the sign of each element's part.
    let gradient = x.softmax(0).slice(0, 0..1).sum(..).gradient(&[x]).unwrap()[0];
    assert_matrices("softmax, order 2", matrix(gradient, x), &[&[-e, e], &[e, -e]], 1e-14);
}

#[test]
fn weights_of_large_arguments_sum_to_one() {
    let tape = Tape::<f32>::new();
    for (x, expected) in [([10000.3, 10000.0], [0.5743948, 0.4256052]), ([1e8, 1e8], [0.5, 0.5])] {
        let x = tape.input(x);
        let y = x.log_sum_exp(..);
        let reverse = y.gradient(&[x]).unwrap()[0].value().unwrap();
        for (found, expected) in reverse.iter().zip(expected) {
            assert!(near(f64::from(*found), expected, 1e-6), "{reverse} is not {expected}");
        }
        let forward = y.pushforward(&[(x, tape.constant([1.0, 1.0]))]).unwrap().item().unwrap();
        assert!((forward - 1.0).abs() <= 1e-6, "{forward}");
    }
    // Over several axes, neighbours in memory or not.
    let x = tape.input(ndarray::Array3::from_shape_fn((2, 3, 2), |(i, j, k)| 1e6 + (i * 6 + j * 2 + k) as f32));
    for axes in [vec![0, 1], vec![1, 2], vec![0, 2], vec![0, 1, 2]] {
        let gradient = x.log_sum_exp(axes.clone()).sum(..).gradient(&[x]).unwrap()[0];
        for total in gradient.sum(axes.clone()).value().unwrap() {
            assert!((total - 1.0).abs() <= 1e-6, "{axes:?}: {total}");
        }
    }
}

/// A row that is −∞ throughout, as a mask leaves it, has no weights and spoils no other row.
#[test]
fn sums_of_nothing_in_log_space() {
    let tape = Tape::<f64>::new();
    let inf = f64::INFINITY;
    let x = tape.input([[-inf, -inf], [0.0, 0.0]]);
    let gradient = x.log_sum_exp(1).exp().sum(..).backward().unwrap();
    assert_eq!(gradient.get(x).unwrap(), ndarray::array![[0.0, 0.0], [1.0, 1.0]].into_dyn());
    let x = tape.input(1.0);
    let y = tape.stack(&[tape.constant(-inf), x + -inf], 0).log_sum_exp(..);
    assert_eq!(y.backward().unwrap().item(x).unwrap(), 0.0);
}

/// Units in the last place between a power and the truth, which stands for itself to the nearest number.
#[test]
fn whole_powers() {
    let cases = [
        (136.3858246704159, 10, 2.2268570576911913e21),
        (11.390001223592648, 100, 4.4913517943484064e105),
        (1e-155, -2, f64::INFINITY),
        (1.4e-154, -2, 5.10204081632653e307),
        (-1.5e-103, -3, f64::NEG_INFINITY),
        (-3.0, 3, -27.0),
        (1e-162, -1, 1e162),
    ];
    for (x, n, expected) in cases {
        let tape = Tape::<f64>::new();
        let y = tape.input(x).powi(n).item().unwrap();
        let apart = (y.to_bits() as i64 - f64::to_bits(expected) as i64).abs();
        assert!(apart <= 2 || y == expected, "{x} to the {n}: {y:e}, not {expected:e}, {apart} apart");
    }
}

/// A plain number as an exponent is what `powf` takes: at 0, and of a negative number where the exponent is whole.
#[test]
fn a_number_as_an_exponent() {
    for (x, e, value, slope) in [
        (-3.0, 2.0, 9.0, -6.0),
        (0.0, 2.0, 0.0, 0.0),
        (0.0, 1.0, 0.0, 1.0),
        (0.0, 0.5, 0.0, f64::INFINITY),
        (0.0, 0.0, 1.0, 0.0),
        (-2.0, 3.0, -8.0, 12.0),
        (-2.0, -1.0, -0.5, -0.25),
    ] {
        let tape = Tape::<f64>::new();
        let x = tape.input(x);
        let y = x.pow(e);
        let found = (y.item().unwrap(), y.backward().unwrap().item(x).unwrap());
        assert_eq!(found, (value, slope), "{} to the {e}", x.item().unwrap());
        assert_eq!(y.pushforward(&[(x, tape.constant(1.0))]).unwrap().item().unwrap(), slope);
    }
}
