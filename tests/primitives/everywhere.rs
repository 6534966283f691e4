//! Every registered primitive, its reverse and its tangent rule give the same bits evaluated as they are recorded, run as a
//! program, simplified, planned, and read back from the program's text.

use crate::sweep::{cases, standard, types};
use autodiff::primitive::{Generator, Kind, PrimitiveRef};
use autodiff::{Arg, Input, Program, Registry, Tape, Var};
use ndarray::{ArrayD, IxDyn};

const CASES: usize = 24;

/// What can be asked about the elements of a result.
fn reals<'t>(y: Arg<'t, f64>) -> Var<'t, f64> {
    match y {
        Arg::Real(y) => y,
        Arg::Index(y) => y.to_real(),
        Arg::Key(y) => y.uniform([2], 0),
    }
}

/// The primitive applied to the inputs: all results, and, where they have one, the derivatives, with the seeds of both modes.
/// The values are those that were recorded.
fn recorded(primitive: &PrimitiveRef<f64>, inputs: &[Input<f64>]) -> (Program<f64>, Vec<Input<f64>>, Vec<ArrayD<f64>>) {
    let tape = Tape::new();
    let mut generator = Generator::new(3);
    let mut seed = |shape: &[usize]| ArrayD::from_shape_simple_fn(IxDyn(shape), || generator.uniform(0.5, 1.5));
    let args: Vec<Arg<'_, f64>> = inputs
        .iter()
        .map(|input| match input {
            Input::Real(x) => tape.input(x).into(),
            Input::Index(i) => tape.index(i.clone()).into(),
            Input::Key(key) => tape.key(*key).into(),
        })
        .collect();
    let xs: Vec<Var<'_, f64>> =
        args.iter().filter_map(|x| if let Arg::Real(x) = x { Some(*x) } else { None }).collect();
    let directions: Vec<_> = xs.iter().map(|x| (*x, tape.data(seed(&x.shape().unwrap())))).collect();
    let kinds: Vec<Kind> = primitive.results(&types(inputs)).unwrap().iter().map(|y| y.kind).collect();
    let results = tape.record_list(primitive.clone(), &args, &kinds);
    let mut outputs: Vec<Var<'_, f64>> = results.iter().map(|y| reals(*y)).collect();
    let mut given = inputs.to_vec();
    given.extend(directions.iter().map(|(_, dx)| Input::Real(dx.value().unwrap())));
    for y in results.iter().filter_map(|y| if let Arg::Real(y) = y { Some(*y) } else { None }) {
        let dy = seed(&y.shape().unwrap());
        if let Ok(cotangents) = y.pullback(tape.data(&dy), &xs) {
            outputs.extend(cotangents);
        }
        given.push(Input::Real(dy));
        outputs.extend(y.pushforward(&directions));
    }
    let values = outputs.iter().map(|y| y.value().unwrap()).collect();
    (tape.program(&outputs).unwrap(), given, values)
}

fn same(a: &[ArrayD<f64>], b: &[ArrayD<f64>]) -> bool {
    let bits = |a: &f64, b: &f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    let arrays =
        |(a, b): (&ArrayD<f64>, &ArrayD<f64>)| a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| bits(a, b));
    a.len() == b.len() && a.iter().zip(b).all(arrays)
}

#[test]
fn every_primitive_gives_the_same_bits_everywhere() {
    let registry = Registry::standard();
    for entry in standard::<f64>() {
        for (primitive, inputs) in cases(&entry, CASES, |domain| domain) {
            let (program, given, expected) = recorded(&primitive, &inputs);
            let text = program.to_text();
            let read = Program::parse(&text, &registry).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(read.to_text(), text, "written, read and written again");
            let mut plans = [program.planner(), program.planner().in_small(3).threads(2), read.planner()]
                .map(|planner| planner.plan().unwrap_or_else(|error| panic!("{error}\n{program}")));
            let [plan, small, of_text] = plans.each_mut().map(|plan| plan.run(&given));
            for (way, found) in [
                ("run", program.run(&given)),
                ("run when simplified", program.simplified().run(&given)),
                ("run when read from its text", read.run(&given)),
                ("planned", plan),
                ("planned in small blocks", small),
                ("planned when read from its text", of_text),
            ] {
                let found = found.unwrap_or_else(|error| panic!("{way}: {error}\n{program}"));
                assert!(same(&found, &expected), "{way}: {found:?} is not {expected:?}\n{program}");
            }
        }
    }
}
