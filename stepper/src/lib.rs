//! The stepper: shows the run of a program and of its derivative, event by event, forwards and back.
//!
//! [`html`] makes a page of a [`Trace`]: one file, which works offline. [`listing`] makes a
//! text. [`write_html`] and [`save`] write files.
//!
//! ```
//! let tape = autodiff::Tape::<f64>::new();
//! let (w, x) = (tape.input(2.0).named("w"), tape.data(3.0).named("x"));
//! let trace = (w * x).sigmoid().named("y").trace()?;
//! assert!(stepper::listing(&trace).contains("y = sigmoid(w·x) is computed: 0.9975."));
//! # Ok::<(), autodiff::Error>(())
//! ```

#![deny(missing_docs)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod demo;
mod html;
mod layout;
pub mod number;
pub mod story;

use autodiff::Real;
use autodiff::inspect::{Stepper, Trace};
use std::io;
use std::path::Path;

/// The events of a trace, one a line, and the listing of the program at the end.
pub fn listing<F: Real>(trace: &Trace<F>) -> String {
    let story = story::Story::new(trace);
    let mut stepper = Stepper::new(trace);
    let mut text = String::new();
    while stepper.step().is_some() {
        text.push_str(&format!("{:>5}  {}\n", stepper.time(), story.sentence(&stepper.state())));
    }
    format!("{text}\n{}", stepper.state())
}

/// The page of a trace: one HTML file that works offline, with everything in it.
pub fn html<F: Real>(trace: &Trace<F>, title: &str) -> String {
    html::page(trace, title)
}

/// Writes the page of a trace.
///
/// # Errors
/// Those of writing a file.
pub fn write_html<F: Real>(trace: &Trace<F>, path: impl AsRef<Path>) -> io::Result<()> {
    let name = path.as_ref().file_stem().map(|name| name.to_string_lossy().into_owned());
    std::fs::write(path, html(trace, &name.unwrap_or_default()))
}

/// Writes a trace to a file, to be opened later: see [`Trace::to_bytes`].
///
/// # Errors
/// Those of writing a file.
pub fn save<F: Real>(trace: &Trace<F>, path: impl AsRef<Path>) -> io::Result<()> {
    std::fs::write(path, trace.to_bytes())
}
