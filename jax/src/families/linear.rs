//! Products.

use crate::application::Application;
use autodiff::{Real, Result};

pub(super) fn expression<F: Real>(at: &Application<'_, F>) -> Option<Result<String>> {
    Some(Ok(match at.name() {
        "matmul" => format!("jnp.matmul({}, {}, precision=PRECISION)", at.x(0), at.x(1)),
        "add_bias" => at.infix("+"),
        _ => return None,
    }))
}
