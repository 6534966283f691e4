//! The state of a run at one moment.

use super::display::{self, Line, body, label};
use super::numbers;
use super::rule::rule_of;
use super::trace::{Edge, Event, Phase, Trace};
use crate::base::ids::NodeId;
use crate::base::kind::Type;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::tape::value::Value;
use ndarray::ArrayViewD;
use std::fmt;

/// The state of a run at one moment: what is known after the events so far. What is not known yet is blank, never 0.
///
/// Printed ([`Display`](fmt::Display)), it is the listing of the program with values (`v=…`) and cotangents (`d=…`) as far
/// as they are there, and an arrow at the node of the latest event.
#[derive(Clone, Copy, Debug)]
pub struct State<'a, F: Real> {
    pub(super) trace: &'a Trace<F>,
    pub(super) time: usize,
}

impl<'a, F: Real> State<'a, F> {
    /// How many events have happened.
    pub fn time(&self) -> usize {
        self.time
    }

    /// The latest event; `None` at the beginning.
    pub fn event(&self) -> Option<&'a Event> {
        self.time.checked_sub(1).and_then(|last| self.trace.events.get(last))
    }

    /// The node at which the latest event happened; for a contribution the one whose rule gave it.
    pub fn node(&self) -> Option<NodeId> {
        match self.event()? {
            Event::Push(id) | Event::Seed(id) | Event::Visit(id) | Event::Zero(id) => Some(*id),
            Event::Accumulate(edge) => Some(edge.node),
            Event::Enter(_) | Event::Exit(_) => None,
        }
    }

    /// Which pass the run is in; the reverse pass begins with its seed.
    pub fn phase(&self) -> Phase {
        // The last forward event is a push or an exit, and everything after it is of the reverse pass.
        match self.event() {
            None | Some(Event::Enter(_) | Event::Exit(_) | Event::Push(_)) => Phase::Forward,
            Some(Event::Seed(_) | Event::Visit(_) | Event::Accumulate(_) | Event::Zero(_)) => Phase::Reverse,
        }
    }

    /// The value of a node; blank before it is computed, and for indices and keys.
    pub fn value(&self, node: NodeId) -> Option<ArrayViewD<'a, F>> {
        self.stored_value(node)?.array(self.shape(node)?)
    }

    /// The cotangent of a node, as far as it has been added up; blank before the first contribution, and where the reverse
    /// pass was refused.
    pub fn cotangent(&self, node: NodeId) -> Option<ArrayViewD<'a, F>> {
        self.stored_cotangent(node)?.array(self.shape(node)?)
    }

    /// What the rule of `edge.node` gave to the cotangent of `edge.operand`.
    pub fn contribution(&self, edge: Edge) -> Option<ArrayViewD<'a, F>> {
        self.stored_contribution(edge)?.array(self.shape(edge.operand)?)
    }

    /// The share that an edge has in the cotangent x̄ of its operand: ⟨c, x̄⟩ / ⟨x̄, x̄⟩ for its contribution c, signed.
    ///
    /// The shares of a node sum to 1. Blank where x̄ is blank, 0, or not finite.
    pub fn share(&self, edge: Edge) -> Option<f64> {
        let shape = self.shape(edge.operand)?;
        let sum = self.stored_cotangent(edge.operand)?.view(shape)?;
        let contribution = self.stored_contribution(edge)?.view(shape)?;
        let (mut along, mut whole) = (0.0, 0.0);
        for (c, x) in contribution.iter().zip(sum.iter()) {
            along += c.double() * x.double();
            whole += x.double() * x.double();
        }
        let share = along / whole;
        share.is_finite().then_some(share)
    }

    /// The edges that have contributed to the cotangent of `node`, each with its share.
    pub fn shares(&self, node: NodeId) -> Vec<(Edge, f64)> {
        self.trace.edges_into(node).filter_map(|edge| Some((edge, self.share(edge)?))).collect()
    }

    /// How much the contributions c to a cotangent cancel: 1 − |Σ c| / Σ |c|, with |·| the sum of the magnitudes of the
    /// elements. 0 where all have one sign, near 1 where little is left; blank before the first, and where all are 0.
    pub fn cancellation(&self, node: NodeId) -> Option<f64> {
        let magnitude = |value: &Value<F>| -> Option<f64> {
            Some(value.view(self.shape(node)?)?.iter().map(|x| x.double().abs()).sum())
        };
        let arrived = self.trace.edges_into(node).filter_map(|edge| self.stored_contribution(edge));
        let parts: f64 = arrived.filter_map(magnitude).sum();
        let cancellation = 1.0 - magnitude(self.stored_cotangent(node)?)? / parts;
        cancellation.is_finite().then_some(cancellation)
    }

    /// The latest event in a sentence.
    pub fn sentence(&self) -> String {
        let named = |id: NodeId| match self.trace.program.node(id).and_then(|node| label(&node)) {
            Some(name) => format!("{id} ({name})"),
            None => id.to_string(),
        };
        let how = |id: NodeId| self.trace.program.node(id).map(|node| body(&node)).unwrap_or_default();
        let text = |value: Option<&Value<F>>, id: NodeId| {
            value.and_then(|value| numbers::value(value, self.shape(id)?, numbers::short)).unwrap_or_default()
        };
        let Some(event) = self.event() else { return "nothing has happened yet".into() };
        match event {
            Event::Enter(scope) => format!("enter {scope}"),
            Event::Exit(scope) => format!("leave {scope}"),
            Event::Push(id) => {
                let value = text(self.stored_value(*id), *id);
                match self.trace.program.inputs.contains(id) {
                    true => format!("{} is given: {value}", named(*id)),
                    false => format!("{} = {} is {value}", named(*id), how(*id)),
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
                let primitive = self.trace.program.node(edge.node).and_then(|node| node.primitive());
                let role = primitive.and_then(|primitive| primitive.signature().operand(edge.slot));
                let role = role.map_or("x", |(name, _)| name);
                let (node, operand) = (named(edge.node), named(edge.operand));
                format!("{node} gives {given} to its operand {role}, {operand}, whose cotangent is {sum} now")
            }
            Event::Zero(id) => format!("the derivative of {} is zero everywhere", named(*id)),
        }
    }

    /// The line of one node in the listing: `%7 : f64[1, 2] = add(%5, %6)   # hidden.bias  src/main.rs:41   v=… d=…`.
    pub fn line(&self, node: NodeId) -> String {
        let Some(view) = self.trace.program.node(node) else { return String::new() };
        display::text(&[("", Line::of(&view, self.numbers(node)))]).trim_end().to_owned()
    }

    /// `v=[1.1059, 1.2249]  d=[0.1385, -0.0381]`, as far as they are there.
    fn numbers(&self, node: NodeId) -> String {
        let text = |name: &str, value: Option<&Value<F>>| {
            let text = value.and_then(|value| numbers::value(value, self.shape(node)?, numbers::short))?;
            Some(format!("{name}={text}"))
        };
        let both = [text("v", self.stored_value(node)), text("d", self.stored_cotangent(node))];
        both.into_iter().flatten().collect::<Vec<_>>().join("  ")
    }

    /// `: ā = ȳ·b, b̄ = ȳ·a`, the equations of a node's reverse rule; nothing of a loop, whose rule is a loop, too.
    fn rule(&self, node: NodeId) -> String {
        let view = self.trace.program.node(node);
        let applied = view.and_then(|view| Some((view.primitive()?, view.operands())));
        let Some((primitive, operands)) = applied.filter(|(primitive, _)| primitive.bodies().is_empty()) else {
            return String::new();
        };
        let operand = |id: &NodeId| self.trace.program.node(*id).map(|view| (view.kind(), view.shape().clone()));
        let types = operands.iter().filter_map(operand).map(|(kind, shape)| Type { kind, shape });
        let Ok(rule) = rule_of(primitive, &types.collect::<Vec<_>>()) else { return String::new() };
        let flows = rule.reverse.iter().filter(|equation| equation.right != "none").map(ToString::to_string);
        let equations = flows.collect::<Vec<_>>().join(", ");
        if equations.is_empty() { String::new() } else { format!(": {equations}") }
    }

    fn shape(&self, node: NodeId) -> Option<&'a Shape> {
        self.trace.program.nodes.find(node).map(|node| &node.shape)
    }

    fn stored_value(&self, node: NodeId) -> Option<&'a Value<F>> {
        let pushed = *self.trace.pushed.find(node)? <= self.time;
        if pushed { self.trace.values.find(node) } else { None }
    }

    pub(super) fn stored_cotangent(&self, node: NodeId) -> Option<&'a Value<F>> {
        let history = self.trace.cotangents.find(node)?;
        let arrived = history.partition_point(|(since, _)| *since <= self.time);
        history.get(arrived.checked_sub(1)?).map(|(_, value)| value)
    }

    pub(super) fn stored_contribution(&self, edge: Edge) -> Option<&'a Value<F>> {
        let (since, value) = self.trace.contributions.find(edge.node)?.get(edge.slot)?.as_ref()?;
        let is_edge = self.trace.program.nodes.find(edge.node)?.inputs.get(edge.slot) == Some(&edge.operand);
        (is_edge && *since <= self.time).then_some(value)
    }
}

impl<F: Real> fmt::Display for State<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match self.phase() {
            Phase::Forward => "forward",
            Phase::Reverse => "reverse",
        };
        writeln!(f, "time {} of {}, {phase}: {}", self.time, self.trace.len(), self.sentence())?;
        let here = self.node();
        let margin = |id: NodeId| if here == Some(id) { "→ " } else { "  " };
        let line = |id| {
            let view = self.trace.program.node(id)?;
            Some((margin(id), Line::of(&view, self.numbers(id))))
        };
        f.write_str(&display::text(&self.trace.program.nodes.ids().filter_map(line).collect::<Vec<_>>()))
    }
}
