//! What a node stores: a number inline, or a shared array of our own. Private, so that it can change.

use crate::error::Refusal;
use crate::kernels::{IndexView, Operand, View, ViewMut};
use crate::primitive::Primitive;
use crate::real::Real;
use crate::shape::{Layout, Shape};
use ndarray::{Array, ArrayBase, ArrayD, ArrayViewD, Data, Dimension, IxDyn, OwnedRepr, ShapeBuilder};
use std::sync::Arc;

/// The value of a node; its shape stands in the node.
#[derive(Clone, Debug)]
pub(crate) enum Value<F> {
    /// Not evaluated: the tape records without values.
    Unknown,
    /// One number in every position (a scalar, or a scalar that was broadcast).
    Splat(F),
    /// A row-major array.
    Array(Arc<Vec<F>>),
    /// A rearranged view of an array.
    View(Arc<Rearranged<F>>),
    Index(Arc<Vec<usize>>),
    Key(u64),
}

/// An array that lies in another's buffer.
#[derive(Clone, Debug)]
pub(crate) struct Rearranged<F> {
    data: Arc<Vec<F>>,
    layout: Layout,
}

impl<F> Rearranged<F> {
    /// The buffer from the first element on.
    fn data(&self) -> Option<&[F]> {
        self.data.get(self.layout.offset..)
    }
}

impl<F: Real> Value<F> {
    /// The value as a kernel reads it, `None` if it is unknown.
    pub(crate) fn operand<'a>(&'a self, shape: &'a Shape) -> Option<Operand<'a, F>> {
        match self {
            Value::Index(data) => Some(Operand::Index(IndexView { data, shape })),
            Value::Key(key) => Some(Operand::Key(*key)),
            _ => self.view(shape).map(Operand::Real),
        }
    }

    pub(crate) fn view<'a>(&'a self, shape: &'a Shape) -> Option<View<'a, F>> {
        match self {
            Value::Splat(x) => Some(View::splat(x, shape)),
            Value::Array(data) => View::contiguous(data, shape),
            Value::View(view) => View::strided(view.data()?, shape, &view.layout.strides),
            Value::Unknown | Value::Index(_) | Value::Key(_) => None,
        }
    }

    /// The value as users see it.
    pub(crate) fn array<'a>(&'a self, shape: &Shape) -> Option<ArrayViewD<'a, F>> {
        match self {
            // ndarray refuses nothing here: strides of 0 are allowed in a shared view.
            Value::Splat(x) => strided(shape, vec![0; shape.rank()], std::slice::from_ref(x)),
            Value::Array(data) => ArrayViewD::from_shape(shape.to_vec(), data).ok(),
            Value::View(view) => strided(shape, view.layout.strides.to_vec(), view.data()?),
            Value::Unknown | Value::Index(_) | Value::Key(_) => None,
        }
    }

    /// The value as an owned array, without copying where nobody else holds it.
    pub(crate) fn into_array(self, shape: &Shape) -> Option<ArrayD<F>> {
        match self {
            Value::Array(data) => {
                let data = Arc::try_unwrap(data).unwrap_or_else(|shared| (*shared).clone());
                ArrayD::from_shape_vec(shape.to_vec(), data).ok()
            }
            other => other.array(shape).map(|view| view.to_owned()),
        }
    }

    /// The same value in the other precision.
    pub(crate) fn cast<G: Real>(&self, shape: &Shape) -> Value<G> {
        match self {
            Value::Unknown => Value::Unknown,
            Value::Splat(x) => Value::Splat(G::of(x.double())),
            Value::Index(data) => Value::Index(data.clone()),
            Value::Key(key) => Value::Key(*key),
            Value::Array(_) | Value::View(..) => {
                let numbers = self.view(shape).into_iter().flat_map(|view| view.iter());
                Value::Array(Arc::new(numbers.map(|x| G::of(x.double())).collect()))
            }
        }
    }

    /// `self ← self + other`, in place where nobody else holds the array. The same arithmetic as a recorded `add`.
    pub(crate) fn accumulate(
        &mut self,
        other: &Value<F>,
        shape: &Shape,
        add: &dyn Primitive<F>,
    ) -> Result<(), Refusal> {
        if let (Value::Splat(a), Value::Splat(b)) = (&mut *self, other) {
            *a = *a + *b;
            return Ok(());
        }
        if let (Value::Array(a), Value::Array(b)) = (&mut *self, other)
            && let Some(a) = Arc::get_mut(a)
        {
            for (a, b) in a.iter_mut().zip(b.iter()) {
                *a = *a + *b;
            }
            return Ok(());
        }
        let unknown = || Refusal::new("a value that was not recorded");
        let operands = [self.operand(shape).ok_or_else(unknown)?, other.operand(shape).ok_or_else(unknown)?];
        *self = evaluate(add, &operands, shape)?;
        Ok(())
    }
}

fn strided<'a, F>(shape: &Shape, strides: Vec<usize>, data: &'a [F]) -> Option<ArrayViewD<'a, F>> {
    ArrayViewD::from_shape(shape.to_vec().strides(strides), data).ok()
}

/// Runs the kernel of `primitive` into fresh memory.
pub(crate) fn evaluate<F: Real>(
    primitive: &dyn Primitive<F>,
    operands: &[Operand<'_, F>],
    shape: &Shape,
) -> Result<Value<F>, Refusal> {
    if shape.rank() == 0 {
        let mut number = F::zero();
        if let Some(output) = ViewMut::new(std::slice::from_mut(&mut number), shape) {
            primitive.evaluate(operands, output)?;
        }
        return Ok(Value::Splat(number));
    }
    let mut data = reserve(shape)?;
    data.resize(shape.size(), F::zero());
    if let Some(output) = ViewMut::new(&mut data, shape) {
        primitive.evaluate(operands, output)?;
    }
    Ok(Value::Array(Arc::new(data)))
}

/// Memory for an array. An allocation that cannot be had is an answer to the caller, not the end of the process.
fn reserve<F>(shape: &Shape) -> Result<Vec<F>, Refusal> {
    let mut data = Vec::new();
    match data.try_reserve_exact(shape.size()) {
        Ok(()) => Ok(data),
        Err(_) => Err(Refusal::new(format!("no memory for an array of shape {shape}"))),
    }
}

/// The result of a rearranging primitive as a view of its operand, which stays where it is.
pub(crate) fn rearrange<F: Real>(
    primitive: &dyn Primitive<F>,
    operand: &Value<F>,
    from: &Shape,
    to: &Shape,
) -> Option<Value<F>> {
    let (data, layout) = match operand {
        Value::Unknown | Value::Index(_) | Value::Key(_) => return None,
        // An empty array has no elements to find, wherever a layout says it begins.
        _ if to.size() == 0 => {
            return primitive.view(&Layout::contiguous(from.clone())).map(|_| Value::Array(Arc::default()));
        }
        Value::Splat(x) => {
            // However it is rearranged, a repeated number stays one.
            let layout = primitive.view(&Layout::contiguous(from.clone()));
            let layout = layout.filter(|layout| layout.fits(to, from.size()))?;
            if layout.shape.size() > from.size() {
                reserve::<F>(to).ok()?;
            }
            return Some(Value::Splat(*x));
        }
        Value::Array(data) => (data, Layout::contiguous(from.clone())),
        Value::View(view) => (&view.data, view.layout.clone()),
    };
    let layout = primitive.view(&layout).filter(|layout| layout.fits(to, data.len()))?;
    // Nor does a broadcast go further than memory: whoever reads it may have to write it out.
    if layout.shape.size() > data.len() {
        reserve::<F>(to).ok()?;
    }
    Some(if layout.offset == 0 && layout.shape.size() == data.len() && layout.is_contiguous() {
        Value::Array(data.clone())
    } else {
        Value::View(Arc::new(Rearranged { data: data.clone(), layout }))
    })
}

/// What a tape takes as an array: numbers, ndarray arrays (owned ones are not copied), vectors and fixed arrays.
///
/// The trait is implemented here for all of them and needs no implementation elsewhere.
pub trait IntoArray<F: Real> {
    /// The array in standard (row-major) order.
    fn into_array(self) -> ArrayD<F>;
}

impl<F: Real> IntoArray<F> for F {
    fn into_array(self) -> ArrayD<F> {
        ArrayD::from_elem(IxDyn(&[]), self)
    }
}

impl<F: Real, D: Dimension> IntoArray<F> for Array<F, D> {
    fn into_array(self) -> ArrayD<F> {
        let array = self.into_dyn();
        if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() }
    }
}

impl<F: Real, S: Data<Elem = F>, D: Dimension> IntoArray<F> for &ArrayBase<S, D> {
    fn into_array(self) -> ArrayD<F> {
        self.as_standard_layout().into_owned().into_dyn()
    }
}

impl<F: Real, D: Dimension> IntoArray<F> for ndarray::ArrayView<'_, F, D> {
    fn into_array(self) -> ArrayD<F> {
        (&self).into_array()
    }
}

impl<F: Real> IntoArray<F> for Vec<F> {
    fn into_array(self) -> ArrayD<F> {
        Array::from_vec(self).into_dyn()
    }
}

impl<F: Real, const N: usize> IntoArray<F> for [F; N] {
    fn into_array(self) -> ArrayD<F> {
        Array::from_vec(self.to_vec()).into_dyn()
    }
}

impl<F: Real, const N: usize, const M: usize> IntoArray<F> for [[F; M]; N] {
    fn into_array(self) -> ArrayD<F> {
        ndarray::arr2(&self).into_dyn()
    }
}

/// Takes an array into a value, keeping its memory.
pub(crate) fn take<F: Real>(array: impl IntoArray<F>) -> (Value<F>, Shape) {
    // The conversion is a public trait: what another implementation answers is put in order first.
    let array: ArrayBase<OwnedRepr<F>, IxDyn> = IntoArray::<F>::into_array(array.into_array());
    let shape = Shape::from(array.shape());
    if let (0, Some(number)) = (shape.rank(), array.first()) {
        return (Value::Splat(*number), shape);
    }
    let data = match array.into_raw_vec_and_offset() {
        (data, None | Some(0)) if data.len() == shape.size() => data,
        (data, offset) => data.into_iter().skip(offset.unwrap_or(0)).take(shape.size()).collect(),
    };
    (Value::Array(Arc::new(data)), shape)
}
