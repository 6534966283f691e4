//! Training: a step, a loop of steps, and those who watch it.

mod evaluate;
mod history;
mod observer;
mod planned;
mod progress;
mod recorded;
mod step;
mod trainer;

pub use evaluate::{Evaluation, Metric, evaluate, predict};
pub use history::History;
pub use observer::{Epoch, Observer};
pub use progress::Progress;
pub use step::{Loss, State, Step, StepResult};
pub use trainer::Trainer;
