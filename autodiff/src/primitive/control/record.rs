//! Recording a loop: a closure becomes its body.

use super::keep::Keep;
use super::scan::{Scan, kinds};
use crate::base::error::{Error, ErrorKind, Mismatch, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Made, Steps};
use crate::program::Program;
use crate::tape::node::{Labels, Node, Op, Operands};
use crate::tape::query::needed_for;
use crate::tape::record::BRING_OVER;
use crate::tape::var::{Index, Key, Var};
use crate::tape::{Arg, Tape};
use smallvec::SmallVec;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;

/// The step of a loop, while its body is recorded.
///
/// `'s` is the lifetime of what the body records, which cannot leave it; vars of the tape `'t` may be used inside.
#[derive(Clone, Copy, Debug)]
pub struct Step<'s, 't, F: Real> {
    index: Index<'s, F>,
    outer: PhantomData<&'s &'t ()>,
}

impl<'s, F: Real> Step<'s, '_, F> {
    /// Its number, from 0: an index that differs from step to step.
    pub fn index(&self) -> Index<'s, F> {
        self.index
    }

    /// A key of this step's own, made from `key` and the number of the step: random numbers drawn with it differ from step
    /// to step.
    #[track_caller]
    pub fn key(&self, key: Key<'s, F>) -> Key<'s, F> {
        key.fold_in(self.index)
    }
}

/// What a loop gives: the carries behind the last step, and the outputs of all steps.
type Results<V> = (Vec<V>, Vec<V>);

/// Arrays of reals, as a loop takes and gives them.
pub(super) fn args<'t, F: Real, const N: usize>(vars: [Var<'t, F>; N]) -> Vec<Arg<'t, F>> {
    vars.into_iter().map(Arg::Real).collect()
}

impl<F: Real> Tape<F> {
    /// A loop of `steps` over arrays of reals: `body` takes the carries and the step's row of each of `inputs` (whose first
    /// axis runs over the steps), and gives the new carries and the outputs of the step. The answers are the carries behind
    /// the last step, and the outputs of all steps, stacked along a new first axis.
    ///
    /// The body is recorded once, whatever the number of steps, and differentiates to any order. It may use any var of the
    /// tape and call any function of vars; it cannot read values, because it runs for every step.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// // h ← tanh(w·h + x)
    /// let (w, h) = (tape.input(0.5), tape.input(0.0));
    /// let xs = tape.input([1.0, 2.0, 3.0]);
    /// let ([last], [all]) = tape.scan(3, [h], [xs], |_, [h], [x]| {
    ///     let h = (w * h + x).tanh();
    ///     ([h], [h])
    /// });
    /// let by_hand = (0..3).fold(0.0f64, |h, t| (0.5 * h + (t + 1) as f64).tanh());
    /// assert_eq!(last.item()?, by_hand);
    /// assert_eq!(all.shape()?, [3].into());
    /// assert!(last.backward()?.item(w).is_ok());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// For a number of carries, inputs or outputs that is not known when it is compiled, for indices and keys, another
    /// direction, or another choice of what is kept for the reverse pass: [`scan_with`](Self::scan_with).
    #[track_caller]
    pub fn scan<'t, const C: usize, const I: usize, const O: usize>(
        &'t self,
        steps: usize,
        carries: [Var<'t, F>; C],
        inputs: [Var<'t, F>; I],
        body: impl for<'s> FnOnce(Step<'s, 't, F>, [Var<'s, F>; C], [Var<'s, F>; I]) -> ([Var<'s, F>; C], [Var<'s, F>; O]),
    ) -> ([Var<'t, F>; C], [Var<'t, F>; O]) {
        let options = Loop { steps, reversed: false, keep: Keep::default() };
        let (last, all) = self.scan_with(options, &args(carries), &args(inputs), |step, carries, inputs| {
            let (last, all) = body(step, self.vars(carries), self.vars(inputs));
            (args(last), args(all))
        });
        (self.vars(&last), self.vars(&all))
    }

    /// As many arrays of reals as the caller knows there are.
    pub(super) fn vars<'s, const N: usize>(&'s self, args: &[Arg<'s, F>]) -> [Var<'s, F>; N] {
        std::array::from_fn(|i| match args.get(i) {
            Some(arg) => arg.var(),
            None => self.broken_rule(format!("the loop has no result {i}")),
        })
    }

    /// As [`scan`](Self::scan), with carries, inputs and outputs of any kind (keys can be carried, not stacked).
    #[track_caller]
    pub fn scan_with<'t>(
        &'t self,
        options: Loop,
        carries: &[Arg<'t, F>],
        inputs: &[Arg<'t, F>],
        body: impl for<'s> FnOnce(Step<'s, 't, F>, &[Arg<'s, F>], &[Arg<'s, F>]) -> Results<Arg<'s, F>>,
    ) -> Results<Arg<'t, F>> {
        match self.scanned("scan", options, (Made::All, None), carries, inputs, body) {
            Ok(results) => results,
            Err((failed, outputs)) => (vec![failed; carries.len()], vec![failed; outputs]),
        }
    }

    /// Records a loop that makes as many steps as `made` says, for `operation`; or the error, and how many outputs the body
    /// has.
    #[track_caller]
    pub(super) fn scanned<'t>(
        &'t self,
        operation: &'static str,
        options: Loop,
        made: (Made, Option<Arg<'t, F>>),
        carries: &[Arg<'t, F>],
        inputs: &[Arg<'t, F>],
        body: impl for<'s> FnOnce(Step<'s, 't, F>, &[Arg<'s, F>], &[Arg<'s, F>]) -> Results<Arg<'s, F>>,
    ) -> std::result::Result<Results<Arg<'t, F>>, (Arg<'t, F>, usize)> {
        match self.loop_of(operation, options, made, carries, inputs, body) {
            Ok(results) => Ok(results),
            // That of an operation of the body, which has its line.
            Err((error, outputs)) if error.place().is_some() => Err((self.failed(error).into(), outputs)),
            // What the body gives is on no list of operands.
            Err((error, outputs)) if error.kind() == ErrorKind::TapesMixed => {
                let place = self.state.borrow().place(Location::caller());
                Err((self.failed(error.at(place)).into(), outputs))
            }
            Err((error, outputs)) => {
                let all: Vec<Arg<'t, F>> = carries.iter().chain(inputs).copied().collect();
                let mut mismatch = Mismatch::new(error.message());
                mismatch.help = error.help().map(str::to_owned);
                Err((self.refuse(operation, &all, mismatch).into(), outputs))
            }
        }
    }

    #[track_caller]
    fn loop_of<'t>(
        &'t self,
        operation: &'static str,
        options: Loop,
        (made, given): (Made, Option<Arg<'t, F>>),
        carries: &[Arg<'t, F>],
        inputs: &[Arg<'t, F>],
        body: impl for<'s> FnOnce(Step<'s, 't, F>, &[Arg<'s, F>], &[Arg<'s, F>]) -> Results<Arg<'s, F>>,
    ) -> std::result::Result<Results<Arg<'t, F>>, (Error, usize)> {
        let Loop { steps: count, reversed, .. } = options;
        let steps = Steps { count, made, carries: carries.len(), inputs: inputs.len(), reversed };
        let (recorded, outputs) = self.body_of(operation, steps, carries, inputs, body);
        let fail = |error: Error| (error, outputs);
        let (body, captured) = recorded.map_err(fail)?;
        let scan = Scan::new(body, steps, 0).map_err(fail)?;
        let captured = captured.into_iter().map(|id| self.arg(id));
        let operands: Vec<Arg<'t, F>> = carries.iter().chain(inputs).copied().chain(captured).chain(given).collect();
        // An array of another tape is refused when the loop is recorded, with the others named.
        let active = |x: &Arg<'t, F>| x.is_on(self) && self.with_node(x.id(), |node| node.active);
        let active: Vec<bool> = operands.iter().map(active).collect();
        let scan = scan.for_reverse(&active, options.keep).map_err(fail)?;
        let kinds = kinds(&scan);
        let mut results = self.record_list(Arc::new(scan), &operands, &kinds);
        let mut all = results.split_off(carries.len());
        all.truncate(outputs);
        Ok((results, all))
    }

    /// The body as a program of the step, the carries, the inputs and what it captures; and how many outputs it has.
    #[track_caller]
    fn body_of<'t>(
        &'t self,
        operation: &'static str,
        steps: Steps,
        carries: &[Arg<'t, F>],
        inputs: &[Arg<'t, F>],
        body: impl for<'s> FnOnce(Step<'s, 't, F>, &[Arg<'s, F>], &[Arg<'s, F>]) -> Results<Arg<'s, F>>,
    ) -> (Result<(Program<F>, Vec<NodeId>)>, usize) {
        let (start, location) = (self.len(), Location::caller());
        self.apart(outside(operation), || {
            let number = self.attributed_to(location, || self.unknown(Kind::Index, Shape::scalar(), false));
            let Arg::Index(index) = number else {
                return (Err(Error::new(ErrorKind::Mismatch, "scan", "the step has no number")), 0);
            };
            let mut mismatch: Option<Error> = None;
            let mut placeholders: Vec<Arg<'_, F>> = Vec::new();
            for (i, arg) in carries.iter().chain(inputs).enumerate() {
                let per_step = i >= carries.len();
                let placeholder = || match (arg.shape(), per_step) {
                    // An error is handed on as it is.
                    (Err(_), _) => *arg,
                    (Ok(shape), false) => self.unknown(arg.kind(), shape, true),
                    (Ok(shape), true) => match shape.split_first() {
                        Some((length, row)) if *length == steps.count => self.unknown(arg.kind(), row.into(), true),
                        _ => {
                            let (i, count) = (i - carries.len(), steps.count);
                            let message = format!(
                                "input {i} has shape {shape}; its first axis should be {count} long, one row for each step"
                            );
                            let refused = self.refuse(operation, &[*arg], Mismatch::new(message));
                            mismatch = mismatch.take().or(refused.error());
                            refused.into()
                        }
                    },
                };
                placeholders.push(self.attributed_to(location, placeholder));
            }
            let (carry_args, input_args) = placeholders.split_at(carries.len());
            let step = Step { index, outer: PhantomData };
            let (last, all) = body(step, carry_args, input_args);
            let outputs = all.len();
            let results: Vec<Arg<'_, F>> = last.iter().chain(&all).copied().collect();
            if let Some(error) = mismatch {
                return (Err(error), outputs);
            }
            if last.len() != carries.len() {
                let message = format!("the body gives {} carries; there are {}", last.len(), carries.len());
                return (Err(Error::new(ErrorKind::Mismatch, "scan", message)), outputs);
            }
            let given: Vec<NodeId> = std::iter::once(index.id()).chain(placeholders.iter().map(Arg::id)).collect();
            (self.cut(operation, start, &given, &results), outputs)
        })
    }

    /// The nodes behind `start` that `results` need, as a program of the nodes `given` and of what it uses of the nodes
    /// before, in the order of their first use.
    fn cut(
        &self,
        operation: &str,
        start: usize,
        given: &[NodeId],
        results: &[Arg<'_, F>],
    ) -> Result<(Program<F>, Vec<NodeId>)> {
        for result in results {
            if !result.is_on(self) {
                let error = Error::new(ErrorKind::TapesMixed, operation, "the body gives an array of another tape");
                return Err(error.with_help(BRING_OVER));
            }
            result.shape()?;
        }
        self.with_nodes(|nodes, labels| {
            let needed = needed_for(nodes, results.iter().map(Arg::id));
            let inside = |id: NodeId| id.index() >= start;
            let mut captured: Vec<NodeId> = Vec::new();
            let constant = |id: NodeId| matches!(nodes[id].op, Op::Constant(_));
            let mut capture = |id: NodeId| {
                if !inside(id) && !given.contains(&id) && !constant(id) && !captured.contains(&id) {
                    captured.push(id);
                }
            };
            for id in nodes.ids().skip(start).filter(|id| needed[*id]) {
                nodes[id].inputs.iter().for_each(|operand| capture(*operand));
            }
            results.iter().for_each(|result| capture(result.id()));
            let mut made =
                Cut { nodes: IdVec::new(), labels: Labels::new(), new_id: IdVec::filled(nodes.len(), || None) };
            let inputs: Vec<NodeId> = given.iter().chain(&captured).map(|id| made.input(nodes, labels, *id)).collect();
            for id in nodes.ids() {
                let here = needed[id] && (inside(id) || constant(id));
                if !here || made.new_id[id].is_some() {
                    continue;
                }
                if matches!(nodes[id].op, Op::Input(_)) {
                    let message =
                        "the body makes an input of its own; what it takes from outside is made before the loop";
                    return Err(Error::new(ErrorKind::Mismatch, operation, message));
                }
                made.copy(nodes, labels, id);
            }
            let outputs = results.iter().map(|result| made.new_id[result.id()]).collect::<Option<Vec<_>>>();
            let missing = || Error::new(ErrorKind::Mismatch, "scan", "a result of the body is not computed in it");
            let program = Program {
                nodes: Arc::new(made.nodes),
                labels: Arc::new(made.labels),
                inputs,
                outputs: outputs.ok_or_else(missing)?,
            };
            Ok((program, captured))
        })
    }
}

/// What stands for every step means nothing behind the loop.
fn outside(operation: &str) -> Error {
    let message = "this array is one of each step, and there is none outside the body of the loop";
    Error::new(ErrorKind::NoValue, operation, message).with_help("return it from the body, as a carry or as an output")
}

/// The program that is cut out of a tape.
struct Cut<F: Real> {
    nodes: IdVec<Node<F>>,
    labels: Labels,
    new_id: IdVec<Option<NodeId>>,
}

impl<F: Real> Cut<F> {
    /// An input that stands for node `id`.
    fn input(&mut self, nodes: &IdVec<Node<F>>, labels: &Labels, id: NodeId) -> NodeId {
        let node = &nodes[id];
        let op = Op::Input(node.kind);
        let active = node.kind == Kind::Real;
        self.push(labels, id, Node { op, inputs: Operands::NONE, active, ..node.clone() })
    }

    fn copy(&mut self, nodes: &IdVec<Node<F>>, labels: &Labels, id: NodeId) -> NodeId {
        let node = &nodes[id];
        let operands: SmallVec<[NodeId; 8]> = node.inputs.iter().filter_map(|operand| self.new_id[*operand]).collect();
        let active = node.kind == Kind::Real && operands.iter().any(|operand| self.nodes[*operand].active);
        self.push(labels, id, Node { inputs: Operands::from(&*operands), active, ..node.clone() })
    }

    fn push(&mut self, labels: &Labels, id: NodeId, mut node: Node<F>) -> NodeId {
        node.scope = self.labels.intern(labels.scope(node.scope));
        let new = self.nodes.push(node);
        if let Some(name) = labels.name(id) {
            self.labels.set_name(new, name.clone());
        }
        self.new_id[id] = Some(new);
        new
    }
}

/// How a loop runs: for [`Tape::scan_with`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loop {
    /// The number of steps.
    pub steps: usize,
    /// Whether it begins with the last step.
    pub reversed: bool,
    /// What is kept for the reverse pass.
    pub keep: Keep,
}
