//! What everything stands on: numbers and their functions, shapes, ids, attributes, error messages.

pub(crate) mod attributes;
pub(crate) mod axis;
pub(crate) mod elementary;
pub(crate) mod error;
mod error_function;
pub(crate) mod ids;
pub(crate) mod kind;
pub(crate) mod real;
pub(crate) mod shape;
