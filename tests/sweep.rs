//! The sweep over the registry: every primitive's rules against finite differences, forward and reverse, at orders 1 and
//! 2, over its whole declared domain; its f32 against its f64; its kernel on strided operands against contiguous ones.

use autodiff::check::{Check, Reason, Verdict, operands};
use autodiff::kernels::{IndexView, Operand, View, ViewMut};
use autodiff::primitive::{Dice, Domain, Kind, PrimitiveRef, Signature};
use autodiff::{ErrorKind, Input, Program, Real, Registry, Shape, Tape};
use ndarray::{ArrayD, Axis, IxDyn};

const CASES: usize = 256;

/// Operations without a derivative, and whether they say so (refused) or cut it off on purpose.
const WITHOUT: [(&str, bool); 6] = [
    ("greater", true),
    ("greater_equal", true),
    ("equal", true),
    ("sign", true),
    ("stop_gradient", false),
    ("uniform", false),
];

fn standard<F: Real>() -> Vec<PrimitiveRef<F>> {
    Registry::standard().examples().cloned().collect()
}

/// One application of a primitive as a program; operands are inputs.
fn application<F: Real>(primitive: &PrimitiveRef<F>, inputs: &[Input<F>]) -> autodiff::Result<Program<F>> {
    let tape = Tape::symbolic();
    let place = |input: &Input<F>| match input {
        Input::Real(x) => tape.placeholder(Kind::Real, x.shape()),
        Input::Index(i) => tape.placeholder(Kind::Index, i.shape()),
        Input::Key(_) => tape.placeholder(Kind::Key, Shape::scalar()),
    };
    let args: Vec<_> = inputs.iter().map(place).collect();
    tape.program(&[tape.record(primitive.clone(), &args)])
}

/// `cases` random applications of a primitive.
fn cases<F: Real>(
    primitive: &PrimitiveRef<F>,
    count: usize,
    narrow: impl Fn(Domain) -> Domain,
) -> Vec<(PrimitiveRef<F>, Vec<Input<F>>)> {
    let mut dice = Dice::new(7);
    (0..count)
        .map(|_| {
            let sample = primitive.sample(&mut dice);
            let inputs = operands(&sample, &mut dice, &narrow);
            (sample.primitive.unwrap_or_else(|| primitive.clone()), inputs)
        })
        .collect()
}

/// Reverse and forward, order 1 and 2, in f64: |a − n| ≤ 1e-8·(|a| + |n|) + 1e-12·scale, at most 1 % unchecked.
#[test]
fn every_primitive_agrees_with_finite_differences() {
    let mut wrong = Vec::new();
    for primitive in standard::<f64>() {
        let name = primitive.name();
        let check = Check::new().directions(0).elements(8);
        let report = check.primitive(primitive.clone(), CASES).unwrap_or_else(|error| panic!("{name}: {error}"));
        println!("{name:14} {:6} agree, {:4} unchecked", report.passed(), report.unchecked().len());
        if let Some((_, refused)) = WITHOUT.iter().find(|(without, _)| *without == name) {
            let reasons_fit = report.unchecked().iter().all(|unchecked| match &unchecked.reason {
                Reason::Refused(why) => why.contains("cut off") != *refused,
                Reason::Nothing => name == "uniform",
                _ => false,
            });
            if !reasons_fit || report.passed() > 0 || !report.failures().is_empty() {
                wrong.push(format!("{name} should have no derivative:\n{report}"));
            }
            continue;
        }
        if report.verdict() != Verdict::Pass || report.unchecked_share() > 0.01 {
            wrong.push(format!("{name}: {report}"));
        }
        // Both orders of each case give two comparisons at the least: fewer were never made.
        if report.passed() < 4 * CASES {
            wrong.push(format!("{name}: only {} comparisons", report.passed()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The single precision of each kernel and reverse rule against the double precision on the same operands.
#[test]
fn single_precision_follows_double_precision() {
    let registry = Registry::<f64>::standard();
    let mut wrong = Vec::new();
    for primitive in standard::<f32>().into_iter().filter(|primitive| primitive.name() != "uniform") {
        let name = primitive.name();
        let (mut compared, mut skipped) = (0usize, 0usize);
        for (primitive, inputs) in cases(&primitive, CASES, Domain::single) {
            let program = application(&primitive, &inputs).expect("samples fit");
            let is_real = |i: &usize| matches!(inputs[*i], Input::Real(_));
            let reals: Vec<usize> = (0..inputs.len()).filter(is_real).collect();
            let mut programs = vec![(program.clone(), inputs.clone(), 0.0)];
            if let Ok(reverse) = program.vjp(&reals) {
                let mut dice = Dice::new(3);
                let shape = program.outputs().next().expect("one output").clone();
                let zeta = ArrayD::from_shape_simple_fn(IxDyn(&shape), || f32::of(dice.uniform(0.5, 1.5)));
                // These rules subtract numbers of the size of the cotangent, and of y ≤ 1, from each other.
                let cancels = ["tanh", "sigmoid", "softmax", "log_softmax"].contains(&name);
                let seeded = inputs.iter().cloned().chain([Input::Real(zeta)]).collect();
                programs.push((reverse, seeded, if cancels { 8.0 } else { 0.0 }));
            }
            for (program, inputs, size) in programs {
                let wide: Vec<Input<f64>> = inputs.iter().map(widened).collect();
                let in_double = program.cast::<f64>(&registry).expect("registered");
                let double = in_double.run(&wide).expect("runs");
                let single = program.run(&inputs).expect("runs");
                let noise = noise(&in_double, &wide, &double);
                let pairs = single.iter().flatten().zip(double.iter().flatten()).zip(&noise);
                for ((single, double), noise) in pairs {
                    let single = f64::from(*single);
                    // What f32 cannot hold is not compared.
                    if !double.is_finite() || double.abs() > 1e37 || (*double != 0.0 && double.abs() < 1e-36) {
                        skipped += 1;
                        continue;
                    }
                    compared += 1;
                    let tolerance = f64::from(f32::EPSILON) * (16.0 * double.abs() + size) + 4.0 * noise;
                    if (single - double).abs() > tolerance {
                        wrong.push(format!("{primitive:?} {inputs:?}: f32 {single:e}, f64 {double:e}"));
                    }
                }
            }
        }
        println!("{name:14} {compared} compared, {skipped} out of range");
        assert!(compared > skipped, "{name}: {compared} compared, {skipped} out of range");
    }
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n"));
}

fn widened(input: &Input<f32>) -> Input<f64> {
    match input {
        Input::Real(x) => Input::Real(x.mapv(f64::from)),
        Input::Index(i) => Input::Index(i.clone()),
        Input::Key(key) => Input::Key(*key),
    }
}

/// How much each result moves when the operands move by the precision of f32: what no f32 computation can avoid.
fn noise(program: &Program<f64>, inputs: &[Input<f64>], results: &[ArrayD<f64>]) -> Vec<f64> {
    let mut dice = Dice::new(11);
    let mut noise = vec![0.0f64; results.iter().map(ArrayD::len).sum()];
    for _ in 0..4 {
        let mut moved = inputs.to_vec();
        for input in &mut moved {
            if let Input::Real(x) = input {
                let epsilon = f64::from(f32::EPSILON);
                x.mapv_inplace(|x| x * if dice.flip() { 1.0 + epsilon } else { 1.0 - epsilon });
            }
        }
        let moved = program.run(&moved).expect("runs");
        let pairs = moved.iter().flatten().zip(results.iter().flatten());
        noise.iter_mut().zip(pairs).for_each(|(noise, (a, b))| *noise = noise.max((a - b).abs()));
    }
    noise
}

/// How an operand lies in memory.
#[derive(Clone, Copy, Debug)]
enum Lie {
    /// The axes in the opposite order.
    Transposed,
    /// Every second element of every axis.
    Sliced,
    /// One row repeated along the first axis, with stride 0.
    Repeated,
}

/// The array with equal rows along its first axis: what stride 0 can show.
fn repeated(x: &ArrayD<f64>) -> ArrayD<f64> {
    if x.ndim() == 0 || x.shape()[0] == 0 {
        return x.clone();
    }
    x.index_axis(Axis(0), 0).broadcast(x.raw_dim()).expect("a row fits").to_owned()
}

/// A buffer and strides that show `x`.
fn laid(x: &ArrayD<f64>, lie: Lie) -> (Vec<f64>, Vec<usize>) {
    let gap = match lie {
        Lie::Sliced => 2,
        _ => 1,
    };
    let mut strides = vec![0; x.ndim()];
    let mut step = 1;
    let order: Vec<usize> = match lie {
        Lie::Transposed => (0..x.ndim()).collect(),
        _ => (0..x.ndim()).rev().collect(),
    };
    for axis in order {
        strides[axis] = step * gap;
        step *= x.shape()[axis] * gap;
    }
    if matches!(lie, Lie::Repeated) && x.ndim() > 0 {
        strides[0] = 0;
    }
    // What lies between the elements must not be read: a NaN would show.
    let mut buffer = vec![f64::NAN; step.max(1)];
    for (index, value) in x.indexed_iter() {
        let offset: usize = ndarray::Dimension::slice(&index).iter().zip(&strides).map(|(i, s)| i * s).sum();
        buffer[offset] = *value;
    }
    (buffer, strides)
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
}

/// Kernels give the same bits whatever the strides of their operands.
#[test]
fn kernels_do_not_depend_on_strides() {
    for primitive in standard::<f64>() {
        for (primitive, inputs) in cases(&primitive, CASES, |domain| domain) {
            for lie in [Lie::Transposed, Lie::Sliced, Lie::Repeated] {
                let inputs: Vec<Input<f64>> = inputs
                    .iter()
                    .map(|input| match (input, lie) {
                        (Input::Real(x), Lie::Repeated) => Input::Real(repeated(x)),
                        _ => input.clone(),
                    })
                    .collect();
                let shapes: Vec<Shape> = inputs
                    .iter()
                    .map(|input| match input {
                        Input::Real(x) => x.shape().into(),
                        Input::Index(i) => i.shape().into(),
                        Input::Key(_) => Shape::scalar(),
                    })
                    .collect();
                let (mut flat, mut strided) = (Vec::new(), Vec::new());
                for input in &inputs {
                    match input {
                        Input::Real(x) => {
                            flat.push((x.iter().copied().collect::<Vec<_>>(), Vec::new()));
                            strided.push(laid(x, lie));
                        }
                        _ => {
                            flat.push(Default::default());
                            strided.push(Default::default());
                        }
                    }
                }
                let indices: Vec<Vec<usize>> = inputs
                    .iter()
                    .map(|input| match input {
                        Input::Index(i) => i.iter().copied().collect(),
                        _ => Vec::new(),
                    })
                    .collect();
                let run = |buffers: &[(Vec<f64>, Vec<usize>)], contiguous: bool| {
                    let operands: Vec<Operand<'_, f64>> = (0..inputs.len())
                        .map(|i| match &inputs[i] {
                            Input::Real(_) if contiguous => {
                                Operand::Real(View::contiguous(&buffers[i].0, &shapes[i]).expect("fits"))
                            }
                            Input::Real(_) => {
                                Operand::Real(View::strided(&buffers[i].0, &shapes[i], &buffers[i].1).expect("fits"))
                            }
                            Input::Index(_) => Operand::Index(IndexView::contiguous(&indices[i], &shapes[i]).unwrap()),
                            Input::Key(key) => Operand::Key(*key),
                        })
                        .collect();
                    let shape = primitive.shape(&shapes.iter().collect::<Vec<_>>()).expect("samples fit");
                    let mut output = vec![f64::NAN; shape.size()];
                    let view = ViewMut::new(&mut output, &shape).expect("fits");
                    primitive.evaluate(&operands, view).expect("samples are accepted");
                    output
                };
                let (expected, found) = (run(&flat, true), run(&strided, false));
                assert!(same_bits(&expected, &found), "{primitive:?} {lie:?} {inputs:?}: {expected:?}, {found:?}");
            }
        }
    }
}

/// The same through the tape: operands that are views of other nodes give the same bits, value and cotangents.
#[test]
fn views_of_nodes_give_the_same_bits() {
    for primitive in standard::<f64>() {
        for (primitive, inputs) in cases(&primitive, 64, |domain| domain) {
            let tape = Tape::new();
            let (mut direct, mut viewed, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
            for input in &inputs {
                match input {
                    Input::Real(x) => {
                        let leaf = tape.input(x);
                        // Transposed back from a transposed copy, and cut out of a wider array where there is an axis.
                        let other = tape.input(x.view().reversed_axes().as_standard_layout().into_owned());
                        let mut view = other.transpose_all(x.ndim());
                        if x.ndim() > 0 {
                            let wide = view.pad(0, 1, 2);
                            view = wide.slice(0, 1..1 + x.shape()[0]);
                        }
                        leaves.push((leaf, other));
                        direct.push(leaf.into());
                        viewed.push(view.into());
                    }
                    Input::Index(i) => {
                        let index = tape.index(i.clone());
                        direct.push(index.into());
                        viewed.push(index.into());
                    }
                    Input::Key(key) => {
                        let key = tape.key(*key);
                        direct.push(key.into());
                        viewed.push(key.into());
                    }
                }
            }
            let (a, b) = (tape.record(primitive.clone(), &direct), tape.record(primitive.clone(), &viewed));
            let flat = |x: ArrayD<f64>| x.iter().copied().collect::<Vec<f64>>();
            let (value, other) = (flat(a.value().expect("runs")), flat(b.value().expect("runs")));
            assert!(same_bits(&value, &other), "{primitive:?}: {value:?}, {other:?}");
            let mut dice = Dice::new(5);
            let shape = a.shape().expect("no error");
            let seed = ArrayD::from_shape_simple_fn(IxDyn(&shape), || dice.uniform(-1.0, 1.0));
            let (Ok(a), Ok(b)) = (a.backward_from(&seed), b.backward_from(&seed)) else { continue };
            for (leaf, other) in leaves {
                match (a.get(leaf), b.get(other)) {
                    (Ok(a), Ok(b)) => {
                        let (a, b) = (flat(a.to_owned()), flat(b.reversed_axes().to_owned()));
                        assert!(same_bits(&a, &b), "{primitive:?}: cotangents {a:?}, {b:?}");
                    }
                    (Err(a), Err(b)) => assert_eq!(a.kind(), b.kind(), "{primitive:?}"),
                    (a, b) => panic!("{primitive:?}: {a:?}, {b:?}"),
                }
            }
        }
    }
}

trait TransposeAll {
    fn transpose_all(self, rank: usize) -> Self;
}

impl TransposeAll for autodiff::Var<'_, f64> {
    fn transpose_all(self, rank: usize) -> Self {
        self.permute((0..rank).rev().collect::<Vec<_>>())
    }
}

/// A primitive says what it is: a formula, samples that fit its own shape rule, and an answer of both rules for every
/// operand. One that does not is named.
#[test]
fn every_primitive_is_complete() {
    for primitive in standard::<f64>() {
        let name = primitive.name();
        assert!(primitive.formula().contains('y'), "{name}: the formula should say what y is");
        for (primitive, inputs) in cases(&primitive, CASES, |domain| domain) {
            let program = application(&primitive, &inputs).unwrap_or_else(|error| panic!("{name}: {error}"));
            if let Signature::Fixed(operands) = primitive.signature() {
                assert_eq!(operands.len(), inputs.len(), "{name}");
            }
            let results = program.run(&inputs).unwrap_or_else(|error| panic!("{name}: {error}"));
            let finite = results.iter().flatten().all(|y| y.is_finite());
            assert!(finite, "{primitive:?}: the samples leave the domain: {inputs:?}");
            let again = Registry::<f64>::standard().make(name, &primitive.attributes()).expect("registered");
            assert!(again == primitive, "{name}: its attributes do not make it again");
            for i in (0..inputs.len()).filter(|i| matches!(inputs[*i], Input::Real(_))) {
                for derivative in [program.vjp(&[i]), program.jvp(&[i])] {
                    let refused = WITHOUT.iter().any(|(without, _)| *without == name);
                    match derivative {
                        Ok(_) => {}
                        Err(error) => {
                            let kinds = [ErrorKind::NotDifferentiable, ErrorKind::NoGradient];
                            assert!(refused && kinds.contains(&error.kind()), "{name}: {error}");
                        }
                    }
                }
            }
        }
    }
}
