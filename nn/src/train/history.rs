//! What was measured, epoch by epoch.

use super::observer::{Epoch, Observer};
use std::ops::ControlFlow;

/// Remembers what every epoch measured.
///
/// ```
/// use nn::{Epoch, History, Observer};
/// let mut history = History::new();
/// for (number, loss) in [(1, 0.5), (2, 0.25)] {
///     let _ = history.on_epoch(&Epoch { number, of: 2, measures: vec![("loss".into(), loss)] });
/// }
/// assert_eq!(history.curve("loss"), [0.5, 0.25]);
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
pub struct History {
    epochs: Vec<Epoch>,
}

impl History {
    /// An empty one.
    pub fn new() -> Self {
        History::default()
    }

    /// The epochs so far.
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// The measure `name` over the epochs that have it.
    pub fn curve(&self, name: &str) -> Vec<f64> {
        self.epochs.iter().filter_map(|epoch| epoch.measure(name)).collect()
    }
}

impl Observer for History {
    fn on_epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        self.epochs.push(epoch.clone());
        ControlFlow::Continue(())
    }
}
