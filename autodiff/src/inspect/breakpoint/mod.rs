//! Breakpoints, read from text.

mod parse;

use super::event::{Event, Phase};
use super::state::State;
use super::stepper::Condition;
use crate::base::error::{Error, Result};
use crate::base::ids::NodeId;
use crate::base::real::Real;
use std::fmt;
use std::str::FromStr;

/// A breakpoint, read from text: a condition at which a [`Stepper`](super::Stepper) stops.
/// [`Stepper::run_until`](super::Stepper::run_until) takes one, or any function of the state.
///
/// ```
/// use autodiff::inspect::{Breakpoint, Stepper};
/// # let tape = autodiff::Tape::<f64>::new();
/// let x = tape.input([3.0, 0.0]).named("x");
/// let trace = x.log().sum(..).trace()?;
/// let mut stepper = Stepper::new(&trace);
/// stepper.run_until("nan && op == \"log\"".parse::<Breakpoint>()?);
/// assert_eq!(stepper.state().sentence(), "%1 = log(%0) is [1.0986, -inf]");
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Each event is about one node: the one that is computed, seeded, visited or updated, or the one whose cotangent a
/// contribution is added to.
///
/// | test | holds where |
/// |---|---|
/// | `op == "matmul"` | this operation runs: its value was computed, or its cotangent is complete and its rule runs |
/// | `%7` | the event is about this node |
/// | `name ~ "conv1.*"` | the label of the node, scope and name, fits the pattern, in which `*` stands for any text |
/// | `scope == "encoder"` | the node was recorded in this scope |
/// | `phase == reverse` | the run is in this part: `forward`, `reverse`, `update` |
/// | `event == visit` | the event is of this kind: `push`, `seed`, `visit`, `accumulate`, `zero`, `update`, `enter`, `exit` |
/// | `shape[1] == 3`, `rank`, `size` | the shape of the node, its number of axes or of elements |
/// | `nan`, `nan(grad)` | a NaN or an infinity was computed; with `grad`, by a contribution, or by adding it to the cotangent |
/// | `value.max > 5`, `\|grad\|.max > 1e3` | of the value or the cotangent, or of its magnitudes: `max`, `min`, `mean` |
/// | `time >= 35` | at least this many events have happened |
///
/// Comparisons are `==`, `!=`, `<`, `<=`, `>`, `>=`, and for texts `==`, `!=`, `~`. Tests are joined by `&&`, `||`, `!`
/// and parentheses, where `&&` binds tighter than `||`.
#[derive(Clone, PartialEq, Debug)]
pub struct Breakpoint {
    text: String,
    test: Test,
}

/// The condition of a breakpoint.
#[derive(Clone, PartialEq, Debug)]
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Operation(Match),
    Name(Match),
    Scope(Match),
    Node(NodeId),
    Phase(Phase, bool),
    Event(&'static str, bool),
    NotFinite,
    NotFiniteGradient,
    Number(Quantity, Compare, f64),
}

/// A text is compared with one that may have `*` in it.
#[derive(Clone, PartialEq, Debug)]
struct Match {
    pattern: String,
    any: bool,
    is: bool,
}

/// A number that a state has.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Quantity {
    Time,
    Rank,
    Size,
    Length(usize),
    Of { gradient: bool, magnitude: bool, measure: Measure },
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Measure {
    Max,
    Min,
    Mean,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// The kinds of events, as breakpoints call them.
const EVENTS: [&str; 8] = ["push", "seed", "visit", "accumulate", "zero", "update", "enter", "exit"];

impl FromStr for Breakpoint {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::Text`](crate::ErrorKind::Text) with the column, what was found there and what could stand there.
    fn from_str(text: &str) -> Result<Self> {
        Ok(Breakpoint { text: text.trim().to_owned(), test: parse::parse(text)? })
    }
}

impl fmt::Display for Breakpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<F: Real> Condition<F> for Breakpoint {
    fn holds(&self, state: &State<'_, F>) -> bool {
        state.event().is_some_and(|event| self.test.holds(state, event))
    }
}

impl<F: Real> Condition<F> for &Breakpoint {
    fn holds(&self, state: &State<'_, F>) -> bool {
        Breakpoint::holds(self, state)
    }
}

impl Test {
    /// A text nests at most [`parse::DEEPEST`] levels, so this needs little stack.
    fn holds<F: Real>(&self, state: &State<'_, F>, event: &Event) -> bool {
        let trace = state.trace();
        let about = event.about();
        let node = || about.and_then(|id| trace.node(id));
        match self {
            Test::All(tests) => tests.iter().all(|test| test.holds(state, event)),
            Test::Any(tests) => tests.iter().any(|test| test.holds(state, event)),
            Test::Not(test) => !test.holds(state, event),
            Test::Operation(operation) => match event {
                Event::Push(id) | Event::Visit(id) => {
                    trace.node(*id).is_some_and(|node| operation.fits(node.operation()))
                }
                _ => false,
            },
            Test::Name(name) => node().is_some_and(|node| name.fits(&node.label().unwrap_or_default())),
            Test::Scope(scope) => node().is_some_and(|node| scope.fits(node.scope())),
            Test::Node(id) => about == Some(*id),
            Test::Phase(phase, is) => (event.phase() == *phase) == *is,
            Test::Event(sort, is) => (event.sort() == *sort) == *is,
            Test::NotFinite => matches!(event, Event::Push(id) if not_finite(state.value(*id))),
            Test::NotFiniteGradient => match event {
                Event::Seed(id) => not_finite(state.cotangent(*id)),
                Event::Accumulate(edge) => {
                    not_finite(state.contribution(*edge)) || not_finite(state.cotangent(edge.operand))
                }
                _ => false,
            },
            Test::Number(quantity, compare, number) => {
                quantity.of(state, about).is_some_and(|found| compare.holds(found, *number))
            }
        }
    }
}

fn not_finite<F: Real>(array: Option<ndarray::ArrayViewD<'_, F>>) -> bool {
    array.is_some_and(|array| array.iter().any(|x| !x.is_finite()))
}

impl Match {
    fn fits(&self, text: &str) -> bool {
        (if self.any { glob(&self.pattern, text) } else { self.pattern == text }) == self.is
    }
}

/// Whether the text is the pattern, in which `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

impl Quantity {
    fn of<F: Real>(self, state: &State<'_, F>, about: Option<NodeId>) -> Option<f64> {
        let shape = || state.trace().node(about?).map(|node| node.shape());
        match self {
            Quantity::Time => Some(state.time() as f64),
            Quantity::Rank => Some(shape()?.rank() as f64),
            Quantity::Size => Some(shape()?.size() as f64),
            Quantity::Length(axis) => shape()?.get(axis).map(|length| *length as f64),
            Quantity::Of { gradient, magnitude, measure } => {
                let array = if gradient { state.cotangent(about?) } else { state.value(about?) }?;
                let numbers = array.iter().map(|x| if magnitude { x.double().abs() } else { x.double() });
                // A NaN is neither more nor less than anything; `nan` looks for it.
                match measure {
                    Measure::Max => numbers.reduce(f64::max),
                    Measure::Min => numbers.reduce(f64::min),
                    Measure::Mean => Some(numbers.sum::<f64>() / array.len() as f64),
                }
            }
        }
    }
}

impl Compare {
    fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Compare::Equal => a == b,
            Compare::NotEqual => a != b,
            Compare::Less => a < b,
            Compare::LessEqual => a <= b,
            Compare::Greater => a > b,
            Compare::GreaterEqual => a >= b,
        }
    }
}
