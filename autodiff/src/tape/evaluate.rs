//! How values come to be: the one way in which recording, programs and traces compute. (A plan runs the same
//! kernels on memory of its own.)

use super::node::Node;
use super::value::{Rearranged, Value, reserve, zeros};
use crate::base::error::Refusal;
use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::kernels::{self, Elementwise, Operand, View, ViewMut};
use crate::primitive::{Call, Kernel, Output, Primitive};
use smallvec::SmallVec;
use std::sync::Arc;

/// The values of the results of one application.
pub(crate) type Values<F> = SmallVec<[Value<F>; 1]>;

/// The values of the results, of these types, of `primitive` applied to the nodes `ids`. Unknown where an operand is.
pub(crate) fn evaluate<F: Real>(
    nodes: &IdVec<Node<F>>,
    values: &IdVec<Value<F>>,
    primitive: &dyn Primitive<F>,
    kernel: &Kernel<F>,
    ids: &[NodeId],
    types: &[Type],
) -> Result<Values<F>, Refusal> {
    if let (Kernel::Elementwise(function), [result]) = (kernel, types) {
        return Ok(Values::from_buf([elementwise(nodes, values, function, ids, &result.shape)?]));
    }
    let mut operands: SmallVec<[Operand<'_, F>; 4]> = SmallVec::new();
    for id in ids {
        match values[*id].operand(&nodes[*id].shape) {
            Some(operand) => operands.push(operand),
            None => return Ok(types.iter().map(|_| Value::Unknown).collect()),
        }
    }
    if let (Kernel::View, [id], [result]) = (kernel, ids, types) {
        return Ok(Values::from_buf([view(primitive, &values[*id], &nodes[*id].shape, &result.shape)?]));
    }
    let mut fresh: SmallVec<[Fresh<F>; 1]> = SmallVec::new();
    for result in types {
        fresh.push(Fresh::of(result)?);
    }
    {
        let mut outputs: SmallVec<[Output<'_, F>; 1]> = SmallVec::new();
        for (fresh, result) in fresh.iter_mut().zip(types) {
            outputs.push(fresh.output(&result.shape).ok_or_else(|| Refusal::new("a result of the wrong size"))?);
        }
        run(primitive, kernel, &operands, &mut outputs)?;
    }
    Ok(fresh.into_iter().map(Fresh::value).collect())
}

/// The value of an elementwise function of the nodes `ids`.
#[inline(always)]
pub(crate) fn elementwise<F: Real>(
    nodes: &IdVec<Node<F>>,
    values: &IdVec<Value<F>>,
    function: &Elementwise<F>,
    ids: &[NodeId],
    shape: &Shape,
) -> Result<Value<F>, Refusal> {
    // One number in every position of the operands is one number in every position of the result.
    match number(function, values, ids) {
        Some(number) => Ok(Value::Splat(number)),
        None => elementwise_array(nodes, values, function, ids, shape),
    }
}

/// [`elementwise`] where not all operands are numbers.
#[inline(never)]
fn elementwise_array<F: Real>(
    nodes: &IdVec<Node<F>>,
    values: &IdVec<Value<F>>,
    function: &Elementwise<F>,
    ids: &[NodeId],
    shape: &Shape,
) -> Result<Value<F>, Refusal> {
    let mut operands: SmallVec<[Operand<'_, F>; 3]> = SmallVec::new();
    for id in ids {
        match values[*id].operand(&nodes[*id].shape) {
            Some(operand) => operands.push(operand),
            None => return Ok(Value::Unknown),
        }
    }
    if shape.rank() == 0 {
        let mut number = F::zero();
        if let Some(output) = ViewMut::new(std::slice::from_mut(&mut number), shape) {
            function.evaluate(&operands, output)?;
        }
        return Ok(Value::Splat(number));
    }
    let mut data = zeros(shape, F::zero())?;
    if let Some(output) = ViewMut::new(&mut data, shape) {
        function.evaluate(&operands, output)?;
    }
    Ok(Value::Array(Arc::new(data)))
}

/// `function` of operands that are all one number.
#[inline(always)]
fn number<F: Real>(function: &Elementwise<F>, values: &IdVec<Value<F>>, ids: &[NodeId]) -> Option<F> {
    let splat = |id: &NodeId| match &values[*id] {
        Value::Splat(x) => Some(*x),
        _ => None,
    };
    let zero = F::zero();
    let (a, b, c) = match ids {
        [a] => (splat(a)?, zero, zero),
        [a, b] => (splat(a)?, splat(b)?, zero),
        [a, b, c] => (splat(a)?, splat(b)?, splat(c)?),
        _ => return None,
    };
    (function.operands() == ids.len()).then(|| function.number(a, b, c))
}

/// Runs `primitive`, whose kernel is `kernel`, on operands that lie in memory.
pub(crate) fn run<F: Real>(
    primitive: &dyn Primitive<F>,
    kernel: &Kernel<F>,
    inputs: &[Operand<'_, F>],
    outputs: &mut [Output<'_, F>],
) -> Result<(), Refusal> {
    match kernel {
        Kernel::Elementwise(function) => match outputs {
            [output] => function.evaluate(inputs, real_output(output)?),
            _ => Err(Refusal::new("an elementwise primitive has one result")),
        },
        Kernel::View => match (inputs, outputs) {
            ([Operand::Real(x)], [Output::Real(y)]) => rearranged(primitive, *x, y),
            ([Operand::Index(x)], [Output::Index(y)]) => rearranged(primitive, *x, y),
            _ => Err(Refusal::new("a view has one operand, and one result of the same kind")),
        },
        Kernel::Sum => match (inputs, outputs) {
            ([x], [output]) => {
                let (x, y) = (x.real()?, real_output(output)?);
                let axes: SmallVec<[usize; 8]> = (0..x.shape().rank()).collect();
                match y.shape().size() {
                    1 => kernels::sum_over(x, &axes, y),
                    _ => return Err(Refusal::new("the sum of all elements is one number")),
                }
                Ok(())
            }
            _ => Err(Refusal::new("a sum has one operand and one result")),
        },
        Kernel::Program => match primitive.bodies() {
            [body, ..] => body.call(inputs, outputs),
            [] => Err(Refusal::new("the primitive runs a program and has none")),
        },
        Kernel::Scan(steps) => match primitive.bodies() {
            [body, ..] => body.run_steps(*steps, inputs, outputs),
            [] => Err(Refusal::new("the primitive runs a loop and has no body")),
        },
        Kernel::General(general) => {
            let mut workspace: SmallVec<[F; 0]> = SmallVec::new();
            let refuse = |_| Refusal::new(format!("no memory for a workspace of {} numbers", general.workspace));
            workspace.try_reserve_exact(general.workspace).map_err(refuse)?;
            workspace.resize(general.workspace, F::zero());
            own_kernel(primitive, inputs, outputs, &mut workspace)
        }
    }
}

/// Runs a primitive by its own kernel. What it was given to write and did not take would hold anything, so that is refused.
#[inline]
pub(crate) fn own_kernel<F: Real>(
    primitive: &dyn Primitive<F>,
    inputs: &[Operand<'_, F>],
    outputs: &mut [Output<'_, F>],
    workspace: &mut [F],
) -> Result<(), Refusal> {
    primitive.evaluate(&mut Call::new(inputs, outputs, workspace))?;
    match outputs.iter().position(|output| !matches!(output, Output::Taken)) {
        None => Ok(()),
        Some(i) => Err(unwritten(i, outputs)),
    }
}

#[cold]
fn unwritten<F>(i: usize, outputs: &[Output<'_, F>]) -> Refusal {
    let take = match outputs.get(i) {
        Some(Output::Index(_)) => "index_result",
        Some(Output::Key(_)) => "key_result",
        _ => "y",
    };
    Refusal::new(format!("`evaluate` left result {i} of {} unwritten: it is `call.{take}({i})?`", outputs.len()))
}

fn real_output<'a, F>(output: &mut Output<'a, F>) -> Result<ViewMut<'a, F>, Refusal> {
    match std::mem::replace(output, Output::Taken) {
        Output::Real(view) => Ok(view),
        _ => Err(Refusal::new("the result should be an array of reals")),
    }
}

/// Copies the elements of `x` to where the layout rule of `primitive` puts them.
fn rearranged<F: Real, T: Copy>(
    primitive: &dyn Primitive<F>,
    x: View<'_, T>,
    y: &mut ViewMut<'_, T>,
) -> Result<(), Refusal> {
    let (data, strides) = x.parts();
    let layout = Layout { shape: x.shape().clone(), strides, offset: 0 };
    let y = y.reborrow();
    if y.shape().size() == 0 {
        return Ok(());
    }
    if let Some(layout) = primitive.view(&layout) {
        let layout = believable(layout, y.shape(), data.len())?;
        let view = data.get(layout.offset..).and_then(|data| View::strided(data, &layout.shape, &layout.strides));
        kernels::copy(view.ok_or_else(leaves)?, y);
        return Ok(());
    }
    // No layout describes it as the operand lies: of its elements in order one does.
    let in_order = contiguous_view(primitive, x.shape(), y.shape())?;
    if in_order.offset == 0 && in_order.is_contiguous() && y.shape().size() == x.shape().size() {
        kernels::copy(x, y);
        return Ok(());
    }
    let elements: Vec<T> = x.iter().collect();
    let layout = in_order;
    let view = elements.get(layout.offset..).and_then(|data| View::strided(data, &layout.shape, &layout.strides));
    kernels::copy(view.ok_or_else(leaves)?, y);
    Ok(())
}

fn leaves() -> Refusal {
    Refusal::new("the view leaves the memory of its operand")
}

/// The layout of the result in an operand that lies in row-major order.
pub(crate) fn contiguous_view<F: Real>(
    primitive: &dyn Primitive<F>,
    from: &Shape,
    to: &Shape,
) -> Result<Layout, Refusal> {
    let missing = || Refusal::new("the primitive is a view, and its `view` gives no layout");
    let layout = primitive.view(&Layout::contiguous(from.clone())).ok_or_else(missing)?;
    believable(layout, to, from.size())
}

/// The layout, if it fits the result and lies inside `length` elements.
pub(crate) fn believable(layout: Layout, to: &Shape, length: usize) -> Result<Layout, Refusal> {
    if layout.shape != *to {
        let message = format!("the view has shape {}, the shape rule says {to}", layout.shape);
        return Err(Refusal::new(message));
    }
    if layout.strides.len() != to.rank() || layout.reach() > length {
        return Err(leaves());
    }
    Ok(layout)
}

/// The result of a view as a value that shares the operand's memory, where its layout allows.
fn view<F: Real>(
    primitive: &dyn Primitive<F>,
    operand: &Value<F>,
    from: &Shape,
    to: &Shape,
) -> Result<Value<F>, Refusal> {
    let (data, layout) = match operand {
        Value::Unknown => return Ok(Value::Unknown),
        Value::Key(_) => return Err(Refusal::new("a key has no elements to rearrange")),
        // An empty array has no elements to find, wherever a layout says it begins.
        Value::Index(_) if to.size() == 0 => return Ok(Value::Index(Arc::default())),
        _ if to.size() == 0 => return Ok(Value::Array(Arc::default())),
        Value::Index(data) => {
            let layout = contiguous_view(primitive, from, to)?;
            if layout.is_contiguous() && layout.offset == 0 && to.size() == data.len() {
                return Ok(Value::Index(data.clone()));
            }
            reserve::<usize>(to)?;
            let part = data.get(layout.offset..).and_then(|data| View::strided(data, &layout.shape, &layout.strides));
            return Ok(Value::Index(Arc::new(part.ok_or_else(leaves)?.iter().collect())));
        }
        Value::Splat(x) => {
            // However it is rearranged, a repeated number stays one.
            contiguous_view(primitive, from, to)?;
            if to.size() > from.size() {
                reserve::<F>(to)?;
            }
            return Ok(Value::Splat(*x));
        }
        Value::Array(data) => (data.clone(), Layout::contiguous(from.clone())),
        Value::View(view) => (view.data.clone(), view.layout.clone()),
    };
    let (data, layout) = match primitive.view(&layout) {
        Some(layout) => {
            let layout = believable(layout, to, data.len())?;
            (data, layout)
        }
        // No layout describes it as the operand lies: written out in order, one does.
        None => {
            let mut elements = reserve(from)?;
            elements.extend(operand.view(from).into_iter().flat_map(|view| view.iter()));
            (Arc::new(elements), contiguous_view(primitive, from, to)?)
        }
    };
    // A broadcast goes no further than memory: whoever reads it may have to write it out.
    if layout.shape.size() > data.len() {
        reserve::<F>(to)?;
    }
    Ok(if layout.offset == 0 && layout.shape.size() == data.len() && layout.is_contiguous() {
        Value::Array(data)
    } else {
        Value::View(Arc::new(Rearranged { data, layout }))
    })
}

/// Fresh memory for one result.
enum Fresh<F> {
    Number(F),
    Reals(Vec<F>),
    Indices(Vec<usize>),
    Key(u64),
}

impl<F: Real> Fresh<F> {
    fn of(result: &Type) -> Result<Self, Refusal> {
        Ok(match result.kind {
            Kind::Real if result.shape.rank() == 0 => Fresh::Number(F::zero()),
            Kind::Real => Fresh::Reals(zeros(&result.shape, F::zero())?),
            Kind::Index => Fresh::Indices(zeros(&result.shape, 0)?),
            Kind::Key => Fresh::Key(0),
        })
    }

    fn output<'a>(&'a mut self, shape: &'a Shape) -> Option<Output<'a, F>> {
        Some(match self {
            Fresh::Number(number) => Output::Real(ViewMut::new(std::slice::from_mut(number), shape)?),
            Fresh::Reals(data) => Output::Real(ViewMut::new(data, shape)?),
            Fresh::Indices(data) => Output::Index(ViewMut::new(data, shape)?),
            Fresh::Key(key) => Output::Key(key),
        })
    }

    fn value(self) -> Value<F> {
        match self {
            Fresh::Number(x) => Value::Splat(x),
            Fresh::Reals(data) => Value::Array(Arc::new(data)),
            Fresh::Indices(data) => Value::Index(Arc::new(data)),
            Fresh::Key(key) => Value::Key(key),
        }
    }
}
