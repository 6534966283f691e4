//! The first NaN or infinity of a computation, and the line that wrote it.

use super::event::{Event, Phase};
use super::numbers;
use super::steps::back;
use crate::base::error::{Place, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::differentiate::reverse::Sight;
use crate::program::scan::MadeSteps;
use crate::tape::Tape;
use crate::tape::node::{Labels, Node, Op, describe};
use crate::tape::query::{applied, needed_for, results_of};
use crate::tape::value::Value;
use crate::tape::var::Var;
use std::fmt;
use std::ops::ControlFlow;

/// How many elements are named.
const NAMED: usize = 4;

/// Where the first number that is not finite comes from: a NaN, or an infinity.
///
/// Printed, it names the operation, the elements, the line, and the operands with their values.
#[derive(Clone, PartialEq, Debug)]
pub struct NonFinite {
    /// Whether it is a value or a cotangent.
    pub phase: Phase,
    /// The node: its value is not finite, or its reverse rule gave a cotangent that is not.
    pub node: NodeId,
    /// The operation of the node.
    pub operation: String,
    /// In the reverse pass: the number and the name of the operand whose cotangent it is.
    pub operand: Option<(usize, &'static str)>,
    /// The first few elements that are not finite: index and number, in order.
    pub elements: Vec<(Shape, f64)>,
    /// How many elements are not finite, and how many there are.
    pub count: (usize, usize),
    /// For a number of a loop's body: the node is the loop, and this the number of the step (of each loop, from the
    /// outermost inwards); the operation, the place and the lines are those of the body.
    pub steps: Vec<usize>,
    /// Where the operation was recorded.
    pub place: Place,
    /// A line for each operand and, in the reverse pass, for the result and its cotangent: where it was made, its
    /// value.
    pub lines: Vec<String>,
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |(index, x): &(Shape, f64)| match index.rank() {
            0 => numbers::short(*x),
            _ => format!("{} at {index}", numbers::short(*x)),
        };
        let mut named: Vec<String> = self.elements.iter().map(number).collect();
        if self.count.0 > named.len() {
            named.push("…".into());
        }
        let (found, named) = (format!("{} of {}", self.count.0, self.count.1), named.join(", "));
        self.steps.iter().try_for_each(|step| write!(f, "in step {step}, "))?;
        match self.operand {
            None => write!(f, "{}: the first value that is not finite: {named} ({found})", self.operation)?,
            Some((_, role)) => write!(
                f,
                "{}: the first cotangent that is not finite is what its reverse rule makes of that of {role}: {named} \
                 ({found})",
                self.operation
            )?,
        }
        let place = self.place.suffix();
        if !place.is_empty() {
            write!(f, "\n {place}")?;
        }
        self.lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl<F: Real> Tape<F> {
    /// The first value on the tape that has a NaN or an infinity.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 0.0, -1.0]).named("x");
    /// let y = x.log();
    /// let found = tape.first_non_finite().unwrap();
    /// assert_eq!((found.operation.as_str(), found.node), ("log", y.id()));
    /// assert!(found.to_string().starts_with("log: the first value that is not finite: -inf at [1], NaN at [2] (2 of 3)"));
    /// ```
    ///
    /// Values that the tape recorded without evaluating cannot be looked at.
    pub fn first_non_finite(&self) -> Option<NonFinite> {
        first_value(self, &|_| true)
    }
}

impl<F: Real> Var<'_, F> {
    /// The first NaN or infinity on the way to this result, or, if there is none, on the way back: in the reverse pass
    /// of the sum of its elements.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0).named("x");
    /// let y = x.sqrt(); // fine forwards; its slope is 1/0
    /// let found = y.first_non_finite()?.unwrap();
    /// assert_eq!((found.operation.as_str(), found.operand), ("sqrt", Some((0, "x"))));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of the operation this comes from; [`ErrorKind::NoValue`](crate::ErrorKind::NoValue) on a tape that
    /// records without values.
    pub fn first_non_finite(self) -> Result<Option<NonFinite>> {
        self.read(|_| ())?;
        let tape = self.tape();
        let needed = tape.with_nodes(|nodes, _| needed_for(nodes, [self.id()]));
        if let Some(found) = first_value(tape, &|id| needed.find(id).copied().unwrap_or(false)) {
            return Ok(Some(found));
        }
        let mut found = None;
        // The cotangents of the application whose rule runs.
        let mut visited: Vec<(NodeId, Value<F>)> = Vec::new();
        let mut is_complete = false;
        self.walk_back(Value::Splat(F::one()), |sight| match sight {
            _ if found.is_some() => {}
            Sight::Visit { node, cotangent } => {
                if std::mem::take(&mut is_complete) {
                    visited.clear();
                }
                visited.push((node, cotangent.clone()));
            }
            Sight::Credit { node, slot, sum, shape, .. } => {
                is_complete = true;
                found = elements(sum, shape).map(|elements| (node, slot, elements));
            }
        })?;
        let Some((node, slot, elements)) = found else { return Ok(None) };
        let value = |id: NodeId| tape.with_value(id, |value, _| value.clone());
        tape.with_nodes(|nodes, labels| {
            let at = Looked { nodes, labels, value: &value };
            Ok(Some(match at.inside_reverse(node, &visited)? {
                Some(inside) => inside,
                None => at.report_reverse(node, slot, elements, &visited),
            }))
        })
    }
}

type Elements = (Vec<(Shape, f64)>, (usize, usize));

fn first_value<F: Real>(tape: &Tape<F>, looked_at: &dyn Fn(NodeId) -> bool) -> Option<NonFinite> {
    let value = |id: NodeId| tape.with_value(id, |value, _| value.clone());
    tape.with_nodes(|nodes, labels| Looked { nodes, labels, value: &value }.first(looked_at))
}

/// The elements that are not finite, if there are any.
fn elements<F: Real>(value: &Value<F>, shape: &Shape) -> Option<Elements> {
    let view = value.view(shape)?;
    let mut named = Vec::new();
    let mut count = 0;
    for (position, x) in view.iter().enumerate().filter(|(_, x)| !x.is_finite()) {
        count += 1;
        if named.len() < NAMED {
            named.push((numbers::index(position, shape), x.double()));
        }
    }
    (count > 0).then_some((named, (count, shape.size())))
}

/// Nodes with values: of a tape, or of the body of a loop in one step.
struct Looked<'a, F: Real> {
    nodes: &'a IdVec<Node<F>>,
    labels: &'a Labels,
    value: &'a dyn Fn(NodeId) -> Value<F>,
}

impl<F: Real> Looked<'_, F> {
    /// The first value that is not finite, of the nodes that are looked at.
    fn first(&self, looked_at: &dyn Fn(NodeId) -> bool) -> Option<NonFinite> {
        for id in self.nodes.ids().filter(|id| looked_at(*id)) {
            if let Some(elements) = elements(&(self.value)(id), &self.nodes[id].shape) {
                return Some(self.inside(id).unwrap_or_else(|| self.report(id, Phase::Forward, elements)));
            }
        }
        None
    }

    /// The loop that node `id` is a result of.
    fn loop_of(&self, id: NodeId) -> Option<(NodeId, MadeSteps<F>)> {
        let first = match (&self.nodes[id].op, self.nodes[id].inputs.first()) {
            (Op::Result, Some(first)) => *first,
            _ => id,
        };
        // A loop that cannot be run again is reported as a whole.
        Some((first, MadeSteps::of(self.nodes, first, self.value).ok().flatten()?))
    }

    /// The first value that is not finite in the steps of the loop that `id` is a result of.
    fn inside(&self, id: NodeId) -> Option<NonFinite> {
        let (first, made) = self.loop_of(id)?;
        for (step, inputs) in &made.made {
            let mut values = made.body.bind(inputs).ok()?;
            made.body.nodes.ids().try_for_each(|id| made.body.evaluate(id, &mut values)).ok()?;
            let value = |id: NodeId| values[id].clone();
            let body = Looked { nodes: &made.body.nodes, labels: &made.body.labels, value: &value };
            let computed = |id: NodeId| !matches!(made.body.nodes[id].op, Op::Input(_));
            if let Some(mut found) = body.first(&computed) {
                found.node = first;
                found.steps.insert(0, *step);
                return Some(found);
            }
        }
        None
    }

    /// The first cotangent that is not finite in the steps of the loop `node`, whose results have these.
    fn inside_reverse(&self, node: NodeId, visited: &[(NodeId, Value<F>)]) -> Result<Option<NonFinite>> {
        let Some((first, made)) = self.loop_of(node) else { return Ok(None) };
        let cotangent = |id: NodeId| visited.iter().find(|(known, _)| *known == id).map(|(_, value)| value.clone());
        let cotangents: Vec<Option<Value<F>>> = results_of(self.nodes, first).map(cotangent).collect();
        let mut found = None;
        back(&made, self.nodes, first, &cotangents, |step, trace| {
            let value = |id: NodeId| trace.values[id].clone();
            let body = Looked { nodes: &made.body.nodes, labels: &made.body.labels, value: &value };
            for (before, event) in trace.events().iter().enumerate() {
                let Event::Accumulate(edge) = event else { continue };
                let state = trace.at(before + 1);
                let sum = state.stored_cotangent(edge.operand);
                let Some(elements) = sum.and_then(|sum| elements(sum, &body.nodes[edge.operand].shape)) else {
                    continue;
                };
                let visited: Vec<(NodeId, Value<F>)> = results_of(body.nodes, edge.node)
                    .filter_map(|id| Some((id, trace.cotangents[id].last()?.1.clone())))
                    .collect();
                let inner = body.inside_reverse(edge.node, &visited).ok().flatten();
                let mut inner = inner.unwrap_or_else(|| body.report_reverse(edge.node, edge.slot, elements, &visited));
                inner.node = first;
                inner.steps.insert(0, step);
                found = Some(inner);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    fn report(&self, node: NodeId, phase: Phase, (elements, count): Elements) -> NonFinite {
        let at = &self.nodes[node];
        let operation = applied(self.nodes, node).operation().to_owned();
        let lines =
            at.inputs.iter().enumerate().map(|(slot, id)| self.with_value(*id, self.role(node, slot))).collect();
        let place = self.labels.place(at);
        NonFinite { phase, node, operation, operand: None, elements, count, steps: Vec::new(), place, lines }
    }

    /// The report of what the rule of `node` makes of the cotangents of its results for operand `slot`.
    fn report_reverse(
        &self,
        node: NodeId,
        slot: usize,
        elements: Elements,
        visited: &[(NodeId, Value<F>)],
    ) -> NonFinite {
        let mut found = self.report(node, Phase::Reverse, elements);
        found.operand = Some((slot, self.role(node, slot)));
        found.lines.push(self.with_value(node, "y"));
        for (id, cotangent) in visited {
            let text = numbers::value(cotangent, &self.nodes[*id].shape, numbers::short);
            let name = if visited.len() > 1 { format!("{id}") } else { "y".into() };
            found.lines.extend(text.map(|text| format!("cotangent of {name} = {text}")));
        }
        found
    }

    /// The name that the primitive of `node` has for an operand.
    fn role(&self, node: NodeId, slot: usize) -> &'static str {
        let signature = match &self.nodes[node].op {
            Op::Apply(primitive) => Some(primitive.signature()),
            _ => None,
        };
        signature.and_then(|signature| signature.operand(slot)).map_or("x", |(name, _)| name)
    }

    /// `x: scores : f64[3], input at src/main.rs:10:5 = [1, 0, -1]`
    fn with_value(&self, id: NodeId, role: &str) -> String {
        let line = describe(self.nodes, self.labels, id, role);
        match numbers::value(&(self.value)(id), &self.nodes[id].shape, numbers::short) {
            Some(text) => format!("{line} = {text}"),
            None => line,
        }
    }
}
