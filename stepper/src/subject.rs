//! What can be shown, and what can go wrong.

use autodiff::check::Report;
use autodiff::inspect::Trace;
use autodiff::{Arg, NodeId, Real, Tape, Var};
use std::borrow::Cow;
use std::path::PathBuf;
use std::{fmt, io};

/// What has a run to show: a trace, a tape, a number on a tape, the report of a check that failed.
pub trait Subject {
    /// The precision of its numbers.
    type Number: Real;

    /// The run.
    ///
    /// # Errors
    /// Those of [`Var::trace`]; [`autodiff::ErrorKind::NoValue`] where there is no run.
    fn run(&self) -> autodiff::Result<Cow<'_, Trace<Self::Number>>>;

    /// What there is to see, in a few sentences; empty unless somebody wrote some.
    fn introduction(&self) -> &str {
        ""
    }
}

impl<F: Real> Subject for Trace<F> {
    type Number = F;

    fn run(&self) -> autodiff::Result<Cow<'_, Trace<F>>> {
        Ok(Cow::Borrowed(self))
    }
}

/// The run of what its latest number is computed from.
impl<F: Real> Subject for Tape<F> {
    type Number = F;

    fn run(&self) -> autodiff::Result<Cow<'_, Trace<F>>> {
        let latest = (0..self.len()).rev().find_map(|i| match self.handle(NodeId::new(i)) {
            Some(Arg::Real(var)) if var.shape().is_ok_and(|shape| shape.size() == 1) => Some(var),
            _ => None,
        });
        let nothing =
            || no_run("no number was computed on this tape").with_help("open one array: `stepper::open(&loss)`");
        latest.ok_or_else(nothing)?.trace().map(Cow::Owned)
    }
}

impl<F: Real> Subject for Var<'_, F> {
    type Number = F;

    fn run(&self) -> autodiff::Result<Cow<'_, Trace<F>>> {
        self.trace().map(Cow::Owned)
    }
}

/// The run of what was checked, with the point at which it was checked.
impl Subject for Report {
    type Number = f64;

    fn run(&self) -> autodiff::Result<Cow<'_, Trace<f64>>> {
        let nothing = || no_run("the report holds no trace").with_help("a report holds one if a comparison failed");
        self.trace().map(Cow::Borrowed).ok_or_else(nothing)
    }
}

impl<S: Subject + ?Sized> Subject for &S {
    type Number = S::Number;

    fn introduction(&self) -> &str {
        (**self).introduction()
    }

    fn run(&self) -> autodiff::Result<Cow<'_, Trace<S::Number>>> {
        (**self).run()
    }
}

impl<S: Subject + ?Sized> Subject for Box<S> {
    type Number = S::Number;

    fn introduction(&self) -> &str {
        (**self).introduction()
    }

    fn run(&self) -> autodiff::Result<Cow<'_, Trace<S::Number>>> {
        (**self).run()
    }
}

fn no_run(message: &str) -> autodiff::Error {
    autodiff::Error::new(autodiff::ErrorKind::NoValue, "stepper", message)
}

/// So that a closure which is given a trace, as by `nn`'s trainer, can write it: `|trace| Ok(stepper::save(trace, path)?)`.
impl From<Error> for autodiff::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Run(error) => error,
            other => autodiff::Error::new(autodiff::ErrorKind::File, "stepper", other.to_string()),
        }
    }
}

/// Why a run could not be shown.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no run to show.
    Run(autodiff::Error),
    /// A file could not be written.
    File(PathBuf, io::Error),
    /// The terminal did not answer.
    Terminal(io::Error),
    /// The output is no terminal.
    NoTerminal,
    /// A command of a script that could not be followed.
    Command {
        /// What the commands before it printed.
        printed: String,
        /// The command.
        command: String,
        /// Why it could not be followed.
        reason: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Run(error) => error.fmt(f),
            Error::File(path, error) => write!(f, "{}: {error}", path.display()),
            Error::Terminal(error) => write!(f, "the terminal cannot be used: {error}"),
            Error::Command { printed, command, reason } => write!(f, "{printed}`{command}`: {reason}"),
            Error::NoTerminal => {
                f.write_str("input and output have to be a terminal; `stepper::listing` gives the events as text")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<autodiff::Error> for Error {
    fn from(error: autodiff::Error) -> Self {
        Error::Run(error)
    }
}
