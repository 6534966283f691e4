//! Finite differences in words.

use super::Story;
use crate::number::short;
use autodiff::check::{Level, NodeCheck, Outcome};
use autodiff::{NodeId, Real};

impl<F: Real> Story<'_, F> {
    /// What was compared at a node, in words: its own cotangent first, then what its rule passes on.
    pub fn levels<'c>(&self, id: NodeId, check: &'c NodeCheck) -> Vec<(String, &'c Level)> {
        let operands = self.trace.edges_of(id).filter(|edge| self.brings(*edge));
        let bracketed = |name: &str| if name.contains(' ') { format!("({name})") } else { name.to_owned() };
        let mut names: Vec<String> = operands.map(|edge| bracketed(self.symbol(edge.operand))).collect();
        names.dedup();
        let to = match names.split_last() {
            Some((last, [])) => format!("what its rule passes to {last}"),
            Some((last, others)) => format!("what its rule passes to {} and {last}", others.join(", ")),
            None => "what its rule passes on".to_owned(),
        };
        let furthest =
            |level: &Level| if level.compared > 1 { format!("{to}, where it is furthest off") } else { to.clone() };
        let levels = [
            check.end_to_end.as_ref().map(|level| {
                (format!("{}, by changing {} a little and running on", self.bar(id), self.symbol(id)), level)
            }),
            check.elements.as_ref().map(|level| (furthest(level), level)),
            check.rule.as_ref().map(|level| (format!("{to}, along a random direction"), level)),
        ];
        levels.into_iter().flatten().collect()
    }

    /// The slope of a function by which a rule multiplies, where its formula does not say whose slope it is.
    pub fn slope(&self, id: NodeId) -> Option<&'static str> {
        match self.trace.node(id)?.operation() {
            "sigmoid" => Some("σ′(z) = σ(z)·(1 − σ(z))"),
            "tanh" => Some("tanh′(z) = 1 − tanh(z)²"),
            "exp" => Some("exp′(z) = exp(z)"),
            _ => None,
        }
    }
}

/// What the rules gave, and how far the finite difference is from it.
pub fn compared(level: &Level) -> String {
    let (ours, theirs) = (short(level.analytic), short(level.numeric));
    let off = (level.analytic - level.numeric).abs();
    match level.outcome {
        Outcome::Agrees if off == 0.0 => format!("{ours}, and so the finite difference"),
        Outcome::Agrees => format!("{ours}; the finite difference is {off:.0e} away"),
        _ => format!("{ours}, but the finite difference is {theirs}"),
    }
}
