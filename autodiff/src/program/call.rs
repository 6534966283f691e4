//! A program as the kernel of a primitive: arrays in, arrays out.

use super::Program;
use crate::base::error::Refusal;
use crate::base::real::Real;
use crate::kernels::{self, Operand, View};
use crate::primitive::Output;
use crate::tape::value::Value;
use std::sync::Arc;

impl<F: Real> Program<F> {
    /// Evaluates the program on `inputs` and writes its outputs.
    ///
    /// # Errors
    /// The refusal of one of its operations, which is named with its line; a refusal of inputs or outputs that do not fit.
    pub(crate) fn call(&self, inputs: &[Operand<'_, F>], outputs: &mut [Output<'_, F>]) -> Result<(), Refusal> {
        if inputs.len() != self.inputs.len() || outputs.len() != self.outputs.len() {
            return Err(Refusal::new("the program has other inputs or outputs"));
        }
        let bound = self.bind_values(inputs.iter().map(|input| match input {
            Operand::Real(view) if view.shape().rank() == 0 => view.iter().next().map_or(Value::Unknown, Value::Splat),
            Operand::Real(view) => Value::Array(Arc::new(view.iter().collect())),
            Operand::Index(view) => Value::Index(Arc::new(view.iter().collect())),
            Operand::Key(key) => Value::Key(*key),
        }));
        let refused = |error: crate::base::error::Error| {
            let place = error.place().map_or(String::new(), crate::base::error::Place::suffix);
            Refusal::new(format!("{}: {}{place}", error.operation(), error.message()))
        };
        let values = self.values(bound).map_err(refused)?;
        for (id, output) in self.outputs.iter().zip(outputs) {
            let (value, shape) = (&values[*id], &self.nodes[*id].shape);
            let written = match (&mut *output, value) {
                (Output::Real(y), value) => value.view(shape).map(|x| kernels::copy(x, y.reborrow())),
                (Output::Index(y), Value::Index(data)) => {
                    View::contiguous(data, shape).map(|x| kernels::copy(x, y.reborrow()))
                }
                (Output::Key(y), Value::Key(key)) => {
                    **y = *key;
                    Some(())
                }
                _ => None,
            };
            written.ok_or_else(|| Refusal::new("an output of the program is of another kind"))?;
        }
        Ok(())
    }
}
