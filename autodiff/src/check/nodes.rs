//! Node by node: the first wrong operation, by name and line.

use super::Check;
use super::report::Report;
use super::subject::Subject;
use crate::base::error::{Error, ErrorKind, Place, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Kind, PrimitiveRef, Type};
use crate::program::scan::MadeSteps;
use crate::program::{Input, Program};
use crate::tape::node::Op;
use crate::tape::query::needed_for;
use crate::tape::value::Value;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
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
        let report = self.each(program, &|id| Input::known(&values[id], &program.nodes[id].shape))?;
        Ok(report.with_run(program, inputs))
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
        let report = self.each(&program, &|id| y.tape.with_value(origin[id], Input::known))?;
        let inputs = program.input_ids().iter().map(|id| y.tape.with_value(origin[*id], Input::known));
        Ok(match inputs.collect::<Option<Vec<_>>>() {
            Some(inputs) => report.with_run(&program, &inputs),
            None => report,
        })
    }

    fn each(&self, program: &Program<f64>, value: &dyn Fn(NodeId) -> Option<Input<f64>>) -> Result<Report> {
        let mut report = Report::default();
        let applications = program.nodes.iter().filter(|(_, node)| matches!(node.op, Op::Apply(_))).count();
        let each = self.clone().work(self.work / applications.max(1) as u64);
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
                    report.join(each.nodes(&loop_.body, inputs)?);
                }
            }
            let place = program.labels.place(node);
            let single = application(primitive, &inputs, Some(&place))?;
            let operation = label(primitive);
            let mut subject = Subject::new(&single, &inputs, &operation, Some(&place));
            // An operand that the user has named is called that.
            for (name, operand) in subject.names.iter_mut().zip(node.inputs.iter()) {
                if let Some(own) = program.labels.name(*operand) {
                    *name = own.to_string();
                }
            }
            report.join(subject.check(&each)?);
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

/// `name(attributes)`.
pub(super) fn label<F: Real>(primitive: &PrimitiveRef<F>) -> String {
    let attributes = primitive.attributes();
    if attributes.is_empty() { primitive.name().to_owned() } else { format!("{}({attributes})", primitive.name()) }
}

/// The kinds and shapes of inputs.
fn kinds<F: Real>(inputs: &[Input<F>]) -> Vec<(Kind, Shape)> {
    let kind = |input: &Input<F>| match input {
        Input::Real(x) => (Kind::Real, x.shape().into()),
        Input::Index(x) => (Kind::Index, x.shape().into()),
        Input::Key(_) => (Kind::Key, Shape::scalar()),
    };
    inputs.iter().map(kind).collect()
}
