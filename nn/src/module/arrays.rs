//! The leaves of a model: parameters and buffers.

use super::Module;
use super::parts::{Leaf, LeafMut, Parts, PartsMut};
use crate::error::mismatch;
use autodiff::{Error, IntoArray, Real, Result, Shape};
use ndarray::{ArrayD, ArrayViewMutD};

/// An array that training changes by its gradient: plain data outside any tape.
///
/// A [`Context`](crate::Context) binds it to a tape as an input. It has no name of its own: its path in a model, such as
/// `encoder.0.weight`, is made of the names of the fields it is in.
///
/// ```
/// let weight = nn::Param::<f64>::new(ndarray::array![[1.0, 2.0]]);
/// assert_eq!((weight.array().len(), weight.is_frozen()), (2, false));
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Param<F: Real> {
    array: ArrayD<F>,
    frozen: bool,
    /// Why there is no array of the size that was asked for.
    refused: Option<Error>,
}

/// An array that a module keeps without training it: a running average, a table of constants.
///
/// No gradient is computed for it. The forward pass of a training step may update it with
/// [`Context::update`](crate::Context::update).
///
/// ```
/// let mean = nn::Buffer::<f64>::new([0.0, 0.0]);
/// assert_eq!(mean.array().len(), 2);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Buffer<F: Real> {
    array: ArrayD<F>,
}

impl<F: Real> Param<F> {
    /// A parameter that starts as `array`: a number, an ndarray array, a `Vec` or a fixed array.
    pub fn new(array: impl IntoArray<F>) -> Self {
        Param { array: array.into_array(), frozen: false, refused: None }
    }

    /// A parameter whose first value may have been refused, as by [`Init::draw`](crate::Init::draw) for want of memory. It is
    /// empty then, and whoever uses it in a forward pass gets the error: so a layer can be made without a `?`.
    pub fn from_result(array: Result<ArrayD<F>>) -> Self {
        match array {
            Ok(array) => Param::new(array),
            Err(error) => Param { refused: Some(error), ..Param::new(Vec::<F>::new()) },
        }
    }

    pub(crate) fn refused(&self) -> Option<&Error> {
        self.refused.as_ref()
    }

    /// Its value.
    pub fn array(&self) -> &ArrayD<F> {
        &self.array
    }

    /// Its value, to be changed in place; the shape stays.
    pub fn array_mut(&mut self) -> ArrayViewMutD<'_, F> {
        self.array.view_mut()
    }

    /// Replaces its value.
    ///
    /// ```
    /// let mut bias = nn::Param::<f64>::new([0.0, 0.0]);
    /// bias.set([1.0, 2.0])?;
    /// assert!(bias.set([1.0, 2.0, 3.0]).is_err());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if the shape is another one.
    #[track_caller]
    pub fn set(&mut self, array: impl IntoArray<F>) -> Result<()> {
        replace("parameter", &mut self.array, array)
    }

    /// Whether training leaves it as it is.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// From now on, training leaves it as it is, or changes it again. It takes part in the forward pass either way.
    pub fn set_frozen(&mut self, frozen: bool) {
        self.frozen = frozen;
    }

    pub(super) fn elements_mut(&mut self) -> &mut [F] {
        self.array.as_slice_mut().unwrap_or(&mut [])
    }
}

impl<F: Real> Buffer<F> {
    /// A buffer that starts as `array`: a number, an ndarray array, a `Vec` or a fixed array.
    pub fn new(array: impl IntoArray<F>) -> Self {
        Buffer { array: array.into_array() }
    }

    /// Its value.
    pub fn array(&self) -> &ArrayD<F> {
        &self.array
    }

    /// Its value, to be changed in place; the shape stays.
    pub fn array_mut(&mut self) -> ArrayViewMutD<'_, F> {
        self.array.view_mut()
    }

    /// Replaces its value.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if the shape is another one.
    #[track_caller]
    pub fn set(&mut self, array: impl IntoArray<F>) -> Result<()> {
        replace("buffer", &mut self.array, array)
    }

    pub(super) fn elements_mut(&mut self) -> &mut [F] {
        self.array.as_slice_mut().unwrap_or(&mut [])
    }
}

#[track_caller]
fn replace<F: Real>(what: &str, old: &mut ArrayD<F>, array: impl IntoArray<F>) -> Result<()> {
    let array = array.into_array();
    if array.shape() != old.shape() {
        let (old, new) = (Shape::from(old.shape()), Shape::from(array.shape()));
        let message = format!("the {what} has shape {old}, its new value {new}");
        return Err(mismatch("set", message));
    }
    *old = array;
    Ok(())
}

impl<F: Real> Module<F> for Param<F> {
    #[inline]
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        parts.leaf(Leaf::Param(self));
    }

    #[inline]
    fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, F>) {
        parts.leaf(LeafMut::Param(self));
    }

    fn describe(&self) -> String {
        format!("a parameter {}", Shape::from(self.array.shape()))
    }
}

impl<F: Real> Module<F> for Buffer<F> {
    #[inline]
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        parts.leaf(Leaf::Buffer(self));
    }

    #[inline]
    fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, F>) {
        parts.leaf(LeafMut::Buffer(self));
    }

    fn describe(&self) -> String {
        format!("a buffer {}", Shape::from(self.array.shape()))
    }
}
