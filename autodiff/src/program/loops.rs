//! Loops over programs with less work in their bodies: loop-invariant code motion, and dead code elimination.

use super::Program;
use crate::base::error::Result;
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Layout;
use crate::primitive::control::{Scan, changing, kinds};
use crate::primitive::{Kernel, Made, Steps};
use crate::tape::extract::extract;
use crate::tape::node::{Node, Op};
use crate::tape::query::{applied, operand_shapes, results_of};
use crate::tape::{Arg, Tape};
use std::ops::Range;
use std::sync::Arc;

impl<F: Real> Program<F> {
    /// The same program with less work in the bodies of its loops. Results keep their bits:
    ///
    /// - what is computed from invariants alone is computed once, before the loop;
    /// - carries and outputs that nobody reads are gone, with what only they need.
    pub(crate) fn with_optimized_loops(&self) -> Result<Program<F>> {
        if !self.nodes.iter().any(|(_, node)| loop_at(&self.nodes, node).is_some()) {
            return Ok(self.clone());
        }
        let mut read = IdVec::filled(self.len(), || false);
        self.outputs.iter().for_each(|id| read[*id] = true);
        for (_, node) in self.nodes.iter().filter(|(_, node)| !matches!(node.op, Op::Result)) {
            node.inputs.iter().for_each(|operand| read[*operand] = true);
        }
        let program = self.rewritten(|id, _, tape, operands| {
            let Some((body, steps)) = loop_at(&self.nodes, &self.nodes[id]) else { return Ok(None) };
            let body = body.inlined()?.simplified().with_optimized_loops()?;
            let read: Vec<bool> = results_of(&self.nodes, id).map(|result| read[result]).collect();
            let parts = Parts::of(&body, steps, &read);
            parts.map(|parts| parts.record(&body, steps, tape, operands)).transpose()
        })?;
        Ok(program.simplified())
    }

    /// The nodes of this body that can be computed before its loop: no step changes them (`changing`), and they refuse
    /// nothing that a step which is not made would not have computed, unless one is (`is_certain`).
    fn movable(&self, changing: &IdVec<bool>, is_certain: bool) -> IdVec<bool> {
        let mut movable = IdVec::filled(self.len(), || false);
        for (id, node) in self.nodes.iter() {
            let refuses_nothing = match &node.op {
                Op::Apply(primitive) => match primitive.kernel(&operand_shapes(&self.nodes, node)) {
                    Kernel::Elementwise(_) | Kernel::Sum | Kernel::View => true,
                    Kernel::Program | Kernel::Scan(_) | Kernel::General(_) => is_certain,
                },
                _ => true,
            };
            movable[id] = !changing[id] && refuses_nothing && node.inputs.iter().all(|operand| movable[*operand]);
        }
        movable
    }

    /// The nodes that take time: what is computed, and not only another view of what is, and views that a product would
    /// write out in every step, because the columns of its right operand are no neighbours.
    fn costly(&self) -> IdVec<bool> {
        let mut costly = IdVec::filled(self.len(), || false);
        for id in self.nodes.ids() {
            let node = applied(&self.nodes, id);
            let Op::Apply(primitive) = &node.op else { continue };
            match primitive.kernel(&operand_shapes(&self.nodes, node)) {
                Kernel::View => {}
                Kernel::General(general) if general.product => {
                    costly[id] = true;
                    if let Some(right) = node.inputs.get(1) {
                        costly[*right] |= self.is_transposed(*right);
                    }
                }
                _ => costly[id] = true,
            }
        }
        costly
    }

    /// Whether node `id` is a view, of an array that lies in order, whose last axis does not lie as neighbours.
    fn is_transposed(&self, id: NodeId) -> bool {
        let (Op::Apply(primitive), [x]) = (&self.nodes[id].op, &*self.nodes[id].inputs) else { return false };
        if !matches!(primitive.kernel(&operand_shapes(&self.nodes, &self.nodes[id])), Kernel::View) {
            return false;
        }
        let seen = primitive.view(&Layout::contiguous(self.nodes[*x].shape.clone()));
        seen.is_some_and(|layout| layout.strides.last().is_some_and(|last| *last > 1))
    }
}

/// The body and the steps of one of `nodes` that is a loop.
pub(crate) fn loop_at<'a, F: Real>(nodes: &IdVec<Node<F>>, node: &'a Node<F>) -> Option<(&'a Program<F>, Steps)> {
    let Op::Apply(primitive) = &node.op else { return None };
    let body = primitive.bodies().first()?;
    match primitive.kernel(&operand_shapes(nodes, node)) {
        Kernel::Scan(steps) => Some((body, steps)),
        _ => None,
    }
}

/// What of a loop is computed where.
struct Parts {
    /// The nodes of the body that are computed before the loop.
    before: Vec<NodeId>,
    /// The operands of the loop that the steps still read.
    operands: Vec<usize>,
    /// For each output of the body, whether the steps still compute it.
    outputs: Vec<bool>,
}

impl Parts {
    /// Those of a loop over `body` of whose results some are `read`; `None` where the loop is to stay as it is.
    fn of<F: Real>(body: &Program<F>, steps: Steps, read: &[bool]) -> Option<Self> {
        let Steps { carries, inputs, count, made, .. } = steps;
        let changing = changing(body, carries + inputs);
        let costly = body.costly();
        let movable = body.movable(&changing, count > 0 && made != Made::Given);
        let goes_on = (made == Made::While).then_some(carries);
        let mut outputs: Vec<bool> =
            (0..body.outputs.len()).map(|i| read.get(i) == Some(&true) || Some(i) == goes_on).collect();

        // A carry that is read makes another one necessary, until no other one is.
        let (needed, before) = loop {
            let mut needed = IdVec::filled(body.len(), || false);
            let mut before = Vec::new();
            body.outputs.iter().zip(&outputs).filter(|(_, kept)| **kept).for_each(|(id, _)| needed[*id] = true);
            for id in body.nodes.ids().rev() {
                if needed[id] && movable[id] && costly[id] {
                    before.push(id);
                } else if needed[id] {
                    body.nodes[id].inputs.iter().for_each(|operand| needed[*operand] = true);
                }
            }
            let mut more = false;
            for (id, kept) in body.inputs.iter().skip(1).zip(&mut outputs).take(carries) {
                more |= needed[*id] && !*kept;
                *kept |= needed[*id];
            }
            if !more {
                before.reverse();
                break (needed, before);
            }
        };
        let given = body.inputs.iter().skip(1).enumerate();
        let is_kept = |(i, id): (usize, &NodeId)| {
            let kept = if i < carries { outputs.get(i) == Some(&true) } else { needed[*id] };
            kept.then_some(i)
        };
        let operands: Vec<usize> = given.filter_map(is_kept).collect();
        let unchanged = before.is_empty() && operands.len() + 1 == body.inputs.len() && !outputs.contains(&false);
        (!unchanged).then_some(Parts { before, operands, outputs })
    }

    /// Records what is computed before the loop over `body`, and the loop, on its operands. The answers are the results of
    /// the loop as it was; of a result that is gone, any.
    fn record<'t, F: Real>(
        &self,
        body: &Program<F>,
        steps: Steps,
        tape: &'t Tape<F>,
        operands: &[Arg<'t, F>],
    ) -> Result<Vec<Arg<'t, F>>> {
        let whole = Tape::symbolic();
        let at = body.record_nodes(&whole, &body.placeholders(&whole))?;

        let invariants = body.inputs.iter().skip(1).zip(operands).skip(steps.carries + steps.inputs);
        let given: Vec<(NodeId, Arg<'t, F>)> = invariants.map(|(id, arg)| (at[*id], *arg)).collect();
        let before: Vec<NodeId> = self.before.iter().map(|id| at[*id]).collect();
        let before = extract(&whole, &before, &given, tape)?;

        let step = Tape::symbolic();
        let kept = self.operands.iter().filter_map(|i| body.inputs.get(1 + i));
        let inputs = body.inputs.iter().take(1).chain(kept).chain(&self.before);
        let given: Vec<(NodeId, Arg<'_, F>)> =
            inputs.map(|id| (at[*id], step.placeholder(body.nodes[*id].kind, body.nodes[*id].shape.clone()))).collect();
        let kept = body.outputs.iter().zip(&self.outputs).filter(|(_, kept)| **kept);
        let outputs: Vec<NodeId> = kept.map(|(id, _)| at[*id]).collect();
        let step = step.program(&extract(&whole, &outputs, &given, &step)?)?;

        let count = |range: Range<usize>| self.operands.iter().filter(|i| range.contains(i)).count();
        let (carries, inputs) = (count(0..steps.carries), count(steps.carries..steps.carries + steps.inputs));
        let scan = Scan::new(step, Steps { carries, inputs, ..steps }, 0)?;
        let mut args: Vec<Arg<'t, F>> = self.operands.iter().filter_map(|i| operands.get(*i)).copied().collect();
        args.extend(before);
        args.extend(operands.iter().skip(operands.len() - steps.behind()));
        let kinds = kinds(&scan);
        let results = tape.record_list(Arc::new(scan), &args, &kinds);
        let mut next = 0..;
        let place = |kept: &bool| if *kept { next.next() } else { None };
        Ok(self.outputs.iter().map(place).filter_map(|at| results.get(at.unwrap_or(0)).copied()).collect())
    }
}
