//! A frozen tape: plain data that can be run, recorded again, transformed, printed, sent to another thread.

mod call;
mod cast;
mod inline;
mod keep;
pub(crate) mod loops;
mod nodes;
pub(crate) mod pads;
mod record;
pub(crate) mod scan;
mod simplify;

pub use nodes::NodeView;

use crate::base::error::{Error, ErrorKind, Refusal, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Kernel, Kind};
use crate::tape::evaluate::{elementwise, evaluate};
use crate::tape::node::{self, Labels, Node, Op};
use crate::tape::query::{needed_for, same_tape, types_of, with_shapes};
use crate::tape::value::{self, IntoArray, Value};
use crate::tape::{Arg, Tape};
use ndarray::ArrayD;
use std::sync::Arc;

/// A tape frozen without values: nodes in topological order, inputs, outputs, constants and names.
///
/// ```
/// use autodiff::{Input, Tape};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.input([1.0, 2.0]).named("x");
/// let program = tape.program(&[(x * x).sum(..)])?;
/// let results = program.run(&[Input::real([3.0, 4.0])])?;
/// assert_eq!(results[0].first(), Some(&25.0));
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// What a replay bakes in: constants, and the branches that Rust code took while it recorded (an `if` on a value records
/// the side that was taken).
///
/// A program is plain data: clones are cheap, and threads may share one. A [`Tape`] stays on its thread, and a
/// [`Plan`](crate::Plan), which runs in memory of its own, serves one thread at a time: make one for each.
#[derive(Clone, Debug)]
pub struct Program<F: Real> {
    pub(crate) nodes: Arc<IdVec<Node<F>>>,
    pub(crate) labels: Arc<Labels>,
    pub(crate) inputs: Vec<NodeId>,
    pub(crate) outputs: Vec<NodeId>,
}

/// What a program is run on: an array of reals, an array of indices, or a random key.
#[derive(Clone, Debug, PartialEq)]
pub enum Input<F> {
    /// An array of reals.
    Real(ArrayD<F>),
    /// An array of indices.
    Index(ArrayD<usize>),
    /// A random key.
    Key(u64),
}

impl<F: Real> Input<F> {
    /// An array of reals: takes what [`Tape::input`] takes.
    pub fn real(array: impl IntoArray<F>) -> Self {
        Input::Real(array.into_array())
    }

    /// An array of indices: takes what [`Tape::index`] takes.
    pub fn index(array: impl IntoArray<usize>) -> Self {
        Input::Index(array.into_array())
    }

    /// The value of a node, of any kind; `None` where it is not known.
    pub(crate) fn of(value: &Value<F>, shape: &Shape) -> Result<Option<Self>, Refusal> {
        Ok(match value {
            Value::Unknown => None,
            Value::Key(key) => Some(Input::Key(*key)),
            Value::Index(_) => value.indices(shape)?.map(Input::Index),
            Value::Splat(_) | Value::Array(_) | Value::View(_) => value.clone().into_array(shape)?.map(Input::Real),
        })
    }

    /// As [`of`](Self::of); `None`, too, where there is no memory for a copy.
    pub(crate) fn known(value: &Value<F>, shape: &Shape) -> Option<Self> {
        Self::of(value, shape).ok().flatten()
    }

    /// The array of reals that output `i` of a program is.
    pub(crate) fn real_output(self, i: usize) -> Result<ArrayD<F>> {
        match self {
            Input::Real(array) => Ok(array),
            other => {
                let message = format!("output {i} is {}, not an array of reals", other.kind().words());
                Err(Error::new(ErrorKind::Mismatch, "run", message).with_help("`run_all` gives outputs of any kind"))
            }
        }
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Input::Real(_) => Kind::Real,
            Input::Index(_) => Kind::Index,
            Input::Key(_) => Kind::Key,
        }
    }

    pub(crate) fn value(&self) -> (Value<F>, Shape) {
        match self {
            Input::Real(array) => value::take(array),
            Input::Index(array) => {
                (Value::Index(Arc::new(array.iter().copied().collect())), Shape::from(array.shape()))
            }
            Input::Key(key) => (Value::Key(*key), Shape::scalar()),
        }
    }
}

impl<F: Real> From<ArrayD<F>> for Input<F> {
    fn from(array: ArrayD<F>) -> Self {
        Input::Real(array)
    }
}

impl<F: Real> Tape<F> {
    /// Freezes what `outputs` are computed from. The inputs of the program are all inputs, data, indices and keys of the
    /// tape, in the order they were recorded, used or not.
    ///
    /// # Errors
    /// The error of an operation that an output comes from; [`ErrorKind::TapesMixed`] for an output of another tape.
    pub fn program<'t>(&'t self, outputs: &[impl Into<Arg<'t, F>> + Copy]) -> Result<Program<F>> {
        let outputs: Vec<Arg<'t, F>> = outputs.iter().map(|output| (*output).into()).collect();
        for y in &outputs {
            let (tape, id) = y.parts();
            same_tape(self, tape.var(id), "program", "output")?;
            y.shape()?;
        }
        self.with_nodes(|nodes, labels| {
            let keep = needed_for(nodes, outputs.iter().map(Arg::id));
            Ok(Program::of(nodes, labels, &keep, outputs.iter().map(Arg::id)))
        })
    }
}

impl<F: Real> Program<F> {
    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether it has no nodes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Kind and shape of each input.
    pub fn inputs(&self) -> impl Iterator<Item = (Kind, &Shape)> {
        self.inputs.iter().map(|id| (self.nodes[*id].kind(), &self.nodes[*id].shape))
    }

    /// Kind and shape of each output.
    pub fn outputs(&self) -> impl Iterator<Item = (Kind, &Shape)> {
        self.outputs.iter().map(|id| (self.nodes[*id].kind(), &self.nodes[*id].shape))
    }

    /// Whether the other program is this one: copies share their nodes.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.nodes, &other.nodes) && self.inputs == other.inputs && self.outputs == other.outputs
    }

    /// The name of input `i`, if it has one.
    pub fn input_name(&self, i: usize) -> Option<&str> {
        self.inputs.get(i).and_then(|id| self.labels.name(*id)).map(|name| &**name)
    }

    /// Whether input `i` is one that a gradient is wanted for (not data, an index or a key).
    pub fn is_differentiable(&self, i: usize) -> bool {
        self.inputs.get(i).is_some_and(|id| self.nodes[*id].active)
    }

    /// Evaluates the program, whose outputs are arrays of reals: the outputs, in order. The same kernels as recording, so
    /// the same bits.
    ///
    /// # Errors
    /// [`ErrorKind::ProgramInput`] if number, kinds or shapes of the inputs are not those of the program;
    /// [`ErrorKind::Refused`] if an operation refuses a value; [`ErrorKind::Mismatch`] if an output is of another kind.
    pub fn run(&self, inputs: &[Input<F>]) -> Result<Vec<ArrayD<F>>> {
        self.run_all(inputs)?.into_iter().enumerate().map(|(i, output)| output.real_output(i)).collect()
    }

    /// As [`run`](Self::run), for outputs of any kind, each as an input that another program may take.
    ///
    /// ```
    /// use autodiff::{Input, Tape};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.input([3.0, 7.0, 5.0]);
    /// let program = tape.program(&[x.argmax(..)])?;
    /// let outputs = program.run_all(&[Input::real([0.0, -1.0, 2.0])])?;
    /// assert_eq!(outputs, [Input::index(ndarray::arr0(2))]);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_all(&self, inputs: &[Input<F>]) -> Result<Vec<Input<F>>> {
        let values = self.values(self.bind(inputs)?)?;
        let missing = |id: &NodeId| Error::new(ErrorKind::NoValue, "run", format!("{id} has no value"));
        let refused = |refusal: Refusal| Error::new(ErrorKind::Refused, "run", refusal.message);
        let output =
            |id: &NodeId| Input::of(&values[*id], &self.nodes[*id].shape).map_err(refused)?.ok_or_else(|| missing(id));
        self.outputs.iter().map(output).collect()
    }

    /// The program that answers with these of the outputs, in this order; an output may be there more than once.
    ///
    /// ```
    /// use autodiff::{Input, Tape};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.input(2.0);
    /// let both = tape.program(&[x.square(), x.exp()])?;
    /// let gradient = both.returning(&[0])?.grad(&[0])?;
    /// assert_eq!(gradient.run(&[Input::real(3.0)])?[0].first(), Some(&6.0));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there is no such output.
    pub fn returning(&self, outputs: &[usize]) -> Result<Self> {
        let count = self.outputs.len();
        let missing = |i: usize| {
            Error::new(ErrorKind::Mismatch, "returning", format!("there is no output {i}; the program has {count}"))
        };
        let tape = Tape::symbolic();
        let all = self.record_all(&tape, &self.placeholders(&tape))?;
        let chosen = outputs.iter().map(|i| all.get(*i).copied().ok_or_else(|| missing(*i)));
        tape.program(&chosen.collect::<Result<Vec<_>>>()?)
    }

    /// The values of the outputs, from those of the inputs; each other value is dropped after its last use.
    fn values(&self, mut values: IdVec<Value<F>>) -> Result<IdVec<Value<F>>> {
        let mut uses: IdVec<u32> = IdVec::filled(self.len(), || 0);
        for (_, node) in self.nodes.iter() {
            node.inputs.iter().for_each(|operand| uses[*operand] += 1);
        }
        self.outputs.iter().for_each(|id| uses[*id] += 1);
        for (id, node) in self.nodes.iter() {
            self.evaluate(id, &mut values)?;
            for operand in node.inputs.iter() {
                uses[*operand] -= 1;
                if uses[*operand] == 0 {
                    values[*operand] = Value::Unknown;
                }
            }
        }
        Ok(values)
    }

    /// A table of values that holds the inputs and constants.
    pub(crate) fn bind(&self, inputs: &[Input<F>]) -> Result<IdVec<Value<F>>> {
        self.check_count("run", inputs.len())?;
        let mut bound = Vec::new();
        for (i, input) in inputs.iter().enumerate() {
            let (value, shape) = input.value();
            self.check_input("run", i, input.kind(), &shape)?;
            bound.push(value);
        }
        Ok(self.bind_values(bound))
    }

    /// A table of values that holds these of the inputs, and the constants.
    pub(crate) fn bind_values(&self, inputs: impl IntoIterator<Item = Value<F>>) -> IdVec<Value<F>> {
        let mut values = IdVec::filled(self.len(), || Value::Unknown);
        self.inputs.iter().zip(inputs).for_each(|(id, value)| values[*id] = value);
        for (id, node) in self.nodes.iter() {
            if let Op::Constant(value) = &node.op {
                values[id] = value.clone();
            }
        }
        values
    }

    /// Computes the values of the results of the application at node `id` from those of its operands.
    pub(crate) fn evaluate(&self, id: NodeId, values: &mut IdVec<Value<F>>) -> Result<()> {
        let node = &self.nodes[id];
        let Op::Apply(primitive) = &node.op else { return Ok(()) };
        let operands = &*node.inputs;
        let kernel = with_shapes!(self.nodes, operands, |shapes| primitive.kernel(shapes));
        if let Kernel::Elementwise(function) = &kernel {
            let value = elementwise(&self.nodes, values, function, operands, &node.shape);
            values[id] = value.map_err(|refusal| self.refused(id, refusal))?;
            return Ok(());
        }
        let types = types_of(&self.nodes, id);
        let results = evaluate(&self.nodes, values, &**primitive, &kernel, operands, &types);
        for (i, value) in results.map_err(|refusal| self.refused(id, refusal))?.into_iter().enumerate() {
            values[NodeId::new(id.index() + i)] = value;
        }
        Ok(())
    }

    /// The error of node `id`, whose primitive refused its operands.
    pub(crate) fn refused(&self, id: NodeId, refusal: Refusal) -> Error {
        let node = &self.nodes[id];
        let Op::Apply(primitive) = &node.op else { return Error::new(ErrorKind::Refused, "run", refusal.message) };
        let error = Error::new(ErrorKind::Refused, primitive.name(), refusal.message).at(self.labels.place(node));
        let lines = node::describe_operands(&self.nodes, &self.labels, &**primitive, &node.inputs);
        lines.into_iter().fold(error, Error::with_operand)
    }

    pub(crate) fn check_count(&self, operation: &str, given: usize) -> Result<()> {
        if given == self.inputs.len() {
            return Ok(());
        }
        let message = format!("the program has {} inputs, got {given}", self.inputs.len());
        let error = Error::new(ErrorKind::ProgramInput, operation, message);
        Err((0..self.inputs.len()).fold(error, |error, i| error.with_operand(self.input_line(i))))
    }

    pub(crate) fn check_input(&self, operation: &str, i: usize, kind: Kind, shape: &Shape) -> Result<()> {
        let Some(node) = self.inputs.get(i).and_then(|id| self.nodes.find(*id)) else { return Ok(()) };
        if node.kind() == kind && node.shape == *shape {
            return Ok(());
        }
        let given = match kind {
            Kind::Real => format!("{}{shape}", F::NAME),
            Kind::Index => format!("index{shape}"),
            Kind::Key => "a key".into(),
        };
        let message = format!("input {i} should be {}, got {given}", node.type_name());
        Err(Error::new(ErrorKind::ProgramInput, operation, message).with_operand(self.input_line(i)))
    }

    pub(crate) fn input_line(&self, i: usize) -> String {
        let id = self.inputs.get(i).copied().unwrap_or(NodeId::new(0));
        crate::tape::node::describe(&self.nodes, &self.labels, id, &format!("input {i}"))
    }
}
