//! How much rounding a result carries.

use crate::base::error::Result;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::differentiate::reverse::Sight;
use crate::primitive::Kernel;
use crate::program::{Input, Program};
use crate::tape::node::Op;
use crate::tape::query::operand_shapes;
use crate::tape::value::Value;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use ndarray::ArrayD;

/// A first-order estimate of the rounding error of Σ ζ·F(x): ε·Σ |v̄·v| over all operations, v̄ the cotangent of a result
/// v. A number that cancels later counts in full, one that is multiplied by a small constant counts for little.
///
/// Source: F. L. Bauer, *Computational Graphs and Rounding Error* (SIAM Journal on Numerical Analysis 11, 1974).
#[derive(Clone, Debug)]
pub(super) struct Noise {
    /// Of Σ ζ·F(x).
    pub(super) whole: f64,
    /// Of the elements of F(x) that are watched.
    pub(super) watched: Vec<f64>,
}

impl Noise {
    /// Estimates it for the seeds ζ, and for the elements at the positions `watched`, counted over all results.
    pub(super) fn of<F: Real>(
        program: &Program<F>,
        inputs: &[Input<F>],
        zeta: &[ArrayD<F>],
        watched: &[usize],
    ) -> Result<Noise> {
        let tape = Tape::new();
        let args: Vec<Arg<'_, F>> = inputs
            .iter()
            .map(|input| match input {
                Input::Real(x) => tape.input(x).into(),
                Input::Index(i) => tape.index(i.clone()).into(),
                Input::Key(key) => tape.key(*key).into(),
            })
            .collect();
        let outputs = program.record(&tape, &args)?;
        let own = tape.len();
        let mut total = tape.constant(F::zero());
        for (y, zeta) in outputs.iter().zip(zeta) {
            total += (*y * tape.constant(zeta)).sum(..);
        }
        let whole = rounding(&tape, own, total)?;
        let mut found = Vec::new();
        for position in watched {
            let mut rest = *position;
            let mut element = tape.constant(F::zero());
            for y in &outputs {
                let size = y.shape()?.size();
                if rest < size {
                    element = y.reshape([size]).slice(0, rest..rest + 1).sum(..);
                    break;
                }
                rest -= size;
            }
            found.push(rounding(&tape, own, element)?);
        }
        Ok(Noise { whole, watched: found })
    }
}

/// ε·Σ |v̄·v| over the first `own` nodes of the tape, v̄ the derivative of `y`.
fn rounding<F: Real>(tape: &Tape<F>, own: usize, y: Var<'_, F>) -> Result<f64> {
    // What is smaller than a normal number is rounded to a multiple of the smallest number, not to a share of itself.
    let smallest = F::min_positive_value().double();
    let mut sum = 0.0;
    y.walk_back(Value::Splat(F::one()), |sight| {
        let Sight::Visit { node, cotangent } = sight else { return };
        if node.index() < own && !is_view(tape, node) {
            tape.with_value(node, |value, shape| {
                if let (Some(value), Some(cotangent)) = (value.view(shape), cotangent.view(shape)) {
                    sum += value
                        .iter()
                        .zip(cotangent.iter())
                        .map(|(v, c)| (v.double().abs() + smallest) * c.double().abs())
                        .sum::<f64>();
                }
            });
        }
    })?;
    Ok(F::epsilon().double() * sum)
}

/// Whether a node shows numbers that are there already.
fn is_view<F: Real>(tape: &Tape<F>, id: NodeId) -> bool {
    tape.with_nodes(|nodes, _| match &nodes[id].op {
        Op::Apply(primitive) => matches!(primitive.kernel(&operand_shapes(nodes, &nodes[id])), Kernel::View),
        _ => false,
    })
}
