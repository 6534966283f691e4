//! One application of a primitive, as an emission sees it.

use crate::literal;
use crate::sums::Sums;
use autodiff::primitive::{Kernel, Kind};
use autodiff::{Attributes, Error, ErrorKind, NodeView, PrimitiveRef, Real, Result, Shape};

/// One application of a primitive in a program: what an emission is made from.
///
/// ```
/// use autodiff_jax::Application;
///
/// /// sinh(x), for a primitive that is defined elsewhere.
/// fn sinh(at: &Application<'_, f64>) -> autodiff::Result<String> {
///     Ok(format!("jnp.sinh({})", at.x(0)))
/// }
/// # let _ = sinh;
/// ```
#[derive(Debug)]
pub struct Application<'a, F: Real> {
    pub(crate) node: NodeView<'a, F>,
    pub(crate) primitive: &'a PrimitiveRef<F>,
    /// The variables that the operands are.
    pub(crate) names: Vec<String>,
    pub(crate) operands: Vec<NodeView<'a, F>>,
    pub(crate) results: Vec<NodeView<'a, F>>,
    /// The functions that the primitive's bodies are.
    pub(crate) bodies: Vec<String>,
    /// The carries that are summed behind a loop.
    pub(crate) sums: Option<Sums>,
    pub(crate) attributes: Attributes,
}

impl<'a, F: Real> Application<'a, F> {
    /// The name of the primitive.
    pub fn name(&self) -> &'static str {
        self.primitive.name()
    }

    /// The variable that operand `i` is.
    pub fn x(&self, i: usize) -> &str {
        self.names.get(i).map_or("None", String::as_str)
    }

    /// The variables of all operands.
    pub fn operands(&self) -> &[String] {
        &self.names
    }

    /// The shape of operand `i`.
    pub fn shape(&self, i: usize) -> Shape {
        self.operands.get(i).map(|node| node.shape().clone()).unwrap_or_default()
    }

    /// What operand `i` is an array of.
    pub fn kind(&self, i: usize) -> Kind {
        self.operands.get(i).map_or(Kind::Real, NodeView::kind)
    }

    /// The shape of result `i`.
    pub fn result(&self, i: usize) -> Shape {
        self.results.get(i).map(|node| node.shape().clone()).unwrap_or_default()
    }

    /// The constants of the primitive.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// The function of Python that body `i` of the primitive is: it takes the body's inputs, and returns a tuple.
    pub fn body(&self, i: usize) -> Result<&str> {
        let missing = || self.refused(format!("the primitive has no body {i}"));
        self.bodies.get(i).map(String::as_str).ok_or_else(missing)
    }

    /// An error that names the primitive, its operands and the line it was recorded at.
    pub fn refused(&self, message: impl Into<String>) -> Error {
        refused(&self.node, self.name(), message)
    }

    /// How the primitive runs.
    pub(crate) fn kernel(&self) -> Kernel<F> {
        let shapes: Vec<&Shape> = self.operands.iter().map(NodeView::shape).collect();
        self.primitive.kernel(&shapes)
    }

    /// `f(x)`, `f(a, b)`: a function of all operands.
    pub(crate) fn call(&self, function: &str) -> String {
        format!("{function}({})", self.names.join(", "))
    }

    /// `a + b`.
    pub(crate) fn infix(&self, operator: &str) -> String {
        self.names.join(&format!(" {operator} "))
    }

    /// The attribute `name`, a list, as a tuple.
    pub(crate) fn list(&self, name: &str) -> Result<String> {
        Ok(literal::tuple(self.attributes.list(name)?))
    }

    /// The attribute `name`, a length or an axis.
    pub(crate) fn length(&self, name: &str) -> Result<usize> {
        self.attributes.length(name)
    }

    /// The attribute `name`, yes or no.
    pub(crate) fn flag(&self, name: &str) -> Result<&'static str> {
        self.attributes.flag(name).map(literal::flag)
    }

    /// The attribute `name`, a real number of the program's precision.
    pub(crate) fn real(&self, name: &str) -> Result<String> {
        Ok(format!("F({})", literal::number(F::of(self.attributes.real(name)?))))
    }
}

/// An error in a node.
pub(crate) fn refused<F: Real>(node: &NodeView<'_, F>, what: &str, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Registry, what, message).at(node.place())
}

/// The results of the application that these nodes begin with: the first, and those behind it that hold no primitive of
/// their own.
pub(crate) fn results<'a, F: Real>(from: &[NodeView<'a, F>]) -> Vec<NodeView<'a, F>> {
    let behind = from.iter().skip(1).take_while(|node| node.operation() == "result");
    from.iter().take(1).chain(behind).copied().collect()
}
