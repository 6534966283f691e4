//! The state of a run at one moment.

use super::event::{Edge, Event, Phase};
use super::trace::Trace;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::tape::value::Value;
use ndarray::ArrayViewD;

/// The state of a run at one moment: what is known after the events so far. What is not known yet is blank, never 0.
///
/// Printed ([`Display`](std::fmt::Display)), it is the listing of the program with values (`v=…`) and cotangents
/// (`d=…`) as far as they are there, and an arrow at the node of the latest event.
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
        self.event()?.node()
    }

    /// Which part the run is in; the reverse pass begins with its seed.
    pub fn phase(&self) -> Phase {
        self.event().map_or(Phase::Forward, Event::phase)
    }

    /// The trace that it is a state of.
    pub fn trace(&self) -> &'a Trace<F> {
        self.trace
    }

    /// The value of a node; blank before it is computed, and for indices and keys.
    pub fn value(&self, node: NodeId) -> Option<ArrayViewD<'a, F>> {
        self.stored_value(node)?.array(self.shape(node)?)
    }

    /// The cotangent of a node, as far as it has been added up; blank before the first contribution, and where the
    /// reverse pass was refused.
    pub fn cotangent(&self, node: NodeId) -> Option<ArrayViewD<'a, F>> {
        self.stored_cotangent(node)?.array(self.shape(node)?)
    }

    /// The value that an optimizer gave the parameter at `node`; blank before that.
    pub fn updated(&self, node: NodeId) -> Option<ArrayViewD<'a, F>> {
        self.stored_update(node)?.array(self.shape(node)?)
    }

    /// What the rule of `edge.node` gave to the cotangent of `edge.operand`.
    pub fn contribution(&self, edge: Edge) -> Option<ArrayViewD<'a, F>> {
        self.stored_contribution(edge)?.array(self.shape(edge.operand)?)
    }

    /// The share that an edge has in the cotangent x̄ of its operand: ⟨c, x̄⟩ / ⟨x̄, x̄⟩ for its contribution c,
    /// signed.
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

    pub(super) fn shape(&self, node: NodeId) -> Option<&'a Shape> {
        self.trace.source.shape(node)
    }

    /// The value of a node, whatever its kind.
    pub(crate) fn known(&self, node: NodeId) -> Option<Value<F>> {
        self.stored_value(node).cloned()
    }

    pub(super) fn stored_value(&self, node: NodeId) -> Option<&'a Value<F>> {
        let pushed = *self.trace.pushed.find(node)? <= self.time;
        if pushed { self.trace.values.find(node) } else { None }
    }

    pub(super) fn stored_update(&self, node: NodeId) -> Option<&'a Value<F>> {
        self.trace.updates.get(&node).filter(|(since, _)| *since <= self.time).map(|(_, value)| value)
    }

    pub(super) fn stored_cotangent(&self, node: NodeId) -> Option<&'a Value<F>> {
        let history = self.trace.cotangents.find(node)?;
        let arrived = history.partition_point(|(since, _)| *since <= self.time);
        history.get(arrived.checked_sub(1)?).map(|(_, value)| value)
    }

    pub(super) fn stored_contribution(&self, edge: Edge) -> Option<&'a Value<F>> {
        let (since, value) = self.trace.contributions.find(edge.node)?.get(edge.slot)?.as_ref()?;
        let is_edge = self.trace.source.operands(edge.node).get(edge.slot) == Some(&edge.operand);
        (is_edge && *since <= self.time).then_some(value)
    }
}
