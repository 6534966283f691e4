//! Compositions against their closed forms and finite differences, and their gradients' gradients.

use autodiff::{Tape, Var, grad, hvp, jvp, value_and_grad};
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;

type Map = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

/// A composition as a user calls it, its closed form on a slice, and the numbers it is tried on.
struct Derived {
    name: &'static str,
    /// The composition, reduced to a number: by [`weigh`] where it is an array.
    map: Map,
    closed: fn(&[f64]) -> f64,
    between: (f64, f64),
}

/// A weighted sum with different weights, so that elements cannot stand in for each other.
fn weigh<'t>(y: Var<'t, f64>) -> Var<'t, f64> {
    let size = y.shape().map_or(0, |shape| shape.size());
    let weights: Vec<f64> = (0..size).map(weight).collect();
    (y.reshape([size]) * y.tape().constant(weights)).sum(..)
}

fn weight(i: usize) -> f64 {
    1.0 / (i as f64 + 1.5)
}

fn weighed(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.enumerate().map(|(i, y)| weight(i) * y).sum()
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn variance(x: &[f64]) -> f64 {
    x.iter().map(|y| (y - mean(x)).powi(2)).sum::<f64>() / x.len() as f64
}

/// The six numbers as a matrix of two rows of three: its columns.
fn columns(x: &[f64]) -> [Vec<f64>; 3] {
    [0, 1, 2].map(|j| vec![x[j], x[j + 3]])
}

const DERIVED: &[Derived] = &[
    Derived {
        name: "square",
        map: |x| weigh(x.square()),
        closed: |x| weighed(x.iter().map(|x| x * x)),
        between: (-3.0, 3.0),
    },
    Derived { name: "mean", map: |x| x.mean(..).square(), closed: |x| mean(x).powi(2), between: (-3.0, 3.0) },
    Derived {
        name: "mean over rows",
        map: |x| weigh(x.reshape([2, 3]).mean(0).square()),
        closed: |x| weighed(columns(x).iter().map(|c| mean(c).powi(2))),
        between: (-3.0, 3.0),
    },
    Derived {
        name: "mean over columns, kept",
        map: |x| weigh(x.reshape([2, 3]).mean_keep([1]).exp()),
        closed: |x| weighed(x.chunks(3).map(|row| mean(row).exp())),
        between: (-2.0, 2.0),
    },
    Derived { name: "variance", map: |x| x.variance(..), closed: variance, between: (-3.0, 3.0) },
    Derived {
        name: "variance over rows",
        map: |x| weigh(x.reshape([2, 3]).variance(0)),
        closed: |x| weighed(columns(x).iter().map(|c| variance(c))),
        between: (-3.0, 3.0),
    },
    Derived { name: "std", map: |x| x.std(..), closed: |x| variance(x).sqrt(), between: (-3.0, 3.0) },
    Derived {
        name: "min",
        map: |x| x.min(..).exp(),
        closed: |x| x.iter().copied().fold(f64::INFINITY, f64::min).exp(),
        between: (-3.0, 3.0),
    },
    Derived {
        name: "min over rows",
        map: |x| weigh(x.reshape([2, 3]).min(0).square()),
        closed: |x| weighed(columns(x).iter().map(|c| c[0].min(c[1]).powi(2))),
        between: (-3.0, 3.0),
    },
    Derived { name: "prod", map: |x| x.prod(..), closed: |x| x.iter().product(), between: (-2.0, 2.0) },
    Derived {
        name: "prod over rows",
        map: |x| weigh(x.reshape([2, 3]).prod(0)),
        closed: |x| weighed(columns(x).iter().map(|c| c.iter().product())),
        between: (-2.0, 2.0),
    },
    Derived {
        name: "prod over columns",
        map: |x| weigh(x.reshape([2, 3]).prod([1])),
        closed: |x| weighed(x.chunks(3).map(|row| row.iter().product())),
        between: (-2.0, 2.0),
    },
    Derived {
        name: "norm",
        map: |x| x.norm(..),
        closed: |x| x.iter().map(|x| x * x).sum::<f64>().sqrt(),
        between: (-3.0, 3.0),
    },
    Derived {
        name: "rows of mean 0 and variance 1",
        map: |x| {
            let rows = x.reshape([2, 3]);
            weigh((rows - rows.mean_keep(-1)) / (rows.variance_keep(-1) + 0.1).sqrt())
        },
        closed: |x| {
            weighed(x.chunks(3).flat_map(|row| row.iter().map(|x| (x - mean(row)) / (variance(row) + 0.1).sqrt())))
        },
        between: (-3.0, 3.0),
    },
    Derived {
        name: "std, kept",
        map: |x| weigh(x.reshape([2, 3]).std_keep(-1)),
        closed: |x| weighed(x.chunks(3).map(|row| variance(row).sqrt())),
        between: (-3.0, 3.0),
    },
    Derived {
        name: "unit rows",
        map: |x| weigh(x.reshape([2, 3]) / x.reshape([2, 3]).norm_keep(-1)),
        closed: |x| {
            let norm = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
            weighed(x.chunks(3).flat_map(|row| row.iter().map(move |x| x / norm(row))))
        },
        between: (0.5, 3.0),
    },
    Derived {
        name: "min and prod, kept",
        map: |x| weigh(x.reshape([2, 3]).min_keep(0) * x.reshape([2, 3]).prod_keep(0)),
        closed: |x| weighed(columns(x).iter().map(|c| c[0].min(c[1]) * c[0] * c[1])),
        between: (-2.0, 2.0),
    },
    Derived {
        name: "cumprod",
        map: |x| weigh(x.cumprod(0)),
        closed: |x| weighed((1..=6).map(|n| x[..n].iter().product())),
        between: (-2.0, 2.0),
    },
    Derived {
        name: "cumprod from the last on",
        map: |x| weigh(x.reshape([2, 3]).cumprod_reversed(-1)),
        closed: |x| weighed(x.chunks(3).flat_map(|row| (0..3).map(|i| row[i..].iter().product()))),
        between: (-2.0, 2.0),
    },
    Derived {
        name: "roll",
        map: |x| weigh(x.roll(0, -2).square()),
        closed: |x| weighed((0..6).map(|i| x[(i + 2) % 6].powi(2))),
        between: (-3.0, 3.0),
    },
    Derived {
        name: "outer",
        map: |x| weigh(x.slice(0, ..2).outer(x.slice(0, 2..))),
        closed: |x| weighed(x[..2].iter().flat_map(|a| x[2..].iter().map(move |b| a * b))),
        between: (-3.0, 3.0),
    },
    Derived {
        name: "clamp",
        map: |x| weigh(x.clamp(-1.0, 1.5).square()),
        closed: |x| weighed(x.iter().map(|x| x.clamp(-1.0, 1.5).powi(2))),
        between: (-3.0, 3.0),
    },
    Derived {
        name: "softplus",
        map: |x| weigh(x.softplus()),
        closed: |x| weighed(x.iter().map(|x| x.exp().ln_1p())),
        between: (-20.0, 20.0),
    },
    Derived {
        name: "elu",
        map: |x| weigh(x.elu(0.7)),
        closed: |x| weighed(x.iter().map(|x| if *x >= 0.0 { *x } else { 0.7 * x.exp_m1() })),
        between: (-3.0, 3.0),
    },
    Derived {
        name: "arctan_sigmoid",
        map: |x| weigh(x.arctan_sigmoid()),
        closed: |x| weighed(x.iter().map(|x| x.atan() / std::f64::consts::PI + 0.5)),
        between: (-9.0, 9.0),
    },
    Derived {
        name: "pow",
        map: |x| weigh(x.slice(0, 0..3).pow(x.slice(0, 3..6))),
        closed: |x| weighed((0..3).map(|i| x[i].powf(x[i + 3]))),
        between: (0.3, 3.0),
    },
    Derived {
        name: "pow of a number",
        map: |x| weigh(x.pow(-1.5)),
        closed: |x| weighed(x.iter().map(|x| x.powf(-1.5))),
        between: (0.3, 3.0),
    },
    Derived {
        name: "dot",
        map: |x| x.slice(0, 0..3).dot(x.slice(0, 3..6)),
        closed: |x| (0..3).map(|i| x[i] * x[i + 3]).sum(),
        between: (-3.0, 3.0),
    },
    Derived {
        name: "stack",
        map: |x| weigh(x.tape().stack(&[x.sin(), x, x.cos()], 0)),
        closed: |x| {
            let rows = x.iter().map(|x| x.sin()).chain(x.iter().copied()).chain(x.iter().map(|x| x.cos()));
            weighed(rows)
        },
        between: (-3.0, 3.0),
    },
];

/// The derivative of `f` at 0 by the five-point stencil.
fn slope(f: impl Fn(f64) -> f64) -> f64 {
    let h = 1e-3;
    (f(-2.0 * h) - 8.0 * f(-h) + 8.0 * f(h) - f(2.0 * h)) / (12.0 * h)
}

fn along(x: &[f64], direction: &[f64], t: f64) -> Vec<f64> {
    x.iter().zip(direction).map(|(x, d)| x + t * d).collect()
}

fn inner(a: &ArrayD<f64>, b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Whether two of the numbers, or one and a limit, are so close that a stencil would reach over a kink between them.
fn near_a_kink(x: &[f64]) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() < 0.02;
    let pairs = x.iter().enumerate().any(|(i, a)| x.iter().skip(i + 1).any(|b| close(*a, *b)));
    pairs || x.iter().any(|x| [-1.0, 0.0, 1.5].iter().any(|limit| close(*x, *limit)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_gradients_and_their_gradients(
        unit in prop::collection::vec(0.0..1.0f64, 6),
        direction in prop::collection::vec(-1.0..1.0f64, 6),
        other in prop::collection::vec(-1.0..1.0f64, 6),
    ) {
        for Derived { name, map, closed, between } in DERIVED {
            let x: Vec<f64> = unit.iter().map(|u| between.0 + u * (between.1 - between.0)).collect();
            if near_a_kink(&x) {
                continue;
            }
            let (value, gradient) = value_and_grad(map, x.clone()).unwrap();
            let expected = closed(&x);
            prop_assert!((value - expected).abs() <= 1e-13 * (1.0 + expected.abs()), "{name} is {value}, not {expected}");

            // The gradient along a direction, by the closed form and by forward mode.
            let numeric = slope(|t| closed(&along(&x, &direction, t)));
            let analytic = inner(&gradient, &direction);
            prop_assert!((analytic - numeric).abs() <= 1e-8 * (1.0 + numeric.abs()), "{name}′ is {analytic}, not {numeric}");
            let forward = *jvp(map, x.clone(), direction.clone()).unwrap().1.first().unwrap();
            prop_assert!((analytic - forward).abs() <= 1e-12 * (1.0 + forward.abs()), "{name}: {analytic} and {forward}");

            // The gradient of the gradient along another, and its symmetry.
            let second = hvp(map, x.clone(), other.clone()).unwrap();
            let numeric = slope(|t| inner(&grad(map, along(&x, &other, t)).unwrap(), &direction));
            let analytic = inner(&second, &direction);
            prop_assert!((analytic - numeric).abs() <= 1e-7 * (1.0 + numeric.abs()), "{name}″ is {analytic}, not {numeric}");
            let turned = inner(&hvp(map, x.clone(), direction.clone()).unwrap(), &other);
            prop_assert!((analytic - turned).abs() <= 1e-11 * (1.0 + turned.abs()), "{name}″ is not symmetric");
        }
    }

    /// A product with zeros among its elements: the gradient at i is the product of the others.
    #[test]
    fn products_with_zeros(x in prop::collection::vec(prop_oneof![Just(0.0), -2.0..2.0f64], 0..9)) {
        let (value, gradient) = value_and_grad(|x| x.prod(..), x.clone()).unwrap();
        let expected: f64 = x.iter().product();
        prop_assert!((value - expected).abs() <= 1e-13 * (1.0 + expected.abs()));
        let without = |i: usize| x.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, x)| x).product::<f64>();
        for (i, found) in gradient.iter().enumerate() {
            prop_assert!((found - without(i)).abs() <= 1e-13 * (1.0 + found.abs()), "{found} at {i} of {x:?}");
        }
        // The Hessian: the product of all but two, 0 on the diagonal.
        let hessian = autodiff::hessian(|x| x.prod(..), x.clone()).unwrap();
        for ((i, j), found) in hessian.indexed_iter() {
            let others = x.iter().enumerate().filter(|(k, _)| *k != i && *k != j).map(|(_, x)| x);
            let expected = if i == j { 0.0 } else { others.product::<f64>() };
            prop_assert!((found - expected).abs() <= 1e-13 * (1.0 + expected.abs()), "{found} at {i}, {j} of {x:?}");
        }
    }

    #[test]
    fn one_hot_rows(labels in prop::collection::vec(0..5usize, 0..7)) {
        let tape = Tape::<f64>::new();
        let rows = tape.index(ndarray::Array1::from_vec(labels.clone())).one_hot(5).value().unwrap();
        let expected = ArrayD::from_shape_fn(IxDyn(&[labels.len(), 5]), |at| f64::from(u8::from(labels[at[0]] == at[1])));
        prop_assert_eq!(rows, expected);
    }

    /// Reductions over any axes of an array of rank 3 agree with sums over its elements.
    #[test]
    fn means_and_products_over_axes(numbers in prop::collection::vec(-1.5..1.5f64, 24), chosen: [bool; 3]) {
        let array = ArrayD::from_shape_vec(IxDyn(&[2, 3, 4]), numbers).unwrap();
        let axes: Vec<usize> = (0..3).filter(|axis| chosen[*axis]).collect();
        let tape = Tape::new();
        let x = tape.input(&array);
        let (mut sum, mut product, mut count) = (array.clone(), array.clone(), 1);
        for axis in axes.iter().rev() {
            count *= array.shape()[*axis];
            sum = sum.sum_axis(ndarray::Axis(*axis));
            product = product.product_axis(ndarray::Axis(*axis));
        }
        let close = |found: Var<'_, f64>, expected: &ArrayD<f64>| {
            let found = found.value().unwrap();
            found.shape() == expected.shape() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12)
        };
        let mean = sum / f64::from(count as u32);
        prop_assert!(close(x.mean(axes.clone()), &mean));
        prop_assert!(close(x.prod(axes.clone()), &product));
        let kept = x.mean_keep(axes.clone()).shape().unwrap();
        prop_assert_eq!(kept.rank(), 3);
        prop_assert_eq!(kept.size(), mean.len());
    }
}

/// Where the closed form itself overflows or cancels: exact limits instead.
#[test]
fn softplus_at_extremes() {
    let x = [-1e308, -1000.0, -40.0, 40.0, 1000.0, 1e308];
    let (value, gradient) =
        (value_and_grad(|x| x.softplus().slice(0, 0..5).sum(..), x), grad(|x| x.softplus().sum(..), x));
    assert_eq!(value.unwrap().0, (-40f64).exp() + 40.0 + 1000.0);
    let expected = [0.0, 0.0, (-40f64).exp(), 1.0, 1.0, 1.0];
    for (found, expected) in gradient.unwrap().iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-15 * expected, "{found} is not {expected}");
    }
    // The slope is the logistic function, and the slope of the slope is s(1 − s).
    let curvature = autodiff::hessian(|x| x.softplus(), 0.5).unwrap()[(0, 0)];
    let s = 1.0 / (1.0 + (-0.5f64).exp());
    assert!((curvature - s * (1.0 - s)).abs() < 1e-15);
}

/// The variance of large numbers that differ little does not cancel: the mean is taken out first.
#[test]
fn variance_of_large_numbers() {
    let x: [f64; 3] = [1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0];
    let (value, gradient): (f64, _) = value_and_grad(|x: Var<'_, f64>| x.variance(..), x).unwrap();
    assert!((value - 2.0 / 3.0).abs() < 1e-15);
    for (found, expected) in gradient.iter().zip([-2.0 / 3.0, 0.0, 2.0 / 3.0]) {
        assert!((found - expected).abs() < 1e-15, "{found} is not {expected}");
    }
}

#[test]
fn a_direction_given_twice_counts_twice() {
    let tape = Tape::<f64>::new();
    let x = tape.input(3.0);
    let (one, ten) = (tape.constant(1.0), tape.constant(10.0));
    let tangent = (x * x).pushforward(&[(x, one), (x, ten)]).unwrap();
    assert_eq!(tangent.item().unwrap(), 66.0);
}

#[test]
fn a_jacobian_of_a_function_that_ignores_its_argument_is_zero_whatever_its_shape() {
    for size in [1, 9] {
        let jacobian = autodiff::jacobian(|x| x.tape().constant(vec![1.0; size]), [1.0, 2.0, 3.0]).unwrap();
        assert_eq!(jacobian, ndarray::Array2::<f64>::zeros((size, 3)));
    }
}
