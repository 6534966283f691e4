//! Every way to evaluate, and random arrays with ties and edges.

use autodiff::inspect::Trace;
use autodiff::{Input, Program, Registry, Tape};
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;

/// The outputs of `program`, which are the same to the bit run, simplified, stepped through, planned with small blocks and
/// by threads, and read back from its text.
pub fn everywhere(program: &Program<f64>, inputs: &[Input<f64>]) -> Vec<Input<f64>> {
    let expected = program.run_all(inputs).unwrap();
    same(&program.simplified().run_all(inputs).unwrap(), &expected, "simplified");
    let trace = Trace::forward(program, inputs).unwrap();
    for (id, expected) in program.output_ids().iter().zip(&expected) {
        if let Input::Real(expected) = expected {
            let seen = trace.at(trace.len()).value(*id).unwrap().to_owned();
            same(&[Input::Real(seen)], &[Input::Real(expected.clone())], "stepped through");
        }
    }
    for mut plan in [
        program.plan().unwrap(),
        program.planner().in_small(2).plan().unwrap(),
        program.planner().in_small(3).threads(3).plan().unwrap(),
    ] {
        // Twice: the second run finds the memory as the first left it.
        same(&plan.run_all(inputs).unwrap(), &expected, "planned");
        same(&plan.run_all(inputs).unwrap(), &expected, "planned, again");
    }
    let text = program.to_text();
    let read = Program::<f64>::parse(&text, &Registry::standard()).unwrap_or_else(|e| panic!("{e}\n{text}"));
    same(&read.run_all(inputs).unwrap(), &expected, &text);
    expected
}

fn same(found: &[Input<f64>], expected: &[Input<f64>], how: &str) {
    let bits = |input: &Input<f64>| match input {
        Input::Real(x) => (x.shape().to_vec(), x.iter().map(|x| x.to_bits()).collect::<Vec<_>>()),
        Input::Index(i) => (i.shape().to_vec(), i.iter().map(|i| *i as u64).collect()),
        Input::Key(key) => (vec![], vec![*key]),
    };
    let list = |inputs: &[Input<f64>]| inputs.iter().map(|input| (input.kind(), bits(input))).collect::<Vec<_>>();
    assert_eq!(list(found), list(expected), "{how}: {found:?}, not {expected:?}");
}

/// `f` of an array as a program of one output of any kind, evaluated in every way.
pub fn of<'t, T: Into<autodiff::Arg<'t, f64>> + Copy>(tape: &'t Tape<f64>, y: T, inputs: &[Input<f64>]) -> Input<f64> {
    everywhere(&tape.program(&[y]).unwrap(), inputs).remove(0)
}

/// Numbers of which many are equal, with zeros of both signs, infinities and NaN.
pub fn number() -> BoxedStrategy<f64> {
    prop_oneof![
        4 => (-3i8..4).prop_map(f64::from),
        1 => prop::sample::select(vec![-0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]),
        2 => -2.0..2.0f64,
    ]
    .boxed()
}

/// An array of one to three axes, and one of them.
pub fn array(number: impl Strategy<Value = f64> + Clone + 'static) -> impl Strategy<Value = (ArrayD<f64>, usize)> {
    prop::collection::vec(1usize..6, 1..4).prop_flat_map(move |shape| {
        let (size, rank) = (shape.iter().product::<usize>(), shape.len());
        (prop::collection::vec(number.clone(), size), 0..rank)
            .prop_map(move |(data, axis)| (ArrayD::from_shape_vec(IxDyn(&shape), data).unwrap(), axis))
    })
}

pub fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
