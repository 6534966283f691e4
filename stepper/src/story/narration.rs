//! Each event of a run in a sentence or two, for somebody who knows the chain rule.

use super::{Story, symbols};
use crate::number::{full, percent, short, shortened};
use autodiff::inspect::{Event, Role, State};
use autodiff::{NodeId, Real, Shape};
use ndarray::ArrayViewD;

/// The terms of the field that the sentences use, each with its definition.
pub const GLOSSARY: [(&str, &str); 15] = [
    (
        "cotangent",
        "How much the result changes per change of this value, summed over all ways through the program: ∂E/∂x. \
         Written x̄.",
    ),
    (
        "contribution",
        "What one use of a value adds to its cotangent: the cotangent of what was computed there, times the slope of \
         that operation.",
    ),
    (
        "reverse pass",
        "The way from the result back to the inputs, on which all cotangents are computed: the chain rule, applied \
         once per operation.",
    ),
    ("forward pass", "The computation itself: every operation in order, from the inputs to the result."),
    ("parameter", "A number or array that training changes."),
    (
        "update",
        "The step of training: each parameter moves a little against its cotangent, so that the result becomes \
         smaller.",
    ),
    ("rate", "How many times its cotangent an update takes from a parameter."),
    (
        "seed",
        "The cotangent that the reverse pass starts with. If the result E is a number, it is 1, because E changes by 1 \
         per change of E.",
    ),
    ("rule", "How an operation passes a cotangent on to its operands: the cotangent times the operation's own slope."),
    ("operand", "A value that an operation takes."),
    (
        "share",
        "The part of the cotangent that came by this way. Shares can be negative, where two ways work against each \
         other; they sum to 100 %.",
    ),
    ("loss", "The number that training minimises."),
    ("slope", "How much the result of one operation changes per change of its operand: its derivative."),
    ("layer", "Operations that belong together, under one name."),
    (
        "finite difference",
        "The slope found without any rule: change the number by a little, compute again, and divide the change of the \
         result by it.",
    ),
];

/// A formula with more symbols is too long to read: the operation stands for it.
const SYMBOLS: usize = 12;

/// Arrays of more elements than this are abbreviated in sentences.
const SHOWN: usize = 6;

impl<F: Real> Story<'_, F> {
    /// What the latest event of a state is, in words.
    pub fn sentence(&self, state: &State<'_, F>) -> String {
        let Some(event) = state.event() else {
            return "Nothing has happened yet. Every value is blank until it is computed.".into();
        };
        match event {
            Event::Enter(scope) => format!("The layer {scope} begins."),
            Event::Exit(scope) => format!("The layer {scope} ends."),
            Event::Push(id) => self.pushed(state, *id),
            Event::Seed(id) => {
                let (symbol, seed) = (self.symbol(*id), self.array(state.cotangent(*id), *id));
                // What a bar means is said once, where the first is met.
                let first = self.trace.edges_of(*id).find(|edge| self.brings(*edge) && Some(*id) == self.result());
                let meaning =
                    first.map(|edge| self.symbol(edge.operand)).filter(|name| !name.contains(' ')).map(|name| {
                        let bar = symbols::bar(name, symbol);
                        let same = bar.starts_with('∂');
                        if same {
                            String::new()
                        } else {
                            format!(" A bar means a derivative of {symbol}: {bar} is ∂{symbol}/∂{name}.")
                        }
                    });
                format!(
                    "The reverse pass starts at {symbol}, with the seed {} = {seed}: {symbol} changes by exactly as \
                     much as it changes itself.{}",
                    self.bar(*id),
                    meaning.unwrap_or_default()
                )
            }
            Event::Visit(id) => self.visited(state, *id),
            Event::Accumulate(edge) => {
                let (given, sum) = (state.contribution(*edge), state.cotangent(edge.operand));
                let all = self.trace.edges_into(edge.operand).filter(|other| self.brings(*other)).count();
                let so_far =
                    self.trace.edges_into(edge.operand).filter(|other| state.contribution(*other).is_some()).count();
                let (operand, bar) = (self.symbol(edge.operand), self.bar(edge.operand));
                let given_text = self.array(given, edge.operand);
                let inside = self.root(edge.node) == self.root(edge.operand);
                let way = match inside {
                    true => format!("Inside {}", self.symbol(self.root(edge.node))),
                    false => format!("By way of {}", self.symbol(self.root(edge.node))),
                };
                let more = match (so_far, all) {
                    (_, 1) => format!("It is the only one, so {bar} = {}.", self.array(sum, edge.operand)),
                    (1, _) => {
                        format!("It is the first of {all}, so {bar} is {} so far.", self.array(sum, edge.operand))
                    }
                    _ if so_far == all => {
                        format!(
                            "It is the last of {all}, and together they are {bar} = {}.",
                            self.array(sum, edge.operand)
                        )
                    }
                    _ => format!(
                        "It is number {so_far} of {all}, and {bar} is {} so far.",
                        self.array(sum, edge.operand)
                    ),
                };
                format!("{way}, {operand} gets the contribution {given_text}. {more}")
            }
            Event::Zero(id) => format!("The result does not change with {}: its cotangent is 0.", self.symbol(*id)),
            Event::Update(id) => self.updated(*id),
            _ => state.sentence(),
        }
    }

    fn pushed(&self, state: &State<'_, F>, id: NodeId) -> String {
        let (symbol, value) = (self.symbol(id), self.any(state, id));
        let Some(node) = self.trace.node(id) else { return String::new() };
        match node.role() {
            Role::Input => format!("{symbol} = {value} is given. {}", self.wanted(id)),
            Role::Data => format!("{symbol} = {value} is given."),
            Role::Constant => format!("The constant {value} is part of the program."),
            _ => {
                let root = self.root(id);
                if root != id {
                    return format!("{symbol} = {value} is computed, on the way to {}.", self.symbol(root));
                }
                let formula = self.formula(id).unwrap_or_default();
                match Some(id) == self.result() {
                    true => format!(
                        "{symbol} = {formula} is computed: {value}. The forward pass has arrived at its result."
                    ),
                    false => format!("{symbol} = {formula} is computed: {value}."),
                }
            }
        }
    }

    fn visited(&self, state: &State<'_, F>, id: NodeId) -> String {
        let (symbol, bar) = (self.symbol(id), self.bar(id));
        let result = self.result().map_or("the result".to_owned(), |result| self.symbol(result).to_owned());
        let cotangent = self.array(state.cotangent(id), id);
        let operands: Vec<String> = self
            .trace
            .edges_of(id)
            .filter(|edge| self.brings(*edge))
            .map(|edge| match self.symbol(edge.operand) {
                symbol if symbol.contains(' ') => format!("({symbol})"),
                symbol => symbol.to_owned(),
            })
            .collect();
        let to = match operands.split_last() {
            None => String::new(),
            Some((last, [])) => format!(" Its rule passes it on to {last}."),
            Some((last, others)) => format!(" Its rule passes it on to {} and {last}.", others.join(", ")),
        };
        let single = state.cotangent(id).filter(|array| array.len() == 1).and_then(|array| array.first().copied());
        let meaning = match single {
            Some(x) if x.is_finite() && Some(id) != self.result() => {
                format!(" If {symbol} grew by a little, {result} would change by {} times as much.", short(x))
            }
            _ => String::new(),
        };
        format!("The cotangent of {symbol} is complete: {bar} = {cotangent}.{meaning}{to}")
    }

    /// The formula of a statement, or the part of one, with symbols.
    pub fn formula(&self, id: NodeId) -> Option<String> {
        let node = self.trace.node(id)?;
        let formula = node.formula()?;
        if formula.template.symbols().count() > SYMBOLS {
            return Some(node.call());
        }
        Some(shortened(&formula.template.write(|symbol| match symbol {
            autodiff::inspect::Symbol::Operand(i) => {
                formula.leaves.get(i).map(|leaf| self.symbol(*leaf).to_owned()).unwrap_or_default()
            }
            _ => String::new(),
        })))
    }

    /// The node whose statement a node belongs to.
    pub fn root(&self, id: NodeId) -> NodeId {
        let statement = self.statement_of.get(id.index()).and_then(|i| self.statements.get(*i));
        statement.map_or(id, |statement| statement.root)
    }

    /// Whether an edge contributes to a cotangent at the end of the trace.
    pub fn brings(&self, edge: autodiff::inspect::Edge) -> bool {
        self.trace.at(self.trace.len()).contribution(edge).is_some()
    }

    fn any(&self, state: &State<'_, F>, id: NodeId) -> String {
        match state.value(id) {
            Some(value) => self.array(Some(value), id),
            None => self.trace.node(id).map(|node| node.type_name()).unwrap_or_default(),
        }
    }

    /// An array in a sentence: `[0.5933, 0.5969]`.
    pub fn array(&self, array: Option<ArrayViewD<'_, F>>, id: NodeId) -> String {
        let shape = self.trace.node(id).map(|node| node.shape().clone()).unwrap_or_default();
        let Some(array) = array else { return "blank".to_owned() };
        // Of a large array only the beginning is written.
        let elements: Vec<String> = array.iter().take(SHOWN + 1).map(|x| short(*x)).collect();
        nested(&elements, &shape, array.len())
    }

    /// The elements of a node's array as [`array`](Self::array) writes them, with these texts.
    pub fn listed(&self, elements: &[String], id: NodeId) -> String {
        let shape = self.trace.node(id).map(|node| node.shape().clone()).unwrap_or_default();
        nested(elements.get(..SHOWN + 1).unwrap_or(elements), &shape, elements.len())
    }

    /// As [`array`](Self::array), with all digits.
    pub fn exact(&self, array: Option<ArrayViewD<'_, F>>, id: NodeId) -> String {
        let shape = self.trace.node(id).map(|node| node.shape().clone()).unwrap_or_default();
        let Some(array) = array else { return "blank".to_owned() };
        let elements: Vec<String> = array.iter().take(SHOWN + 1).map(|x| full(*x)).collect();
        nested(&elements, &shape, array.len())
    }

    /// A share in per cent, blank where there is none.
    pub fn share(&self, share: Option<f64>) -> String {
        share.map(percent).unwrap_or_default()
    }
}

/// Elements in brackets, as the axes are; of a large array its beginning and its shape.
fn nested(elements: &[String], shape: &Shape, size: usize) -> String {
    match (&**shape, elements) {
        ([], [number]) => number.clone(),
        (_, []) => "[]".into(),
        _ if size > SHOWN => {
            format!("[{}, … {size} numbers]", elements.iter().take(3).cloned().collect::<Vec<_>>().join(", "))
        }
        ([.., columns], _) if shape.rank() == 2 && *columns > 0 => {
            let rows = elements.chunks(*columns).map(|row| format!("[{}]", row.join(", ")));
            format!("[{}]", rows.collect::<Vec<_>>().join(", "))
        }
        _ => format!("[{}]", elements.join(", ")),
    }
}
