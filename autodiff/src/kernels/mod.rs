//! The arithmetic: loops over arrays that know nothing of tapes.
//!
//! Every interpreter (eager recording, program evaluation, stepping, a plan) runs these same loops, so they agree bit for
//! bit. A reduction is a fixed tree over *logical* indices; results depend on values and shapes, never on strides or
//! threads.

#![allow(clippy::indexing_slicing)]

mod copy;
mod map;
mod matmul;
mod random;
mod reduce;
mod simd;
mod view;

pub use copy::{copy, rearrange};
pub use map::map;
pub use matmul::{matmul, matmul_rows};
pub(crate) use random::uniform;
pub use reduce::sum;
pub(crate) use reduce::{lanes, reduce};
pub use view::{IndexView, Operand, View, ViewMut};
