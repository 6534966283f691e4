//! Training: a step, a loop of steps, and those who watch it.

mod checkpoint;
mod evaluate;
mod finite;
mod history;
mod observer;
mod planned;
mod progress;
mod recorded;
mod step;
mod trainer;

pub use checkpoint::Checkpoint;
pub use evaluate::{Evaluation, evaluate, predict};
pub use history::History;
pub use observer::{Epoch, Observer, Training};
pub use progress::Progress;
pub use step::{Step, StepResult};
pub use trainer::Trainer;
