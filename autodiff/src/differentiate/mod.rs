//! Derivatives: the reverse and the forward walk over a tape, and what is made of them.

pub(crate) mod application;
pub(crate) mod custom_rule;
pub(crate) mod forward;
pub(crate) mod functions;
pub(crate) mod gradients;
mod programs;
pub(crate) mod pullback;
pub(crate) mod reverse;
