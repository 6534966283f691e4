//! Products that are added to an array while they are computed: which they are, and their code.

use super::code::{Action, Onto};
use super::compile::{Compiler, misplaced};
use super::schedule::{Origin, Run, Schedule};
use crate::base::error::Result;
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Layout;
use crate::kernels::ProductOnto;
use crate::program::Program;
use crate::tape::query::is_sum;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The sums x + p of a product p that only they read, each with its p.
///
/// Where x is computed by a loop, element by element, nothing is gained: the loop writes the sum, too.
pub(super) fn found<F: Real>(program: &Program<F>, schedule: &Schedule) -> BTreeMap<NodeId, NodeId> {
    let mut found = BTreeMap::new();
    let is_product = |id: NodeId| {
        schedule.runs[id] == Run::Product
            && matches!(schedule.origins[id], Origin::Computed)
            && program.nodes[id].shape.size() > schedule.block
    };
    if !program.nodes.ids().any(is_product) {
        return found;
    }
    let readers = readers(program, schedule);
    for (id, node) in program.nodes.iter() {
        let [left, right] = *node.inputs else { continue };
        if schedule.runs[id] != Run::Elementwise || !is_sum(&program.nodes, node) {
            continue;
        }
        let sum = [(left, right), (right, left)].into_iter().find(|(x, p)| {
            let (x, p) = (schedule.base(*x), (schedule.base(*p), *p));
            is_product(p.0)
                && readers[p.0] == 1
                && schedule.is_whole(p.1, program.nodes[p.0].shape.size())
                && (schedule.runs[x] != Run::Elementwise
                    || found.contains_key(&x)
                    || program.nodes[x].shape.size() != node.shape.size())
        });
        let Some((x, product)) = sum.map(|(x, product)| (x, schedule.base(product))) else { continue };
        if how(program, schedule, product, x, id).is_some() {
            found.insert(id, product);
        }
    }
    found
}

/// How many nodes that are computed, and how many outputs, read the memory of each node.
fn readers<F: Real>(program: &Program<F>, schedule: &Schedule) -> IdVec<u32> {
    let mut readers = IdVec::filled(program.len(), || 0u32);
    let computed = program.nodes.iter().filter(|(id, _)| matches!(schedule.origins[*id], Origin::Computed));
    let operands = computed.flat_map(|(_, node)| node.inputs.iter());
    operands.chain(&program.outputs).for_each(|id| readers[schedule.base(*id)] += 1);
    readers
}

/// How `product` is added to `x`, which gives `sum`, if it can be.
fn how<F: Real>(
    program: &Program<F>,
    schedule: &Schedule,
    product: NodeId,
    x: NodeId,
    sum: NodeId,
) -> Option<ProductOnto> {
    let layout = |id: NodeId| -> Option<Cow<'_, Layout>> { schedule.lies[id].layout(&program.nodes[id].shape) };
    let [a, b] = *program.nodes[product].inputs else { return None };
    let shape = &program.nodes[sum].shape;
    // Another shape with rows of the same length is the same array.
    if program.nodes[product].shape.last() != shape.last() || program.nodes[product].shape.size() != shape.size() {
        return None;
    }
    ProductOnto::of(&*layout(a)?, &*layout(b)?, &*layout(x)?, shape)
}

impl<F: Real> Compiler<'_, F> {
    pub(super) fn onto(&mut self, product: NodeId, sum: NodeId) -> Result<()> {
        let ([a, b], [left, right]) = (&*self.program.nodes[product].inputs, &*self.program.nodes[sum].inputs) else {
            return Err(misplaced(sum));
        };
        let (a, b, left, right) = (*a, *b, *left, *right);
        let x = if self.schedule.base(right) == product { left } else { right };
        let how = how(self.program, self.schedule, product, x, sum).ok_or_else(|| misplaced(sum))?;
        let operands = [a, b, x].map(|id| self.source(id));
        let output = self.memory.homes[sum];
        self.code.onto.push(Onto { node: sum, how, operands, output });
        self.code.actions.push(Action::Onto(self.code.onto.len() - 1));
        Ok(())
    }
}
