//! Neural networks on the [`autodiff`] tape: layers, losses, optimizers, data, training, files.
//!
//! A model is plain data: a tree of arrays ([`Module`], [`Param`], [`Buffer`]), mostly of [`Layer`]s. A training step
//! is one tape: the forward pass, the loss, its reverse pass and the optimizer's update are recorded together, with the
//! same operations everybody uses. Nothing in this crate writes a derivative.
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
//! Trainer::new(Adam::new(0.05)).epochs(100).fit(&mut model, loss::softmax_cross_entropy, &data)?;
//! let output = nn::predict(&model, data.features()?)?;
//! assert_eq!(metric::accuracy(&output, data.targets()?)?, 1.0);
//! # Ok::<(), autodiff::Error>(())
//! ```
//!
//! | for | begin with |
//! |---|---|
//! | data from files | [`Csv`], [`idx`], [`npy`]; [`Dataset`], [`Scaling`], [`Augment`], [`Vocabulary`] |
//! | models | [`Sequential`], [`Layer`], [`Module`]; [`Network`] makes one from settings |
//! | training | [`Trainer`], [`loss`], [`metric`], [`schedule`], [`EarlyStopping`], [`Checkpoint`] |
//! | hyperparameters | [`Search`], [`Space`] |
//! | files | [`weights`], [`pytorch`], [`export`], [`Checkpoint::save`] |
//! | charts | [`picture`], [`History`] |

#![deny(missing_docs)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod context;
mod data;
mod domain;
mod error;
mod estimator;
mod files;
mod init;
#[cfg(all(feature = "instances", debug_assertions, not(test)))]
mod instances;
mod layer;
mod layers;
pub mod loss;
pub mod metric;
mod minimize;
mod module;
mod objective;
mod optim;
pub mod picture;
mod random;
pub mod schedule;
mod search;
mod summary;
mod train;

pub use context::Context;
#[cfg(feature = "npz")]
pub use data::npz;
pub use data::{
    Augment, Batch, Column, Columns, Csv, Dataset, Diagnosis, Missing, Table, Tokens, Vocabulary, diagnose, idx, npy,
    synthetic,
};
pub use estimator::{Method, Network, NetworkConfig, least_squares};
pub use files::{Export, export, export_by, pytorch, weights};
pub use init::Init;
pub use layer::{CloneLayer, Layer};
pub use layers::{
    Activation, AveragePool, AveragePool1d, AveragePool2d, BatchNorm, Bidirectional, Conv1d, Conv2d, ConvTranspose,
    ConvTranspose1d, ConvTranspose2d, Convolution, Dense, Dropout, Embedding, Extent, Flatten, GlobalPool, GroupNorm,
    Gru, LayerNorm, Lstm, MaxPool, MaxPool1d, MaxPool2d, MultiHeadAttention, PositionalEmbedding, PositionalEncoding,
    Prelu, Residual, RmsNorm, Rnn, Scaling, Sequence, Sequential, TransformerBlock,
};
pub use loss::Target;
pub use minimize::{End, Lbfgs, Minimum, NewtonCg};
pub use module::{
    Attribute, Buffer, Module, Name, Param, Parts, PartsMut, Stored, buffers, buffers_mut, parameters, parameters_mut,
    unmade,
};
pub use objective::{ByName, FnLoss, FnObjective, LossFunction, Objective, Outcome, objective};
pub use optim::{
    Accumulate, Adadelta, Adagrad, Adam, AdamW, AmsGrad, ClipGlobalNorm, ClipValue, Group, Groups, HeavyBall,
    LARGEST_RATE, Lamb, Lion, Momentum, Muon, NAdam, Nesterov, Optimizer, OptimizerState, Parameter, ParameterState,
    Position, Recurrence, RmsProp, Schedule, ScheduleFree, Scheduled, Sgd, StateRecorder, Update, WeightAverage,
};
pub use random::Random;
pub use search::{Results, Search, Space, Trial};
pub use summary::{Summary, SummaryRow, summary};
pub use train::{
    Checkpoint, EarlyStopping, Epoch, Evaluation, Every, GradientNorms, History, Observer, ObserverState, OnPlateau,
    Progress, Step, StepInput, StepOutput, StepProgram, StepResult, Trainer, Training, evaluate, predict,
    predict_in_batches,
};

/// The examples of the README, of the guide and of the short answers, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../../docs/guide.md")]
#[doc = include_str!("../../docs/how_do_i.md")]
pub mod readme {}
