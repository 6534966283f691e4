//! The state of a training run in a file: the arrays of the model and of the optimizer.

use autodiff::{Error, ErrorKind, Real, Result};
use ndarray::{ArrayD, IxDyn};
use nn::{Module, Optimizer, OptimizerState, Step, weights};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use std::fs;
use std::io::Write;
use std::path::Path;

/// The file of the state in the folder of an exported step.
pub(crate) const FILE: &str = "state.safetensors";

/// What the description of a file says under `format`.
pub(crate) const FORMAT: &str = "autodiff-jax 1";

/// An array for a file: name, type, shape, bytes.
pub(crate) struct Tensor {
    pub(crate) name: String,
    kind: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    pub(crate) fn real<F: Real>(name: String, array: &ArrayD<F>) -> Self {
        let single = F::NAME == "f32";
        let bytes = match single {
            true => array.iter().flat_map(|x| (x.double() as f32).to_le_bytes()).collect(),
            false => array.iter().flat_map(|x| x.double().to_le_bytes()).collect(),
        };
        let kind = if single { Dtype::F32 } else { Dtype::F64 };
        Tensor { name, kind, shape: array.shape().to_vec(), bytes }
    }

    pub(crate) fn index(name: String, array: &ArrayD<usize>) -> Self {
        let bytes = array.iter().flat_map(|i| (*i as u64).to_le_bytes()).collect();
        Tensor { name, kind: Dtype::I64, shape: array.shape().to_vec(), bytes }
    }
}

/// The bytes of a file with these arrays.
fn written(tensors: &[Tensor], metadata: Vec<(String, String)>) -> Result<Vec<u8>> {
    let mut views = Vec::new();
    for tensor in tensors {
        let view = TensorView::new(tensor.kind, tensor.shape.clone(), &tensor.bytes);
        views.push((tensor.name.as_str(), view.map_err(|error| file_error(error.to_string()))?));
    }
    safetensors::serialize(views, Some(metadata.into_iter().collect())).map_err(|error| file_error(error.to_string()))
}

/// Writes a file to a new one that then replaces a former one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let new = path.with_file_name(format!(".{name}.tmp"));
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(|error| file_error(format!("`{}` cannot be written: {error}", path.display())))
}

/// Writes arrays to a file.
pub(crate) fn save(path: &Path, tensors: &[Tensor], metadata: &[(&str, String)]) -> Result<()> {
    let metadata = metadata.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    replace(path, &written(tensors, metadata)?)
}

pub(crate) fn file_error(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::File, "jax", message)
}

/// Reads back what a driver that [`export`](crate::export) wrote has made of the model and the optimizer's state, from the
/// folder of the export: training goes on here, at the step behind the last one that was made there.
///
/// # Errors
/// [`ErrorKind::File`] if there is no such file, if it is damaged, or if its arrays are not those of the model, which the
/// message names; [`ErrorKind::Refused`] for a state of double precision where the model has single. Nothing is changed then.
pub fn load<F: Real, O: Optimizer<F>, J>(
    folder: impl AsRef<Path>,
    model: &mut (impl Module<F> + ?Sized),
    step: &mut Step<F, O, J>,
) -> Result<()> {
    let path = folder.as_ref().join(FILE);
    let within = |error: Error| error.with_operand(format!("in `{}`", path.display()));
    let unread = |error: std::io::Error| file_error(format!("`{}` cannot be read: {error}", path.display()));
    let bytes = fs::read(&path).map_err(unread)?;
    read(&bytes, model, step).map_err(within)
}

fn read<F: Real, O: Optimizer<F>, J>(
    bytes: &[u8],
    model: &mut (impl Module<F> + ?Sized),
    step: &mut Step<F, O, J>,
) -> Result<()> {
    let damaged = |error: safetensors::SafeTensorError| file_error(format!("it is no file of safetensors: {error}"));
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let said = |name: &str| metadata.metadata().as_ref().and_then(|all| all.get(name).cloned());
    if said("format").as_deref() != Some(FORMAT) {
        let message = format!("its format is {:?}, not `{FORMAT}`", said("format").unwrap_or_default());
        return Err(file_error(message).with_help("`export` writes such files, and `train.py` beside them"));
    }
    let made = said("step").and_then(|text| text.parse::<u64>().ok());
    let made = made.ok_or_else(|| file_error("it does not say how many steps were made"))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let (mut of_model, mut of_optimizer) = (Vec::new(), Vec::new());
    for (name, view) in tensors.tensors() {
        if let Some(path) = name.strip_prefix("model/") {
            let (kind, shape, bytes) = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
            of_model.push(Tensor { name: path.to_owned(), kind, shape, bytes });
        } else if let Some((name, path)) = name.strip_prefix("optimizer/").and_then(|rest| rest.split_once('/')) {
            of_optimizer.push((path.to_owned(), name.to_owned(), array::<F>(&view, name)?));
        }
    }
    let state = OptimizerState::from_arrays(made, of_optimizer)?;
    // The file that the model itself would be saved to says what a model's file says.
    let own = weights::to_bytes(model)?;
    let (_, own) = SafeTensors::read_metadata(&own).map_err(damaged)?;
    let description = own.metadata().clone().unwrap_or_default().into_iter().collect();
    weights::from_bytes(model, &written(&of_model, description)?)?;
    step.set_state(state);
    Ok(())
}

/// A tensor as an array of reals.
fn array<F: Real>(view: &TensorView<'_>, name: &str) -> Result<ArrayD<F>> {
    let numbers: Vec<F> = match view.dtype() {
        Dtype::F32 => view.data().as_chunks::<4>().0.iter().map(|x| F::of(f64::from(f32::from_le_bytes(*x)))).collect(),
        Dtype::F64 if F::NAME == "f64" => {
            view.data().as_chunks::<8>().0.iter().map(|x| F::of(f64::from_le_bytes(*x))).collect()
        }
        other => {
            let message = format!("`{name}` holds {other:?}, and the model has {}", F::NAME);
            return Err(Error::new(ErrorKind::Refused, "load", message));
        }
    };
    ArrayD::from_shape_vec(IxDyn(view.shape()), numbers).map_err(|error| file_error(error.to_string()))
}
