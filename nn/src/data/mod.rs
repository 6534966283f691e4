//! Examples: columns, data sets, batches.

mod batch;
mod column;
mod dataset;

pub use batch::{Batch, Columns};
pub(crate) use batch::{first_non_finite, row};
pub use column::Column;
pub use dataset::Dataset;
pub(crate) use dataset::{FEATURES, TARGETS};
