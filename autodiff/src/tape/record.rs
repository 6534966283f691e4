//! Recording: an operation becomes a node, with its value, or an error with everything the user needs.

use crate::base::error::{Error, ErrorKind, Mismatch, Place, Refusal};
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Kind, PrimitiveRef, Signature};
use crate::tape::node::{Node, Op, Operands, describe, describe_operands, evaluate};
use crate::tape::value::Value;
use crate::tape::var::Var;
use crate::tape::{Arg, State, Tape};
use smallvec::SmallVec;
use std::panic::Location;

impl<F: Real> Tape<F> {
    /// Applies `primitive` to `inputs`: shape rule, evaluation, one node.
    ///
    /// This is what every method of [`Var`] does; it is public so that primitives of other crates can do it too.
    #[track_caller]
    pub fn record<'t>(&'t self, primitive: impl Into<PrimitiveRef<F>>, inputs: &[Arg<'t, F>]) -> Var<'t, F> {
        self.apply(primitive.into(), inputs, Location::caller())
    }

    fn apply<'t>(
        &'t self,
        primitive: PrimitiveRef<F>,
        inputs: &[Arg<'t, F>],
        location: &'static Location<'static>,
    ) -> Var<'t, F> {
        // Almost all operations have one or two operands: compiled for each number, loops over them are straight lines.
        match inputs {
            [a] => self.append(primitive, &[*a], &[a.id()], location),
            [a, b] => self.append(primitive, &[*a, *b], &[a.id(), b.id()], location),
            _ => self.append(primitive, inputs, &inputs.iter().map(Arg::id).collect::<SmallVec<[_; 8]>>(), location),
        }
    }

    #[inline(always)]
    fn append<'t>(
        &'t self,
        primitive: PrimitiveRef<F>,
        inputs: &[Arg<'t, F>],
        ids: &[NodeId],
        location: &'static Location<'static>,
    ) -> Var<'t, F> {
        if inputs.iter().any(|arg| !std::ptr::eq(arg.parts().0, self)) {
            return self.mixed_tapes(primitive.name(), inputs, location);
        }
        let mut guard = self.state.borrow_mut();
        let state = &mut *guard;
        let mut active = false;
        for id in ids {
            let node = &state.nodes[*id];
            // An error is passed on as it is: the first one is what the user has to see.
            if matches!(node.op, Op::Error(_)) {
                return self.var(*id);
            }
            active |= node.active;
        }
        let (value, shape) = match state.result(&primitive, ids, self.evaluates) {
            Ok(result) => result,
            Err(failure) => return self.var(state.push_failure(&primitive, ids, failure, location)),
        };
        let (scope, location) = state.here(location);
        let (op, inputs) = (Op::Apply(primitive), Operands::from(ids));
        self.var(state.push(Node { op, inputs, shape, kind: Kind::Real, active, scope, location }, value))
    }

    /// Records that `operation` does not fit its operands: for methods that check before they apply a primitive.
    #[track_caller]
    pub fn refuse<'t>(&'t self, operation: &str, inputs: &[Arg<'t, F>], mismatch: Mismatch) -> Var<'t, F> {
        let location = Location::caller();
        let mut state = self.state.borrow_mut();
        let known = inputs.iter().filter(|arg| std::ptr::eq(arg.parts().0, self));
        let ids: SmallVec<[NodeId; 2]> = known.map(Arg::id).collect();
        if let Some(error) = ids.iter().find(|id| matches!(state.nodes[**id].op, Op::Error(_))) {
            return self.var(*error);
        }
        let roles = ["a", "b", "c"];
        let lines = ids.iter().zip(roles).map(|(id, role)| describe(&state.nodes, &state.labels, *id, role)).collect();
        let error = state.report(ErrorKind::Mismatch, operation, mismatch, lines, location);
        let id = state.push_error(error, location);
        drop(state);
        self.var(id)
    }

    /// Records that `primitive` does not fit its operands, which are all on this tape.
    #[track_caller]
    pub(crate) fn misfit<'t>(
        &'t self,
        primitive: &PrimitiveRef<F>,
        inputs: &[Arg<'t, F>],
        mismatch: Mismatch,
    ) -> Var<'t, F> {
        let location = Location::caller();
        let mut state = self.state.borrow_mut();
        let ids: SmallVec<[NodeId; 2]> = inputs.iter().map(Arg::id).collect();
        let id = state.push_failure(primitive, &ids, Failure::Shapes(mismatch), location);
        self.var(id)
    }

    pub(crate) fn broken_rule(&self, message: String) -> Var<'_, F> {
        let mut state = self.state.borrow_mut();
        let location = Location::caller();
        let id = state.push_error(Error::new(ErrorKind::FaultyRule, "rule", message), location);
        drop(state);
        self.var(id)
    }

    #[cold]
    pub(crate) fn mixed_tapes<'t>(
        &'t self,
        operation: &str,
        inputs: &[Arg<'t, F>],
        location: &'static Location<'static>,
    ) -> Var<'t, F> {
        let mut error = Error::new(
            ErrorKind::TapesMixed,
            operation,
            "the operands are on different tapes; an operation needs all its operands on one",
        );
        for (i, arg) in inputs.iter().enumerate() {
            let (tape, id) = arg.parts();
            let whose = if std::ptr::eq(tape, self) { "this tape" } else { "another tape" };
            let state = tape.state.borrow();
            error = error.with_operand(describe(&state.nodes, &state.labels, id, &format!("operand {i}, of {whose}")));
        }
        let mut state = self.state.borrow_mut();
        let error = error.at(state.place(location)).with_help(BRING_OVER);
        let id = state.push_error(error, location);
        drop(state);
        self.var(id)
    }
}

/// What to do about a var of another tape.
pub(crate) const BRING_OVER: &str = "bring the value over with `tape.input(x.value()?)` or `tape.constant(x.value()?)`";

/// Why an operation could not be recorded.
enum Failure {
    Shapes(Mismatch),
    Values(Refusal),
}

impl<F: Real> State<F> {
    /// The value and the shape of `primitive` applied to the nodes `ids`.
    #[inline(always)]
    fn result(
        &self,
        primitive: &PrimitiveRef<F>,
        ids: &[NodeId],
        evaluates: bool,
    ) -> Result<(Value<F>, Shape), Failure> {
        let shape = self.shape_of(primitive, ids).map_err(Failure::Shapes)?;
        let value = match evaluates {
            true => evaluate(&self.nodes, &self.values, &**primitive, ids, &shape).map_err(Failure::Values)?,
            false => Value::Unknown,
        };
        Ok((value, shape))
    }

    /// The scope, and the line that what `location` records is attributed to.
    #[inline(always)]
    pub(crate) fn here(&self, location: &'static Location<'static>) -> (u32, Option<&'static Location<'static>>) {
        (self.scope, self.attributed.unwrap_or(Some(location)))
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, node: Node<F>, value: Value<F>) -> NodeId {
        // The larger one first: while memory grows, what is still to come waits on the stack.
        let id = self.nodes.push(node);
        self.values.push(value);
        id
    }

    fn place(&self, location: &'static Location<'static>) -> Place {
        let (scope, location) = self.here(location);
        Place { location, scope: self.labels.scope(scope).into() }
    }

    pub(crate) fn push_error(&mut self, error: Error, location: &'static Location<'static>) -> NodeId {
        let (scope, location) = self.here(location);
        let (op, inputs, shape) = (Op::Error(error), Operands::NONE, Shape::scalar());
        self.push(Node { op, inputs, shape, kind: Kind::Real, active: false, scope, location }, Value::Unknown)
    }

    #[inline(always)]
    fn shape_of(&self, primitive: &PrimitiveRef<F>, ids: &[NodeId]) -> Result<Shape, Mismatch> {
        let signature = primitive.signature();
        let fits = match signature {
            Signature::Fixed(operands) => {
                operands.len() == ids.len()
                    && operands.iter().zip(ids).all(|((_, kind), id)| self.nodes[*id].kind == *kind)
            }
            Signature::Variadic => !ids.is_empty() && ids.iter().all(|id| self.nodes[*id].kind == Kind::Real),
        };
        if !fits {
            return Err(self.unlike(signature, ids));
        }
        let shape = match ids {
            [a] => primitive.shape(&[&self.nodes[*a].shape])?,
            [a, b] => primitive.shape(&[&self.nodes[*a].shape, &self.nodes[*b].shape])?,
            _ => primitive.shape(&ids.iter().map(|id| &self.nodes[*id].shape).collect::<SmallVec<[_; 8]>>())?,
        };
        match shape.is_addressable::<F>() {
            true => Ok(shape),
            false => Err(Mismatch::new(format!("the result would be too large: {shape}"))),
        }
    }

    /// Why the nodes `ids` are not, in number and kind, the operands of `signature`.
    #[cold]
    fn unlike(&self, signature: Signature, ids: &[NodeId]) -> Mismatch {
        let expected = match signature {
            Signature::Fixed([_]) if ids.len() != 1 => "1 operand".into(),
            Signature::Fixed(operands) if ids.len() != operands.len() => format!("{} operands", operands.len()),
            Signature::Variadic if ids.is_empty() => "one or more operands".into(),
            _ => {
                let wrong = |(i, id): (usize, &NodeId)| {
                    let (role, expected) = signature.operand(i)?;
                    let got = self.nodes[*id].kind;
                    (got != expected).then(|| format!("{role} should be {}, not {}", expected.words(), got.words()))
                };
                return Mismatch::new(ids.iter().enumerate().find_map(wrong).unwrap_or_default());
            }
        };
        Mismatch::new(format!("takes {expected}, got {}", ids.len()))
    }

    /// Records an error node: `primitive` could not be applied to the nodes `ids`.
    #[cold]
    fn push_failure(
        &mut self,
        primitive: &PrimitiveRef<F>,
        ids: &[NodeId],
        failure: Failure,
        location: &'static Location<'static>,
    ) -> NodeId {
        let lines = describe_operands(&self.nodes, &self.labels, &**primitive, ids);
        let (kind, mismatch) = match failure {
            Failure::Values(refusal) => (ErrorKind::Refused, Mismatch::new(refusal.message)),
            Failure::Shapes(mut mismatch) => {
                mismatch.help = mismatch.help.or_else(|| self.suggestion(primitive, ids));
                (ErrorKind::Mismatch, mismatch)
            }
        };
        let error = self.report(kind, primitive.name(), mismatch, lines, location);
        self.push_error(error, location)
    }

    fn report(
        &self,
        kind: ErrorKind,
        operation: &str,
        mismatch: Mismatch,
        lines: Vec<String>,
        location: &'static Location<'static>,
    ) -> Error {
        let error = Error::new(kind, operation, mismatch.message).at(self.place(location));
        let error = lines.into_iter().fold(error, Error::with_operand);
        match mismatch.help {
            Some(help) => error.with_help(help),
            None => error,
        }
    }

    /// A remedy found by trying: would the operation fit with an operand transposed, or with the two exchanged?
    fn suggestion(&self, primitive: &PrimitiveRef<F>, ids: &[NodeId]) -> Option<String> {
        let signature = primitive.signature();
        // Indices cannot be transposed, nor stand where reals belong; and an operand alone has nothing to fit to.
        let last = ids.len().checked_sub(1).and_then(|last| signature.operand(last));
        if ids.len() < 2 || last.is_none() || ids.iter().any(|id| self.nodes[*id].kind() != Kind::Real) {
            return None;
        }
        let shapes: Vec<Shape> = ids.iter().map(|id| self.nodes[*id].shape.clone()).collect();
        let fits = |shapes: &[Shape]| primitive.shape(&shapes.iter().collect::<Vec<_>>()).ok();
        for (i, shape) in shapes.iter().enumerate().filter(|(_, shape)| shape.rank() == 2) {
            let mut trial = shapes.clone();
            if let Some(slot) = trial.get_mut(i) {
                *slot = shape.transposed();
            }
            if let Some(result) = fits(&trial) {
                let name = signature.operand(i).map_or("?", |(name, _)| name);
                return Some(format!("`{name}.transpose()` would fit and give {result}"));
            }
        }
        if let [a, b] = shapes.as_slice()
            && let Some(result) = fits(&[b.clone(), a.clone()])
        {
            return Some(format!("the operands exchanged would fit and give {result}"));
        }
        None
    }
}
