//! Rules in the symbols of a trace: `z̄·w`.

use super::Story;
use crate::number::shortened;
use autodiff::inspect::{Answer, Edge, Symbol};
use autodiff::{NodeId, Real};

impl<F: Real> Story<'_, F> {
    /// What an edge contributes, in symbols; `None` where its rule has no formula. The cotangent of a part of a
    /// statement is written out, up to that of the statement, `depth` operations deep.
    pub fn rule(&self, edge: Edge, depth: usize) -> Option<String> {
        let Answer::Of(rule) = self.documentation(edge.node)?.rule.get(edge.slot)? else { return None };
        let operands = self.trace.node(edge.node)?.operands();
        let result = |i: usize| NodeId::new(edge.node.index() + i);
        // What is transposed, or divided by, is one factor.
        let tight = rule.write(|_| "x".to_owned()).contains(['ᵀ', '/']);
        let factor = |text: String| if tight && !is_atom(&text) { format!("({text})") } else { text };
        let text = rule.write(|symbol| match symbol {
            Symbol::Operand(i) => factor(operands.get(i).map(|id| bracketed(self.symbol(*id))).unwrap_or_default()),
            Symbol::Result(i) => factor(bracketed(self.symbol(result(i)))),
            Symbol::Cotangent(i) => factor(self.cotangent_symbol(result(i), depth)),
        });
        Some(shortened(&text))
    }

    /// What the cotangent of a statement is: the sum of what all ways bring.
    pub fn cotangent_formula(&self, id: NodeId, depth: usize) -> Option<String> {
        let ways: Vec<Edge> = self.trace.edges_into(id).filter(|edge| self.brings(*edge)).collect();
        let terms = ways.iter().take(MOST_WAYS).map(|edge| self.rule(*edge, depth)).collect::<Option<Vec<_>>>()?;
        let more = if ways.len() > MOST_WAYS { " + …" } else { "" };
        (!terms.is_empty()).then(|| terms.join(" + ") + more)
    }

    fn cotangent_symbol(&self, id: NodeId, depth: usize) -> String {
        let mut ways = self.trace.edges_into(id).filter(|edge| self.brings(*edge));
        let (Some(edge), None, false) = (ways.next(), ways.next(), self.root(id) == id || depth == 0) else {
            return self.bar(id);
        };
        self.rule(edge, depth - 1).map_or_else(|| self.bar(id), |text| bracketed(&text))
    }
}

/// More ways than these are not written out.
const MOST_WAYS: usize = 3;

/// Whether a text holds together whatever stands beside it: a name, a number, something in parentheses or a call.
fn is_atom(text: &str) -> bool {
    let mut depth = 0usize;
    let loose = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => return depth == 0 && matches!(c, '·' | '/' | ' ' | 'ᵀ' | '−'),
        }
        false
    };
    !text.chars().any(loose) || text.starts_with('∂')
}

/// A sum that becomes a factor.
fn bracketed(text: &str) -> String {
    if text.contains(' ') && !text.ends_with(')') { format!("({text})") } else { text.to_owned() }
}
