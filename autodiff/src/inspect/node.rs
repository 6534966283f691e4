//! One node of a trace, whether its program is at hand or it was read from a file.

use super::display;
use super::documentation::{Documentation, Symbol, Template, documentation};
use super::expression::{Style, write};
use super::uses::Uses;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::program::{NodeView, Program};
use crate::tape::node::Op;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where a trace has its nodes from.
#[derive(Clone, Debug)]
pub(super) enum Source<F: Real> {
    /// The program that ran.
    Program(Program<F>),
    /// What was written about the nodes of a program.
    Written(Arc<IdVec<WrittenNode>>),
}

/// What a node of a program is, without the program.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct WrittenNode {
    pub(super) operation: String,
    pub(super) call: String,
    pub(super) operands: Vec<NodeId>,
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    pub(super) role: Role,
    pub(super) name: Option<String>,
    pub(super) scope: String,
    pub(super) location: Option<(String, u32)>,
    pub(super) formula: Option<Formula>,
    /// The reason, where there is none.
    pub(super) documentation: std::result::Result<Arc<Documentation>, String>,
}

/// What a node is computed from as mathematics: see [`TraceNode::formula`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Formula {
    /// The formula, in which operand i stands for leaf i.
    pub template: Template,
    /// The nodes at which it ends.
    pub leaves: Vec<NodeId>,
    /// Their names, or their numbers.
    pub names: Vec<String>,
}

/// What a node is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// Given from outside, and a gradient is wanted: a parameter.
    Input,
    /// Given from outside: data, an index, a key.
    Data,
    /// A number or array that is part of the program.
    Constant,
    /// Computed by a primitive, as its first result.
    Computed,
    /// A further result of the primitive at the node that is its operand.
    FurtherResult,
}

/// One node of a [`Trace`](super::Trace), to be read.
///
/// ```
/// # let tape = autodiff::Tape::<f64>::new();
/// let x = tape.input([1.0, 2.0]).named("x");
/// let trace = x.tanh().sum(..).trace()?;
/// let tanh = trace.nodes().nth(1).unwrap();
/// assert_eq!((tanh.operation(), tanh.call()), ("tanh", "tanh(%0)".to_owned()));
/// assert_eq!(tanh.documentation()?.formula, "y = tanh x");
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TraceNode<'a, F: Real> {
    id: NodeId,
    from: From<'a, F>,
}

#[derive(Clone, Copy, Debug)]
enum From<'a, F: Real> {
    Program(&'a Program<F>, NodeView<'a, F>, &'a Uses),
    Written(&'a WrittenNode),
}

impl<F: Real> Source<F> {
    pub(super) fn len(&self) -> usize {
        match self {
            Source::Program(program) => program.len(),
            Source::Written(nodes) => nodes.len(),
        }
    }

    /// The nodes without their program.
    pub(super) fn written<'a>(&'a self, uses: &'a Uses) -> impl Iterator<Item = WrittenNode> + 'a {
        NodeId::all(self.len()).filter_map(|id| self.node(uses, id)).map(|node| node.written())
    }

    pub(super) fn node<'a>(&'a self, uses: &'a Uses, id: NodeId) -> Option<TraceNode<'a, F>> {
        let from = match self {
            Source::Program(program) => From::Program(program, program.node(id)?, uses),
            Source::Written(nodes) => From::Written(nodes.find(id)?),
        };
        Some(TraceNode { id, from })
    }

    pub(super) fn shape(&self, id: NodeId) -> Option<&Shape> {
        match self {
            Source::Program(program) => program.nodes.find(id).map(|node| &node.shape),
            Source::Written(nodes) => nodes.find(id).map(|node| &node.shape),
        }
    }

    pub(super) fn operands(&self, id: NodeId) -> &[NodeId] {
        match self {
            Source::Program(program) => program.nodes.find(id).map_or(&[], |node| &node.inputs),
            Source::Written(nodes) => nodes.find(id).map_or(&[], |node| &node.operands),
        }
    }
}

impl<'a, F: Real> TraceNode<'a, F> {
    /// Its id; the operands of a node have smaller ids than the node.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// What made it, in a word: a primitive's name, or `input`, `data`, `index`, `key`, `constant`, `result`.
    pub fn operation(&self) -> &'a str {
        match self.from {
            From::Program(_, view, _) => view.operation(),
            From::Written(node) => &node.operation,
        }
    }

    /// How the value comes to be: `add(%5, %6)`, `sum(%1; axes=[0], keep=false)`, `input`, `constant(0.5)`.
    pub fn call(&self) -> String {
        match &self.from {
            From::Program(_, view, _) => display::body(view),
            From::Written(node) => node.call.clone(),
        }
    }

    /// The nodes it is computed from.
    pub fn operands(&self) -> &'a [NodeId] {
        match self.from {
            From::Program(_, view, _) => view.operands(),
            From::Written(node) => &node.operands,
        }
    }

    /// The shape of its value.
    pub fn shape(&self) -> &'a Shape {
        match self.from {
            From::Program(_, view, _) => view.shape(),
            From::Written(node) => &node.shape,
        }
    }

    /// What its value is an array of.
    pub fn kind(&self) -> Kind {
        match &self.from {
            From::Program(_, view, _) => view.kind(),
            From::Written(node) => node.kind,
        }
    }

    /// `f64[2, 3]`, `index[4]`, `key`.
    pub fn type_name(&self) -> String {
        match &self.from {
            From::Program(_, view, _) => view.type_name(),
            From::Written(node) => node.kind.of_shape::<F>(&node.shape),
        }
    }

    /// What it is for.
    pub fn role(&self) -> Role {
        match &self.from {
            From::Program(_, view, _) => match &view.node.op {
                Op::Input(_) if view.is_active() => Role::Input,
                Op::Input(_) => Role::Data,
                Op::Constant(_) => Role::Constant,
                Op::Result => Role::FurtherResult,
                Op::Apply(_) | Op::Error(_) => Role::Computed,
            },
            From::Written(node) => node.role,
        }
    }

    /// The name it was given.
    pub fn name(&self) -> Option<&'a str> {
        match self.from {
            From::Program(_, view, _) => view.name(),
            From::Written(node) => node.name.as_deref(),
        }
    }

    /// The path of scopes it was recorded in, such as `encoder.0`; empty outside any.
    pub fn scope(&self) -> &'a str {
        match self.from {
            From::Program(_, view, _) => view.scope(),
            From::Written(node) => &node.scope,
        }
    }

    /// `hidden.bias`: its name with the path of its scope.
    pub fn label(&self) -> Option<String> {
        let name = self.name()?;
        Some(display::plain(&if self.scope().is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.scope())
        }))
    }

    /// File and line where it was recorded, where known.
    pub fn location(&self) -> Option<(&'a str, u32)> {
        match self.from {
            From::Program(_, view, _) => view.place().location.map(|location| (location.file(), location.line())),
            From::Written(node) => node.location.as_ref().map(|(file, line)| (file.as_str(), *line)),
        }
    }

    /// Whether an input that wants a gradient leads here, as far as the program knows; a node from a file has a
    /// cotangent or it has none.
    pub fn is_active(&self) -> bool {
        match &self.from {
            From::Program(_, view, _) => view.is_active(),
            From::Written(node) => node.role != Role::Data && node.role != Role::Constant,
        }
    }

    /// What its operation is, as text.
    ///
    /// # Errors
    /// [`ErrorKind::NoValue`] for a node that no primitive computes; [`ErrorKind::FaultyRule`] if the rule breaks its
    /// contract.
    pub fn documentation(&self) -> Result<Arc<Documentation>> {
        let none = || Error::new(ErrorKind::NoValue, "documentation", format!("{} is {}", self.id, self.operation()));
        match &self.from {
            From::Program(program, view, _) => {
                let primitive = view.primitive().ok_or_else(none)?;
                let operand = |id: &NodeId| program.node(*id).map(|view| (view.kind(), view.shape().clone()));
                let types = view.operands().iter().filter_map(operand).map(|(kind, shape)| Type { kind, shape });
                documentation(primitive, &types.collect::<Vec<_>>()).map(Arc::new)
            }
            From::Written(node) => node.documentation.clone().map_err(|reason| match reason.is_empty() {
                true => none(),
                false => Error::new(ErrorKind::FaultyRule, "documentation", reason),
            }),
        }
    }

    /// What it is computed from as mathematics, down to what has a name, comes from another scope, or is used more than once:
    /// `tanh(x·W + b)`. `None` for what is given.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let [x, w, b] = ["x", "w", "b"].map(|name| tape.input(1.0).named(name));
    /// let h = (x * w + b).tanh();
    /// assert_eq!(h.trace()?.node(h.id()).unwrap().expression().as_deref(), Some("tanh(x·w + b)"));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn expression(&self) -> Option<String> {
        let formula = self.formula()?;
        Some(formula.template.write(|symbol| match symbol {
            Symbol::Operand(i) => formula.names.get(i).cloned().unwrap_or_default(),
            _ => String::new(),
        }))
    }

    /// As [`expression`](Self::expression), with the symbols kept apart from the nodes that they stand for.
    pub fn formula(&self) -> Option<Formula> {
        match &self.from {
            From::Written(node) => node.formula.clone(),
            From::Program(program, view, uses) => {
                view.primitive()?;
                let mut met = BTreeSet::new();
                let mut leaves = BTreeSet::new();
                let mut pending = view.operands().to_vec();
                while let Some(id) = pending.pop() {
                    let Some(operand) = program.node(id) else { continue };
                    if operand.constant_value().is_some() {
                        continue;
                    }
                    // What comes from another layer, or is used elsewhere, too, is a quantity of its own.
                    let apart = uses.of_node(id).len() > 1 || operand.scope() != view.scope();
                    if operand.name().is_some() || operand.primitive().is_none() || apart || met.len() >= READABLE {
                        leaves.insert(id);
                    } else if met.insert(id) {
                        pending.extend_from_slice(operand.operands());
                    }
                }
                // A node that was passed before the formula became too long is written out.
                let leaves: Vec<NodeId> = leaves.into_iter().filter(|id| !met.contains(id)).collect();
                let symbol = |(i, id): (usize, &NodeId)| (*id, Symbol::Operand(i).character().to_string());
                let symbols: BTreeMap<NodeId, String> = leaves.iter().enumerate().map(symbol).collect();
                let name = |id: &NodeId| {
                    program.node(*id).and_then(|node| node.name()).map_or_else(|| id.to_string(), display::plain)
                };
                Some(Formula {
                    template: Template(write(&program.nodes, &program.labels, self.id, &symbols, Style::Reading)),
                    names: leaves.iter().map(name).collect(),
                    leaves,
                })
            }
        }
    }

    /// The node without its program.
    pub(super) fn written(&self) -> WrittenNode {
        WrittenNode {
            operation: self.operation().to_owned(),
            call: self.call(),
            operands: self.operands().to_vec(),
            kind: self.kind(),
            shape: self.shape().clone(),
            role: self.role(),
            name: self.name().map(str::to_owned),
            scope: self.scope().to_owned(),
            location: self.location().map(|(file, line)| (file.to_owned(), line)),
            formula: self.formula(),
            documentation: self.documentation().map_err(|error| match error.kind() {
                ErrorKind::NoValue => String::new(),
                _ => error.message().to_owned(),
            }),
        }
    }
}

/// A formula of more operations than this is too long to read.
const READABLE: usize = 24;
