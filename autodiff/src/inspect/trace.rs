//! A run of a program, forwards and back, as data.

use super::event::{Edge, Event};
use super::node::{Source, TraceNode};
use super::state::State;
use super::uses::Uses;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::differentiate::reverse::{Mark, Sight, walk_back};
use crate::program::{Input, Program};
use crate::tape::node::Op;
use crate::tape::value::{self, IntoArray, Value};
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A run of a program as data: what happened, in order, with every value and every contribution to a cotangent.
///
/// The state at a time is a pure function of the events before it ([`Trace::at`]); nothing is replayed, so going back
/// costs what going forwards does. A [`Stepper`](super::Stepper) steps through it.
///
/// ```
/// # let tape = autodiff::Tape::<f64>::new();
/// let x = tape.input(3.0).named("x");
/// let trace = (x * x).trace()?;
/// let end = trace.at(trace.len());
/// let shares: Vec<f64> = trace.edges_into(x.id()).filter_map(|edge| end.share(edge)).collect();
/// assert_eq!(shares, [0.5, 0.5]); // x * x has two edges, 3 + 3
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// It holds the numbers of the whole run, so it is for looking at a run and not for training.
#[derive(Clone, Debug)]
pub struct Trace<F: Real> {
    pub(super) source: Source<F>,
    pub(super) events: Vec<Event>,
    pub(super) values: IdVec<Value<F>>,
    /// When the value of a node was there.
    pub(super) pushed: IdVec<usize>,
    /// What the cotangent of a node has been, in order.
    pub(super) cotangents: IdVec<Vec<Dated<F>>>,
    /// What the rule of a node gave to each of its operands.
    pub(super) contributions: IdVec<Vec<Option<Dated<F>>>>,
    /// The next value of a parameter.
    pub(super) updates: BTreeMap<NodeId, Dated<F>>,
    pub(super) uses: Uses,
    /// The first node and the first time of each run after the first: see [`Trace::then`].
    pub(super) later: Vec<(NodeId, usize)>,
}

/// A value, and the time since when it holds.
pub(super) type Dated<F> = (usize, Value<F>);

impl<F: Real> Trace<F> {
    /// Runs `program` on `inputs`, forwards and back from its one output, which is a number.
    ///
    /// # Errors
    /// As [`Program::run`]; [`ErrorKind::NotScalar`] if the program does not have one output of one element;
    /// [`ErrorKind::FaultyRule`] if a reverse rule breaks its contract.
    #[track_caller]
    pub fn new(program: &Program<F>, inputs: &[Input<F>]) -> Result<Self> {
        let shape = single_output(program)?;
        match shape.size() {
            1 => Trace::record(program, inputs, &seed_of(program, Value::Splat(F::one()))),
            _ => Err(Error::new(
                ErrorKind::NotScalar,
                "trace",
                format!("the reverse pass of an array {shape} needs a seed"),
            )
            .with_help("give one: `Trace::with_seed(program, inputs, seed)`")),
        }
    }

    /// Runs `program` on `inputs`, forwards and back from the cotangent `seed` of its one output.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`ErrorKind::Mismatch`] if the seed has another shape than the output.
    #[track_caller]
    pub fn with_seed(program: &Program<F>, inputs: &[Input<F>], seed: impl IntoArray<F>) -> Result<Self> {
        let shape = single_output(program)?;
        let (seed, given) = value::take(seed);
        if given != *shape {
            let message = format!("the seed has shape {given}, the result {shape}");
            return Err(Error::new(ErrorKind::Mismatch, "trace", message));
        }
        Trace::record(program, inputs, &seed_of(program, seed))
    }

    /// Runs `program` on `inputs`, forwards only.
    ///
    /// # Errors
    /// As [`Program::run`].
    #[track_caller]
    pub fn forward(program: &Program<F>, inputs: &[Input<F>]) -> Result<Self> {
        Trace::record(program, inputs, &[])
    }

    /// Runs `program` on `inputs`, and back from the seeds of some of its nodes, each there once; only forwards if
    /// there are none.
    #[track_caller]
    pub(super) fn record(program: &Program<F>, inputs: &[Input<F>], seeds: &[(NodeId, Value<F>)]) -> Result<Self> {
        let tape = Tape::new();
        let mut args: Vec<Arg<'_, F>> = Vec::new();
        // A loop, because a closure does not know its caller's line.
        for (i, input) in inputs.iter().enumerate() {
            args.push(match input {
                Input::Real(array) if program.is_differentiable(i) => Arg::Real(tape.input(array)),
                Input::Real(array) => Arg::Real(tape.data(array)),
                Input::Index(array) => Arg::Index(tape.index(array.clone())),
                Input::Key(key) => Arg::Key(tape.key(*key)),
            });
        }
        let on_tape = program.record_nodes(&tape, &args)?;

        let mut values = IdVec::new();
        for id in program.nodes.ids() {
            values.push(tape.with_value(on_tape[id], |value, _| value.clone()));
        }
        let mut trace = Trace {
            source: Source::Program(program.clone()),
            events: Vec::new(),
            values,
            pushed: IdVec::filled(program.len(), || 0),
            cotangents: IdVec::filled(program.len(), Vec::new),
            contributions: IdVec::new(),
            updates: BTreeMap::new(),
            uses: Uses::of(program.len(), |id| &program.nodes[id].inputs),
            later: Vec::new(),
        };
        trace.push_all(program);
        if !seeds.is_empty() {
            trace.walk_back(program, &tape, &on_tape, seeds)?;
        }
        Ok(trace)
    }

    fn push_all(&mut self, program: &Program<F>) {
        let mut inside: Option<Arc<str>> = None;
        for (id, node) in program.nodes.iter() {
            let scope = program.labels.scope(node.scope);
            if inside.as_deref().unwrap_or("") != scope {
                self.events.extend(inside.take().map(Event::Exit));
                inside = (!scope.is_empty()).then(|| scope.into());
                self.events.extend(inside.clone().map(Event::Enter));
            }
            self.contributions.push(node.inputs.iter().map(|_| None).collect());
            self.events.push(Event::Push(id));
            self.pushed[id] = self.events.len();
        }
        self.events.extend(inside.map(Event::Exit));
    }

    fn walk_back(
        &mut self,
        program: &Program<F>,
        tape: &Tape<F>,
        on_tape: &IdVec<NodeId>,
        seeds: &[(NodeId, Value<F>)],
    ) -> Result<()> {
        let mut in_program = IdVec::filled(tape.len(), || NodeId::new(0));
        on_tape.iter().for_each(|(id, there)| in_program[*there] = id);
        for (y, seed) in seeds {
            self.events.push(Event::Seed(*y));
            self.cotangents[*y].push((self.events.len(), seed.clone()));
        }
        let seeds: Vec<(NodeId, Value<F>)> = seeds.iter().map(|(y, seed)| (on_tape[*y], seed.clone())).collect();
        let (_, reached) = walk_back(tape, &seeds, |sight| match sight {
            Sight::Visit { node, .. } => self.events.push(Event::Visit(in_program[node])),
            Sight::Credit { node, slot, contribution, sum, .. } => {
                let node = in_program[node];
                let Some(operand) = program.nodes[node].inputs.get(slot).copied() else { return };
                self.events.push(Event::Accumulate(Edge { node, slot, operand }));
                let now = self.events.len();
                self.cotangents[operand].push((now, sum.clone()));
                if let Some(entry) = self.contributions[node].get_mut(slot) {
                    *entry = Some((now, contribution.clone()));
                }
            }
        })?;
        for (there, mark) in reached.marks() {
            let node = in_program[there];
            match mark {
                Mark::Zero if self.cotangents[node].is_empty() => {
                    self.events.push(Event::Zero(node));
                    self.cotangents[node].push((self.events.len(), Value::Splat(F::zero())));
                }
                // A cotangent that misses one of its paths would be wrong: it stays blank, as `backward` refuses it.
                Mark::Refused { .. } => self.cotangents[node].clear(),
                _ => {}
            }
        }
        Ok(())
    }

    /// The program that ran; `None` for a trace that was read from a file.
    pub fn program(&self) -> Option<&Program<F>> {
        match &self.source {
            Source::Program(program) => Some(program),
            Source::Written(_) => None,
        }
    }

    /// One node; `None` for an id that is not of this trace.
    pub fn node(&self, id: NodeId) -> Option<TraceNode<'_, F>> {
        self.source.node(&self.uses, id)
    }

    /// The nodes, in order.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = TraceNode<'_, F>> {
        NodeId::all(self.source.len()).filter_map(|id| self.node(id))
    }

    /// The events, in order. At time t the first t events have happened.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The number of events, which is the last time.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// All edges, by node and slot.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        NodeId::all(self.source.len()).flat_map(|node| self.edges_of(node))
    }

    /// The edges of the operands of `node`, by slot.
    pub fn edges_of(&self, node: NodeId) -> impl Iterator<Item = Edge> {
        self.source.operands(node).iter().enumerate().map(move |(slot, operand)| Edge { node, slot, operand: *operand })
    }

    /// The edges through which the cotangent of `node` comes: one per input slot that takes it.
    pub fn edges_into(&self, node: NodeId) -> impl Iterator<Item = Edge> {
        self.uses.of_node(node).iter().map(move |(user, slot)| Edge {
            node: *user,
            slot: *slot as usize,
            operand: node,
        })
    }

    /// The state at a time: after that many events, or at the end for a later time.
    pub fn at(&self, time: usize) -> State<'_, F> {
        State { trace: self, time: time.min(self.len()) }
    }
}

fn seed_of<F: Real>(program: &Program<F>, seed: Value<F>) -> Vec<(NodeId, Value<F>)> {
    program.outputs.iter().take(1).map(|y| (*y, seed.clone())).collect()
}

fn single_output<F: Real>(program: &Program<F>) -> Result<&Shape> {
    match program.outputs.as_slice() {
        [y] => Ok(&program.nodes[*y].shape),
        outputs => {
            let message = format!("the reverse pass starts at one output; the program has {}", outputs.len());
            Err(Error::new(ErrorKind::NotScalar, "trace", message))
        }
    }
}

impl<F: Real> Var<'_, F> {
    /// The run of what this number is computed from, forwards and back: its program ([`Tape::program`]) on the inputs
    /// that the tape has.
    ///
    /// Ids of nodes are those of the program: they are the tape's as long as everything on the tape leads here.
    ///
    /// # Errors
    /// As [`Trace::new`]; [`ErrorKind::NoValue`] on a tape that records without values.
    pub fn trace(self) -> Result<Trace<F>> {
        let program = self.tape().program(&[self])?;
        Trace::new(&program, &self.inputs("trace")?)
    }

    /// What the inputs of the tape are, for `operation`.
    pub(super) fn inputs(self, operation: &str) -> Result<Vec<Input<F>>> {
        let inputs = self.tape().with_nodes(|nodes, _| {
            let ids = nodes.iter().filter(|(_, node)| matches!(node.op, Op::Input(_))).map(|(id, _)| id);
            ids.map(|id| self.tape().with_value(id, Input::known)).collect::<Option<Vec<_>>>()
        });
        let missing = || Error::new(ErrorKind::NoValue, operation, "this tape is symbolic: its nodes have no values");
        inputs.ok_or_else(missing)
    }
}
