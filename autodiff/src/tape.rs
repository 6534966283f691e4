//! The tape: it records what the user's calls do, and evaluates as it goes.

use crate::arena::{Arena, NodeId};
use crate::error::{Error, ErrorKind, Mismatch, Place, Refusal};
use crate::kernels::Operand;
use crate::node::{Labels, Node, Op, describe};
use crate::primitive::{Kind, PrimitiveRef, Signature};
use crate::real::Real;
use crate::shape::Shape;
use crate::value::{self, IntoArray, Value};
use crate::var::{Index, Key, Var};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// A Wengert list: every operation on its [`Var`]s is appended as a node, with its value.
///
/// ```
/// use autodiff::Tape;
/// let tape = Tape::<f64>::new();
/// let x = tape.input(3.0);
/// let y = x * x + 2.0 * x;
/// assert_eq!(y.item().unwrap(), 15.0);
/// assert_eq!(y.backward().unwrap().item(x).unwrap(), 8.0);
/// ```
///
/// Operations never panic and need no `?`: one that does not fit records an error node, which later operations pass on
/// and which [`Var::value`], [`Var::backward`] and [`Tape::program`] return.
pub struct Tape<F: Real> {
    state: RefCell<State<F>>,
    evaluates: bool,
}

struct State<F: Real> {
    nodes: Arena<Node<F>>,
    values: Arena<Value<F>>,
    labels: Labels,
    scope: u32,
    /// The line that nodes are attributed to instead of their caller's.
    attributed: Option<&'static Location<'static>>,
}

/// An argument of an operation: any of the three kinds of handle.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'t, F: Real> {
    /// An array of reals.
    Real(Var<'t, F>),
    /// An array of indices.
    Index(Index<'t, F>),
    /// A random key.
    Key(Key<'t, F>),
}

impl<'t, F: Real> Arg<'t, F> {
    pub(crate) fn parts(&self) -> (&'t Tape<F>, NodeId) {
        match self {
            Arg::Real(x) => (x.tape, x.id),
            Arg::Index(x) => (x.tape, x.id),
            Arg::Key(x) => (x.tape, x.id),
        }
    }
}

impl<'t, F: Real> From<Var<'t, F>> for Arg<'t, F> {
    fn from(x: Var<'t, F>) -> Self {
        Arg::Real(x)
    }
}

impl<'t, F: Real> From<Index<'t, F>> for Arg<'t, F> {
    fn from(x: Index<'t, F>) -> Self {
        Arg::Index(x)
    }
}

impl<'t, F: Real> From<Key<'t, F>> for Arg<'t, F> {
    fn from(x: Key<'t, F>) -> Self {
        Arg::Key(x)
    }
}

impl<F: Real> Default for Tape<F> {
    fn default() -> Self {
        Tape::new()
    }
}

impl<F: Real> Tape<F> {
    /// An empty tape that evaluates what it records.
    pub fn new() -> Self {
        Tape::recording(true)
    }

    /// An empty tape that records without values: for transforms of programs.
    pub fn symbolic() -> Self {
        Tape::recording(false)
    }

    fn recording(evaluates: bool) -> Self {
        let state =
            State { nodes: Arena::new(), values: Arena::new(), labels: Labels::new(), scope: 0, attributed: None };
        Tape { state: RefCell::new(state), evaluates }
    }

    /// Forgets all nodes and keeps the memory. No handle can be left: they borrow the tape.
    pub fn clear(&mut self) {
        let state = self.state.get_mut();
        state.nodes.truncate(0);
        state.values.truncate(0);
        state.labels = Labels::new();
        state.scope = 0;
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.state.borrow().nodes.len()
    }

    /// Whether nothing was recorded yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // ---- leaves ----------------------------------------------------------------------------------------------------

    /// An input whose gradient [`Var::backward`] computes: a parameter, a point of interest.
    ///
    /// Takes a number, an ndarray array of any rank (an owned one is not copied), a `Vec`, or a fixed array.
    #[track_caller]
    pub fn input(&self, array: impl IntoArray<F>) -> Var<'_, F> {
        let (value, shape) = value::take(array);
        self.var(self.leaf(Op::Input(Kind::Real), value, shape, true))
    }

    /// An input whose gradient is of no interest: a batch of examples, a learning rate.
    #[track_caller]
    pub fn data(&self, array: impl IntoArray<F>) -> Var<'_, F> {
        let (value, shape) = value::take(array);
        self.var(self.leaf(Op::Input(Kind::Real), value, shape, false))
    }

    /// A number or array that is part of the program: replays use the same.
    #[track_caller]
    pub fn constant(&self, array: impl IntoArray<F>) -> Var<'_, F> {
        let (value, shape) = value::take(array);
        self.constant_value(value, shape)
    }

    #[track_caller]
    pub(crate) fn constant_value(&self, value: Value<F>, shape: Shape) -> Var<'_, F> {
        self.var(self.leaf(Op::Constant(value.clone()), value, shape, false))
    }

    /// Indices given from outside: labels, rows to gather.
    #[track_caller]
    pub fn index<D: ndarray::Dimension>(&self, indices: ndarray::Array<usize, D>) -> Index<'_, F> {
        let shape = Shape::from(indices.shape());
        let value = Value::Index(Arc::new(indices.iter().copied().collect()));
        Index { tape: self, id: self.leaf(Op::Input(Kind::Index), value, shape, false) }
    }

    /// A random key given from outside: a replay with another key draws other numbers.
    #[track_caller]
    pub fn key(&self, key: u64) -> Key<'_, F> {
        Key { tape: self, id: self.leaf(Op::Input(Kind::Key), Value::Key(key), Shape::scalar(), false) }
    }

    /// An input of which only kind and shape are known; what depends on it is recorded without values. An error var if
    /// no machine could hold an array of that shape.
    #[track_caller]
    pub fn placeholder(&self, kind: Kind, shape: impl Into<Shape>) -> Arg<'_, F> {
        self.unknown(kind, shape.into(), true)
    }

    #[track_caller]
    pub(crate) fn unknown(&self, kind: Kind, shape: Shape, active: bool) -> Arg<'_, F> {
        if !shape.is_addressable::<F>() {
            return self
                .refuse("placeholder", &[], Mismatch::new(format!("the array would be too large: {shape}")))
                .into();
        }
        let id = self.leaf(Op::Input(kind), Value::Unknown, shape, active && kind == Kind::Real);
        self.arg(id)
    }

    #[track_caller]
    fn leaf(&self, op: Op<F>, value: Value<F>, shape: Shape, active: bool) -> NodeId {
        let value = if self.evaluates { value } else { Value::Unknown };
        let location = Location::caller();
        self.state.borrow_mut().push(op, SmallVec::new(), shape, active, value, location)
    }

    // ---- operations ------------------------------------------------------------------------------------------------

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
        if inputs.iter().any(|arg| !std::ptr::eq(arg.parts().0, self)) {
            return self.mixed_tapes(primitive.name(), inputs, location);
        }
        let mut guard = self.state.borrow_mut();
        let state = &mut *guard;
        let ids: SmallVec<[NodeId; 2]> = inputs.iter().map(|arg| arg.parts().1).collect();
        // An error is passed on as it is: the first one is what the user has to see.
        if let Some(error) = ids.iter().find(|id| matches!(state.nodes[**id].op, Op::Error(_))) {
            return self.var(*error);
        }
        let result = state.shape_of(&primitive, &ids).and_then(|shape| {
            let value = if self.evaluates { state.evaluate(&primitive, &ids, &shape) } else { Ok(Value::Unknown) };
            match value {
                Ok(value) => Ok((value, shape)),
                Err(refusal) => Err(state.refused(&primitive, &ids, refusal, location)),
            }
            .map_err(Failure::Reported)
        });
        let id = match result {
            Ok((value, shape)) => {
                let active = ids.iter().any(|id| state.nodes[*id].active);
                state.push(Op::Apply(primitive), ids, shape, active, value, location)
            }
            Err(failure) => {
                let error = match failure {
                    Failure::Reported(error) => error,
                    Failure::Shapes(mismatch) => state.mismatch(&primitive, &ids, mismatch, location),
                };
                state.push_error(error, location)
            }
        };
        drop(guard);
        self.var(id)
    }

    /// Records that `operation` does not fit its operands: for methods that check before they apply a primitive.
    #[track_caller]
    pub fn refuse<'t>(&'t self, operation: &str, inputs: &[Arg<'t, F>], mismatch: Mismatch) -> Var<'t, F> {
        let location = Location::caller();
        let mut state = self.state.borrow_mut();
        let known = inputs.iter().filter(|arg| std::ptr::eq(arg.parts().0, self));
        let ids: SmallVec<[NodeId; 2]> = known.map(|arg| arg.parts().1).collect();
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
        let ids: SmallVec<[NodeId; 2]> = inputs.iter().map(|arg| arg.parts().1).collect();
        let error = state.mismatch(primitive, &ids, mismatch, location);
        let id = state.push_error(error, location);
        drop(state);
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

    // ---- names and places --------------------------------------------------------------------------------------------

    /// Records `body` in the scope `name`; scopes nest to paths such as `encoder.0`.
    ///
    /// Nodes, errors and print-outs carry the path.
    pub fn scope<R>(&self, name: &str, body: impl FnOnce() -> R) -> R {
        let (before, attributed) = {
            let mut state = self.state.borrow_mut();
            let outer = state.labels.scope(state.scope).to_owned();
            let path = if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") };
            let before = state.scope;
            state.scope = state.labels.intern(&path);
            (before, state.attributed)
        };
        let _restore = Restore { tape: self, scope: before, attributed };
        body()
    }

    /// Attributes what `body` records to the line of this function's caller, unless a caller further out did so already:
    /// for containers whose own lines tell the user nothing.
    #[track_caller]
    pub fn attributed<R>(&self, body: impl FnOnce() -> R) -> R {
        let location = Location::caller();
        let restore = {
            let mut state = self.state.borrow_mut();
            let restore = Restore { tape: self, scope: state.scope, attributed: state.attributed };
            state.attributed = Some(state.attributed.unwrap_or(location));
            restore
        };
        let result = body();
        drop(restore);
        result
    }

    /// Records `body` as if it stood where node `id` was recorded: what a rule records belongs to the user's line.
    pub(crate) fn on_behalf<R>(&self, id: NodeId, body: impl FnOnce() -> R) -> R {
        let (scope, location) = {
            let state = self.state.borrow();
            let node = &state.nodes[id];
            (node.scope, node.location)
        };
        self.placed(scope, location, body)
    }

    pub(crate) fn placed<R>(
        &self,
        scope: u32,
        location: Option<&'static Location<'static>>,
        body: impl FnOnce() -> R,
    ) -> R {
        let restore = {
            let mut state = self.state.borrow_mut();
            let restore = Restore { tape: self, scope: state.scope, attributed: state.attributed };
            state.scope = scope;
            state.attributed = location;
            restore
        };
        let result = body();
        drop(restore);
        result
    }

    pub(crate) fn intern(&self, path: &str) -> u32 {
        self.state.borrow_mut().labels.intern(path)
    }

    // ---- queries -----------------------------------------------------------------------------------------------------

    pub(crate) fn var(&self, id: NodeId) -> Var<'_, F> {
        Var { tape: self, id }
    }

    pub(crate) fn arg(&self, id: NodeId) -> Arg<'_, F> {
        match self.with_node(id, |node| node.kind()) {
            Kind::Real => Arg::Real(self.var(id)),
            Kind::Index => Arg::Index(Index { tape: self, id }),
            Kind::Key => Arg::Key(Key { tape: self, id }),
        }
    }

    pub(crate) fn with_node<R>(&self, id: NodeId, read: impl FnOnce(&Node<F>) -> R) -> R {
        read(&self.state.borrow().nodes[id])
    }

    pub(crate) fn with_nodes<R>(&self, read: impl FnOnce(&Arena<Node<F>>, &Labels) -> R) -> R {
        let state = self.state.borrow();
        read(&state.nodes, &state.labels)
    }

    pub(crate) fn with_value<R>(&self, id: NodeId, read: impl FnOnce(&Value<F>, &Shape) -> R) -> R {
        let state = self.state.borrow();
        read(&state.values[id], &state.nodes[id].shape)
    }

    pub(crate) fn set_name(&self, id: NodeId, name: &str) {
        self.state.borrow_mut().labels.set_name(id, name.into());
    }

    pub(crate) fn describe(&self, id: NodeId, role: &str) -> String {
        self.with_nodes(|nodes, labels| describe(nodes, labels, id, role))
    }

    pub(crate) fn place_of(&self, id: NodeId) -> Place {
        self.with_nodes(|nodes, labels| labels.place(&nodes[id]))
    }

    /// Runs `body`, which may append nodes, and forgets them again, also on unwinding. What it appends cannot escape:
    /// its handles are of a lifetime the caller does not choose.
    pub(crate) fn scratch<R>(&self, body: impl for<'s> FnOnce(&'s Tape<F>) -> R) -> R {
        let _forget = Forget { tape: self, length: self.len() };
        body(self)
    }
}

/// What to do about a var of another tape.
pub(crate) const BRING_OVER: &str = "bring the value over with `tape.input(x.value()?)` or `tape.constant(x.value()?)`";

enum Failure {
    Shapes(Mismatch),
    Reported(Error),
}

impl<F: Real> State<F> {
    fn push(
        &mut self,
        op: Op<F>,
        inputs: SmallVec<[NodeId; 2]>,
        shape: Shape,
        active: bool,
        value: Value<F>,
        location: &'static Location<'static>,
    ) -> NodeId {
        let location = Some(self.attributed.unwrap_or(location));
        self.values.push(value);
        self.nodes.push(Node { op, inputs, shape, active, scope: self.scope, location })
    }

    fn push_error(&mut self, error: Error, location: &'static Location<'static>) -> NodeId {
        self.push(Op::Error(error), SmallVec::new(), Shape::scalar(), false, Value::Unknown, location)
    }

    fn place(&self, location: &'static Location<'static>) -> Place {
        let location = Some(self.attributed.unwrap_or(location));
        Place { location, scope: self.labels.scope(self.scope).into() }
    }

    fn shape_of(&self, primitive: &PrimitiveRef<F>, ids: &[NodeId]) -> Result<Shape, Failure> {
        let signature = primitive.signature();
        let fits = match signature {
            Signature::Fixed(operands) => operands.len() == ids.len(),
            Signature::Variadic => !ids.is_empty(),
        };
        if !fits {
            let expected = match signature {
                Signature::Fixed([_]) => "1 operand".into(),
                Signature::Fixed(operands) => format!("{} operands", operands.len()),
                Signature::Variadic => "one or more operands".into(),
            };
            return Err(Failure::Shapes(Mismatch::new(format!("takes {expected}, got {}", ids.len()))));
        }
        for (i, id) in ids.iter().enumerate() {
            let (role, expected) = signature.operand(i).unwrap_or(("x", Kind::Real));
            let got = self.nodes[*id].kind();
            if expected != got {
                let message = format!("{role} should be {}, not {}", expected.words(), got.words());
                return Err(Failure::Shapes(Mismatch::new(message)));
            }
        }
        let shapes: SmallVec<[&Shape; 4]> = ids.iter().map(|id| &self.nodes[*id].shape).collect();
        let shape = primitive.shape(&shapes).map_err(Failure::Shapes)?;
        match shape.is_addressable::<F>() {
            true => Ok(shape),
            false => Err(Failure::Shapes(Mismatch::new(format!("the result would be too large: {shape}")))),
        }
    }

    fn evaluate(&self, primitive: &PrimitiveRef<F>, ids: &[NodeId], shape: &Shape) -> Result<Value<F>, Refusal> {
        if let [id] = ids
            && let Some(value) = value::rearrange(&**primitive, &self.values[*id], &self.nodes[*id].shape, shape)
        {
            return Ok(value);
        }
        let mut operands: SmallVec<[Operand<'_, F>; 4]> = SmallVec::new();
        for id in ids {
            match self.values[*id].operand(&self.nodes[*id].shape) {
                Some(operand) => operands.push(operand),
                None => return Ok(Value::Unknown),
            }
        }
        value::evaluate(&**primitive, &operands, shape)
    }

    fn operand_lines(&self, primitive: &PrimitiveRef<F>, ids: &[NodeId]) -> Vec<String> {
        let signature = primitive.signature();
        let role = |i: usize| signature.operand(i).map_or("one more", |(name, _)| name);
        ids.iter().enumerate().map(|(i, id)| describe(&self.nodes, &self.labels, *id, role(i))).collect()
    }

    #[cold]
    fn refused(
        &self,
        primitive: &PrimitiveRef<F>,
        ids: &[NodeId],
        refusal: Refusal,
        location: &'static Location<'static>,
    ) -> Error {
        let lines = self.operand_lines(primitive, ids);
        self.report(ErrorKind::Refused, primitive.name(), Mismatch::new(refusal.message), lines, location)
    }

    #[cold]
    fn mismatch(
        &self,
        primitive: &PrimitiveRef<F>,
        ids: &[NodeId],
        mut mismatch: Mismatch,
        location: &'static Location<'static>,
    ) -> Error {
        mismatch.help = mismatch.help.or_else(|| self.suggestion(primitive, ids));
        let lines = self.operand_lines(primitive, ids);
        self.report(ErrorKind::Mismatch, primitive.name(), mismatch, lines, location)
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

struct Restore<'t, F: Real> {
    tape: &'t Tape<F>,
    scope: u32,
    attributed: Option<&'static Location<'static>>,
}

impl<F: Real> Drop for Restore<'_, F> {
    fn drop(&mut self) {
        if let Ok(mut state) = self.tape.state.try_borrow_mut() {
            state.scope = self.scope;
            state.attributed = self.attributed;
        }
    }
}

struct Forget<'t, F: Real> {
    tape: &'t Tape<F>,
    length: usize,
}

impl<F: Real> Drop for Forget<'_, F> {
    fn drop(&mut self) {
        if let Ok(mut state) = self.tape.state.try_borrow_mut() {
            state.nodes.truncate(self.length);
            state.values.truncate(self.length);
            state.labels.truncate(self.length);
        }
    }
}

impl<F: Real> fmt::Debug for Tape<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tape<{}> of {} nodes", F::NAME, self.len())
    }
}
