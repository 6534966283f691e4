//! The primitives of a registry as a Markdown table.

use super::rule::{Equation, rule};
use crate::base::error::Result;
use crate::base::real::Real;
use crate::primitive::Registry;
use std::fmt::Write;

/// The table of the primitives in `registry`, in Markdown: name, formula, and reverse rule as [`rule`] prints it.
///
/// ```
/// use autodiff::{Registry, inspect};
/// let table = inspect::table(&Registry::<f64>::standard())?;
/// assert!(table.contains("| `tanh` | `y = tanh x` | `x̄ = ȳ·tanh_slope(x, y)` |"));
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`rule`].
pub fn table<F: Real>(registry: &Registry<F>) -> Result<String> {
    let mut table = String::from("| primitive | formula | reverse rule |\n|---|---|---|\n");
    for entry in registry.entries() {
        let rule = rule(entry)?;
        // The rule of a loop is a loop over the derivative of its body, whatever that is.
        let equations: Vec<String> = match entry.example().bodies() {
            [] => merged(&rule.reverse).iter().map(|equation| code(equation)).collect(),
            _ => vec!["a loop in the other direction, over the reverse derivative of the body".into()],
        };
        // Writing to a string does not fail.
        let _ =
            writeln!(table, "| {} | {} | {} |", code(entry.example().name()), code(rule.formula), equations.join(", "));
    }
    Ok(table)
}

/// Neighbours with one right side in one chain: `ā = b̄ = ȳ`.
fn merged(equations: &[Equation]) -> Vec<String> {
    let same = |a: &Equation, b: &Equation| a.right == b.right;
    let chain = |chain: &[Equation]| {
        let right = chain.iter().map(|equation| equation.right.as_str()).take(1);
        chain.iter().map(|equation| equation.left.as_str()).chain(right).collect::<Vec<_>>().join(" = ")
    };
    equations.chunk_by(same).map(chain).collect()
}

/// Text as code, safe in a cell; between double backticks if it has backticks of its own.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}
