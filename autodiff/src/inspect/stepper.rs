//! Stepping through a run, in both directions.

use super::event::Event;
use super::state::State;
use super::trace::Trace;
use crate::base::real::Real;

/// A position in a [`Trace`], and ways to move it. Moving changes nothing but the position.
///
/// ```
/// use autodiff::inspect::{Breakpoint, Stepper};
/// # let tape = autodiff::Tape::<f64>::new();
/// let x = tape.input(0.0).named("x");
/// let h = x.tanh();
/// let trace = (h * 3.0).trace()?;
/// let mut stepper = Stepper::new(&trace);
/// let tanh: Breakpoint = "op == \"tanh\"".parse()?;
/// stepper.run_until(&tanh);
/// assert!(stepper.state().value(h.id()).is_some());
/// assert!(stepper.state().cotangent(h.id()).is_none()); // blank, not 0
/// stepper.run_until(&tanh); // on the way back
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

    /// Goes one event forward, and returns it; `None` at the end.
    pub fn step(&mut self) -> Option<&'a Event> {
        let event = self.trace.events().get(self.time)?;
        self.time += 1;
        Some(event)
    }

    /// Goes one event back, and returns the event that is undone; `None` at the beginning.
    pub fn back(&mut self) -> Option<&'a Event> {
        self.time = self.time.checked_sub(1)?;
        self.trace.events().get(self.time)
    }

    /// Goes to a time, or to the end if the time is later.
    pub fn goto(&mut self, time: usize) {
        self.time = time.min(self.trace.len());
    }

    /// Goes forward to the next state that meets `condition`, and returns its event; `None` if the end is reached
    /// first.
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

    /// Goes back to the last earlier state that meets `condition`, and returns its event; `None` if the beginning is
    /// reached first.
    pub fn back_until(&mut self, condition: impl Condition<F>) -> Option<&'a Event> {
        while self.back().is_some() {
            if condition.holds(&self.state()) {
                return self.state().event();
            }
        }
        None
    }
}

/// Where to stop: a [`Breakpoint`](super::Breakpoint), or any function of the state.
pub trait Condition<F: Real> {
    /// Whether to stop at this state.
    fn holds(&self, state: &State<'_, F>) -> bool;
}

impl<F: Real, C: Fn(&State<'_, F>) -> bool> Condition<F> for C {
    fn holds(&self, state: &State<'_, F>) -> bool {
        self(state)
    }
}
