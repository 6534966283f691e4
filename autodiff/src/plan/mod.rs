//! A program prepared to run many times.
//!
//! [`Program::plan`] simplifies a program, decides what is computed together and where every array lies, and compiles the
//! whole to flat lists. Running a plan allocates nothing and computes, bit for bit, what recording and
//! [`Program::run`] compute: it runs the same kernels.
//!
//! The steps, one file each: `schedule` (what together, in what order) → `recompute` (what is not worth keeping) → `memory`
//! (where) over a `pool` → `compile` and `loops` (the lists of `code`) → `run`. `verify` checks the lists.

mod code;
mod compile;
mod explain;
mod loops;
mod memory;
mod onto;
mod planner;
mod pool;
mod prepare;
mod recompute;
mod run;
mod scan;
mod schedule;
mod verify;

#[cfg(all(feature = "self-tests", debug_assertions))]
self_tests!(in planner::tests, pool::tests, run::team::tests, verify::tests, verify::tests::loops);

use planner::Guard;
pub use planner::Planner;

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::real::Real;
use crate::primitive::Kind;
use crate::program::{Input, Program};
use crate::tape::node;
use crate::tape::value::Value;
use code::{Code, Output, Place, Source};
use memory::{Home, Update};
use ndarray::{ArrayD, ArrayViewD, ShapeBuilder};
use run::team::Team;
use run::{Machine, Memory, Raw};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A program prepared to run many times: see [`Program::plan`].
///
/// ```
/// use autodiff::{Feed, Tape};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.input([1.0, 2.0]).named("x");
/// let y = (x * x).sum(..);
/// let mut plan = tape.program(&[y, y.gradient(&[x])?[0]])?.plan()?;
/// plan.execute(&mut [Feed::Real(&[3.0, 4.0])])?;
/// assert_eq!(plan.output(0).unwrap().first(), Some(&25.0));
/// assert_eq!(plan.output(1).unwrap(), ndarray::array![6.0, 8.0].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
pub struct Plan<F: Real> {
    program: Program<F>,
    code: Code<F>,
    inputs: Vec<Expected>,
    updates: Vec<Update>,
    guards: Vec<Guard<F>>,
    arena: Vec<F>,
    indices: Vec<usize>,
    keys: Vec<u64>,
    /// The first element of `arena` on a cache line: position 0 of the code.
    start: usize,
    /// The elements of the arena that arrays lie in; the rows of loops follow.
    arrays: usize,
    in_place: usize,
    divided: usize,
    /// Always empty: memory for the list of [`Raw`] of a run, whose pointers do not outlive the run.
    raw: Vec<Unused>,
    pool: Option<Arc<rayon::ThreadPool>>,
    /// Whether the last run went well: the outputs are its results.
    ran: bool,
}

/// As large as a [`Raw`], and without pointers.
type Unused = (usize, usize, u64);

/// What an input has to be.
#[derive(Clone, Copy, Debug)]
struct Expected {
    kind: Kind,
    size: usize,
    updated: bool,
}

/// What one input of a plan is read from, or updated in.
#[derive(Debug)]
#[non_exhaustive]
pub enum Feed<'a, F> {
    /// The elements of an array, row by row.
    Real(&'a [F]),
    /// The elements of an array, which is updated: see [`Planner::update`].
    Update(&'a mut [F]),
    /// Indices, row by row.
    Index(&'a [usize]),
    /// A random key.
    Key(u64),
}

impl<F: Real> Plan<F> {
    /// Runs the program on `feeds`, one for each input, in order; [`output`](Self::output) reads the results. Allocates
    /// nothing (with threads, a few words for each).
    ///
    /// If there is an error, no input was updated.
    ///
    /// # Errors
    /// [`ErrorKind::ProgramInput`] if number, kinds or lengths of the feeds are not those of the program's inputs;
    /// [`ErrorKind::Refused`] if an operation refuses a value; [`ErrorKind::NotFinite`] for a guard
    /// ([`Planner::guard`]) that is not finite.
    #[allow(unsafe_code)] // It vouches for what runs.
    pub fn execute(&mut self, feeds: &mut [Feed<'_, F>]) -> Result<()> {
        self.ran = false;
        self.check_feeds(feeds)?;
        let pieces = self.threads();
        let arena = self.arena.get_mut(self.start..).unwrap_or(&mut []).as_mut_ptr();
        let (indices, keys) = (self.indices.as_mut_ptr(), self.keys.as_mut_ptr());
        let memory = Memory { arena, indices, keys, scratch: self.arrays };
        let mut raw: Vec<Raw<F>> = recycled(std::mem::take(&mut self.raw));
        raw.extend(feeds.iter_mut().map(Raw::of));
        let raw_feeds = Cell::from_mut(raw.as_mut_slice()).as_slice_of_cells();
        let (code, program, guards) = (&self.code, &self.program, &self.guards);
        let done = Team::of(self.pool.as_deref(), |team| {
            // SAFETY: the code was verified when the plan was made, for memory and inputs of these lengths, and they are filled;
            // the feeds were checked just now, and are borrowed until the run is over, as is the plan.
            let mut machine = unsafe { Machine::new(code, memory, raw_feeds, team, pieces, self.divided) };
            both_parts(&mut machine, code, program, guards)
        });
        self.raw = recycled(raw);
        done?;
        self.ran = true;
        Ok(())
    }

    /// That the feeds are what the program's inputs are.
    fn check_feeds(&self, feeds: &[Feed<'_, F>]) -> Result<()> {
        self.program.check_count("execute", feeds.len())?;
        for (i, (feed, input)) in feeds.iter().zip(&self.inputs).enumerate() {
            let (kind, length) = match feed {
                Feed::Real(data) => (Kind::Real, data.len()),
                Feed::Update(data) => (Kind::Real, data.len()),
                Feed::Index(data) => (Kind::Index, data.len()),
                Feed::Key(_) => (Kind::Key, 1),
            };
            let fixed = input.updated && matches!(feed, Feed::Real(_));
            if kind != input.kind || length != input.size || fixed {
                return Err(self.wrong_feed(i, feed));
            }
        }
        Ok(())
    }

    #[cold]
    fn wrong_feed(&self, i: usize, feed: &Feed<'_, F>) -> Error {
        let updated = self.inputs.get(i).is_some_and(|input| input.updated);
        let given = match feed {
            Feed::Update(data) => format!("{} numbers to update", data.len()),
            Feed::Real(data) if updated => format!("{} numbers that cannot be updated", data.len()),
            Feed::Real(data) => format!("{} numbers", data.len()),
            Feed::Index(data) => format!("{} indices", data.len()),
            Feed::Key(_) => "a key".into(),
        };
        let expected = self.program.node(self.program.input_ids().get(i).copied().unwrap_or(crate::NodeId::new(0)));
        let expected = expected.map_or_else(String::new, |node| node.type_name());
        let error =
            Error::new(ErrorKind::ProgramInput, "execute", format!("input {i} should be {expected}, got {given}"));
        error.with_operand(self.program.input_line(i))
    }

    /// Output `i` of the last run, an array of reals; `None` before the first run and after one that was refused, where
    /// there is no such output or it is of another kind, and for one that updates an input in place: it is there.
    pub fn output(&self, i: usize) -> Option<ArrayViewD<'_, F>> {
        let source = self.real(i)?;
        let Home::Arena(start) = source.home else { return None };
        let data = self.arena.get(self.start + start..self.start + start + source.extent)?;
        match &source.layout {
            None => ArrayViewD::from_shape(&*source.shape, data).ok(),
            Some(layout) => {
                let strides = ndarray::IxDyn(&layout.strides);
                ArrayViewD::from_shape(ndarray::IxDyn(&source.shape).strides(strides), data.get(layout.offset..)?).ok()
            }
        }
    }

    /// The number output `i` of the last run is, if it is one.
    pub fn number(&self, i: usize) -> Option<F> {
        let source = self.real(i).filter(|source| source.shape.size() == 1)?;
        let Home::Arena(start) = source.home else { return None };
        self.arena.get(self.start + start + source.layout.as_ref().map_or(0, |layout| layout.offset)).copied()
    }

    /// Output `i` of the last run, an array of indices: as [`output`](Self::output).
    pub fn index_output(&self, i: usize) -> Option<ArrayViewD<'_, usize>> {
        let place = self.other(i)?;
        let Home::Indices(start) = place.home else { return None };
        ArrayViewD::from_shape(&*place.shape, self.indices.get(start..start + place.shape.size())?).ok()
    }

    /// Output `i` of the last run, a random key: as [`output`](Self::output).
    pub fn key_output(&self, i: usize) -> Option<u64> {
        match self.other(i)?.home {
            Home::Key(at) => self.keys.get(at).copied(),
            _ => None,
        }
    }

    fn real(&self, i: usize) -> Option<&Source> {
        match self.code.outputs.get(i)? {
            Output::Real(source) if self.ran => Some(source),
            _ => None,
        }
    }

    fn other(&self, i: usize) -> Option<&Place> {
        match self.code.outputs.get(i)? {
            Output::Other(place) if self.ran => Some(place),
            _ => None,
        }
    }

    /// Runs the program, whose outputs are arrays of reals, on copies of `inputs`, as [`Program::run`] does: the outputs, in
    /// order.
    ///
    /// # Errors
    /// As [`execute`](Self::execute), and if the shapes of the inputs are not those of the program.
    pub fn run(&mut self, inputs: &[Input<F>]) -> Result<Vec<ArrayD<F>>> {
        self.run_all(inputs)?.into_iter().enumerate().map(|(i, output)| output.real_output(i)).collect()
    }

    /// As [`run`](Self::run), for outputs of any kind: as [`Program::run_all`].
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_all(&mut self, inputs: &[Input<F>]) -> Result<Vec<Input<F>>> {
        let bound = self.program.bind(inputs)?;
        let mut updated: BTreeMap<usize, Vec<F>> = BTreeMap::new();
        for update in &self.updates {
            let Some(id) = self.program.inputs.get(update.slot).copied() else { continue };
            let view = bound[id].view(&self.program.nodes[id].shape);
            updated.insert(update.slot, view.into_iter().flat_map(|view| view.iter()).collect());
        }
        let mut copies = updated.iter_mut().peekable();
        let mut feeds: Vec<Feed<'_, F>> = Vec::new();
        for (slot, id) in self.program.inputs.iter().enumerate() {
            let copy = copies.next_if(|(updated, _)| **updated == slot).map(|(_, data)| data);
            feeds.push(match (copy, &bound[*id]) {
                (Some(copy), _) => Feed::Update(copy),
                (None, Value::Splat(x)) => Feed::Real(std::slice::from_ref(x)),
                (None, Value::Array(data)) => Feed::Real(data),
                (None, Value::Index(data)) => Feed::Index(data),
                (None, Value::Key(key)) => Feed::Key(*key),
                (None, Value::View(..) | Value::Unknown) => Feed::Real(&[]),
            });
        }
        self.execute(&mut feeds)?;
        drop(feeds);
        let slots: BTreeMap<usize, usize> = self.updates.iter().map(|update| (update.output, update.slot)).collect();
        let mut outputs = Vec::new();
        for (i, id) in self.program.outputs.iter().enumerate() {
            let shape = &self.program.nodes[*id].shape;
            let copy = slots.get(&i).and_then(|slot| updated.get(slot)).cloned();
            let array = match (self.output(i), copy) {
                (Some(view), _) => Some(Input::Real(view.to_owned())),
                (None, Some(data)) => ArrayD::from_shape_vec(shape.to_vec(), data).ok().map(Input::Real),
                (None, None) => self
                    .index_output(i)
                    .map(|view| Input::Index(view.to_owned()))
                    .or_else(|| self.key_output(i).map(Input::Key)),
            };
            outputs.push(array.ok_or_else(|| Error::new(ErrorKind::NoValue, "run", format!("output {i} is gone")))?);
        }
        Ok(outputs)
    }

    /// The program that is run: the one that was planned, simplified.
    pub fn program(&self) -> &Program<F> {
        &self.program
    }

    /// The number of threads that share the work: the one that calls [`execute`](Self::execute), and its helpers.
    pub fn threads(&self) -> usize {
        self.pool.as_ref().map_or(1, |pool| 1 + pool.current_num_threads())
    }

    /// The bytes of memory the plan holds for arrays: what [`explain`](Self::explain) says it takes.
    pub fn bytes(&self) -> usize {
        self.arena.capacity() * size_of::<F>()
            + self.indices.capacity() * size_of::<usize>()
            + self.keys.capacity() * size_of::<u64>()
    }
}

/// What computes, and then what updates inputs, if the guards allow.
fn both_parts<F: Real>(
    machine: &mut Machine<'_, F>,
    code: &Code<F>,
    program: &Program<F>,
    guards: &[Guard<F>],
) -> Result<()> {
    let refused = |refused: run::Refused| program.refused(refused.node, refused.refusal);
    machine.copy_in();
    machine.run(0..code.commit).map_err(refused)?;
    for Guard { output, largest } in guards {
        if let Some(number) = machine.beyond(*output, *largest) {
            let most = if number.is_finite() { format!(", more than {largest}") } else { String::new() };
            let message = format!("output {output} is {number}{most}, which guards the update; nothing was changed");
            let id = program.outputs.get(*output).copied().unwrap_or(crate::NodeId::new(0));
            let error = Error::new(ErrorKind::NotFinite, "execute", message);
            return Err(error.with_operand(node::describe(&program.nodes, &program.labels, id, "guard")));
        }
    }
    machine.run(code.commit..code.actions.len()).map_err(refused)?;
    machine.copy_out();
    Ok(())
}

/// An empty list in the memory of another, whose elements are as large.
fn recycled<A, B>(mut list: Vec<A>) -> Vec<B> {
    list.clear();
    list.into_iter().map_while(|_| None).collect()
}

impl<F: Real> fmt::Debug for Plan<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plan<{}> of {} nodes in {} bytes", F::NAME, self.program.len(), self.bytes())
    }
}
