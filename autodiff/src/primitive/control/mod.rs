//! Programs as operations: loops whose body is a program.

mod cond;
mod keep;
mod record;
mod reverse;
pub(in crate::primitive) mod scan;
mod tangent;
mod while_loop;

pub use keep::Keep;
pub(crate) use keep::changing;
pub use record::{Loop, Step};
pub use scan::Scan;
pub(crate) use scan::kinds;
