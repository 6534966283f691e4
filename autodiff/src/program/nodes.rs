//! Reading a program node by node: what printing, rewriting and checking tools of other crates need.

use crate::arena::NodeId;
use crate::error::Place;
use crate::node::{Node, Op};
use crate::primitive::{Kind, PrimitiveRef};
use crate::program::Program;
use crate::real::Real;
use crate::shape::Shape;
use ndarray::ArrayD;

/// A node of a [`Program`], to read.
#[derive(Clone, Copy, Debug)]
pub struct NodeRef<'p, F: Real> {
    program: &'p Program<F>,
    node: &'p Node<F>,
    id: NodeId,
}

impl<'p, F: Real> NodeRef<'p, F> {
    /// Its position; operands have smaller ones.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// What made it, in a word: a primitive's name, `input`, `data`, `index`, `key` or `constant`.
    pub fn operation(&self) -> &'static str {
        self.node.operation()
    }

    /// The primitive it applies; none for inputs and constants.
    pub fn primitive(&self) -> Option<&'p PrimitiveRef<F>> {
        match &self.node.op {
            Op::Apply(primitive) => Some(primitive),
            _ => None,
        }
    }

    /// The number or array of a constant.
    pub fn constant(&self) -> Option<ArrayD<F>> {
        match &self.node.op {
            Op::Constant(value) => value.clone().into_array(&self.node.shape),
            _ => None,
        }
    }

    /// The nodes it is computed from, in order.
    pub fn operands(&self) -> &'p [NodeId] {
        &self.node.inputs
    }

    /// The shape of its value.
    pub fn shape(&self) -> &'p Shape {
        &self.node.shape
    }

    /// The kind of its value.
    pub fn kind(&self) -> Kind {
        self.node.kind()
    }

    /// Its name, if it has one.
    pub fn name(&self) -> Option<&'p str> {
        self.program.labels.name(self.id).map(|name| &**name)
    }

    /// Where it was recorded.
    pub fn place(&self) -> Place {
        self.program.labels.place(self.node)
    }
}

impl<F: Real> Program<F> {
    /// Its nodes, operands before what is computed from them.
    ///
    /// ```
    /// let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(2.0);
    /// let program = tape.program(&[x * x.sin()])?;
    /// let operations: Vec<_> = program.nodes().map(|node| node.operation()).collect();
    /// assert_eq!(operations, ["input", "sin", "mul"]);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeRef<'_, F>> + ExactSizeIterator {
        self.nodes.iter().map(|(id, node)| NodeRef { program: self, node, id })
    }

    /// The nodes of the inputs, in order.
    pub fn input_nodes(&self) -> &[NodeId] {
        &self.inputs
    }

    /// The nodes of the outputs, in order.
    pub fn output_nodes(&self) -> &[NodeId] {
        &self.outputs
    }
}
