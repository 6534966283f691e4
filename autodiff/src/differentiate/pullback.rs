//! Recorded cotangents for seeds at several nodes.

use super::reverse::{Mark, bad_seed, walk_recorded};
use crate::base::error::Result;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::primitive::Derivative;
use crate::tape::Tape;
use crate::tape::query::same_tape;
use crate::tape::var::Var;

/// What is answered for a variable that no path of derivatives leads to: its derivative is 0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Unreached {
    /// The zeros, for functions and programs, where this is mathematics.
    Zero,
    /// An error with the reason, for what is built step by step, where this is most often a mistake.
    Reason,
}

/// The recorded cotangents of `wanted` for seeds at several nodes of one tape.
#[track_caller]
pub(crate) fn pullback<'t, F: Real>(
    tape: &'t Tape<F>,
    seeds: &[(Var<'t, F>, Var<'t, F>)],
    wanted: &[Var<'t, F>],
    unreached: Unreached,
) -> Result<Vec<Var<'t, F>>> {
    for (y, seed) in seeds {
        check_seed(tape, *y, *seed)?;
    }
    for x in wanted {
        same_tape(tape, *x, "gradient", "variable").map_err(|error| match seeds.first() {
            Some((y, _)) => error.with_operand(tape.describe(y.id, "result")),
            None => error,
        })?;
        x.shape()?;
    }
    let (reached, found) = walk_recorded(tape, seeds, wanted)?;
    let roots: Vec<NodeId> = seeds.iter().map(|(y, _)| y.id).collect();
    let mut answers = Vec::with_capacity(wanted.len());
    // No closures here: what they record would be attributed to this file.
    for (x, found) in wanted.iter().zip(found) {
        let mark = reached.mark(x.id);
        answers.push(match (mark, found) {
            _ if seeds.is_empty() => x.number(0.0).broadcast_to(x.shape()?),
            (Mark::Zero, None) => x.number(0.0).broadcast_to(x.shape()?),
            (Mark::Untouched | Mark::Zero, Some(dx)) => dx,
            (Mark::Untouched, None) if unreached == Unreached::Zero => x.number(0.0).broadcast_to(x.shape()?),
            _ => return Err(crate::differentiate::gradients::explain(tape, &roots, *x, &reached, true)),
        });
    }
    Ok(answers)
}

/// As [`pullback`], and where there is no cotangent, which of the nothings it is.
pub(crate) fn pullback_each<'t, F: Real>(
    tape: &'t Tape<F>,
    seeds: &[(Var<'t, F>, Var<'t, F>)],
    wanted: &[Var<'t, F>],
) -> Result<Vec<Derivative<'t, F>>> {
    let (reached, found) = walk_recorded(tape, seeds, wanted)?;
    let answer = |(x, found): (&Var<'t, F>, Option<Var<'t, F>>)| match (reached.mark(x.id), found) {
        (Mark::Refused { reason, .. }, _) => Derivative::Refused(reason),
        (_, Some(dx)) => Derivative::Of(dx),
        (Mark::Zero, None) => Derivative::Zero,
        (Mark::Untouched, None) => Derivative::None,
    };
    Ok(wanted.iter().zip(found).map(answer).collect())
}

fn check_seed<F: Real>(tape: &Tape<F>, y: Var<'_, F>, seed: Var<'_, F>) -> Result<()> {
    same_tape(tape, y, "pullback", "result")?;
    same_tape(tape, seed, "pullback", "seed").map_err(|error| error.with_operand(tape.describe(y.id, "result")))?;
    let (shape, given) = (y.shape()?, seed.shape()?);
    if shape == given {
        return Ok(());
    }
    Err(bad_seed("pullback", y, &shape, &given).with_operand(tape.describe(seed.id, "seed")))
}
