//! What all front ends show of a trace: statements, symbols, sentences, and formulas with numbers.

mod check;
mod convolution;
mod explain;
mod narration;
mod rule;
mod statements;
mod symbols;
mod times;
mod update;

pub use check::compared;
pub use explain::{Explanation, Term};
pub use narration::GLOSSARY;
pub use statements::Statement;
pub use times::Times;

use autodiff::inspect::{Documentation, Role, Run, Trace};
use autodiff::{NodeId, Real};
use std::cell::OnceCell;
use std::sync::Arc;

/// A trace with its statements, symbols and sentences.
pub struct Story<'a, F: Real> {
    /// The trace.
    pub trace: &'a Trace<F>,
    /// The lines of the program as a reader of mathematics would write them.
    pub statements: Vec<Statement>,
    /// The statement of each node.
    pub statement_of: Vec<usize>,
    symbols: Vec<String>,
    result: Option<NodeId>,
    /// Made when it is asked for: it takes a run of the rule on symbols.
    documentation: Vec<OnceCell<Option<Arc<Documentation>>>>,
    /// The update at the end of each run.
    updates: OnceCell<Vec<(Run, update::Update)>>,
}

impl<'a, F: Real> Story<'a, F> {
    /// The story of a trace.
    pub fn new(trace: &'a Trace<F>) -> Self {
        let (statements, statement_of) = statements::of(trace);
        let documentation = statement_of.iter().map(|_| OnceCell::new()).collect();
        Story {
            symbols: symbols::of(trace, &statements, &statement_of),
            result: symbols::result(trace),
            trace,
            statements,
            statement_of,
            documentation,
            updates: OnceCell::new(),
        }
    }

    /// What a node is called: its name, its number, or of a part of a statement its formula.
    pub fn symbol(&self, id: NodeId) -> &str {
        self.symbols.get(id.index()).map_or("?", String::as_str)
    }

    /// What the cotangent of a node is called: `h̄1`, or `∂E/∂net` where a bar would not fit over the name.
    pub fn bar(&self, id: NodeId) -> String {
        symbols::bar(self.symbol(id), self.result.map_or("y", |result| self.symbol(result)))
    }

    /// Whether a node is data that nothing uses, about which there is nothing to say.
    pub fn is_idle(&self, id: NodeId) -> bool {
        let data = self.trace.node(id).is_some_and(|node| node.role() == Role::Data);
        data && self.trace.edges_into(id).next().is_none()
    }

    /// The node at which the reverse pass starts, if there is one.
    pub fn result(&self) -> Option<NodeId> {
        self.result
    }

    /// What the operation of a node says of itself.
    pub fn documentation(&self, id: NodeId) -> Option<&Documentation> {
        let made = || self.trace.node(id).and_then(|node| node.documentation().ok());
        self.documentation.get(id.index())?.get_or_init(made).as_deref()
    }
}
