//! From groups and homes to code: every address is resolved, once.

use super::code::{Action, Code, Gather, Kernel, OperandSource, Output, Place, Source, WholeStep};
use super::memory::{Home, Memory, Update, splat};
use super::prepare::Compiled;
use super::schedule::{Group, Schedule};
use crate::base::attributes::Attributes;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::Layout;
use crate::kernels::{Elementwise, Pair};
use crate::primitive::{self, Kind};
use crate::program::Program;
use crate::tape::node::Op;
use crate::tape::query::results_of;
use crate::tape::value::Value;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub(super) struct Compiler<'a, F: Real> {
    pub(super) program: &'a Program<F>,
    pub(super) schedule: &'a Schedule,
    pub(super) memory: &'a Memory,
    pub(super) code: Code<F>,
    known: HashMap<(&'static str, Attributes), u32>,
    pairs: HashMap<Pair, u32>,
    pub(super) bodies: BTreeMap<NodeId, Compiled<F>>,
}

/// Compiles the groups of a schedule, the arrays lying where `memory` says. `commit` is the first group that updates an
/// input.
pub(crate) fn compile<F: Real>(
    program: &Program<F>,
    schedule: &Schedule,
    memory: &Memory,
    updates: &[Update],
    commit: usize,
    bodies: BTreeMap<NodeId, Compiled<F>>,
) -> Result<Code<F>> {
    if u32::try_from(memory.length).is_err() {
        let message = format!("the arrays take {} elements together, more than a plan addresses", memory.length);
        return Err(Error::new(ErrorKind::Resources, "plan", message));
    }
    let code = Code {
        block: schedule.block,
        functions: Vec::new(),
        steps: Vec::new(),
        gathers: Vec::new(),
        copies: Vec::new(),
        kernels: Vec::new(),
        onto: Vec::new(),
        loops: Vec::new(),
        scans: Vec::new(),
        actions: Vec::new(),
        commit: usize::MAX,
        copied_in: Vec::new(),
        copied_out: Vec::new(),
        outputs: Vec::new(),
        constants: Vec::new(),
        numbers: Vec::new(),
        rows: 0,
        workspace: 0,
    };
    let (known, pairs) = (HashMap::new(), HashMap::new());
    let mut compiler = Compiler { program, schedule, memory, code, known, pairs, bodies };
    compiler.leaves();
    for (index, group) in schedule.groups.iter().enumerate() {
        if index == commit {
            compiler.before_commit()?;
        }
        match group {
            Group::Row(id) => compiler.row(*id)?,
            Group::Kernel(id) if compiler.bodies.contains_key(id) => compiler.scan(*id)?,
            Group::Kernel(id) => compiler.kernel(*id)?,
            Group::Onto([product, sum]) => compiler.onto(*product, *sum)?,
            Group::Loop { size, nodes } => compiler.whole_loop(*size, nodes)?,
        }
    }
    if compiler.code.commit == usize::MAX {
        compiler.before_commit()?;
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
                Op::Constant(Value::Splat(x)) => self.code.numbers.push((start, *x)),
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
    pub(super) fn function(&mut self, id: NodeId) -> Result<u32> {
        let faulty = || Error::new(ErrorKind::FaultyRule, "plan", format!("{id} is not elementwise"));
        let Op::Apply(primitive) = &self.program.nodes[id].op else { return Err(faulty()) };
        let key = (primitive.name(), primitive.attributes());
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let shapes = self.program.nodes[id].inputs.iter().map(|operand| &self.program.nodes[*operand].shape);
        let primitive::Kernel::Elementwise(function) = primitive.kernel(&shapes.collect::<SmallVec<[_; 4]>>()) else {
            return Err(faulty());
        };
        if function.operands() != self.program.nodes[id].inputs.len() {
            return Err(faulty());
        }
        let index = self.add_function(function)?;
        self.known.insert(key, index);
        Ok(index)
    }

    /// Which function this pair is, if there is one.
    pub(super) fn pair(&mut self, pair: Pair) -> Result<Option<u32>> {
        if let Some(known) = self.pairs.get(&pair) {
            return Ok(Some(*known));
        }
        let Some(function) = pair.elementwise() else { return Ok(None) };
        let index = self.add_function(function)?;
        self.pairs.insert(pair, index);
        Ok(Some(index))
    }

    fn add_function(&mut self, function: Elementwise<F>) -> Result<u32> {
        let index = self.code.functions.len() as u32;
        if u16::try_from(index).is_err() {
            let message = "the program has more than 65,536 different elementwise primitives";
            return Err(Error::new(ErrorKind::Resources, "plan", message));
        }
        self.code.functions.push(function);
        Ok(index)
    }

    pub(super) fn source(&self, id: NodeId) -> Source {
        let base = self.schedule.base(id);
        let extent = match splat(&self.program.nodes[base]) {
            Some(_) => 1,
            None => self.program.nodes[base].shape.size(),
        };
        let shape = &self.program.nodes[id].shape;
        let layout = match self.schedule.is_whole(id, extent) {
            true => None,
            false => self.schedule.lies[id].layout(shape).map(Cow::into_owned),
        };
        Source { home: self.memory.homes[base], extent, layout, shape: shape.clone() }
    }

    /// Where `operand` lies in order, if it does.
    pub(super) fn in_order(&self, operand: NodeId, size: usize) -> Option<Home> {
        let source = self.source(operand);
        (source.layout.is_none() && source.extent == size).then_some(source.home)
    }

    fn row(&mut self, id: NodeId) -> Result<()> {
        let node = &self.program.nodes[id];
        let size = node.shape.size();
        let function = self.function(id)?;
        let (mut inputs, mut numbers) = ([0; 3], 0u8);
        for (position, (operand, input)) in node.inputs.iter().zip(&mut inputs).enumerate() {
            let gathered = self.memory.gathered.get(&(id, position)).copied();
            let start = if let Some(row) = gathered {
                let gather = Gather::new(self.source(*operand), node.shape.clone(), row);
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
        let start = self.code.steps.len();
        let (function, operands, output) = (function as u16, node.inputs.len(), output as u32);
        if !self.code.push_step(WholeStep { function, length: size, operands, numbers, output, inputs }) {
            return Err(misplaced(id));
        }
        let end = self.code.steps.len();
        let apart = self.code.commit == self.code.actions.len();
        let is_number = size == 1 && node.inputs.len() < 3;
        match (self.code.actions.last_mut(), is_number) {
            (Some(Action::Steps(range)), false) | (Some(Action::Numbers(range)), true) if !apart => range.end = end,
            // A few numbers among rows are not worth an action of their own.
            (Some(Action::Steps(range)), true) if !apart && range.len() < 8 => range.end = end,
            (_, true) => self.code.actions.push(Action::Numbers(start..end)),
            (_, false) => self.code.actions.push(Action::Steps(start..end)),
        }
        Ok(())
    }

    /// Where an operand of a kernel is read.
    pub(super) fn operand(&self, id: NodeId) -> Result<OperandSource> {
        let node = &self.program.nodes[id];
        let home = self.memory.homes[self.schedule.base(id)];
        Ok(match (node.kind(), &node.op) {
            (Kind::Real, _) => OperandSource::Real(self.source(id)),
            (Kind::Index, Op::Constant(Value::Index(data))) => {
                OperandSource::Indices { data: data.clone(), shape: node.shape.clone() }
            }
            (Kind::Key, Op::Constant(Value::Key(key))) => OperandSource::Key(*key),
            _ if home == Home::Nowhere => return Err(misplaced(id)),
            (Kind::Index, _) => OperandSource::Index { home, shape: node.shape.clone() },
            (Kind::Key, _) => OperandSource::KeyAt { home },
        })
    }

    fn kernel(&mut self, id: NodeId) -> Result<()> {
        let node = &self.program.nodes[id];
        let Op::Apply(primitive) = &node.op else { return Err(misplaced(id)) };
        let operands =
            node.inputs.iter().map(|operand| self.operand(*operand)).collect::<Result<SmallVec<[_; 3]>>>()?;
        let read = |operand: &OperandSource| match operand {
            OperandSource::Real(source) => source.shape.size(),
            OperandSource::Index { shape, .. } | OperandSource::Indices { shape, .. } => shape.size(),
            OperandSource::KeyAt { .. } | OperandSource::Key(_) => 0,
        };
        let results: SmallVec<[Place; 1]> = self.results(id).collect();
        let shapes = node.inputs.iter().map(|operand| &self.program.nodes[*operand].shape);
        let run = primitive.kernel(&shapes.collect::<SmallVec<[_; 4]>>());
        let written: usize = results.iter().map(|result| result.size).sum();
        let workspace = self.memory.workspaces.get(&id).copied().unwrap_or((0, 0));
        let mut kernel = Kernel {
            node: id,
            primitive: primitive.clone(),
            run,
            work: written.max(operands.iter().map(read).sum()),
            operands,
            results,
            workspace,
            prepared: None,
        };
        if let primitive::Kernel::General(general) = &kernel.run {
            kernel.work = kernel.work.max(general.work);
            if general.rows.is_some() {
                self.code.workspace = self.code.workspace.max(general.workspace);
            }
            let lies = |id: &NodeId| self.schedule.lies[*id].layout(&self.program.nodes[*id].shape);
            let layouts: Option<SmallVec<[Cow<'_, Layout>; 4]>> = node.inputs.iter().map(lies).collect();
            kernel.prepared = general.prepare.zip(layouts).and_then(|(prepare, layouts)| {
                prepare(&layouts.iter().map(|layout| &**layout).collect::<SmallVec<[&Layout; 4]>>())
            });
        }
        self.code.kernels.push(kernel);
        self.code.actions.push(Action::Kernel(self.code.kernels.len() - 1));
        Ok(())
    }

    /// Where the results of an application go.
    pub(super) fn results(&self, id: NodeId) -> impl Iterator<Item = Place> {
        results_of(&self.program.nodes, id).map(|result| {
            let node = &self.program.nodes[result];
            Place::new(self.memory.homes[result], node.kind(), node.shape.clone())
        })
    }

    /// Outputs that would be lost with the memory they lie in are copied, before any of it changes.
    fn before_commit(&mut self) -> Result<()> {
        for (id, staged) in self.program.outputs.iter().zip(&self.memory.staged) {
            let shape = self.program.nodes[*id].shape.clone();
            match staged {
                None => {}
                Some(Home::Arena(output)) => {
                    self.code.gathers.push(Gather::new(self.source(*id), shape, *output));
                    self.code.actions.push(Action::Gather(self.code.gathers.len() - 1));
                }
                Some(home) => {
                    let place = Place::new(*home, self.program.nodes[*id].kind(), shape);
                    let source = self.operand(*id)?;
                    self.code.copies.push((source, place));
                    self.code.actions.push(Action::Copy(self.code.copies.len() - 1));
                }
            }
        }
        self.code.commit = self.code.actions.len();
        Ok(())
    }

    fn ends(&mut self, updates: &[Update]) {
        for (id, staged) in self.program.outputs.iter().zip(&self.memory.staged) {
            let node = &self.program.nodes[*id];
            let (kind, shape) = (node.kind(), node.shape.clone());
            let home = staged.unwrap_or(self.memory.homes[self.schedule.base(*id)]);
            self.code.outputs.push(match (kind, staged) {
                (Kind::Real, Some(home)) => {
                    Output::Real(Source { home: *home, extent: shape.size(), layout: None, shape })
                }
                (Kind::Real, None) => Output::Real(self.source(*id)),
                _ => Output::Other(Place::new(home, kind, shape)),
            });
        }
        for update in updates.iter().filter(|update| !update.in_place) {
            if let Some(Output::Real(source)) = self.code.outputs.get(update.output) {
                self.code.copied_out.push((update.slot, source.clone()));
            }
        }
    }
}

pub(super) fn misplaced(id: NodeId) -> Error {
    Error::new(ErrorKind::FaultyRule, "plan", format!("{id} has no place in memory"))
}
