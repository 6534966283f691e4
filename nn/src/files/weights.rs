//! The arrays of a model in a file: parameters and buffers under their paths, in the format
//! [safetensors](https://github.com/huggingface/safetensors).
//!
//! ```
//! use nn::{Dense, Init, Random, weights};
//!
//! let model = Dense::<f32>::new(2, 3, Init::He, &mut Random::new(0));
//! # let folder = std::env::temp_dir().join("nn-weights");
//! # std::fs::create_dir_all(&folder)?;
//! let path = folder.join("model.safetensors");
//! weights::save(&model, &path)?;
//!
//! let mut other = Dense::new(2, 3, Init::He, &mut Random::new(1));
//! weights::load(&mut other, &path)?;
//! assert_eq!(other, model);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A file holds numbers and no architecture: it is loaded into a model of the same architecture. Numbers are kept bit
//! for bit. A model of `f64` can load single precision, which changes no number; a model of `f32` cannot load double
//! precision.
//!
//! For the names and layouts of PyTorch, see [`pytorch`](crate::pytorch); to save the state of a training run, so that
//! it can be resumed, see [`Checkpoint::save`](crate::Checkpoint::save).

use super::archive::{self, Archive};
use super::atomic;
use super::slots::{self, Slot};
use crate::error::error;
use crate::module::{Module, Tree};
use autodiff::{ErrorKind, Real, Result};
use std::path::Path;

pub use super::slots::Loaded;

/// What the description of a file says under `format`: these are names and layouts of this crate, in their first
/// version.
pub(super) const FORMAT: &str = "nn 1";

/// Writes the arrays of `model` to a file atomically: to a new file, which then replaces a former one. So a file of
/// this name is always complete.
///
/// # Errors
/// [`ErrorKind::File`] if it cannot be written; a former file is unchanged then. [`ErrorKind::Mismatch`] if two arrays
/// of the model have one path.
#[track_caller]
pub fn save<F: Real>(model: &(impl Module<F> + ?Sized), path: impl AsRef<Path>) -> Result<()> {
    atomic::write(path.as_ref(), &to_bytes(model)?)
}

/// Sets all arrays of `model` to those of a file.
///
/// # Errors
/// [`ErrorKind::File`] if there is no such file, if it is damaged or was not written by [`save`], or if its arrays are
/// not those of the model: then the message names what is missing, what the model has no place for, and what has
/// another shape or type. Nothing is changed then.
#[track_caller]
pub fn load<F: Real>(model: &mut (impl Module<F> + ?Sized), path: impl AsRef<Path>) -> Result<()> {
    slots::from_file(path.as_ref(), |bytes| read(model, bytes, true))?;
    Ok(())
}

/// Sets the arrays of `model` that the file has, and returns which were set and what did not fit: for the layers that a
/// new model has in common with an old one.
///
/// ```
/// use nn::{Dense, Init, Random, Sequential, weights};
///
/// let mut random = Random::new(0);
/// let mut dense = |inputs, outputs| Dense::<f64>::new(inputs, outputs, Init::He, &mut random);
/// let old = Sequential::new().then_named("body", dense(4, 3)).then_named("head", dense(3, 2));
/// let mut new = Sequential::new().then_named("body", dense(4, 3)).then_named("head", dense(3, 5));
/// # let folder = std::env::temp_dir().join("nn-weights");
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("old.safetensors");
/// weights::save(&old, &path)?;
/// let loaded = weights::load_matching(&mut new, &path)?;
/// assert_eq!(loaded.arrays, ["body.weight", "body.bias"]);
/// assert_eq!(loaded.unfit[0], "`head.weight` has shape [3, 2], the model needs [3, 5]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ErrorKind::File`] if there is no such file, or if it is damaged or was not written by [`save`].
#[track_caller]
pub fn load_matching<F: Real>(model: &mut (impl Module<F> + ?Sized), path: impl AsRef<Path>) -> Result<Loaded> {
    slots::from_file(path.as_ref(), |bytes| read(model, bytes, false))
}

/// The bytes that [`save`] writes.
///
/// # Errors
/// [`ErrorKind::Mismatch`] if two arrays of the model have one path.
#[track_caller]
pub fn to_bytes<F: Real>(model: &(impl Module<F> + ?Sized)) -> Result<Vec<u8>> {
    let tensors = slots::tensors(model, &own(model))?;
    match archive::written(tensors, ("format", FORMAT.to_owned())) {
        Ok(bytes) => Ok(bytes),
        Err(message) => Err(error(ErrorKind::File, "save", message)),
    }
}

/// As [`load`], from bytes in memory, such as those of [`include_bytes!`].
///
/// # Errors
/// As [`load`].
#[track_caller]
pub fn from_bytes<F: Real>(model: &mut (impl Module<F> + ?Sized), bytes: &[u8]) -> Result<()> {
    read(model, bytes, true)?;
    Ok(())
}

#[track_caller]
fn read<F: Real>(model: &mut (impl Module<F> + ?Sized), bytes: &[u8], all: bool) -> Result<Loaded> {
    let archive = match Archive::read(bytes) {
        Ok(archive) => archive,
        Err(message) => return Err(error(ErrorKind::File, "load", message)),
    };
    match archive.description("format") {
        Some(FORMAT) => slots::load(model, &archive, (&own(model), &[]), all),
        Some(other) if other.starts_with("nn ") => {
            let message = format!("the file has the format `{other}`, which is newer: this is `{FORMAT}`");
            Err(error(ErrorKind::File, "load", message))
        }
        other => {
            let other = other.map_or("no format".to_owned(), |other| format!("the format `{other}`"));
            let message = format!("the file has {other}, and not `{FORMAT}`: `weights::save` has not written it");
            let help = "`pytorch::load` reads the names and layouts of PyTorch";
            Err(error(ErrorKind::File, "load", message).with_help(help))
        }
    }
}

/// Every array under its own path, as it is.
fn own<F: Real>(model: &(impl Module<F> + ?Sized)) -> Vec<Slot> {
    let leaves = Tree::of(model).leaves.into_iter();
    leaves.map(|(path, _)| Slot { name: path.clone(), path, transposed: false, piece: (0, 1) }).collect()
}
