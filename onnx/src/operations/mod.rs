//! The primitives as operations of ONNX, in families.

mod elementwise;
mod indices;
mod loops;
mod rearrange;
mod reduce;
mod windows;

use crate::application::Application;
use autodiff::{Real, Result};

/// Writes an application: the values of its results.
pub(crate) fn write<F: Real>(at: &mut Application<'_, '_, F>) -> Result<Vec<String>> {
    for family in [elementwise::write, rearrange::write, reduce::write, windows::write, indices::write, loops::write] {
        if let Some(values) = family(at)? {
            return Ok(values);
        }
    }
    Err(at.lacks())
}

/// The values of an application that a family knows.
pub(crate) type Written = Result<Option<Vec<String>>>;

/// One value.
pub(crate) fn one(value: String) -> Written {
    Ok(Some(vec![value]))
}
