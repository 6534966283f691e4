//! Files: weights, checkpoints of training runs, exported models. Only functions that are called to write a file write
//! one.

mod archive;
pub(crate) mod atomic;
mod checkpoint;
mod export;
pub mod pytorch;
mod slots;
pub mod weights;

pub use export::{Export, export, export_by};
