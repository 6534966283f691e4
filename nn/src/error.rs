//! Errors of this crate, at the line of the user.

use autodiff::{Error, ErrorKind, Place};
use std::panic::Location;

/// An error of `operation` at the caller's line.
#[track_caller]
pub(crate) fn error(kind: ErrorKind, operation: &str, message: impl Into<String>) -> Error {
    Error::new(kind, operation, message).at(here())
}

/// That what `operation` was given does not fit: an error at the caller's line.
#[track_caller]
pub(crate) fn mismatch(operation: &str, message: impl Into<String>) -> Error {
    error(ErrorKind::Mismatch, operation, message)
}

/// The caller's line.
#[track_caller]
pub(crate) fn here() -> Place {
    Place { location: Some(Location::caller()), scope: String::new() }
}
