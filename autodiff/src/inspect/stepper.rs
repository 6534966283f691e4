//! Walking through a run, in both directions.

use super::state::State;
use super::trace::{Event, Phase, Trace};
use crate::base::ids::NodeId;
use crate::base::real::Real;
use std::fmt;

/// A position in a [`Trace`], and ways to move it. Moving changes nothing but the position.
///
/// ```
/// use autodiff::inspect::{Breakpoint, Stepper};
/// # let tape = autodiff::Tape::<f64>::new();
/// let x = tape.input(0.0).named("x");
/// let h = x.tanh();
/// let trace = (h * 3.0).trace()?;
/// let mut stepper = Stepper::new(&trace);
/// stepper.run_until(Breakpoint::Operation("tanh"));
/// assert!(stepper.state().value(h.id()).is_some());
/// assert!(stepper.state().cotangent(h.id()).is_none()); // blank, not 0
/// stepper.run_until(Breakpoint::Operation("tanh")); // on the way back
/// assert_eq!(stepper.state().cotangent(h.id()).unwrap().first(), Some(&3.0));
/// stepper.back();
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Stepper<'a, F: Real> {
    trace: &'a Trace<F>,
    time: usize,
}

impl<'a, F: Real> Stepper<'a, F> {
    /// At the beginning of `trace`.
    pub fn new(trace: &'a Trace<F>) -> Self {
        Stepper { trace, time: 0 }
    }

    /// The state at this time.
    pub fn state(&self) -> State<'a, F> {
        self.trace.at(self.time)
    }

    /// The time: how many events have happened.
    pub fn time(&self) -> usize {
        self.time
    }

    /// One event on: the event that happens; `None` at the end.
    pub fn step(&mut self) -> Option<&'a Event> {
        let event = self.trace.events().get(self.time)?;
        self.time += 1;
        Some(event)
    }

    /// One event back: the event that is taken back; `None` at the beginning.
    pub fn back(&mut self) -> Option<&'a Event> {
        self.time = self.time.checked_sub(1)?;
        self.trace.events().get(self.time)
    }

    /// To a time; to the end for a later one.
    pub fn goto(&mut self, time: usize) {
        self.time = time.min(self.trace.len());
    }

    /// On to the next state that meets `condition`: its event; `None` if the end is reached without.
    ///
    /// ```
    /// # use autodiff::inspect::Stepper;
    /// # let tape = autodiff::Tape::<f64>::new();
    /// # let x = tape.input(3.0);
    /// # let trace = (x * x).trace()?;
    /// let mut stepper = Stepper::new(&trace);
    /// let large = |state: &autodiff::inspect::State<'_, f64>| {
    ///     state.node().and_then(|id| state.value(id)).is_some_and(|value| value.iter().any(|x| *x > 5.0))
    /// };
    /// stepper.run_until(large);
    /// assert_eq!(stepper.state().sentence(), "%1 = mul(%0, %0) is 9");
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn run_until(&mut self, condition: impl Condition<F>) -> Option<&'a Event> {
        while let Some(event) = self.step() {
            if condition.holds(&self.state()) {
                return Some(event);
            }
        }
        None
    }

    /// Back to the last earlier state that meets `condition`: its event; `None` if the beginning is reached without.
    pub fn back_until(&mut self, condition: impl Condition<F>) -> Option<&'a Event> {
        while self.back().is_some() {
            if condition.holds(&self.state()) {
                return self.state().event();
            }
        }
        None
    }
}

/// Where to stop: a [`Breakpoint`], or any function of the state.
pub trait Condition<F: Real> {
    /// Whether to stop at this state.
    fn holds(&self, state: &State<'_, F>) -> bool;
}

impl<F: Real, C: Fn(&State<'_, F>) -> bool> Condition<F> for C {
    fn holds(&self, state: &State<'_, F>) -> bool {
        self(state)
    }
}

/// The usual places to stop. Printed, a breakpoint reads as in the step-through: `op == "matmul"`, `nan(grad)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Breakpoint<'a> {
    /// A node of this operation: its value was computed, or its rule runs.
    Operation(&'a str),
    /// An event at this node.
    Node(NodeId),
    /// A value with a NaN or an infinity was computed.
    NotFinite,
    /// A rule gave a NaN or an infinity, or adding its contribution made one.
    NotFiniteGradient,
    /// The run is in this pass.
    Phase(Phase),
}

impl<F: Real> Condition<F> for Breakpoint<'_> {
    fn holds(&self, state: &State<'_, F>) -> bool {
        let not_finite =
            |array: Option<ndarray::ArrayViewD<'_, F>>| array.is_some_and(|array| array.iter().any(|x| !x.is_finite()));
        match (self, state.event()) {
            (Breakpoint::Phase(phase), Some(_)) => state.phase() == *phase,
            (Breakpoint::Node(id), Some(_)) => state.node() == Some(*id),
            (Breakpoint::Operation(name), Some(Event::Push(id) | Event::Visit(id))) => {
                state.trace.program().node(*id).is_some_and(|node| node.operation() == *name)
            }
            (Breakpoint::NotFinite, Some(Event::Push(id))) => not_finite(state.value(*id)),
            (Breakpoint::NotFiniteGradient, Some(Event::Accumulate(edge))) => {
                not_finite(state.contribution(*edge)) || not_finite(state.cotangent(edge.operand))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Breakpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Breakpoint::Operation(name) => write!(f, "op == {name:?}"),
            Breakpoint::Node(id) => write!(f, "{id}"),
            Breakpoint::NotFinite => f.write_str("nan"),
            Breakpoint::NotFiniteGradient => f.write_str("nan(grad)"),
            Breakpoint::Phase(Phase::Forward) => f.write_str("phase == forward"),
            Breakpoint::Phase(Phase::Reverse) => f.write_str("phase == reverse"),
        }
    }
}
