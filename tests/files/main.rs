//! Files: weights, also those of PyTorch, checkpoints of training runs, exported models, and files that are damaged or
//! incomplete.

mod damaged;
mod exported;
mod killed;
mod pytorch;
mod resumed;
mod support;
mod weights;
