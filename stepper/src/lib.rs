//! The stepper: shows the run of a program and of its derivative, event by event, forwards and back.
//!
//! What is shown is a [`Subject`]: a [`Trace`], a tape, a number on a tape, or the report of a check that failed.
//!
//! | function | shows it |
//! |---|---|
//! | [`open`] | in the terminal, to be stepped through with the keyboard |
//! | [`write_html`], [`html`] | as a page: one file, which works offline |
//! | [`listing`] | as text, one event a line |
//! | [`save`] | nowhere yet: writes the trace to a file, which the command `stepper FILE` opens |
//!
//! ```
//! let tape = autodiff::Tape::<f64>::new();
//! let (w, x) = (tape.input(2.0).named("w"), tape.data(3.0).named("x"));
//! (w * x).sigmoid().named("y");
//! assert!(stepper::listing(&tape)?.contains("y = sigmoid(w·x) is computed: 0.9975."));
//! # Ok::<(), autodiff::Error>(())
//! ```
//!
//! All of them tell the same: [`story`] has the formulas and sentences, [`number`] writes the numbers.

#![deny(missing_docs)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod demo;
mod html;
mod layout;
mod listing;
pub mod number;
pub mod story;
mod subject;
mod terminal;

pub use subject::{Error, Subject};
pub use terminal::Terminal;

#[cfg(doc)]
use autodiff::inspect::Trace;
use std::path::Path;

/// Opens a run in the terminal, to be stepped through with the keyboard; `k` lists the keys. Returns when it is left.
/// [`Terminal`] has settings.
///
/// ```no_run
/// let tape = autodiff::Tape::<f64>::new();
/// let x = tape.input(3.0).named("x");
/// let y = (x * x).named("y");
/// stepper::open(&tape)?; // or `&y`, or a trace
/// # let _ = y;
/// # Ok::<(), stepper::Error>(())
/// ```
///
/// # Errors
/// [`Error::Run`] where there is no run to show; [`Error::NoTerminal`] if input or output is no terminal;
/// [`Error::Terminal`] if it cannot be used.
pub fn open(subject: &impl Subject) -> Result<(), Error> {
    Terminal::new().open(subject)
}

/// The events of a run, one a line, with the rule of each contribution, and at the end the program with its numbers.
///
/// # Errors
/// Those of [`Subject::run`].
pub fn listing(subject: &impl Subject) -> autodiff::Result<String> {
    Ok(listing::of(&*subject.run()?))
}

/// The page of a run: one HTML file that works offline, with everything in it.
///
/// # Errors
/// Those of [`Subject::run`].
pub fn html(subject: &impl Subject, title: &str) -> autodiff::Result<String> {
    Ok(html::page(&*subject.run()?, title, subject.introduction()))
}

/// Writes the page of a run.
///
/// # Errors
/// [`Error::Run`] where there is no run to show, [`Error::File`] if the file cannot be written.
pub fn write_html(subject: &impl Subject, path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let title = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    write(path, html(subject, &title)?.as_bytes())
}

/// Writes the trace of a run to a file, to be opened later: by the command `stepper FILE`, or by [`Trace::from_bytes`].
///
/// ```no_run
/// use autodiff::check;
/// let report = check::function(|x| x.sin(), [0.5])?;
/// if let Err(report) = report.ok() {
///     stepper::save(&report, "sine.trace")?; // then: stepper sine.trace
/// }
/// # Ok::<(), stepper::Error>(())
/// ```
///
/// # Errors
/// As [`write_html`].
pub fn save(subject: &impl Subject, path: impl AsRef<Path>) -> Result<(), Error> {
    write(path.as_ref(), &subject.run()?.to_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::write(path, bytes).map_err(|error| Error::File(path.to_owned(), error))
}
