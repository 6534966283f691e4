//! Those who watch the training.

use std::ops::ControlFlow;

/// Someone who watches a [`Trainer`](crate::Trainer) and may end the training: a progress bar, a history.
///
/// ```
/// use nn::{Epoch, Observer};
/// use std::ops::ControlFlow;
///
/// /// Ends the training when the loss is small.
/// struct Enough(f64);
///
/// impl Observer for Enough {
///     fn on_epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
///         match epoch.measure("loss") {
///             Some(loss) if loss < self.0 => ControlFlow::Break(()),
///             _ => ControlFlow::Continue(()),
///         }
///     }
/// }
/// ```
pub trait Observer {
    /// The training begins: `epochs` times `steps` steps.
    fn on_start(&mut self, epochs: usize, steps: usize) {
        let _ = (epochs, steps);
    }

    /// A step was made, with this loss.
    fn on_step(&mut self, loss: f64) {
        let _ = loss;
    }

    /// An epoch is over: every example was used once more.
    fn on_epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        let _ = epoch;
        ControlFlow::Continue(())
    }

    /// The training is over.
    fn on_end(&mut self) {}
}

/// What is known after an epoch.
#[derive(Clone, PartialEq, Debug)]
pub struct Epoch {
    /// Its number: 1, 2, ….
    pub number: usize,
    /// The number of epochs that are planned.
    pub of: usize,
    /// What was measured, by name: `loss` and each metric over the batches of the epoch, as the model was when each was
    /// used; `validation loss` and so on after the epoch, where there is validation data.
    pub measures: Vec<(String, f64)>,
}

impl Epoch {
    /// The measure `name`, if there is one.
    pub fn measure(&self, name: &str) -> Option<f64> {
        self.measures.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}
