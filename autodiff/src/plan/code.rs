//! What a plan runs: flat lists, with every address resolved.

use super::memory::{Home, Memory, Update, splat};
use super::schedule::{Group, Schedule};
use crate::arena::NodeId;
use crate::attributes::Attributes;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::Elementwise;
use crate::node::Op;
use crate::primitive::{Kind, PrimitiveRef};
use crate::program::Program;
use crate::real::Real;
use crate::shape::{Layout, Shape};
use crate::value::Value;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// One elementwise primitive on rows of the arena.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Which of [`Code::functions`].
    pub(crate) function: u32,
    pub(crate) length: u16,
    pub(crate) operands: u8,
    /// Which operands are numbers, bit by bit.
    pub(crate) numbers: u8,
    pub(crate) output: u32,
    pub(crate) inputs: [u32; 3],
}

/// What is done next.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// These steps, one after the other.
    Steps(Range<usize>),
    /// One array is written out in order.
    Gather(usize),
    /// One primitive that is not elementwise.
    Kernel(usize),
    /// Elementwise primitives block by block.
    Loop(usize),
}

/// An array as it lies somewhere, and the shape as which it is read.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) home: Home,
    /// The number of elements of the memory it lies in.
    pub(crate) extent: usize,
    /// `None` where it is all of that memory, in order.
    pub(crate) layout: Option<Layout>,
    pub(crate) shape: Shape,
}

/// Writes `source`, broadcast to `shape`, to the arena from `output` on.
#[derive(Clone, Debug)]
pub(crate) struct Gather {
    pub(crate) source: Source,
    pub(crate) shape: Shape,
    pub(crate) output: usize,
}

/// An operand of a kernel.
#[derive(Clone, Debug)]
pub(crate) enum OperandSource {
    Real(Source),
    Index { slot: usize, shape: Shape },
    Indices { data: Arc<Vec<usize>>, shape: Shape },
    KeyInput { slot: usize },
    Key(u64),
}

/// One primitive, run on whole arrays (or on rows of them, by several threads).
#[derive(Clone, Debug)]
pub(crate) struct Kernel<F: Real> {
    pub(crate) node: NodeId,
    pub(crate) primitive: PrimitiveRef<F>,
    pub(crate) operands: SmallVec<[OperandSource; 3]>,
    pub(crate) output: Home,
    pub(crate) shape: Shape,
    /// Multiply-adds, or what is nearest to them.
    pub(crate) work: usize,
}

/// One elementwise primitive on rows of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopStep {
    pub(crate) function: u32,
    pub(crate) operands: u8,
    /// Which operands are numbers, bit by bit.
    pub(crate) numbers: u8,
    pub(crate) output: u16,
    pub(crate) inputs: [u16; 3],
}

/// A row of a loop that is memory outside it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Stream {
    pub(crate) home: Home,
    /// Whether the row moves along with the blocks; else it is one number.
    pub(crate) moves: bool,
}

/// Elementwise primitives on arrays of `size` elements, block by block. Rows are numbered: first those of the loop itself,
/// then its streams.
#[derive(Clone, Debug)]
pub(crate) struct Loop {
    pub(crate) size: usize,
    pub(crate) rows: usize,
    pub(crate) streams: Vec<Stream>,
    /// Operands that do not lie in order: the row they are gathered into for each block, and the shape they are broadcast to.
    pub(crate) gathers: Vec<(u16, Source, Shape)>,
    pub(crate) steps: Vec<LoopStep>,
    /// Rows that are written over an operand, when the block no longer needs it: the row and the stream.
    pub(crate) writes: Vec<(u16, u16)>,
    /// Rows that are added up: the row, where the partial sums go, where the sum goes.
    pub(crate) totals: Vec<(u16, usize, usize)>,
    pub(crate) nodes: Vec<NodeId>,
}

/// A plan's code.
#[derive(Debug)]
pub(crate) struct Code<F: Real> {
    /// How many elements a block of a loop has.
    pub(crate) block: usize,
    pub(crate) functions: Vec<Elementwise<F>>,
    pub(crate) steps: Vec<Step>,
    pub(crate) gathers: Vec<Gather>,
    pub(crate) kernels: Vec<Kernel<F>>,
    pub(crate) loops: Vec<Loop>,
    pub(crate) actions: Vec<Action>,
    /// From this action on, inputs are updated; no action from here on can refuse.
    pub(crate) commit: usize,
    /// Inputs that are copied into the arena before the run: slot, position, size.
    pub(crate) copied_in: Vec<(usize, usize, usize)>,
    /// Outputs that are copied over inputs after the run.
    pub(crate) copied_out: Vec<(usize, Source)>,
    pub(crate) outputs: Vec<Source>,
    /// What the arena holds from the start: constants.
    pub(crate) constants: Vec<(usize, Arc<Vec<F>>)>,
    pub(crate) numbers: Vec<(usize, usize, F)>,
    /// The most rows a loop has.
    pub(crate) rows: usize,
}

struct Compiler<'a, F: Real> {
    program: &'a Program<F>,
    schedule: &'a Schedule,
    memory: &'a Memory,
    code: Code<F>,
    known: HashMap<(&'static str, Attributes), u32>,
}

/// Compiles the groups of a schedule, the arrays lying where `memory` says. `commit` is the first group that updates an
/// input.
pub(crate) fn compile<F: Real>(
    program: &Program<F>,
    schedule: &Schedule,
    memory: &Memory,
    updates: &[Update],
    commit: usize,
) -> Result<Code<F>> {
    if u32::try_from(memory.length).is_err() {
        let message = format!("the arrays take {} elements together, more than a plan addresses", memory.length);
        return Err(Error::new(ErrorKind::Mismatch, "plan", message));
    }
    let code = Code {
        block: schedule.block,
        functions: Vec::new(),
        steps: Vec::new(),
        gathers: Vec::new(),
        kernels: Vec::new(),
        loops: Vec::new(),
        actions: Vec::new(),
        commit: usize::MAX,
        copied_in: Vec::new(),
        copied_out: Vec::new(),
        outputs: Vec::new(),
        constants: Vec::new(),
        numbers: Vec::new(),
        rows: 0,
    };
    let mut compiler = Compiler { program, schedule, memory, code, known: HashMap::new() };
    compiler.leaves();
    for (index, group) in schedule.groups.iter().enumerate() {
        if index == commit {
            compiler.before_commit();
        }
        match group {
            Group::Row(id) => compiler.row(*id)?,
            Group::Kernel(id) => compiler.kernel(*id)?,
            Group::Loop { size, nodes } => compiler.whole_loop(*size, nodes)?,
        }
    }
    if compiler.code.commit == usize::MAX {
        compiler.before_commit();
    }
    compiler.ends(updates);
    Ok(compiler.code)
}

impl<F: Real> Compiler<'_, F> {
    fn leaves(&mut self) {
        for (slot, id) in self.program.inputs.iter().enumerate() {
            if let Home::Arena(start) = self.memory.homes[*id] {
                self.code.copied_in.push((slot, start, self.program.nodes[*id].shape.size()));
            }
        }
        for (id, node) in self.program.nodes.iter() {
            let Home::Arena(start) = self.memory.homes[id] else { continue };
            match &node.op {
                Op::Constant(Value::Splat(x)) => self.code.numbers.push((start, 1, *x)),
                Op::Constant(Value::Array(data)) => self.code.constants.push((start, data.clone())),
                Op::Constant(value) => {
                    let numbers: Vec<F> = value.view(&node.shape).into_iter().flat_map(|view| view.iter()).collect();
                    self.code.constants.push((start, Arc::new(numbers)));
                }
                _ => {}
            }
        }
    }

    /// Which function, made once for each primitive with its attributes.
    fn function(&mut self, id: NodeId) -> Result<u32> {
        let faulty = || Error::new(ErrorKind::FaultyRule, "plan", format!("{id} is not elementwise"));
        let Op::Apply(primitive) = &self.program.nodes[id].op else { return Err(faulty()) };
        let key = (primitive.name(), primitive.attributes());
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let function = primitive.elementwise().ok_or_else(faulty)?;
        let index = self.code.functions.len() as u32;
        if function.operands() != self.program.nodes[id].inputs.len() {
            return Err(faulty());
        }
        self.code.functions.push(function);
        self.known.insert(key, index);
        Ok(index)
    }

    fn source(&self, id: NodeId) -> Source {
        let base = self.schedule.base(id);
        let extent = match splat(&self.program.nodes[base]) {
            Some(_) => 1,
            None => self.program.nodes[base].shape.size(),
        };
        let layout = self.schedule.layouts[id].clone().filter(|_| !self.schedule.is_whole(id, extent));
        Source { home: self.memory.homes[base], extent, layout, shape: self.program.nodes[id].shape.clone() }
    }

    /// Where `operand` lies in order, if it does.
    fn in_order(&self, operand: NodeId, size: usize) -> Option<Home> {
        let source = self.source(operand);
        (source.layout.is_none() && source.extent == size).then_some(source.home)
    }

    fn row(&mut self, id: NodeId) -> Result<()> {
        let node = &self.program.nodes[id];
        let size = node.shape.size();
        let function = self.function(id)?;
        let (mut inputs, mut numbers) = ([0; 3], 0);
        for (position, (operand, input)) in node.inputs.iter().zip(&mut inputs).enumerate() {
            let gathered = self.memory.gathered.get(&(id, position)).copied();
            let start = if let Some(row) = gathered {
                let gather = Gather { source: self.source(*operand), shape: node.shape.clone(), output: row };
                self.code.gathers.push(gather);
                self.code.actions.push(Action::Gather(self.code.gathers.len() - 1));
                row
            } else {
                // A number of any array, or a row that lies in order.
                let source = self.source(*operand);
                if source.extent == 1 && size > 1 {
                    numbers |= 1 << position;
                }
                match source.home {
                    Home::Arena(start) => start + source.layout.map_or(0, |layout| layout.offset),
                    _ => return Err(misplaced(id)),
                }
            };
            *input = start as u32;
        }
        let Home::Arena(output) = self.memory.homes[id] else { return Err(misplaced(id)) };
        let operands = node.inputs.len() as u8;
        let step = Step { function, length: size as u16, operands, numbers, output: output as u32, inputs };
        self.code.steps.push(step);
        let end = self.code.steps.len();
        let apart = self.code.commit == self.code.actions.len();
        match self.code.actions.last_mut() {
            Some(Action::Steps(range)) if !apart => range.end = end,
            _ => self.code.actions.push(Action::Steps(end - 1..end)),
        }
        Ok(())
    }

    fn kernel(&mut self, id: NodeId) -> Result<()> {
        let node = &self.program.nodes[id];
        let Op::Apply(primitive) = &node.op else { return Err(misplaced(id)) };
        let mut operands = SmallVec::new();
        for operand in &node.inputs {
            let source = &self.program.nodes[*operand];
            let slot = match source.kind() {
                Kind::Real => None,
                _ => self.program.inputs.iter().position(|input| input == operand),
            };
            operands.push(match (source.kind(), &source.op, slot) {
                (Kind::Index, Op::Constant(Value::Index(data)), _) => {
                    OperandSource::Indices { data: data.clone(), shape: source.shape.clone() }
                }
                (Kind::Index, _, Some(slot)) => OperandSource::Index { slot, shape: source.shape.clone() },
                (Kind::Key, Op::Constant(Value::Key(key)), _) => OperandSource::Key(*key),
                (Kind::Key, _, Some(slot)) => OperandSource::KeyInput { slot },
                (Kind::Real, ..) => OperandSource::Real(self.source(*operand)),
                _ => return Err(misplaced(*operand)),
            });
        }
        let read = |operand: &OperandSource| match operand {
            OperandSource::Real(source) => source.shape.size(),
            _ => 0,
        };
        let rows = node.shape.first().copied().unwrap_or(1).max(1);
        let work = match (primitive.rows(), operands.first()) {
            (Some(_), Some(first)) => node.shape.size() * read(first) / rows,
            _ => node.shape.size().max(operands.iter().map(read).sum()),
        };
        let output = self.memory.homes[id];
        let shape = node.shape.clone();
        self.code.kernels.push(Kernel { node: id, primitive: primitive.clone(), operands, output, shape, work });
        self.code.actions.push(Action::Kernel(self.code.kernels.len() - 1));
        Ok(())
    }

    /// Outputs that would be lost with the memory they lie in are copied, before any of it changes.
    fn before_commit(&mut self) {
        for (id, staged) in self.program.outputs.iter().zip(&self.memory.staged) {
            if let Some(output) = staged {
                let gather =
                    Gather { source: self.source(*id), shape: self.program.nodes[*id].shape.clone(), output: *output };
                self.code.gathers.push(gather);
                self.code.actions.push(Action::Gather(self.code.gathers.len() - 1));
            }
        }
        self.code.commit = self.code.actions.len();
    }

    fn ends(&mut self, updates: &[Update]) {
        for (id, staged) in self.program.outputs.iter().zip(&self.memory.staged) {
            let source = match staged {
                Some(start) => {
                    let shape = self.program.nodes[*id].shape.clone();
                    Source { home: Home::Arena(*start), extent: shape.size(), layout: None, shape }
                }
                None => self.source(*id),
            };
            self.code.outputs.push(source);
        }
        for update in updates.iter().filter(|update| !update.in_place) {
            if let Some(source) = self.code.outputs.get(update.output) {
                self.code.copied_out.push((update.slot, source.clone()));
            }
        }
    }

    fn whole_loop(&mut self, size: usize, nodes: &[NodeId]) -> Result<()> {
        let mut made = LoopRows::default();
        let mut code = Loop {
            size,
            rows: 0,
            streams: Vec::new(),
            gathers: Vec::new(),
            steps: Vec::new(),
            writes: Vec::new(),
            totals: Vec::new(),
            nodes: nodes.to_vec(),
        };
        // The last step that reads each row of the loop.
        let mut last: HashMap<NodeId, usize> = HashMap::new();
        for (index, id) in nodes.iter().enumerate() {
            last.extend(self.program.nodes[*id].inputs.iter().map(|operand| (self.schedule.base(*operand), index)));
        }
        for (index, id) in nodes.iter().enumerate() {
            let node = &self.program.nodes[*id];
            let mut rows = [Row::Own(0); 3];
            for (operand, row) in node.inputs.iter().zip(&mut rows) {
                // A total reads its operand as it is; what is elementwise broadcasts it, or takes it as a number.
                *row = match self.schedule.totals[*id] {
                    true => {
                        let shape = &self.program.nodes[*operand].shape;
                        self.loop_operand(&mut made, &mut code, *operand, size, shape, false)?
                    }
                    false => self.loop_operand(&mut made, &mut code, *operand, size, &node.shape, true)?,
                };
            }
            if self.schedule.totals[*id] {
                let (Some(partials), Home::Arena(sum)) = (self.memory.partials.get(id), self.memory.homes[*id]) else {
                    return Err(misplaced(*id));
                };
                // Added at the end of the block, so the row is kept until then.
                if let [x] = *node.inputs {
                    made.kept.push(self.schedule.base(x));
                }
                made.totals.push((rows[0], *partials, sum));
                continue;
            }
            let function = self.function(*id)?;
            let home = self.memory.homes[*id];
            // Over an operand: in a row first, for the block may still read what is there.
            let over = match home {
                Home::Row => false,
                Home::Feed(_) => true,
                home => {
                    let taken =
                        |n: &NodeId| self.schedule.base(*n) != *id && self.memory.homes[self.schedule.base(*n)] == home;
                    nodes.iter().any(|node| self.program.nodes[*node].inputs.iter().any(taken))
                }
            };
            let output =
                if home == Home::Row || over { Row::Own(made.take()) } else { made.stream(&mut code, home, true) };
            made.places.insert(*id, output);
            if over {
                made.kept.push(*id);
                let stream = made.stream(&mut code, home, true);
                made.writes.push((output, stream));
            }
            made.steps.push((function, node.inputs.len() as u8, output, rows));
            for operand in node.inputs.iter().map(|operand| self.schedule.base(*operand)).chain([*id]) {
                let dead = last.get(&operand).is_none_or(|last| *last == index) && !made.kept.contains(&operand);
                if let (true, Some(Row::Own(row))) = (dead, made.places.get(&operand).copied()) {
                    made.places.remove(&operand);
                    made.free.push(row);
                }
            }
        }
        made.finish(&mut code);
        self.code.rows = self.code.rows.max(code.rows);
        self.code.loops.push(code);
        self.code.actions.push(Action::Loop(self.code.loops.len() - 1));
        Ok(())
    }

    fn loop_operand(
        &self,
        made: &mut LoopRows,
        code: &mut Loop,
        operand: NodeId,
        size: usize,
        shape: &Shape,
        number: bool,
    ) -> Result<Row> {
        let base = self.schedule.base(operand);
        if let Some(home) = self.in_order(operand, size) {
            return match made.places.get(&base) {
                Some(row) => Ok(*row),
                None if home == Home::Row => Err(misplaced(operand)),
                None => Ok(made.stream(code, home, true)),
            };
        }
        let source = self.source(operand);
        if number && source.extent == 1 {
            return Ok(made.stream(code, source.home, false));
        }
        let known = made.gathered.iter().find(|(node, as_shape, _)| *node == operand && as_shape == shape);
        if let Some((.., row)) = known {
            return Ok(Row::Own(*row));
        }
        let row = made.take_for_good();
        made.gathered.push((operand, shape.clone(), row));
        code.gathers.push((row, source, shape.clone()));
        Ok(Row::Own(row))
    }
}

/// A row of a loop while it is compiled: streams are numbered after the loop's own rows, whose number is not yet known.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Row {
    Own(u16),
    Stream(u16),
}

#[derive(Default)]
struct LoopRows {
    places: HashMap<NodeId, Row>,
    gathered: Vec<(NodeId, Shape, u16)>,
    free: Vec<u16>,
    count: u16,
    kept: Vec<NodeId>,
    steps: Vec<(u32, u8, Row, [Row; 3])>,
    writes: Vec<(Row, Row)>,
    totals: Vec<(Row, usize, usize)>,
}

impl LoopRows {
    fn take(&mut self) -> u16 {
        self.free.pop().unwrap_or_else(|| self.take_for_good())
    }

    fn take_for_good(&mut self) -> u16 {
        self.count += 1;
        self.count - 1
    }

    fn stream(&mut self, code: &mut Loop, home: Home, moves: bool) -> Row {
        let stream = Stream { home, moves };
        let known = code.streams.iter().position(|known| *known == stream);
        Row::Stream(known.unwrap_or_else(|| {
            code.streams.push(stream);
            code.streams.len() - 1
        }) as u16)
    }

    fn finish(self, code: &mut Loop) {
        let count = self.count;
        let number = |row: Row| match row {
            Row::Own(row) => row,
            Row::Stream(stream) => count + stream,
        };
        let streams = &code.streams;
        let is_number = |row: &Row| match row {
            Row::Own(_) => false,
            Row::Stream(stream) => streams.get(usize::from(*stream)).is_some_and(|stream| !stream.moves),
        };
        code.rows = usize::from(count);
        code.steps = self
            .steps
            .into_iter()
            .map(|(function, operands, output, inputs)| LoopStep {
                function,
                operands,
                numbers: inputs.iter().enumerate().map(|(k, row)| u8::from(is_number(row)) << k).sum(),
                output: number(output),
                inputs: inputs.map(number),
            })
            .collect();
        code.writes = self.writes.into_iter().map(|(row, stream)| (number(row), number(stream))).collect();
        code.totals = self.totals.into_iter().map(|(row, partials, sum)| (number(row), partials, sum)).collect();
    }
}

fn misplaced(id: NodeId) -> Error {
    Error::new(ErrorKind::FaultyRule, "plan", format!("{id} has no place in memory"))
}
