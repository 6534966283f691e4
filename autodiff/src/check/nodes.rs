//! Node by node: the first wrong operation, by name and line.

use super::Check;
use super::comparison::{Subject, kinds};
use super::report::{Failure, Method, Reason, Report, Spot, Unchecked};
use super::sample::label;
use crate::base::error::{Error, ErrorKind, Place, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::primitive::{Generator, Kernel, Kind, PrimitiveRef, Type};
use crate::program::scan::MadeSteps;
use crate::program::{Input, Program};
use crate::tape::node::Op;
use crate::tape::query::needed_for;
use crate::tape::value::Value;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use ndarray::{ArrayD, IxDyn};
use std::panic::Location;

/// Checks each operation of a program by itself, at the operands it gets when the program runs on `inputs`: the first
/// failure of the report is the first wrong operation, with its line. Of a loop the operations of its body are checked,
/// where the first and the last step have them, and then the loop.
///
/// ```
/// use autodiff::{Input, Tape, check};
/// let tape = Tape::<f64>::new();
/// let x = tape.input([1.0, 2.0]);
/// let program = tape.program(&[x.tanh().sum(..)])?;
/// assert!(check::nodes(&program, &[Input::real([1.0, 2.0])])?.failures().is_empty());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`check::program`](super::program).
pub fn nodes(program: &Program<f64>, inputs: &[Input<f64>]) -> Result<Report> {
    Check::new().elements(16).nodes(program, inputs)
}

/// Checks each operation that `y` was computed with, node by node, at the values the tape recorded: as [`nodes`].
///
/// ```
/// use autodiff::{Tape, check};
/// let tape = Tape::<f64>::new();
/// let x = tape.input([1.0, 2.0]);
/// let y = (x * x).sum(..).sqrt();
/// assert!(check::tape(y)?.failures().is_empty());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`check::program`](super::program); [`ErrorKind::NoValue`] on a tape that records without values.
pub fn tape(y: Var<'_, f64>) -> Result<Report> {
    Check::new().elements(16).tape(y)
}

/// Compares a rule given to [`Tape::with_rule`] with the reverse derivative of the composition it replaces, at the
/// operands where `y`, the result of `with_rule`, was recorded.
///
/// Where the composition's own derivative is not finite, or a zero met a factor that is not (often the reason to have a
/// rule), it is *unchecked*; check at operands where it is. They agree to 1e-8 relative in f64 and 1e-4 in f32.
///
/// ```
/// use autodiff::{Tape, check};
/// let tape = Tape::<f64>::new();
/// let x = tape.input([-1.0, 0.5]);
/// let softplus = tape.with_rule(
///     "doc::softplus",
///     &[x],
///     |x| (x[0].exp() + 1.0).log(),
///     |at, dy| at.one(|| dy * at.x(0).sigmoid()),
/// )?;
/// assert_eq!(check::custom_rule(softplus)?.verdict(), check::Verdict::Pass);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Mismatch`] if `y` is not the result of [`Tape::with_rule`]; otherwise as
/// [`check::program`](super::program).
pub fn custom_rule<F: Real>(y: Var<'_, F>) -> Result<Report> {
    y.shape()?;
    let not_custom = || {
        Error::new(ErrorKind::Mismatch, "custom_rule", "this is not the result of `with_rule`")
            .at(y.origin())
            .with_operand(y.tape.describe(y.id, "y"))
    };
    let (primitive, operands) = y.tape.with_node(y.id, |node| match &node.op {
        Op::Apply(primitive) => Ok((primitive.clone(), node.inputs.clone())),
        _ => Err(not_custom()),
    })?;
    let composed = match primitive.bodies() {
        [body] if matches!(primitive.kernel(&[]), Kernel::Program) => body,
        _ => return Err(not_custom()),
    };
    let inputs = operands.iter().map(|id| recorded(y.tape, *id)).collect::<Result<Vec<_>>>()?;
    let wrt: Vec<usize> = (0..inputs.len()).collect();
    let place = y.origin();
    let (given, own) = (application(&primitive, &inputs, Some(&place))?.vjp(&wrt)?, composed.vjp(&wrt)?);
    let mut generator = Generator::new(0);
    let shape = y.shape()?;
    let zeta = ArrayD::from_shape_simple_fn(IxDyn(&shape), || F::of(generator.uniform(0.5, 1.5)));
    let seeded: Vec<Input<F>> = inputs.into_iter().chain([Input::Real(zeta.clone())]).collect();
    let conventional = own.after_strong_zeros(&seeded)?;
    let (given, own) = (given.run(&seeded)?, own.run(&seeded)?);
    let mut report = Report::default();
    let relative = F::epsilon().double().powf(0.5).clamp(1e-8, 1e-4);
    for (i, (given, own)) in given.iter().zip(&own).enumerate() {
        // Cancellation in the composition is measured against the largest cotangent of the operand.
        let largest = own.iter().map(|x| x.double().abs()).filter(|x| x.is_finite()).fold(0.0, f64::max);
        let operand = operand_name(y.tape, &primitive, &operands, i);
        for (position, ((index, given), own)) in given.indexed_iter().zip(own).enumerate() {
            let is_conventional = conventional.get(i).and_then(|elements| elements.get(position)) == Some(&true);
            let (analytic, numeric) = (given.double(), own.double());
            let tolerance = relative * (analytic.abs() + numeric.abs()) + 1e-4 * relative * largest;
            let spot = || Spot {
                order: 1,
                method: Method::Rule,
                operation: primitive.name().to_owned(),
                place: Some(place.clone()),
                operand: operand.clone(),
                element: ndarray::Dimension::slice(&index).to_vec(),
                seed: zeta.iter().map(|x| x.double()).collect(),
            };
            if !numeric.is_finite() {
                report.unchecked.push(Unchecked { spot: spot(), reason: Reason::NotFinite });
                continue;
            }
            if is_conventional {
                report.unchecked.push(Unchecked { spot: spot(), reason: Reason::StrongZero });
                continue;
            }
            report.measure(numeric, analytic);
            if (analytic - numeric).abs() <= tolerance {
                report.passed += 1;
                report.measured += 1;
            } else {
                report.failures.push(Failure { spot: spot(), analytic, numeric, tolerance });
            }
        }
    }
    Ok(report)
}

impl Check {
    /// As [`nodes`], with these settings.
    ///
    /// # Errors
    /// As [`check::program`](super::program).
    pub fn nodes(&self, program: &Program<f64>, inputs: &[Input<f64>]) -> Result<Report> {
        let mut values = program.bind(inputs)?;
        for id in program.nodes.ids() {
            program.evaluate(id, &mut values)?;
        }
        self.each(program, &|id| Input::known(&values[id], &program.nodes[id].shape))
    }

    /// As [`tape`], with these settings.
    ///
    /// # Errors
    /// As [`tape`].
    pub fn tape(&self, y: Var<'_, f64>) -> Result<Report> {
        let program = y.tape.program(&[y])?;
        // The program keeps what `y` needs and all inputs, in the order of the tape.
        let needed = y.tape.with_nodes(|nodes, _| needed_for(nodes, [y.id]));
        let is_input = |id: NodeId| y.tape.with_node(id, |node| matches!(node.op, Op::Input(_)));
        let kept = NodeId::all(y.tape.len()).filter(|id| needed.find(*id) == Some(&true) || is_input(*id));
        let mut origin: IdVec<NodeId> = IdVec::new();
        for id in kept {
            origin.push(id);
        }
        self.each(&program, &|id| y.tape.with_value(origin[id], Input::known))
    }

    fn each(&self, program: &Program<f64>, value: &dyn Fn(NodeId) -> Option<Input<f64>>) -> Result<Report> {
        let mut report = Report::default();
        for (id, node) in program.nodes.iter() {
            let Op::Apply(primitive) = &node.op else { continue };
            let missing = || Error::new(ErrorKind::NoValue, "check", format!("an operand of {id} has no value"));
            let inputs: Option<Vec<Input<f64>>> = node.inputs.iter().map(|operand| value(*operand)).collect();
            let inputs = inputs.ok_or_else(missing)?;
            // What is wrong in the body of a loop is named there, before the loop.
            let known = |id: NodeId| value(id).map_or(Value::Unknown, |input| input.value().0);
            if let Some(loop_) = MadeSteps::of(&program.nodes, id, &known)? {
                let (first, last) = (loop_.made.first(), loop_.made.iter().skip(1).last());
                for (_, inputs) in first.into_iter().chain(last) {
                    report.join(self.nodes(&loop_.body, inputs)?);
                }
            }
            let place = program.labels.place(node);
            let single = application(primitive, &inputs, Some(&place))?;
            let (operation, place) = (label(primitive), Some(&place));
            report.join(Subject { program: &single, inputs: &inputs, operation: &operation, place }.check(self)?);
        }
        Ok(report)
    }
}

/// A program that applies one primitive, recorded at `place` if that is known; its inputs are called what the primitive
/// calls its operands.
#[track_caller]
pub(super) fn application<F: Real>(
    primitive: &PrimitiveRef<F>,
    inputs: &[Input<F>],
    place: Option<&Place>,
) -> Result<Program<F>> {
    let tape = Tape::symbolic();
    let scope = place.map_or(0, |place| tape.intern(&place.scope));
    let location = place.map_or(Some(Location::caller()), |place| place.location);
    tape.placed(scope, location, || {
        let mut args = Vec::new();
        for (i, (kind, shape)) in kinds(inputs).into_iter().enumerate() {
            let arg = tape.placeholder(kind, shape);
            if let Some((name, _)) = primitive.signature().operand(i) {
                tape.set_name(arg.parts().1, name);
            }
            args.push(arg);
        }
        let types: Vec<Type> = kinds(inputs).into_iter().map(|(kind, shape)| Type { kind, shape }).collect();
        let kinds: Vec<Kind> = match primitive.results(&types) {
            Ok(results) => results.iter().map(|result| result.kind).collect(),
            Err(_) => vec![Kind::Real],
        };
        // What is checked are the results that are arrays of reals.
        let results = tape.record_list(primitive.clone(), &args, &kinds);
        let reals: Vec<Arg<'_, F>> = results.into_iter().filter(|result| result.kind() == Kind::Real).collect();
        tape.program(&reals)
    })
}

/// What operand `i` is called: by its own name, or else by the primitive.
fn operand_name<F: Real>(tape: &Tape<F>, primitive: &PrimitiveRef<F>, operands: &[NodeId], i: usize) -> String {
    let named =
        operands.get(i).and_then(|id| tape.with_nodes(|_, labels| labels.name(*id).map(|name| name.to_string())));
    named.unwrap_or_else(|| primitive.signature().operand(i).map_or(i.to_string(), |(name, _)| name.to_string()))
}

fn recorded<F: Real>(tape: &Tape<F>, id: NodeId) -> Result<Input<F>> {
    let missing = || Error::new(ErrorKind::NoValue, "check", "this tape is symbolic: its nodes have no values");
    tape.with_value(id, Input::known).ok_or_else(|| missing().at(tape.place_of(id)))
}
