//! From a group of elementwise nodes to a loop: rows are given out as long as they are needed.

use super::code::{Action, Loop, LoopStep, Stream};
use super::compile::{Compiler, misplaced};
use super::memory::Home;
use crate::base::error::Result;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Arithmetic, Pair};
use smallvec::SmallVec;
use std::collections::HashMap;

impl<F: Real> Compiler<'_, F> {
    pub(super) fn whole_loop(&mut self, size: usize, nodes: &[NodeId]) -> Result<()> {
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
        let calls = self.calls(size, nodes)?;
        // The last step that reads each row of the loop.
        let mut last: HashMap<NodeId, usize> = HashMap::new();
        for (index, call) in calls.iter().enumerate() {
            last.extend(call.operands.iter().map(|operand| (self.schedule.base(*operand), index)));
        }
        for (index, Call { node: id, function, operands }) in calls.iter().enumerate() {
            let node = &self.program.nodes[*id];
            let mut rows = [Row::Own(0); 3];
            for (operand, row) in operands.iter().zip(&mut rows) {
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
            made.steps.push((*function, operands.len() as u8, output, rows));
            for operand in operands.iter().map(|operand| self.schedule.base(*operand)).chain([*id]) {
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

    /// What is called for these nodes, in their order: one function for each, but one for two where both are arithmetic and
    /// the second alone reads the first.
    fn calls(&mut self, size: usize, nodes: &[NodeId]) -> Result<Vec<Call>> {
        let mut readers: HashMap<NodeId, usize> = HashMap::new();
        for operand in nodes.iter().flat_map(|id| self.program.nodes[*id].inputs.iter()) {
            *readers.entry(self.schedule.base(*operand)).or_default() += 1;
        }
        // What became half of a pair leaves a gap.
        let mut calls: Vec<Option<Call>> = Vec::with_capacity(nodes.len());
        let mut singles: HashMap<NodeId, usize> = HashMap::new();
        for id in nodes {
            let mut operands = SmallVec::from_slice(&self.program.nodes[*id].inputs);
            if self.schedule.totals[*id] {
                calls.push(Some(Call { node: *id, function: 0, operands }));
                continue;
            }
            let mut function = self.function(*id)?;
            if let Some(second) = self.arithmetic(function) {
                let half = operands.iter().enumerate().find_map(|(side, operand)| {
                    let base = self.schedule.base(*operand);
                    let single = *singles.get(&base)?;
                    let first = self.arithmetic(calls.get(single)?.as_ref()?.function)?;
                    let only_here = readers.get(&base) == Some(&1)
                        && self.memory.homes[base] == Home::Row
                        && self.in_order(*operand, size).is_some()
                        && self.program.nodes[base].shape == self.program.nodes[*id].shape;
                    let other = operands.get(1 - side).copied()?;
                    only_here.then_some((single, other, Pair { first, second, right: side == 1 }))
                });
                let pair = match half {
                    Some((single, other, pair)) => self.pair(pair)?.map(|both| (single, other, both)),
                    None => None,
                };
                match pair {
                    Some((single, other, both)) => {
                        operands = calls.get_mut(single).and_then(Option::take).map_or(operands, |call| call.operands);
                        operands.push(other);
                        function = both;
                    }
                    None => {
                        singles.insert(*id, calls.len());
                    }
                }
            }
            calls.push(Some(Call { node: *id, function, operands }));
        }
        Ok(calls.into_iter().flatten().collect())
    }

    fn arithmetic(&self, function: u32) -> Option<Arithmetic> {
        self.code.functions.get(function as usize)?.as_arithmetic()
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

/// One function and what it is called with; `node` is what it computes.
struct Call {
    node: NodeId,
    function: u32,
    operands: SmallVec<[NodeId; 3]>,
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
