//! Progress, printed.

use super::observer::{Epoch, Observer, Training};
use super::step::StepResult;
use autodiff::Real;
#[cfg(not(target_family = "wasm"))]
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt;
use std::io::Write;
use std::ops::ControlFlow;

/// Prints the progress of the training: a bar on a terminal, a line per epoch elsewhere, and each warning once. Nothing
/// else in this crate prints, and this only where it is told to. A writer that fails does not stop the training.
///
/// ```
/// use nn::{Dataset, Dense, Init, Progress, Random, Sgd, Trainer, loss};
/// let data = Dataset::<f64>::valued(ndarray::array![[1.0]], ndarray::array![[1.0]])?;
/// let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
/// let mut text = Vec::new();
/// let mut progress = Progress::to(&mut text);
/// Trainer::new(Sgd::new(0.25)).epochs(2).observe(&mut progress).fit(&mut model, loss::mean_squared, &data)?;
/// drop(progress);
/// assert_eq!(text, b"epoch 1/2  loss 1.0000\nepoch 2/2  loss 0.2500\n");
/// # Ok::<(), autodiff::Error>(())
/// ```
pub struct Progress<'w> {
    face: Face<'w>,
    /// The warnings that were shown.
    shown: Vec<String>,
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
            return Progress { face: Face::Bar(ProgressBar::no_length()), shown: Vec::new() };
        }
        Progress::to(std::io::stderr())
    }

    /// A line per epoch, to `writer`.
    pub fn to(writer: impl Write + 'w) -> Self {
        Progress { face: Face::Lines(Box::new(writer)), shown: Vec::new() }
    }
}

impl<F: Real> Observer<F> for Progress<'_> {
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

    fn on_step(&mut self, _: &StepResult<'_, F>, _: &Training<'_, F>) -> ControlFlow<()> {
        match &self.face {
            #[cfg(not(target_family = "wasm"))]
            Face::Bar(bar) => bar.inc(1),
            Face::Lines(_) => {}
        }
        ControlFlow::Continue(())
    }

    fn on_epoch(&mut self, epoch: &Epoch, _: &Training<'_, F>) -> ControlFlow<()> {
        let width = epoch.of.to_string().len();
        let start = format!("epoch {:>width$}/{}", epoch.number, epoch.of);
        let line = epoch.measures.iter().fold(start, |line, (name, value)| format!("{line}  {name} {value:.4}"));
        let new: Vec<&String> = epoch.warnings.iter().filter(|warning| !self.shown.contains(warning)).collect();
        match &mut self.face {
            #[cfg(not(target_family = "wasm"))]
            Face::Bar(bar) => {
                bar.set_message(line);
                new.iter().for_each(|warning| bar.println(format!("warning: {warning}")));
            }
            Face::Lines(writer) => {
                drop(writeln!(writer, "{line}"));
                new.iter().for_each(|warning| drop(writeln!(writer, "warning: {warning}")));
            }
        }
        let new: Vec<String> = new.into_iter().cloned().collect();
        self.shown.extend(new);
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
