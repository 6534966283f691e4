//! What follows a reverse pass: the update of parameters, and the next step of a training.

use super::event::{Edge, Event};
use super::node::{Role, Source};
use super::trace::{Dated, Trace};
use super::uses::Uses;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::program::Program;
use crate::tape::node::Operands;
use crate::tape::value;
use ndarray::ArrayD;
use std::ops::Range;
use std::sync::Arc;

/// One run of a trace that holds several, one after the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The positions of its nodes.
    pub nodes: Range<usize>,
    /// Its events, as positions in [`Trace::events`].
    pub events: Range<usize>,
}

impl<F: Real> Trace<F> {
    /// The trace followed by an update: the next values of parameters, as an optimizer gives them.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let w = tape.input(3.0).named("w");
    /// let trace = (w * w).trace()?;
    /// let gradient = trace.at(trace.len()).cotangent(w.id()).unwrap().to_owned();
    /// let trace = trace.with_update([(w.id(), &gradient * -0.1 + 3.0)])?;
    /// assert_eq!(trace.at(trace.len()).sentence(), "%0 (w) was 3; its next value is 2.4");
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] for a node that is not an input that wants a gradient, or was updated already, and for
    /// an array of another shape.
    pub fn with_update(mut self, next: impl IntoIterator<Item = (NodeId, ArrayD<F>)>) -> Result<Self> {
        let error = |message: String| Err(Error::new(ErrorKind::Mismatch, "with_update", message));
        for (id, array) in next {
            match self.node(id).map(|node| (node.role(), node.operation().to_owned(), node.shape().clone())) {
                None => return error(format!("{id} is no node of this trace")),
                Some((Role::Input, _, shape)) if *shape == *array.shape() => {}
                Some((Role::Input, _, shape)) => {
                    return error(format!("{id} has shape {shape}, its next value {:?}", array.shape()));
                }
                Some((_, operation, _)) => return error(format!("{id} is no parameter: {operation}")),
            }
            if self.updates.contains_key(&id) {
                return error(format!("{id} was updated already"));
            }
            self.events.push(Event::Update(id));
            self.updates.insert(id, (self.events.len(), value::take(array).0));
        }
        Ok(self)
    }

    /// The trace followed by another run: the next step of a training. Its nodes and events come after those of this
    /// one.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let first = tape.input(3.0).square().trace()?;
    /// let (nodes, events) = (first.nodes().count(), first.len());
    /// let both = first.clone().then(first);
    /// assert_eq!(both.runs()[1].nodes, nodes..2 * nodes);
    /// assert_eq!(both.runs()[1].events, events..2 * events);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn then(mut self, next: Trace<F>) -> Self {
        let (nodes, times) = (self.source.len(), self.events.len());
        let moved = |id: NodeId| NodeId::new(id.index() + nodes);
        let later = |(time, value): Dated<F>| (time + times, value);
        self.source = match (&self.source, &next.source) {
            (Source::Program(first), Source::Program(second)) => Source::Program(joined(first, second)),
            (first, second) => {
                let mut nodes = IdVec::new();
                first.written(&self.uses).for_each(|node| {
                    nodes.push(node);
                });
                for mut node in second.written(&next.uses) {
                    node.operands.iter_mut().for_each(|id| *id = moved(*id));
                    node.formula.iter_mut().flat_map(|formula| &mut formula.leaves).for_each(|id| *id = moved(*id));
                    nodes.push(node);
                }
                Source::Written(Arc::new(nodes))
            }
        };
        self.events.extend(next.events.into_iter().map(|event| match event {
            Event::Enter(_) | Event::Exit(_) => event,
            Event::Push(id) => Event::Push(moved(id)),
            Event::Seed(id) => Event::Seed(moved(id)),
            Event::Visit(id) => Event::Visit(moved(id)),
            Event::Zero(id) => Event::Zero(moved(id)),
            Event::Update(id) => Event::Update(moved(id)),
            Event::Accumulate(Edge { node, slot, operand }) => {
                Event::Accumulate(Edge { node: moved(node), slot, operand: moved(operand) })
            }
        }));
        for id in next.values.ids() {
            self.values.push(next.values[id].clone());
            self.pushed.push(next.pushed[id] + times);
            self.cotangents.push(next.cotangents[id].iter().cloned().map(later).collect());
            self.contributions.push(next.contributions[id].iter().cloned().map(|one| one.map(later)).collect());
        }
        self.updates.extend(next.updates.into_iter().map(|(id, update)| (moved(id), later(update))));
        self.later.push((NodeId::new(nodes), times));
        self.later.extend(next.later.into_iter().map(|(id, time)| (moved(id), time + times)));
        self.uses = Uses::of(self.source.len(), |id| self.source.operands(id));
        self
    }

    /// The runs that it holds: one, unless others were appended with [`then`](Self::then).
    pub fn runs(&self) -> Vec<Run> {
        let ends = self.later.iter().map(|(id, time)| (id.index(), *time)).chain([(self.source.len(), self.len())]);
        let mut begin = (0, 0);
        let run = |end: (usize, usize)| {
            let (from, to) = (std::mem::replace(&mut begin, end), end);
            Run { nodes: from.0..to.0, events: from.1..to.1 }
        };
        ends.map(run).collect()
    }
}

/// The nodes of both, one after the other.
fn joined<F: Real>(first: &Program<F>, second: &Program<F>) -> Program<F> {
    let mut nodes = IdVec::clone(&first.nodes);
    let mut labels = (*first.labels).clone();
    let moved = |id: &NodeId| NodeId::new(id.index() + first.len());
    for (id, node) in second.nodes.iter() {
        let mut node = node.clone();
        let operands: Vec<NodeId> = node.inputs.iter().map(moved).collect();
        node.inputs = Operands::from(&*operands);
        node.scope = labels.intern(second.labels.scope(node.scope));
        let fresh = nodes.push(node);
        if let Some(name) = second.labels.name(id) {
            labels.set_name(fresh, name.clone());
        }
    }
    let all = |first: &[NodeId], second: &[NodeId]| first.iter().copied().chain(second.iter().map(moved)).collect();
    Program {
        inputs: all(&first.inputs, &second.inputs),
        outputs: all(&first.outputs, &second.outputs),
        nodes: Arc::new(nodes),
        labels: Arc::new(labels),
    }
}
