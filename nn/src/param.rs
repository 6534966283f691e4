//! A model's array.

use autodiff::{Error, ErrorKind, IntoArray, Real, Result, Shape};
use ndarray::{ArrayD, ArrayViewMutD};

/// An array that training changes, with a name: plain data outside any tape.
///
/// A [`Context`](crate::Context) binds it to a tape as an input; in a model its path is made of the names of the layers
/// around it and its own, such as `encoder.0.weight`.
///
/// ```
/// let weight = nn::Param::<f64>::new("weight", ndarray::array![[1.0, 2.0]]);
/// assert_eq!((weight.name(), weight.array().len()), ("weight", 2));
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Param<F: Real> {
    name: String,
    array: ArrayD<F>,
}

impl<F: Real> Param<F> {
    /// A parameter `name` that starts as `array`: a number, an ndarray array, a `Vec` or a fixed array.
    pub fn new(name: impl Into<String>, array: impl IntoArray<F>) -> Self {
        Param { name: name.into(), array: array.into_array() }
    }

    /// Its own name, the last part of its path.
    pub fn name(&self) -> &str {
        &self.name
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
    /// let mut bias = nn::Param::<f64>::new("bias", [0.0, 0.0]);
    /// bias.set([1.0, 2.0])?;
    /// assert!(bias.set([1.0, 2.0, 3.0]).is_err());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the shape is another one.
    pub fn set(&mut self, array: impl IntoArray<F>) -> Result<()> {
        let array = array.into_array();
        if array.shape() != self.array.shape() {
            let (old, new) = (Shape::from(self.array.shape()), Shape::from(array.shape()));
            let message = format!("parameter `{}` has shape {old}, its new value {new}", self.name);
            return Err(Error::new(ErrorKind::Mismatch, "set", message));
        }
        self.array = array;
        Ok(())
    }

    /// Its elements, row by row, to be changed.
    pub(crate) fn elements_mut(&mut self) -> &mut [F] {
        self.array.as_slice_mut().unwrap_or(&mut [])
    }
}
