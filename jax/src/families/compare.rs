//! Comparisons, and choices by them. A result is a real number.

use crate::application::Application;
use autodiff::{Real, Result};

pub(super) fn expression<F: Real>(at: &Application<'_, F>) -> Option<Result<String>> {
    let (a, b) = (at.x(0), at.x(1));
    Some(Ok(match at.name() {
        "maximum" => format!("jnp.where(({a} > {b}) | jnp.isnan({a}), {a}, {b})"),
        "minimum" => format!("jnp.where(({a} < {b}) | jnp.isnan({a}), {a}, {b})"),
        "greater" => format!("({a} > {b}).astype(F)"),
        "greater_equal" => format!("({a} >= {b}).astype(F)"),
        "equal" => format!("({a} == {b}).astype(F)"),
        "select" => format!("jnp.where({a} != 0, {b}, {})", at.x(2)),
        _ => return None,
    }))
}
