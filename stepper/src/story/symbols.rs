//! What nodes are called.

use super::Statement;
use crate::number::{short, shortened};
use autodiff::inspect::{Event, Role, Trace};
use autodiff::{NodeId, Real};
use std::collections::BTreeMap;

/// A part of a statement is called by its formula up to this length, and by its number beyond.
const LONGEST: usize = 24;

/// A symbol for each node: its name, with its scope where two nodes of one run have one name.
pub(super) fn of<F: Real>(trace: &Trace<F>, statements: &[Statement], statement_of: &[usize]) -> Vec<String> {
    let runs = trace.runs();
    let run_of = |id: NodeId| runs.iter().position(|run| run.nodes.contains(&id.index())).unwrap_or(0);
    let mut count: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for node in trace.nodes() {
        if let Some(name) = node.name() {
            *count.entry((run_of(node.id()), name)).or_default() += 1;
        }
    }
    let end = trace.at(trace.len());
    // How many operations a part of a statement has: a formula of more than half its characters cannot be short enough.
    let mut operations: Vec<usize> = Vec::new();
    let mut symbols: Vec<String> = Vec::new();
    for node in trace.nodes() {
        let id = node.id();
        let number = || {
            let value = end.value(id).filter(|value| value.len() == 1 && node.role() == Role::Constant)?;
            value.first().map(|x| short(*x))
        };
        let is_root = statement_of.get(id.index()).and_then(|i| statements.get(*i)).is_some_and(|one| one.root == id);
        let parts: usize = node.operands().iter().filter_map(|id| operations.get(id.index())).sum();
        operations.push(if is_root || node.role() != Role::Computed { 0 } else { parts.saturating_add(1) });
        // A part of a statement is written with the symbols of what comes before it.
        let formula = || {
            let formula = (!is_root && parts < LONGEST / 2).then(|| node.formula())??;
            let text = formula.template.write(|symbol| match symbol {
                autodiff::inspect::Symbol::Operand(i) => {
                    formula.leaves.get(i).and_then(|leaf| symbols.get(leaf.index())).cloned().unwrap_or_default()
                }
                _ => String::new(),
            });
            let text = shortened(&text);
            (text.chars().count() <= LONGEST).then_some(text)
        };
        let named = || {
            let name = node.name().filter(|name| !name.is_empty())?;
            let unique = count.get(&(run_of(id), name)).is_none_or(|count| *count == 1);
            let text = if unique { name.to_owned() } else { node.label().unwrap_or_default() };
            Some(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
        };
        symbols.push(named().or_else(number).or_else(formula).unwrap_or_else(|| id.to_string()));
    }
    symbols
}

/// Where the reverse pass starts, or else the last node.
pub(super) fn result<F: Real>(trace: &Trace<F>) -> Option<NodeId> {
    let seed = trace.events().iter().find_map(|event| match event {
        Event::Seed(id) => Some(*id),
        _ => None,
    });
    seed.or_else(|| trace.nodes().next_back().map(|node| node.id()))
}

/// The symbol of a cotangent: a bar over the letter of `h1`, and ∂E/∂ of what is more than a letter and a number.
pub(super) fn bar(symbol: &str, result: &str) -> String {
    let mut rest = symbol.chars();
    match rest.next() {
        Some(letter) if letter.is_alphabetic() && rest.as_str().chars().all(|c| c.is_numeric() || c == '′') => {
            format!("{letter}\u{304}{}", rest.as_str())
        }
        _ if symbol.contains(|c: char| "+−·/ ".contains(c)) => format!("∂{result}/∂({symbol})"),
        _ => format!("∂{result}/∂{symbol}"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_bar_stands_over_one_letter() {
        let bars = ["h", "w12", "net", "w·x"].map(|symbol| super::bar(symbol, "E"));
        assert_eq!(bars, ["h\u{304}", "w\u{304}12", "∂E/∂net", "∂E/∂(w·x)"]);
    }
}
