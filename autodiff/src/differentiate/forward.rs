//! Forward mode: dF(ξ), the differentials of the primitives one after the other.

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::differentiate::application::{Application, apply_rule};
use crate::primitive::Derivative;
use crate::tape::node::{Node, Op};

use crate::tape::Tape;
use crate::tape::query::{needed_for, results_of, same_tape, types_of};
use crate::tape::value::Value;
use crate::tape::var::Var;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// # Derivatives, from the operands on
impl<'t, F: Real> Var<'t, F> {
    /// The differential of this value along `directions`, pairs (x, ẋ): dF(ξ), recorded on the tape.
    ///
    /// A variable that is not listed does not move. The cost is a small multiple of the forward pass, whatever the
    /// number of elements.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(3.0);
    /// let y = x * x;
    /// let dy = y.pushforward(&[(x, tape.constant(10.0))]).unwrap();
    /// assert_eq!(dy.item().unwrap(), 60.0);
    /// ```
    ///
    /// # Errors
    /// The error of the operation this comes from; [`ErrorKind::Mismatch`] if a direction has another shape than its
    /// variable; [`ErrorKind::NotDifferentiable`] if the way leads through an operation without a derivative.
    #[track_caller]
    pub fn pushforward(self, directions: &[(Var<'t, F>, Var<'t, F>)]) -> Result<Var<'t, F>> {
        match pushforward(self.tape, &[self], directions)?.as_slice() {
            [tangent] => Ok(*tangent),
            _ => Err(Error::new(ErrorKind::FaultyRule, "pushforward", "one result has one tangent")),
        }
    }
}

/// The recorded tangents of several results of one tape.
#[track_caller]
pub(crate) fn pushforward<'t, F: Real>(
    tape: &'t Tape<F>,
    results: &[Var<'t, F>],
    directions: &[(Var<'t, F>, Var<'t, F>)],
) -> Result<Vec<Var<'t, F>>> {
    let (tangents, refused) = walk_forward(tape, results, directions)?;
    let mut answers = Vec::new();
    // Loops and matches, because what a closure records would be attributed to this file.
    for y in results {
        if let Some((by, reason)) = refused.get(&y.id) {
            let operation = tape.with_node(*by, |node| node.operation());
            let error = Error::new(ErrorKind::NotDifferentiable, operation, *reason).at(tape.place_of(*by));
            return Err(error.with_operand(tape.describe(*by, "y")));
        }
        answers.push(match tangents[y.id] {
            Some(tangent) => tangent,
            None => y.number(0.0).broadcast_to(y.shape()?),
        });
    }
    Ok(answers)
}

/// As [`pushforward`], and where there is no tangent, which of the nothings it is.
pub(crate) fn pushforward_each<'t, F: Real>(
    tape: &'t Tape<F>,
    results: &[Var<'t, F>],
    directions: &[(Var<'t, F>, Var<'t, F>)],
) -> Result<Vec<Derivative<'t, F>>> {
    let (tangents, refused) = walk_forward(tape, results, directions)?;
    let answer = |y: &Var<'t, F>| match (refused.get(&y.id), tangents[y.id]) {
        (Some((_, reason)), _) => Derivative::Refused(reason),
        (None, Some(dy)) => Derivative::Of(dy),
        (None, None) => Derivative::None,
    };
    Ok(results.iter().map(answer).collect())
}

/// The nodes whose tangent there is not, with the node that refuses and its reason.
type Refusals = BTreeMap<NodeId, (NodeId, &'static str)>;

/// The tangents of all nodes that `results` are computed from.
#[track_caller]
fn walk_forward<'t, F: Real>(
    tape: &'t Tape<F>,
    results: &[Var<'t, F>],
    directions: &[(Var<'t, F>, Var<'t, F>)],
) -> Result<(IdVec<Option<Var<'t, F>>>, Refusals)> {
    for y in results {
        y.shape()?;
    }
    let needed = tape.with_nodes(|nodes, _| needed_for(nodes, results.iter().map(|y| y.id)));
    let mut tangents: IdVec<Option<Var<'t, F>>> = IdVec::filled(needed.len(), || None);
    for (x, dx) in directions {
        for (var, role) in [(x, "variable"), (dx, "direction")] {
            same_tape(tape, *var, "pushforward", role).map_err(|error| match results.first() {
                Some(y) => error.with_operand(tape.describe(y.id, "result")),
                None => error,
            })?;
        }
        let (expected, given) = (x.shape()?, dx.shape()?);
        if expected != given {
            let message = format!("the direction has shape {given}, the variable {expected}");
            let error = Error::new(ErrorKind::Mismatch, "pushforward", message).at(x.origin());
            return Err(error.with_operand(tape.describe(x.id, "x")));
        }
        // A variable that is listed twice moves in both directions.
        tangents[x.id] = Some(match tangents[x.id] {
            Some(sum) => sum + *dx,
            None => *dx,
        });
    }
    // The nodes whose tangent there is not, with the node that refuses and its reason: an error only if a result needs
    // one of them, which it does not where a comparison is the condition of `select`.
    let mut refused = Refusals::new();
    for id in needed.ids().filter(|id| needed[*id]) {
        // The tangents of all results come with those of the first; a direction may be given for any of them.
        let further = tape.with_node(id, |node| matches!(node.op, Op::Result));
        let results = tape.with_nodes(|nodes, _| results_of(nodes, id));
        if further || results.clone().all(|result| tangents[result].is_some()) {
            continue;
        }
        if let Some(refusal) = poisoned(tape, id, &refused)? {
            results.for_each(|result| {
                refused.insert(result, refusal);
            });
            continue;
        }
        let moves = |operand: NodeId, _: &Node<F>| tangents[operand].is_some();
        let Some(application) = Application::of(tape, id, moves) else { continue };
        let operands = tape.with_node(id, |node| node.inputs.clone());
        let dx: SmallVec<[Option<Var<'t, F>>; 2]> = operands.iter().map(|operand| tangents[*operand]).collect();
        let answers = tape.on_behalf(id, || application.tangents(&dx))?;
        for (i, answer) in answers.into_iter().enumerate() {
            let result = NodeId::new(id.index() + i);
            match answer {
                Derivative::Of(dy) if tangents[result].is_none() => tangents[result] = Some(dy),
                Derivative::Of(_) | Derivative::Zero | Derivative::None => {}
                Derivative::Refused(reason) => {
                    refused.insert(result, (id, reason));
                }
            }
        }
    }
    Ok((tangents, refused))
}

/// The refusal behind one of the operands of node `id`, if the node's derivative depends on that operand: the reverse
/// rule knows, and its answer is forgotten again.
fn poisoned<F: Real>(tape: &Tape<F>, id: NodeId, refused: &Refusals) -> Result<Option<(NodeId, &'static str)>> {
    if refused.is_empty() {
        return Ok(None);
    }
    tape.scratch(id, |tape| {
        let Some(application) = Application::of(tape, id, |operand, _| refused.contains_key(&operand)) else {
            return Ok(None);
        };
        let mut found = None;
        let mut dy: SmallVec<[Option<Var<'_, F>>; 1]> = SmallVec::new();
        for result in tape.with_nodes(|nodes, _| types_of(nodes, id)) {
            let real = result.kind == Kind::Real;
            dy.push(real.then(|| tape.constant_value(Value::Splat(F::one()), result.shape)));
        }
        apply_rule(&application, &dy, |_, operand, answer| {
            if matches!(answer, Derivative::Of(_) | Derivative::Refused(_)) {
                found = found.or(refused.get(&operand).copied());
            }
            Ok(())
        })?;
        Ok(found)
    })
}
