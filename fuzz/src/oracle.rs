//! What is asked of a text: it is a program or an error. A program is written and read again; it plans, which runs the
//! verifier of plans; and however it is run, the results have the same bits, or all refuse. The same of its
//! derivatives.

use crate::cost;
use autodiff::inspect::Trace;
use autodiff::{Error, ErrorKind, Input, Kind, Program, Real, Registry};
use ndarray::{ArrayD, IxDyn};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Where the way of a text ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is no program, and an error says why.
    NotRead,
    /// Running it would take more memory or time than is spent on one text.
    TooLarge,
    /// It refuses the values it was given, however it is run.
    Refused,
    /// It gives the same bits however it is run, as do so many of its derivatives.
    Ran {
        /// The reverse and the forward derivative, where they exist.
        derivatives: usize,
    },
}

/// [`check`]; a panic is a complaint.
///
/// # Errors
/// The complaint.
pub fn check_without_panic(text: &str) -> Result<Outcome, String> {
    catch_unwind(AssertUnwindSafe(|| check(text))).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(format!("a panic: {}", message.unwrap_or("without a message")))
    })
}

/// Checks all that is asked of a text.
///
/// # Errors
/// The complaint.
pub fn check(text: &str) -> Result<Outcome, String> {
    if text.contains("f32") && Program::<f64>::parse(text, &Registry::standard()).is_err() {
        return check_as::<f32>(text);
    }
    check_as::<f64>(text)
}

fn check_as<F: Real>(text: &str) -> Result<Outcome, String> {
    let program = match Program::<F>::parse(text, &Registry::standard()) {
        Ok(program) => program,
        Err(error) => return well_formed(&error).map(|()| Outcome::NotRead),
    };
    returns(&program)?;
    if cost::is_large(&program) {
        return Ok(Outcome::TooLarge);
    }
    let inputs = inputs(&program);
    if !agrees(&program, &inputs)? {
        return Ok(Outcome::Refused);
    }
    let reals: Vec<usize> = (0..inputs.len()).filter(|i| program.is_differentiable(*i)).collect();
    let mut derivatives = 0;
    let results_are_reals = program.outputs().all(|(kind, _)| kind == Kind::Real);
    for derivative in [program.vjp(&reals), program.jvp(&reals)].into_iter().filter(|_| results_are_reals) {
        match derivative {
            Ok(derivative) => {
                returns(&derivative)?;
                if !cost::is_large(&derivative) {
                    agrees(&derivative, &self::inputs(&derivative))?;
                    derivatives += 1;
                }
            }
            Err(error) if error.kind() == ErrorKind::FaultyRule => return Err(format!("a rule is faulty: {error}")),
            Err(error) => well_formed(&error)?,
        }
    }
    Ok(Outcome::Ran { derivatives })
}

/// An error says what is wrong in lines that can be read.
pub(crate) fn well_formed(error: &Error) -> Result<(), String> {
    let text = error.to_string();
    match error.message().is_empty() || text.lines().any(|line| line.len() > 4000) {
        true => Err(format!("an error that cannot be read: {text}")),
        false => Ok(()),
    }
}

/// What is written is read again, as the same text.
fn returns<F: Real>(program: &Program<F>) -> Result<(), String> {
    let text = program.to_text();
    match Program::<F>::parse(&text, &Registry::standard()) {
        Ok(again) if again.to_text() == text => Ok(()),
        Ok(again) => Err(format!("read again it is another text:\n{text}\n{}", again.to_text())),
        Err(error) => Err(format!("what was written is not read: {error}\n{text}")),
    }
}

/// Small numbers, among them zeros of both signs and some that are not finite; small indices.
fn inputs<F: Real>(program: &Program<F>) -> Vec<Input<F>> {
    let mut n = 0u64;
    let mut next = || {
        n += 1;
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
    };
    let odd = [0.0, -0.0, f64::INFINITY, f64::NAN, f64::NEG_INFINITY];
    let mut number = || match next() {
        n if n % 61 < 5 => F::of(odd[n as usize % 61]),
        n => F::of((n % 1000) as f64 / 250.0 - 2.0),
    };
    let mut of_kind = |(kind, shape): (Kind, &autodiff::Shape)| match kind {
        Kind::Real => Input::Real(ArrayD::from_shape_simple_fn(IxDyn(shape), &mut number)),
        Kind::Index => Input::Index(ArrayD::from_shape_simple_fn(IxDyn(shape), || number().double().abs() as usize)),
        Kind::Key => Input::Key(7),
    };
    program.inputs().map(&mut of_kind).collect()
}

type Results<F> = Result<Vec<Input<F>>, Error>;

/// Whether the program runs; however it is run, it gives the same bits, or refuses.
fn agrees<F: Real>(program: &Program<F>, inputs: &[Input<F>]) -> Result<bool, String> {
    let expected = program.run_all(inputs);
    // A plan leaves out what a loop computes for nobody, and with it what that refuses.
    let loops = program.nodes().any(|node| node.operation() == "scan");
    let compare = |found: &Results<F>, what: &str| {
        let same = match (found, &expected) {
            (Ok(found), Ok(expected)) => same_bits(found, expected),
            (Err(found), Err(expected)) => found.kind() == expected.kind(),
            (Ok(_), Err(_)) => loops,
            (Err(_), Ok(_)) => false,
        };
        let program = || format!("{program}\n{found:?}\ninstead of\n{expected:?}");
        if same { Ok(()) } else { Err(format!("{what} is not the run of the program:\n{}", program())) }
    };
    if let Err(error) = &expected
        && error.kind() != ErrorKind::Refused
    {
        return Err(format!("running fails, and does not refuse: {error}\n{program}"));
    }
    let traced = Trace::forward(program, inputs).map(|_| ());
    if traced.is_ok() != expected.is_ok() {
        return Err(format!("stepping through gives {traced:?}, running {expected:?}\n{program}"));
    }
    compare(&program.simplified().run_all(inputs), "the simplified program")?;
    for (threads, block) in [(1, None), (1, Some(3)), (2, Some(2))] {
        let planner = program.planner().threads(threads);
        let planner = block.into_iter().fold(planner, |planner, block| planner.in_small(block));
        let mut plan = planner.plan().map_err(|error| format!("there is no plan: {error}\n{program}"))?;
        // Twice: the second run finds the memory as the first left it.
        for run in 1..=2 {
            let what = format!("run {run} of the plan with {threads} threads, blocks of {block:?},");
            compare(&plan.run_all(inputs), &what).map_err(|complaint| format!("{complaint}\n{}", plan.explain()))?;
        }
    }
    Ok(expected.is_ok())
}

fn same_bits<F: Real>(a: &[Input<F>], b: &[Input<F>]) -> bool {
    let number = |(a, b): (&F, &F)| {
        let (a, b) = (a.double(), b.double());
        a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
    };
    let same = |(a, b): (&Input<F>, &Input<F>)| match (a, b) {
        (Input::Real(a), Input::Real(b)) => a.shape() == b.shape() && a.iter().zip(b).all(number),
        (Input::Index(a), Input::Index(b)) => a == b,
        (Input::Key(a), Input::Key(b)) => a == b,
        _ => false,
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}
