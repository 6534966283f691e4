//! What a node stores: a number inline, or a shared array of our own. Private, so that it can change.

use crate::base::error::Refusal;
use crate::base::real::{Element, Real, held};
use crate::base::shape::{Layout, Shape};
use crate::kernels::{Elementwise, Operand, View, ViewMut};
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
    pub(super) data: Arc<Vec<F>>,
    pub(super) layout: Layout,
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
            Value::Index(data) => View::contiguous(data, shape).map(Operand::Index),
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

    /// The indices as users see them.
    pub(crate) fn indices(&self, shape: &Shape) -> Result<Option<ArrayD<usize>>, Refusal> {
        match self {
            Value::Index(data) => ArrayViewD::from_shape(shape.to_vec(), data).ok().map(copied).transpose(),
            _ => Ok(None),
        }
    }

    /// The value as an owned array, without copying where nobody else holds it; `None` if it is not known.
    pub(crate) fn into_array(self, shape: &Shape) -> Result<Option<ArrayD<F>>, Refusal> {
        match self {
            Value::Array(data) => match Arc::try_unwrap(data) {
                Ok(data) => Ok(ArrayD::from_shape_vec(shape.to_vec(), data).ok()),
                Err(shared) => Value::Array(shared).array(shape).map(copied).transpose(),
            },
            other => other.array(shape).map(copied).transpose(),
        }
    }

    /// The same value in the other precision; what is wrong, if it cannot hold a number.
    pub(crate) fn cast<G: Real>(&self, shape: &Shape) -> Result<Value<G>, String> {
        Ok(match self {
            Value::Unknown => Value::Unknown,
            Value::Splat(x) => Value::Splat(held(x.double())?),
            Value::Index(data) => Value::Index(data.clone()),
            Value::Key(key) => Value::Key(*key),
            Value::Array(_) | Value::View(..) => {
                let numbers = self.view(shape).into_iter().flat_map(|view| view.iter());
                Value::Array(Arc::new(numbers.map(|x| held(x.double())).collect::<Result<_, _>>()?))
            }
        })
    }

    /// `self ← self + other`, in place where nobody else holds the array. The same arithmetic as a recorded `add`, whose
    /// function is `add`.
    pub(crate) fn accumulate(&mut self, other: &Value<F>, shape: &Shape, add: &Elementwise<F>) -> Result<(), Refusal> {
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
        let mut sum = zeros(shape, F::zero())?;
        if let Some(output) = ViewMut::new(&mut sum, shape) {
            add.evaluate(&operands, output)?;
        }
        *self = match (shape.rank(), sum.as_slice()) {
            (0, [number]) => Value::Splat(*number),
            _ => Value::Array(Arc::new(sum)),
        };
        Ok(())
    }
}

/// Memory for an array. An allocation that cannot be had is an answer to the caller, not the end of the process.
pub(crate) fn reserve<T>(shape: &Shape) -> Result<Vec<T>, Refusal> {
    let mut data = Vec::new();
    match data.try_reserve_exact(shape.size()) {
        Ok(()) => Ok(data),
        Err(_) => Err(Refusal::new(format!("no memory for an array of shape {shape}"))),
    }
}

/// The elements of a new array, all `zero`.
pub(crate) fn zeros<T: Copy>(shape: &Shape, zero: T) -> Result<Vec<T>, Refusal> {
    let mut data = reserve(shape)?;
    data.resize(shape.size(), zero);
    Ok(data)
}

/// An array as a copy of its own.
pub(crate) fn copied<T: Copy>(array: ArrayViewD<'_, T>) -> Result<ArrayD<T>, Refusal> {
    let mut data = reserve(&Shape::from(array.shape()))?;
    match array.as_slice() {
        Some(elements) => data.extend_from_slice(elements),
        None => data.extend(array.iter().copied()),
    }
    ArrayD::from_shape_vec(array.raw_dim(), data).map_err(|error| Refusal::new(error.to_string()))
}

fn strided<'a, F>(shape: &Shape, strides: Vec<usize>, data: &'a [F]) -> Option<ArrayViewD<'a, F>> {
    ArrayViewD::from_shape(shape.to_vec().strides(strides), data).ok()
}

/// What a tape takes as an array, of reals or (`T = usize`) of indices: numbers, ndarray arrays (owned ones are not copied),
/// vectors, slices, and fixed arrays of up to four axes.
///
/// ```
/// # let tape = autodiff::Tape::<f64>::new();
/// assert_eq!(tape.input([[1.0, 2.0], [3.0, 4.0]]).shape()?, [2, 2].into());
/// assert_eq!(tape.input(vec![[1.0, 2.0, 3.0]; 5]).shape()?, [5, 3].into());
/// assert_eq!(tape.input(&[1.0, 2.0][..]).shape()?, [2].into());
/// assert_eq!(tape.index([0, 2]).value()?, ndarray::array![0, 2].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// The trait is implemented here for all of them and needs no implementation elsewhere.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an array of `{T}`",
    note = "numbers are not converted: write `1.0`, not `1`, for reals; for a tape of `f32`, `array.mapv(|x| x as f32)`; indices \
            and labels are `usize`: `label as usize`",
    note = "a tuple of arrays is not one array: a function of several is recorded on a `Tape`, with an `input` for each",
    note = "the rows of a `Vec<Vec<_>>` may differ in length: `Array2::from_shape_vec((rows.len(), n), rows.concat())?` of \
            ndarray checks that they do not; a `Vec<[_; n]>` is taken as it is"
)]
pub trait IntoArray<T: Element> {
    /// The array in standard (row-major) order.
    fn into_array(self) -> ArrayD<T>;
}

impl<T: Element> IntoArray<T> for T {
    fn into_array(self) -> ArrayD<T> {
        ArrayD::from_elem(IxDyn(&[]), self)
    }
}

impl<T: Element, D: Dimension> IntoArray<T> for Array<T, D> {
    fn into_array(self) -> ArrayD<T> {
        let array = self.into_dyn();
        if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() }
    }
}

impl<T: Element, S: Data<Elem = T>, D: Dimension> IntoArray<T> for &ArrayBase<S, D> {
    fn into_array(self) -> ArrayD<T> {
        self.as_standard_layout().into_owned().into_dyn()
    }
}

impl<T: Element, D: Dimension> IntoArray<T> for ndarray::ArrayView<'_, T, D> {
    fn into_array(self) -> ArrayD<T> {
        (&self).into_array()
    }
}

impl<T: Element> IntoArray<T> for Vec<T> {
    fn into_array(self) -> ArrayD<T> {
        Array::from_vec(self).into_dyn()
    }
}

impl<T: Element> IntoArray<T> for &Vec<T> {
    fn into_array(self) -> ArrayD<T> {
        self.as_slice().into_array()
    }
}

impl<T: Element> IntoArray<T> for &[T] {
    fn into_array(self) -> ArrayD<T> {
        ndarray::aview1(self).into_array()
    }
}

impl<T: Element, const N: usize> IntoArray<T> for Vec<[T; N]> {
    fn into_array(self) -> ArrayD<T> {
        Array::from(self).into_dyn()
    }
}

impl<T: Element, const N: usize> IntoArray<T> for [T; N] {
    fn into_array(self) -> ArrayD<T> {
        self.as_slice().into_array()
    }
}

impl<T: Element, const N: usize> IntoArray<T> for &[T; N] {
    fn into_array(self) -> ArrayD<T> {
        self.as_slice().into_array()
    }
}

impl<T: Element, const N: usize, const M: usize> IntoArray<T> for [[T; M]; N] {
    fn into_array(self) -> ArrayD<T> {
        ndarray::aview2(&self).into_array()
    }
}

impl<T: Element, const N: usize, const M: usize, const L: usize> IntoArray<T> for [[[T; L]; M]; N] {
    fn into_array(self) -> ArrayD<T> {
        ndarray::arr3(&self).into_dyn()
    }
}

impl<T: Element, const N: usize, const M: usize, const L: usize, const K: usize> IntoArray<T>
    for [[[[T; K]; L]; M]; N]
{
    fn into_array(self) -> ArrayD<T> {
        ndarray::Array4::from(self.to_vec()).into_dyn()
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
