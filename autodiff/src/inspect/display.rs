//! Tapes and programs as text, one typed line per node.
//!
//! The grammar is plain enough to be read back:
//!
//! ```text
//! program   = "program" real "(" input-list ")" "->" "(" type-list ")" line* "return" id-list
//! line      = id ":" type "=" body ["#" comment]
//! body      = "input" | "data" | "index" | "key" | "constant(" array ")" | name "(" ids [";" attributes] ")"
//! attributes = name "=" value {"," name "=" value}
//! ```
//!
//! A number of a constant is written with the fewest digits that read back to the same bits. A constant of more than
//! eight elements is abbreviated, which `…` marks; such a text is for people only.

use super::numbers;
use crate::arena::NodeId;
use crate::program::NodeView;
use crate::program::Program;
use crate::real::Real;
use crate::tape::Tape;
use std::fmt;

/// A longer body or comment does not push the column after it to the right.
const WIDEST: usize = 48;

/// One line of a listing, in columns.
pub(super) struct Line {
    columns: [String; 4],
    values: String,
}

impl Line {
    pub(super) fn of<F: Real>(node: &NodeView<'_, F>, values: String) -> Self {
        let columns =
            [node.id().to_string(), format!(": {}", node.type_name()), format!("= {}", body(node)), comment(node)];
        Line { columns, values }
    }
}

/// The lines with their columns aligned, each after a margin of its own.
pub(super) fn text(lines: &[(&str, Line)]) -> String {
    let mut widths = [0; 4];
    for (_, line) in lines {
        for (width, column) in widths.iter_mut().zip(&line.columns) {
            let length = column.chars().count();
            *width = if length > WIDEST { *width } else { (*width).max(length) };
        }
    }
    let mut text = String::new();
    for (margin, line) in lines {
        text.push_str(margin);
        for ((column, width), gap) in line.columns.iter().zip(widths).zip(["", " ", " ", "   "]) {
            text.push_str(gap);
            text.push_str(column);
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(column.chars().count())));
        }
        text.push_str("   ");
        text.push_str(&line.values);
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// How the value comes to be: `add(%5, %6)`, `sum(%1; axes=[0], keep=false)`, `input`, `constant(0.5)`.
pub(super) fn body<F: Real>(node: &NodeView<'_, F>) -> String {
    if let Some(error) = node.error() {
        return plain(&format!("{}: {}", error.operation(), error.message()));
    }
    if let Some(value) = node.constant_value() {
        let text = numbers::value(value, node.shape(), numbers::exact).unwrap_or_default();
        return format!("constant({text})");
    }
    let Some(primitive) = node.primitive() else { return node.operation().into() };
    let attributes = primitive.attributes();
    let separator = if attributes.is_empty() { "" } else { "; " };
    format!("{}({}{separator}{attributes})", primitive.name(), ids(node.operands()))
}

pub(super) fn ids(ids: &[NodeId]) -> String {
    ids.iter().map(NodeId::to_string).collect::<Vec<_>>().join(", ")
}

/// `# hidden.bias  src/main.rs:41`: scope and name, then the line; `# (hidden)` for a node without a name.
fn comment<F: Real>(node: &NodeView<'_, F>) -> String {
    let scope = if node.scope().is_empty() { None } else { Some(format!("({})", node.scope())) };
    let line = node.place().location.map(|location| format!("{}:{}", location.file(), location.line()));
    let parts: Vec<String> = label(node).or(scope).into_iter().chain(line).collect();
    if parts.is_empty() { String::new() } else { plain(&format!("# {}", parts.join("  "))) }
}

/// `hidden.bias`: the name of a node with the path of its scope.
pub(super) fn label<F: Real>(node: &NodeView<'_, F>) -> Option<String> {
    let name = node.name()?;
    Some(if node.scope().is_empty() { plain(name) } else { plain(&format!("{}.{name}", node.scope())) })
}

/// The text on one line, whatever names users give.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl<F: Real> fmt::Display for Tape<F> {
    /// One line per node: id, type, operation with operands and attributes, and as a comment name and line. The alternate
    /// form `{tape:#}` shows the values too.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]).named("x");
    /// let y = x.sum(..);
    /// assert!(tape.to_string().contains("%1 : f64[]  = sum(%0; axes=[0], keep=false)"));
    /// assert!(format!("{tape:#}").contains("v=3"));
    /// # let _ = y;
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |id| self.with_value(id, |value, shape| numbers::value(value, shape, numbers::short));
        let values =
            |id| if f.alternate() { value(id).map(|v| format!("v={v}")).unwrap_or_default() } else { "".into() };
        let lines: Vec<_> = self.with_nodes(|nodes, labels| {
            let line = |(id, node)| ("", Line::of(&NodeView { id, node, labels }, values(id)));
            nodes.iter().map(line).collect()
        });
        f.write_str(&text(&lines))
    }
}

impl<F: Real> fmt::Display for Program<F> {
    /// A line with inputs and outputs, one line per node as for a tape, and the nodes that are returned.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]).named("x");
    /// let text = tape.program(&[x.sum(..)])?.to_string();
    /// assert!(text.starts_with("program f64 (x: f64[2]) -> (f64[])\n  %0 : f64[2] = input "));
    /// assert!(text.ends_with("  return %1\n"));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let views = |ids: &[NodeId]| ids.iter().filter_map(|id| self.node(*id)).collect::<Vec<_>>();
        let input = |node: &NodeView<'_, F>| {
            let name = node.name().map_or_else(|| node.id().to_string(), plain);
            format!("{name}: {}", node.type_name())
        };
        let inputs: Vec<String> = views(&self.inputs).iter().map(input).collect();
        let outputs: Vec<String> = views(&self.outputs).iter().map(NodeView::type_name).collect();
        writeln!(f, "program {} ({}) -> ({})", F::NAME, inputs.join(", "), outputs.join(", "))?;
        let lines: Vec<_> = self.nodes().map(|node| ("  ", Line::of(&node, String::new()))).collect();
        f.write_str(&text(&lines))?;
        writeln!(f, "  return {}", ids(&self.outputs))
    }
}
