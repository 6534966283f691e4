//! What went wrong, where it was written, and what would fit.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// The kind of an [`Error`], for programs that branch on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Operands whose number, kinds or shapes do not fit the operation.
    Mismatch,
    /// Operands whose *values* the operation refuses: an index out of range.
    Refused,
    /// Handles of two different tapes in one operation.
    TapesMixed,
    /// An array with exactly one element was expected.
    NotScalar,
    /// A value was asked for that is not known: of a node of a tape that records without values, or of an array inside the
    /// body of a loop.
    NoValue,
    /// A derivative was asked through an operation that has none.
    NotDifferentiable,
    /// No gradient reached the variable; the message says why.
    NoGradient,
    /// A number that is not finite where training needs one that is.
    NotFinite,
    /// A derivative is not the one that the check of it found.
    WrongDerivative,
    /// Derivatives of which a check could compare not one.
    Unchecked,
    /// A primitive broke its contract: a rule answered with the wrong number or shape of derivatives.
    FaultyRule,
    /// A program was given inputs that are not the ones it was recorded with.
    ProgramInput,
    /// A registry does not know a primitive, or not with these attributes.
    Registry,
    /// The text of a program or of a breakpoint cannot be read.
    Text,
    /// A file that cannot be read or written, or whose content is not of its format (as the bytes of a trace).
    File,
    /// More memory, threads, elements or functions than there are.
    Resources,
}

/// An error of the engine: the operation, its operands with names, shapes and origins, the line of the user, a suggestion.
///
/// Cloning is cheap. [`Display`](fmt::Display) prints the whole report over several lines.
#[derive(Clone)]
pub struct Error(Arc<Report>);

/// The engine's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Clone, Debug)]
struct Report {
    kind: ErrorKind,
    operation: String,
    message: String,
    operands: Vec<String>,
    place: Option<Place>,
    help: Option<String>,
}

/// Where a node was recorded: the line of the caller, and the path of scopes (layers) around it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The line of the user's code, where known (a program read from text has none).
    pub location: Option<&'static Location<'static>>,
    /// The path of scopes, such as `encoder.0`; empty outside any.
    pub scope: String,
}

impl Place {
    /// Whether it tells nothing: outside any scope, of a program read from text.
    fn is_blank(&self) -> bool {
        self.location.is_none() && self.scope.is_empty()
    }

    /// ` at src/main.rs:41:5`, or nothing where there is nothing to tell.
    pub(crate) fn suffix(&self) -> String {
        if self.is_blank() { String::new() } else { format!(" at {self}") }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location {
            Some(location) => write!(f, "{}:{}:{}", location.file(), location.line(), location.column())?,
            None => write!(f, "an unknown line")?,
        }
        if self.scope.is_empty() { Ok(()) } else { write!(f, " (in {})", self.scope) }
    }
}

impl Error {
    /// An error of `kind` in `operation` that says `message`.
    pub fn new(kind: ErrorKind, operation: impl Into<String>, message: impl Into<String>) -> Self {
        Error(Arc::new(Report {
            kind,
            operation: operation.into(),
            message: message.into(),
            operands: Vec::new(),
            place: None,
            help: None,
        }))
    }

    /// Adds a line about an operand.
    pub fn with_operand(mut self, line: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).operands.push(line.into());
        self
    }

    /// Adds the place it happened.
    pub fn at(mut self, place: Place) -> Self {
        Arc::make_mut(&mut self.0).place = Some(place);
        self
    }

    /// Adds a suggestion.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).help = Some(help.into());
        self
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that failed.
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// What went wrong, in one line.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// A line for each operand: name, type, and where it was made.
    pub fn operands(&self) -> &[String] {
        &self.0.operands
    }

    /// The line of the user's code, where there is one.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// A suggestion that was found to fit.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation(), self.message())?;
        if let Some(place) = self.place().filter(|place| !place.is_blank()) {
            write!(f, "\n  at {place}")?;
        }
        for operand in self.operands() {
            write!(f, "\n  {operand}")?;
        }
        match self.help() {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    /// The report itself: it is what `unwrap` and a failing `main` print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} error in {self}", self.kind())
    }
}

impl std::error::Error for Error {}

impl PartialEq for Error {
    /// Two errors are equal if they print the same.
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.to_string() == other.to_string()
    }
}

/// A shape rule's answer to operands that do not fit; the tape adds operands, lines and suggestions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mismatch {
    /// What does not fit, naming the axes that clash.
    pub message: String,
    /// A remedy the rule itself knows.
    pub help: Option<String>,
}

impl Mismatch {
    /// A mismatch that says `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Mismatch { message: message.into(), help: None }
    }

    /// Adds a remedy.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A kernel's answer to operands whose values it cannot take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// What was refused: which element, what value, what range.
    pub message: String,
}

impl Refusal {
    /// A refusal that says `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Refusal { message: message.into() }
    }
}
