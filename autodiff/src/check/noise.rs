//! How much rounding a result carries.

use crate::base::error::Result;
use crate::differentiate::reverse::Sight;
use crate::program::{Input, Program};
use crate::tape::value::Value;
use crate::tape::{Arg, Tape};
use ndarray::ArrayD;

/// A first-order estimate of the rounding error of Σ ζ·F(x): ε·Σ |v̄·v| over all operations, v̄ the cotangent of a result
/// v. A number that cancels later counts in full, one that is multiplied by a small constant counts for little.
///
/// Source: F. L. Bauer, *Computational Graphs and Rounding Error* (SIAM Journal on Numerical Analysis 11, 1974).
pub(super) fn noise(program: &Program<f64>, inputs: &[Input<f64>], zeta: &[ArrayD<f64>]) -> Result<f64> {
    let tape = Tape::new();
    let args: Vec<Arg<'_, f64>> = inputs
        .iter()
        .map(|input| match input {
            Input::Real(x) => tape.input(x).into(),
            Input::Index(i) => tape.index(i.clone()).into(),
            Input::Key(key) => tape.key(*key).into(),
        })
        .collect();
    let outputs = program.record(&tape, &args)?;
    let mut total = tape.constant(0.0);
    for (y, zeta) in outputs.iter().zip(zeta) {
        total += (*y * tape.constant(zeta)).sum(..);
    }
    let mut sum = 0.0;
    total.walk_back(Value::Splat(1.0), |sight| {
        if let Sight::Visit { node, cotangent } = sight {
            tape.with_value(node, |value, shape| {
                if let (Some(value), Some(cotangent)) = (value.view(shape), cotangent.view(shape)) {
                    sum += value.iter().zip(cotangent.iter()).map(|(v, c)| (v * c).abs()).sum::<f64>();
                }
            });
        }
    })?;
    Ok(f64::EPSILON * sum)
}
