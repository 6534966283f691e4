//! A plan in words.

use super::Plan;
use super::code::{Action, Code, OperandSource, Place};
use super::memory::Home;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Kernel, Made};
use crate::program::Program;
use crate::tape::node::Op;

impl<F: Real> Plan<F> {
    /// What the plan does, in the order it does it: groups, arrays and their places, bytes, operations.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f32>::new();
    /// let x = tape.input(vec![0.5; 5000]);
    /// let plan = tape.program(&[(x.exp() + 1.0).log().sum(..)])?.plan()?;
    /// let text = plan.explain();
    /// assert!(text.contains("loop over 5000: exp, add, log; sum"), "{text}");
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn explain(&self) -> String {
        let code = &self.code;
        let bytes = |elements: usize| elements * size_of::<F>();
        let mut lines = vec![
            format!(
                "plan of {} nodes ({}): {} actions, {} threads",
                self.program.len(),
                F::NAME,
                code.actions.len(),
                self.threads()
            ),
            format!(
                "memory: {} bytes: arrays {}, memory of threads {}; {} results take the place of an operand",
                self.bytes(),
                bytes(self.arrays),
                bytes(code.scratch(self.threads())),
                self.in_place
            ),
        ];
        let mut work = 0;
        self.actions(&self.program, code, "  ", &mut work, &mut lines);
        for update in &self.updates {
            let how = if update.in_place { "in place" } else { "by a copy at the end" };
            lines.push(format!("input {} ← output {} {how}", update.slot, update.output));
        }
        lines.push(format!("work: {work} operations (a multiply-add is one)\n"));
        lines.join("\n")
    }

    /// A line for each action of `code`, and behind a loop those of its body.
    fn actions(&self, program: &Program<F>, code: &Code<F>, indent: &str, work: &mut usize, lines: &mut Vec<String>) {
        let bytes = |elements: usize| elements * size_of::<F>();
        let commit = if code.commit < code.actions.len() { code.commit } else { usize::MAX };
        for (index, action) in code.actions.iter().enumerate() {
            if index == commit {
                lines.push(format!("{indent}from here on, inputs are updated:"));
            }
            let line = match action {
                Action::Steps(range) => {
                    let (count, elements) =
                        code.whole_steps(range.clone()).fold((0, 0), |(n, sum), step| (n + 1, sum + step.length));
                    *work += elements;
                    format!("{count} steps on {elements} elements")
                }
                Action::Numbers(range) => {
                    *work += range.len();
                    format!("{} steps on single numbers", range.len())
                }
                Action::Gather(gather) => match code.gathers.get(*gather) {
                    Some(gather) => format!("write out {} at {}", gather.shape, bytes(gather.output)),
                    None => continue,
                },
                Action::Scan(scan) => {
                    let Some(scan) = code.scans.get(*scan) else { continue };
                    let (steps, body) = (scan.steps, &scan.body);
                    let most = if steps.made == Made::All { "" } else { "at most " };
                    format!(
                        "{} = loop of {most}{} steps over a body of {} nodes: {} actions, {} bytes",
                        scan.node,
                        steps.count,
                        body.program.len(),
                        body.code.actions.len(),
                        bytes(body.arrays)
                    )
                }
                Action::Copy(copy) => match code.copies.get(*copy) {
                    Some((_, place)) => format!("copy {}", place.kind.of_shape::<F>(&place.shape)),
                    None => continue,
                },
                Action::Kernel(kernel) => {
                    let Some(kernel) = code.kernels.get(*kernel) else { continue };
                    *work += kernel.work;
                    let shapes: Vec<String> = kernel
                        .operands
                        .iter()
                        .map(|operand| match operand {
                            OperandSource::Real(source) => {
                                let strided = if source.layout.is_some() { " strided" } else { "" };
                                format!("{}{strided}", source.shape)
                            }
                            OperandSource::Index { shape, .. } | OperandSource::Indices { shape, .. } => {
                                format!("index{shape}")
                            }
                            OperandSource::KeyAt { .. } | OperandSource::Key(_) => "key".into(),
                        })
                        .collect();
                    let result = |place: &Place| {
                        format!("{} at {}", place.kind.of_shape::<F>(&place.shape), self.place(place.home))
                    };
                    let results: Vec<String> = kernel.results.iter().map(result).collect();
                    format!(
                        "{} = {}({}) → {}, work {}",
                        kernel.node,
                        kernel.primitive.name(),
                        shapes.join(", "),
                        results.join(", "),
                        kernel.work
                    )
                }
                Action::Onto(onto) => {
                    let Some(onto) = code.onto.get(*onto) else { continue };
                    *work += onto.how.work();
                    let [a, b, x] = &onto.operands;
                    let place = if onto.output == x.home { "in its place".into() } else { self.place(onto.output) };
                    format!("{} = {} + {} @ {}, {place}", onto.node, x.shape, a.shape, b.shape)
                }
                Action::Loop(code_of_loop) => {
                    let Some(code_of_loop) = code.loops.get(*code_of_loop) else { continue };
                    *work += code_of_loop.work();
                    let names = |totals: bool| {
                        let mut names = Vec::new();
                        for id in &code_of_loop.nodes {
                            let node = &program.nodes[*id];
                            let shapes: Vec<&Shape> =
                                node.inputs.iter().map(|operand| &program.nodes[*operand].shape).collect();
                            if let Op::Apply(primitive) = &node.op
                                && matches!(primitive.kernel(&shapes), Kernel::Sum) == totals
                            {
                                names.push(primitive.name());
                            }
                        }
                        names.join(", ")
                    };
                    let totals =
                        if code_of_loop.totals.is_empty() { String::new() } else { format!("; {}", names(true)) };
                    let streams = code_of_loop.streams.iter().filter(|stream| stream.moves).count();
                    let (size, rows) = (code_of_loop.size, code_of_loop.rows);
                    format!(
                        "loop over {size}: {}{totals} ({streams} arrays, {rows} rows of {})",
                        names(false),
                        code.block
                    )
                }
            };
            lines.push(format!("{indent}{line}"));
            if let Action::Scan(scan) = action
                && let Some(scan) = code.scans.get(*scan)
            {
                self.actions(&scan.body.program, &scan.body.code, &format!("{indent}  "), &mut 0, lines);
            }
        }
    }

    fn place(&self, home: Home) -> String {
        match home {
            Home::Arena(start) => format!("{}", start * size_of::<F>()),
            Home::Feed(slot) => format!("input {slot}"),
            Home::Indices(start) => format!("index {start}"),
            Home::Key(at) => format!("key {at}"),
            Home::Row | Home::Nowhere => "nowhere".into(),
        }
    }
}
