//! Loops over programs with less work in their bodies.

use super::Program;
use crate::base::error::Result;
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::control::{Scan, changing, kinds};
use crate::primitive::{Kernel, Kind, Made, Steps};
use crate::tape::extract::extract;
use crate::tape::node::{Node, Op};
use crate::tape::query::{applied, results_of, types_of};
use crate::tape::{Arg, Tape};
use smallvec::SmallVec;
use std::sync::Arc;

impl<F: Real> Program<F> {
    /// The same program with less work in the bodies of its loops. Results keep their bits:
    ///
    /// - what is computed from invariants alone is computed once, before the loop;
    /// - carries and outputs that nobody reads are gone, with what only they need.
    pub(crate) fn with_less_in_loops(&self) -> Result<Program<F>> {
        if !self.nodes.iter().any(|(_, node)| self.loop_at(node).is_some()) {
            return Ok(self.clone());
        }
        let mut read = IdVec::filled(self.len(), || false);
        self.outputs.iter().for_each(|id| read[*id] = true);
        for (_, node) in self.nodes.iter().filter(|(_, node)| !matches!(node.op, Op::Result)) {
            node.inputs.iter().for_each(|operand| read[*operand] = true);
        }
        let tape = Tape::symbolic();
        let args = self.placeholders(&tape);
        let table = self.record_with(&tape, &args, |id, primitive, operands| {
            let read: Vec<bool> = results_of(&self.nodes, id).map(|result| read[result]).collect();
            let lean = self.loop_at(&self.nodes[id]).map(|(body, steps)| Lean::of(body, steps, &read)).transpose()?;
            match lean.flatten() {
                Some(lean) => lean.record(&tape, operands),
                None => {
                    let kinds: Vec<Kind> = types_of(&self.nodes, id).into_iter().map(|result| result.kind).collect();
                    Ok(tape.record_list(primitive.clone(), operands, &kinds))
                }
            }
        })?;
        Ok(tape.program(&self.outputs.iter().map(|id| tape.arg(table[*id])).collect::<Vec<_>>())?.simplified())
    }

    /// The body and the steps of a node that is a loop.
    pub(crate) fn loop_at<'a>(&self, node: &'a Node<F>) -> Option<(&'a Program<F>, Steps)> {
        loop_at(&self.nodes, node)
    }

    pub(super) fn operand_shapes(&self, node: &Node<F>) -> SmallVec<[&Shape; 4]> {
        node.inputs.iter().map(|operand| &self.nodes[*operand].shape).collect()
    }

    /// The nodes of this body that can be computed before its loop: no step changes them (`changing`), and they refuse
    /// nothing that a step which is not made would not have computed, unless one is (`is_certain`).
    fn movable(&self, changing: &IdVec<bool>, is_certain: bool) -> IdVec<bool> {
        let mut movable = IdVec::filled(self.len(), || false);
        for (id, node) in self.nodes.iter() {
            let refuses_nothing = match &node.op {
                Op::Apply(primitive) => match primitive.kernel(&self.operand_shapes(node)) {
                    Kernel::Elementwise(_) | Kernel::Sum | Kernel::View => true,
                    Kernel::Program | Kernel::Scan(_) | Kernel::General(_) => is_certain,
                },
                _ => true,
            };
            movable[id] = !changing[id] && refuses_nothing && node.inputs.iter().all(|operand| movable[*operand]);
        }
        movable
    }

    /// Whether node `id` is computed, and not only another view of what is.
    fn costs(&self, id: NodeId) -> bool {
        let node = applied(&self.nodes, id);
        let Op::Apply(primitive) = &node.op else { return false };
        !matches!(primitive.kernel(&self.operand_shapes(node)), Kernel::View)
    }
}

/// The body and the steps of one of `nodes` that is a loop.
pub(crate) fn loop_at<'a, F: Real>(nodes: &IdVec<Node<F>>, node: &'a Node<F>) -> Option<(&'a Program<F>, Steps)> {
    let Op::Apply(primitive) = &node.op else { return None };
    let body = primitive.bodies().first()?;
    let shapes: SmallVec<[&Shape; 4]> = node.inputs.iter().map(|operand| &nodes[*operand].shape).collect();
    match primitive.kernel(&shapes) {
        Kernel::Scan(steps) => Some((body, steps)),
        _ => None,
    }
}

/// What is left of a loop.
struct Lean<F: Real> {
    /// The old body, simplified.
    old: Program<F>,
    body: Program<F>,
    steps: Steps,
    /// The operands that are left, and the nodes of the old body that are computed before the loop.
    operands: Vec<usize>,
    before: Vec<NodeId>,
    /// For each result of the old loop, which result of the new one it is, if it is left.
    results: Vec<Option<usize>>,
    first_invariant: usize,
    behind: usize,
}

impl<F: Real> Lean<F> {
    /// The loop over `body` of whose results some are `read`; `None` where nothing can be left out.
    fn of(body: &Program<F>, steps: Steps, read: &[bool]) -> Result<Option<Self>> {
        let old = body.inlined()?.simplified().with_less_in_loops()?;
        let Steps { carries, inputs, count, made, .. } = steps;
        let changing = changing(&old, carries + inputs);
        let movable = old.movable(&changing, count > 0 && made != Made::Given);

        // What is needed, until no carry is needed in addition; and what of it is computed before the loop.
        let decides = (made == Made::While).then_some(carries);
        let mut left: Vec<bool> =
            (0..old.outputs.len()).map(|i| read.get(i) == Some(&true) || Some(i) == decides).collect();
        let (needed, before) = loop {
            let mut needed = IdVec::filled(old.len(), || false);
            let mut before = Vec::new();
            old.outputs.iter().zip(&left).filter(|(_, left)| **left).for_each(|(id, _)| needed[*id] = true);
            for id in old.nodes.ids().rev() {
                if needed[id] && movable[id] && old.costs(id) {
                    before.push(id);
                } else if needed[id] {
                    old.nodes[id].inputs.iter().for_each(|operand| needed[*operand] = true);
                }
            }
            let grown = old.inputs.iter().skip(1).zip(&left).take(carries).any(|(id, left)| needed[*id] && !left);
            if !grown {
                before.reverse();
                break (needed, before);
            }
            old.inputs.iter().skip(1).zip(&mut left).take(carries).for_each(|(id, left)| *left |= needed[*id]);
        };
        let operands: Vec<usize> = (0..old.inputs.len() - 1)
            .filter(|i| match left.get(*i) {
                Some(left) if *i < carries => *left,
                _ => old.inputs.get(1 + i).is_some_and(|id| needed[*id]),
            })
            .collect();
        if before.is_empty() && operands.len() + 1 == old.inputs.len() && !left.contains(&false) {
            return Ok(None);
        }

        let tape = Tape::symbolic();
        let args = old.placeholders(&tape);
        let there = old.record_nodes(&tape, &args)?;
        let own = Tape::symbolic();
        let ends =
            old.inputs.iter().take(1).chain(operands.iter().filter_map(|i| old.inputs.get(1 + i))).chain(&before);
        let given: Vec<(NodeId, Arg<'_, F>)> =
            ends.map(|id| (there[*id], own.placeholder(old.nodes[*id].kind, old.nodes[*id].shape.clone()))).collect();
        let outputs: Vec<NodeId> =
            old.outputs.iter().zip(&left).filter(|(_, left)| **left).map(|(id, _)| there[*id]).collect();
        let results = extract(&tape, &outputs, &given, &own)?;
        let body = own.program(&results)?;
        let count_of = |range: std::ops::Range<usize>| operands.iter().filter(|i| range.contains(i)).count();
        let new = Steps { carries: count_of(0..carries), inputs: count_of(carries..carries + inputs), ..steps };
        let mut next = 0..;
        let results = left.iter().map(|left| if *left { next.next() } else { None }).collect();
        let (first_invariant, behind) = (carries + inputs, steps.behind());
        Ok(Some(Lean { old, body, steps: new, operands, before, results, first_invariant, behind }))
    }

    /// Records it on the operands of the old loop; the answers are the results of that one (where it has none any more,
    /// the first).
    fn record<'t>(self, tape: &'t Tape<F>, operands: &[Arg<'t, F>]) -> Result<Vec<Arg<'t, F>>> {
        let own = Tape::symbolic();
        let there = self.old.record_nodes(&own, &self.old.placeholders(&own))?;
        let invariants = self.old.inputs.iter().skip(1).zip(operands).skip(self.first_invariant);
        let given: Vec<(NodeId, Arg<'t, F>)> = invariants.map(|(id, arg)| (there[*id], *arg)).collect();
        let before: Vec<NodeId> = self.before.iter().map(|id| there[*id]).collect();
        let before = extract(&own, &before, &given, tape)?;
        let mut left: Vec<Arg<'t, F>> = self.operands.iter().filter_map(|i| operands.get(*i)).copied().collect();
        left.extend(before);
        left.extend(operands.iter().skip(operands.len() - self.behind));
        let scan = Scan::new(self.body, self.steps, 0)?;
        let kinds = kinds(&scan);
        let made = tape.record_list(Arc::new(scan), &left, &kinds);
        Ok(self.results.iter().filter_map(|at| made.get(at.unwrap_or(0)).copied()).collect())
    }
}
