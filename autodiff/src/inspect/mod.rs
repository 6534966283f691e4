//! Looking into tapes and programs: printing, rules as text, traces of runs, the first number that is not finite.
//!
//! Everything here reads; nothing is recorded on the user's tape, and nothing changes what it computes.
//!
//! - `{tape}` and `{program}` print one typed line per node; `{tape:#}` prints the values too.
//! - [`rule`] prints the rules of a primitive, by running them on symbols; [`table`] lists the primitives of a
//!   registry.
//! - [`Trace`] records a run, forwards and back, and an update after it; a [`Stepper`] steps through it in both
//!   directions, up to a [`Breakpoint`]; [`Trace::step`] is the run of one step of a loop; [`Trace::lints`] lists what
//!   looks wrong; [`Trace::first_difference`] compares two runs; [`Trace::to_bytes`] writes one.
//! - [`Tape::first_non_finite`](crate::Tape::first_non_finite) and
//!   [`Var::first_non_finite`](crate::Var::first_non_finite) find the line that wrote the NaN.
//! - [`Var::strong_zeros`](crate::Var::strong_zeros) and [`Program::strong_zeros`](crate::Program::strong_zeros) name
//!   the places of a derivative where a zero met a factor that is not finite.

mod breakpoint;
mod compare;
pub(crate) mod display;
mod documentation;
mod event;
mod expression;
mod file;
mod lint;
mod node;
mod non_finite;
pub(crate) mod numbers;
mod rule;
mod sentence;
mod state;
mod stepper;
mod steps;
mod strong_zeros;
mod table;
mod trace;
mod updates;
mod uses;

pub use breakpoint::Breakpoint;
pub use compare::{Difference, Part};
pub use documentation::{Answer, Documentation, Symbol, Template};
pub use event::{Edge, Event, Phase};
pub use lint::{Lint, LintKind};
pub use node::{Formula, Role, TraceNode};
pub use non_finite::NonFinite;
pub use rule::{Equation, RuleText, rule};
pub use state::State;
pub use stepper::{Condition, Stepper};
pub use strong_zeros::StrongZero;
pub use table::table;
pub use trace::Trace;
pub use updates::Run;
