//! Tapes as text, one typed line per node, and the lines that programs as text are made of (`crate::text`).

use super::node::TraceNode;
use super::numbers;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::primitive::Primitive;
use crate::program::NodeView;
use crate::tape::Tape;
use crate::tape::node::LONGEST_WORD;
use crate::tape::node::Op;
use std::fmt;

/// A longer body or comment does not push the column after it to the right.
const WIDEST: usize = 48;

/// One line of a listing, in columns.
pub(crate) struct Line {
    columns: [String; COLUMNS],
    values: String,
}

const COLUMNS: usize = 5;

impl Line {
    pub(super) fn of<F: Real>(node: &NodeView<'_, F>, values: String) -> Self {
        Line { columns: columns(&[*node], body(node), comment(node)), values }
    }

    /// As [`of`](Self::of), of a node of a trace.
    pub(super) fn of_trace<F: Real>(node: &TraceNode<'_, F>, values: String) -> Self {
        let named = match node.name() {
            Some(name) => format!("{} {}", node.id(), word(name)),
            None => node.id().to_string(),
        };
        let scope = if node.scope().is_empty() { String::new() } else { format!("in {}", path(node.scope())) };
        let comment = node.location().map(|(file, line)| plain(&format!("# {file}:{line}"))).unwrap_or_default();
        let columns = [named, format!(": {}", node.type_name()), format!("= {}", node.call()), scope, comment];
        Line { columns, values }
    }

    /// The line of an application with all its results: `%4 : f64[3], %5 : index[3] = sort(%1; axis=0)`.
    pub(crate) fn of_results<F: Real>(results: &[NodeView<'_, F>], body: String, with_comment: bool) -> Self {
        let comment = results.first().filter(|_| with_comment).map(comment).unwrap_or_default();
        Line { columns: columns(results, body, comment), values: String::new() }
    }
}

/// `%2 bias`, `: f64[2]`, `= input`, `in hidden`, `# src/main.rs:41`.
fn columns<F: Real>(results: &[NodeView<'_, F>], body: String, comment: String) -> [String; COLUMNS] {
    let named = |node: &NodeView<'_, F>| match node.name() {
        Some(name) => format!("{} {}", node.id(), word(name)),
        None => node.id().to_string(),
    };
    let Some((last, others)) = results.split_last() else { return Default::default() };
    let others = others.iter().map(|node| format!("{} : {}, ", named(node), node.type_name())).collect::<String>();
    let scope = if last.scope().is_empty() { String::new() } else { format!("in {}", path(last.scope())) };
    [others + &named(last), format!(": {}", last.type_name()), format!("= {body}"), scope, comment]
}

/// The lines with their columns aligned, each after a margin of its own.
pub(crate) fn text(lines: &[(&str, Line)]) -> String {
    let mut widths = [0; COLUMNS];
    for (_, line) in lines {
        for (width, column) in widths.iter_mut().zip(&line.columns) {
            let length = column.chars().count();
            *width = if length > WIDEST { *width } else { (*width).max(length) };
        }
    }
    let mut text = String::new();
    for (margin, line) in lines {
        text.push_str(margin);
        for ((column, width), gap) in line.columns.iter().zip(widths).zip(["", " ", " ", "   ", "   "]) {
            if width == 0 && column.is_empty() {
                continue;
            }
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
    body_with(node, numbers::SHOWN)
}

/// The body with constants of up to `shown` elements written out.
pub(crate) fn body_with<F: Real>(node: &NodeView<'_, F>, shown: usize) -> String {
    if let Some(error) = node.error() {
        return plain(&format!("{}: {}", error.operation(), error.message()));
    }
    if let Some(value) = node.constant_value() {
        let text = numbers::constant(value, node.shape(), shown).unwrap_or_default();
        return format!("constant({text})");
    }
    if let (Op::Result, [first]) = (&node.node.op, node.operands()) {
        return format!("result {} of {first}", node.id().index() - first.index());
    }
    let Some(primitive) = node.primitive() else { return node.operation().into() };
    call(&**primitive, &ids(node.operands()))
}

/// `name(operands; attributes)`
pub(super) fn call<F: Real>(primitive: &dyn Primitive<F>, operands: &str) -> String {
    let bodies = match primitive.bodies() {
        [] => String::new(),
        [body] => format!("body=({} nodes)", body.len()),
        bodies => format!("bodies=({} programs)", bodies.len()),
    };
    call_of(primitive, operands, &bodies)
}

/// As [`call`], with this text for the bodies.
pub(crate) fn call_of<F: Real>(primitive: &dyn Primitive<F>, operands: &str, bodies: &str) -> String {
    let attributes = primitive.attributes().to_string();
    let comma = if bodies.is_empty() || attributes.is_empty() { "" } else { ", " };
    let separator = if bodies.is_empty() && attributes.is_empty() { "" } else { "; " };
    format!("{}({operands}{separator}{bodies}{comma}{attributes})", primitive.name())
}

pub(crate) fn ids(ids: &[NodeId]) -> String {
    ids.iter().map(NodeId::to_string).collect::<Vec<_>>().join(", ")
}

/// `# src/main.rs:41`
fn comment<F: Real>(node: &NodeView<'_, F>) -> String {
    match node.place().location {
        Some(location) => plain(&format!("# {}:{}", location.file(), location.line())),
        None => String::new(),
    }
}

/// A name as a text can hold it: as it is where it is a word, in quotes otherwise.
fn word(name: &str) -> String {
    if name.starts_with(|c: char| c.is_alphabetic() || c == '_') { path(name) } else { format!("{name:?}") }
}

/// As [`word`], for a scope, which may begin with a digit.
fn path(scope: &str) -> String {
    let bare = scope.starts_with(|c: char| c.is_alphabetic() || c == '_' || c.is_ascii_digit())
        && scope.len() <= LONGEST_WORD
        && scope.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    if bare { scope.into() } else { format!("{scope:?}") }
}

/// The text on one line, whatever names users give.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl<F: Real> fmt::Display for Tape<F> {
    /// One line per node: id and name, type, operation with operands and attributes, scope, and as a comment the line.
    /// The alternate form `{tape:#}` shows the values too.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]).named("x");
    /// let y = x.sum(..);
    /// assert!(tape.to_string().contains("%1   : f64[]  = sum(%0; axes=[0], keep=false)"));
    /// assert!(format!("{tape:#}").contains("v=3"));
    /// # let _ = y;
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |id| self.with_value(id, |value, shape| numbers::value(value, shape, numbers::short));
        let values =
            |id| if f.alternate() { value(id).map(|v| format!("v={v}")).unwrap_or_default() } else { "".into() };
        let lines: Vec<_> = self.with_nodes(|nodes, labels| {
            let line = |(id, node)| ("", Line::of(&NodeView { id, node, labels }, values(id)));
            nodes.iter().filter(|(_, node)| !node.in_body()).map(line).collect()
        });
        f.write_str(&text(&lines))
    }
}
