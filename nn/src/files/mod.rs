//! What is kept in files: weights, states of training runs, programs. Files are written by functions that are called for it,
//! and by nothing else.

mod archive;
mod atomic;
mod checkpoint;
mod export;
pub mod pytorch;
mod slots;
pub mod weights;

pub use export::{Export, export, export_by};
