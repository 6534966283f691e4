//! Neural networks on the [`autodiff`] tape: layers, losses, optimizers, data, training.
//!
//! A model is plain data: [`Param`]s in [`Layer`]s. A training step is one tape: the forward pass, the loss, its reverse
//! pass and the optimizer's update are recorded together, with the same operations everybody uses. Nothing in this crate
//! writes a derivative.
//!
//! ```
//! use nn::{Activation, Adam, Dataset, Dense, Init, Random, Sequential, Trainer, loss, metric};
//!
//! // The exclusive or of two bits, which no single layer can learn.
//! let features = ndarray::array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
//! let data = Dataset::<f64>::labelled(features, vec![0, 1, 1, 0])?;
//!
//! let mut random = Random::new(1);
//! let mut model = Sequential::new()
//!     .then(Dense::new(2, 8, Init::Xavier, &mut random))
//!     .then(Activation::Tanh)
//!     .then(Dense::new(8, 2, Init::Xavier, &mut random));
//!
//! Trainer::new(Adam::new(0.05)).epochs(100).batch_size(4).fit(
//!     &mut model,
//!     &|logits, labels| loss::softmax_cross_entropy(logits, labels),
//!     &data,
//!     None,
//!     &mut [],
//! )?;
//! let output = nn::predict(&model, data.features())?;
//! assert_eq!(metric::accuracy(&output, data.targets())?, 1.0);
//! # Ok::<(), autodiff::Error>(())
//! ```

#![deny(missing_docs)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod context;
mod data;
mod init;
mod layer;
mod layers;
pub mod loss;
pub mod metric;
mod optim;
mod param;
mod random;
mod summary;
mod target;
mod train;

pub use context::Context;
pub use data::Dataset;
pub use init::Init;
pub use layer::{CloneLayer, Layer, Parts, PartsMut, parameters, parameters_mut};
pub use layers::{Activation, Dense, Dropout, Sequential};
pub use optim::{Adam, Momentum, Optimizer, Pace, Sgd, Slot};
pub use param::Param;
pub use random::Random;
pub use summary::{Summary, SummaryRow, summary};
pub use target::{Target, Targets};
pub use train::{
    Epoch, Evaluation, History, Loss, Metric, Observer, Progress, State, Step, StepResult, Trainer, evaluate, predict,
};

/// The example of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub mod readme {}
