//! What a loop only adds up: carries that no step uses but to add to them, such as the gradients of what does not change from
//! step to step. They are summed behind the loop, of all steps at once, so that a sum over a batch that lies on several devices
//! is one sum over the devices, and not one in every step: XLA knows no loop whose carry is still to be summed over devices.

use crate::families::summed_axes;
use crate::literal::tuple;
use autodiff::primitive::{Kind, Made, Steps};
use autodiff::{NodeId, NodeView, Program, Real};
use std::collections::{BTreeMap, BTreeSet};

/// How the body of a loop is written where carries are summed behind it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums {
    /// For each carry, what all steps add to it: an expression of `x`, the per-step inputs, and `y`, the outputs of the body
    /// behind its carries, in all steps. `None` for a carry that goes from step to step.
    pub(crate) added: Vec<Option<String>>,
    /// What the body answers with behind its own outputs.
    pub(crate) rows: Vec<NodeId>,
    /// What is not written: these carries, and what is computed for them alone.
    pub(crate) left_out: BTreeSet<NodeId>,
}

impl Sums {
    /// The ids of a body's first inputs or outputs, those of the carries, and of all others, without summed carries.
    pub(crate) fn kept<'a>(&'a self, ids: &'a [NodeId], first: usize) -> impl Iterator<Item = NodeId> + 'a {
        let is_summed =
            move |i: usize| i.checked_sub(first).and_then(|i| self.added.get(i)).is_some_and(Option::is_some);
        ids.iter().enumerate().filter(move |(i, _)| !is_summed(*i)).map(|(_, id)| *id)
    }
}

/// The sums of a loop, if it has any. Sums of steps of which some are not made stay in the loop.
pub(crate) fn of<F: Real>(body: &Program<F>, steps: &Steps) -> Option<Sums> {
    if steps.made != Made::All {
        return None;
    }
    let loops = Loop::new(body, steps);
    let mut sums = Sums::default();
    for carry in 0..steps.carries {
        let mut tried = sums.clone();
        let added = loops.added(carry, &mut tried);
        // Rows of all steps are kept for it, but no more of them than the loop has anyway.
        let added = added.filter(|_| loops.size(&tried.rows) <= loops.size(loops.inputs) + loops.size(loops.outputs));
        if added.is_some() {
            sums = tried;
        }
        sums.added.push(added);
    }
    sums.added.iter().any(Option::is_some).then_some(sums)
}

/// The body of a loop.
struct Loop<'a, F: Real> {
    body: &'a Program<F>,
    carries: &'a [NodeId],
    inputs: &'a [NodeId],
    /// What the carries become.
    next: &'a [NodeId],
    outputs: &'a [NodeId],
    /// How often each node is used.
    uses: BTreeMap<NodeId, usize>,
    /// What is another one from step to step.
    varying: BTreeSet<NodeId>,
}

impl<'a, F: Real> Loop<'a, F> {
    fn new(body: &'a Program<F>, steps: &Steps) -> Self {
        let part = |ids: &'a [NodeId], from: usize, length: usize| ids.get(from..from + length).unwrap_or(&[]);
        let (given, results) = (body.input_ids(), body.output_ids());
        let mut uses = BTreeMap::new();
        let mut varying: BTreeSet<NodeId> = given.iter().take(1 + steps.carries + steps.inputs).copied().collect();
        for node in body.nodes() {
            node.operands().iter().for_each(|id| *uses.entry(*id).or_default() += 1);
            if node.operands().iter().any(|id| varying.contains(id)) {
                varying.insert(node.id());
            }
        }
        results.iter().for_each(|id| *uses.entry(*id).or_default() += 1);
        Loop {
            body,
            carries: part(given, 1, steps.carries),
            inputs: part(given, 1 + steps.carries, steps.inputs),
            next: part(results, 0, steps.carries),
            outputs: results.get(steps.carries..).unwrap_or(&[]),
            uses,
            varying,
        }
    }

    /// How many numbers these nodes are.
    fn size(&self, ids: &[NodeId]) -> usize {
        ids.iter().filter_map(|id| self.body.node(*id)).map(|node| node.shape().iter().product::<usize>()).sum()
    }

    fn used_once(&self, id: NodeId) -> bool {
        self.uses.get(&id) == Some(&1)
    }

    /// What all steps add to a carry; `None` if something else is made of it.
    fn added(&self, carry: usize, sums: &mut Sums) -> Option<String> {
        let (carry, next) = (*self.carries.get(carry)?, *self.next.get(carry)?);
        let mut terms = Vec::new();
        self.terms(self.body.node(next)?, &mut terms, sums);
        let own = terms.iter().position(|term| term.id() == carry)?;
        terms.remove(own);
        if terms.is_empty() || !self.used_once(carry) {
            return None;
        }
        sums.left_out.insert(carry);
        let texts: Option<Vec<String>> = terms.iter().map(|term| self.term(term, sums)).collect();
        Some(texts?.join(" + "))
    }

    /// The terms of a sum, which is used for nothing else.
    fn terms(&self, node: NodeView<'a, F>, terms: &mut Vec<NodeView<'a, F>>, sums: &mut Sums) {
        let operands: Vec<NodeView<'a, F>> = node.operands().iter().filter_map(|id| self.body.node(*id)).collect();
        let is_sum = node.operation() == "add" && operands.iter().all(|x| x.shape() == node.shape());
        if !is_sum || !self.used_once(node.id()) {
            terms.push(node);
            return;
        }
        sums.left_out.insert(node.id());
        operands.into_iter().for_each(|operand| self.terms(operand, terms, sums));
    }

    /// The sum of a term over all steps: of a product of matrices, or of a sum.
    fn term(&self, node: &NodeView<'a, F>, sums: &mut Sums) -> Option<String> {
        let operands: Vec<NodeView<'a, F>> = node.operands().iter().filter_map(|id| self.body.node(*id)).collect();
        // What is the same in every step would be kept once for each.
        if node.kind() != Kind::Real || !operands.iter().all(|x| self.varying.contains(&x.id())) {
            return None;
        }
        let alone = self.used_once(node.id());
        if alone {
            sums.left_out.insert(node.id());
        }
        match (node.operation(), operands.as_slice()) {
            ("matmul", [a, b]) if a.shape().len() == 2 && b.shape().len() == 2 => {
                let (a, b) = (self.rows(a, alone, sums), self.rows(b, alone, sums));
                Some(format!("_sum_of_products({a}, {b})"))
            }
            ("sum", [x]) => Some(self.sum(node, x, node.attributes().list("axes").ok()?, alone, sums)),
            ("sum_to", [x]) => Some(self.sum(node, x, &summed_axes(x.shape(), node.shape()), alone, sums)),
            _ => None,
        }
    }

    /// The sum over the steps and over these axes of x.
    fn sum(&self, node: &NodeView<'a, F>, x: &NodeView<'a, F>, axes: &[usize], alone: bool, sums: &mut Sums) -> String {
        let x = self.rows(x, alone, sums);
        format!("jnp.sum({x}, axis={}).reshape({})", tuple(&behind_steps(axes)), tuple(node.shape()))
    }

    /// A node in all steps: an input, an output of the body, or one that the body is made to answer with.
    fn rows(&self, node: &NodeView<'a, F>, alone: bool, sums: &mut Sums) -> String {
        let at = |ids: &[NodeId]| ids.iter().position(|id| *id == node.id());
        if let Some(i) = at(self.inputs) {
            return format!("x[{i}]");
        }
        if let Some(i) = at(self.outputs) {
            return format!("y[{i}]");
        }
        let before = node.operands().first().and_then(|id| self.body.node(*id));
        if let ("transpose", Some(before), Ok(axes)) = (node.operation(), before, node.attributes().list("axes")) {
            let alone = alone && self.used_once(node.id());
            if alone {
                sums.left_out.insert(node.id());
            }
            return format!("lax.transpose({}, {})", self.rows(&before, alone, sums), tuple(&behind_steps(axes)));
        }
        let i = at(&sums.rows).unwrap_or_else(|| {
            sums.rows.push(node.id());
            sums.rows.len() - 1
        });
        format!("y[{}]", self.outputs.len() + i)
    }
}

/// The axis of the steps, and these behind it.
fn behind_steps(axes: &[usize]) -> Vec<usize> {
    [0].into_iter().chain(axes.iter().map(|axis| axis + 1)).collect()
}
