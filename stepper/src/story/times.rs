//! When things happen in a run.

use autodiff::inspect::{Edge, Event, Trace};
use autodiff::{NodeId, Real};
use std::collections::BTreeMap;

/// When values, cotangents and updates were there: after how many events.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// When the value of each node was computed.
    pub pushed: Vec<Option<usize>>,
    /// When a parameter got its next value.
    pub updated: BTreeMap<NodeId, usize>,
    /// When the cotangent of each node changed.
    pub cotangents: Vec<Vec<usize>>,
    /// When an edge gave its contribution.
    pub given: BTreeMap<Edge, usize>,
}

impl Times {
    /// Of a trace.
    pub fn new<F: Real>(trace: &Trace<F>) -> Self {
        let count = trace.nodes().count();
        let mut times = Times { pushed: vec![None; count], cotangents: vec![Vec::new(); count], ..Times::default() };
        for (i, event) in trace.events().iter().enumerate() {
            match event {
                Event::Push(id) => times.pushed.get_mut(id.index()).into_iter().for_each(|time| *time = Some(i + 1)),
                Event::Update(id) => {
                    times.updated.insert(*id, i + 1);
                }
                Event::Seed(id) | Event::Zero(id) => times.changed(*id, i + 1),
                Event::Accumulate(edge) => {
                    times.changed(edge.operand, i + 1);
                    times.given.insert(*edge, i + 1);
                }
                _ => {}
            }
        }
        times
    }

    fn changed(&mut self, id: NodeId, time: usize) {
        self.cotangents.get_mut(id.index()).into_iter().for_each(|history| history.push(time));
    }

    /// When the value of a node was computed.
    pub fn value(&self, id: NodeId) -> Option<usize> {
        self.pushed.get(id.index()).copied().flatten()
    }

    /// The layer whose rule completed the cotangent of a node; that of the node itself where the reverse pass starts.
    pub fn completed_in<'t, F: Real>(&self, trace: &'t Trace<F>, id: NodeId) -> &'t str {
        let last = trace.edges_into(id).filter_map(|edge| Some((self.given.get(&edge)?, edge.node))).max();
        trace.node(last.map_or(id, |(_, node)| node)).map_or("", |node| node.scope())
    }

    /// When the cotangent of a node was complete.
    pub fn cotangent(&self, id: NodeId) -> Option<usize> {
        self.cotangents.get(id.index())?.last().copied()
    }
}
