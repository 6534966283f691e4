//! The checker is itself checked: every primitive's recorded reverse rule is mutated, node by node, and each mutant that
//! changes a sampled cotangent by more than 1e-6 relative must be caught by finite differences of the forward program.
//! Mutants that change nothing that was sampled are equivalent, and are listed by name in `mutants_equivalent.txt`.

use autodiff::check::{Check, Verdict, operands};
use autodiff::primitive::{Domain, Generator, Kind, Type};
use autodiff::{Arg, Input, Program, Registry, Shape, Tape, Var};
use expect_test::expect_file;
use ndarray::{ArrayD, IxDyn};
use std::collections::{BTreeMap, BTreeSet};

/// What is done to one node of a recorded rule.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Mutation {
    /// y → −y
    Sign,
    /// y → 2y
    Double,
    /// y → 1.001·y
    Slightly,
    /// One operand is replaced by zeros: a term of a sum, a factor, a side that is not selected.
    Drop(usize),
    /// Two operands exchanged.
    Swap(usize, usize),
}

/// Records `program` again with node `target` mutated; `None` where the mutation does not fit.
fn mutated(program: &Program<f64>, target: usize, mutation: Mutation) -> Option<Program<f64>> {
    let tape = Tape::<f64>::symbolic();
    let mut values: Vec<Arg<'_, f64>> = Vec::new();
    // The results after the first of the last application.
    let mut further = Vec::new().into_iter();
    for node in program.nodes() {
        let mut args: Vec<Arg<'_, f64>> = node.operands().iter().map(|id| values[id.index()]).collect();
        let here = node.id().index() == target;
        if here {
            match mutation {
                Mutation::Drop(i) => {
                    let Arg::Real(x) = *args.get(i)? else { return None };
                    args[i] = zeros(&tape, &x.shape().ok()?).into();
                }
                Mutation::Swap(i, j) if i < args.len() && j < args.len() => args.swap(i, j),
                Mutation::Swap(..) => return None,
                _ => {}
            }
        }
        let mut value = match (node.primitive(), node.constant()) {
            (Some(primitive), _) => {
                let rest = program.nodes().skip(node.id().index() + 1).take_while(|node| node.operation() == "result");
                let kinds: Vec<Kind> = std::iter::once(node.kind()).chain(rest.map(|node| node.kind())).collect();
                further = tape.record_list(primitive.clone(), &args, &kinds).into_iter();
                further.next()?
            }
            _ if node.operation() == "result" => further.next()?,
            (None, Some(constant)) => Arg::Real(tape.constant(constant)),
            (None, None) => tape.placeholder(node.kind(), node.shape().clone()),
        };
        if let (true, Arg::Real(y)) = (here, value) {
            value = match mutation {
                Mutation::Sign => (-y).into(),
                Mutation::Double => (y * 2.0).into(),
                Mutation::Slightly => (y * 1.001).into(),
                _ => value,
            };
        }
        let fits = match value {
            Arg::Real(y) => y.shape().is_ok_and(|shape| shape == *node.shape()),
            _ => true,
        };
        if !fits {
            return None;
        }
        values.push(value);
    }
    let outputs: Option<Vec<Var<'_, f64>>> = program
        .output_ids()
        .iter()
        .map(|id| if let Arg::Real(y) = values[id.index()] { Some(y) } else { None })
        .collect();
    tape.program(&outputs?).ok()
}

fn zeros<'t>(tape: &'t Tape<f64>, shape: &Shape) -> Var<'t, f64> {
    tape.constant(ArrayD::<f64>::zeros(IxDyn(shape)))
}

/// The nodes that only the rule has: those after the forward part, which the reverse program begins with.
fn mutations(reverse: &Program<f64>) -> Vec<(usize, &'static str, Mutation)> {
    let mut all = Vec::new();
    // The seed is the last input: what depends on it is the rule at work, and what does not is a factor it prepared.
    for node in reverse.nodes().filter(|node| node.primitive().is_some()) {
        let (at, name) = (node.id().index(), node.operation());
        let simple = [Mutation::Sign, Mutation::Double, Mutation::Slightly];
        all.extend(simple.into_iter().map(|mutation| (at, name, mutation)));
        let count = node.operands().len();
        if count > 1 {
            all.extend((0..count).map(|i| (at, name, Mutation::Drop(i))));
            // Exchanging the operands of an operation that does not care is no mutation.
            if ["add", "mul", "strong_mul", "equal", "maximum", "minimum"].contains(&name) {
                continue;
            }
            let pairs = (0..count).flat_map(|i| (i + 1..count).map(move |j| Mutation::Swap(i, j)));
            all.extend(pairs.map(|mutation| (at, name, mutation)));
        }
    }
    all
}

/// One application of a primitive with moderate operands.
fn applications(name: &str, count: usize) -> Vec<(Program<f64>, Vec<Input<f64>>)> {
    let registry = Registry::<f64>::standard();
    let entry = registry.find(name).expect("registered");
    let mut generator = Generator::new(1);
    let moderate =
        |domain: Domain| Domain { low: domain.low.max(-3.0), high: domain.high.min(3.0), tiny: domain.tiny.max(0.1) };
    let application = |generator: &mut Generator| {
        let sample = entry.sample(generator).expect("sampled");
        let inputs = operands(&sample, generator, moderate);
        let tape = Tape::symbolic();
        let args: Vec<_> = inputs
            .iter()
            .enumerate()
            .map(|(i, input)| {
                let arg = match input {
                    Input::Real(x) => tape.placeholder(Kind::Real, x.shape()),
                    Input::Index(x) => tape.placeholder(Kind::Index, x.shape()),
                    Input::Key(_) => tape.placeholder(Kind::Key, Shape::scalar()),
                };
                if let Arg::Real(x) = arg { x.named(&format!("x{i}")).into() } else { arg }
            })
            .collect();
        let types: Vec<Type> = sample.operands.iter().map(|operand| operand.typed()).collect();
        let kinds: Vec<Kind> = sample.primitive.results(&types).expect("fits").iter().map(|y| y.kind).collect();
        let results = tape.record_list(sample.primitive, &args, &kinds);
        let reals: Vec<_> = results.into_iter().filter(|y| y.kind() == Kind::Real).collect();
        (tape.program(&reals).expect("samples fit"), inputs)
    };
    (0..count).map(|_| application(&mut generator)).collect()
}

/// What became of mutants.
#[derive(Default)]
struct Found {
    caught: usize,
    missed: Vec<String>,
    /// How often each kind was made, and the kinds that changed a number.
    seen: BTreeMap<String, usize>,
    alive: BTreeSet<String>,
}

/// The mutants of every other primitive.
fn found(part: usize) -> Found {
    let Found { mut caught, mut missed, mut seen, mut alive } = Found::default();
    for entry in Registry::<f64>::standard().entries().skip(part).step_by(2) {
        let name = entry.example().name();
        for (program, inputs) in applications(name, 12) {
            // Of indices alone there is no cotangent to be wrong.
            if program.outputs().next().is_none() {
                continue;
            }
            let reals: Vec<usize> = (0..inputs.len()).filter(|i| matches!(inputs[*i], Input::Real(_))).collect();
            let Ok(reverse) = program.vjp(&reals) else { continue };
            let mut generator = Generator::new(2);
            let zeta: Vec<ArrayD<f64>> = program
                .outputs()
                .map(|(_, shape)| ArrayD::from_shape_simple_fn(IxDyn(shape), || generator.uniform(0.5, 1.5)))
                .collect();
            let seeded: Vec<Input<f64>> = inputs.iter().cloned().chain(zeta.iter().cloned().map(Input::Real)).collect();
            let right = reverse.run(&seeded).expect("runs");
            let check = Check::new();
            for (at, operation, mutation) in mutations(&reverse) {
                let Some(mutant) = mutated(&reverse, at, mutation) else { continue };
                let Ok(wrong) = mutant.run(&seeded) else { continue };
                let label = format!("{name}: {mutation:?} of {operation}");
                *seen.entry(label.clone()).or_default() += 1;
                let changed = right.iter().flatten().zip(wrong.iter().flatten()).any(|(a, b)| {
                    let apart = (a - b).abs();
                    !apart.is_finite() || apart > 1e-6 * a.abs().max(b.abs())
                });
                if !changed {
                    continue;
                }
                alive.insert(label.clone());
                let report = check.cotangents(&program, &inputs, &reals, &zeta, &wrong).expect("runs");
                match report.verdict() {
                    Verdict::Fail(_) => caught += 1,
                    verdict => missed.push(format!("{label}: {verdict}\n{right:?}\n{wrong:?}")),
                }
            }
        }
    }
    Found { caught, missed, seen, alive }
}

#[test]
fn every_mutant_that_matters_is_caught() {
    // By two threads: it takes longer than any other test of the engine.
    let (mut all, others) = std::thread::scope(|scope| {
        let others = scope.spawn(|| found(1));
        (found(0), others.join().expect("does not panic"))
    });
    all.caught += others.caught;
    all.missed.extend(others.missed);
    others.seen.into_iter().for_each(|(label, count)| *all.seen.entry(label).or_default() += count);
    all.alive.extend(others.alive);
    let Found { caught, missed, seen, alive } = all;
    let equivalent: Vec<String> = seen.keys().filter(|label| !alive.contains(*label)).cloned().collect();
    println!(
        "{caught} mutants caught, {} missed, of {} kinds {} equivalent",
        missed.len(),
        seen.len(),
        equivalent.len()
    );
    assert!(
        missed.is_empty(),
        "{} missed:\n{}",
        missed.len(),
        missed.iter().take(5).cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(caught > 2000, "only {caught} mutants");
    expect_file!["mutants_equivalent.txt"].assert_eq(&(equivalent.join("\n") + "\n"));
}
