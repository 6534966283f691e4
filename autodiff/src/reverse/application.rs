//! One application of a primitive, as a walk finds it, and the contract its rules are held to.

use crate::arena::NodeId;
use crate::error::{Error, ErrorKind, Result};
use crate::node::{Node, Op};
use crate::primitive::{Cotangents, Derivative, PrimitiveRef, Site};
use crate::real::Real;
use crate::tape::{Arg, Tape};
use crate::var::Var;
use smallvec::SmallVec;

/// A node that applies a primitive, with what its rules need.
pub(crate) struct Application<'t, F: Real> {
    pub(crate) primitive: PrimitiveRef<F>,
    inputs: SmallVec<[Arg<'t, F>; 2]>,
    output: Var<'t, F>,
    /// Which operands' derivatives are asked for.
    pub(crate) wants: SmallVec<[bool; 8]>,
}

impl<'t, F: Real> Application<'t, F> {
    /// What node `id` applies, if anything; `wanted` says which operands' derivatives are asked for.
    #[inline]
    pub(crate) fn of(tape: &'t Tape<F>, id: NodeId, wanted: impl Fn(NodeId, &Node<F>) -> bool) -> Option<Self> {
        tape.with_nodes(|nodes, _| {
            let node = &nodes[id];
            let Op::Apply(primitive) = &node.op else { return None };
            let (mut inputs, mut wants) = (SmallVec::new(), SmallVec::new());
            for id in &node.inputs {
                let operand = &nodes[*id];
                inputs.push(Arg::of(tape, *id, operand.kind()));
                wants.push(wanted(*id, operand));
            }
            Some(Application { primitive: primitive.clone(), inputs, output: tape.var(id), wants })
        })
    }

    pub(crate) fn site(&self) -> Site<'_, 't, F> {
        Site { inputs: &self.inputs, output: self.output, wants: &self.wants }
    }

    /// The operands whose derivatives are asked for, and their numbers.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = (usize, NodeId)> {
        let operands = self.inputs.iter().map(|arg| arg.parts().1).enumerate();
        operands.zip(&self.wants).filter(|(_, wanted)| **wanted).map(|(operand, _)| operand)
    }
}

/// Runs the reverse rule of `application` on the cotangent `dy`, and holds the rule to its contract. What the rule
/// records stands where the tape records now.
#[inline]
pub(crate) fn apply_rule<'t, F: Real>(application: &Application<'t, F>, dy: Var<'t, F>) -> Result<Cotangents<'t, F>> {
    let Application { primitive, inputs, output, wants } = application;
    let mut answers = primitive.reverse(&application.site(), dy);
    if answers.len() != wants.len() {
        let message = format!("the reverse rule answered for {} operands of {}", answers.len(), wants.len());
        return Err(faulty(output.tape, output.id, primitive, message));
    }
    for ((answer, operand), wanted) in answers.iter_mut().zip(inputs).zip(wants) {
        if !*wanted {
            *answer = Derivative::None;
        }
        if let Derivative::Of(dx) = answer {
            check_shape(output.tape, output.id, primitive, *dx, operand.parts().1)?;
        }
    }
    Ok(answers)
}

/// The error of a derivative that is itself an error, or has another shape than `like`, which it is the derivative of.
#[inline]
pub(crate) fn check_shape<F: Real>(
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
