//! Values of inputs from a file of weights.

use super::Failure;
use super::values::Slot;
use autodiff::{Input, Real, Shape};
use ndarray::{ArrayD, IxDyn};
use safetensors::{Dtype, SafeTensors};
use std::fs;

/// A file of safetensors.
pub(crate) struct Weights {
    file: String,
    bytes: Vec<u8>,
}

impl Weights {
    pub(crate) fn read(file: &str) -> Result<Self, Failure> {
        let bytes = fs::read(file).map_err(|error| Failure::Other(format!("{file}: {error}")))?;
        Ok(Weights { file: file.to_owned(), bytes })
    }

    /// The values of the inputs that have the name of a tensor and no value yet.
    pub(crate) fn fill<F: Real>(&self, slots: &[Slot], values: &mut [Option<Input<F>>]) -> Result<(), Failure> {
        let wrong = |what: String| Failure::Other(format!("{}: {what}", self.file));
        let tensors = SafeTensors::deserialize(&self.bytes).map_err(|error| wrong(error.to_string()))?;
        let open = slots.iter().zip(values).filter(|(slot, value)| value.is_none() && slot.is_real());
        for (slot, value) in open {
            let Ok(tensor) = tensors.tensor(slot.label()) else { continue };
            if *tensor.shape() != *slot.shape() {
                let given = Shape::from(tensor.shape());
                return Err(wrong(format!(
                    "{}: its type is {}, the tensor is {given}",
                    slot.label(),
                    slot.type_name()
                )));
            }
            let bytes = tensor.data();
            let numbers: Vec<F> = match tensor.dtype() {
                Dtype::F32 => bytes.as_chunks().0.iter().map(|x| F::of(f32::from_le_bytes(*x).into())).collect(),
                Dtype::F64 => bytes.as_chunks().0.iter().map(|x| F::of(f64::from_le_bytes(*x))).collect(),
                other => {
                    return Err(wrong(format!("{} has numbers of type {other}; F32 and F64 are read", slot.label())));
                }
            };
            let array = ArrayD::from_shape_vec(IxDyn(slot.shape()), numbers);
            *value = Some(Input::Real(array.map_err(|error| wrong(error.to_string()))?));
        }
        Ok(())
    }
}
