//! The search for hyperparameters.

mod results;
mod run;
mod space;

pub use results::{Results, Trial};
pub use run::Search;
pub use space::Space;
