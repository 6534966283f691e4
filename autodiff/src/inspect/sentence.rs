//! The state of a run as text: the latest event in a sentence, and the listing.

use super::display::{self, Line};
use super::documentation::{Answer, Symbol};
use super::event::Event;
use super::node::{Role, TraceNode};
use super::numbers;
use super::rule::{BAR, marked};
use super::state::State;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::tape::value::Value;
use std::fmt;

impl<F: Real> State<'_, F> {
    /// The latest event in a sentence.
    pub fn sentence(&self) -> String {
        let named = |id: NodeId| match self.trace.node(id).and_then(|node| node.label()) {
            Some(name) => format!("{id} ({name})"),
            None => id.to_string(),
        };
        let how = |id: NodeId| self.trace.node(id).map(|node| node.call()).unwrap_or_default();
        let text = |value: Option<&Value<F>>, id: NodeId| {
            value.and_then(|value| numbers::value(value, self.shape(id)?, numbers::short)).unwrap_or_default()
        };
        let Some(event) = self.event() else { return "nothing has happened yet".into() };
        match event {
            Event::Enter(scope) => format!("enter {scope}"),
            Event::Exit(scope) => format!("leave {scope}"),
            Event::Push(id) => {
                let value = text(self.stored_value(*id), *id);
                match self.trace.node(*id).map(|node| node.role()) {
                    Some(Role::Input | Role::Data) => format!("{} is given: {value}", named(*id)),
                    _ => format!("{} = {} is {value}", named(*id), how(*id)),
                }
            }
            Event::Seed(id) => {
                format!("the reverse pass starts at {} with {}", named(*id), text(self.stored_cotangent(*id), *id))
            }
            Event::Visit(id) => {
                let cotangent = text(self.stored_cotangent(*id), *id);
                let (node, how, rule) = (named(*id), how(*id), self.rule(*id));
                format!("the cotangent of {node} is complete: {cotangent}; the rule of {how} runs{rule}")
            }
            Event::Accumulate(edge) => {
                let given = text(self.stored_contribution(*edge), edge.operand);
                let sum = text(self.stored_cotangent(edge.operand), edge.operand);
                let documentation = self.trace.node(edge.node).and_then(|node| node.documentation().ok());
                let role = documentation.and_then(|text| text.roles.get(edge.slot).cloned()).unwrap_or("x".into());
                let (node, operand) = (named(edge.node), named(edge.operand));
                format!("{node} gives {given} to its operand {role}, {operand}, whose cotangent is {sum} now")
            }
            Event::Zero(id) => format!("the derivative of {} is zero everywhere", named(*id)),
            Event::Update(id) => {
                let (before, after) = (text(self.stored_value(*id), *id), text(self.stored_update(*id), *id));
                format!("{} was {before}; its next value is {after}", named(*id))
            }
        }
    }

    /// The line of one node in the listing: `%7 : f64[1, 2] = add(%5, %6)   # hidden.bias  src/main.rs:41   v=… d=…`.
    pub fn line(&self, node: NodeId) -> String {
        let Some(view) = self.trace.node(node) else { return String::new() };
        display::text(&[("", Line::of_trace(&view, self.numbers(node)))]).trim_end().to_owned()
    }

    /// `v=[1.1059, 1.2249]  d=[0.1385, -0.0381]`, as far as they are there.
    fn numbers(&self, node: NodeId) -> String {
        let text = |name: &str, value: Option<&Value<F>>| {
            let text = value.and_then(|value| numbers::value(value, self.shape(node)?, numbers::short))?;
            Some(format!("{name}={text}"))
        };
        let values =
            [("v", self.stored_value(node)), ("d", self.stored_cotangent(node)), ("next", self.stored_update(node))];
        values.into_iter().filter_map(|(name, value)| text(name, value)).collect::<Vec<_>>().join("  ")
    }

    /// `: ā = ȳ·b, b̄ = ȳ·a`, the equations of a node's reverse rule; nothing of a loop, whose rule is a loop, too.
    fn rule(&self, node: NodeId) -> String {
        let text = self.trace.node(node).and_then(|node| node.documentation().ok());
        let Some(text) = text else { return String::new() };
        let result = |i: usize, count: bool| if count { format!("y{}", subscript(i)) } else { "y".to_owned() };
        let several = text.rule.iter().any(|answer| {
            matches!(answer, Answer::Of(rule) if rule.symbols().any(|symbol| matches!(symbol, Symbol::Cotangent(1..))))
        });
        let symbol = |symbol| match symbol {
            Symbol::Operand(i) => text.roles.get(i).cloned().unwrap_or_default(),
            Symbol::Result(i) => result(i, several),
            Symbol::Cotangent(i) => marked(&result(i, several), BAR),
        };
        let equation = |(role, answer): (&String, &Answer)| {
            let right = match answer {
                Answer::Of(rule) => rule.write(symbol),
                Answer::Zero => "0".to_owned(),
                Answer::Refused(reason) => format!("refused: {reason}"),
                Answer::None => return None,
            };
            Some(format!("{} = {right}", marked(role, BAR)))
        };
        let equations: Vec<String> = text.roles.iter().zip(&text.rule).filter_map(equation).collect();
        if equations.is_empty() { String::new() } else { format!(": {}", equations.join(", ")) }
    }
}

fn subscript(i: usize) -> &'static str {
    ["₀", "₁", "₂", "₃", "₄"].get(i).copied().unwrap_or("ᵢ")
}

impl<F: Real> fmt::Display for State<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "time {} of {}, {}: {}", self.time, self.trace.len(), self.phase(), self.sentence())?;
        let here = self.node();
        let margin = |id: NodeId| if here == Some(id) { "→ " } else { "  " };
        let line = |node: TraceNode<'_, F>| (margin(node.id()), Line::of_trace(&node, self.numbers(node.id())));
        f.write_str(&display::text(&self.trace.nodes().map(line).collect::<Vec<_>>()))
    }
}
