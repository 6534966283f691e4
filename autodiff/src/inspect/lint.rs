//! What looks wrong in a run.

use super::display::plain;
use super::event::Event;
use super::node::{Role, TraceNode};
use super::numbers::short;
use super::trace::Trace;
use crate::base::ids::NodeId;
use crate::base::kind::Kind;
use crate::base::real::Real;
use std::collections::BTreeMap;
use std::fmt;

/// Something in a run that is worth a look, where it is, and why.
#[derive(Clone, PartialEq, Debug)]
pub struct Lint {
    /// What was found.
    pub kind: LintKind,
    /// The node.
    pub node: NodeId,
    /// The time to look at.
    pub time: usize,
    /// What was found, in a sentence.
    pub text: String,
}

/// What a [`Lint`] is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum LintKind {
    /// A value is the first that is not finite.
    NotFinite,
    /// A cotangent is the first that is not finite.
    NotFiniteGradient,
    /// A parameter got no cotangent.
    NoCotangent,
    /// Units of an array pass no cotangent on.
    DeadUnit,
    /// The gradients of two layers are a factor of more than 1000 apart.
    UnevenLayers,
    /// The contributions to a cotangent cancel to less than a hundredth.
    Cancellation,
    /// Two arrays were both repeated to fit each other.
    Broadcast,
    /// A logarithm of a softmax.
    LogOfSoftmax,
}

/// Layers whose gradients differ by more than this factor do not learn at the same pace.
const UNEVEN: f64 = 1000.0;
/// Contributions that cancel to less than a hundredth.
const CANCELLED: f64 = 0.99;

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (time {})", self.text, self.time)
    }
}

impl<F: Real> Trace<F> {
    /// Lists what looks wrong: numbers that are not finite, parameters without a cotangent, units that pass none on,
    /// layers whose gradients are far apart, contributions that cancel, arrays that were both repeated to fit each
    /// other, the logarithm of a softmax. Sorted by time.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([0.0, 1.0]).named("x");
    /// let lints = x.log().sum(..).trace()?.lints();
    /// assert_eq!(lints[0].text, "%1 = log(%0) is -inf at element [0]: the first value that is not finite");
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn lints(&self) -> Vec<Lint> {
        let mut found = Vec::new();
        self.first_not_finite(&mut found);
        let has_reverse = self.events.iter().any(|event| matches!(event, Event::Seed(_)));
        for node in self.nodes() {
            self.mixed(&node, &mut found);
            if has_reverse && node.kind() == Kind::Real {
                self.cotangent(&node, &mut found);
            }
        }
        if has_reverse {
            self.layers(&mut found);
        }
        found.sort_by_key(|lint| (lint.time, lint.node, lint.kind));
        found
    }

    fn first_not_finite(&self, found: &mut Vec<Lint>) {
        let element = |id: NodeId, array: ndarray::ArrayViewD<'_, F>| {
            let shape = self.source.shape(id).cloned().unwrap_or_default();
            let bad = array.iter().position(|x| !x.is_finite())?;
            let number = array.iter().nth(bad).copied().unwrap_or(F::nan());
            let place = super::numbers::index(bad, &shape);
            Some(if shape.rank() == 0 { short(number) } else { format!("{} at element {place}", short(number)) })
        };
        let first = self.events.iter().enumerate().find_map(|(i, event)| match event {
            Event::Push(id) => Some((i + 1, *id, element(*id, self.at(i + 1).value(*id)?)?)),
            _ => None,
        });
        if let Some((time, node, number)) = first {
            let call = self.node(node).map(|node| node.call()).unwrap_or_default();
            let text = format!("{node} = {call} is {number}: the first value that is not finite");
            found.push(Lint { kind: LintKind::NotFinite, node, time, text });
        }
        let first = self.events.iter().enumerate().find_map(|(i, event)| match event {
            Event::Accumulate(edge) => {
                let state = self.at(i + 1);
                let given = element(edge.operand, state.contribution(*edge)?);
                let sum = element(edge.operand, state.cotangent(edge.operand)?);
                Some((i + 1, *edge, given.or(sum)?))
            }
            _ => None,
        });
        if let Some((time, edge, number)) = first {
            let call = self.node(edge.node).map(|node| node.call()).unwrap_or_default();
            let text = format!(
                "the rule of {} = {call} brings {number} to {}: the first cotangent that is not finite",
                edge.node, edge.operand
            );
            found.push(Lint { kind: LintKind::NotFiniteGradient, node: edge.node, time, text });
        }
    }

    /// What the cotangents of one node say.
    fn cotangent(&self, node: &TraceNode<'_, F>, found: &mut Vec<Lint>) {
        let (id, end) = (node.id(), self.at(self.len()));
        let name = node.label().unwrap_or_else(|| id.to_string());
        if node.role() == Role::Input && end.cotangent(id).is_none() {
            let text = format!("the parameter {name} got no cotangent: the result does not depend on it");
            found.push(Lint { kind: LintKind::NoCotangent, node: id, time: self.len(), text });
        }
        let time = self.cotangents.find(id).and_then(|history| history.last()).map_or(self.len(), |(time, _)| *time);
        if let Some(cancelled) = end.cancellation(id).filter(|cancelled| *cancelled > CANCELLED) {
            let text =
                format!("the contributions to the cotangent of {name} cancel: {} of them goes", percent(cancelled));
            found.push(Lint { kind: LintKind::Cancellation, node: id, time, text });
        }
        if let Some((dead, units)) = self.dead_units(node).filter(|(dead, _)| *dead > 0) {
            let text = format!("{dead} of {units} units of {name} = {} let no cotangent through", node.call());
            found.push(Lint { kind: LintKind::DeadUnit, node: id, time, text });
        }
    }

    /// How many units (positions along the last axis) of an elementwise function of one operand are given cotangents
    /// and pass on none.
    fn dead_units(&self, node: &TraceNode<'_, F>) -> Option<(usize, usize)> {
        let end = self.at(self.len());
        let edge = self.edges_of(node.id()).next().filter(|_| node.operands().len() == 1)?;
        let (given, passed) = (end.cotangent(node.id())?, end.contribution(edge)?);
        let elementwise = given.shape() == passed.shape() && node.documentation().ok()?.elementwise;
        let units = given.shape().last().copied().filter(|units| *units > 0 && elementwise)?;
        let mut alive = vec![(false, false); units];
        for (i, (given, passed)) in given.iter().zip(passed.iter()).enumerate() {
            if let Some((arrives, leaves)) = alive.get_mut(i % units) {
                *arrives |= *given != F::zero();
                *leaves |= *passed != F::zero();
            }
        }
        Some((alive.iter().filter(|(arrives, leaves)| *arrives && !leaves).count(), units))
    }

    /// What the operations say without their numbers.
    fn mixed(&self, node: &TraceNode<'_, F>, found: &mut Vec<Lint>) {
        let time = self.pushed.find(node.id()).copied().unwrap_or(0);
        let mut enter = |kind, text| found.push(Lint { kind, node: node.id(), time, text });
        let operands: Vec<TraceNode<'_, F>> = node.operands().iter().filter_map(|id| self.node(*id)).collect();
        let call = plain(&node.call());
        if let ("log", [x]) = (node.operation(), operands.as_slice())
            && x.operation() == "softmax"
        {
            let text = format!("{} = {call} is the logarithm of a softmax: `log_softmax` keeps its digits", node.id());
            enter(LintKind::LogOfSoftmax, text);
        }
        let repeated = |x: &TraceNode<'_, F>| {
            let from = x.operands().first().and_then(|id| self.node(*id))?;
            (x.operation() == "broadcast_to" && from.shape().size() > 1).then(|| from.shape().clone())
        };
        if let [a, b] = operands.as_slice()
            && let (Some(from_a), Some(from_b)) = (repeated(a), repeated(b))
        {
            let text = format!(
                "{} = {call} repeats both operands, {from_a} and {from_b}, to {}: an axis of length 1 may be in the \
                 wrong place",
                node.id(),
                node.shape()
            );
            enter(LintKind::Broadcast, text);
        }
    }

    /// Compares the gradients of layers, which are the scopes of parameters, in the order of the tape.
    fn layers(&self, found: &mut Vec<Lint>) {
        let end = self.at(self.len());
        let mut layers: BTreeMap<&str, (NodeId, f64, usize)> = BTreeMap::new();
        for node in self.nodes().filter(|node| node.role() == Role::Input && !node.scope().is_empty()) {
            let Some(cotangent) = end.cotangent(node.id()) else { continue };
            let squares: f64 = cotangent.iter().map(|x| x.double() * x.double()).sum();
            let layer = layers.entry(node.scope()).or_insert((node.id(), 0.0, 0));
            *layer = (layer.0, layer.1 + squares, layer.2 + cotangent.len());
        }
        let mut layers: Vec<(NodeId, &str, f64)> = layers
            .into_iter()
            .map(|(scope, (id, squares, count))| (id, scope, (squares / count.max(1) as f64).sqrt()))
            .filter(|(_, _, size)| size.is_finite() && *size > 0.0)
            .collect();
        layers.sort_by_key(|(id, ..)| *id);
        for pair in layers.windows(2) {
            let [(node, before, a), (_, after, b)] = pair else { continue };
            let ratio = (a / b).max(b / a);
            if ratio > UNEVEN {
                let (small, large) = if a < b { (before, after) } else { (after, before) };
                let text = format!("the gradients of {small} are {ratio:.0} times smaller than those of {large}");
                found.push(Lint { kind: LintKind::UnevenLayers, node: *node, time: self.len(), text });
            }
        }
    }
}

fn percent(part: f64) -> String {
    format!("{:.1} %", 100.0 * part)
}
