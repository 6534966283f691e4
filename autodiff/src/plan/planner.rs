//! What a plan is asked for, and how it is put together.

use super::code::Code;
use super::prepare::{Compiled, prepare};
use super::schedule::BLOCK;
use super::{Expected, Plan};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::program::Program;
use std::collections::BTreeSet;
use std::sync::Arc;

impl<F: Real> Program<F> {
    /// Prepares the program to run many times: what is elementwise is fused and run block by block in cache, views move no
    /// data, and all arrays lie in one arena, where those that are not needed at the same time share their place.
    ///
    /// Planning takes some microseconds per node, and pays from the second run on. Results have the bits of
    /// [`run`](Self::run).
    ///
    /// # Errors
    /// [`ErrorKind::Resources`] if the arrays are too large together.
    pub fn plan(&self) -> Result<Plan<F>> {
        self.planner().plan()
    }

    /// As [`plan`](Self::plan), with a say in what is updated in place and how many threads work.
    pub fn planner(&self) -> Planner<'_, F> {
        let (updates, guards) = (Vec::new(), Vec::new());
        Planner { program: self, updates, guards, threads: 1, pool: None, block: BLOCK, divided: DIVIDED }
    }
}

/// What a plan is asked for: made by [`Program::planner`].
///
/// ```
/// use autodiff::{Feed, Tape};
///
/// // w ← w − 0.1·w
/// let tape = Tape::<f64>::new();
/// let w = tape.input([10.0, 20.0]);
/// let mut plan = tape.program(&[w - w * 0.1])?.planner().update(0, 0).plan()?;
/// let mut weights = [10.0, 20.0];
/// plan.execute(&mut [Feed::Update(&mut weights)])?;
/// plan.execute(&mut [Feed::Update(&mut weights)])?;
/// assert_eq!(weights, [8.1, 16.2]);
/// # Ok::<(), autodiff::Error>(())
/// ```
#[derive(Debug)]
pub struct Planner<'a, F: Real> {
    program: &'a Program<F>,
    updates: Vec<(usize, usize)>,
    guards: Vec<Guard<F>>,
    threads: usize,
    pool: Option<Arc<rayon::ThreadPool>>,
    block: usize,
    divided: usize,
}

impl<F: Real> Planner<'_, F> {
    /// Every run replaces input `input`, which is given as [`Feed::Update`](super::Feed::Update), by output `output`: in
    /// place, where nothing needs the old elements any more.
    pub fn update(mut self, input: usize, output: usize) -> Self {
        self.updates.push((input, output));
        self
    }

    /// Output `output` has to be finite, or the run is refused before any input is updated.
    pub fn guard(self, output: usize) -> Self {
        self.guard_within(output, F::max_value())
    }

    /// The elements of output `output` have to be of magnitude `largest` at most, or the run is refused before any input is
    /// updated. What updates compute in place cannot be looked at before it is written; what they are computed from can.
    ///
    /// ```
    /// # use autodiff::{ErrorKind, Feed};
    /// # let tape = autodiff::Tape::<f64>::new();
    /// // v ← v + g²
    /// let (v, g) = (tape.input([1.0, 2.0]), tape.data([0.0, 0.0]));
    /// let program = tape.program(&[g, v + g.square()])?;
    /// let mut plan = program.planner().update(0, 1).guard_within(0, 1e150).plan()?;
    /// let mut v = [1.0, 2.0];
    /// plan.execute(&mut [Feed::Update(&mut v), Feed::Real(&[3.0, 0.0])])?;
    /// let error = plan.execute(&mut [Feed::Update(&mut v), Feed::Real(&[0.0, 1e160])]).unwrap_err();
    /// assert_eq!((error.kind(), v), (ErrorKind::NotFinite, [10.0, 2.0]));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn guard_within(mut self, output: usize, largest: F) -> Self {
        self.guards.push(Guard { output, largest: largest.min(F::max_value()) });
        self
    }

    /// At most this many threads share the work, if there is enough of it; 1 unless said otherwise. The number changes no
    /// bit of any result. More than 8 are started only where the machine has processors for them: they would wait for one
    /// another.
    pub fn threads(self, threads: usize) -> Self {
        Planner { threads: threads.max(1), ..self }
    }

    /// The work is shared by the threads of `plan`, if it has some, instead of new ones: for plans that run one after
    /// the other.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// # let program = tape.program(&[tape.input(3.0).tanh()])?;
    /// let first = program.planner().threads(4).plan()?;
    /// let second = program.planner().threads(4).sharing(&first).plan()?;
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn sharing(self, plan: &Plan<F>) -> Self {
        Planner { pool: plan.pool.clone(), ..self }
    }

    /// For tests: blocks of `block` elements instead of 1,024, and all work divided among the threads, so that small arrays
    /// exercise the blocked path. No bit changes. (Sums are not added within loops then: their order has chunks of 1,024.)
    pub fn in_small(self, block: usize) -> Self {
        Planner { block: block.clamp(2, BLOCK), divided: 0, ..self }
    }

    /// The plan.
    ///
    /// # Errors
    /// [`ErrorKind::ProgramInput`] if an update pairs an input and an output that are not there or differ in shape, or an
    /// input is updated twice; [`ErrorKind::Resources`] if the arrays are too large together; the error of a node that is
    /// one.
    pub fn plan(self) -> Result<Plan<F>> {
        self.check()?;
        let Compiled { program, code, updates, arrays, indices: in_indices, keys: in_keys, in_place, .. } = {
            let guards: Vec<usize> = self.guards.iter().map(|guard| guard.output).collect();
            prepare(self.program, self.block, &self.updates, &guards, None)?
        };
        let pool = match self.threads {
            n if n == 1 || !is_large(&code, self.divided) => None,
            n => Some(self.pool.map_or_else(|| start_threads(n), Ok)?),
        };
        let threads = pool.as_ref().map_or(1, |pool| 1 + pool.current_num_threads());
        let line = 64 / size_of::<F>();
        let scratch = code.scratch(threads);
        let mut arena = Vec::new();
        let elements = arrays + scratch + line;
        arena
            .try_reserve_exact(elements)
            .map_err(|_| Error::new(ErrorKind::Resources, "plan", format!("no memory for {elements} elements")))?;
        arena.resize(elements, F::zero());
        let bytes = arena.as_ptr() as usize % 64;
        let start = (64 - bytes) % 64 / size_of::<F>();
        code.fill(arena.get_mut(start..).unwrap_or(&mut []));
        let no_memory = |what| Error::new(ErrorKind::Resources, "plan", format!("no memory for {what}"));
        let (mut indices, mut keys) = (Vec::new(), Vec::new());
        indices.try_reserve_exact(in_indices).map_err(|_| no_memory(format!("{in_indices} indices")))?;
        keys.try_reserve_exact(in_keys).map_err(|_| no_memory(format!("{in_keys} keys")))?;
        indices.resize(in_indices, 0);
        keys.resize(in_keys, 0);
        let updated: BTreeSet<usize> = updates.iter().map(|update| update.slot).collect();
        let inputs = program.inputs.iter().enumerate().map(|(slot, id)| {
            let node = &program.nodes[*id];
            let updated = updated.contains(&slot);
            Expected { kind: node.kind(), size: node.shape.size(), updated }
        });
        let inputs = inputs.collect();
        let raw = Vec::with_capacity(program.inputs.len());
        let (guards, divided) = (self.guards, self.divided);
        Ok(Plan {
            program,
            code,
            inputs,
            updates,
            guards,
            arena,
            indices,
            keys,
            start,
            arrays,
            in_place,
            divided,
            raw,
            pool,
            ran: false,
        })
    }

    fn check(&self) -> Result<()> {
        let error = |message: String| Err(Error::new(ErrorKind::ProgramInput, "plan", message));
        let inputs: Vec<_> = self.program.inputs().collect();
        let outputs: Vec<_> = self.program.outputs().collect();
        let mut updated = BTreeSet::new();
        for (slot, output) in &self.updates {
            let input = inputs.get(*slot).copied();
            let result = outputs.get(*output).copied();
            match (input, result) {
                (Some((Kind::Real, a)), Some((Kind::Real, b))) if a == b => {}
                (Some((Kind::Real, a)), Some((Kind::Real, b))) => {
                    return error(format!("output {output} {b} cannot update input {slot} {a}"));
                }
                (Some((a, _)), Some((b, _))) => {
                    let (a, b) = (a.words(), b.words());
                    let message = format!("output {output}, {b}, cannot update input {slot}, {a}");
                    return Err(Error::new(ErrorKind::ProgramInput, "plan", message)
                        .with_operand(self.program.input_line(*slot))
                        .with_help("only an array of reals is updated; give the others anew with each run"));
                }
                _ => return error(format!("there is no input {slot} or no output {output}")),
            }
            if !updated.insert(slot) {
                return error(format!("input {slot} is updated twice"));
            }
        }
        for Guard { output, .. } in &self.guards {
            match outputs.get(*output) {
                Some((Kind::Real, _)) => {}
                Some((kind, _)) => {
                    return error(format!("output {output} is {}: only reals are guarded", kind.words()));
                }
                None => return error(format!("there is no output {output} to guard")),
            }
        }
        Ok(())
    }
}

/// An output that allows the updates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guard<F> {
    pub(super) output: usize,
    /// The largest magnitude that its elements may have.
    pub(super) largest: F,
}

/// Work (multiply-adds, or elements times operations) in one place that is worth dividing: five microseconds and more.
const DIVIDED: usize = 400_000;

/// How many times as much is worth threads: to wake them costs some ten microseconds.
const WORTH: usize = 5;

fn is_large<F: Real>(code: &Code<F>, divided: usize) -> bool {
    let mut work = Vec::new();
    code.divisible(&mut work);
    work.iter().filter(|work| **work >= divided).sum::<usize>() >= WORTH * divided
}

/// So many threads may be started on any machine; more only where there are processors for them.
const ANYWHERE: usize = 8;

/// Threads that wait for work: so many that `n` share it with the one that has it, or as many as have a processor.
fn start_threads(n: usize) -> Result<Arc<rayon::ThreadPool>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let n = n.min(processors.max(ANYWHERE));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n - 1).thread_name(|i| format!("autodiff {i}")).build();
    pool.map(Arc::new).map_err(|error| Error::new(ErrorKind::Resources, "plan", format!("{n} threads: {error}")))
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    use crate::Tape;
    use crate::base::error::Result;
    use crate::base::real::Real;

    /// Rows are read by vectors of 64 bytes, which are slow where they cross a line of the cache.
    fn begins_at_a_line<F: Real>() -> Result<()> {
        for size in [1, 3, 100, 5000] {
            let tape = Tape::<F>::new();
            let x = tape.input(vec![F::one(); size]);
            let plan = tape.program(&[x.exp()])?.plan()?;
            let start = plan.arena.get(plan.start..).map_or(1, |arena| arena.as_ptr() as usize);
            assert_eq!(start % 64, 0, "{size} numbers");
        }
        Ok(())
    }

    fn the_arrays_begin_at_a_line_of_the_cache() -> Result<()> {
        begins_at_a_line::<f64>()?;
        begins_at_a_line::<f32>()
    }

    self_tests!(the_arrays_begin_at_a_line_of_the_cache);
}
