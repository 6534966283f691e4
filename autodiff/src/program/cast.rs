//! A program in the other precision.

use super::Program;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::IdVec;
use crate::base::real::Real;
use crate::primitive::{Kernel, Registry};
use crate::tape::node::{Node, Op};
use crate::tape::query::operand_shapes;
use std::sync::Arc;

impl<F: Real> Program<F> {
    /// The same program in the other precision: how the gradient of an f32 model is checked in f64.
    ///
    /// Primitives are made again from their names and attributes by `registry`; constants are converted.
    ///
    /// ```
    /// use autodiff::{Input, Registry, Tape};
    /// let tape = Tape::<f32>::new();
    /// let x = tape.input([1.0, 2.0]);
    /// let program = tape.program(&[x.exp().sum(..)])?.cast::<f64>(&Registry::standard())?;
    /// let y = program.run(&[Input::real([1.0f64, 2.0])])?;
    /// assert!((y[0].sum() - (1f64.exp() + 2f64.exp())).abs() < 1e-14);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Registry`](crate::ErrorKind::Registry) if the registry does not know a primitive;
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) if a constant, a number that is neither infinite nor 0, would become
    /// one in the other precision.
    pub fn cast<G: Real>(&self, registry: &Registry<G>) -> Result<Program<G>> {
        let mut nodes = IdVec::new();
        for (_, node) in self.nodes.iter() {
            let op = match &node.op {
                Op::Input(kind) => Op::Input(*kind),
                Op::Constant(value) => Op::Constant(value.cast(&node.shape).map_err(|message| {
                    let message = format!("a constant cannot be cast: {message}");
                    Error::new(ErrorKind::Refused, "cast", message).at(self.labels.place(node))
                })?),
                Op::Error(error) => Op::Error(error.clone()),
                Op::Apply(primitive) => {
                    let bodies =
                        primitive.bodies().iter().map(|body| body.cast(registry)).collect::<Result<Vec<_>>>()?;
                    let made = registry.make(primitive.name(), &primitive.attributes(), &bodies);
                    made.map(Op::Apply).map_err(|error| {
                        let runs_a_program = matches!(primitive.kernel(&operand_shapes(&self.nodes, node)), Kernel::Program);
                        let help = "the rule of `Tape::with_rule` is a function of one type of numbers: record the program \
                                    with the other, or write the rule as a primitive, and add that to the registry";
                        let error = error.at(self.labels.place(node));
                        if runs_a_program { error.with_help(help) } else { error }
                    })?
                }
                Op::Result => Op::Result,
            };
            let Node { inputs, shape, kind, active, scope, location, .. } = node.clone();
            nodes.push(Node { op, inputs, shape, kind, active, scope, location });
        }
        let (inputs, outputs) = (self.inputs.clone(), self.outputs.clone());
        Ok(Program { nodes: Arc::new(nodes), labels: self.labels.clone(), inputs, outputs })
    }
}
