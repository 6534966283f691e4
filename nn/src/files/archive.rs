//! Arrays in the format safetensors: a header of names, types, shapes and ranges in JSON, and the numbers behind it.

use autodiff::Real;
use ndarray::ArrayD;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, SafeTensorError, TensorInfo, TensorView, View};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// An array as it is written.
pub(super) struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    pub(super) fn of<F: Real>(array: &ArrayD<F>) -> Self {
        // `as f32` and back changes no number of single precision.
        let (dtype, bytes) = match is_single::<F>() {
            true => (Dtype::F32, array.iter().flat_map(|x| (x.double() as f32).to_le_bytes()).collect()),
            false => (Dtype::F64, array.iter().flat_map(|x| x.double().to_le_bytes()).collect()),
        };
        Tensor { dtype, shape: array.shape().to_vec(), bytes }
    }

    pub(super) fn of_bytes(bytes: Vec<u8>) -> Self {
        Tensor { dtype: Dtype::U8, shape: vec![bytes.len()], bytes }
    }
}

fn is_single<F: Real>() -> bool {
    F::NAME == "f32"
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        self.bytes.as_slice().into()
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The bytes of a file with these arrays, whose metadata has one entry. Equal contents give equal bytes.
pub(super) fn written(tensors: Vec<(String, Tensor)>, description: (&str, String)) -> Result<Vec<u8>, String> {
    let mut names: Vec<&String> = tensors.iter().map(|(name, _)| name).collect();
    names.sort();
    if let Some((name, _)) = names.iter().zip(names.iter().skip(1)).find(|(a, b)| a == b) {
        return Err(format!("two arrays would be the tensor `{name}`"));
    }
    let (key, value) = description;
    let description = Some([(key.to_owned(), value)].into_iter().collect());
    safetensors::serialize(tensors, description).map_err(|error| error.to_string())
}

/// A file that was read: every range lies within it, none overlap, and no name comes twice.
pub(super) struct Archive<'d> {
    tensors: SafeTensors<'d>,
    description: BTreeMap<String, String>,
    /// In the order of the header.
    names: Vec<String>,
}

impl<'d> Archive<'d> {
    pub(super) fn read(bytes: &'d [u8]) -> Result<Self, String> {
        let parsed = SafeTensors::deserialize(bytes);
        // The library looks tensors up by name, so it keeps one of two and says little about which is wrong.
        let header = header(bytes);
        let tensors = parsed.map_err(|error| match (&error, &header) {
            (SafeTensorError::TensorInvalidInfo | SafeTensorError::ValidationOverflow, Some(header)) => {
                header.unfit().unwrap_or_else(|| error.to_string())
            }
            (SafeTensorError::InvalidOffset(name), _) => {
                format!("the range of the tensor `{name}` does not begin where that before it ends")
            }
            (SafeTensorError::MetadataIncompleteBuffer, _) => {
                "it is longer or shorter than the tensors in it".to_owned()
            }
            _ => error.to_string(),
        });
        let header = match (tensors, header) {
            (Ok(tensors), Some(header)) => (tensors, header),
            (Err(message), _) => return Err(format!("this is no file of safetensors: {message}")),
            (Ok(_), None) => return Err("this is no file of safetensors: its header cannot be read".to_owned()),
        };
        let (tensors, Header { description, infos }) = header;
        let names: Vec<String> = infos.into_iter().map(|(name, _)| name).collect();
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort();
        if let Some((name, _)) = sorted.iter().zip(sorted.iter().skip(1)).find(|(a, b)| a == b) {
            return Err(format!("there are two tensors `{name}`"));
        }
        Ok(Archive { tensors, description, names })
    }

    /// The entry `key` of the description.
    pub(super) fn description(&self, key: &str) -> Option<&str> {
        self.description.get(key).map(String::as_str)
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The tensor `name`, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<TensorView<'d>> {
        self.tensors.tensor(name).ok()
    }
}

/// The numbers of a tensor; an error, in words that follow its name, if they are of another type. Single precision in a
/// file is read as double, which changes no number.
pub(super) fn array<F: Real>(tensor: &TensorView<'_>) -> Result<ArrayD<F>, String> {
    let bytes = tensor.data();
    let numbers: Vec<F> = match tensor.dtype() {
        Dtype::F32 => bytes.as_chunks().0.iter().map(|x| F::of(f32::from_le_bytes(*x).into())).collect(),
        Dtype::F64 if !is_single::<F>() => bytes.as_chunks().0.iter().map(|x| F::of(f64::from_le_bytes(*x))).collect(),
        Dtype::F64 => return Err("has numbers of type F64, which lose digits in a model of f32".to_owned()),
        other => return Err(format!("has numbers of type {other}; F32 and F64 are read")),
    };
    ArrayD::from_shape_vec(tensor.shape(), numbers).map_err(|error| format!("has an impossible shape: {error}"))
}

/// What the header says, in its order.
#[derive(Default)]
struct Header {
    description: BTreeMap<String, String>,
    infos: Vec<(String, TensorInfo)>,
}

impl Header {
    /// The first tensor whose range is not as long as its numbers, in words.
    fn unfit(&self) -> Option<String> {
        let size = |info: &TensorInfo| {
            let count = info.shape.iter().try_fold(1usize, |product, length| product.checked_mul(*length))?;
            Some(count.checked_mul(info.dtype.bitsize())? / 8)
        };
        let length = |info: &TensorInfo| info.data_offsets.1.checked_sub(info.data_offsets.0);
        let (name, info) = self.infos.iter().find(|(_, info)| size(info).is_none() || size(info) != length(info))?;
        let (from, to) = info.data_offsets;
        Some(format!("the tensor `{name}` is {} {:?} and has the bytes {from} to {to}", info.dtype, info.shape))
    }
}

fn header(bytes: &[u8]) -> Option<Header> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    serde_json::from_slice(rest.get(..length)?).ok()
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "__metadata__" => header.description = map.next_value()?,
                _ => header.infos.push((name, map.next_value()?)),
            }
        }
        Ok(header)
    }
}
