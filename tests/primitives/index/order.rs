//! Positions and order against their definitions.

use super::support::{array, cases, number, of};
use autodiff::check::{self, Verdict};
use autodiff::{Input, Tape};
use ndarray::{ArrayD, Axis, array};
use proptest::prelude::*;

/// The positions on a lane in the order of its elements: by insertion, behind all that do not come after.
fn order(lane: &[f64], after: impl Fn(f64, f64) -> bool) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    for (i, x) in lane.iter().enumerate() {
        let at = order.iter().position(|j| after(lane[*j], *x)).unwrap_or(order.len());
        order.insert(at, i);
    }
    order
}

/// Whether a is larger than b; NaN is the largest.
fn larger(a: f64, b: f64) -> bool {
    a > b || (a.is_nan() && !b.is_nan())
}

/// `f` of each lane along `axis`: a lane of the result.
fn by_lanes(x: &ArrayD<f64>, axis: usize, f: impl Fn(&[f64]) -> Vec<usize>) -> ArrayD<usize> {
    let lanes: Vec<Vec<usize>> = x.lanes(Axis(axis)).into_iter().map(|lane| f(&lane.to_vec())).collect();
    let mut shape = x.raw_dim();
    shape[axis] = lanes[0].len();
    let mut result = ArrayD::zeros(shape);
    result.lanes_mut(Axis(axis)).into_iter().zip(lanes).for_each(|(mut to, from)| to.assign(&ndarray::arr1(&from)));
    result
}

/// The elements of x at these positions on an axis.
fn taken(x: &ArrayD<f64>, at: &ArrayD<usize>, axis: usize) -> ArrayD<f64> {
    ArrayD::from_shape_fn(at.raw_dim(), |index| {
        let mut index = index;
        let position = at[&index];
        index[axis] = position;
        x[index]
    })
}

fn bits(x: &ArrayD<f64>) -> (Vec<usize>, Vec<u64>) {
    (x.shape().to_vec(), x.iter().map(|x| x.to_bits()).collect())
}

fn real(x: Input<f64>) -> ArrayD<f64> {
    let Input::Real(x) = x else { panic!("{x:?} is not real") };
    x
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn sorting_is_stable_insertion((x, axis) in array(number())) {
        let tape = Tape::new();
        let (values, positions) = tape.input(&x).sort_with_order(axis);
        let expected = by_lanes(&x, axis, |lane| order(lane, larger));
        let given = [Input::Real(x.clone())];
        prop_assert_eq!(of(&tape, positions, &given), Input::Index(expected.clone()));
        prop_assert_eq!(bits(&real(of(&tape, values, &given))), bits(&taken(&x, &expected, axis)));
    }

    #[test]
    fn the_largest_come_first((x, axis) in array(number()), k in 0usize..6) {
        let k = k.min(x.shape()[axis]);
        let tape = Tape::new();
        let (values, positions) = tape.input(&x).top_k(k, axis);
        let expected = by_lanes(&x, axis, |lane| order(lane, |a, b| larger(b, a)).into_iter().take(k).collect());
        let given = [Input::Real(x.clone())];
        prop_assert_eq!(of(&tape, positions, &given), Input::Index(expected.clone()));
        prop_assert_eq!(bits(&real(of(&tape, values, &given))), bits(&taken(&x, &expected, axis)));
    }

    #[test]
    fn the_best_is_the_first_that_none_surpasses((x, axis) in array(number())) {
        let tape = Tape::new();
        let v = tape.input(&x);
        let first = |lane: &[f64], surpasses: fn(f64, f64) -> bool| {
            let nan = lane.iter().position(|x| x.is_nan());
            vec![nan.or(lane.iter().position(|x| !lane.iter().any(|y| surpasses(*y, *x)))).unwrap()]
        };
        let largest = by_lanes(&x, axis, |lane| first(lane, |a, b| a > b)).remove_axis(Axis(axis));
        let smallest = by_lanes(&x, axis, |lane| first(lane, |a, b| a < b)).remove_axis(Axis(axis));
        let given = [Input::Real(x.clone())];
        prop_assert_eq!(of(&tape, v.argmax(axis), &given), Input::Index(largest));
        prop_assert_eq!(of(&tape, v.argmin(axis as isize - x.ndim() as isize), &given), Input::Index(smallest));
        let flat: Vec<f64> = x.iter().copied().collect();
        let number = |i: usize| ndarray::arr0(i).into_dyn();
        prop_assert_eq!(v.argmax(..).value().unwrap(), number(first(&flat, |a, b| a > b)[0]));
        prop_assert_eq!(v.argmin(..).value().unwrap(), number(first(&flat, |a, b| a < b)[0]));
    }

    /// The cotangent of sorted values goes to where they were; the second derivative of Σ w·sort(x)² is diagonal.
    #[test]
    fn derivatives_follow_the_order((x, axis) in array(-2.0..2.0f64)) {
        let tape = Tape::new();
        let v = tape.input(&x);
        let (values, _) = v.sort_with_order(axis);
        let ranks = by_lanes(&x, axis, |lane| {
            let order = order(lane, larger);
            (0..lane.len()).map(|i| order.iter().position(|j| *j == i).unwrap()).collect()
        });
        let mut weights = ArrayD::zeros(x.raw_dim());
        weights.lanes_mut(Axis(axis)).into_iter().for_each(|mut lane| {
            lane.iter_mut().enumerate().for_each(|(k, w)| *w = 1.0 + k as f64);
        });
        let y = (values * values * tape.constant(weights)).sum(..);
        let expected = ArrayD::from_shape_fn(x.raw_dim(), |at| 2.0 * x[&at] * (1.0 + ranks[&at] as f64));
        let gradient = y.gradient(&[v]).unwrap();
        prop_assert_eq!(of(&tape, gradient[0], &[Input::Real(x.clone())]), Input::Real(expected));
        let second = gradient[0].sum(..).gradient(&[v]).unwrap();
        prop_assert_eq!(second[0].value().unwrap(), ranks.mapv(|rank| 2.0 * (1.0 + rank as f64)));
    }

    /// ⟨take_along(x), u⟩ = ⟨x, scatter_add_along(u)⟩, to the bit where all numbers are small integers; and the definition.
    #[test]
    fn taking_and_adding_are_adjoint((x, axis) in array((-3i8..4).prop_map(f64::from)), at in prop::collection::vec(any::<prop::sample::Index>(), 125)) {
        let length = x.shape()[axis];
        let mut shape = x.raw_dim();
        shape[axis] = 1 + length % 3;
        let mut at = at.into_iter().map(|at| at.index(length));
        let at = ArrayD::from_shape_simple_fn(shape, || at.next().unwrap());
        let tape = Tape::new();
        let (v, i) = (tape.input(&x), tape.index(at.clone()));
        let given = [Input::Real(x.clone()), Input::Index(at.clone())];
        let y = v.take_along(i, axis);
        prop_assert_eq!(of(&tape, y, &given), Input::Real(taken(&x, &at, axis)));
        let u = ArrayD::from_shape_fn(at.raw_dim(), |index| index[axis] as f64 + 1.0);
        let back = y.backward_from(&u).unwrap().get(v).unwrap().to_owned();
        let direct = tape.constant(&u).scatter_add_along(i, axis, length);
        prop_assert_eq!(of(&tape, direct, &given), Input::Real(back.clone()));
        let product = |a: &ArrayD<f64>, b: &ArrayD<f64>| (a * b).sum();
        prop_assert_eq!(product(&taken(&x, &at, axis), &u), product(&x, &back));
    }
}

#[test]
fn second_derivatives_through_an_order_are_those_of_finite_differences() {
    let functions: [for<'t> fn(autodiff::Var<'t, f64>) -> autodiff::Var<'t, f64>; 3] = [
        |x| (x.sort(0).slice(0, 1..) * x.sort(0).slice(0, ..3)).sum(..),
        |x| x.top_k(2, 0).0.powi(3).sum(..) + x.exp().sum(..),
        |x| x.take_along(x.argsort(0), -1).tanh().prod(..),
    ];
    for f in functions {
        assert_eq!(check::function(f, [0.5, -1.5, 2.0, 0.25]).unwrap().verdict(), Verdict::Pass);
    }
}

/// The gradient of Σ w·sort(x) depends on x through its order alone: forward mode takes that as constant, and reverse mode
/// says why it has nothing to give, until it is asked for the derivative of a function.
#[test]
fn through_an_order_alone_a_derivative_is_zero_and_gradient_gives_the_reason() {
    let weighed: [(&str, for<'t> fn(autodiff::Var<'t, f64>) -> autodiff::Var<'t, f64>); 3] = [
        ("sort", |x| (x.sort(0) * x.tape().constant([1.0, 2.0, 3.0])).sum(..)),
        ("top_k", |x| x.top_k(2, 0).0.sum(..)),
        ("argmax", |x| x.gather(x.argmax(0))),
    ];
    for (name, f) in weighed {
        let point = array![3.0, 1.0, 2.0];
        assert_eq!(autodiff::hessian(f, &point).unwrap(), ndarray::Array2::<f64>::zeros((3, 3)), "{name}");
        assert_eq!(autodiff::hvp(f, &point, [1.0, 2.0, 3.0]).unwrap(), ArrayD::<f64>::zeros(vec![3]), "{name}");
        let tape = Tape::new();
        let x = tape.input(&point);
        let gradient = f(x).gradient(&[x]).unwrap()[0];
        let error = gradient.square().sum(..).gradient(&[x]).unwrap_err();
        assert_eq!(error.kind(), autodiff::ErrorKind::NoGradient, "{name}");
        let message = format!("x reaches the result only through `{name}` at ");
        assert!(error.message().starts_with(&message), "{error}");
        assert!(error.help().unwrap().contains("takes their derivative as 0"), "{error}");
        // Beside a way of its own the order adds nothing.
        let both = (gradient.sum(..) + x.powi(3).sum(..)).gradient(&[x]).unwrap()[0];
        assert_eq!(both.value().unwrap(), array![27.0, 3.0, 12.0].into_dyn(), "{name}");
    }
}

#[test]
fn what_does_not_fit_says_what_would() {
    let tape = Tape::<f64>::new();
    let x = tape.input([[1.0, 2.0], [3.0, 4.0]]).named("x");
    let message = |error: Option<autodiff::Error>| error.unwrap().to_string();
    let several = message(x.argmax([0, 1]).error());
    assert!(several.contains("argmax: a position is along one axis, not along 2"), "{several}");
    assert!(several.contains("`..`") && several.contains("order.rs"), "{several}");
    let k = message(x.top_k(3, 0).0.error());
    assert!(k.contains("top_k: the axis has 2 elements, fewer than the 3 largest that are asked for"), "{k}");
    let axis = message(x.sort(2).error());
    assert!(axis.contains("sort: there is no axis 2 in x [2, 2]"), "{axis}");
    let none = message(tape.input(ndarray::Array2::zeros((2, 0))).argmin(1).error());
    assert!(none.contains("argmin: the smallest of no elements has no position"), "{none}");
    let apart = message(x.take_along(tape.index(array![0, 1]), 1).error());
    assert!(apart.contains("x [2, 2] and i [2] should differ in the length of axis 1 alone"), "{apart}");
    let beyond = message(x.take_along(tape.index(array![[0], [2]]), 1).error());
    assert!(beyond.contains("take_along: ") && beyond.contains("[1, 0]") && beyond.contains('2'), "{beyond}");
    // An error on the way is what every result is.
    let broken = x.matmul(tape.input([1.0, 2.0, 3.0]));
    let (values, order) = broken.sort_with_order(0);
    assert_eq!((values.error(), order.error()), (broken.error(), broken.error()));
    assert_eq!((order + 1).to_real().error(), broken.error());
}

#[test]
fn arrays_without_elements() {
    let tape = Tape::<f64>::new();
    let x = tape.input(ndarray::Array2::<f64>::zeros((3, 0)));
    assert_eq!(x.sort(1).shape().unwrap(), [3, 0].into());
    assert_eq!(x.sort(0).shape().unwrap(), [3, 0].into());
    assert_eq!(x.argmax(0).shape().unwrap(), [0].into());
    let (values, positions) = tape.input([1.0, 2.0]).top_k(0, 0);
    assert_eq!((values.shape().unwrap(), positions.shape().unwrap()), ([0].into(), [0].into()));
    assert_eq!(values.sum(..).item().unwrap(), 0.0);
    assert!(tape.input(1.0).sort(0).error().is_some());
}
