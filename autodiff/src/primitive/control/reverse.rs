//! The reverse derivative of a loop: a loop in the other direction, over the reverse derivative of the body.
//!
//! With the body (c, x, q) → (c′, y), one step of it takes (c̄′, Q; ȳ, x, kept values; q) to (c̄, Q; x̄): the cotangents of the
//! carries go from step to step, and Q, the cotangent of an invariant so far, is what the pullback of the body starts with
//! at q. So contributions to q̄ are added one after the other, as the walk over an unrolled loop adds them.

use super::keep::{Keep, kept};
use super::scan::{Scan, kinds, made_again, roles};
use crate::base::error::Result;
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::differentiate::pullback::pullback_each;
use crate::primitive::{Cotangents, Derivative, Kind, Made, RuleContext, Steps};
use crate::program::Program;
use crate::tape::extract::extract;
use crate::tape::query::needed_for;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use smallvec::smallvec;
use std::sync::Arc;

/// The cotangents of the operands of `scan`.
pub(super) fn cotangents<'t, F: Real>(scan: &Scan<F>, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
    match reverse(scan, at) {
        Ok(answers) => answers,
        Err(error) => smallvec![Derivative::Of(at.tape().broken_rule(error.message().to_owned())); at.inputs().len()],
    }
}

fn reverse<'t, F: Real>(scan: &Scan<F>, at: &RuleContext<'_, 't, F>) -> Result<Cotangents<'t, F>> {
    let results_without_kept = scan.body().output_ids().len() - scan.kept;
    // What was kept is a result like any other: a second derivative comes back through it.
    let seeded: Vec<bool> = at.cotangents().iter().map(Option::is_some).collect();
    let wanted: Vec<bool> = (0..at.inputs().len()).map(|i| at.wants(i)).collect();
    let tape = Tape::symbolic();
    let body = match Pullback::record(scan, &tape, &seeded, &wanted)? {
        Recorded::Refused(reason) => return Ok(smallvec![Derivative::Refused(reason); wanted.len()]),
        Recorded::Body(body) => body,
    };
    let derived: Vec<NodeId> = body.outputs().map(|y| y.id()).collect();

    // The values of the body that the reverse loop reads: kept results, or those of a loop that is run for them.
    let available: Vec<NodeId> = scan.body().output_ids().iter().skip(results_without_kept).copied().collect();
    let mut stacks: Vec<(NodeId, Arg<'t, F>)> =
        available.into_iter().enumerate().map(|(j, id)| (id, at.result(results_without_kept + j))).collect();
    let mut made = match body.as_loop(scan, &tape, &stacks) {
        Ok(made) => made,
        // It needs more than was kept: the loop runs once more and keeps it.
        Err(_) => {
            let nodes = kept(scan, &tape, &body.forward, derived.iter().copied(), Keep::default());
            let again = scan.keeping(&nodes)?;
            let results = at.tape().record_list(Arc::new(again), at.inputs(), &scan.kinds_with(&nodes));
            stacks = nodes.into_iter().zip(results.into_iter().skip(results_without_kept)).collect();
            body.as_loop(scan, &tape, &stacks)?
        }
    };
    let (carries, inputs, invariants) = roles(scan, at.inputs());
    let mut operands: Vec<Arg<'t, F>> = Vec::new();
    for i in &body.carries {
        operands.push(at.dy_of(*i).into());
    }
    for (j, _) in &body.invariants {
        let shape = invariants.get(*j).map(|q| q.shape()).transpose()?.unwrap_or_default();
        // −0 leaves every first contribution as it is.
        operands.push(at.y_number(-0.0).broadcast_to(shape).into());
    }
    for i in &body.seeds {
        operands.push(at.dy_of(*i).into());
    }
    operands.extend(made.inputs.iter().filter_map(|i| inputs.get(*i)).copied());
    operands.extend(made.kept.iter().map(|(_, stack)| *stack));
    operands.extend(made.invariants.iter().filter_map(|i| invariants.get(*i)).copied());
    let (_, given) = made_again(scan, at);
    operands.extend(given);
    let kinds = std::mem::take(&mut made.kinds);
    let mut results = at.tape().record_list(Arc::new(made.scan), &operands, &kinds).into_iter();

    let mut answers: Cotangents<'t, F> = smallvec![Derivative::None; at.inputs().len()];
    let mut next = |slot: usize, flows: bool| {
        let answer = results.next().filter(|_| flows).map_or(Derivative::None, |y| Derivative::Of(y.var()));
        answers.iter_mut().skip(slot).take(1).for_each(|entry| *entry = answer);
    };
    // A carry that no step reads is not on the way to a result, unless no step is made.
    let one_is_made = scan.steps.count > 0 && scan.steps.made != Made::Given;
    let unread = |i: &usize| one_is_made && body.unread.contains(i);
    body.carries.iter().for_each(|i| next(*i, !unread(i)));
    body.invariants.iter().for_each(|(j, _)| next(carries.len() + inputs.len() + j, true));
    body.stacked.iter().for_each(|(i, _)| next(carries.len() + i, true));
    // The number of steps is an integer.
    let given = (wanted.len() - scan.steps.behind()..wanted.len()).filter(|i| wanted.get(*i) == Some(&true));
    for slot in body.zeros.iter().copied().chain(given) {
        if let Some(entry @ Derivative::None) = answers.get_mut(slot) {
            *entry = Derivative::Zero;
        }
    }
    Ok(answers)
}

enum Recorded<'s, F: Real> {
    Body(Box<Pullback<'s, F>>),
    Refused(&'static str),
}

/// The body and its pullback on a tape without values.
pub(super) struct Pullback<'s, F: Real> {
    /// Where the nodes of the body went.
    pub(super) forward: IdVec<NodeId>,
    args: Vec<Arg<'s, F>>,
    /// The carries that have a cotangent.
    carries: Vec<usize>,
    /// Those of them that get none from a step.
    unread: Vec<usize>,
    /// The outputs, numbered behind the carries, that have a cotangent.
    seeds: Vec<usize>,
    /// The placeholders of cotangents: of carries, of invariants, of outputs.
    given: Vec<Arg<'s, F>>,
    /// The cotangents of carries before the step.
    before: Vec<Var<'s, F>>,
    /// The invariants whose cotangents are wanted, with those after the step.
    invariants: Vec<(usize, Var<'s, F>)>,
    /// The per-step inputs whose cotangents are wanted, with those.
    stacked: Vec<(usize, Var<'s, F>)>,
    /// Operands whose derivative is zero everywhere.
    zeros: Vec<usize>,
}

impl<'s, F: Real> Pullback<'s, F> {
    /// Records it for results that have cotangents (`seeded`), for the operands that are `wanted`.
    fn record(scan: &Scan<F>, tape: &'s Tape<F>, seeded: &[bool], wanted: &[bool]) -> Result<Recorded<'s, F>> {
        let Steps { carries, inputs, .. } = scan.steps;
        let led = led(scan, wanted);
        let args = scan.body().placeholders(tape);
        let forward = scan.body().record_nodes(tape, &args)?;
        let result = |i: usize| scan.body().output_ids().get(i).map(|id| tape.arg(forward[*id]));
        let operand = |i: usize| args.get(1 + i).copied();
        // Which carries have a cotangent: those that have one behind the loop, and those that a step gives one.
        let mut has: Vec<bool> =
            (0..carries).map(|i| seeded.get(i) == Some(&true) && led.get(i) == Some(&true)).collect();
        let seeds: Vec<usize> = (carries..seeded.len()).filter(|i| seeded.get(*i) == Some(&true)).collect();
        let wanted_reals: Vec<usize> = (0..led.len())
            .filter(|i| led.get(*i) == Some(&true) && matches!(operand(*i), Some(Arg::Real(_))))
            .collect();
        let variables: Vec<Var<'s, F>> = wanted_reals.iter().filter_map(|i| operand(*i)).map(Arg::var).collect();
        let trial = loop {
            let mut pairs = Vec::new();
            for i in (0..carries).filter(|i| has.get(*i) == Some(&true)).chain(seeds.iter().copied()) {
                if let Some(Arg::Real(y)) = result(i) {
                    pairs.push((y, tape.symbolic_input(y.shape()?)));
                }
            }
            let answers = pullback_each(tape, &pairs, &variables)?;
            if let Some(reason) = answers.iter().find_map(|answer| match answer {
                Derivative::Refused(reason) => Some(*reason),
                _ => None,
            }) {
                return Ok(Recorded::Refused(reason));
            }
            let mut grown = false;
            for (i, answer) in wanted_reals.iter().zip(&answers) {
                if let (true, Some(has), Derivative::Of(_)) = (*i < carries, has.get_mut(*i), answer) {
                    grown |= !*has;
                    *has = true;
                }
            }
            if !grown {
                break answers;
            }
        };
        let reached = |i: usize| {
            wanted_reals
                .iter()
                .position(|w| *w == i)
                .and_then(|at| trial.get(at))
                .is_some_and(|a| matches!(a, Derivative::Of(_)))
        };
        let carried: Vec<usize> = (0..carries).filter(|i| has.get(*i) == Some(&true)).collect();
        let unread = carried.iter().copied().filter(|i| !reached(*i)).collect();
        let is_wanted = |i: &usize| wanted.get(*i) == Some(&true) && reached(*i);
        let summed: Vec<usize> = (carries + inputs..led.len()).filter(is_wanted).collect();
        let per_step: Vec<usize> = (carries..carries + inputs).filter(is_wanted).collect();

        // Once more, now that it is known what there is: with the sums so far as the first cotangents of invariants.
        let (mut given, mut pairs) = (Vec::new(), Vec::new());
        for y in carried.iter().filter_map(|i| result(*i)).chain(summed.iter().filter_map(|i| operand(*i))) {
            let (y, shape) = (y.var(), y.shape()?);
            let seed = tape.symbolic_input(shape);
            given.push(seed.into());
            pairs.push((y, seed));
        }
        for y in seeds.iter().filter_map(|i| result(*i)) {
            let (y, shape) = (y.var(), y.shape()?);
            let seed = tape.symbolic_input(shape);
            given.push(seed.into());
            pairs.push((y, seed));
        }
        let list: Vec<usize> = carried.iter().chain(&summed).chain(&per_step).copied().collect();
        let variables: Vec<Var<'s, F>> = list.iter().filter_map(|i| operand(*i)).map(Arg::var).collect();
        let answers = pullback_each(tape, &pairs, &variables)?;
        let mut found = Vec::new();
        for (x, answer) in variables.iter().zip(answers) {
            found.push(match answer {
                Derivative::Of(dx) => dx,
                _ => x.number(0.0).broadcast_to(x.shape()?),
            });
        }
        let mut found = found.into_iter();
        let before: Vec<Var<'s, F>> = found.by_ref().take(carried.len()).collect();
        let invariants = summed.iter().map(|i| i - carries - inputs).zip(found.by_ref().take(summed.len())).collect();
        let stacked = per_step.iter().map(|i| i - carries).zip(found).collect();
        let is_zero = |i: &usize| {
            let at = wanted_reals.iter().position(|w| w == i);
            at.and_then(|at| trial.get(at)).is_some_and(|answer| matches!(answer, Derivative::Zero))
        };
        let zeros = (0..led.len()).filter(is_zero).collect();
        Ok(Recorded::Body(Box::new(Pullback {
            forward,
            args,
            carries: carried,
            unread,
            seeds,
            given,
            before,
            invariants,
            stacked,
            zeros,
        })))
    }

    /// What a step of the reverse loop gives.
    pub(super) fn outputs(&self) -> impl Iterator<Item = Var<'s, F>> + '_ {
        let sums = self.invariants.iter().map(|(_, sum)| *sum);
        self.before.iter().copied().chain(sums).chain(self.stacked.iter().map(|(_, dx)| *dx))
    }

    /// The reverse loop, which reads kept values from `stacks`.
    fn as_loop<'t>(
        &self,
        scan: &Scan<F>,
        tape: &'s Tape<F>,
        stacks: &[(NodeId, Arg<'t, F>)],
    ) -> Result<ReverseLoop<'t, F>> {
        let outputs: Vec<NodeId> = self.outputs().map(|y| y.id()).collect();
        let stops: Vec<NodeId> = stacks.iter().map(|(id, _)| self.forward[*id]).collect();
        let needed = needed_until(tape, &outputs, &stops);
        let is_needed = |arg: &Arg<'s, F>| needed.find(arg.id()) == Some(&true);
        let (carries, inputs) = (scan.steps.carries, scan.steps.inputs);
        let operands = self.args.get(1..).unwrap_or(&[]);
        let used = |range: std::ops::Range<usize>| -> Vec<usize> {
            range.filter(|i| operands.get(*i).is_some_and(is_needed)).collect()
        };
        let per_step = used(carries..carries + inputs);
        let invariants = used(carries + inputs..operands.len());
        let kept: Vec<(NodeId, Arg<'t, F>)> =
            stacks.iter().filter(|(id, _)| needed.find(self.forward[*id]) == Some(&true)).copied().collect();

        let own = Tape::symbolic();
        let mut given: Vec<(NodeId, Arg<'_, F>)> = Vec::new();
        let mut order: Vec<NodeId> = Vec::new();
        order.extend(self.args.first().map(Arg::id));
        order.extend(self.given.iter().map(Arg::id));
        order.extend(per_step.iter().filter_map(|i| operands.get(*i)).map(Arg::id));
        order.extend(kept.iter().map(|(id, _)| self.forward[*id]));
        order.extend(invariants.iter().filter_map(|i| operands.get(*i)).map(Arg::id));
        for id in order {
            let arg = tape.arg(id);
            given.push((id, own.placeholder(arg.kind(), arg.shape()?)));
        }
        let results = extract(tape, &outputs, &given, &own)?;
        let body = own.program(&results)?;
        let summed = self.invariants.len();
        let steps = Steps {
            count: scan.steps.count,
            made: if scan.steps.made == Made::All { Made::All } else { Made::Given },
            carries: self.carries.len() + summed,
            inputs: self.seeds.len() + per_step.len() + kept.len(),
            reversed: !scan.steps.reversed,
        };
        let inputs = per_step.iter().map(|i| i - carries).collect();
        let invariants = invariants.iter().map(|i| i - carries - scan.steps.inputs).collect();
        let kinds = vec![Kind::Real; outputs.len()];
        Ok(ReverseLoop { scan: Scan::new(body, steps, 0)?, inputs, kept, invariants, kinds })
    }
}

/// The reverse loop, and what it reads besides cotangents.
struct ReverseLoop<'t, F: Real> {
    scan: Scan<F>,
    inputs: Vec<usize>,
    kept: Vec<(NodeId, Arg<'t, F>)>,
    invariants: Vec<usize>,
    kinds: Vec<Kind>,
}

/// The nodes that `outputs` are computed from, not looking behind `stops`.
fn needed_until<F: Real>(tape: &Tape<F>, outputs: &[NodeId], stops: &[NodeId]) -> IdVec<bool> {
    tape.with_nodes(|nodes, _| {
        let mut needed = IdVec::filled(nodes.len(), || false);
        outputs.iter().for_each(|id| needed[*id] = true);
        for id in nodes.ids().rev() {
            if needed[id] && !stops.contains(&id) {
                nodes[id].inputs.iter().for_each(|operand| needed[*operand] = true);
            }
        }
        needed
    })
}

/// The operands whose cotangents have to be followed so that those of `wanted` are found: a carry that a wanted operand
/// leads to, in any number of steps, is one of them.
fn led<F: Real>(scan: &Scan<F>, wanted: &[bool]) -> Vec<bool> {
    let body = scan.body();
    let mut led = wanted.to_vec();
    loop {
        let mut reached = IdVec::filled(body.len(), || false);
        for (id, led) in body.input_ids().iter().skip(1).zip(&led) {
            reached[*id] = *led;
        }
        for (id, node) in body.nodes.iter() {
            if node.inputs.iter().any(|operand| reached[*operand]) {
                reached[id] = true;
            }
        }
        let mut grown = false;
        for (led, output) in led.iter_mut().zip(body.output_ids()).take(scan.steps.carries) {
            grown |= !*led && reached[*output];
            *led |= reached[*output];
        }
        if !grown {
            return led;
        }
    }
}

impl<F: Real> Scan<F> {
    /// The same loop that gives these values of its body, too, for its derivatives.
    pub(super) fn keeping(&self, nodes: &[NodeId]) -> Result<Scan<F>> {
        let mut body = self.body().clone();
        body.outputs.truncate(body.outputs.len() - self.kept);
        body.outputs.extend(nodes);
        if self.kept > 0 {
            // What nothing but a kept result needed goes with it.
            let keep = needed_for(&body.nodes, body.outputs.iter().copied());
            body = Program::of(&body.nodes, &body.labels, &keep, body.outputs.iter().copied());
        }
        Scan::new(body, self.steps, nodes.len())
    }

    pub(super) fn kinds_with(&self, nodes: &[NodeId]) -> Vec<Kind> {
        let mut kinds = kinds(self);
        kinds.truncate(kinds.len() - self.kept);
        kinds.extend(nodes.iter().map(|id| self.body().nodes[*id].kind));
        kinds
    }

    /// The loop as it is recorded where these operands are `active`: with what its reverse pass reads.
    pub(super) fn for_reverse(self, active: &[bool], keep: Keep) -> Result<Scan<F>> {
        if keep == Keep::Nothing || !active.contains(&true) {
            return Ok(self);
        }
        let tape = Tape::symbolic();
        let seeded: Vec<bool> = kinds(&self).into_iter().map(|kind| kind == Kind::Real).collect();
        match Pullback::record(&self, &tape, &seeded, active)? {
            Recorded::Refused(_) => Ok(self),
            Recorded::Body(body) => {
                let derived: Vec<NodeId> = body.outputs().map(|y| y.id()).collect();
                let nodes = kept(&self, &tape, &body.forward, derived, keep);
                if nodes.is_empty() { Ok(self) } else { self.keeping(&nodes) }
            }
        }
    }
}
