//! A path of the chain rule on which one factor is exactly 0 contributes 0: in both modes, at every order, recorded and planned.

use autodiff::check::{self, Verdict};
use autodiff::{Input, Program, Result, Tape, Var};
use ndarray::{ArrayD, array};
use proptest::prelude::*;

type Function = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

/// The program of a function of an array, on a tape without values.
fn program(function: Function, x: &ArrayD<f64>) -> Program<f64> {
    let tape = Tape::symbolic();
    let x = tape.symbolic_input(x.shape());
    tape.program(&[function(x)]).unwrap()
}

/// The same bits by a plan as by the interpreter.
fn run(program: &Program<f64>, inputs: &[Input<f64>]) -> Vec<ArrayD<f64>> {
    let results = program.run(inputs).unwrap();
    for block in [3, 1024] {
        let planned = program.planner().in_small(block).plan().unwrap().run(inputs).unwrap();
        for (a, b) in results.iter().zip(&planned) {
            let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
            assert!(a.iter().zip(b).all(same), "{program}\n{a}\n{b}");
        }
    }
    results
}

/// The Jacobian, row by row: by the reverse mode, the forward mode, and on a tape with values.
fn jacobians(function: Function, x: &ArrayD<f64>) -> [Vec<f64>; 3] {
    let program = program(function, x);
    let y = &program.run(&[Input::Real(x.clone())]).unwrap()[0];
    let unit = |like: &ArrayD<f64>, at: usize| {
        let mut seed = ArrayD::zeros(like.raw_dim());
        seed.iter_mut().skip(at).take(1).for_each(|x| *x = 1.0);
        seed
    };
    let (vjp, jvp) = (program.vjp(&[0]).unwrap(), program.jvp(&[0]).unwrap());
    let at = |seed: ArrayD<f64>| [Input::Real(x.clone()), Input::Real(seed)];
    let reverse = (0..y.len()).flat_map(|i| run(&vjp, &at(unit(y, i))).remove(0).into_iter().collect::<Vec<_>>());
    let columns: Vec<ArrayD<f64>> = (0..x.len()).map(|j| run(&jvp, &at(unit(x, j))).remove(0)).collect();
    let forward = (0..y.len()).flat_map(|i| columns.iter().map(move |column| *column.iter().nth(i).unwrap()));
    let tape = Tape::new();
    let input = tape.input(x);
    let recorded = function(input);
    let eager = (0..y.len())
        .flat_map(|i| recorded.backward_from(unit(y, i)).unwrap().get(input).unwrap().to_owned().into_iter());
    [reverse.collect(), forward.collect(), eager.collect()]
}

fn expect(name: &str, function: Function, x: ArrayD<f64>, jacobian: &[f64]) {
    for (mode, found) in ["reverse", "forward", "recorded"].iter().zip(jacobians(function, &x)) {
        let close = |(a, b): (&f64, &f64)| a == b || (a - b).abs() <= 1e-14 * b.abs();
        assert!(
            found.len() == jacobian.len() && found.iter().zip(jacobian).all(close),
            "{name} at {x}, {mode}: {found:?} instead of {jacobian:?}"
        );
    }
}

const INF: f64 = f64::INFINITY;

#[test]
fn elements_without_a_part_have_no_slope() {
    let x = || array![0.0, 4.0].into_dyn();
    expect("sqrt", |x| x.sqrt(), x(), &[INF, 0.0, 0.0, 0.25]);
    expect("log", |x| x.log(), x(), &[INF, 0.0, 0.0, 0.25]);
    expect("gathered", |x| x.sqrt().gather(x.argmax(..)), x(), &[0.0, 0.25]);
    expect("max", |x| x.sqrt().max(..), x(), &[0.0, 0.25]);
    expect("sorted", |x| x.sqrt().sort(0).slice(0, 1..2), x(), &[0.0, 0.25]);
    expect("maximum", |x| x.log().maximum(-10.0).sum(..), x(), &[0.0, 0.25]);
    expect("powf", |x| x.powf(0.5).slice(0, 1..2), x(), &[0.0, 0.25]);
    expect("quotient", |x| (1.0 / x).slice(0, 1..2), x(), &[0.0, -1.0 / 16.0]);
    // The Hessian of Σ x^1.5, as the Jacobian of its gradient.
    expect("Σ x^1.5", |x| x.powf(1.5).sum(..).gradient_of(x), x(), &[INF, 0.0, 0.0, 0.375]);
    expect("Hessian of (max √x)²", |x| x.sqrt().max(..).square().gradient_of(x), x(), &[0.0, 0.0, 0.0, 0.0]);
}

/// The weights of a row that is −∞ throughout are NaN, and those of other rows do not mind.
#[test]
fn rows_without_a_part_have_no_slope() {
    let rows = || array![[-INF, -INF], [0.0, 0.0]].into_dyn();
    let (half, quarter) = (0.5, 0.25);
    expect("log_sum_exp", |x| x.log_sum_exp(1).slice(0, 1..2), rows(), &[0.0, 0.0, half, half]);
    expect("log_softmax", |x| x.log_softmax(1).slice(0, 1..2).slice(1, 0..1), rows(), &[0.0, 0.0, half, -half]);
    expect("softmax", |x| x.softmax(1).slice(0, 1..2).slice(1, 0..1), rows(), &[0.0, 0.0, quarter, -quarter]);
}

#[test]
fn branches_that_are_not_taken_have_no_slope() {
    let at = |x: f64| array![x].into_dyn();
    for x in [-1.0, 0.0] {
        expect("x > 0 ? √x : 0", |x| x.gt(0.0).select(x.sqrt(), 0.0), at(x), &[0.0]);
        expect("x > 0 ? √√x : 0", |x| x.gt(0.0).select(x.sqrt().sqrt(), 0.0), at(x), &[0.0]);
        expect("x > 0 ? log √x : 0", |x| x.gt(0.0).select(x.sqrt().log(), 0.0), at(x), &[0.0]);
        // And the slope of the slope.
        expect("its slope", |x| x.gt(0.0).select(x.sqrt(), 0.0).gradient_of(x), at(x), &[0.0]);
        expect("its slope", |x| x.gt(0.0).select(x.sqrt().sqrt(), 0.0).gradient_of(x), at(x), &[0.0]);
        expect("its slope", |x| x.gt(0.0).select(x * x.log(), 0.0).gradient_of(x), at(x), &[0.0]);
        expect("tanh of NaN", |x| x.gt(0.0).select(x.log().tanh(), x), at(x), &[1.0]);
        expect(
            "atan, exp, sin",
            |x| x.gt(0.0).select(x.log().atan() + x.log().sin() + x.sqrt().exp(), x),
            at(x),
            &[1.0],
        );
    }
    expect("x ≥ 0 ? x : √(−x)", |x| x.ge(0.0).select(x, (-x).sqrt()), at(1.0), &[1.0]);
    expect("x = 0 ? 1 : sin x/x", |x| x.eq(0.0).select(1.0, x.sin() / x), at(0.0), &[0.0]);
    expect(
        "‖x‖ > 1 ? x/‖x‖ : x",
        |x| x.norm(..).gt(1.0).broadcast_to([3]).select(x / x.norm(..), x),
        ArrayD::zeros(vec![3]),
        &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
    );
}

/// Σ over i ≠ j of 1/‖xᵢ − xⱼ‖, the diagonal masked by a select.
fn energy(x: Var<'_, f64>) -> Var<'_, f64> {
    let difference = x.reshape([2, 1, 2]) - x.reshape([1, 2, 2]);
    let same = x.tape().constant(array![[1.0, 0.0], [0.0, 1.0]]);
    same.select(0.0, 1.0 / difference.norm(2)).sum(..)
}

#[test]
fn pairs_with_themselves_have_no_slope() {
    let x = array![[1.0, 2.0], [0.2, 4.0]].into_dyn();
    // 2/‖d‖, d = (0.8, −2): its slope by x₀₀ is −2·0.8/‖d‖³.
    let (a, b) = (0.8, -2.0);
    let cube = f64::hypot(a, b).powi(3);
    let expected = [-2.0 * a / cube, -2.0 * b / cube, 2.0 * a / cube, 2.0 * b / cube];
    for found in jacobians(energy, &x) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-13), "{found:?} {expected:?}");
    }
}

/// It is no select on the derivative: c·log x has the mixed derivative 1/x also at c = 0, and the third −1/x².
#[test]
fn products_stay_linear_in_each_factor() -> Result<()> {
    let tape = Tape::<f64>::new();
    let (c, x) = (tape.input(0.0), tape.input(2.0));
    let by_x = (c * x.log()).gradient_of(x);
    let mixed = by_x.gradient_of(c);
    assert_eq!((by_x.item()?, mixed.item()?, mixed.gradient_of(x).item()?), (0.0, 0.5, -0.25));
    let forward = by_x.pushforward(&[(c, tape.constant(1.0))])?;
    assert_eq!((forward.item()?, forward.gradient_of(x).item()?), (0.5, -0.25));
    Ok(())
}

/// What the price is, and that it is not hidden.
#[test]
fn computed_zeros_are_named_and_not_vouched_for() -> Result<()> {
    let tape = Tape::<f64>::new();
    let x = tape.input(0.0).named("x");
    let y = x.sqrt() * x.sqrt();
    assert_eq!(y.gradient_of(x).item()?, 0.0);
    let found = y.strong_zeros()?;
    let text = found[0].to_string();
    assert!(text.starts_with("a zero met a factor that is not finite at [] (1 of 1)"), "{text}");
    assert!(text.contains("strong_zeros.rs"), "{text}");
    let report = check::program(&tape.program(&[y])?, &[Input::real(0.0)])?;
    assert!(matches!(report.verdict(), Verdict::Unchecked(_)), "{report}");
    // Where it does not matter, other operands are checked all the same.
    let tape = Tape::<f64>::new();
    let (x, w) = (tape.input([0.0, 4.0]), tape.input([0.5, 2.0]));
    let y = (w * w).sum(..) + x.sqrt().max(..);
    let report = check::program(&tape.program(&[y])?, &[Input::real([0.0, 4.0]), Input::real([0.5, 2.0])])?;
    assert!(report.failures().is_empty() && !report.unchecked().is_empty(), "{report}");
    Ok(())
}

#[test]
fn steps_of_loops_are_looked_into() -> Result<()> {
    let tape = Tape::<f64>::new();
    let x = tape.input([4.0, 0.0, 9.0]);
    let ([], [all]) = tape.scan(3, [], [x], |_, [], [x]| ([], [x.sqrt().square() + x.gt(0.0).select(x.sqrt(), 0.0)]));
    let found = all.strong_zeros()?;
    assert!(!found.is_empty() && found.iter().all(|zero| zero.steps == [1]), "{found:?}");
    assert_eq!(all.sum(..).gradient_of(x).value()?, array![1.25, 0.0, 1.0 + 1.0 / 6.0].into_dyn());
    Ok(())
}

/// Numbers among which zeros, infinities and NaN are common.
fn odd() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(-0.0),
        Just(INF),
        Just(-INF),
        Just(f64::NAN),
        Just(1.0),
        -3.0..3.0f64,
        (-300i32..300).prop_map(|e| 10f64.powi(e)),
    ]
}

proptest! {
    /// By the definition, whatever the neighbours: those decide whether a row is computed the quick way.
    #[test]
    fn products_and_quotients_are_those_of_the_definition(
        a in proptest::collection::vec(odd(), 1..40),
        b in proptest::collection::vec(odd(), 40),
        c in proptest::collection::vec(-2.0..2.0f64, 40),
    ) {
        let n = a.len();
        let (b, c) = (b[..n].to_vec(), c[..n].to_vec());
        let tape = Tape::<f64>::symbolic();
        let [x, y, z] = std::array::from_fn(|_| tape.symbolic_input([n]));
        let outputs = [
            x.strong_mul(y),
            x.strong_div(y),
            x.strong_mul(y) + z,
            z - x.strong_div(y),
            (x + z).strong_mul(y),
            x.strong_mul(y).strong_mul(z),
            x.strong_div(y) * z,
        ];
        let program = tape.program(&outputs).unwrap();
        let inputs = [Input::real(a.clone()), Input::real(b.clone()), Input::real(c.clone())];
        let results = run(&program, &inputs);
        let product = |a: f64, b: f64| if (a == 0.0 || b == 0.0) && (a * b).is_nan() { 0.0 } else { a * b };
        let quotient = |a: f64, b: f64| if a == 0.0 && (a / b).is_nan() { 0.0 } else { a / b };
        for i in 0..n {
            let (a, b, c) = (a[i], b[i], c[i]);
            let expected = [
                product(a, b),
                quotient(a, b),
                product(a, b) + c,
                c - quotient(a, b),
                product(a + c, b),
                product(product(a, b), c),
                quotient(a, b) * c,
            ];
            for (k, expected) in expected.into_iter().enumerate() {
                let found = results[k][[i]];
                let same = found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan());
                prop_assert!(same, "{k} of {a}, {b}, {c}: {found} instead of {expected}");
            }
        }
    }
}
