//! Progress for the eye.

use super::observer::{Epoch, Observer};
#[cfg(not(target_family = "wasm"))]
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt;
use std::io::Write;
use std::ops::ControlFlow;

/// Shows how the training goes: a bar on a terminal, a line per epoch elsewhere. The one thing in this crate that
/// prints, and only where it is told to. A writer that fails does not stop the training.
///
/// ```
/// use nn::{Epoch, Observer, Progress};
/// let mut text = Vec::new();
/// let mut progress = Progress::to(&mut text);
/// let _ = progress.on_epoch(&Epoch { number: 1, of: 20, measures: vec![("loss".into(), 0.5)] });
/// drop(progress);
/// assert_eq!(String::from_utf8(text)?, "epoch  1/20  loss 0.5000\n");
/// # Ok::<(), std::string::FromUtf8Error>(())
/// ```
pub struct Progress<'w> {
    face: Face<'w>,
}

enum Face<'w> {
    #[cfg(not(target_family = "wasm"))]
    Bar(ProgressBar),
    Lines(Box<dyn Write + 'w>),
}

impl<'w> Progress<'w> {
    /// A bar on standard error if that is a terminal, else lines there.
    pub fn stderr() -> Self {
        #[cfg(not(target_family = "wasm"))]
        if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            return Progress { face: Face::Bar(ProgressBar::no_length()) };
        }
        Progress::to(std::io::stderr())
    }

    /// A line per epoch, to `writer`.
    pub fn to(writer: impl Write + 'w) -> Self {
        Progress { face: Face::Lines(Box::new(writer)) }
    }
}

impl Observer for Progress<'_> {
    fn on_start(&mut self, epochs: usize, steps: usize) {
        match &self.face {
            #[cfg(not(target_family = "wasm"))]
            Face::Bar(bar) => {
                bar.set_length((epochs * steps) as u64);
                // A template that indicatif does not take leaves its default style, which serves too.
                if let Ok(style) = ProgressStyle::with_template("{bar:24} {percent:>3}%  {msg}") {
                    bar.set_style(style);
                }
            }
            // A line says out of how many epochs it is.
            Face::Lines(_) => {
                let _ = (epochs, steps);
            }
        }
    }

    fn on_step(&mut self, _: f64) {
        match &self.face {
            #[cfg(not(target_family = "wasm"))]
            Face::Bar(bar) => bar.inc(1),
            Face::Lines(_) => {}
        }
    }

    fn on_epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        let width = epoch.of.to_string().len();
        let start = format!("epoch {:>width$}/{}", epoch.number, epoch.of);
        let line = epoch.measures.iter().fold(start, |line, (name, value)| format!("{line}  {name} {value:.4}"));
        match &mut self.face {
            #[cfg(not(target_family = "wasm"))]
            Face::Bar(bar) => bar.set_message(line),
            Face::Lines(writer) => drop(writeln!(writer, "{line}")),
        }
        ControlFlow::Continue(())
    }

    fn on_end(&mut self) {
        match &mut self.face {
            #[cfg(not(target_family = "wasm"))]
            Face::Bar(bar) => bar.abandon(),
            Face::Lines(writer) => drop(writer.flush()),
        }
    }
}

impl fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.face {
            #[cfg(not(target_family = "wasm"))]
            Face::Bar(_) => "Progress as a bar",
            Face::Lines(_) => "Progress in lines",
        })
    }
}
