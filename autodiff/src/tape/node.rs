//! What a tape and a program are made of.

use crate::base::error::{Error, ErrorKind, Place};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Kind, Primitive, PrimitiveRef};
use crate::tape::value::Value;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;

/// One line of a tape: how a value comes to be, and from what. Tapes are long: it has the size of a line of the cache.
#[derive(Clone, Debug)]
pub(crate) struct Node<F: Real> {
    pub(crate) op: Op<F>,
    pub(crate) inputs: Operands,
    pub(crate) shape: Shape,
    /// What the value is an array of.
    pub(crate) kind: Kind,
    /// Whether an input that wants a gradient leads here.
    pub(crate) active: bool,
    /// The path of scopes, an index into [`Labels`].
    pub(crate) scope: u32,
    pub(crate) location: Option<&'static Location<'static>>,
}

const _: () = assert!(size_of::<Node<f64>>() <= 64, "a node is longer than a line of the cache");

/// The nodes that a node is computed from: almost always at most three, which stand in the node.
#[derive(Clone, Debug)]
pub(crate) enum Operands {
    /// As many of these as the count says.
    Few(Count, [NodeId; 3]),
    Many(Arc<Vec<NodeId>>),
}

/// At most three: no larger number has to be looked out for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    Zero,
    One,
    Two,
    Three,
}

impl Operands {
    /// The operands of a leaf.
    pub(crate) const NONE: Operands = Operands::Few(Count::Zero, [NodeId::FIRST; 3]);
}

impl From<&[NodeId]> for Operands {
    #[inline(always)]
    fn from(ids: &[NodeId]) -> Self {
        match ids {
            [] => Operands::NONE,
            [a] => Operands::Few(Count::One, [*a; 3]),
            [a, b] => Operands::Few(Count::Two, [*a, *b, *b]),
            [a, b, c] => Operands::Few(Count::Three, [*a, *b, *c]),
            _ => Operands::Many(Arc::new(ids.to_vec())),
        }
    }
}

impl Deref for Operands {
    type Target = [NodeId];

    #[inline]
    fn deref(&self) -> &[NodeId] {
        match self {
            Operands::Few(count, ids) => ids.get(..*count as usize).unwrap_or(ids),
            Operands::Many(ids) => ids,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Op<F: Real> {
    /// Given from outside; `active` tells an input from data.
    Input(Kind),
    /// A number or array that is part of the program.
    Constant(Value<F>),
    /// A primitive applied to earlier nodes: its first result.
    Apply(PrimitiveRef<F>),
    /// A further result of the application whose first result is the one operand. The results of one application are
    /// consecutive nodes.
    Result,
    /// An operation that could not be recorded.
    Error(Error),
}

impl<F: Real> Node<F> {
    /// What made the node, in a word: a primitive's name, `input`, `data`, `index`, `key`, `constant`, `result`.
    pub(crate) fn operation(&self) -> &'static str {
        match &self.op {
            Op::Input(Kind::Real) if self.active => "input",
            Op::Input(Kind::Real) => "data",
            Op::Input(Kind::Index) => "index",
            Op::Input(Kind::Key) => "key",
            Op::Constant(_) => "constant",
            Op::Apply(primitive) => primitive.name(),
            Op::Result => "result",
            Op::Error(_) => "error",
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it was recorded for the body of a loop, which holds it now.
    pub(crate) fn in_body(&self) -> bool {
        matches!(&self.op, Op::Error(error) if error.kind() == ErrorKind::NoValue)
    }

    /// `f64[2, 3]`, `index[4]` or `key`.
    pub(crate) fn type_name(&self) -> String {
        self.kind.of_shape::<F>(&self.shape)
    }
}

/// The names of nodes and the paths of scopes.
#[derive(Clone, Default, Debug)]
pub(crate) struct Labels {
    names: BTreeMap<NodeId, Arc<str>>,
    /// The paths, numbered from 1; number 0 is outside any scope.
    scopes: Vec<Arc<str>>,
    numbers: BTreeMap<Arc<str>, u32>,
}

impl Labels {
    pub(crate) fn new() -> Self {
        Labels::default()
    }

    pub(crate) fn clear(&mut self) {
        self.names.clear();
        self.scopes.clear();
        self.numbers.clear();
    }

    pub(crate) fn name(&self, id: NodeId) -> Option<&Arc<str>> {
        self.names.get(&id)
    }

    pub(crate) fn set_name(&mut self, id: NodeId, name: Arc<str>) {
        let name = if name.len() > LONGEST_NAME { cut(&name).into() } else { name };
        self.names.insert(id, name);
    }

    /// The same, with each node under another id.
    pub(crate) fn renamed(&self, new_id: impl Fn(NodeId) -> NodeId) -> Self {
        Labels { names: self.names.iter().map(|(id, name)| (new_id(*id), name.clone())).collect(), ..self.clone() }
    }

    #[inline]
    pub(crate) fn truncate(&mut self, length: usize) {
        // Almost always there is nothing to forget, and looking at the last name tells.
        if self.names.last_key_value().is_some_and(|(id, _)| id.index() >= length) {
            self.names.split_off(&NodeId::new(length));
        }
    }

    pub(crate) fn scope(&self, scope: u32) -> &str {
        (scope as usize).checked_sub(1).and_then(|i| self.scopes.get(i)).map_or("", |path| path)
    }

    /// The number of `path`, which is remembered if it is new.
    pub(crate) fn intern(&mut self, path: &str) -> u32 {
        let path = cut(path);
        if path.is_empty() {
            return 0;
        }
        if let Some(number) = self.numbers.get(path) {
            return *number;
        }
        let path: Arc<str> = path.into();
        self.scopes.push(path.clone());
        let number = u32::try_from(self.scopes.len()).unwrap_or(0);
        self.numbers.insert(path, number);
        number
    }

    pub(crate) fn place<F: Real>(&self, node: &Node<F>) -> Place {
        Place { location: node.location, scope: self.scope(node.scope).into() }
    }
}

/// The numbers that the scopes of some labels have in others: a look at the path once for each scope, not for each node.
#[derive(Default, Debug)]
pub(crate) struct Scopes(Vec<Option<u32>>);

impl Scopes {
    /// The number in `new` of the scope that is number `scope` of `old`.
    #[inline]
    pub(crate) fn number(&mut self, scope: u32, old: &Labels, new: &mut Labels) -> u32 {
        if scope == 0 {
            return 0;
        }
        let index = scope as usize;
        if let Some(Some(known)) = self.0.get(index) {
            return *known;
        }
        let number = new.intern(old.scope(scope));
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        if let Some(place) = self.0.get_mut(index) {
            *place = Some(number);
        }
        number
    }
}

/// One line about a node for an error report: `a: w1 : f64[4, 3], input at src/main.rs:10:5`.
pub(crate) fn describe<F: Real>(nodes: &IdVec<Node<F>>, labels: &Labels, id: NodeId, role: &str) -> String {
    let Some(node) = nodes.find(id) else { return format!("{role}: {id}") };
    let name = labels.name(id).map_or_else(|| id.to_string(), |name| name.to_string());
    let place = labels.place(node).suffix();
    format!("{role}: {name} : {}, {}{place}", node.type_name(), node.operation())
}

/// A line about each operand, under the name it has in the primitive's formula.
pub(crate) fn describe_operands<F: Real>(
    nodes: &IdVec<Node<F>>,
    labels: &Labels,
    primitive: &dyn Primitive<F>,
    ids: &[NodeId],
) -> Vec<String> {
    let signature = primitive.signature();
    let role = |i: usize| signature.operand(i).map_or("one more", |(name, _)| name);
    ids.iter().enumerate().map(|(i, id)| describe(nodes, labels, *id, role(i))).collect()
}

/// A word of more bytes is not one that anybody meant; texts have a longer name in quotes.
pub(crate) const LONGEST_WORD: usize = 4096;

/// Names and scopes have no more bytes; texts of programs rely on it.
pub(crate) const LONGEST_NAME: usize = 1 << 16;

/// A name up to where the longest would end.
fn cut(name: &str) -> &str {
    let end = (0..=LONGEST_NAME.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
    name.get(..end.unwrap_or(0)).unwrap_or_default()
}
