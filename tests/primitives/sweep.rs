//! The sweep over the registry: every primitive's rules against finite differences, forward and reverse, at orders 1 and
//! 2, over its whole declared domain; its f32 against its f64; its kernel on strided operands against contiguous ones.

use autodiff::check::{Check, Reason, Unchecked, operands};
use autodiff::kernels::{Operand, View, ViewMut};
use autodiff::primitive::{Domain, Entry, Generator, Kind, Output, PrimitiveRef, Sample, Signature, Type};
use autodiff::{Arg, ErrorKind, Input, Program, Real, Registry, Shape, Tape};
use ndarray::{ArrayD, Axis, IxDyn};

/// Samples of each primitive in the comparisons that take seconds, and in those with differences, which take minutes unless
/// they have fewer (`LONG=1 cargo test --test primitives sweep::` takes as many).
const CASES: usize = 256;
const CASES_OF_DIFFERENCES: usize = 24;

/// Operations without a derivative, and whether they say so (refused) or cut it off on purpose.
const WITHOUT: [(&str, bool); 5] =
    [("greater", true), ("greater_equal", true), ("equal", true), ("sign", true), ("stop_gradient", false)];

/// The primitives of the registry; with `PRIMITIVE=name` in the environment that one alone, for whoever writes it.
pub fn standard<F: Real>() -> Vec<Entry<F>> {
    let Ok(only) = std::env::var("PRIMITIVE") else { return Registry::standard().entries().cloned().collect() };
    let entry = Registry::standard().entries().find(|entry| entry.example().name() == only).cloned();
    vec![entry.unwrap_or_else(|| panic!("PRIMITIVE={only}: the registry has no primitive of this name"))]
}

fn sample<F: Real>(entry: &Entry<F>, generator: &mut Generator) -> Sample<F> {
    entry.sample(generator).unwrap_or_else(|| panic!("{}: its entry lacks `sampled`", entry.example().name()))
}

/// Whether an operand and a result are arrays of reals: elsewhere there is no derivative to speak of.
fn maps_reals_to_reals<F: Real>(entry: &Entry<F>) -> bool {
    let sample = sample(entry, &mut Generator::new(7));
    let operands: Vec<Type> = sample.operands.iter().map(|operand| operand.typed()).collect();
    let results = sample.primitive.results(&operands).expect("samples fit");
    operands.iter().any(|x| x.kind == Kind::Real) && results.iter().any(|y| y.kind == Kind::Real)
}

pub fn types<F: Real>(inputs: &[Input<F>]) -> Vec<Type> {
    let typed = |input: &Input<F>| match input {
        Input::Real(x) => Type::real(x.shape()),
        Input::Index(i) => Type::index(i.shape()),
        Input::Key(_) => Type::key(),
    };
    inputs.iter().map(typed).collect()
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
    let kinds: Vec<Kind> = primitive.results(&types(inputs)).expect("samples fit").iter().map(|y| y.kind).collect();
    let results = tape.record_list(primitive.clone(), &args, &kinds);
    // What is compared are the arrays of reals.
    tape.program(&results.into_iter().filter(|y| y.kind() == Kind::Real).collect::<Vec<_>>())
}

/// `cases` random applications of a primitive.
pub fn cases<F: Real>(
    entry: &Entry<F>,
    count: usize,
    narrow: impl Fn(Domain) -> Domain,
) -> Vec<(PrimitiveRef<F>, Vec<Input<F>>)> {
    let mut generator = Generator::new(7);
    (0..count)
        .map(|_| {
            let sample = sample(entry, &mut generator);
            let inputs = operands(&sample, &mut generator, &narrow);
            (sample.primitive, inputs)
        })
        .collect()
}

/// Reverse and forward, order 1 and 2, in f64: |a − n| ≤ 1e-8·(|a| + |n|). At most 1 % is unchecked where there are kinks and
/// the like, and of the rest up to half agrees only to the digits that differences resolve: domains reach to where functions
/// are saturated, and derivatives drown in the rounding of their function.
fn finite_differences(part: usize) {
    let cases = if std::env::var_os("LONG").is_some() { CASES } else { CASES_OF_DIFFERENCES };
    let mut wrong = Vec::new();
    for entry in standard::<f64>().into_iter().filter(maps_reals_to_reals).skip(part).step_by(2) {
        let name = entry.example().name();
        let check = Check::new().directions(0).elements(8);
        let report = check.primitive(&entry, cases).unwrap_or_else(|error| panic!("{name}: {error}"));
        println!("{name:14} {:6} agree, {:4} unchecked", report.passed(), report.unchecked().len());
        if let Some((_, refused)) = WITHOUT.iter().find(|(without, _)| *without == name) {
            let reasons_fit = report.unchecked().iter().all(|unchecked| match &unchecked.reason {
                Reason::Refused(why) => why.contains("cut off") != *refused,
                _ => false,
            });
            if !reasons_fit || report.passed() > 0 || !report.failures().is_empty() {
                wrong.push(format!("{name} should have no derivative:\n{report}"));
            }
            continue;
        }
        let drowned = |unchecked: &&Unchecked| matches!(unchecked.reason, Reason::Digits(_));
        let (all, drowned) = (report.unchecked().len(), report.unchecked().iter().filter(drowned).count());
        let compared = report.passed() + all;
        if !report.failures().is_empty() || (all - drowned) * 100 > compared || drowned * 2 > compared {
            wrong.push(format!("{name}: {report}"));
        }
        // Both orders of each case give two comparisons at the least: fewer were never made.
        if report.passed() < 4 * cases {
            wrong.push(format!("{name}: only {} comparisons", report.passed()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_primitive_agrees_with_finite_differences() {
    finite_differences(0);
}

#[test]
fn the_other_primitives_agree_with_finite_differences() {
    finite_differences(1);
}

/// The single precision of each kernel and reverse rule against the double precision on the same operands.
#[test]
fn single_precision_follows_double_precision() {
    let registry = Registry::<f64>::standard();
    let mut wrong = Vec::new();
    for entry in standard::<f32>().into_iter().filter(|entry| entry.example().name() != "uniform") {
        let name = entry.example().name();
        let (mut compared, mut skipped) = (0usize, 0usize);
        for (primitive, inputs) in cases(&entry, CASES, Domain::single) {
            let program = application(&primitive, &inputs).expect("samples fit");
            let is_real = |i: &usize| matches!(inputs[*i], Input::Real(_));
            let reals: Vec<usize> = (0..inputs.len()).filter(is_real).collect();
            let mut programs = vec![("value", program.clone(), inputs.clone(), 0.0)];
            if let Ok(reverse) = program.vjp(&reals) {
                let mut generator = Generator::new(3);
                let zetas: Vec<Input<f32>> = program
                    .outputs()
                    .map(|(_, shape)| {
                        ArrayD::from_shape_simple_fn(IxDyn(shape), || f32::of(generator.uniform(0.5, 1.5)))
                    })
                    .map(Input::Real)
                    .collect();
                // These rules subtract numbers of the size of the cotangent, and of y ≤ 1, from each other.
                let cancels = ["tanh", "sigmoid", "softmax", "log_softmax"].contains(&name);
                let seeded = inputs.iter().cloned().chain(zetas).collect();
                programs.push(("cotangent", reverse, seeded, if cancels { 8.0 } else { 0.0 }));
            }
            for (what, program, inputs, size) in programs {
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
                        let apart = (single - double).abs();
                        wrong.push(format!(
                            "{}({}): a {what} is {single:e} in f32 and {double:e} in f64, {apart:.1e} apart, allowed \
                             {tolerance:.1e}; operands{}",
                            name,
                            primitive.attributes(),
                            flat(&inputs)
                        ));
                    }
                }
            }
        }
        println!("{name:14} {compared} compared, {skipped} out of range");
        assert!(compared > skipped || compared + skipped == 0, "{name}: {compared} compared, {skipped} out of range");
    }
    let shown = wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(
        wrong.is_empty(),
        "{} numbers of single precision are off. A rule or kernel that subtracts nearly equal numbers (1 − y where y is \
         near 1) loses digits: write it in another way, or narrow the domain of its samples. The first:\n{shown}",
        wrong.len()
    );
}

/// The operands' elements, in order.
fn flat(inputs: &[Input<f32>]) -> String {
    let elements = |input: &Input<f32>| match input {
        Input::Real(x) => format!(" {:?}", x.iter().collect::<Vec<_>>()),
        Input::Index(i) => format!(" {:?}", i.iter().collect::<Vec<_>>()),
        Input::Key(key) => format!(" key {key}"),
    };
    inputs.iter().map(elements).collect()
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
    let mut generator = Generator::new(11);
    let mut noise = vec![0.0f64; results.iter().map(ArrayD::len).sum()];
    for _ in 0..4 {
        let mut moved = inputs.to_vec();
        for input in &mut moved {
            if let Input::Real(x) = input {
                let epsilon = f64::from(f32::EPSILON);
                x.mapv_inplace(|x| x * if generator.flip() { 1.0 + epsilon } else { 1.0 - epsilon });
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
    for entry in standard::<f64>() {
        for (primitive, inputs) in cases(&entry, CASES, |domain| domain) {
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
                let evaluated = |buffers: &[(Vec<f64>, Vec<usize>)], contiguous: bool| {
                    let operands: Vec<Operand<'_, f64>> = (0..inputs.len())
                        .map(|i| match &inputs[i] {
                            Input::Real(_) if contiguous => {
                                Operand::Real(View::contiguous(&buffers[i].0, &shapes[i]).expect("fits"))
                            }
                            Input::Real(_) => {
                                Operand::Real(View::strided(&buffers[i].0, &shapes[i], &buffers[i].1).expect("fits"))
                            }
                            Input::Index(_) => Operand::Index(View::contiguous(&indices[i], &shapes[i]).expect("fits")),
                            Input::Key(key) => Operand::Key(*key),
                        })
                        .collect();
                    run(&primitive, &operands, &types(&inputs))
                };
                let (expected, found) = (evaluated(&flat, true), evaluated(&strided, false));
                assert!(same_bits(&expected, &found), "{primitive:?} {lie:?} {inputs:?}: {expected:?}, {found:?}");
            }
        }
    }
}

/// The results of a primitive, as numbers, one after the other.
fn run(primitive: &PrimitiveRef<f64>, operands: &[Operand<'_, f64>], inputs: &[Type]) -> Vec<f64> {
    let results = primitive.results(inputs).expect("samples fit");
    let mut reals: Vec<Vec<f64>> = results.iter().map(|y| vec![f64::NAN; y.shape.size()]).collect();
    let mut indices: Vec<Vec<usize>> = results.iter().map(|y| vec![usize::MAX; y.shape.size()]).collect();
    let mut keys = vec![0; results.len()];
    {
        let memory = reals.iter_mut().zip(&mut indices).zip(&mut keys);
        let mut outputs: Vec<Output<'_, f64>> = memory
            .zip(&results)
            .map(|(((reals, indices), key), y)| match y.kind {
                Kind::Real => Output::Real(ViewMut::new(reals, &y.shape).expect("fits")),
                Kind::Index => Output::Index(ViewMut::new(indices, &y.shape).expect("fits")),
                Kind::Key => Output::Key(key),
            })
            .collect();
        primitive.run(operands, &mut outputs).expect("samples are accepted");
    }
    let mut numbers = Vec::new();
    for (((reals, indices), key), y) in reals.into_iter().zip(indices).zip(keys).zip(&results) {
        match y.kind {
            Kind::Real => numbers.extend(reals),
            Kind::Index => numbers.extend(indices.into_iter().map(|i| i as f64)),
            Kind::Key => numbers.push(key as f64),
        }
    }
    numbers
}

/// The same through the tape: operands that are views of other nodes give the same bits, value and cotangents.
#[test]
fn views_of_nodes_give_the_same_bits() {
    for entry in standard::<f64>() {
        for (primitive, inputs) in cases(&entry, 64, |domain| domain) {
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
            let kinds: Vec<Kind> = primitive.results(&types(&inputs)).expect("fits").iter().map(|y| y.kind).collect();
            let first = |args: &Vec<_>| tape.record_list(primitive.clone(), args, &kinds)[0];
            let (Arg::Real(a), Arg::Real(b)) = (first(&direct), first(&viewed)) else { continue };
            let flat = |x: ArrayD<f64>| x.iter().copied().collect::<Vec<f64>>();
            let (value, other) = (flat(a.value().expect("runs")), flat(b.value().expect("runs")));
            assert!(same_bits(&value, &other), "{primitive:?}: {value:?}, {other:?}");
            let mut generator = Generator::new(5);
            let shape = a.shape().expect("no error");
            let seed = ArrayD::from_shape_simple_fn(IxDyn(&shape), || generator.uniform(-1.0, 1.0));
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
    for entry in standard::<f64>() {
        let name = entry.example().name();
        assert!(entry.example().formula().contains('y'), "{name}: the formula should say what y is");
        for (primitive, inputs) in cases(&entry, CASES, |domain| domain) {
            let program = application(&primitive, &inputs).unwrap_or_else(|error| panic!("{name}: {error}"));
            if let Signature::Fixed(operands) = primitive.signature() {
                assert_eq!(operands.len(), inputs.len(), "{name}");
            }
            let results = program.run(&inputs).unwrap_or_else(|error| panic!("{name}: {error}"));
            let finite = results.iter().flatten().all(|y| y.is_finite());
            assert!(finite, "{primitive:?}: the samples leave the domain: {inputs:?}");
            let bodies = primitive.bodies();
            let again = Registry::<f64>::standard().make(name, &primitive.attributes(), bodies).expect("registered");
            assert!(again == primitive, "{name}: its attributes do not make it again");
            for i in (0..inputs.len()).filter(|i| matches!(inputs[*i], Input::Real(_))) {
                for derivative in [program.vjp(&[i]), program.jvp(&[i])] {
                    let refused = WITHOUT.iter().any(|(without, _)| *without == name);
                    match derivative {
                        Ok(_) => {}
                        Err(error) => {
                            let kinds = [ErrorKind::NotDifferentiable, ErrorKind::NoGradient];
                            let refused = refused || !maps_reals_to_reals(&entry);
                            assert!(refused && kinds.contains(&error.kind()), "{name}: {error}");
                        }
                    }
                }
            }
        }
    }
}
