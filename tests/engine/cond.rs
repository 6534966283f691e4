//! Conditions, and loops whose body says whether they go on: values and derivatives by hand, eagerly, from text, and planned.

use autodiff::{Feed, Input, Program, Registry, Tape, Var};

/// The results of `y` and its gradient at `x`, eagerly, as a program read back from its text, and planned, at these points.
fn at_points(points: &[f64], record: impl for<'t> Fn(&'t Tape<f64>, Var<'t, f64>) -> Var<'t, f64>) -> Vec<[f64; 3]> {
    let program = |at: f64| {
        let tape = Tape::<f64>::new();
        let x = tape.input(at);
        let y = record(&tape, x);
        let dy = y.gradient(&[x]).unwrap()[0];
        let second = dy.gradient(&[x]).unwrap()[0];
        let values = [y, dy, second].map(|y| y.item().unwrap());
        (values, tape.program(&[y, dy, second]).unwrap())
    };
    let first = program(points[0]).1;
    let text = first.to_text();
    let again = Program::parse(&text, &Registry::standard()).unwrap();
    assert_eq!(again.to_text(), text);
    let mut plan = first.plan().unwrap();
    points
        .iter()
        .map(|at| {
            let (values, _) = program(*at);
            // What was recorded at the first point decides anew at every other.
            let input = [Input::Real(ndarray::arr0(*at).into_dyn())];
            for program in [&first, &again] {
                let run: Vec<f64> = program.run(&input).unwrap().iter().map(|y| y[[]]).collect();
                assert_eq!(run, values, "at {at}");
            }
            plan.execute(&mut [Feed::Real(&[*at])]).unwrap();
            assert_eq!([0, 1, 2].map(|i| plan.number(i).unwrap()), values, "planned, at {at}");
            values
        })
        .collect()
}

#[test]
fn a_condition_computes_one_branch_and_decides_anew() {
    let points = [4.0, -3.0, 0.0, 0.25];
    let found = at_points(&points, |tape, x| {
        let w = tape.constant(3.0);
        tape.cond(x.gt(0.0), || [x.sqrt()], || [x * x * w])[0]
    });
    for (x, [y, dy, second]) in points.iter().zip(found) {
        let expected = match *x > 0.0 {
            true => [x.sqrt(), 0.5 / x.sqrt(), -0.25 / (x * x.sqrt())],
            false => [3.0 * x * x, 6.0 * x, 6.0],
        };
        for (found, expected) in [y, dy, second].iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-14 * expected.abs(), "at {x}: {found}, not {expected}");
        }
    }
}

#[test]
fn several_results_of_a_condition_and_conditions_inside_one() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, -2.0]);
    let inner = |test: f64| tape.cond(tape.constant(test), || [x * 2.0], || [x * 5.0])[0];
    let y = tape.cond(tape.constant(1.0), || [inner(0.0), x.sum(..)], || [x, x.max(..)]);
    assert_eq!(y[0].value().unwrap(), ndarray::array![5.0, -10.0].into_dyn());
    assert_eq!(y[1].item().unwrap(), -1.0);
    let total = y[0].sum(..) * y[1];
    assert_eq!(total.gradient(&[x]).unwrap()[0].value().unwrap(), ndarray::array![-10.0, -10.0].into_dyn());
    // NaN is not 0.
    assert_eq!(tape.cond(tape.constant(f64::NAN), || [x], || [-x])[0].value().unwrap()[0], 1.0);
}

#[test]
fn a_loop_stops_when_its_body_says_so() {
    // Halved until it is below 1: the derivative is a power of one half, whose exponent depends on x.
    let points = [10.0, 1.5, 0.5, 100.0];
    let found = at_points(&points, |tape, x| {
        let ([x, product], steps) = tape.while_loop(12, [x, tape.constant(1.0)], |step, [x, product]| {
            let next = x * 0.5;
            ([next, product * (next + step.index().to_real())], next.ge(1.0))
        });
        x * product + steps.to_real()
    });
    for (x, found) in points.iter().zip(found) {
        // By hand, with the two derivatives of both carries.
        let (mut a, mut b, mut steps) = ([*x, 1.0, 0.0], [1.0, 0.0, 0.0], 0.0);
        let times = |a: [f64; 3], b: [f64; 3]| {
            [a[0] * b[0], a[1] * b[0] + a[0] * b[1], a[2] * b[0] + 2.0 * a[1] * b[1] + a[0] * b[2]]
        };
        loop {
            a = a.map(|a| a * 0.5);
            b = times(b, [a[0] + steps, a[1], a[2]]);
            steps += 1.0;
            if a[0] < 1.0 {
                break;
            }
        }
        let expected = times(a, b);
        let expected = [expected[0] + steps, expected[1], expected[2]];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "at {x}: {found}, not {expected}");
        }
    }
}

#[test]
fn a_loop_that_is_not_stopped_makes_the_most_steps() {
    let tape = Tape::<f64>::new();
    let x = tape.input(2.0);
    let go_on = tape.constant(1.0);
    let ([last], steps) = tape.while_loop(3, [x], |_, [y]| ([y * x], go_on));
    assert_eq!((last.item().unwrap(), steps.value().unwrap()[[]]), (16.0, 3));
    assert_eq!(last.gradient(&[x]).unwrap()[0].item().unwrap(), 32.0);
    let ([last], steps) = tape.while_loop(0, [x], |_, [y]| ([y * x], go_on));
    assert_eq!((last.item().unwrap(), steps.value().unwrap()[[]]), (2.0, 0));
    // Forward mode, and against the reverse derivative.
    let ([last], _) = tape.while_loop(5, [x], |_, [y]| ([(y * x).sin()], y.gt(0.2)));
    let forward = last.pushforward(&[(x, tape.constant(1.0))]).unwrap().item().unwrap();
    let reverse = last.gradient(&[x]).unwrap()[0].item().unwrap();
    assert!((forward - reverse).abs() < 1e-15, "{forward} {reverse}");
}

#[test]
fn a_condition_chooses_indices() {
    let tape = Tape::<f64>::new();
    let x = tape.input([5.0, 3.0, 4.0]);
    let (largest, smallest) = (x.argmax(0), x.argmin(0));
    let results = tape.cond_with(
        x.sum(..).gt(0.0),
        || vec![largest.reshape([1]).into(), x.into()],
        || vec![smallest.reshape([1]).into(), (-x).into()],
    );
    let y = results[1].var().gather(results[0].index());
    assert_eq!(y.value().unwrap(), ndarray::array![5.0].into_dyn());
    let dy = y.sum(..).gradient(&[x]).unwrap()[0];
    let program = tape.program(&[y, dy]).unwrap();
    for (at, value, slope) in [([5.0, 3.0, 4.0], 5.0, [1.0, 0.0, 0.0]), ([-5.0, -3.0, -9.0], 9.0, [0.0, 0.0, -1.0])] {
        let inputs = [Input::real(at)];
        let expected = [ndarray::array![value].into_dyn(), ndarray::arr1(&slope).into_dyn()];
        assert_eq!(program.run(&inputs).unwrap(), expected);
        assert_eq!(program.plan().unwrap().run(&inputs).unwrap(), expected);
    }
}

#[test]
fn wrong_conditions_say_what_is_wrong() {
    let tape = Tape::<f64>::new();
    let (x, pair) = (tape.input(1.0), tape.input([1.0, 2.0]));
    let (rows, key) = (tape.index(ndarray::arr0(1)), tape.key(1));
    let (one, two) = (|| vec![x.into()], || vec![pair.into()]);
    for (results, part) in [
        (tape.cond_with(pair, one, one), "one number, not an array of shape [2]"),
        (tape.cond_with(x, one, two), "result 0 has shape [] where the test holds, and [2] otherwise"),
        (tape.cond_with(x, || vec![x.into(), x.into()], two), "2 results where the test holds, 1 otherwise"),
        (
            tape.cond_with(x, one, || vec![rows.into()]),
            "result 0 is an array of reals where the test holds, and an array of indices otherwise",
        ),
        (tape.cond_with(x, || vec![x.into(), key.into()], two), "result 1 is a random key; a condition chooses arrays"),
        (tape.cond_with(x, || vec![x.matmul(pair).into()], one), "matmul"),
        (tape.cond_with(x, one, || vec![x.matmul(pair).into()]), "matmul"),
        (tape.while_loop_with(3, &[x.into()], |_, c| (c.to_vec(), pair)).0, "should be a number, not f64[2]"),
        (tape.while_loop_with(3, &[x.into()], |_, _| (vec![], x)).0, "gives 0 carries; there are 1"),
    ] {
        let error = results[0].shape().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
