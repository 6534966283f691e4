//! Every primitive is written; what cannot be is refused, with the line.

use autodiff::check::operands;
use autodiff::prelude::*;
use autodiff::primitive::{Entry, Generator, Keep, Kernel, Kind, Loop, Primitive, Type};
use autodiff::{Arg, Input, Program, Registry};
use autodiff_jax::{Emitter, source};

/// y = 2x
#[derive(Debug)]
struct Double;

impl<F: Real> Primitive<F> for Double {
    fn name(&self) -> &'static str {
        "tests::double"
    }
    fn formula(&self) -> &'static str {
        "y = 2x"
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x + x)
    }
}

/// Random applications of a primitive as programs.
fn applications<F: Real>(entry: &Entry<F>, count: usize) -> Vec<Program<F>> {
    let mut generator = Generator::new(1);
    let one = |_| {
        let sample = entry.sample(&mut generator).expect("an entry has samples");
        let inputs = operands(&sample, &mut generator, |domain| domain);
        let types: Vec<Type> = inputs
            .iter()
            .map(|input| match input {
                Input::Real(x) => Type::real(x.shape()),
                Input::Index(i) => Type::index(i.shape()),
                Input::Key(_) => Type::key(),
            })
            .collect();
        let tape = Tape::symbolic();
        let args: Vec<Arg<'_, F>> = types.iter().map(|x| tape.placeholder(x.kind, x.shape.clone())).collect();
        let kinds: Vec<Kind> = sample.primitive.results(&types).expect("samples fit").iter().map(|y| y.kind).collect();
        let results = tape.record_list(sample.primitive.clone(), &args, &kinds);
        tape.program(&results).expect("samples fit")
    };
    (0..count).map(one).collect()
}

fn every_primitive<F: Real>() {
    let registry = Registry::<F>::standard();
    assert!(registry.entries().count() > 90);
    for entry in registry.entries() {
        for program in applications(entry, 8) {
            let module = source(&program).unwrap_or_else(|error| panic!("{error}"));
            assert!(module.contains("def program("), "{module}");
        }
    }
}

#[test]
fn every_registered_primitive_is_written() {
    every_primitive::<f64>();
    every_primitive::<f32>();
}

#[test]
fn a_primitive_without_an_emission_is_refused_with_its_line() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    let y = tape.scope("layer", || x.apply(&Double)); // the line that the error names
    let line = line!() - 1;
    let program = tape.program(&[y.sum(..)]).unwrap();
    let error = source(&program).unwrap_err();
    assert_eq!(error.message(), "the primitive `tests::double` has no emission for JAX");
    let place = error.place().expect("a place").to_string();
    assert!(place.contains(&format!("emission.rs:{line}:")) && place.contains("layer"), "{place}");
    assert!(error.help().is_some_and(|help| help.contains("Emitter::new().with(\"tests::double\"")));

    let emitter = Emitter::new().with("tests::double", |at| match at.shape(0).rank() {
        1 => Ok(format!("{} * F(2)", at.x(0))),
        rank => Err(at.refused(format!("an array of {rank} axes"))),
    });
    let module = emitter.source(&program).unwrap();
    assert!(module.contains("v1 = x * F(2)  # f64[2]  in layer\n"), "{module}");
    let matrix = tape.program(&[tape.input([[1.0]]).apply(&Double)]).unwrap();
    assert_eq!(emitter.source(&matrix).unwrap_err().message(), "an array of 2 axes");
}

#[test]
fn a_composition_with_a_rule_of_its_own_is_its_composition() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    let y = tape.with_rule("tests::twice", &[x], |x| x[0] + x[0], |at, dy| at.one(|| dy * 2.0)).unwrap();
    let module = source(&tape.program(&[y]).unwrap()).unwrap();
    assert!(module.contains("def body_1(v0):") && module.contains("v1 = body_1(x)[0]"), "{module}");
}

#[test]
fn indices_are_bounded_by_the_smallest_of_their_uses() {
    let bounds = |record: &dyn for<'t> Fn(&'t Tape<f64>, autodiff::Index<'t, f64>) -> Var<'t, f64>| {
        let tape = Tape::symbolic();
        let Arg::Index(i) = tape.placeholder(Kind::Index, [3]) else { panic!("an index") };
        let module = source(&tape.program(&[record(&tape, i)]).unwrap()).unwrap();
        module.lines().find(|line| line.starts_with("BOUNDS")).map(str::to_owned).unwrap_or_default()
    };
    assert_eq!(bounds(&|tape, i| tape.symbolic_input([7, 2]).gather(i)), "BOUNDS = {0: 7}");
    let two = bounds(&|tape, i| tape.symbolic_input([7]).gather(i) + tape.symbolic_input([5]).gather(i));
    assert_eq!(two, "BOUNDS = {0: 5}");
    assert_eq!(bounds(&|tape, i| tape.symbolic_input([3, 4]).pick(i)), "BOUNDS = {0: 4}");
    // Through views, and into the body of a loop.
    assert_eq!(bounds(&|tape, i| tape.symbolic_input([9]).gather(i.slice(0, 0..2).reshape([2, 1]))), "BOUNDS = {0: 9}");
    let looped = bounds(&|tape, i| {
        let table = tape.symbolic_input([6]);
        let start = tape.symbolic_input([3]);
        let ([sum], []) = tape.scan(2, [start], [], |_, [sum], []| ([sum + table.gather(i)], []));
        sum
    });
    assert_eq!(looped, "BOUNDS = {0: 6}");
    // What is computed from an index is not the index.
    assert_eq!(bounds(&|tape, i| tape.symbolic_input([9]).gather(i + 1)), "BOUNDS = {}");
}

#[test]
fn names_are_variables_where_python_allows_it() {
    let tape = Tape::<f64>::new();
    let inputs = ["x", "lambda", "v3", "0.weight", "x", "lax", "ä", "line\nbreak \"quoted\""];
    let vars: Vec<Var<'_, f64>> = inputs.iter().map(|name| tape.input(1.0).named(name)).collect();
    let sum = vars.iter().skip(1).fold(vars[0], |sum, x| sum + *x);
    let module = source(&tape.program(&[sum]).unwrap()).unwrap();
    assert!(module.contains("def program(x, v1, v2, v3, v4, v5, v6, v7):"), "{module}");
    assert!(module.contains("(\"line\\nbreak \\\"quoted\\\"\", \"real\", ()),"), "{module}");
    assert!(module.contains("# v7: f64[] `line break \"quoted\"`"), "{module}");
}

/// A carry that is only added to is summed behind the loop: the reverse loop of a recurrence carries no gradient of weights.
#[test]
fn what_a_loop_only_adds_up_is_summed_behind_it() {
    let tape = Tape::<f32>::symbolic();
    let (h, xs) = (tape.symbolic_input([5, 3]), tape.symbolic_input([7, 5, 3]));
    let (w, b) = (tape.symbolic_input([3, 3]), tape.symbolic_input([3]));
    let ([last], []) = tape.scan(7, [h], [xs], |_, [h], [x]| ([(h.matmul(w) + x + b).tanh()], []));
    let program = tape.program(&[last.sum(..)]).unwrap().grad(&[2, 3]).unwrap();
    let module = source(&program).unwrap();
    assert!(module.contains("_sum_of_products(lax.transpose(x["), "{module}");
    // The bias is broadcast: its gradient is a sum.
    assert!(module.contains("lambda x, y: jnp.sum(y["), "{module}");
    // One loop, the forward one, has only carries that go from step to step; the reverse loop has such a carry, too.
    assert_eq!(module.matches(" = _scan(body_").count(), 1, "{module}");
    assert!(module.contains(", (None, lambda x, y: "), "{module}");
}

#[test]
fn other_carries_stay_in_the_loop() {
    let module = |body: for<'t> fn(Var<'t, f32>, Var<'t, f32>) -> (Var<'t, f32>, Vec<Var<'t, f32>>)| {
        let tape = Tape::<f32>::symbolic();
        let (sum, xs) = (tape.symbolic_input([]), tape.symbolic_input([7, 5, 3]));
        let (last, rows) = tape.scan_with(
            Loop { steps: 7, reversed: false, keep: Keep::default() },
            &[sum.into()],
            &[xs.into()],
            |_, carries, inputs| {
                let ([Arg::Real(sum)], [Arg::Real(x)]) = (carries, inputs) else { panic!("of reals") };
                let (next, rows) = body(*sum, *x);
                (vec![next.into()], rows.into_iter().map(Arg::from).collect())
            },
        );
        source(&tape.program(&[last, rows].concat()).unwrap()).unwrap()
    };
    let is_summed = |module: &str| module.contains(" = _scan_and_sum(");
    assert!(is_summed(&module(|sum, x| (sum + x.square().sum(..), vec![]))));
    // It is an output of every step; a factor; added to with something that is neither a sum nor a product.
    assert!(!is_summed(&module(|sum, x| (sum + x.square().sum(..), vec![sum]))));
    assert!(!is_summed(&module(|sum, x| (sum * x.square().sum(..), vec![]))));
    assert!(!is_summed(&module(|sum, x| (sum + x.square().sum(..).exp(), vec![]))));
    // What would be kept of all steps is more than the loop has of them.
    assert!(!is_summed(&module(|sum, x| (sum + x.reshape([15, 1]).matmul(x.reshape([1, 15])).sum(..), vec![]))));
}

/// The gradient of weights is a product of matrices whose rows were several axes: these are summed over as they are.
#[test]
fn gradients_of_weights_merge_no_axes() {
    let gradient = |shape: &[usize], transposed: bool| {
        let tape = Tape::<f64>::symbolic();
        let x = tape.symbolic_input(shape).named("x");
        let x = if transposed { x.permute([1, 0, 2]) } else { x };
        let w = tape.symbolic_input([*shape.last().unwrap(), 2]).named("w");
        let y = x.matmul(w).tanh().sum(..);
        source(&tape.program(&y.gradient(&[w]).unwrap()).unwrap()).unwrap()
    };
    let sums = |text: &str| text.lines().filter(|line| line.contains("jnp.tensordot(")).count();
    let merged = gradient(&[4, 5, 3], true);
    assert_eq!(sums(&merged), 1, "{merged}");
    assert!(merged.contains("axes=((0, 1), (0, 1))"), "{merged}");
    assert_eq!(sums(&gradient(&[5, 3], false)), 0);
}
