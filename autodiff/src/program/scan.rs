//! Running a program once for each step of a loop.

use super::loops::loop_at;
use super::{Input, Program};
use crate::base::error::{Error, ErrorKind, Place, Refusal, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{self, Operand, View, ViewMut};
use crate::primitive::{Made, Output, Steps};
use crate::tape::node::Node;
use crate::tape::value::{Value, reserve, zeros};
use std::sync::Arc;

/// What the body of a loop is given, from step to step.
pub(crate) struct Stepping<'a, F: Real> {
    body: &'a Program<F>,
    steps: Steps,
    /// The most steps that are made.
    pub(crate) most: usize,
    pub(crate) carries: Vec<Value<F>>,
    rows: Vec<&'a Operand<'a, F>>,
    invariants: Vec<Value<F>>,
    /// How many were made.
    pub(crate) done: usize,
}

impl<'a, F: Real> Stepping<'a, F> {
    /// Before the first step of a loop over `body`, of these operands.
    pub(crate) fn new(
        body: &'a Program<F>,
        steps: Steps,
        operands: &'a [Operand<'a, F>],
    ) -> std::result::Result<Self, Refusal> {
        let Steps { count, made, carries, inputs, .. } = steps;
        if operands.len() + 1 != body.inputs.len() + steps.behind() {
            return Err(wrong());
        }
        let most = match operands.last() {
            Some(Operand::Index(given)) if made == Made::Given => steps.checked_index(given.iter().sum())?,
            Some(Operand::Real(given)) if made == Made::Given => {
                steps.checked(given.iter().fold(F::zero(), |_, x| x))?
            }
            _ => count,
        };
        let invariants = body.inputs.len().saturating_sub(1 + carries + inputs);
        Ok(Stepping {
            body,
            steps,
            most,
            carries: operands.iter().take(carries).map(owned).collect::<Result<_, _>>()?,
            rows: operands.iter().skip(carries).take(inputs).collect(),
            invariants: operands.iter().skip(carries + inputs).take(invariants).map(owned).collect::<Result<_, _>>()?,
            done: 0,
        })
    }

    /// The number of the next step.
    pub(crate) fn number(&self) -> usize {
        if self.steps.reversed { self.most.saturating_sub(1 + self.done) } else { self.done }
    }

    /// What the body is given in the next step.
    pub(crate) fn inputs(&self) -> Result<Vec<Value<F>>, Refusal> {
        let t = self.number();
        let ids = self.body.inputs.iter().skip(1 + self.steps.carries);
        let rows = self.rows.iter().zip(ids).map(|(x, id)| self.body.row(x, *id, t));
        std::iter::once(Value::Index(Arc::new(vec![t])))
            .chain(self.carries.iter().cloned())
            .map(Ok)
            .chain(rows)
            .chain(self.invariants.iter().cloned().map(Ok))
            .collect()
    }

    /// Makes the step that has these values, and says whether another one follows.
    pub(crate) fn make(&mut self, values: &IdVec<Value<F>>) -> bool {
        let carried = self.steps.carries;
        let next = self.body.outputs.iter().take(carried).map(|id| values[*id].clone());
        self.carries.clear();
        self.carries.extend(next);
        self.done += 1;
        let go_on = self.body.outputs.get(carried).filter(|_| self.steps.made == Made::While);
        let stops = go_on.and_then(|id| values[*id].view(&Shape::scalar())?.iter().next()) == Some(F::zero());
        self.done < self.most && !stops
    }
}

fn wrong() -> Refusal {
    Refusal::new("the loop has other operands or results")
}

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
    ) -> std::result::Result<(), Refusal> {
        if outputs.len() != self.outputs.len() {
            return Err(wrong());
        }
        let (carried, first_output) = (steps.carries, steps.carries + steps.between());
        let mut stepping = Stepping::new(self, steps, inputs)?;
        let mut goes_on = stepping.most > 0;
        while goes_on {
            let t = stepping.number();
            let given = stepping.inputs()?;
            // The carries may be written over: nobody else has them.
            stepping.carries.clear();
            let values = self.values(self.bind_values(given)).map_err(|error| refused(t, &error))?;
            for (id, output) in self.outputs.iter().zip(&mut *outputs).skip(first_output) {
                let shape = &self.nodes[*id].shape;
                let size = shape.size();
                write(&values[*id], shape, output, t * size..(t + 1) * size).ok_or_else(wrong)?;
            }
            goes_on = stepping.make(&values);
        }
        let done = stepping.done;
        for (id, output) in self.outputs.iter().zip(&mut *outputs).skip(first_output) {
            let size = self.nodes[*id].shape.size();
            clear(output, done * size..steps.count * size).ok_or_else(wrong)?;
        }
        if let (Made::While, Some(Output::Index(y))) = (steps.made, outputs.get_mut(carried)) {
            y.reborrow().as_mut_slice().iter_mut().for_each(|y| *y = done);
        }
        for ((carry, id), output) in stepping.carries.iter().zip(&self.outputs).zip(outputs) {
            let shape = &self.nodes[*id].shape;
            write(carry, shape, output, 0..shape.size()).ok_or_else(wrong)?;
        }
        Ok(())
    }

    /// What step `t` has of a per-step input.
    pub(crate) fn row(&self, x: &Operand<'_, F>, id: NodeId, t: usize) -> Result<Value<F>, Refusal> {
        let shape = &self.nodes[id].shape;
        let size = shape.size();
        Ok(match (x, self.nodes[id].kind) {
            (Operand::Real(x), Kind::Real) => {
                let mut data = zeros(shape, F::zero())?;
                let mut rows = x.reader();
                rows.seek(t * size);
                rows.read(&mut data);
                match (shape.rank(), data.as_slice()) {
                    (0, [number]) => Value::Splat(*number),
                    _ => Value::Array(Arc::new(data)),
                }
            }
            (Operand::Index(x), Kind::Index) => {
                let mut data = zeros(shape, 0)?;
                let mut rows = x.reader();
                rows.seek(t * size);
                rows.read(&mut data);
                Value::Index(Arc::new(data))
            }
            _ => Value::Unknown,
        })
    }
}

/// The steps that a loop made, in order.
pub(crate) struct MadeSteps<F: Real> {
    pub(crate) body: Program<F>,
    pub(crate) steps: Steps,
    /// The number of each step, and what the body was given.
    pub(crate) made: Vec<(usize, Vec<Input<F>>)>,
}

impl<F: Real> MadeSteps<F> {
    /// Those of node `id`, if it is a loop, where its operands have these values: it runs once more.
    ///
    /// # Errors
    /// [`ErrorKind::NoValue`] where a value is not known; the refusal of an operation.
    pub(crate) fn of(nodes: &IdVec<Node<F>>, id: NodeId, value: &dyn Fn(NodeId) -> Value<F>) -> Result<Option<Self>> {
        let node = &nodes[id];
        let Some((body, steps)) = loop_at(nodes, node) else { return Ok(None) };
        let values: Vec<(Value<F>, &Shape)> = node.inputs.iter().map(|id| (value(*id), &nodes[*id].shape)).collect();
        let operands: Option<Vec<Operand<'_, F>>> = values.iter().map(|(value, shape)| value.operand(shape)).collect();
        let missing = || Error::new(ErrorKind::NoValue, "scan", format!("an operand of {id} has no value"));
        let refused = |refusal: Refusal| Error::new(ErrorKind::Refused, "scan", refusal.message);
        let operands = operands.ok_or_else(missing)?;
        let mut stepping = Stepping::new(body, steps, &operands).map_err(refused)?;
        let mut made = Vec::new();
        let mut goes_on = stepping.most > 0;
        while goes_on {
            let given = stepping.inputs().map_err(refused)?;
            let input = |(value, id): (&Value<F>, &NodeId)| {
                Input::of(value, &body.nodes[*id].shape).map_err(refused)?.ok_or_else(missing)
            };
            let inputs = given.iter().zip(&body.inputs).map(input).collect::<Result<_>>()?;
            made.push((stepping.number(), inputs));
            let values = body.values(body.bind_values(given))?;
            goes_on = stepping.make(&values);
        }
        Ok(Some(MadeSteps { body: body.clone(), steps, made }))
    }
}

/// An operand as a value.
fn owned<F: Real>(operand: &Operand<'_, F>) -> Result<Value<F>, Refusal> {
    Ok(match operand {
        Operand::Real(view) if view.shape().rank() == 0 => view.iter().next().map_or(Value::Unknown, Value::Splat),
        Operand::Real(view) => {
            let mut data = reserve(view.shape())?;
            data.extend(view.iter());
            Value::Array(Arc::new(data))
        }
        Operand::Index(view) => {
            let mut data = reserve(view.shape())?;
            data.extend(view.iter());
            Value::Index(Arc::new(data))
        }
        Operand::Key(key) => Value::Key(*key),
    })
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
