//! A loop over a program: `scan`.

use crate::base::attributes::Attributes;
use crate::base::error::{Error, ErrorKind, Mismatch, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{
    Accepts, Cotangents, Domain, Entry, Kernel, Kind, Made, Primitive, RuleContext, Sample, SampleOperand, Signature,
    Steps, Tangents, Type, Types,
};
use crate::program::Program;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use std::sync::Arc;

/// (c′, y) = body at every step: carries go from step to step, outputs are stacked
///
/// The body is a program whose inputs are the number of the step (an index), the carries, what this step has of the
/// per-step inputs, and the invariants; whose outputs are the new carries and the outputs of the step.
#[derive(Debug)]
pub struct Scan<F: Real> {
    pub(super) body: [Program<F>; 1],
    pub(super) steps: Steps,
    /// How many of the last outputs are values of the body that are kept for derivatives.
    pub(super) kept: usize,
}

/// How many steps are made, in words.
const MADE: [(&str, Made); 3] = [("all", Made::All), ("given", Made::Given), ("while", Made::While)];

impl<F: Real> Scan<F> {
    /// A loop of `steps` over `body`, of whose outputs the last `kept` are there for derivatives only.
    ///
    /// # Errors
    /// [`ErrorKind::Registry`] if the body does not take and give what a step does.
    pub(crate) fn new(body: Program<F>, steps: Steps, kept: usize) -> Result<Self> {
        let error = |message: String| Err(Error::new(ErrorKind::Registry, "scan", message));
        let (inputs, outputs): (Vec<_>, Vec<_>) = (types(body.inputs()), types(body.outputs()));
        if inputs.first() != Some(&Type::index(Shape::scalar())) {
            return error("the first input of the body is the number of the step: `t : index[] = index`".into());
        }
        if inputs.len() < 1 + steps.carries + steps.inputs {
            return error(format!(
                "the body has {} inputs; the number of the step, {} carries and {} per-step inputs are more",
                inputs.len(),
                steps.carries,
                steps.inputs
            ));
        }
        if outputs.len() < steps.carries + steps.between() + kept {
            return error(format!("the body returns {} arrays, fewer than there are carries", outputs.len()));
        }
        for (i, (before, after)) in inputs.iter().skip(1).zip(&outputs).take(steps.carries).enumerate() {
            if before != after {
                let (before, after) =
                    (before.kind.of_shape::<F>(&before.shape), after.kind.of_shape::<F>(&after.shape));
                return error(format!("carry {i} is {before} before a step and {after} after it"));
            }
        }
        let go_on = outputs.get(steps.carries).filter(|_| steps.made == Made::While);
        if let Some(go_on) = go_on.filter(|go_on| **go_on != Type::real(Shape::scalar())) {
            let go_on = go_on.kind.of_shape::<F>(&go_on.shape);
            return error(format!("what says whether another step is made should be a number, not {go_on}"));
        }
        let stacked = inputs.iter().skip(1 + steps.carries).take(steps.inputs);
        let stacked = stacked.chain(outputs.iter().skip(steps.carries + steps.between()));
        if stacked.into_iter().any(|input| input.kind == Kind::Key) {
            return Err(Error::new(
                ErrorKind::Registry,
                "scan",
                "keys cannot be stacked: one for each step there is not",
            )
            .with_help("make the key of a step from one key: `key.fold_in(step.index())`"));
        }
        Ok(Scan { body: [body], steps, kept })
    }

    pub(super) fn body(&self) -> &Program<F> {
        let [body] = &self.body;
        body
    }

    fn parse(attributes: &Attributes, bodies: &[Program<F>]) -> Result<Self> {
        let [body] = bodies else {
            return Err(Error::new(ErrorKind::Registry, "scan", format!("one body is needed, got {}", bodies.len())));
        };
        let steps = Steps {
            count: attributes.length("steps")?,
            carries: attributes.length("carries")?,
            inputs: attributes.length("inputs")?,
            reversed: attributes.flag("reversed")?,
            made: attributes.one_of("made", &MADE)?,
        };
        Scan::new(body.clone(), steps, attributes.length("kept")?)
    }
}

fn types<'a>(list: impl Iterator<Item = (Kind, &'a Shape)>) -> Vec<Type> {
    list.map(|(kind, shape)| Type { kind, shape: shape.clone() }).collect()
}

/// The shape of an array with one of these for each step.
pub(super) fn stacked(steps: usize, shape: &Shape) -> Shape {
    std::iter::once(steps).chain(shape.iter().copied()).collect()
}

impl<F: Real> Primitive<F> for Scan<F> {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn formula(&self) -> &'static str {
        "(cₜ₊₁, yₜ) = body(t, cₜ, xₜ, q) for every step t"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new()
            .with("steps", self.steps.count.into())
            .with("carries", self.steps.carries.into())
            .with("inputs", self.steps.inputs.into())
            .with("kept", self.kept.into())
            .with_flag("reversed", self.steps.reversed)
            .with_one_of("made", &MADE, &self.steps.made)
    }

    fn bodies(&self) -> &[Program<F>] {
        &self.body
    }

    fn signature(&self) -> Signature {
        let role = |i: usize| match i {
            i if i < self.steps.carries => "carry",
            i if i < self.steps.carries + self.steps.inputs => "input",
            _ => "invariant",
        };
        let operands = self.body().inputs().skip(1).enumerate();
        let given = std::iter::repeat_n(("steps", Accepts::RealOrIndex), self.steps.behind());
        Signature::Listed(operands.map(|(i, (kind, _))| (role(i), Accepts::Only(kind))).chain(given).collect())
    }

    fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
        for (i, ((_, expected), given)) in self.body().inputs().skip(1).zip(inputs).enumerate() {
            let per_step = (self.steps.carries..self.steps.carries + self.steps.inputs).contains(&i);
            let expected = if per_step { stacked(self.steps.count, expected) } else { expected.clone() };
            if given.shape != expected {
                let what = if per_step { "has a row for each step: " } else { "" };
                return Err(Mismatch::new(format!(
                    "operand {i} {what}should have shape {expected}, not {}",
                    given.shape
                )));
            }
        }
        if let Some(given) = inputs.last().filter(|given| self.steps.made == Made::Given && given.shape.rank() > 0) {
            return Err(Mismatch::new(format!("the number of steps should be one number, not {}", given.shape)));
        }
        let (carries, between) = (self.steps.carries, self.steps.between());
        let result = |(i, (kind, shape)): (usize, (Kind, &Shape))| match i {
            i if i < carries => Type { kind, shape: shape.clone() },
            i if i < carries + between => Type::index(Shape::scalar()),
            _ => Type { kind, shape: stacked(self.steps.count, shape) },
        };
        let types: Types = self.body().outputs().enumerate().map(result).collect();
        if types.is_empty() {
            Err(Mismatch::new("a loop without carries and outputs computes nothing"))
        } else {
            Ok(types)
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Scan(self.steps)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        super::reverse::cotangents(self, at)
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        super::tangent::tangents(self, at, dx)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    let make = |attributes: &Attributes, bodies: &[Program<F>]| Ok(Arc::new(Scan::parse(attributes, bodies)?).into());
    // The example's body is h′ = tanh(h·w + x), y = h′·h.
    let tanh = example(3, Shape::scalar(), false, 0).unwrap_or_else(|_| empty());
    Entry::with_bodies(Arc::new(tanh), make).sampled(|generator| {
        let steps = generator.integer(1, 4);
        let shape = generator.shape(0, 1);
        let (reversed, kind) = (generator.flip(), generator.integer(0, 2));
        let scan = example(steps, shape.clone(), reversed, kind).unwrap_or_else(|_| empty());
        let domain = Domain::between(-1.5, 1.5).at_least(1e-2);
        let operand = |shape: &Shape| SampleOperand::Real(shape.clone(), domain);
        let operands = vec![operand(&shape), operand(&stacked(steps, &shape)), operand(&shape)];
        Sample::new(Arc::new(scan), operands)
    })
}

/// A loop over one of a few bodies.
fn example<F: Real>(count: usize, shape: Shape, reversed: bool, kind: usize) -> Result<Scan<F>> {
    let tape = Tape::symbolic();
    let _ = tape.placeholder(Kind::Index, Shape::scalar());
    let [h, x, w] = [0; 3].map(|_| tape.symbolic_input(shape.clone()));
    let next = match kind {
        0 => (h * w + x).tanh(),
        1 => (h * w).sin() + x * w,
        _ => h * x + w.sigmoid() * h,
    };
    let body = tape.program(&[next, next * h])?;
    Scan::new(body, Steps { count, made: Made::All, carries: 1, inputs: 1, reversed }, 0)
}

/// A loop that hands its carry through.
fn empty<F: Real>() -> Scan<F> {
    let tape = Tape::symbolic();
    let _ = tape.placeholder(Kind::Index, Shape::scalar());
    let h = tape.symbolic_input(Shape::scalar());
    let steps = Steps { count: 0, made: Made::All, carries: 1, inputs: 0, reversed: false };
    match tape.program(&[h]) {
        Ok(body) => Scan { body: [body], steps, kept: 0 },
        Err(_) => unreachable!("a program of one input"),
    }
}

/// The results of a loop as the rules need them.
pub(crate) fn kinds<F: Real>(scan: &Scan<F>) -> Vec<Kind> {
    let (carries, between) = (scan.steps.carries, scan.steps.between());
    let made = carries..carries + between;
    scan.body().outputs().enumerate().map(|(i, (kind, _))| if made.contains(&i) { Kind::Index } else { kind }).collect()
}

/// How the loops of the derivatives of `scan` know how many steps to make, and the operand that says so.
pub(super) fn made_again<'t, F: Real>(scan: &Scan<F>, at: &RuleContext<'_, 't, F>) -> (Made, Option<Arg<'t, F>>) {
    match scan.steps.made {
        Made::All => (Made::All, None),
        Made::Given => (Made::Given, at.inputs().last().copied()),
        Made::While => (Made::Given, Some(at.result(scan.steps.carries))),
    }
}

/// The operands of a loop by their roles: carries, per-step inputs, invariants.
pub(super) fn roles<'a, 't, F: Real>(
    scan: &Scan<F>,
    operands: &'a [Arg<'t, F>],
) -> (&'a [Arg<'t, F>], &'a [Arg<'t, F>], &'a [Arg<'t, F>]) {
    let (carries, rest) = operands.split_at(scan.steps.carries.min(operands.len()));
    let (inputs, invariants) = rest.split_at(scan.steps.inputs.min(rest.len()));
    let invariants = invariants.get(..invariants.len().saturating_sub(scan.steps.behind())).unwrap_or(&[]);
    (carries, inputs, invariants)
}
