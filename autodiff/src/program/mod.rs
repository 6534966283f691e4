//! A frozen tape: plain data that can be run, recorded again, transformed, printed, sent to another thread.

mod nodes;
mod simplify;

pub use nodes::NodeView;

use crate::base::error::{Error, ErrorKind, Refusal, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Kind, Registry};
use crate::tape::node::{self, Labels, Node, Op, Operands};
use crate::tape::query::{needed_for, same_tape};
use crate::tape::value::{self, IntoArray, Value};
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use ndarray::ArrayD;
use smallvec::SmallVec;
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

    /// An array of indices.
    pub fn index<D: ndarray::Dimension>(array: ndarray::Array<usize, D>) -> Self {
        Input::Index(array.into_dyn())
    }

    fn kind(&self) -> Kind {
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
    pub fn program(&self, outputs: &[Var<'_, F>]) -> Result<Program<F>> {
        for y in outputs {
            same_tape(self, *y, "program", "output")?;
            y.shape()?;
        }
        self.with_nodes(|nodes, labels| {
            let keep = needed_for(nodes, outputs.iter().map(|y| y.id));
            Ok(Program::of(nodes, labels, &keep, outputs.iter().map(|y| y.id)))
        })
    }
}

impl<F: Real> Program<F> {
    /// The nodes that are to be kept, and all inputs, as a program.
    pub(crate) fn of(
        nodes: &IdVec<Node<F>>,
        labels: &Labels,
        keep: &IdVec<bool>,
        outputs: impl Iterator<Item = NodeId>,
    ) -> Self {
        let mut kept = IdVec::new();
        let mut names = Labels::new();
        let mut inputs = Vec::new();
        let mut new_id: IdVec<NodeId> = IdVec::new();
        for (id, node) in nodes.iter() {
            let is_input = matches!(node.op, Op::Input(_));
            if !keep.find(id).is_some_and(|keep| *keep) && !is_input {
                new_id.push(id);
                continue;
            }
            let mut node = node.clone();
            let operands: SmallVec<[NodeId; 8]> = node.inputs.iter().map(|operand| new_id[*operand]).collect();
            node.inputs = Operands::from(&*operands);
            node.scope = names.intern(labels.scope(node.scope));
            let fresh = kept.push(node);
            if let Some(name) = labels.name(id) {
                names.set_name(fresh, name.clone());
            }
            if is_input {
                inputs.push(fresh);
            }
            new_id.push(fresh);
        }
        let outputs = outputs.map(|id| new_id[id]).collect();
        Program { nodes: Arc::new(kept), labels: Arc::new(names), inputs, outputs }
    }

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

    /// The shape of each output.
    pub fn outputs(&self) -> impl Iterator<Item = &Shape> {
        self.outputs.iter().map(|id| &self.nodes[*id].shape)
    }

    /// The name of input `i`, if it has one.
    pub fn input_name(&self, i: usize) -> Option<&str> {
        self.inputs.get(i).and_then(|id| self.labels.name(*id)).map(|name| &**name)
    }

    /// Whether input `i` is one that a gradient is wanted for (not data, an index or a key).
    pub fn is_differentiable(&self, i: usize) -> bool {
        self.inputs.get(i).is_some_and(|id| self.nodes[*id].active)
    }

    /// Evaluates the program: the outputs, in order. The same kernels as recording, so the same bits.
    ///
    /// # Errors
    /// [`ErrorKind::ProgramInput`] if number, kinds or shapes of the inputs are not those of the program;
    /// [`ErrorKind::Refused`] if an operation refuses a value.
    pub fn run(&self, inputs: &[Input<F>]) -> Result<Vec<ArrayD<F>>> {
        let mut uses: IdVec<u32> = IdVec::filled(self.len(), || 0);
        for (_, node) in self.nodes.iter() {
            node.inputs.iter().for_each(|operand| uses[*operand] += 1);
        }
        self.outputs.iter().for_each(|id| uses[*id] += 1);
        let mut values = self.bind(inputs)?;
        for id in self.nodes.ids() {
            self.evaluate(id, &mut values)?;
            for operand in self.nodes[id].inputs.iter() {
                uses[*operand] -= 1;
                if uses[*operand] == 0 {
                    values[*operand] = Value::Unknown;
                }
            }
        }
        self.outputs.iter().map(|id| self.array(*id, &values)).collect()
    }

    pub(crate) fn array(&self, id: NodeId, values: &IdVec<Value<F>>) -> Result<ArrayD<F>> {
        let array = values[id].clone().into_array(&self.nodes[id].shape);
        array.ok_or_else(|| Error::new(ErrorKind::NoValue, "run", format!("{id} has no value")))
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

    /// Computes the value of node `id` from those of its operands.
    pub(crate) fn evaluate(&self, id: NodeId, values: &mut IdVec<Value<F>>) -> Result<()> {
        let node = &self.nodes[id];
        let Op::Apply(primitive) = &node.op else { return Ok(()) };
        let value = node::evaluate(&self.nodes, values, &**primitive, &node.inputs, &node.shape);
        values[id] = value.map_err(|refusal| self.refused(id, refusal))?;
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

    /// Records the program on a tape, applied to `args`: names, scopes and lines come along.
    ///
    /// # Errors
    /// [`ErrorKind::ProgramInput`] if the arguments do not fit the inputs; the error of an argument.
    pub fn record<'t>(&self, tape: &'t Tape<F>, args: &[Arg<'t, F>]) -> Result<Vec<Var<'t, F>>> {
        let table = self.record_all(tape, args)?;
        Ok(self.outputs.iter().map(|id| tape.var(table[*id])).collect())
    }

    /// Records the program; where each node went.
    pub(crate) fn record_all<'t>(&self, tape: &'t Tape<F>, args: &[Arg<'t, F>]) -> Result<IdVec<NodeId>> {
        self.check_count("record", args.len())?;
        let mut table: IdVec<NodeId> = IdVec::new();
        for (i, arg) in args.iter().enumerate() {
            let (on, at) = arg.parts();
            if !std::ptr::eq(on, tape) {
                let error = Error::new(ErrorKind::TapesMixed, "record", format!("argument {i} is on another tape"));
                return Err(error.with_operand(on.describe(at, "argument")).with_operand(self.input_line(i)));
            }
            let (kind, shape) = match arg {
                Arg::Real(x) => (Kind::Real, x.shape()?),
                Arg::Index(x) => (Kind::Index, x.shape()?),
                Arg::Key(x) => (Kind::Key, x.shape()?),
            };
            self.check_input("record", i, kind, &shape)?;
        }
        let mut next = self.inputs.iter().zip(args).peekable();
        for (id, node) in self.nodes.iter() {
            if let Some((_, arg)) = next.next_if(|(input, _)| **input == id) {
                table.push(arg.parts().1);
                continue;
            }
            let scope = tape.intern(self.labels.scope(node.scope));
            let var = tape.placed(scope, node.location, || match &node.op {
                Op::Apply(primitive) => {
                    let args: Vec<Arg<'t, F>> = node.inputs.iter().map(|operand| tape.arg(table[*operand])).collect();
                    Ok(tape.record(primitive.clone(), &args))
                }
                Op::Constant(value) => Ok(tape.constant_value(value.clone(), node.shape.clone())),
                Op::Input(_) => Err(Error::new(ErrorKind::ProgramInput, "record", format!("{id} has no argument"))),
                Op::Error(error) => Err(error.clone()),
            })?;
            var.shape()?;
            if let Some(name) = self.labels.name(id) {
                tape.set_name(var.id(), name);
            }
            table.push(var.id());
        }
        Ok(table)
    }

    /// Placeholders for the inputs of this program, on a tape that records without values.
    pub(crate) fn placeholders<'t>(&self, tape: &'t Tape<F>) -> Vec<Arg<'t, F>> {
        let place = |id: &NodeId| {
            let node = &self.nodes[*id];
            let scope = tape.intern(self.labels.scope(node.scope));
            let arg = tape.placed(scope, node.location, || tape.unknown(node.kind(), node.shape.clone(), node.active));
            if let Some(name) = self.labels.name(*id) {
                tape.set_name(arg.parts().1, name);
            }
            arg
        };
        self.inputs.iter().map(place).collect()
    }

    pub(crate) fn check_count(&self, operation: &str, given: usize) -> Result<()> {
        if given == self.inputs.len() {
            return Ok(());
        }
        let message = format!("the program has {} inputs, got {given}", self.inputs.len());
        let error = Error::new(ErrorKind::ProgramInput, operation, message);
        Err((0..self.inputs.len()).fold(error, |error, i| error.with_operand(self.input_line(i))))
    }

    fn check_input(&self, operation: &str, i: usize, kind: Kind, shape: &Shape) -> Result<()> {
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

    /// The same program in the other precision: how the gradient of an f32 model is checked in f64.
    ///
    /// Primitives are made again from their names and attributes by `registry`; constants are converted.
    ///
    /// ```
    /// use autodiff::{Input, Registry, Tape};
    /// let tape = Tape::<f32>::new();
    /// let x = tape.input([1.0, 2.0]);
    /// let program = tape.program(&[x.exp().sum(..)])?.cast::<f64>(&Registry::standard())?;
    /// let y = program.run(&[Input::real([1.0f64, 2.0])])?;
    /// assert!((y[0].sum() - (1f64.exp() + 2f64.exp())).abs() < 1e-14);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Registry`] if the registry does not know a primitive.
    pub fn cast<G: Real>(&self, registry: &Registry<G>) -> Result<Program<G>> {
        let mut nodes = IdVec::new();
        for (_, node) in self.nodes.iter() {
            let op = match &node.op {
                Op::Input(kind) => Op::Input(*kind),
                Op::Constant(value) => Op::Constant(value.cast(&node.shape)),
                Op::Error(error) => Op::Error(error.clone()),
                Op::Apply(primitive) => Op::Apply(registry.make(primitive.name(), &primitive.attributes())?),
            };
            let Node { inputs, shape, kind, active, scope, location, .. } = node.clone();
            nodes.push(Node { op, inputs, shape, kind, active, scope, location });
        }
        let (inputs, outputs) = (self.inputs.clone(), self.outputs.clone());
        Ok(Program { nodes: Arc::new(nodes), labels: self.labels.clone(), inputs, outputs })
    }
}
