//! Numbers that are not finite: where the first came from, on the tape and in the data.

use crate::data::{Batch, first_non_finite};
use autodiff::{Error, Real, Var};

/// The error, which is about a number of `var` that is not finite, with where the first one on the way to `var` came
/// from.
pub(super) fn traced<F: Real>(error: Error, var: Var<'_, F>) -> Error {
    match var.first_non_finite() {
        Ok(Some(first)) => {
            let help = match first.operation.as_str() {
                "log" => {
                    "a logarithm takes numbers above 0: is it in a loss of probabilities, and the output a logit? Then \
                          `loss::binary_cross_entropy_with_logits` is the loss"
                }
                _ => "look at that operation's operands, at the data, and at the learning rate",
            };
            error.with_operand(format!("first: {first}")).with_help(help)
        }
        _ => error.with_help("look at the data, and at the learning rate"),
    }
}

/// The error with the first number of `data`, which is called `what`, that is not finite, if there is one.
pub(super) fn with_data<F: Real>(error: Error, what: &str, data: &dyn Batch<F>) -> Error {
    match first_non_finite(data) {
        Some((column, row, number)) => {
            let of = data.examples();
            error.with_operand(format!("{what} has {number} in column `{column}`, row {row} of {of} (counted from 0)"))
        }
        None => error,
    }
}
