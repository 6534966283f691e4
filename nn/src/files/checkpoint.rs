//! The state of a training run in a file.
//!
//! It is a file of safetensors: the arrays of the model are tensors `model.PATH`, those of the optimizer
//! `optimizer.NAME.PATH`. Everything that is not an array is the text of the tensor `run.json`, and the last tensor,
//! `sum.crc32`, is a checksum of all bytes before it.

use super::archive::{self, Archive, Tensor};
use super::atomic;
use crate::error::error;
use crate::optim::OptimizerState;
use crate::train::{Checkpoint, ObserverState, Run};
use autodiff::{ErrorKind, Real, Result};
use ndarray::{ArrayD, Ix1};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What the description of a file says under `format`, before the version.
const FORMAT: &str = "nn checkpoint ";

const VERSION: &str = "1";

/// The text of `run.json`: everything that is no array, and the names of the arrays in their order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    real: String,
    run: Run,
    step: u64,
    model: Vec<String>,
    /// Path and name of each array of the optimizer.
    optimizer: Vec<(String, String)>,
    observers: Vec<Observed>,
}

/// The state of an observer.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Observed {
    name: String,
    numbers: Vec<String>,
    checkpoint: Option<State>,
}

impl<F: Real> Checkpoint<F> {
    /// Writes the checkpoint to a file atomically: to a new file, which then replaces a former one. A process that is
    /// killed meanwhile leaves the former file or the new one, never half of it; a file `.NAME.….tmp` may remain beside
    /// it.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if it cannot be written; a former file is unchanged then.
    #[track_caller]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        atomic::write(path.as_ref(), &self.to_bytes()?)
    }

    /// Reads what [`save`](Self::save) has written. [`Trainer::resume`](crate::Trainer::resume) resumes the run from
    /// it, and
    /// [`restore`](Self::restore) sets a model to its arrays.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if there is no such file, or it is damaged, not a checkpoint, of a later version, or of the
    /// other precision.
    #[track_caller]
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let bytes = atomic::read(path.as_ref())?;
        match Checkpoint::from_bytes(&bytes) {
            Ok(checkpoint) => Ok(checkpoint),
            Err(error) => Err(error.with_operand(format!("in `{}`", path.as_ref().display()))),
        }
    }

    /// The bytes that [`save`](Self::save) writes. Equal checkpoints give equal bytes.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if the names of two arrays are the same.
    #[track_caller]
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        match written(self) {
            Ok(bytes) => Ok(bytes),
            Err(message) => Err(error(ErrorKind::File, "save", message)),
        }
    }

    /// As [`load`](Self::load), from bytes.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    #[track_caller]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        match read(bytes) {
            Ok(checkpoint) => Ok(checkpoint),
            Err(message) => Err(error(ErrorKind::File, "load", message)),
        }
    }
}

fn written<F: Real>(checkpoint: &Checkpoint<F>) -> Result<Vec<u8>, String> {
    let mut tensors = Vec::new();
    let state = take_apart(checkpoint, "", &mut tensors);
    let text = serde_json::to_vec(&state).map_err(|error| error.to_string())?;
    tensors.push(("run.json".to_owned(), Tensor::of_bytes(text)));
    // Tensors of bytes come last, by name.
    tensors.push(("sum.crc32".to_owned(), Tensor::of_bytes(vec![0; 4])));
    let mut bytes = archive::written(tensors, ("format", format!("{FORMAT}{VERSION}")))?;
    if let Some((before, sum)) = bytes.split_last_chunk_mut::<4>() {
        *sum = crc32fast::hash(before).to_le_bytes();
    }
    Ok(bytes)
}

/// Adds the arrays of a checkpoint to `tensors`, under names that begin with `within`, and answers with the rest.
fn take_apart<F: Real>(checkpoint: &Checkpoint<F>, within: &str, tensors: &mut Vec<(String, Tensor)>) -> State {
    let optimizer = checkpoint.optimizer();
    let mut add = |name: String, tensor| tensors.push((format!("{within}{name}"), tensor));
    for (path, array) in checkpoint.arrays() {
        add(model_name(path), Tensor::of(array));
    }
    for (path, name, array) in optimizer.arrays() {
        add(optimizer_name(path, name), Tensor::of(array));
    }
    add("sums".to_owned(), Tensor::of(&ndarray::arr1(&checkpoint.run().sums).into_dyn()));
    let mut observers = Vec::new();
    for (i, observer) in checkpoint.observers().iter().enumerate() {
        let within = format!("{within}observer.{i}.");
        let numbers: ndarray::Array1<f64> = observer.numbers.iter().map(|(_, number)| *number).collect();
        tensors.push((format!("{within}numbers"), Tensor::of(&numbers.into_dyn())));
        observers.push(Observed {
            name: observer.name.clone(),
            numbers: observer.numbers.iter().map(|(name, _)| name.clone()).collect(),
            checkpoint: observer.checkpoint.as_ref().map(|inner| take_apart(inner, &within, tensors)),
        });
    }
    State {
        real: F::NAME.to_owned(),
        run: checkpoint.run().clone(),
        step: optimizer.step(),
        model: checkpoint.arrays().map(|(path, _)| path.to_owned()).collect(),
        optimizer: optimizer.arrays().map(|(path, name, _)| (path.to_owned(), name.to_owned())).collect(),
        observers,
    }
}

fn model_name(path: &str) -> String {
    format!("model.{path}")
}

fn optimizer_name(path: &str, name: &str) -> String {
    if path.is_empty() { format!("optimizer.{name}") } else { format!("optimizer.{name}.{path}") }
}

fn read<F: Real>(bytes: &[u8]) -> Result<Checkpoint<F>, String> {
    let archive = Archive::read(bytes)?;
    match archive.description("format").and_then(|format| format.strip_prefix(FORMAT)) {
        Some(VERSION) => {}
        Some(version) => {
            return Err(format!("the checkpoint has version {version}, which is newer: this reads version {VERSION}"));
        }
        None => return Err("the file is no checkpoint: `Checkpoint::save` has not written it".to_owned()),
    }
    let sum = bytes.split_last_chunk::<4>().filter(|(before, sum)| crc32fast::hash(before).to_le_bytes() == **sum);
    if sum.is_none() {
        return Err("the file is damaged: its checksum is not that of its bytes".to_owned());
    }
    let text = archive.get("run.json").ok_or("the file lacks the tensor `run.json`")?;
    let state: State = serde_json::from_slice(text.data()).map_err(|error| format!("in `run.json`: {error}"))?;
    put_together(state, &archive, "")
}

fn put_together<F: Real>(state: State, archive: &Archive<'_>, within: &str) -> Result<Checkpoint<F>, String> {
    if state.real != F::NAME {
        return Err(format!("the checkpoint is of a run in {}, and this one is in {}", state.real, F::NAME));
    }
    let mut arrays = Vec::new();
    for path in state.model {
        let array = array(archive, &format!("{within}{}", model_name(&path)))?;
        arrays.push((path, array));
    }
    let mut entries = Vec::new();
    for (path, name) in state.optimizer {
        let array = array(archive, &format!("{within}{}", optimizer_name(&path, &name)))?;
        entries.push((path, name, array));
    }
    let optimizer = OptimizerState::from_arrays(state.step, entries).map_err(|error| error.message().to_owned())?;
    let mut run = state.run;
    run.sums = numbers(archive, &format!("{within}sums"))?;
    let mut observers = Vec::new();
    for (i, observed) in state.observers.into_iter().enumerate() {
        let within = format!("{within}observer.{i}.");
        let found = numbers(archive, &format!("{within}numbers"))?;
        if found.len() != observed.numbers.len() {
            return Err(format!("`{within}numbers` has {} numbers for {} names", found.len(), observed.numbers.len()));
        }
        let checkpoint = observed.checkpoint.map(|inner| put_together(inner, archive, &within)).transpose()?;
        let numbers = observed.numbers.into_iter().zip(found).collect();
        observers.push(ObserverState { name: observed.name, numbers, checkpoint });
    }
    Ok(Checkpoint::from_parts(arrays, optimizer, run, observers))
}

fn array<F: Real>(archive: &Archive<'_>, name: &str) -> Result<ArrayD<F>, String> {
    let tensor = archive.get(name).ok_or_else(|| format!("the file lacks the tensor `{name}`"))?;
    archive::array(&tensor).map_err(|message| format!("`{name}` {message}"))
}

fn numbers(archive: &Archive<'_>, name: &str) -> Result<Vec<f64>, String> {
    let array = array::<f64>(archive, name)?.into_dimensionality::<Ix1>();
    array.map(|array| array.to_vec()).map_err(|_| format!("`{name}` is no list of numbers"))
}
