//! The tape: it records what the user's calls do, and evaluates as it goes.

mod arg;
#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod attribution_tests;
pub(crate) mod evaluate;
pub(crate) mod extract;
mod failure;
pub(crate) mod node;
pub(crate) mod query;
pub(crate) mod record;
pub(crate) mod value;
pub(crate) mod var;

use crate::base::error::{Error, Place};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::Kind;
use crate::tape::node::{Labels, Node, Op, Operands, describe};
use crate::tape::var::{Index, Key, Var};
pub use arg::Arg;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use value::{IntoArray, Value};

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
    pub(crate) state: RefCell<State<F>>,
    pub(crate) evaluates: Cell<bool>,
    /// Whether a value was read since the tape was last empty.
    pub(crate) read: Cell<bool>,
}

pub(crate) struct State<F: Real> {
    pub(crate) nodes: IdVec<Node<F>>,
    pub(crate) values: IdVec<Value<F>>,
    pub(crate) labels: Labels,
    pub(crate) scope: u32,
    /// The line that nodes are attributed to instead of their caller's; `Some(None)` where no code recorded them.
    pub(crate) attributed: Option<Option<&'static Location<'static>>>,
    /// The table of the last reverse walk, empty again: its memory serves the next.
    pub(crate) cotangents: IdVec<Option<Value<F>>>,
}

impl<F: Real> State<F> {
    #[inline]
    fn truncate(&mut self, length: usize) {
        self.nodes.truncate(length);
        self.values.truncate(length);
        self.labels.truncate(length);
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
        let state = State {
            nodes: IdVec::new(),
            values: IdVec::new(),
            labels: Labels::new(),
            scope: 0,
            attributed: None,
            cotangents: IdVec::new(),
        };
        Tape { state: RefCell::new(state), evaluates: Cell::new(evaluates), read: Cell::new(false) }
    }

    /// Forgets all nodes and keeps the memory. No handle can be left: they borrow the tape.
    pub fn clear(&mut self) {
        self.read.set(false);
        let state = self.state.get_mut();
        state.truncate(0);
        state.labels.clear();
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

    /// Whether it records without values: [`Tape::symbolic`].
    pub fn is_symbolic(&self) -> bool {
        !self.evaluates.get()
    }

    /// Whether a value was read since the tape was last empty: what Rust code decided by it stands in the recording, and
    /// a replay would not decide again.
    pub fn was_read(&self) -> bool {
        self.read.get()
    }

    // ---- leaves ----------------------------------------------------------------------------------------------------

    /// An input whose gradient [`Var::backward`] computes: a parameter, a point of interest.
    ///
    /// Takes a number, an ndarray array of any rank (an owned one is not copied), a `Vec`, or a fixed array.
    #[track_caller]
    pub fn input(&self, array: impl IntoArray<F>) -> Var<'_, F> {
        let (value, shape) = value::take(array);
        self.var(self.leaf(Op::Input(Kind::Real), Kind::Real, value, shape, true))
    }

    /// An input whose gradient is of no interest: a batch of examples, a learning rate.
    #[track_caller]
    pub fn data(&self, array: impl IntoArray<F>) -> Var<'_, F> {
        let (value, shape) = value::take(array);
        self.data_value(value, shape)
    }

    #[track_caller]
    #[inline]
    pub(crate) fn data_value(&self, value: Value<F>, shape: Shape) -> Var<'_, F> {
        self.var(self.leaf(Op::Input(Kind::Real), Kind::Real, value, shape, false))
    }

    /// A number or array that is part of the program: replays use the same.
    #[track_caller]
    pub fn constant(&self, array: impl IntoArray<F>) -> Var<'_, F> {
        let (value, shape) = value::take(array);
        self.constant_value(value, shape)
    }

    #[track_caller]
    pub(crate) fn constant_value(&self, value: Value<F>, shape: Shape) -> Var<'_, F> {
        let kind = match value {
            Value::Index(_) => Kind::Index,
            Value::Key(_) => Kind::Key,
            _ => Kind::Real,
        };
        self.var(self.leaf(Op::Constant(value.clone()), kind, value, shape, false))
    }

    /// Indices given from outside: labels, rows to gather. Takes what [`input`](Self::input) takes, of `usize`.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0, 3.0]);
    /// assert_eq!(x.gather(tape.index([2, 0])).value().unwrap(), ndarray::array![3.0, 1.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn index(&self, indices: impl IntoArray<usize>) -> Index<'_, F> {
        let indices = indices.into_array();
        let shape = Shape::from(indices.shape());
        let value = Value::Index(Arc::new(indices.iter().copied().collect()));
        Index { tape: self, id: self.leaf(Op::Input(Kind::Index), Kind::Index, value, shape, false) }
    }

    /// A random key given from outside: a replay with another key draws other numbers.
    #[track_caller]
    pub fn key(&self, key: u64) -> Key<'_, F> {
        Key { tape: self, id: self.leaf(Op::Input(Kind::Key), Kind::Key, Value::Key(key), Shape::scalar(), false) }
    }

    /// An input of which only kind and shape are known; what depends on it is recorded without values. An error var if
    /// no machine could hold an array of that shape.
    #[track_caller]
    pub fn placeholder(&self, kind: Kind, shape: impl Into<Shape>) -> Arg<'_, F> {
        self.unknown(kind, shape.into(), true)
    }

    /// An array of reals of which only the shape is known: as [`placeholder`](Self::placeholder).
    #[track_caller]
    pub fn symbolic_input(&self, shape: impl Into<Shape>) -> Var<'_, F> {
        match self.placeholder(Kind::Real, shape) {
            Arg::Real(x) => x,
            other => other.var(),
        }
    }

    #[track_caller]
    pub(crate) fn unknown(&self, kind: Kind, shape: Shape, active: bool) -> Arg<'_, F> {
        if let Err(mismatch) = shape.check::<F>("the array") {
            return self.refuse("placeholder", &[], mismatch).into();
        }
        let id = self.leaf(Op::Input(kind), kind, Value::Unknown, shape, active && kind == Kind::Real);
        self.arg(id)
    }

    #[track_caller]
    #[inline(always)]
    fn leaf(&self, op: Op<F>, kind: Kind, value: Value<F>, shape: Shape, active: bool) -> NodeId {
        if shape.rank() > Shape::MOST_AXES {
            return self.refuse("array", &[], shape.too_many_axes("this one")).id();
        }
        let value = if self.evaluates.get() { value } else { Value::Unknown };
        let mut state = self.state.borrow_mut();
        let (scope, location) = state.here(Location::caller());
        state.push(Node { op, inputs: Operands::NONE, shape, kind, active, scope, location }, value)
    }

    // ---- names and places --------------------------------------------------------------------------------------------

    /// Records `body` in the scope `name`; scopes nest to paths such as `encoder.0`.
    ///
    /// Nodes, errors and print-outs carry the path.
    pub fn scope<R>(&self, name: &str, body: impl FnOnce() -> R) -> R {
        let _restore = {
            let mut state = self.state.borrow_mut();
            let outer = state.labels.scope(state.scope);
            let path = if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") };
            let scope = state.labels.intern(&path);
            let location = state.attributed;
            self.place(&mut state, scope, location)
        };
        body()
    }

    /// Attributes what `body` records to the line of this function's caller, unless a caller further out did so already:
    /// for containers whose own lines tell the user nothing.
    #[track_caller]
    pub fn attributed<R>(&self, body: impl FnOnce() -> R) -> R {
        self.attributed_to(Location::caller(), body)
    }

    /// As [`attributed`](Self::attributed), for a caller whose line is known: closures do not know theirs.
    pub(crate) fn attributed_to<R>(&self, location: &'static Location<'static>, body: impl FnOnce() -> R) -> R {
        let _restore = {
            let mut state = self.state.borrow_mut();
            let (scope, location) = (state.scope, state.attributed.unwrap_or(Some(location)));
            self.place(&mut state, scope, Some(location))
        };
        body()
    }

    /// Records `body` as if it stood where node `id` was recorded: what a rule records belongs to the user's line.
    pub(crate) fn on_behalf<R>(&self, id: NodeId, body: impl FnOnce() -> R) -> R {
        let _restore = self.place_at(&mut self.state.borrow_mut(), id);
        body()
    }

    pub(crate) fn placed<R>(
        &self,
        scope: u32,
        location: Option<&'static Location<'static>>,
        body: impl FnOnce() -> R,
    ) -> R {
        let _restore = self.place(&mut self.state.borrow_mut(), scope, Some(location));
        body()
    }

    /// Runs `body` as [`on_behalf`](Self::on_behalf) does and forgets the nodes it appends, also on unwinding. They cannot
    /// escape: their handles are of a lifetime the caller does not choose.
    #[inline]
    pub(crate) fn scratch<R>(&self, id: NodeId, body: impl for<'s> FnOnce(&'s Tape<F>) -> R) -> R {
        let mut state = self.state.borrow_mut();
        let mut restore = self.place_at(&mut state, id);
        restore.length = state.nodes.len();
        drop(state);
        body(self)
    }

    /// Runs `body`, which records what stands for every step of a loop, without evaluating it (it may be the branch of a
    /// condition that is not taken), and puts `error` in the place of each node that it appended, also on unwinding: a
    /// handle that leaves the body tells what is wrong, and never means another node.
    pub(crate) fn apart<R>(&self, error: Error, body: impl FnOnce() -> R) -> R {
        let _restore = {
            let state = self.state.borrow();
            let place = Restore { tape: self, scope: state.scope, attributed: state.attributed, length: usize::MAX };
            let evaluates = self.evaluates.replace(false);
            (Apart { tape: self, start: state.nodes.len(), error, evaluates }, place)
        };
        body()
    }

    #[inline(always)]
    fn place_at<'t>(&'t self, state: &mut State<F>, id: NodeId) -> Restore<'t, F> {
        let node = &state.nodes[id];
        let (scope, location) = (node.scope, node.location);
        self.place(state, scope, Some(location))
    }

    /// Records at this place from now on, until the answer is dropped.
    #[inline(always)]
    fn place<'t>(
        &'t self,
        state: &mut State<F>,
        scope: u32,
        attributed: Option<Option<&'static Location<'static>>>,
    ) -> Restore<'t, F> {
        let restore = Restore { tape: self, scope: state.scope, attributed: state.attributed, length: usize::MAX };
        (state.scope, state.attributed) = (scope, attributed);
        restore
    }

    pub(crate) fn intern(&self, path: &str) -> u32 {
        self.state.borrow_mut().labels.intern(path)
    }

    // ---- queries -----------------------------------------------------------------------------------------------------

    pub(crate) fn var(&self, id: NodeId) -> Var<'_, F> {
        Var { tape: self, id }
    }

    pub(crate) fn arg(&self, id: NodeId) -> Arg<'_, F> {
        Arg::of(self, id, self.with_node(id, |node| node.kind()))
    }

    #[inline(always)]
    pub(crate) fn with_node<R>(&self, id: NodeId, read: impl FnOnce(&Node<F>) -> R) -> R {
        read(&self.state.borrow().nodes[id])
    }

    #[inline(always)]
    pub(crate) fn with_nodes<R>(&self, read: impl FnOnce(&IdVec<Node<F>>, &Labels) -> R) -> R {
        let state = self.state.borrow();
        read(&state.nodes, &state.labels)
    }

    #[inline(always)]
    pub(crate) fn with_value<R>(&self, id: NodeId, read: impl FnOnce(&Value<F>, &Shape) -> R) -> R {
        let state = self.state.borrow();
        read(&state.values[id], &state.nodes[id].shape)
    }

    /// A table with an empty place for each node up to `last`, in the memory of the one before.
    pub(crate) fn lend_table(&self, last: NodeId) -> IdVec<Option<Value<F>>> {
        let mut table = std::mem::take(&mut self.state.borrow_mut().cotangents);
        table.extend_to(last.index() + 1, || None);
        table
    }

    /// Keeps the memory of a table whose places are all empty again.
    pub(crate) fn return_table(&self, table: IdVec<Option<Value<F>>>) {
        self.state.borrow_mut().cotangents = table;
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
}

/// Goes back to where the tape recorded before, and to the nodes it had.
struct Restore<'t, F: Real> {
    tape: &'t Tape<F>,
    scope: u32,
    attributed: Option<Option<&'static Location<'static>>>,
    length: usize,
}

impl<F: Real> Drop for Restore<'_, F> {
    #[inline]
    fn drop(&mut self) {
        if let Ok(mut state) = self.tape.state.try_borrow_mut() {
            state.scope = self.scope;
            state.attributed = self.attributed;
            state.truncate(self.length);
        }
    }
}

/// Puts an error in the place of the nodes from `start` on.
struct Apart<'t, F: Real> {
    tape: &'t Tape<F>,
    start: usize,
    error: Error,
    /// Whether the tape evaluates what is recorded afterwards.
    evaluates: bool,
}

impl<F: Real> Drop for Apart<'_, F> {
    fn drop(&mut self) {
        self.tape.evaluates.set(self.evaluates);
        let Ok(mut state) = self.tape.state.try_borrow_mut() else { return };
        let state = &mut *state;
        for id in NodeId::all(state.nodes.len()).skip(self.start) {
            let node = &mut state.nodes[id];
            (node.op, node.inputs, node.active) = (Op::Error(self.error.clone()), Operands::NONE, false);
            state.values[id] = Value::Unknown;
        }
        state.labels.truncate(self.start);
    }
}

impl<F: Real> fmt::Debug for Tape<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tape<{}> of {} nodes", F::NAME, self.len())
    }
}
