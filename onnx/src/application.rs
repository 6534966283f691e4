//! One application of a primitive, recorded for two numbers of examples.

use crate::graph::Writer;
use crate::wire::{Attribute, Element, Length};
use autodiff::primitive::{Kernel, Kind};
use autodiff::{Attributes, Error, ErrorKind, NodeView, PrimitiveRef, Real, Result, Shape};

/// An application, and where its operations are written.
pub(crate) struct Application<'w, 'a, F: Real> {
    pub(crate) writer: &'w mut Writer<'a, F>,
    pub(crate) node: NodeView<'a, F>,
    pub(crate) primitive: &'a PrimitiveRef<F>,
    /// The same node for the other number of examples.
    pub(crate) other: NodeView<'a, F>,
    /// The names of the operands' values.
    pub(crate) names: Vec<String>,
    /// The operands, for both numbers.
    pub(crate) operands: Vec<[NodeView<'a, F>; 2]>,
    /// The results, for both numbers.
    pub(crate) results: Vec<[NodeView<'a, F>; 2]>,
}

impl<'a, F: Real> Application<'_, 'a, F> {
    pub(crate) fn name(&self) -> &'static str {
        self.primitive.name()
    }

    pub(crate) fn x(&self, i: usize) -> String {
        self.names.get(i).cloned().unwrap_or_default()
    }

    /// The shape of operand `i`, as it is for the first number of examples.
    pub(crate) fn shape(&self, i: usize) -> Shape {
        self.operands.get(i).map(|[x, _]| x.shape().clone()).unwrap_or_default()
    }

    pub(crate) fn kind(&self, i: usize) -> Kind {
        self.operands.get(i).map_or(Kind::Real, |[x, _]| x.kind())
    }

    pub(crate) fn kernel(&self) -> Kernel<F> {
        let shapes: Vec<&Shape> = self.operands.iter().map(|[x, _]| x.shape()).collect();
        self.primitive.kernel(&shapes)
    }

    /// The lengths of operand `i`.
    pub(crate) fn lengths(&self, i: usize) -> Result<Vec<Length>> {
        match self.operands.get(i) {
            Some(pair) => self.writer.lengths(pair),
            None => Ok(Vec::new()),
        }
    }

    /// The lengths of result `i`.
    pub(crate) fn result(&self, i: usize) -> Result<Vec<Length>> {
        match self.results.get(i) {
            Some(pair) => self.writer.lengths(pair),
            None => Ok(Vec::new()),
        }
    }

    /// The attributes, which have to be the same for both numbers of examples.
    pub(crate) fn attributes(&self) -> Result<Attributes> {
        let attributes = self.primitive.attributes();
        match attributes == self.other.attributes() {
            true => Ok(attributes),
            false => Err(self.depends()),
        }
    }

    pub(crate) fn length(&self, name: &str) -> Result<usize> {
        self.attributes()?.length(name)
    }

    pub(crate) fn list(&self, name: &str) -> Result<Vec<i64>> {
        Ok(self.attributes()?.list(name)?.iter().map(|x| *x as i64).collect())
    }

    /// Writes an operation with one result: the name of its value.
    pub(crate) fn op(&mut self, operation: &str, inputs: &[&str], attributes: &[Attribute]) -> String {
        self.writer.op(operation, inputs, attributes)
    }

    /// A number as a constant.
    pub(crate) fn number(&mut self, x: f64) -> String {
        self.writer.number(F::of(x))
    }

    /// Integers as a constant.
    pub(crate) fn integers(&mut self, xs: &[i64]) -> String {
        self.writer.integers(xs)
    }

    pub(crate) fn cast(&mut self, x: &str, to: Element) -> String {
        self.op("Cast", &[x], &[Attribute::integer("to", to as i64)])
    }

    /// A condition as a number.
    pub(crate) fn as_number(&mut self, condition: &str) -> String {
        self.cast(condition, Writer::<F>::REAL)
    }

    /// An error that names the primitive, and the line it was recorded at.
    pub(crate) fn refused(&self, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Registry, self.name(), message).at(self.node.place())
    }

    pub(crate) fn lacks(&self) -> Error {
        self.refused(format!("ONNX has no operation for the primitive `{}`", self.name()))
    }

    /// The error of an attribute that depends on the number of examples.
    pub(crate) fn depends(&self) -> Error {
        let message = format!("({}) depends on the number of examples", self.primitive.attributes());
        Error::new(ErrorKind::Refused, self.name(), message).at(self.node.place())
    }
}
