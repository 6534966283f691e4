//! The tangent of a loop: the loop of the body's differential, which carries the tangents beside the carries.

use super::scan::{Scan, kinds, made_again};
use crate::base::error::Result;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::differentiate::forward::pushforward_each;
use crate::primitive::{Derivative, Kind, RuleContext, Steps, Tangents};
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use std::sync::Arc;

/// The tangents of the results of `scan`, where `dx` are those of its operands.
pub(super) fn tangents<'t, F: Real>(
    scan: &Scan<F>,
    at: &RuleContext<'_, 't, F>,
    dx: &[Option<Var<'t, F>>],
) -> Tangents<'t, F> {
    match differential(scan, at, dx) {
        Ok(tangents) => tangents,
        Err(error) => {
            let broken = at.tape().broken_rule(error.message().to_owned());
            (0..kinds(scan).len()).map(|_| Derivative::Of(broken)).collect()
        }
    }
}

fn differential<'t, F: Real>(
    scan: &Scan<F>,
    at: &RuleContext<'_, 't, F>,
    dx: &[Option<Var<'t, F>>],
) -> Result<Tangents<'t, F>> {
    let carries = scan.steps.carries;
    let mut moving: Vec<bool> = dx.iter().map(Option::is_some).collect();
    // A carry moves if it does at the start, or if a step makes it move.
    loop {
        let tape = Tape::symbolic();
        let body = Differential::record(scan, &tape, &moving)?;
        let mut grown = false;
        for (moves, tangent) in moving.iter_mut().zip(&body.tangents).take(carries) {
            grown |= !*moves && matches!(tangent, Derivative::Of(_));
            *moves |= matches!(tangent, Derivative::Of(_));
        }
        if grown {
            continue;
        }
        // What a step refuses of a carry, the next step reads. An output refuses its own tangent alone: nothing may read it.
        let refused = body.tangents.iter().take(carries).find(|tangent| matches!(tangent, Derivative::Refused(_)));
        if let Some(refused) = refused {
            return Ok((0..body.tangents.len()).map(|_| tangent_of_other_tape(refused)).collect());
        }
        return body.apply(scan, at, dx, &moving, &tape);
    }
}

fn tangent_of_other_tape<'t, F: Real>(refused: &Derivative<'_, F>) -> Derivative<'t, F> {
    match refused {
        Derivative::Refused(reason) => Derivative::Refused(reason),
        _ => Derivative::None,
    }
}

/// The body with its tangents on a tape without values.
struct Differential<'s, F: Real> {
    outputs: Vec<Arg<'s, F>>,
    tangents: Vec<Derivative<'s, F>>,
}

impl<'s, F: Real> Differential<'s, F> {
    /// Inputs, in order: the step, carries and their tangents, per-step inputs and theirs, invariants and theirs.
    fn record(scan: &Scan<F>, tape: &'s Tape<F>, moving: &[bool]) -> Result<Self> {
        let types: Vec<(Kind, Shape)> =
            scan.body().inputs().skip(1).map(|(kind, shape)| (kind, shape.clone())).collect();
        let mut args = vec![tape.placeholder(Kind::Index, Shape::scalar())];
        let mut directions = Vec::new();
        let (carries, inputs) = (scan.steps.carries, scan.steps.inputs);
        for range in [0..carries, carries..carries + inputs, carries + inputs..types.len()] {
            for (kind, shape) in types.get(range.clone()).unwrap_or(&[]) {
                args.push(tape.placeholder(*kind, shape.clone()));
            }
            for i in range {
                if let (Some(true), Some(Arg::Real(x)), Some((_, shape))) =
                    (moving.get(i), args.get(1 + i), types.get(i))
                {
                    directions.push((*x, tape.symbolic_input(shape.clone())));
                }
            }
        }
        let outputs = scan.body().record_all(tape, &args)?;
        // What says whether another step is made is a result of another kind: the number of steps.
        let of_kind: Vec<(Arg<'s, F>, Kind)> = outputs.iter().copied().zip(kinds(scan)).collect();
        let reals = of_kind.iter().filter(|(_, kind)| *kind == Kind::Real).map(|(y, _)| y.var());
        let mut found = pushforward_each(tape, &reals.collect::<Vec<_>>(), &directions)?.into_iter();
        let tangents = of_kind
            .iter()
            .map(|(_, kind)| match kind {
                Kind::Real => found.next().unwrap_or(Derivative::None),
                _ => Derivative::None,
            })
            .collect();
        Ok(Differential { outputs, tangents })
    }

    /// Records the loop over it.
    fn apply<'t>(
        self,
        scan: &Scan<F>,
        at: &RuleContext<'_, 't, F>,
        dx: &[Option<Var<'t, F>>],
        moving: &[bool],
        tape: &'s Tape<F>,
    ) -> Result<Tangents<'t, F>> {
        let Steps { carries, inputs, .. } = scan.steps;
        // Outputs: carries, tangents of those that move, tangents of the outputs that move.
        let mut outputs: Vec<Arg<'s, F>> = self.outputs.iter().take(carries).copied().collect();
        let mut slots: Vec<Option<usize>> = vec![None; self.tangents.len()];
        let mut moved = 0;
        for (i, (output, tangent)) in self.outputs.iter().zip(&self.tangents).enumerate() {
            let (Arg::Real(y), wanted) = (output, i >= carries || moving.get(i) == Some(&true)) else { continue };
            let dy = match tangent {
                Derivative::Of(dy) => *dy,
                // A carry that moves at the start and stands still after a step.
                _ if i < carries && wanted => y.number(0.0).broadcast_to(y.shape()?),
                _ => continue,
            };
            if wanted {
                slots.iter_mut().skip(i).take(1).for_each(|slot| *slot = Some(outputs.len()));
                outputs.push(dy.into());
                moved += usize::from(i < carries);
            }
        }
        let body = tape.program(&outputs)?;
        let mut operands: Vec<Arg<'t, F>> = Vec::new();
        let count = at.inputs().len() - scan.steps.behind();
        for range in [0..carries, carries..carries + inputs, carries + inputs..count] {
            operands.extend(at.inputs().get(range.clone()).unwrap_or(&[]));
            for i in range.filter(|i| moving.get(*i) == Some(&true)) {
                let dx = dx.get(i).copied().flatten();
                operands.push(dx.unwrap_or_else(|| at.zeros(i)).into());
            }
        }
        let (made, given) = made_again(scan, at);
        operands.extend(given);
        let moving_inputs = (carries..carries + inputs).filter(|i| moving.get(*i) == Some(&true)).count();
        let steps = Steps { carries: carries + moved, inputs: inputs + moving_inputs, made, ..scan.steps };
        let loop_of_tangents = Scan::new(body, steps, 0)?;
        let results = at.tape().record_list(
            Arc::new(loop_of_tangents),
            &operands,
            &outputs.iter().map(Arg::kind).collect::<Vec<_>>(),
        );
        let tangent =
            |(of_body, slot): (&Derivative<'s, F>, &Option<usize>)| match slot.and_then(|slot| results.get(slot)) {
                Some(Arg::Real(dy)) => Derivative::Of(*dy),
                _ => tangent_of_other_tape(of_body),
            };
        Ok(self.tangents.iter().zip(&slots).map(tangent).collect())
    }
}
