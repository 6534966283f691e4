//! Examples: columns, data sets, batches, and the files they come from.

mod augment;
mod batch;
mod bytes;
mod column;
mod dataset;
mod diagnose;
pub mod idx;
pub mod npy;
#[cfg(feature = "npz")]
pub mod npz;
mod partition;
pub mod synthetic;
mod table;
mod vocabulary;

pub use augment::Augment;
pub use batch::{Batch, Columns};
pub(crate) use batch::{first_non_finite, row};
pub use column::Column;
pub use dataset::Dataset;
pub(crate) use dataset::{FEATURES, TARGETS};
pub use diagnose::{Diagnosis, diagnose};
pub use table::{Csv, Missing, Table};
pub use vocabulary::{Tokens, Vocabulary};
