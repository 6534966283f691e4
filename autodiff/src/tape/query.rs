//! Questions about nodes that every reader of them asks.

use super::node::{Node, Op};
use super::record::BRING_OVER;
use super::var::Var;
use super::{Arg, Tape};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::Arithmetic;
use crate::primitive::{Kernel, Types};
use ndarray::ArrayD;
use smallvec::SmallVec;

/// The error of asking `tape` about `x`, the `role` of `operation`, if it is on another tape.
pub(crate) fn same_tape<F: Real>(tape: &Tape<F>, x: Var<'_, F>, operation: &str, role: &str) -> Result<()> {
    if std::ptr::eq(tape, x.tape) {
        return Ok(());
    }
    let error = Error::new(ErrorKind::TapesMixed, operation, format!("the {role} is on another tape"));
    Err(error.at(x.origin()).with_operand(x.tape.describe(x.id, role)).with_help(BRING_OVER))
}

/// The number of results of the application whose first result is `first`.
#[inline]
pub(crate) fn count_results<F: Real>(nodes: &IdVec<Node<F>>, first: NodeId) -> usize {
    1 + nodes.behind(first).iter().take_while(|node| matches!(node.op, Op::Result)).count()
}

/// The results of the application whose first result is `first`, that one included.
pub(crate) fn results_of<F: Real>(
    nodes: &IdVec<Node<F>>,
    first: NodeId,
) -> impl ExactSizeIterator<Item = NodeId> + DoubleEndedIterator + Clone + use<F> {
    first.until(NodeId::new(first.index() + count_results(nodes, first)))
}

/// `$answer` for the shapes of the nodes `$ids`, which it calls `$shapes`. Almost all operations have one or two operands:
/// the code is made for each of these numbers, and makes no list.
macro_rules! with_shapes {
    ($nodes:expr, $ids:expr, |$shapes:ident| $answer:expr) => {{
        let shape = |id: &NodeId| &$nodes[*id].shape;
        match $ids {
            [a] => {
                let $shapes = &[shape(a)];
                $answer
            }
            [a, b] => {
                let $shapes = &[shape(a), shape(b)];
                $answer
            }
            ids => {
                let $shapes = &*ids.iter().map(shape).collect::<smallvec::SmallVec<[_; 8]>>();
                $answer
            }
        }
    }};
}
pub(crate) use with_shapes;

/// The types of the results of the application whose first result is `first`.
pub(crate) fn types_of<F: Real>(nodes: &IdVec<Node<F>>, first: NodeId) -> Types {
    let mut types = Types::new();
    for id in results_of(nodes, first) {
        let node = &nodes[id];
        types.push(Type { kind: node.kind, shape: node.shape.clone() });
    }
    types
}

/// The kinds of the results of the application whose first result is `first`.
pub(crate) fn kinds_of<F: Real>(nodes: &IdVec<Node<F>>, first: NodeId) -> SmallVec<[Kind; 2]> {
    results_of(nodes, first).map(|id| nodes[id].kind).collect()
}

/// The shapes of the operands of a node.
pub(crate) fn operand_shapes<'a, F: Real>(nodes: &'a IdVec<Node<F>>, node: &Node<F>) -> SmallVec<[&'a Shape; 4]> {
    node.inputs.iter().map(|operand| &nodes[*operand].shape).collect()
}

/// Whether `node` is the sum of its two operands.
pub(crate) fn is_sum<F: Real>(nodes: &IdVec<Node<F>>, node: &Node<F>) -> bool {
    let Op::Apply(primitive) = &node.op else { return false };
    match primitive.kernel(&operand_shapes(nodes, node)) {
        Kernel::Elementwise(function) => function.as_arithmetic() == Some(Arithmetic::Add),
        _ => false,
    }
}

/// Whether `node` is the product of two matrices, or of several with one.
pub(crate) fn is_product<F: Real>(nodes: &IdVec<Node<F>>, node: &Node<F>) -> bool {
    let Op::Apply(primitive) = &node.op else { return false };
    matches!(primitive.kernel(&operand_shapes(nodes, node)), Kernel::General(general) if general.product)
}

/// The nodes that one of `results` is computed from, themselves included. The results of an application are needed
/// together, or not at all.
pub(crate) fn needed_for<F: Real>(nodes: &IdVec<Node<F>>, results: impl IntoIterator<Item = NodeId>) -> IdVec<bool> {
    let mut needed = IdVec::filled(nodes.len(), || false);
    results.into_iter().for_each(|id| needed[id] = true);
    for id in needed.ids().rev() {
        if needed[id] {
            nodes[id].inputs.iter().for_each(|operand| needed[*operand] = true);
        }
    }
    let mut together = false;
    for id in needed.ids() {
        match nodes[id].op {
            Op::Result => needed[id] |= together,
            _ => together = needed[id],
        }
    }
    needed
}

impl<F: Real> Tape<F> {
    /// The handle to node `id`, for what keeps ids instead of handles; `None` where the tape has no such node.
    ///
    /// ```
    /// # use autodiff::{Arg, Tape};
    /// let tape = Tape::<f64>::new();
    /// let id = tape.input(3.0).id();
    /// let Some(Arg::Real(x)) = tape.handle(id) else { panic!("node {id} is an array of reals") };
    /// assert_eq!(x.item()?, 3.0);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn handle(&self, id: NodeId) -> Option<Arg<'_, F>> {
        (id.index() < self.len()).then(|| self.arg(id))
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// What made it, in a word: the name of a primitive, or `input`, `data`, `constant`.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// assert_eq!(tape.input(3.0).tanh().operation(), "tanh");
    /// ```
    pub fn operation(self) -> &'static str {
        self.tape.with_node(self.id, Node::operation)
    }

    /// The array of a constant, which every replay has; `None` of anything else.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::symbolic();
    /// assert_eq!(tape.constant(2.0).constant(), Some(ndarray::arr0(2.0).into_dyn()));
    /// assert_eq!(tape.data(2.0).constant(), None);
    /// ```
    pub fn constant(self) -> Option<ArrayD<F>> {
        self.tape.with_node(self.id, |node| match &node.op {
            Op::Constant(value) => value.array(&node.shape).map(|array| array.into_owned()),
            _ => None,
        })
    }

    /// What it was computed from: the operands of its [`operation`](Self::operation), none for an input or a constant.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(3.0).named("x");
    /// assert_eq!(x.tanh().operands()[0].id(), x.id());
    /// assert!(x.operands().is_empty());
    /// ```
    pub fn operands(self) -> Vec<Arg<'t, F>> {
        let tape = self.tape;
        let ids = tape.with_nodes(|nodes, _| applied(nodes, self.id).inputs.to_vec());
        ids.into_iter().map(|id| tape.arg(id)).collect()
    }
}

/// The application that node `id` is a result of: the node itself, or that of the first result.
pub(crate) fn applied<F: Real>(nodes: &IdVec<Node<F>>, id: NodeId) -> &Node<F> {
    let node = &nodes[id];
    match (&node.op, node.inputs.first()) {
        (Op::Result, Some(first)) => &nodes[*first],
        _ => node,
    }
}
