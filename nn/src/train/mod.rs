//! Training: a step, a loop of steps, and those who watch it.

mod checkpoint;
mod described;
mod early_stopping;
mod evaluate;
mod finite;
mod gradient_norms;
mod history;
mod located;
mod moved;
mod observer;
mod on_plateau;
mod planned;
mod progress;
mod recorded;
mod step;
mod trace;
mod trainer;

pub(crate) use checkpoint::Run;
pub use checkpoint::{Checkpoint, Every};
pub use described::{StepInput, StepOutput, StepProgram};
pub use early_stopping::EarlyStopping;
pub(crate) use evaluate::evaluate_at;
pub use evaluate::{Evaluation, evaluate, predict, predict_in_batches};
pub use gradient_norms::GradientNorms;
pub use history::History;
pub use observer::{Epoch, Observer, ObserverState, Training};
pub use on_plateau::OnPlateau;
pub use progress::Progress;
pub use step::{Step, StepResult};
pub use trainer::Trainer;
