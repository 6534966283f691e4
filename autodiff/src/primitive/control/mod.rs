//! Programs as operations: loops whose body is a program.

mod keep;
mod record;
mod reverse;
pub(in crate::primitive) mod scan;
mod tangent;

pub use keep::Keep;
pub use record::{Loop, Step};
pub use scan::Scan;
