//! Elementary functions and what is built from them.

use crate::application::Application;
use autodiff::{Real, Result};

pub(super) fn expression<F: Real>(at: &Application<'_, F>) -> Option<Result<String>> {
    let x = at.x(0);
    let function = match at.name() {
        "exp" => "jnp.exp",
        "log" => "jnp.log",
        "sqrt" => "jnp.sqrt",
        "abs" => "jnp.abs",
        "sin" => "jnp.sin",
        "cos" => "jnp.cos",
        "tan" => "jnp.tan",
        "atan" => "jnp.arctan",
        "tanh" => "jnp.tanh",
        "log1p" => "jnp.log1p",
        "expm1" => "jnp.expm1",
        "exp2" => "jnp.exp2",
        "log2" => "jnp.log2",
        "log10" => "jnp.log10",
        "cbrt" => "jnp.cbrt",
        "sinh" => "jnp.sinh",
        "cosh" => "jnp.cosh",
        "asin" => "_asin",
        "acos" => "_acos",
        "asinh" => "jnp.arcsinh",
        "acosh" => "jnp.arccosh",
        "atanh" => "jnp.arctanh",
        "erf" => "lax.erf",
        "erfc" => "lax.erfc",
        "floor" => "jnp.floor",
        "ceil" => "jnp.ceil",
        "round" => "jnp.round",
        "sigmoid" => "lax.logistic",
        "atan2" => "lax.atan2",
        "tanh_slope" => "_tanh_slope",
        "sigmoid_slope" => "_sigmoid_slope",
        "erf_slope" => "_erf_slope",
        "hypot" => "_hypot",
        "hypot_slope" => "_hypot_slope",
        "atan2_slope" => "_atan2_slope",
        name => return formula(at, name, x),
    };
    Some(Ok(at.call(function)))
}

fn formula<F: Real>(at: &Application<'_, F>, name: &str, x: &str) -> Option<Result<String>> {
    Some(Ok(match name {
        "atan_slope" => format!("F(1) / (F(1) + {x} * {x})"),
        "asin_slope" => format!("F(1) / jnp.sqrt((F(1) - {x}) * (F(1) + {x}))"),
        "atanh_slope" => {
            format!("jnp.where(jnp.abs({x}) > 1, F(np.nan), F(1) / ((F(1) - {x}) * (F(1) + {x})))")
        }
        "softplus" => format!("jnp.logaddexp({x}, F(0))"),
        "sign" => format!("jnp.where({x} > 0, F(1), jnp.where({x} < 0, F(-1), {x}))"),
        "relu" => format!("jnp.where({x} < 0, F(0), {x})"),
        "leaky_relu" => return Some(at.real("beta").map(|beta| format!("jnp.where({x} < 0, {beta} * {x}, {x})"))),
        _ => return None,
    }))
}
