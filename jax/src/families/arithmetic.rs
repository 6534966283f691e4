//! Arithmetic and powers.

use crate::application::Application;
use autodiff::{Real, Result};

pub(super) fn expression<F: Real>(at: &Application<'_, F>) -> Option<Result<String>> {
    Some(Ok(match at.name() {
        "neg" => format!("-{}", at.x(0)),
        "add" => at.infix("+"),
        "sub" => at.infix("-"),
        "mul" => at.infix("*"),
        "div" => at.infix("/"),
        "strong_mul" => at.call("_strong_mul"),
        "strong_div" => at.call("_strong_div"),
        "pow" => at.call("lax.pow"),
        "powi" => return Some(at.attributes().integer("n").map(|n| power(at, n))),
        "powf" => return Some(at.real("p").map(|p| format!("lax.pow({}, {p})", at.x(0)))),
        _ => return None,
    }))
}

/// An integer power: few multiplications as the engine makes them, or the power function where the exponent is large.
fn power<F: Real>(at: &Application<'_, F>, n: i64) -> String {
    match n {
        -4..=4 => format!("lax.integer_pow({}, {n})", at.x(0)),
        // In double precision, in which every such exponent is exact.
        _ => format!("lax.pow({}.astype(np.float64), np.float64({n})).astype(F)", at.x(0)),
    }
}
