//! What an operation is, as text: its formula, how an application reads, and what its reverse rule gives each operand.

use super::expression::{Style, write};
use super::rule::{Symbols, run};
use crate::base::error::Result;
use crate::base::ids::NodeId;
use crate::base::kind::Type;
use crate::base::real::Real;
use crate::primitive::{Kernel, PrimitiveRef};
use crate::tape::Tape;
use std::collections::BTreeMap;

/// What an operation is, as text. The texts come from running it and its rule on symbols.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub struct Documentation {
    /// The formula, as the primitive states it: `y = a·b`.
    pub formula: String,
    /// What the formula calls the operands.
    pub roles: Vec<String>,
    /// An application: `a·b`.
    pub application: Template,
    /// What the reverse rule gives the operands, one by one; empty where the rule is a loop or cannot be run on
    /// symbols.
    pub rule: Vec<Answer>,
    /// Whether element i of the result depends on the elements i of the operands alone.
    pub elementwise: bool,
}

/// What a reverse rule gives one operand.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Answer {
    /// A cotangent: `ȳ·b`.
    Of(Template),
    /// The derivative exists and is zero.
    Zero,
    /// No derivative flows: an index, a key, what is held.
    None,
    /// There is no derivative, for this reason.
    Refused(String),
}

/// What stands for itself in a [`Template`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Symbol {
    /// An operand, by its number.
    Operand(usize),
    /// A result, by its number.
    Result(usize),
    /// The cotangent of a result, by its number.
    Cotangent(usize),
}

/// A formula with symbols for operands, results and cotangents, for which names or numbers are written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Template(pub(super) String);

/// Where the private characters begin that stand for operands, results and cotangents, and how many there are of each.
const PRIVATE: u32 = 0xE000;
const EACH: u32 = 0x800;

impl Symbol {
    pub(super) fn character(self) -> char {
        let (kind, i) = match self {
            Symbol::Operand(i) => (0, i),
            Symbol::Result(i) => (1, i),
            Symbol::Cotangent(i) => (2, i),
        };
        let i = u32::try_from(i).unwrap_or(u32::MAX).min(EACH - 1);
        char::from_u32(PRIVATE + kind * EACH + i).unwrap_or('?')
    }

    fn of(c: char) -> Option<Symbol> {
        let offset = u32::from(c).checked_sub(PRIVATE)?;
        let i = (offset % EACH) as usize;
        match offset / EACH {
            0 => Some(Symbol::Operand(i)),
            1 => Some(Symbol::Result(i)),
            2 => Some(Symbol::Cotangent(i)),
            _ => None,
        }
    }
}

impl Template {
    /// The formula with a text for each symbol. A negative number gets parentheses where a sign alone would be misread.
    ///
    /// ```
    /// use autodiff::inspect::Symbol;
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (a, b) = (tape.input(2.0), tape.input(-3.0));
    /// let trace = (a * b).trace()?;
    /// let product = trace.nodes().last().unwrap().documentation()?;
    /// let names = |symbol| match symbol {
    ///     Symbol::Operand(0) => "2".to_owned(),
    ///     _ => "−3".to_owned(),
    /// };
    /// assert_eq!(product.application.write(names), "2·(−3)");
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn write(&self, mut text_of: impl FnMut(Symbol) -> String) -> String {
        let mut text = String::new();
        let mut characters = self.0.chars().peekable();
        while let Some(c) = characters.next() {
            let Some(symbol) = Symbol::of(c) else {
                text.push(c);
                continue;
            };
            let written = text_of(symbol);
            let is_number = written.chars().nth(1).is_some_and(|c| c.is_ascii_digit() || c == 'i');
            let begins = text.is_empty() || text.ends_with(['(', ',', '[']) || text.ends_with(", ");
            let goes_on = characters.peek().is_none_or(|c| matches!(c, '·' | '/' | ' ' | ')' | ','));
            match written.starts_with(['−', '-']) && is_number && !(begins && goes_on) {
                true => text.extend(["(", &written, ")"]),
                false => text.push_str(&written),
            }
        }
        text
    }

    /// The symbols that occur, each at each place.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol> {
        self.0.chars().filter_map(Symbol::of)
    }
}

/// The documentation of `primitive`, applied to operands of these types.
pub(super) fn documentation<F: Real>(primitive: &PrimitiveRef<F>, operands: &[Type]) -> Result<Documentation> {
    let signature = primitive.signature();
    let role = |i| signature.operand(i).map_or("x", |(name, _)| name).to_owned();
    let shapes: Vec<_> = operands.iter().map(|operand| &operand.shape).collect();
    let symbols = |count: usize, symbol: fn(usize) -> Symbol| -> Vec<String> {
        (0..count).map(|i| symbol(i).character().to_string()).collect()
    };
    let results = primitive.results(operands).map_or(1, |types| types.len());
    let called = Symbols {
        operands: symbols(operands.len(), Symbol::Operand),
        results: symbols(results, Symbol::Result),
        bars: symbols(results, Symbol::Cotangent),
    };
    // The rule of a loop is a loop over the derivative of its body: too much to read.
    let rule = match primitive.bodies() {
        [] => {
            run(primitive, operands, &called, Style::Reading)?.reverse.iter().map(|rule| answer(&rule.right)).collect()
        }
        _ => Vec::new(),
    };
    Ok(Documentation {
        formula: primitive.formula().to_owned(),
        roles: (0..operands.len()).map(role).collect(),
        application: application(primitive, operands, &called.operands),
        rule,
        elementwise: matches!(primitive.kernel(&shapes), Kernel::Elementwise(_)),
    })
}

fn answer(right: &str) -> Answer {
    match right {
        "0" => Answer::Zero,
        "none" => Answer::None,
        _ => match right.strip_prefix("refused: ") {
            Some(reason) => Answer::Refused(reason.to_owned()),
            None => Answer::Of(Template(right.to_owned())),
        },
    }
}

/// `a·b`, with symbols.
fn application<F: Real>(primitive: &PrimitiveRef<F>, operands: &[Type], names: &[String]) -> Template {
    let tape = Tape::<F>::symbolic();
    let mut symbols = BTreeMap::new();
    let mut inputs = Vec::new();
    for (operand, name) in operands.iter().zip(names) {
        let arg = tape.placeholder(operand.kind, operand.shape.clone());
        symbols.insert(arg.id(), name.clone());
        inputs.push(arg);
    }
    let Ok(types) = primitive.results(operands) else { return Template(primitive.name().to_owned()) };
    let kinds: Vec<_> = types.iter().map(|result| result.kind).collect();
    let results = tape.record_list(primitive.clone(), &inputs, &kinds);
    let first = results.first().map_or(NodeId::new(0), |result| result.id());
    Template(tape.with_nodes(|nodes, labels| write(nodes, labels, first, &symbols, Style::Reading)))
}
