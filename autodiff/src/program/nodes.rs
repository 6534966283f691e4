//! Reading a program node by node: for tools that print, step through, rewrite or check it.

use crate::base::attributes::Attributes;
use crate::base::error::{Error, Place};
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Kind, PrimitiveRef};
use crate::program::Program;
use crate::tape::node::{Labels, Node, Op};
use crate::tape::value::Value;
use ndarray::ArrayD;

/// One node of a program, to be read.
///
/// ```
/// # let tape = autodiff::Tape::<f64>::new();
/// let x = tape.input([1.0, 2.0]).named("x");
/// let program = tape.program(&[x.tanh().sum(..)])?;
/// let operations: Vec<_> = program.nodes().map(|node| node.operation()).collect();
/// assert_eq!(operations, ["input", "tanh", "sum"]);
/// let sum = program.nodes().last().unwrap();
/// assert_eq!(sum.attributes().list("axes")?, &[0]);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NodeView<'a, F: Real> {
    pub(crate) id: NodeId,
    pub(crate) node: &'a Node<F>,
    pub(crate) labels: &'a Labels,
}

impl<'a, F: Real> NodeView<'a, F> {
    /// Its id; the operands of a node have smaller ids than the node.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// What made it, in a word: a primitive's name, or `input`, `data`, `index`, `key`, `constant`.
    pub fn operation(&self) -> &'static str {
        self.node.operation()
    }

    /// The primitive it applies, if it is not a leaf.
    pub fn primitive(&self) -> Option<&'a PrimitiveRef<F>> {
        match &self.node.op {
            Op::Apply(primitive) => Some(primitive),
            _ => None,
        }
    }

    /// The number or array it stands for, if it is a constant; `None`, too, where there is no memory for the array.
    pub fn constant(&self) -> Option<ArrayD<F>> {
        self.constant_value().and_then(|value| value.clone().into_array(&self.node.shape).ok().flatten())
    }

    /// The indices it stands for, if it is a constant of indices.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let program = tape.program(&[tape.index_constant([0, 2]).to_real()])?;
    /// let indices = program.nodes().next().and_then(|node| node.index_constant());
    /// assert_eq!(indices, Some(ndarray::array![0, 2].into_dyn()));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn index_constant(&self) -> Option<ArrayD<usize>> {
        self.constant_value().and_then(|value| value.indices(&self.node.shape).ok().flatten())
    }

    /// The constants of its operation.
    pub fn attributes(&self) -> Attributes {
        self.primitive().map(|primitive| primitive.attributes()).unwrap_or_default()
    }

    /// The nodes it is computed from.
    pub fn operands(&self) -> &'a [NodeId] {
        &self.node.inputs
    }

    /// The shape of its value.
    pub fn shape(&self) -> &'a Shape {
        &self.node.shape
    }

    /// What its value is an array of.
    pub fn kind(&self) -> Kind {
        self.node.kind()
    }

    /// The type of its value, as print-outs write it: `f64[2, 3]`, `index[4]`, `key`.
    pub fn type_name(&self) -> String {
        match self.error() {
            Some(_) => "error".into(),
            None => self.node.type_name(),
        }
    }

    /// Whether an input that wants a gradient leads here.
    pub fn is_active(&self) -> bool {
        self.node.active
    }

    /// The name it was given.
    pub fn name(&self) -> Option<&'a str> {
        self.labels.name(self.id).map(|name| &**name)
    }

    /// The path of scopes it was recorded in, such as `encoder.0`; empty outside any.
    pub fn scope(&self) -> &'a str {
        self.labels.scope(self.node.scope)
    }

    /// The line it was recorded at, and its scope.
    pub fn place(&self) -> Place {
        self.labels.place(self.node)
    }

    pub(crate) fn error(&self) -> Option<&'a Error> {
        match &self.node.op {
            Op::Error(error) => Some(error),
            _ => None,
        }
    }

    pub(crate) fn constant_value(&self) -> Option<&'a Value<F>> {
        match &self.node.op {
            Op::Constant(value) => Some(value),
            _ => None,
        }
    }
}

impl<F: Real> Program<F> {
    /// Its nodes, in order: operands come before what is computed from them.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeView<'_, F>> + ExactSizeIterator {
        self.nodes.iter().map(|(id, node)| NodeView { id, node, labels: &self.labels })
    }

    /// The node `id`, if there is one.
    pub fn node(&self, id: NodeId) -> Option<NodeView<'_, F>> {
        self.nodes.find(id).map(|node| NodeView { id, node, labels: &self.labels })
    }

    /// The nodes that are its inputs, in order.
    pub fn input_ids(&self) -> &[NodeId] {
        &self.inputs
    }

    /// The nodes that are its outputs, in order.
    pub fn output_ids(&self) -> &[NodeId] {
        &self.outputs
    }
}
