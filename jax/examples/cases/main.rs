//! Writes programs as modules for JAX, with inputs and the engine's results: what `jax/python/check.py` compares. The
//! arguments are a folder, the number of samples of each primitive, and the number of random programs.

mod archive;
#[path = "../../../tests/primitives/table.rs"]
mod table;
mod training;

use archive::{Case, Result};
use autodiff::check::{operands, strategy};
use autodiff::primitive::{Domain, Entry, Generator, Keep, Kernel, Kind, Loop, Type};
use autodiff::{Arg, Input, Program, Real, Registry, Shape, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::path::PathBuf;
use training::What;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, samples, programs) = match arguments.as_slice() {
        [folder, samples, programs] => (PathBuf::from(folder), samples, programs),
        [folder] => return training::all(&PathBuf::from(folder), What::After),
        _ => return Err("usage: cases FOLDER SAMPLES PROGRAMS, or cases FOLDER for what came back".into()),
    };
    std::fs::create_dir_all(&folder)?;
    let samples: usize = samples.parse()?;
    let mut list = String::new();
    for entry in Registry::<f64>::standard().entries() {
        list += &primitive(entry, samples, |domain| domain)?.write(&folder)?;
    }
    for entry in Registry::<f32>::standard().entries() {
        list += &primitive(entry, samples, Domain::single)?.write(&folder)?;
    }
    list += &conventions()?.write(&folder)?;
    let programs: usize = programs.parse()?;
    list += &loops()?.write(&folder)?;
    list += &recurrent()?.write(&folder)?;
    for case in random(programs)? {
        list += &case.write(&folder)?;
    }
    training::all(&folder, What::Write)?;
    std::fs::write(folder.join("cases.txt"), list)?;
    Ok(())
}

fn typed<F: Real>(input: &Input<F>) -> Type {
    match input {
        Input::Real(x) => Type::real(x.shape()),
        Input::Index(i) => Type::index(i.shape()),
        Input::Key(_) => Type::key(),
    }
}

/// A placeholder for an input.
fn place<'t, F: Real>(tape: &'t Tape<F>, input: &Input<F>) -> Arg<'t, F> {
    let Type { kind, shape } = typed(input);
    tape.placeholder(kind, shape)
}

/// Random applications of a primitive, in one program, and their gradients in another.
fn primitive<F: Real>(entry: &Entry<F>, samples: usize, narrow: impl Fn(Domain) -> Domain) -> Result<Case<F>> {
    let mut generator = Generator::new(7);
    let name = entry.example().name();
    let mut parts = Vec::new();
    let mut elementwise = true;
    for _ in 0..samples {
        let sample = entry.sample(&mut generator).ok_or("the entry lacks `sampled`")?;
        let inputs = operands(&sample, &mut generator, &narrow);
        let tape = Tape::symbolic();
        let args: Vec<Arg<'_, F>> = inputs.iter().map(|input| place(&tape, input)).collect();
        let types: Vec<Type> = inputs.iter().map(typed).collect();
        let results = sample.primitive.results(&types).map_err(|mismatch| mismatch.message)?;
        let kinds: Vec<Kind> = results.iter().map(|y| y.kind).collect();
        let shapes: Vec<&Shape> = types.iter().map(|x| &x.shape).collect();
        elementwise &= matches!(sample.primitive.kernel(&shapes), Kernel::Elementwise(_));
        let outputs = tape.record_list(sample.primitive.clone(), &args, &kinds);
        parts.push((tape.program(&outputs)?, inputs));
    }
    joined(format!("{}_{name}", F::NAME), if elementwise { "elementwise" } else { "primitive" }, parts)
}

/// Random programs, ten in a module.
fn random(count: usize) -> Result<Vec<Case<f64>>> {
    let mut runner = TestRunner::deterministic();
    let all = strategy::programs(40);
    let mut programs = Vec::new();
    for _ in 0..count {
        let recipe = all.new_tree(&mut runner).map_err(|reason| reason.to_string())?.current();
        programs.push(recipe.program::<f64>()?);
    }
    let modules = programs.chunks(10).enumerate();
    modules.map(|(number, part)| joined(format!("programs_{number}"), "programs", part.to_vec())).collect()
}

/// Loops that end by themselves, whose reverse loops make a number of steps that is given, and conditions. JAX takes no
/// derivative of the former.
fn loops() -> Result<Case<f64>> {
    let mut parts = Vec::new();
    for (most, start) in [(9, 3.0), (9, 0.5), (2, 40.0), (1, 3.0), (1, 0.5)] {
        let tape = Tape::symbolic();
        let (x, scale) = (tape.symbolic_input([3]), tape.symbolic_input([]));
        let ([last], made) = tape.while_loop(most, [x], |step, [x]| {
            let next = (x * scale).sin() + x * 0.5 + step.index().to_real();
            ([next], next.square().sum(..).gt(1.0))
        });
        let [chosen] = tape.cond(last.sum(..).gt(1.0), || [last.exp()], || [last * x]);
        let program = tape.program(&[Arg::Real(last), Arg::Index(made), Arg::Real(chosen)])?;
        let inputs = vec![Input::real([start, -0.5 * start, 0.25]), Input::real(0.7)];
        parts.push((program, inputs));
    }
    joined("loops".into(), "loops", parts)
}

/// Loops with carries that are only added to, whose sums are taken behind them: of squares, and in the reverse loops of the
/// gradients of weights, one of which is used twice in a step.
fn recurrent() -> Result<Case<f64>> {
    let mut parts = Vec::new();
    for (reversed, scale) in [(false, 0.7), (true, -0.4)] {
        let tape = Tape::symbolic();
        let (h, xs) = (tape.symbolic_input([5, 3]), tape.symbolic_input([7, 5, 3]));
        let (w, u, b) = (tape.symbolic_input([3, 3]), tape.symbolic_input([3, 3]), tape.symbolic_input([3]));
        let options = Loop { steps: 7, reversed, keep: Keep::default() };
        let args = [h.into(), tape.constant(0.0).into(), tape.constant([0.0; 5]).into()];
        let (last, rows) = tape.scan_with(options, &args, &[xs.into()], |_, carries, inputs| {
            let [Arg::Real(h), Arg::Real(squares), Arg::Real(rows)] = *carries else { return Default::default() };
            let [Arg::Real(x)] = *inputs else { return Default::default() };
            let next = ((h.matmul(w) + b).tanh().matmul(w) + x.matmul(u)).tanh();
            let squares = squares + next.square().sum(..);
            (vec![next.into(), squares.into(), (next.sum(1) + (rows + x.sum(1))).into()], vec![(next * x).into()])
        });
        let program = tape.program(&[last, rows].concat())?;
        let wave = |shape: &[usize], phase: f64| {
            let mut count = 0.0;
            Input::Real(ArrayD::from_shape_simple_fn(IxDyn(shape), || {
                count += 1.0;
                scale * (count * phase).sin()
            }))
        };
        let shapes: [&[usize]; 5] = [&[5, 3], &[7, 5, 3], &[3, 3], &[3, 3], &[3]];
        let inputs = shapes.iter().enumerate().map(|(i, shape)| wave(shape, 1.0 + 0.37 * i as f64)).collect();
        parts.push((program, inputs));
    }
    joined("recurrent".into(), "programs", parts)
}

/// Placeholders for all inputs, by whose names `check.py` knows them.
fn all<'t, F: Real>(tape: &'t Tape<F>, parts: &[(Program<F>, Vec<Input<F>>)]) -> Vec<Vec<Arg<'t, F>>> {
    let mut count = 0..;
    let mut one = |input| named(place(tape, input), format!("x{:04}", count.next().unwrap_or(0)));
    parts.iter().map(|(_, inputs)| inputs.iter().map(&mut one).collect()).collect()
}

fn named<'t, F: Real>(arg: Arg<'t, F>, name: String) -> Arg<'t, F> {
    match arg {
        Arg::Real(x) => x.named(&name).into(),
        Arg::Index(i) => i.named(&name).into(),
        Arg::Key(key) => key.named(&name).into(),
    }
}

/// Several programs as one, and the programs of their gradients as another.
fn joined<F: Real>(name: String, what: &'static str, parts: Vec<(Program<F>, Vec<Input<F>>)>) -> Result<Case<F>> {
    let (tape, reverse) = (Tape::symbolic(), Tape::symbolic());
    let (args, reverse_args) = (all(&tape, &parts), all(&reverse, &parts));
    let mut generator = Generator::new(11);
    let mut case = Case { name, what, ..Case::default() };
    let (mut outputs, mut gradients) = (Vec::new(), Vec::new());
    for (((program, inputs), args), reverse_args) in parts.iter().zip(args).zip(reverse_args) {
        let (first_input, first_output) = (case.inputs.len(), outputs.len());
        case.inputs.extend(inputs.iter().cloned());
        outputs.extend(program.record_all(&tape, &args)?);
        case.outputs.extend(program.run_all(inputs)?);
        let reals: Vec<usize> = (0..inputs.len()).filter(|i| matches!(inputs[*i], Input::Real(_))).collect();
        let real_outputs: Vec<usize> =
            program.outputs().enumerate().filter(|(_, (kind, _))| *kind == Kind::Real).map(|(i, _)| i).collect();
        if reals.is_empty() || real_outputs.is_empty() {
            continue;
        }
        // What has no derivative says so.
        let Ok(vjp) = program.returning(&real_outputs)?.vjp(&reals) else { continue };
        let mut given = inputs.clone();
        let mut given_args = reverse_args;
        for i in &real_outputs {
            let shape = program.outputs().nth(*i).map(|(_, shape)| shape.clone()).unwrap_or_default();
            let seed = ArrayD::from_shape_simple_fn(IxDyn(&shape), || F::of(generator.uniform(0.5, 1.5)));
            case.cotangents.push((first_output + i, seed.clone()));
            given.push(Input::Real(seed));
            given_args.push(named(reverse.placeholder(Kind::Real, shape), format!("z{:04}", first_output + i)));
        }
        let found = vjp.run_all(&given)?;
        gradients.extend(vjp.record_all(&reverse, &given_args)?);
        case.gradients.extend(reals.iter().map(|i| first_input + i).zip(found));
    }
    case.forward = Some(tape.program(&outputs)?);
    if !gradients.is_empty() {
        case.reverse = Some(reverse.program(&gradients)?);
    }
    Ok(case)
}

/// All rows of the table of conventions: the value and the slope of its first element.
fn conventions() -> Result<Case<f64>> {
    let tape = Tape::new();
    let mut case = Case { name: "conventions".into(), what: "conventions", ..Case::default() };
    let mut outputs: Vec<Var<'_, f64>> = Vec::new();
    let rows = table::rows();
    let operands: Vec<Vec<ArrayD<f64>>> =
        rows.iter().map(|[_, at, ..]| at.split(';').map(table::numbers).collect()).collect();
    let mut all = Vec::new();
    for operands in &operands {
        let xs: Vec<Var<'_, f64>> = operands.iter().map(|x| tape.input(x)).collect();
        case.inputs.extend(operands.iter().map(|x| Input::Real(x.clone())));
        all.push(xs);
    }
    for ([operation, at, ..], xs) in rows.iter().zip(&all) {
        let y = table::apply(operation, xs).ok_or("a row without an operation")?;
        let value = y.value()?;
        let first =
            ArrayD::from_shape_vec(value.shape(), (0..value.len()).map(|i| f64::from(u8::from(i == 0))).collect())?;
        let slopes = y.pullback(tape.constant(first), xs)?;
        outputs.push(y.named(&format!("{operation} at {at}")));
        outputs.extend(slopes.into_iter().map(|slope| slope.named(&format!("slope of {operation} at {at}"))));
    }
    let program = tape.program(&outputs)?;
    case.outputs = program.run_all(&case.inputs)?;
    case.single = Some(program.cast::<f32>(&Registry::standard())?);
    case.forward = Some(program);
    Ok(case)
}
