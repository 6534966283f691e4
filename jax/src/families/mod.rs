//! The primitives of the engine, in the families they have there: what is written for each.

mod arithmetic;
mod compare;
mod control;
mod elementary;
mod index;
mod linear;
mod random;
mod rearrange;
mod reduce;
mod window;

pub(crate) use reduce::summed_axes;

use crate::application::Application;
use autodiff::{Real, Result};

/// The expression of an application; `None` for a primitive of none of these families.
pub(crate) fn expression<F: Real>(at: &Application<'_, F>) -> Option<Result<String>> {
    arithmetic::expression(at)
        .or_else(|| elementary::expression(at))
        .or_else(|| compare::expression(at))
        .or_else(|| linear::expression(at))
        .or_else(|| window::expression(at))
        .or_else(|| rearrange::expression(at))
        .or_else(|| reduce::expression(at))
        .or_else(|| index::expression(at))
        .or_else(|| random::expression(at))
        .or_else(|| control::expression(at))
}
