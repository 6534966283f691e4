//! Running sums and products, flips, strided slices, triangles, rolling, elements by position: values and gradients against
//! loops over indices, and the same bits eagerly, as a program, and planned.

use autodiff::{Input, Real, Tape, Var};
use ndarray::{ArrayD, Axis, Dimension, IxDyn, Slice};
use proptest::prelude::*;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() }
}

/// An array of one to three axes, an axis of it, and a few odd numbers.
fn cases() -> impl Strategy<Value = (ArrayD<f64>, usize, usize, usize)> {
    let shape = prop::collection::vec(1..6usize, 1..4);
    shape.prop_flat_map(|shape| {
        let size = shape.iter().product::<usize>();
        let number = prop_oneof![1 => Just(0.0), 6 => -2.0..2.0f64];
        let array = prop::collection::vec(number, size).prop_map({
            let shape = shape.clone();
            move |numbers| ArrayD::from_shape_vec(IxDyn(&shape), numbers).unwrap()
        });
        (array, 0..shape.len(), 0..6usize, 1..5usize)
    })
}

fn bits<F: Real>(a: &ArrayD<F>, b: &ArrayD<F>) -> bool {
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| a.double().to_bits() == b.double().to_bits())
}

/// y and its gradient, weighed, are the same bits by every way to compute them.
fn one_answer<F: Real>(x: &ArrayD<f64>, f: impl for<'t> Fn(Var<'t, F>) -> Var<'t, F>) -> Result<(), TestCaseError> {
    let (tape, array) = (Tape::<F>::new(), x.mapv(F::of));
    let x = tape.input(&array);
    let y = f(x);
    let shape = y.shape().expect("fits");
    let weights = tape
        .data(ArrayD::from_shape_fn(IxDyn(&shape), |i| F::of(1.0 / (1.5 + i.slice().iter().sum::<usize>() as f64))));
    let gradient = y.pullback(weights, &[x]).expect("differentiable")[0];
    let second = gradient.sum(..).gradient(&[x]).unwrap_or_default();
    let results: Vec<Var<'_, F>> = [y, gradient].into_iter().chain(second).collect();
    let program = tape.program(&results).expect("no error");
    let inputs = [Input::real(&array), Input::Real(weights.value().expect("a value"))];
    let eager: Vec<ArrayD<F>> = results.iter().map(|y| y.value().expect("a value")).collect();
    let same = |given: &[ArrayD<F>]| given.iter().zip(&eager).all(|(a, b)| bits(a, b));
    prop_assert!(same(&program.run(&inputs).expect("runs")), "{program}");
    prop_assert!(same(&program.simplified().run(&inputs).expect("runs")), "{program}");
    for threads in [1, 2] {
        let mut plan = program.planner().threads(threads).in_small(4).plan().expect("plans");
        prop_assert!(same(&plan.run(&inputs).expect("runs")), "{program}\n{}", plan.explain());
        prop_assert!(same(&plan.run(&inputs).expect("runs")), "a second run: {program}");
    }
    Ok(())
}

/// `f` is the linear map with these elements: y of a unit array, and ⟨seed, f(x)⟩ = ⟨f*(seed), x⟩ for its adjoint.
fn moves(
    x: &ArrayD<f64>,
    f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>,
    expected: &ArrayD<f64>,
) -> Result<(), TestCaseError> {
    let tape = Tape::new();
    let input = tape.input(x);
    let y = f(input);
    let value = y.value().expect("fits");
    prop_assert_eq!(value.shape(), expected.shape());
    for (found, expected) in value.iter().zip(expected) {
        prop_assert!((found - expected).abs() <= 1e-13 * (1.0 + expected.abs()), "{} is not {}", found, expected);
    }
    let mut n = 0.0;
    let seed = ArrayD::from_shape_simple_fn(value.raw_dim(), || {
        n += 1.0;
        f64::cos(n * n)
    });
    let gradient = y.backward_from(&seed).expect("differentiable").take(input).expect("reached");
    let (there, back): (f64, f64) = ((&seed * expected).sum(), (&gradient * x).sum());
    prop_assert!((there - back).abs() <= 1e-12 * (1.0 + there.abs()), "{} is not {}", there, back);
    Ok(())
}

/// The elements at `index`, where one of them is replaced.
fn at(x: &ArrayD<f64>, index: &IxDyn, axis: usize, i: usize) -> f64 {
    let mut index = index.clone();
    index[axis] = i;
    x[index]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn running_sums((x, axis, _, _) in cases()) {
        let upto = ArrayD::from_shape_fn(x.raw_dim(), |i| (0..=i[axis]).map(|k| at(&x, &i, axis, k)).sum());
        moves(&x, |x| x.cumsum(axis), &upto)?;
        let n = x.shape()[axis];
        let from = ArrayD::from_shape_fn(x.raw_dim(), |i| (i[axis]..n).rev().map(|k| at(&x, &i, axis, k)).sum());
        moves(&x, |x| x.cumsum_reversed(axis), &from)?;
        one_answer::<f64>(&x, |x| x.cumsum(axis))?;
        one_answer::<f32>(&x, |x| x.square().cumsum_reversed(axis).tanh())?;
    }

    #[test]
    fn running_products((x, axis, _, _) in cases()) {
        let n = x.shape()[axis];
        for reversed in [false, true] {
            let run = |i: usize| if reversed { i..n } else { 0..i + 1 };
            let product = |i: &IxDyn, without: &[usize]| -> f64 {
                run(i[axis]).filter(|k| !without.contains(k)).map(|k| at(&x, i, axis, k)).product()
            };
            let tape = Tape::new();
            let input = tape.input(&x);
            let y = if reversed { input.cumprod_reversed(axis) } else { input.cumprod(axis) };
            for (i, found) in y.value().unwrap().indexed_iter() {
                let expected = product(&i, &[]);
                prop_assert!((found - expected).abs() <= 1e-13 * (1.0 + expected.abs()), "{found} is not {expected}");
            }
            // x̄ⱼ = Σᵢ Π of the others of yᵢ, also where elements are 0; and the gradient of Σⱼ x̄ⱼ by xₗ leaves out two.
            let gradient = y.sum(..).gradient(&[input]).unwrap()[0];
            let second = gradient.sum(..).gradient(&[input]);
            let (first, second) = (gradient.value().unwrap(), second.map(|g| g[0].value().unwrap()));
            for (j, found) in first.indexed_iter() {
                let terms = (0..n).filter(|i| run(*i).contains(&j[axis])).map(|i| {
                    let mut index = j.clone();
                    index[axis] = i;
                    index
                });
                let expected: f64 = terms.clone().map(|i| product(&i, &[j[axis]])).sum();
                prop_assert!((found - expected).abs() <= 1e-12 * (1.0 + expected.abs()), "{found} is not {expected}");
                if let Ok(second) = &second {
                    let pairs = terms.flat_map(|i| run(i[axis]).map(move |l| (i.clone(), l)));
                    let expected: f64 = pairs.filter(|(_, l)| *l != j[axis]).map(|(i, l)| product(&i, &[j[axis], l])).sum();
                    let found = second[j];
                    prop_assert!((found - expected).abs() <= 1e-12 * (1.0 + expected.abs()), "{found} is not {expected}");
                }
            }
        }
        one_answer::<f64>(&x, |x| x.cumprod(axis))?;
        one_answer::<f32>(&x, |x| x.cumprod_reversed(axis))?;
    }

    #[test]
    fn flips((x, axis, other, _) in cases()) {
        let mut expected = x.clone();
        expected.invert_axis(Axis(axis));
        moves(&x, |x| x.flip(axis), &expected)?;
        let other = other % x.ndim();
        let both = if other == axis { vec![axis] } else { vec![axis, other] };
        if other != axis {
            expected.invert_axis(Axis(other));
        }
        moves(&x, |x| x.flip(both.clone()), &expected)?;
        one_answer::<f64>(&x, |x| x.square().flip(both.clone()))?;
        one_answer::<f32>(&x, |x| x.flip(..).exp())?;
    }

    #[test]
    fn rolls((x, axis, shift, _) in cases()) {
        let n = x.shape()[axis] as isize;
        for shift in [shift as isize, -(shift as isize), isize::MAX, isize::MIN] {
            let expected = ArrayD::from_shape_fn(x.raw_dim(), |i| {
                at(&x, &i, axis, (i[axis] as i128 - shift as i128).rem_euclid(n as i128) as usize)
            });
            moves(&x, |x| x.roll(axis, shift), &expected)?;
        }
        one_answer::<f64>(&x, |x| x.roll(axis, shift as isize).sin())?;
    }

    #[test]
    fn strided_slices((x, axis, start, step) in cases()) {
        let n = x.shape()[axis];
        let (start, stop) = (start.min(n), n - start.min(n) / 2);
        prop_assume!(start <= stop);
        let cut = Slice::new(start as isize, Some(stop as isize), step as isize);
        let expected = x.slice_axis(Axis(axis), cut).to_owned();
        moves(&x, |x| x.slice_step(axis, start..stop, step), &expected)?;
        one_answer::<f64>(&x, |x| x.slice_step(axis, start..stop, step).square())?;
        one_answer::<f32>(&x, |x| x.exp().slice_step(axis, start..stop, step).cumsum(axis))?;
        // And back: what was left out is 0.
        let tape = Tape::new();
        let taken = tape.input(&x).slice_step(axis, start..stop, step);
        let mut spread = ArrayD::zeros(x.raw_dim());
        spread.slice_axis_mut(Axis(axis), cut).assign(&expected);
        prop_assert_eq!(taken.unslice(axis, start, step, n).value().unwrap(), spread.clone());
        moves(&expected, |x| x.unslice(axis, start, step, n), &spread)?;
        one_answer::<f64>(&expected, |x| x.unslice(axis, start, step, n).sin())?;
    }

    #[test]
    fn triangles((x, _, diagonal, _) in cases(), negative: bool) {
        prop_assume!(x.ndim() >= 2);
        let diagonal = if negative { -(diagonal as isize) } else { diagonal as isize };
        let last = x.ndim() - 1;
        let right = |i: &IxDyn| i[last] as isize - i[last - 1] as isize;
        let lower = ArrayD::from_shape_fn(x.raw_dim(), |i| if right(&i) <= diagonal { x[i] } else { 0.0 });
        moves(&x, |x| x.tril(diagonal), &lower)?;
        let upper = ArrayD::from_shape_fn(x.raw_dim(), |i| if right(&i) >= diagonal { x[i] } else { 0.0 });
        moves(&x, |x| x.triu(diagonal), &upper)?;
        one_answer::<f64>(&x, |x| x.tril(diagonal).square())?;
        one_answer::<f32>(&x, |x| x.exp().triu(diagonal))?;
    }

    #[test]
    fn elements_rows_and_columns((x, axis, i, j) in cases()) {
        let position: Vec<usize> = x.shape().iter().enumerate().map(|(k, n)| if k == axis { i % n } else { j % n }).collect();
        moves(&x, |x| x.at(&position), &ndarray::arr0(x[position.as_slice()]).into_dyn())?;
        let row = x.index_axis(Axis(0), position[0]).to_owned();
        moves(&x, |x| x.row(position[0]), &row)?;
        moves(&x, |x| x.at([position[0]]), &row)?;
        let last = x.ndim() - 1;
        moves(&x, |x| x.column(position[last]), &x.index_axis(Axis(last), position[last]).to_owned())?;
        moves(&x, |x| x.at([]), &x)?;
    }

    #[test]
    fn outer_products((x, axis, _, _) in cases()) {
        let lane = x.lanes(Axis(axis)).into_iter().next().unwrap().to_owned();
        let shape: Vec<usize> = x.shape().iter().copied().chain([lane.len()]).collect();
        let expected = ArrayD::from_shape_fn(IxDyn(&shape), |i| x[&i.slice()[..x.ndim()]] * lane[i[x.ndim()]]);
        moves(&x, |x| x.outer(x.tape().constant(&lane)), &expected)?;
    }
}

#[test]
fn what_lies_outside_a_triangle_has_no_part() {
    let tape = Tape::new();
    let x = tape.input([[1.0, f64::NAN], [2.0, f64::INFINITY]]);
    let y = x.tril(-1);
    assert_eq!(y.value().unwrap(), ndarray::array![[0.0, 0.0], [2.0, 0.0]].into_dyn());
    let gradients = y.sum(..).backward().unwrap();
    assert_eq!(gradients.get(x).unwrap(), ndarray::array![[0.0, 0.0], [1.0, 0.0]].into_dyn());
}

#[test]
fn a_slice_with_step_1_is_a_slice_and_moves_no_data() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0, 3.0, 4.0]);
    let (one, two) = (x.slice_step(0, 1.., 1), x.slice_step(0, .., 3));
    let text = tape.program(&[one, two]).unwrap().to_text();
    assert!(text.contains("slice(") && text.matches("slice_step(").count() == 1, "{text}");
    assert_eq!(two.value().unwrap(), ndarray::array![1.0, 4.0].into_dyn());
    assert_eq!(x.slice_step(0, 4.., 2).shape().unwrap(), [0].into());
    assert_eq!(x.slice_step(0, ..=2, usize::MAX).value().unwrap(), ndarray::array![1.0].into_dyn());
}

#[test]
fn constants_that_need_no_array() {
    let tape = Tape::<f64>::new();
    assert_eq!(tape.zeros([2, 0]).shape().unwrap(), [2, 0].into());
    assert_eq!(tape.ones([]).item().unwrap(), 1.0);
    assert_eq!(tape.eye(3).value().unwrap(), ndarray::Array2::<f64>::eye(3).into_dyn());
    assert_eq!(tape.eye(0).shape().unwrap(), [0, 0].into());
    assert_eq!(tape.arange(5).value().unwrap(), ndarray::Array1::from_iter((0..5).map(f64::from)).into_dyn());
    // Single precision holds integers to 2²⁴, and every second one beyond.
    let single = Tape::<f32>::new().arange((1 << 24) + 4).value().unwrap();
    let last: Vec<f64> = single.iter().skip((1 << 24) + 1).map(|x| f64::from(*x)).collect();
    assert_eq!(last, [16_777_216.0, 16_777_218.0, 16_777_220.0]);
    let x = tape.input([[1.0, 2.0]]);
    assert_eq!(x.zeros_like().value().unwrap(), ndarray::array![[0.0, 0.0]].into_dyn());
    for unheld in [tape.eye(usize::MAX), tape.arange(usize::MAX), tape.zeros([usize::MAX, 2]), tape.ones([usize::MAX])]
    {
        assert!(unheld.error().is_some());
    }
}
