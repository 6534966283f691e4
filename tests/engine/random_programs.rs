//! Random programs of up to 200 nodes: reverse = forward = dual numbers = finite differences, and every way to evaluate
//! gives the same bits.
//!
//! The oracle is `num_dual`'s dual numbers, through a second interpreter of the recipe that shares no code with the
//! engine. `num_dual` has these operations itself: + − · /, exp, ln, sqrt, sin, cos, atan, tanh, powi, powf. Those it
//! lacks are composed of them: sigmoid, log_sum_exp, softmax, log_softmax, matmul, conv, average_pool, sums and means, running sums and products. The rest only choose or move numbers,
//! with the engine's conventions at ties: relu, leaky_relu, abs, maximum, minimum, max, select, concat, slice, pad,
//! gather, pick, max_pool, sort, top_k, take_along, slice_step, flip, roll, tril, transpose, reshape, broadcast_to.

use autodiff::check::strategy::{self, Line, Op, Recipe};
use autodiff::check::{Check, Report};
use autodiff::{Real, Tape};
use ndarray::ArrayD;
use num_dual::{Dual64, DualNum};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestError, TestRunner};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn bits<F: Real>(a: &ArrayD<F>, b: &ArrayD<F>) -> bool {
    let same = |(a, b): (&F, &F)| {
        let (a, b) = (a.double(), b.double());
        a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
    };
    a.shape() == b.shape() && a.iter().zip(b).all(same)
}

/// Evaluating eagerly, as a program, and through the recorded gradient gives the same bits as `backward`.
fn interpreters_agree<F: Real>(recipe: &Recipe) -> Result<(), TestCaseError> {
    let tape = Tape::<F>::new();
    let (inputs, y) = recipe.record(&tape).expect("well typed");
    let (program, given) = recipe.program::<F>().expect("well typed");
    let value = y.value().expect("a value");
    let run = program.run(&given).expect("runs");
    prop_assert!(bits(&run[0], &value), "{recipe}\nprogram {:?}, eager {value:?}", run[0]);
    let gradients = y.backward().expect("differentiable");
    let reachable: Vec<_> = inputs.iter().copied().filter(|x| gradients.get(*x).is_ok()).collect();
    let recorded = y.gradient(&reachable).expect("the same answers as backward");
    for (x, recorded) in reachable.iter().zip(&recorded) {
        let (freed, recorded) = (gradients.get(*x).expect("reached").to_owned(), recorded.value().expect("a value"));
        prop_assert!(bits(&freed, &recorded), "{recipe}\nbackward {freed:?}, gradient {recorded:?}");
    }
    let frozen = tape.program(&recorded).expect("no error").run(&given).expect("runs");
    for (frozen, recorded) in frozen.iter().zip(&recorded) {
        prop_assert!(bits(frozen, &recorded.value().expect("a value")), "{recipe}\na replayed gradient differs");
    }
    Ok(())
}

/// ⟨rF(1), ξ⟩, dF(ξ) and the dual number's derivative, within 1e-10 of the scale Σ|gⱼξⱼ| + |y|.
fn derivatives_agree(recipe: &Recipe, xi: &[f64]) -> Result<(), TestCaseError> {
    let tape = Tape::<f64>::new();
    let (inputs, y) = recipe.record(&tape).expect("well typed");
    let mut numbers = xi.iter().copied().cycle();
    let directions: Vec<ArrayD<f64>> = recipe
        .inputs
        .iter()
        .map(|x| ArrayD::from_shape_simple_fn(x.raw_dim(), || numbers.next().expect("endless")))
        .collect();
    let gradients = y.backward().expect("differentiable");
    let (mut reverse, mut scale) = (0.0, y.item().expect("a number").abs());
    for (x, direction) in inputs.iter().zip(&directions) {
        if let Ok(gradient) = gradients.get(*x) {
            for (g, d) in gradient.iter().zip(direction) {
                reverse += g * d;
                scale += (g * d).abs();
            }
        }
    }
    let pairs: Vec<_> = inputs.iter().zip(&directions).map(|(x, d)| (*x, tape.data(d))).collect();
    let forward = y.pushforward(&pairs).expect("differentiable").item().expect("a number");
    let dual = oracle(recipe, &directions);
    prop_assert!((dual.re - y.item().expect("a number")).abs() <= 1e-10 * scale, "{recipe}\n{dual} is not the value");
    prop_assert!((reverse - forward).abs() <= 1e-10 * scale, "{recipe}\nreverse {reverse}, forward {forward}");
    prop_assert!((reverse - dual.eps).abs() <= 1e-10 * scale, "{recipe}\nreverse {reverse}, dual numbers {}", dual.eps);
    Ok(())
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn the_same_bits_however_evaluated(recipe in strategy::programs(200)) {
        interpreters_agree::<f64>(&recipe)?;
        interpreters_agree::<f32>(&recipe)?;
    }

    #[test]
    fn reverse_is_forward_is_dual(recipe in strategy::programs(200), xi in prop::collection::vec(-1.0..1.0f64, 13)) {
        derivatives_agree(&recipe, &xi)?;
    }
}

fn differences(recipe: &Recipe) -> Report {
    let (program, inputs) = recipe.program().expect("well typed");
    Check::new().order(1).elements(3).tolerance(1e-6).program(&program, &inputs).expect("differentiable")
}

/// Finite differences to 1e-6; most comparisons must have been possible.
#[test]
fn reverse_is_finite_differences() {
    let mut runner =
        TestRunner::new_with_rng(config(256), proptest::test_runner::TestRng::deterministic_rng(Default::default()));
    let (passed, unchecked) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let outcome = runner.run(&strategy::programs(200), |recipe| {
        let report = differences(&recipe);
        passed.set(passed.get() + report.passed());
        unchecked.set(unchecked.get() + report.unchecked().len());
        prop_assert!(report.failures().is_empty(), "{recipe}\n{report}");
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    let (passed, unchecked) = (passed.get(), unchecked.get());
    println!("{passed} comparisons agree, {unchecked} were not possible");
    assert!(passed > 9 * unchecked, "{passed} comparisons, {unchecked} unchecked");
}

/// What the generator makes: long programs, and in all of them together each operation.
#[test]
fn programs_are_long_and_varied() {
    let mut runner =
        TestRunner::new_with_rng(config(1), proptest::test_runner::TestRng::deterministic_rng(Default::default()));
    let (mut longest, mut names) = (0, std::collections::BTreeSet::new());
    let (mut reused, mut squared) = (0, 0);
    for _ in 0..200 {
        let recipe = strategy::programs(200).new_tree(&mut runner).expect("a program").current();
        let (program, _) = recipe.program::<f64>().expect("well typed");
        longest = longest.max(program.len());
        assert!(program.len() <= 200, "{} nodes", program.len());
        for line in &recipe.lines {
            let name = format!("{:?}", line.op);
            names.insert(name.split(['(', ' ']).next().unwrap_or_default().to_owned());
            squared += usize::from(line.op == Op::Mul && line.operands[0] == line.operands[1]);
        }
        let count = |value: usize| recipe.lines.iter().filter(|line| line.operands.contains(&value)).count();
        reused += (0..recipe.output()).filter(|value| count(*value) > 1).count();
    }
    println!("longest {longest}, {} operations: {names:?}", names.len());
    assert!(longest > 130, "the longest has {longest} nodes");
    assert_eq!(names.len(), 51, "{names:?}");
    assert!(reused > 1000 && squared > 100, "{reused} values used twice, {squared} squares");
}

/// A failure shrinks to the operation that matters and is printed as a short tape.
#[test]
fn a_failing_program_shrinks_to_a_minimal_tape() {
    let mut runner =
        TestRunner::new_with_rng(config(200), proptest::test_runner::TestRng::deterministic_rng(Default::default()));
    let outcome = runner.run(&strategy::programs(100), |recipe| {
        prop_assert!(!recipe.lines.iter().any(|line| line.op == Op::Atan), "an arc tangent");
        Ok(())
    });
    let Err(TestError::Fail(_, minimal)) = outcome else { panic!("some program has an arc tangent") };
    assert!(minimal.lines.len() <= 2 && minimal.inputs.len() == 1, "{minimal}");
    assert!(minimal.to_string().contains("= Atan %0"), "{minimal}");
}

// ---- the oracle ------------------------------------------------------------------------------------------------------

/// A row-major array of dual numbers.
#[derive(Clone)]
struct Array {
    shape: Vec<usize>,
    data: Vec<Dual64>,
}

impl Array {
    /// The element at an index into a shape this broadcasts to.
    fn at(&self, index: &[usize]) -> Dual64 {
        let index = &index[index.len() - self.shape.len()..];
        let flat = index.iter().zip(&self.shape).fold(0, |flat, (i, d)| flat * d + if *d == 1 { 0 } else { *i });
        self.data[flat]
    }

    fn build(shape: &[usize], f: impl Fn(&[usize]) -> Dual64) -> Array {
        Array { shape: shape.to_vec(), data: indices(shape).iter().map(|index| f(index)).collect() }
    }

    fn map(&self, f: impl Fn(Dual64) -> Dual64) -> Array {
        Array { shape: self.shape.clone(), data: self.data.iter().map(|x| f(*x)).collect() }
    }

    /// `f` of the elements along `axes`, for each index of the other axes.
    fn reduce(&self, axes: &[usize], shape: &[usize], f: impl Fn(&[Dual64]) -> Dual64) -> Array {
        Array::build(shape, |kept| {
            let matches = |index: &&Vec<usize>| {
                let rest: Vec<usize> = (0..index.len()).filter(|i| !axes.contains(i)).map(|i| index[i]).collect();
                rest == kept
            };
            f(&indices(&self.shape).iter().filter(matches).map(|index| self.at(index)).collect::<Vec<_>>())
        })
    }

    /// The elements along `axis` through `index`.
    fn lane(&self, axis: usize, index: &[usize]) -> Vec<Dual64> {
        let at = |i: usize| {
            let mut index = index.to_vec();
            index[axis] = i;
            self.at(&index)
        };
        (0..self.shape[axis]).map(at).collect()
    }
}

fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![Vec::new()], |all, length| {
        all.iter().flat_map(|head| (0..*length).map(move |i| head.iter().copied().chain([i]).collect())).collect()
    })
}

fn total(x: &[Dual64]) -> Dual64 {
    x.iter().copied().fold(Dual64::from(0.0), |a, b| a + b)
}

/// The larger one; the mean of two that tie.
fn larger(a: Dual64, b: Dual64) -> Dual64 {
    if a.re == b.re {
        (a + b) * 0.5
    } else if a.re > b.re {
        a
    } else {
        b
    }
}

fn largest(x: &[Dual64]) -> Dual64 {
    let top = x.iter().map(|x| x.re).fold(f64::NEG_INFINITY, f64::max);
    let ties: Vec<Dual64> = x.iter().copied().filter(|x| x.re == top).collect();
    total(&ties) / ties.len() as f64
}

fn log_sum_exp(x: &[Dual64]) -> Dual64 {
    let top = x.iter().map(|x| x.re).fold(f64::NEG_INFINITY, f64::max);
    total(&x.iter().map(|x| (*x - top).exp()).collect::<Vec<_>>()).ln() + top
}

fn oracle(recipe: &Recipe, directions: &[ArrayD<f64>]) -> Dual64 {
    let dual = |(x, dx): (&ArrayD<f64>, &ArrayD<f64>)| Array {
        shape: x.shape().to_vec(),
        data: x.iter().zip(dx).map(|(x, dx)| Dual64::new(*x, *dx)).collect(),
    };
    let mut values: Vec<Array> = recipe.inputs.iter().zip(directions).map(dual).collect();
    for line in &recipe.lines {
        let x: Vec<&Array> = line.operands.iter().map(|i| &values[*i]).collect();
        values.push(step(line, &x));
    }
    values[recipe.output()].data[0]
}

fn step(Line { op, shape, .. }: &Line, x: &[&Array]) -> Array {
    let each = |f: &dyn Fn(Dual64) -> Dual64| x[0].map(f);
    let both = |f: &dyn Fn(Dual64, Dual64) -> Dual64| Array::build(shape, |i| f(x[0].at(i), x[1].at(i)));
    match op {
        Op::Neg => each(&|x| -x),
        Op::Exp => each(&|x| x.exp()),
        Op::Log => each(&|x| x.ln()),
        Op::Sqrt => each(&|x| x.sqrt()),
        Op::Sin => each(&|x| x.sin()),
        Op::Cos => each(&|x| x.cos()),
        Op::Atan => each(&|x| x.atan()),
        Op::Tanh => each(&|x| x.tanh()),
        Op::Sigmoid => each(&|x| ((-x).exp() + 1.0).recip()),
        Op::Relu => each(&|x| if x.re >= 0.0 { x } else { x * 0.0 }),
        Op::LeakyRelu(beta) => each(&|x| if x.re >= 0.0 { x } else { x * *beta }),
        Op::Abs => each(&|x| {
            if x.re == 0.0 {
                x * 0.0
            } else if x.re > 0.0 {
                x
            } else {
                -x
            }
        }),
        Op::PowI(n) => each(&|x| x.powi(*n)),
        Op::PowF(p) => each(&|x| x.powf(*p)),
        Op::Scale(c) => each(&|x| x * *c),
        Op::Shift(c) => each(&|x| x + *c),
        Op::Add => both(&|a, b| a + b),
        Op::Sub => both(&|a, b| a - b),
        Op::Mul => both(&|a, b| a * b),
        Op::Div => both(&|a, b| a / b),
        Op::Maximum => both(&larger),
        Op::Minimum => both(&|a, b| -larger(-a, -b)),
        Op::Select => Array::build(shape, |i| if x[0].at(i).re > x[1].at(i).re { x[2].at(i) } else { x[3].at(i) }),
        Op::MatMul => Array::build(shape, |i| {
            let vectors = [0, 1].map(|operand| x[operand].shape.len() == 1);
            let (lead, matrix) = i.split_at(i.len() + vectors.iter().filter(|vector| **vector).count() - 2);
            let at = |operand: usize, place: [usize; 2], k: usize| match vectors[operand] {
                true => x[operand].at(&[k]),
                false => x[operand].at(&[lead, &place].concat()),
            };
            let (row, column) = (matrix.first().copied().unwrap_or(0), matrix.last().copied().unwrap_or(0));
            let depth = *x[0].shape.last().expect("no number");
            total(&(0..depth).map(|k| at(0, [row, k], k) * at(1, [k, column], k)).collect::<Vec<_>>())
        }),
        Op::AddBias => both(&|a, b| a + b),
        Op::Transpose => Array::build(shape, |i| x[0].at(&i.iter().rev().copied().collect::<Vec<_>>())),
        Op::Reshape(shape) => Array { shape: shape.to_vec(), data: x[0].data.clone() },
        Op::BroadcastTo(shape) => Array::build(shape, |i| x[0].at(i)),
        Op::Sum(axes) => x[0].reduce(axes, shape, total),
        Op::Mean(axes) => x[0].reduce(axes, shape, |x| total(x) / x.len() as f64),
        Op::Max(axes) => x[0].reduce(axes, shape, largest),
        Op::LogSumExp(axes) => x[0].reduce(axes, shape, log_sum_exp),
        Op::Softmax(axis) => Array::build(shape, |i| (x[0].at(i) - log_sum_exp(&x[0].lane(*axis, i))).exp()),
        Op::LogSoftmax(axis) => Array::build(shape, |i| x[0].at(i) - log_sum_exp(&x[0].lane(*axis, i))),
        Op::Concat(axis) => Array::build(shape, |i| {
            let (length, mut index) = (x[0].shape[*axis], i.to_vec());
            let part = usize::from(index[*axis] >= length);
            index[*axis] -= part * length;
            x[part].at(&index)
        }),
        Op::Slice(axis, start, _) => Array::build(shape, |i| {
            let mut index = i.to_vec();
            index[*axis] += start;
            x[0].at(&index)
        }),
        Op::Pad(axis, before, _) => Array::build(shape, |i| {
            let mut index = i.to_vec();
            match index[*axis].checked_sub(*before).filter(|i| *i < x[0].shape[*axis]) {
                Some(inside) => {
                    index[*axis] = inside;
                    x[0].at(&index)
                }
                None => Dual64::from(0.0),
            }
        }),
        Op::SliceStep(axis, start, _, step) => Array::build(shape, |i| {
            let mut index = i.to_vec();
            index[*axis] = start + index[*axis] * step;
            x[0].at(&index)
        }),
        Op::Flip(axis) => Array::build(shape, |i| {
            let mut index = i.to_vec();
            index[*axis] = shape[*axis] - 1 - index[*axis];
            x[0].at(&index)
        }),
        Op::Roll(axis, shift) => Array::build(shape, |i| {
            let mut index = i.to_vec();
            index[*axis] = (index[*axis] as isize - shift).rem_euclid(shape[*axis] as isize) as usize;
            x[0].at(&index)
        }),
        Op::TriL(diagonal) => Array::build(shape, |i| match *i {
            [.., row, column] if column as isize - row as isize <= *diagonal => x[0].at(i),
            _ => Dual64::from(0.0),
        }),
        Op::CumSum(axis) => Array::build(shape, |i| total(&x[0].lane(*axis, i)[..=i[*axis]])),
        Op::CumProd(axis) => Array::build(shape, |i| {
            x[0].lane(*axis, i)[..=i[*axis]].iter().copied().fold(Dual64::from(1.0), |a, b| a * b)
        }),
        Op::Gather(rows) => Array::build(shape, |i| {
            let mut index = i.to_vec();
            index[0] = rows[i[0]];
            x[0].at(&index)
        }),
        Op::Pick(columns) => Array::build(shape, |i| x[0].at(&[i[0], columns[i[0]]])),
        Op::Sort(axis) => Array::build(shape, |i| {
            let mut lane = x[0].lane(*axis, i);
            lane.sort_by(|a, b| a.re.partial_cmp(&b.re).expect("numbers"));
            lane[i[*axis]]
        }),
        Op::TopK(_, axis) | Op::TakeLargest(axis) => Array::build(shape, |i| {
            let mut lane = x[0].lane(*axis, i);
            lane.sort_by(|a, b| b.re.partial_cmp(&a.re).expect("numbers"));
            lane[i[*axis]]
        }),
        Op::Conv(padding) => Array::build(shape, |i| {
            let element = |k: usize| (i[2] + k).checked_sub(*padding).filter(|at| *at < x[0].shape[2]);
            let terms = (0..x[1].shape[2]).filter_map(|k| Some(x[1].at(&[0, 0, k]) * x[0].at(&[0, 0, element(k)?])));
            total(&terms.collect::<Vec<_>>())
        }),
        Op::MaxPool(length) => Array::build(shape, |i| {
            let (axis, start) = (i.len() - 1, i[i.len() - 1]);
            let window = &x[0].lane(axis, i)[start..start + length];
            window.iter().copied().fold(window[0], |best, x| if x.re > best.re { x } else { best })
        }),
        Op::AveragePool(length) => Array::build(shape, |i| {
            let (axis, start) = (i.len() - 1, i[i.len() - 1]);
            total(&x[0].lane(axis, i)[start..start + length]) / *length as f64
        }),
    }
}
