//! Random numbers: the engine's bits, from integer arithmetic that is the same everywhere.

use crate::application::Application;
use autodiff::{Real, Result};

pub(super) fn expression<F: Real>(at: &Application<'_, F>) -> Option<Result<String>> {
    Some(match at.name() {
        "uniform" => drawn(at, "_uniform"),
        "uniform_open" => drawn(at, "_uniform_open"),
        "normal" => drawn(at, "_normal"),
        "fold_in" => Ok(at.call("_fold_in")),
        _ => return None,
    })
}

fn drawn<F: Real>(at: &Application<'_, F>, function: &str) -> Result<String> {
    Ok(format!("{function}({}, {}, {})", at.x(0), at.list("shape")?, at.length("stream")?))
}
