//! Into the steps of a loop.

use super::node::Source;
use super::trace::Trace;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Arithmetic, Elementwise};
use crate::program::scan::MadeSteps;
use crate::tape::node::Node;
use crate::tape::query::results_of;
use crate::tape::value::Value;
use std::ops::ControlFlow;

impl<F: Real> Trace<F> {
    /// The numbers of the steps that the loop at `node` made, in the order in which it made them; `None` if that is no
    /// loop.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn steps(&self, node: NodeId) -> Result<Option<Vec<usize>>> {
        Ok(self.made(node)?.map(|loop_| loop_.made.iter().map(|(number, _)| *number).collect()))
    }

    /// The run of one step of the loop at `node`: of its body, forwards on what this step was given, and back from the
    /// cotangents that the steps after it and the program behind the loop gave to its results. A loop in the body can
    /// be stepped into in turn.
    ///
    /// What the cotangent of an invariant is there is the part of this step; that of the loop is the sum over the
    /// steps.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (w, h) = (tape.input(3.0), tape.input(2.0));
    /// let ([last], []) = tape.scan(4, [h], [], |_, [h], []| ([h * w], []));
    /// let trace = last.trace()?;
    /// let scan = trace.nodes().find(|node| node.operation() == "scan").unwrap().id();
    /// // In step 2 the body multiplies w = 3 and h = 18, and w̄ = h·h̄ = 18·3.
    /// let step = trace.step(scan, 2)?;
    /// let end = step.at(step.len());
    /// let [_, h, w] = [0, 1, 2].map(|i| step.nodes().nth(i).unwrap().id());
    /// assert_eq!(end.value(h).unwrap()[[]], 18.0);
    /// assert_eq!(end.cotangent(w).unwrap()[[]], 54.0);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the node is no loop, or made no step of this number; the refusal of an operation.
    pub fn step(&self, node: NodeId, number: usize) -> Result<Trace<F>> {
        let error = |message: String| Err(Error::new(ErrorKind::Mismatch, "step", message));
        let Source::Program(program) = &self.source else {
            return error("a trace that was read from a file does not run again".into());
        };
        let Some(made) = self.made(node)? else {
            let operation = program.node(node).map_or("no node", |node| node.operation());
            return error(format!("{node} is no loop: {operation}"));
        };
        if !made.made.iter().any(|(known, _)| *known == number) {
            return error(format!("the loop at {node} made {} steps, and none of number {number}", made.made.len()));
        }
        let cotangent = |id: NodeId| self.cotangents[id].last().map(|(_, value)| value.clone());
        let results = results_of(&program.nodes, node).map(cotangent).collect::<Vec<_>>();
        let mut found = None;
        back(&made, &program.nodes, node, &results, |at, trace| match at == number {
            true => {
                found = Some(trace);
                ControlFlow::Break(())
            }
            false => ControlFlow::Continue(()),
        })?;
        found.map_or_else(|| error(format!("the loop at {node} has no step {number}")), Ok)
    }

    fn made(&self, node: NodeId) -> Result<Option<MadeSteps<F>>> {
        match &self.source {
            Source::Program(program) if program.nodes.find(node).is_some() => {
                MadeSteps::of(&program.nodes, node, &|id| self.values[id].clone())
            }
            _ => Ok(None),
        }
    }
}

/// Runs the steps of the loop at `node` from the last one back, where its results have these `cotangents`; shows each
/// to `see` with its number, until that has seen enough.
pub(super) fn back<F: Real>(
    loop_: &MadeSteps<F>,
    nodes: &IdVec<Node<F>>,
    node: NodeId,
    cotangents: &[Option<Value<F>>],
    mut see: impl FnMut(usize, Trace<F>) -> ControlFlow<()>,
) -> Result<()> {
    let MadeSteps { body, steps, made } = loop_;
    let add = Elementwise::arithmetic(Arithmetic::Add);
    let first_output = steps.carries + steps.between();
    let shapes: Vec<&Shape> = results_of(nodes, node).map(|id| &nodes[id].shape).collect();
    let mut carried: Vec<Option<Value<F>>> = cotangents.iter().take(steps.carries).cloned().collect();
    for (number, inputs) in made.iter().rev() {
        let mut seeds: Vec<(NodeId, Value<F>)> = Vec::new();
        for (i, id) in body.output_ids().iter().enumerate() {
            let seed = match (carried.get(i), cotangents.get(i), shapes.get(i)) {
                (Some(carry), ..) => carry.clone(),
                (None, Some(Some(rows)), Some(shape)) if i >= first_output => {
                    rows.operand(shape).and_then(|rows| body.row(&rows, *id, *number).ok())
                }
                _ => None,
            };
            let Some(seed) = seed else { continue };
            match seeds.iter_mut().find(|(known, _)| known == id) {
                Some((_, sum)) => sum
                    .accumulate(&seed, &body.nodes[*id].shape, &add)
                    .map_err(|refusal| Error::new(ErrorKind::NoValue, "step", refusal.message))?,
                None => seeds.push((*id, seed)),
            }
        }
        let trace = Trace::record(body, inputs, &seeds)?;
        let before = body.input_ids().iter().skip(1).take(steps.carries);
        carried = before.map(|id| trace.cotangents[*id].last().map(|(_, value)| value.clone())).collect();
        if see(*number, trace).is_break() {
            break;
        }
    }
    Ok(())
}
