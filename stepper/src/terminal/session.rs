//! Where somebody stands in a run: the time, what is looked at, the breakpoints; and the ways to move.

use crate::story::{Story, Times};
use autodiff::check::NodeCheck;
use autodiff::inspect::{Breakpoint, Condition, Edge, Event, Lint, State, Trace};
use autodiff::{NodeId, Real};
use std::any::Any;
use std::collections::BTreeMap;

/// A position in a run. Moving changes nothing but the position.
pub(super) struct Session<'a, F: Real> {
    pub(super) story: Story<'a, F>,
    pub(super) times: Times,
    pub(super) time: usize,
    /// What was chosen to be looked at, instead of what happens.
    pub(super) picked: Option<NodeId>,
    /// Which element of it is explained.
    pub(super) element: usize,
    pub(super) stops: Vec<Breakpoint>,
    pub(super) lints: Vec<Lint>,
    /// The checks that were asked for.
    pub(super) checks: BTreeMap<NodeId, Result<NodeCheck, String>>,
}

impl<'a, F: Real> Session<'a, F> {
    pub(super) fn new(trace: &'a Trace<F>) -> Self {
        Session {
            story: Story::new(trace),
            times: Times::new(trace),
            time: 0,
            picked: None,
            element: 0,
            stops: Vec::new(),
            lints: trace.lints(),
            checks: BTreeMap::new(),
        }
    }

    pub(super) fn trace(&self) -> &'a Trace<F> {
        self.story.trace
    }

    pub(super) fn state(&self) -> State<'a, F> {
        self.trace().at(self.time)
    }

    pub(super) fn end(&self) -> usize {
        self.trace().len()
    }

    pub(super) fn go(&mut self, time: usize) {
        self.time = time.min(self.end());
        self.picked = None;
        self.element = 0;
    }

    /// What the latest event is about.
    pub(super) fn about(&self) -> Option<NodeId> {
        self.state().event().and_then(Event::about)
    }

    /// The node that is looked at.
    pub(super) fn shown(&self) -> Option<NodeId> {
        self.picked.or_else(|| self.about())
    }

    pub(super) fn pick(&mut self, id: Option<NodeId>) {
        self.picked = id;
        self.element = 0;
    }

    /// Goes on to a moment at which the condition holds, or back to one.
    fn search(&mut self, forwards: bool, what: &str, holds: impl Fn(&State<'_, F>) -> bool) -> Result<(), String> {
        let found = match forwards {
            true => (self.time + 1..=self.end()).find(|time| holds(&self.trace().at(*time))),
            false => (1..self.time).rev().find(|time| holds(&self.trace().at(*time))),
        };
        let side = if forwards { "later" } else { "earlier" };
        self.go(found.ok_or_else(|| format!("there is no {side} {what}"))?);
        Ok(())
    }

    /// To the next breakpoint, or to the one before.
    pub(super) fn go_to_stop(&mut self, forwards: bool) -> Result<(), String> {
        if self.stops.is_empty() {
            return Err("there is no breakpoint yet: `b` sets one".to_owned());
        }
        let stops = self.stops.clone();
        self.search(forwards, "breakpoint", |state| stops.iter().any(|stop| stop.holds(state)))
    }

    /// To the next number that is not finite, or to the one before.
    pub(super) fn go_to_not_finite(&mut self, forwards: bool) -> Result<(), String> {
        let Ok(stop) = "nan || nan(grad)".parse::<Breakpoint>() else { return Ok(()) };
        self.search(forwards, "NaN or infinity", |state| stop.holds(state))
    }

    /// To the event that computed the value that is looked at.
    pub(super) fn go_to_origin(&mut self) -> Result<(), String> {
        let about = self.shown().ok_or("nothing is looked at yet")?;
        let time = self.times.value(about).ok_or("its value was never computed")?;
        self.go(time);
        Ok(())
    }

    /// To the next contribution to the cotangent of what is looked at, and from the last one to the first.
    pub(super) fn go_to_contribution(&mut self) -> Result<(), String> {
        let about = self.shown().ok_or("nothing is looked at yet")?;
        let mut times: Vec<usize> = self.ways(about).filter_map(|edge| self.times.given.get(&edge)).copied().collect();
        times.sort_unstable();
        let next = times.iter().find(|time| **time > self.time).or(times.first());
        let symbol = self.story.symbol(about);
        let next = *next.ok_or_else(|| format!("nothing contributes to the cotangent of {symbol}"))?;
        self.go(next);
        Ok(())
    }

    /// The edges that contribute to the cotangent of a node, sooner or later.
    pub(super) fn ways(&self, id: NodeId) -> impl Iterator<Item = Edge> {
        self.trace().edges_into(id).filter(|edge| self.times.given.contains_key(edge))
    }

    pub(super) fn add_stop(&mut self, text: &str) -> Result<(), String> {
        let stop = text.parse::<Breakpoint>().map_err(|error| error.message().to_owned())?;
        self.stops.push(stop);
        Ok(())
    }

    /// Compares what is looked at with finite differences.
    pub(super) fn check(&mut self, id: NodeId) {
        if self.checks.contains_key(&id) {
            return;
        }
        let outcome = match (self.trace() as &dyn Any).downcast_ref::<Trace<f64>>() {
            Some(trace) => trace.check(id).map_err(|error| error.message().to_owned()),
            None => Err("finite differences need double precision".to_owned()),
        };
        self.checks.insert(id, outcome);
    }

    /// The node that a text means: an id (`%9`), or a symbol, or a label.
    pub(super) fn find_exact(&self, text: &str) -> Option<NodeId> {
        let text = text.trim();
        if let Some(number) = text.strip_prefix('%') {
            return self.trace().node(NodeId::new(number.parse().ok()?)).map(|node| node.id());
        }
        // Of several runs, the one in which somebody stands.
        let run = self.trace().runs().into_iter().find(|run| self.time <= run.events.end);
        let here = run.map_or(0..usize::MAX, |run| run.nodes);
        let named = |id: NodeId| {
            let label = self.trace().node(id).and_then(|node| node.label());
            self.story.symbol(id) == text || label.as_deref() == Some(text)
        };
        let all = || self.trace().nodes().map(|node| node.id()).filter(|id| named(*id));
        all().find(|id| here.contains(&id.index())).or_else(|| all().next())
    }

    /// The next node after the one that is looked at whose symbol is the text; or else, of which the symbol, the name, the
    /// operation or the layer contains it.
    pub(super) fn find(&self, text: &str) -> Option<NodeId> {
        let text = text.to_lowercase();
        let count = self.story.statement_of.len();
        let from = self.shown().map_or(0, |id| id.index() + 1);
        let fits = |id: &NodeId| {
            let Some(node) = self.trace().node(*id) else { return false };
            let has = |part: &str| part.to_lowercase().contains(&text);
            id.to_string() == text
                || has(self.story.symbol(*id))
                || has(node.operation())
                || has(&node.label().unwrap_or_default())
                || has(node.scope())
        };
        let exact = |id: &NodeId| self.story.symbol(*id).to_lowercase() == text;
        let all = || (0..count).map(|i| NodeId::new((from + i) % count.max(1)));
        all().find(exact).or_else(|| all().find(fits))
    }
}
