//! Running a program once for each step of a loop.

use super::Program;
use crate::base::error::{Error, Place, Refusal};
use crate::base::ids::NodeId;
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{self, Operand, View, ViewMut};
use crate::primitive::{Made, Output, Steps};
use crate::tape::value::Value;
use std::sync::Arc;

impl<F: Real> Program<F> {
    /// Runs the program, the body of a loop, once for each step; writes the carries behind the last step and the stacked
    /// outputs.
    ///
    /// # Errors
    /// The refusal of an operation, with the number of the step.
    pub(crate) fn run_steps(
        &self,
        steps: Steps,
        inputs: &[Operand<'_, F>],
        outputs: &mut [Output<'_, F>],
    ) -> Result<(), Refusal> {
        let Steps { count, made, carries: carried, inputs: per_step, reversed } = steps;
        let wrong = || Refusal::new("the loop has other operands or results");
        if inputs.len() + 1 != self.inputs.len() + steps.behind() || outputs.len() != self.outputs.len() {
            return Err(wrong());
        }
        let mut carries: Vec<Value<F>> = inputs.iter().take(carried).map(owned).collect();
        let count = match inputs.last() {
            Some(Operand::Index(given)) if made == Made::Given => steps.checked_index(given.iter().sum())?,
            Some(Operand::Real(given)) if made == Made::Given => {
                steps.checked(given.iter().fold(F::zero(), |_, x| x))?
            }
            _ => count,
        };
        let invariants = self.inputs.len().saturating_sub(1 + carried + per_step);
        let invariants: Vec<Value<F>> = inputs.iter().skip(carried + per_step).take(invariants).map(owned).collect();
        let rows: Vec<&Operand<'_, F>> = inputs.iter().skip(carried).take(per_step).collect();
        let mut done = 0;
        while done < count {
            let position = done;
            let t = if reversed { count - 1 - position } else { position };
            let step = Value::Index(Arc::new(vec![t]));
            let row = rows.iter().zip(self.inputs.iter().skip(1 + carried)).map(|(x, id)| self.row(x, *id, t));
            let bound: Vec<Value<F>> =
                std::iter::once(step).chain(carries.drain(..)).chain(row).chain(invariants.iter().cloned()).collect();
            let values = self.values(self.bind_values(bound)).map_err(|error| refused(t, &error))?;
            carries.extend(self.outputs.iter().take(carried).map(|id| values[*id].clone()));
            for (id, output) in self.outputs.iter().zip(&mut *outputs).skip(carried + steps.between()) {
                let shape = &self.nodes[*id].shape;
                let size = shape.size();
                write(&values[*id], shape, output, t * size..(t + 1) * size).ok_or_else(wrong)?;
            }
            done += 1;
            let go_on = self.outputs.get(carried).filter(|_| made == Made::While);
            if go_on.and_then(|id| values[*id].view(&Shape::scalar())?.iter().next()) == Some(F::zero()) {
                break;
            }
        }
        for (id, output) in self.outputs.iter().zip(&mut *outputs).skip(carried + steps.between()) {
            let size = self.nodes[*id].shape.size();
            clear(output, done * size..steps.count * size).ok_or_else(wrong)?;
        }
        if let (Made::While, Some(Output::Index(y))) = (made, outputs.get_mut(carried)) {
            y.reborrow().as_mut_slice().iter_mut().for_each(|y| *y = done);
        }
        for ((carry, id), output) in carries.iter().zip(&self.outputs).zip(outputs) {
            let shape = &self.nodes[*id].shape;
            write(carry, shape, output, 0..shape.size()).ok_or_else(wrong)?;
        }
        Ok(())
    }

    /// What step `t` has of a per-step input.
    fn row(&self, x: &Operand<'_, F>, id: NodeId, t: usize) -> Value<F> {
        let shape = &self.nodes[id].shape;
        let size = shape.size();
        match (x, self.nodes[id].kind) {
            (Operand::Real(x), Kind::Real) => {
                let mut data = vec![F::zero(); size];
                let mut rows = x.reader();
                rows.seek(t * size);
                rows.read(&mut data);
                match (shape.rank(), data.as_slice()) {
                    (0, [number]) => Value::Splat(*number),
                    _ => Value::Array(Arc::new(data)),
                }
            }
            (Operand::Index(x), Kind::Index) => {
                let mut data = vec![0; size];
                let mut rows = x.reader();
                rows.seek(t * size);
                rows.read(&mut data);
                Value::Index(Arc::new(data))
            }
            _ => Value::Unknown,
        }
    }
}

/// An operand as a value.
fn owned<F: Real>(operand: &Operand<'_, F>) -> Value<F> {
    match operand {
        Operand::Real(view) if view.shape().rank() == 0 => view.iter().next().map_or(Value::Unknown, Value::Splat),
        Operand::Real(view) => Value::Array(Arc::new(view.iter().collect())),
        Operand::Index(view) => Value::Index(Arc::new(view.iter().collect())),
        Operand::Key(key) => Value::Key(*key),
    }
}

/// Writes a value to a range of a result.
fn write<F: Real>(
    value: &Value<F>,
    shape: &Shape,
    output: &mut Output<'_, F>,
    range: std::ops::Range<usize>,
) -> Option<()> {
    match (output, value) {
        (Output::Real(y), value) => {
            let x = value.view(shape)?;
            let mut y = y.reborrow();
            kernels::copy(x, ViewMut::new(y.as_mut_slice().get_mut(range)?, shape)?);
        }
        (Output::Index(y), Value::Index(data)) => {
            let x = View::contiguous(data, shape)?;
            let mut y = y.reborrow();
            kernels::copy(x, ViewMut::new(y.as_mut_slice().get_mut(range)?, shape)?);
        }
        (Output::Key(y), Value::Key(key)) => **y = *key,
        _ => return None,
    }
    Some(())
}

/// Zeros in a range of a result.
fn clear<F: Real>(output: &mut Output<'_, F>, range: std::ops::Range<usize>) -> Option<()> {
    match output {
        Output::Real(y) => y.reborrow().as_mut_slice().get_mut(range)?.fill(F::zero()),
        Output::Index(y) => y.reborrow().as_mut_slice().get_mut(range)?.fill(0),
        _ => {}
    }
    Some(())
}

fn refused(step: usize, error: &Error) -> Refusal {
    let place = error.place().map_or(String::new(), Place::suffix);
    Refusal::new(format!("in step {step}, {}: {}{place}", error.operation(), error.message()))
}
