//! Programs written as text. What is printed for a program is what [`Program::parse`] reads. A print-out is for people in
//! two things: the lines of code stand in comments, and a constant of more than eight elements is abbreviated, which `…`
//! marks. [`Program::to_text`] writes constants out and has no comments.

use super::VERSION;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::inspect::display::{self, Line};
use crate::inspect::numbers;
use crate::program::{NodeView, Program};
use crate::tape::node::Op;
use crate::tape::query::results_of;
use std::fmt;

impl<F: Real> fmt::Display for Program<F> {
    /// A header with the types of inputs and outputs, one line per node as for a tape, and the nodes that are returned.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]).named("x");
    /// let text = tape.program(&[x.sum(..)])?.to_string();
    /// assert!(text.starts_with("program 2 f64   # (x: f64[2]) -> (f64[])\n  %0 x : f64[2] = input "));
    /// assert!(text.ends_with("  return %1\n"));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let views = |ids: &[NodeId]| ids.iter().filter_map(|id| self.node(*id)).collect::<Vec<_>>();
        let input = |node: &NodeView<'_, F>| {
            let name = node.name().map_or_else(|| node.id().to_string(), display::plain);
            format!("{name}: {}", node.type_name())
        };
        let inputs: Vec<String> = views(&self.inputs).iter().map(input).collect();
        let outputs: Vec<String> = views(&self.outputs).iter().map(NodeView::type_name).collect();
        writeln!(f, "{}   # ({}) -> ({})", header::<F>(), inputs.join(", "), outputs.join(", "))?;
        f.write_str(&Writer::new(self, numbers::SHOWN, true).text(self))
    }
}

impl<F: Real> Program<F> {
    /// The program as a text that [`parse`](Self::parse) reads back: the same nodes, names, scopes and bits. As its
    /// [`Display`](fmt::Display), but with every constant written out, and without comments.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]).named("x");
    /// let text = tape.program(&[(x * x).sum(..)])?.to_text();
    /// assert_eq!(text, "program 2 f64\n  %0 x : f64[2] = input\n  %1   : f64[2] = mul(%0, %0)\n  \
    ///                   %2   : f64[]  = sum(%1; axes=[0], keep=false)\n  return %2\n");
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// What is not in it: lines of code, and the payload of a NaN. A custom primitive is written by its name,
    /// attributes and bodies, so the registry that reads has to know it.
    pub fn to_text(&self) -> String {
        format!("{}\n{}", header::<F>(), Writer::new(self, usize::MAX, false).text(self))
    }
}

fn header<F: Real>() -> String {
    format!("program {VERSION} {}", F::NAME)
}

/// The bodies of a program with the names they get, innermost first, and how lines are written.
struct Writer<'p, F: Real> {
    bodies: Vec<(&'p Program<F>, String)>,
    shown: usize,
    comments: bool,
}

impl<'p, F: Real> Writer<'p, F> {
    fn new(program: &'p Program<F>, shown: usize, comments: bool) -> Self {
        let mut writer = Writer { bodies: Vec::new(), shown, comments };
        writer.collect(program);
        writer
    }

    fn collect(&mut self, program: &'p Program<F>) {
        for (_, node) in program.nodes.iter() {
            let Op::Apply(primitive) = &node.op else { continue };
            for body in primitive.bodies() {
                self.collect(body);
                if self.name(body).is_none() {
                    let short = primitive.name().rsplit("::").next().unwrap_or("body");
                    self.bodies.push((body, format!("{short}_{}", self.bodies.len() + 1)));
                }
            }
        }
    }

    fn name(&self, body: &Program<F>) -> Option<&str> {
        self.bodies.iter().find(|(known, _)| known.is_same(body)).map(|(_, name)| name.as_str())
    }

    /// The sections of the bodies, and the lines of the program.
    fn text(&self, program: &Program<F>) -> String {
        let bodies = self.bodies.iter().map(|(body, name)| format!("body {name}\n{}", self.section(body)));
        bodies.collect::<String>() + &self.section(program)
    }

    fn section(&self, program: &Program<F>) -> String {
        let mut lines = Vec::new();
        for (id, node) in program.nodes.iter().filter(|(_, node)| !matches!(node.op, Op::Result)) {
            let results: Vec<NodeView<'_, F>> =
                results_of(&program.nodes, id).filter_map(|id| program.node(id)).collect();
            let body = match &node.op {
                Op::Apply(primitive) if !primitive.bodies().is_empty() => {
                    let name = |body: &Program<F>| self.name(body).unwrap_or("?").to_owned();
                    let bodies = match primitive.bodies() {
                        [body] => format!("body={}", name(body)),
                        bodies => format!("bodies=[{}]", bodies.iter().map(name).collect::<Vec<_>>().join(", ")),
                    };
                    display::call_of(&**primitive, &display::ids(&node.inputs), &bodies)
                }
                _ => results.first().map_or_else(String::new, |node| display::body_with(node, self.shown)),
            };
            lines.push(("  ", Line::of_results(&results, body, self.comments)));
        }
        let returned = format!("  return {}", display::ids(&program.outputs));
        display::text(&lines) + returned.trim_end() + "\n"
    }
}
