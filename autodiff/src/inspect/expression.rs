//! A recorded expression as mathematics: infix, with the parentheses it needs.

use super::numbers;
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Kernel, Notation, Primitive};
use crate::program::NodeView;
use crate::tape::Tape;
use crate::tape::node::{Labels, Node, Op};
use crate::tape::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How tight a text holds together: see [`Notation::Infix`] for what the numbers up to [`POWER`] mean.
const PREFIX: u8 = 3;
const POWER: u8 = 4;
const ATOM: u8 = 5;

/// A longer text is cut: what is shared is written out at each use, and a user's rule may share a lot.
const LONGEST: usize = 2000;

#[derive(Clone)]
struct Term {
    text: String,
    strength: u8,
    /// The number, where it is one in every element.
    number: Option<String>,
}

impl Term {
    fn atom(text: impl Into<String>) -> Self {
        Term { text: text.into(), strength: ATOM, number: None }
    }

    /// The text, in parentheses unless it holds together at least as tight as `strength`.
    fn within(&self, strength: u8) -> String {
        if self.strength >= strength { self.text.clone() } else { format!("({})", self.text) }
    }

    /// As the right operand of an infix operation, where a sign needs parentheses.
    fn right(&self, strength: u8) -> String {
        self.within(if self.text.starts_with('−') { ATOM } else { strength })
    }
}

/// How much of an operation a text says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// All that was recorded: which function runs, with its attributes.
    Exact,
    /// What a reader of mathematics expects: the formula of a function that has one, no attributes, `·` for every
    /// product, and nothing where an array is only repeated to fit another.
    Reading,
}

/// The text of `root`, written out down to the nodes that have a symbol.
pub(super) fn expression<F: Real>(
    tape: &Tape<F>,
    root: NodeId,
    symbols: &BTreeMap<NodeId, String>,
    style: Style,
) -> String {
    tape.with_nodes(|nodes, labels| write(nodes, labels, root, symbols, style))
}

/// As [`expression`], of nodes at hand.
pub(super) fn write<F: Real>(
    nodes: &IdVec<Node<F>>,
    labels: &Labels,
    root: NodeId,
    symbols: &BTreeMap<NodeId, String>,
    style: Style,
) -> String {
    // What is written out, and nothing else: a formula costs the same wherever it stands on a long tape.
    let mut needed = BTreeSet::new();
    let mut pending = vec![root];
    while let Some(id) = pending.pop() {
        if needed.insert(id) && !symbols.contains_key(&id) {
            pending.extend_from_slice(&nodes[id].inputs);
        }
    }
    // Operands have smaller ids, so one pass writes everything, and nothing recurses.
    let mut terms: BTreeMap<NodeId, Term> = BTreeMap::new();
    for id in needed {
        let term = match symbols.get(&id) {
            Some(symbol) => Term::atom(symbol.clone()),
            None => term(&NodeView { id, node: &nodes[id], labels }, nodes, &terms, style),
        };
        terms.insert(id, term);
    }
    terms.remove(&root).map(|term| term.text).unwrap_or_default()
}

fn term<F: Real>(node: &NodeView<'_, F>, nodes: &IdVec<Node<F>>, terms: &BTreeMap<NodeId, Term>, style: Style) -> Term {
    let unknown = Term::atom("?");
    let written = |id: &NodeId| terms.get(id).unwrap_or(&unknown);
    if let Some(value) = node.constant_value() {
        return constant(node, value);
    }
    if let (Op::Result, [first]) = (&node.node.op, node.operands()) {
        return Term::atom(format!("{}[{}]", written(first).text, node.id().index() - first.index()));
    }
    let Some(primitive) = node.primitive() else { return Term::atom(node.id().to_string()) };
    let operands: Vec<&Term> = node.operands().iter().map(written).collect();
    // A number that is only rearranged or repeated stays that number.
    if let ([operand], [id]) = (operands.as_slice(), node.operands())
        && (operand.number.is_some() || (style == Style::Reading && repeats(&nodes[*id].shape, node.shape())))
        && matches!(primitive.kernel(&[&nodes[*id].shape]), Kernel::View)
    {
        return (*operand).clone();
    }
    let term = apply(&**primitive, &operands, style);
    if term.text.len() > LONGEST { Term::atom("…") } else { term }
}

fn constant<F: Real>(node: &NodeView<'_, F>, value: &Value<F>) -> Term {
    match value {
        Value::Splat(x) => {
            let magnitude = x.double().abs();
            let plain = magnitude == 0.0 || !magnitude.is_finite() || (1e-4..1e6).contains(&magnitude);
            let text = if plain { x.abs().to_string() } else { format!("{:e}", x.abs()) };
            let negative = x.is_sign_negative() && !x.is_nan();
            let text = if negative { format!("−{text}") } else { text };
            Term { number: Some(text.clone()), strength: if negative { PREFIX } else { ATOM }, text }
        }
        _ => Term::atom(numbers::value(value, node.shape(), numbers::short).unwrap_or_default()),
    }
}

/// Whether an array of the shape `to` holds the elements of one of the shape `from` again and again, or only has
/// further axes of length 1.
fn repeats(from: &Shape, to: &Shape) -> bool {
    let lengths = |shape: &Shape| shape.iter().copied().filter(|d| *d != 1).collect::<Vec<_>>();
    to.size() > from.size() || lengths(from) == lengths(to)
}

fn apply<F: Real>(primitive: &dyn Primitive<F>, operands: &[&Term], style: Style) -> Term {
    let reading = style == Style::Reading;
    match (primitive.notation(), operands) {
        (Notation::Infix(symbol, strength), [a, b]) => {
            // Operations of one strength group from the left, and the text shows where they were not recorded so.
            // Comparisons do not chain.
            let left = if strength == 0 { 1 } else { strength };
            let symbol = if reading && symbol == "@" { "·" } else { symbol };
            let gap = if matches!(symbol, "·" | "/") { "" } else { " " };
            let text = format!("{}{gap}{symbol}{gap}{}", a.within(left), b.right(strength + 1));
            Term { text, strength, number: None }
        }
        (Notation::Prefix(symbol), [x]) => {
            Term { text: format!("{symbol}{}", x.right(PREFIX)), strength: PREFIX, number: None }
        }
        (Notation::Postfix(symbol), [x]) => {
            Term { text: format!("{}{symbol}", x.within(ATOM)), strength: POWER, number: None }
        }
        (Notation::Around(left, right), [x]) => Term::atom(format!("{left}{}{right}", x.text)),
        (Notation::Formula(formula, strength), _) if reading => {
            let text = operands.iter().enumerate().fold(formula.to_owned(), |text, (i, operand)| {
                text.replace(&format!("{{{i}}}"), &operand.within(ATOM))
            });
            Term { text, strength, number: None }
        }
        _ => {
            let arguments: Vec<&str> = operands.iter().map(|operand| operand.text.as_str()).collect();
            let arguments = arguments.join(", ");
            Term::atom(match reading {
                true => format!("{}({arguments})", primitive.name()),
                false => super::display::call(primitive, &arguments),
            })
        }
    }
}
