//! One application of a primitive, as a walk finds it, and the contract its rules are held to.

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::NodeId;
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::primitive::{Derivative, PrimitiveRef, RuleContext, Tangents};
use crate::tape::node::{Node, Op};
use crate::tape::query::results_of;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use smallvec::SmallVec;

/// A node that applies a primitive, with what its rules need.
pub(crate) struct Application<'t, F: Real> {
    pub(crate) primitive: PrimitiveRef<F>,
    inputs: SmallVec<[Arg<'t, F>; 2]>,
    output: Var<'t, F>,
    /// Which operands' derivatives are asked for.
    wants: SmallVec<[bool; 2]>,
    /// The number of results.
    pub(crate) results: usize,
}

impl<'t, F: Real> Application<'t, F> {
    /// What node `id` applies, if anything, and if `wanted` asks for the derivative of any of its operands that is an array
    /// of reals.
    #[inline]
    pub(crate) fn of(tape: &'t Tape<F>, id: NodeId, wanted: impl Fn(NodeId, &Node<F>) -> bool) -> Option<Self> {
        tape.with_nodes(|nodes, _| {
            let node = &nodes[id];
            let Op::Apply(primitive) = &node.op else { return None };
            let arg = |id: NodeId| Arg::of(tape, id, nodes[id].kind);
            let wants = |id: NodeId| nodes[id].kind == Kind::Real && wanted(id, &nodes[id]);
            // Built in place: almost all operations have one or two operands.
            let (inputs, wants): (SmallVec<_>, SmallVec<[bool; 2]>) = match &*node.inputs {
                [a] => (SmallVec::from_buf_and_len([arg(*a); 2], 1), SmallVec::from_buf_and_len([wants(*a); 2], 1)),
                [a, b] => (SmallVec::from_buf([arg(*a), arg(*b)]), SmallVec::from_buf([wants(*a), wants(*b)])),
                all => (all.iter().map(|id| arg(*id)).collect(), all.iter().map(|id| wants(*id)).collect()),
            };
            wants.contains(&true).then(|| Application {
                primitive: primitive.clone(),
                inputs,
                output: tape.var(id),
                wants,
                results: results_of(nodes, id).len(),
            })
        })
    }

    pub(crate) fn context<'a>(&'a self, cotangents: &'a [Option<Var<'t, F>>]) -> RuleContext<'a, 't, F> {
        RuleContext { inputs: &self.inputs, output: self.output, wants: &self.wants, cotangents }
    }

    /// Runs the tangent rule on `dx` and holds it to its contract: one answer for each result, of its shape.
    pub(crate) fn tangents(&self, dx: &[Option<Var<'t, F>>]) -> Result<Tangents<'t, F>> {
        let (tape, id) = (self.output.tape, self.output.id);
        let answers = self.primitive.tangent(&self.context(&[]), dx);
        if answers.len() != self.results {
            let message = format!("the tangent rule answered for {} of {} results", answers.len(), self.results);
            let help =
                "a primitive with several results writes `tangent`: one answer for each, `None` for indices and keys";
            return Err(faulty(tape, id, &self.primitive, message).with_help(help));
        }
        for (i, answer) in answers.iter().enumerate() {
            if let Derivative::Of(dy) = answer {
                check_shape(tape, id, &self.primitive, *dy, NodeId::new(id.index() + i))?;
            }
        }
        Ok(answers)
    }
}

/// Runs the reverse rule of `application` on the cotangents of its results, holds it to its contract, and hands on what it
/// answers for each operand that is asked for, with the operand's number. What the rule records stands where the tape
/// records now.
#[inline(always)]
pub(crate) fn apply_rule<'t, F: Real>(
    application: &Application<'t, F>,
    cotangents: &[Option<Var<'t, F>>],
    mut answered: impl FnMut(usize, NodeId, Derivative<'t, F>) -> Result<()>,
) -> Result<()> {
    let Application { primitive, inputs, output, wants, .. } = application;
    let (inputs, wants) = (inputs.as_slice(), wants.as_slice());
    let (tape, id) = (output.tape, output.id);
    let answers = primitive.reverse(&RuleContext { inputs, output: *output, wants, cotangents });
    let answers = answers.as_slice();
    if answers.len() != wants.len() {
        let message = format!("the reverse rule answered for {} of {} operands", answers.len(), wants.len());
        return Err(faulty(tape, id, primitive, message));
    }
    for (slot, ((answer, operand), wanted)) in answers.iter().zip(inputs).zip(wants).enumerate() {
        if *wanted {
            if let Derivative::Of(dx) = answer {
                check_shape(tape, id, primitive, *dx, operand.id())?;
            }
            answered(slot, operand.id(), *answer)?;
        }
    }
    Ok(())
}

/// The error of a derivative that is itself an error, or has another shape than `like`, which it is the derivative of.
#[inline]
fn check_shape<F: Real>(
    tape: &Tape<F>,
    id: NodeId,
    primitive: &PrimitiveRef<F>,
    derivative: Var<'_, F>,
    like: NodeId,
) -> Result<()> {
    if !std::ptr::eq(derivative.tape, tape) {
        return Err(faulty(tape, id, primitive, "a rule answered with a var of another tape".into()));
    }
    let fits = tape.with_nodes(|nodes, _| {
        let node = &nodes[derivative.id];
        node.shape == nodes[like].shape && !matches!(node.op, Op::Error(_))
    });
    if fits { Ok(()) } else { Err(misshapen(tape, id, primitive, derivative, like)) }
}

#[cold]
fn misshapen<F: Real>(
    tape: &Tape<F>,
    id: NodeId,
    primitive: &PrimitiveRef<F>,
    derivative: Var<'_, F>,
    like: NodeId,
) -> Error {
    let message = match derivative.shape() {
        Ok(shape) => {
            let expected = tape.with_node(like, |node| node.shape.clone());
            format!("a rule answered with a derivative of shape {shape} where {expected} belongs")
        }
        Err(error) if error.operation() == "rule" => error.message().into(),
        Err(error) => format!("a rule failed in `{}`: {}", error.operation(), error.message()),
    };
    faulty(tape, id, primitive, message)
}

#[cold]
fn faulty<F: Real>(tape: &Tape<F>, id: NodeId, primitive: &PrimitiveRef<F>, message: String) -> Error {
    Error::new(ErrorKind::FaultyRule, primitive.name(), message)
        .at(tape.place_of(id))
        .with_operand(tape.describe(id, "y"))
}
