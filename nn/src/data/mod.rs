//! Examples: columns, data sets, batches.

mod batch;
mod column;
mod dataset;

pub use batch::{Batch, Columns};
pub use column::Column;
pub use dataset::Dataset;
pub(crate) use dataset::{FEATURES, TARGETS};
