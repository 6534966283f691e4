//! Recorded programs and training steps as Python modules for [JAX](https://docs.jax.dev), for what does not fit on one
//! machine: several devices, several hosts, accelerators.
//!
//! ```
//! let tape = autodiff::Tape::<f64>::new();
//! let x = tape.input([1.0, 2.0]).named("x");
//! let program = tape.program(&[(x * x).sum(..).named("loss")])?;
//! let module = autodiff_jax::source(&program.grad(&[0])?)?;
//! assert!(module.contains("def program(x):"));
//! # Ok::<(), autodiff::Error>(())
//! ```
//!
//! [`source`] writes a program as a module with one line for each node. A gradient is a program, too: it is written as it was
//! recorded, so that the [conventions](autodiff::conventions) of this engine hold, and not taken again by JAX. [`export`]
//! writes a whole training step with a driver that runs it on a mesh of devices, and [`load`] reads back what became of the
//! model and the optimizer's state.
//!
//! What is the same: products at the highest precision, double precision where the program has it (the module switches it on
//! and asserts it), random numbers bit for bit, and the engine's refusal of indices out of range, where they are inputs:
//! `run` and `check` of the module look at them on the host. What differs: sums are added in another order and elementary
//! functions rounded otherwise; subnormal numbers are 0 on XLA's CPU; an index that is *computed* and out of range is not
//! refused (reads give NaN, writes are dropped); on a GPU the order of scattered additions may vary from run to run.

#![deny(missing_docs)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod application;
mod bounds;
mod families;
mod literal;
mod module;
mod prelude;
mod state;
mod step;
mod sums;

pub use application::Application;
pub use module::{Emission, Emitter, source};
pub use state::load;
pub use step::{export, save_columns};
