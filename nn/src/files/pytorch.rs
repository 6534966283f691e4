//! Weights with the names and layouts of PyTorch: a model that loads the `state_dict` of a PyTorch model of the same
//! architecture predicts the same, and the other way round.
//!
//! The layers themselves state their names and layouts in PyTorch ([`Module::pytorch`](crate::Module::pytorch)):
//!
//! | here | in a `state_dict` |
//! |---|---|
//! | [`Dense`](crate::Dense) | `weight` transposed, \[outputs, inputs\]; `bias` |
//! | [`Convolution`](crate::Convolution), [`ConvTranspose`](crate::ConvTranspose) | `weight`, `bias`, as they are |
//! | [`BatchNorm`](crate::BatchNorm) | `weight`, `bias`, `running_mean`, `running_var`; `num_batches_tracked` is not used |
//! | [`LayerNorm`](crate::LayerNorm), [`GroupNorm`](crate::GroupNorm), [`RmsNorm`](crate::RmsNorm) | `weight` and, where there is one, `bias` |
//! | [`Embedding`](crate::Embedding), [`PositionalEmbedding`](crate::PositionalEmbedding), [`Prelu`](crate::Prelu) | `weight` |
//! | [`Rnn`](crate::Rnn), [`Gru`](crate::Gru), [`Lstm`](crate::Lstm) | `weight_ih_l0` and `weight_hh_l0` transposed, `bias_ih_l0`, `bias_hh_l0`; the gates have the same order |
//! | [`MultiHeadAttention`](crate::MultiHeadAttention) | `in_proj_weight` and `in_proj_bias`: query, key, value, one below the other; `out_proj` |
//! | [`TransformerBlock`](crate::TransformerBlock) | `self_attn`, `norm1`, `norm2`, `linear1`, `linear2` of a `TransformerEncoderLayer` |
//! | [`Sequential`](crate::Sequential), lists, your own modules | the names that they have here |
//!
//! Names of your own modules are those of their fields, unless their [`Module::pytorch`](crate::Module::pytorch) says
//! otherwise; [`names`] lists the resulting names. In Python, [safetensors](https://github.com/huggingface/safetensors)
//! reads and writes the files:
//!
//! ```python
//! from safetensors.torch import load_file, save_file
//! save_file(model.state_dict(), "model.safetensors")
//! model.load_state_dict(load_file("model.safetensors"))
//! ```
//!
//! ```
//! use nn::{Activation, Dense, Init, Random, Sequential, pytorch};
//!
//! // torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
//! let mut random = Random::new(0);
//! let mut model = Sequential::<f32>::new()
//!     .then(Dense::new(2, 3, Init::Xavier, &mut random))
//!     .then(Activation::Tanh)
//!     .then(Dense::new(3, 1, Init::Xavier, &mut random));
//! # let folder = std::env::temp_dir().join("nn-pytorch");
//! # std::fs::create_dir_all(&folder)?;
//! let path = folder.join("model.safetensors");
//! pytorch::save(&model, &path)?;
//! pytorch::load(&mut model, &path)?;
//! let names: Vec<String> = pytorch::names(&model).into_iter().map(|(_, name)| name).collect();
//! assert_eq!(names, ["0.weight", "0.bias", "2.weight", "2.bias"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::archive::{self, Archive};
use super::atomic;
use super::slots::{self, Loaded, Slot};
use crate::error::error;
use crate::module::{Module, Stored, Tree};
use autodiff::{ErrorKind, Real, Result};
use std::path::Path;

/// Writes the arrays of `model` to a file, with the names and layouts of PyTorch, as
/// [`weights::save`](crate::weights::save) does.
///
/// # Errors
/// As [`weights::save`](crate::weights::save); [`ErrorKind::Mismatch`] also if two arrays would be one tensor.
#[track_caller]
pub fn save<F: Real>(model: &(impl Module<F> + ?Sized), path: impl AsRef<Path>) -> Result<()> {
    let tensors = slots::tensors(model, &translated(model).0)?;
    match archive::written(tensors, ("format", "pt".to_owned())) {
        Ok(bytes) => atomic::write(path.as_ref(), &bytes),
        Err(message) => Err(error(ErrorKind::File, "save", message)),
    }
}

/// Sets all arrays of `model` to those of a `state_dict` in a file.
///
/// # Errors
/// As [`weights::load`](crate::weights::load); nothing is changed then.
#[track_caller]
pub fn load<F: Real>(model: &mut (impl Module<F> + ?Sized), path: impl AsRef<Path>) -> Result<()> {
    slots::from_file(path.as_ref(), |bytes| read(model, bytes, true))?;
    Ok(())
}

/// Sets the arrays of `model` that the file has, and returns which were set and what did not fit, as
/// [`weights::load_matching`](crate::weights::load_matching) does.
///
/// # Errors
/// As [`weights::load_matching`](crate::weights::load_matching).
#[track_caller]
pub fn load_matching<F: Real>(model: &mut (impl Module<F> + ?Sized), path: impl AsRef<Path>) -> Result<Loaded> {
    slots::from_file(path.as_ref(), |bytes| read(model, bytes, false))
}

/// The arrays of `model`, each by its path here and its name in a `state_dict`. Several arrays may be parts of one
/// tensor.
pub fn names<F: Real>(model: &(impl Module<F> + ?Sized)) -> Vec<(String, String)> {
    translated(model).0.into_iter().map(|slot| (slot.path, slot.name)).collect()
}

#[track_caller]
fn read<F: Real>(model: &mut (impl Module<F> + ?Sized), bytes: &[u8], all: bool) -> Result<Loaded> {
    let archive = match Archive::read(bytes) {
        Ok(archive) => archive,
        Err(message) => return Err(error(ErrorKind::File, "load", message)),
    };
    if archive.description("format").is_some_and(|format| format.starts_with("nn ")) {
        let message = "the file has the names and layouts of this crate: `pytorch::save` has not written it";
        return Err(error(ErrorKind::File, "load", message).with_help("`weights::load` reads it"));
    }
    let (slots, unused) = translated(model);
    slots::load(model, &archive, (&slots, &unused), all)
}

/// Where PyTorch keeps each array of a model, in the order of the model; and the names of tensors that the model does
/// not use.
fn translated<F: Real>(model: &(impl Module<F> + ?Sized)) -> (Vec<Slot>, Vec<String>) {
    let tree = Tree::of(model);
    // Of each module what it says, once; the outermost first.
    let said: Vec<(&str, Vec<Stored>)> = std::iter::once(("", model.pytorch()))
        .chain(tree.parts.iter().map(|part| (part.path.as_str(), part.module.pytorch())))
        .filter(|(_, stored)| !stored.is_empty())
        .collect();
    let slots = tree.leaves.iter().map(|(path, _)| translate(path, &said)).collect();
    let named = said.iter().flat_map(|(path, stored)| stored.iter().map(move |stored| (*path, stored)));
    let unused = named.filter(|(_, stored)| stored.ours.is_none());
    let unused = unused.map(|(path, stored)| joined(&translate(path, &said).name, stored.theirs)).collect();
    (slots, unused)
}

/// Where PyTorch keeps what is at `path`. The names on the way are translated from the outside in; what an outer module
/// says of something inside an inner one holds.
fn translate(path: &str, said: &[(&str, Vec<Stored>)]) -> Slot {
    let mut slot = Slot { path: path.to_owned(), name: String::new(), transposed: false, piece: (0, 1) };
    // How much of the path is translated.
    let mut done = 0;
    for (module, stored) in said {
        let Some(inside) = inside(path, module) else { continue };
        let Some(between) = path.get(done..module.len()) else { continue };
        slot.name = joined(&slot.name, between.trim_matches('.'));
        done = module.len();
        let fitting = stored.iter().filter_map(|stored| Some((stored, stored.ours?)));
        let fitting = fitting.filter(|(_, ours)| *ours == inside || inside_of(inside, ours).is_some());
        if let Some((stored, ours)) = fitting.max_by_key(|(_, ours)| ours.len()) {
            slot.name = joined(&slot.name, stored.theirs);
            done = path.len() - inside.len() + ours.len();
            if ours == inside {
                (slot.transposed, slot.piece) = (stored.transposed, stored.piece);
            }
        }
    }
    slot.name = joined(&slot.name, path.get(done..).unwrap_or("").trim_matches('.'));
    slot
}

/// The path of what is at `path`, relative to the module at `module`, if it is inside.
fn inside<'p>(path: &'p str, module: &str) -> Option<&'p str> {
    if module.is_empty() { Some(path) } else { inside_of(path, module) }
}

fn inside_of<'p>(path: &'p str, module: &str) -> Option<&'p str> {
    path.strip_prefix(module)?.strip_prefix('.')
}

fn joined(path: &str, name: &str) -> String {
    match (path.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => path.to_owned(),
        _ => format!("{path}.{name}"),
    }
}
