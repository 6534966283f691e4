//! Where the arrays of a model are in a file.

use super::archive::{self, Archive, Tensor};
use super::atomic;
use crate::error::{error, here, mismatch};
use crate::module::{Leaf, Module, Tree, leaves_mut};
use autodiff::{ErrorKind, Real, Result, Shape};
use ndarray::{ArrayD, Axis};
use std::fmt;
use std::path::Path;

/// Where one array of a model is: the name of a tensor, and its layout there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Slot {
    /// Its path in the model.
    pub(super) path: String,
    /// The name of the tensor.
    pub(super) name: String,
    pub(super) transposed: bool,
    /// The tensor has several arrays one below the other: which this is, and of how many.
    pub(super) piece: (usize, usize),
}

/// Which arrays were loaded, and what did not fit.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Loaded {
    /// The arrays of the model that were set, by path.
    pub arrays: Vec<String>,
    /// The tensors that the model needs and the file lacks.
    pub missing: Vec<String>,
    /// The tensors that the file has and the model does not use.
    pub superfluous: Vec<String>,
    /// The tensors of another shape or type than the model's, in words.
    pub unfit: Vec<String>,
}

impl Loaded {
    /// Whether every array of the model was set and every tensor of the file was used.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.superfluous.is_empty() && self.unfit.is_empty()
    }
}

/// What `read` loads from the bytes of the file at `path`, an error at the caller's line with the file.
#[track_caller]
pub(super) fn from_file(path: &Path, read: impl FnOnce(&[u8]) -> Result<Loaded>) -> Result<Loaded> {
    match read(&atomic::read(path)?) {
        Ok(loaded) => Ok(loaded),
        Err(error) => Err(error.at(here()).with_operand(format!("in `{}`", path.display()))),
    }
}

/// The names that a message lists of one sort.
const SHOWN: usize = 5;

impl fmt::Display for Loaded {
    /// What did not fit, in one line; the number of arrays where all did.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_complete() {
            return write!(f, "all {} arrays were loaded", self.arrays.len());
        }
        let listed = |names: &[String], quote: &str| {
            let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("{quote}{name}{quote}")).collect();
            let more = names.len().saturating_sub(SHOWN);
            shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        };
        let mut parts = Vec::new();
        if !self.missing.is_empty() {
            parts.push(format!("the file lacks {}", listed(&self.missing, "`")));
        }
        if !self.superfluous.is_empty() {
            parts.push(format!("the model has no place for {}", listed(&self.superfluous, "`")));
        }
        if !self.unfit.is_empty() {
            parts.push(listed(&self.unfit, ""));
        }
        f.write_str(&parts.join("; "))
    }
}

/// The tensors of a model, as `slots` has them, in the order of the model.
#[track_caller]
pub(super) fn tensors<F: Real>(model: &(impl Module<F> + ?Sized), slots: &[Slot]) -> Result<Vec<(String, Tensor)>> {
    let tree = Tree::of(model);
    let mut pieces: Vec<(&Slot, Vec<(usize, ArrayD<F>)>)> = Vec::new();
    for (slot, (_, leaf)) in slots.iter().zip(&tree.leaves) {
        if let Leaf::Param(param) = leaf
            && let Some(error) = param.refused()
        {
            return Err(error.clone());
        }
        let array = match slot.transposed {
            true => leaf.array().t().to_owned(),
            false => leaf.array().clone(),
        };
        match pieces.iter_mut().find(|(first, _)| first.name == slot.name) {
            Some((first, others)) if slot.piece.1 == first.piece.1 && !has(others, slot.piece.0) => {
                others.push((slot.piece.0, array));
            }
            Some((first, _)) => {
                let message = format!("`{}` and `{}` would both be the tensor `{}`", first.path, slot.path, slot.name);
                return Err(mismatch("save", message));
            }
            None => pieces.push((slot, vec![(slot.piece.0, array)])),
        }
    }
    let mut found = Vec::with_capacity(pieces.len());
    for (slot, mut arrays) in pieces {
        arrays.sort_by_key(|(piece, _)| *piece);
        if arrays.len() != slot.piece.1 {
            let message = format!("`{}` needs {} arrays and has {}", slot.name, slot.piece.1, arrays.len());
            return Err(mismatch("save", message));
        }
        let views: Vec<_> = arrays.iter().map(|(_, array)| array.view()).collect();
        let whole = match views.as_slice() {
            [one] => one.to_owned(),
            views => match ndarray::concatenate(Axis(0), views) {
                Ok(whole) => whole,
                Err(error) => return Err(mismatch("save", format!("the parts of `{}`: {error}", slot.name))),
            },
        };
        found.push((slot.name.clone(), Tensor::of(&whole)));
    }
    Ok(found)
}

fn has<T>(pieces: &[(usize, T)], piece: usize) -> bool {
    pieces.iter().any(|(known, _)| *known == piece)
}

/// Sets the arrays of a model that `archive` has where `slots` says; tensors named in `ignored` have no place and need
/// none. If not `all` have to fit, those are set that do.
#[track_caller]
pub(super) fn load<F: Real>(
    model: &mut (impl Module<F> + ?Sized),
    archive: &Archive<'_>,
    (slots, ignored): (&[Slot], &[String]),
    all: bool,
) -> Result<Loaded> {
    let mut loaded = Loaded::default();
    let mut leaves = leaves_mut(model);
    let mut found = Vec::new();
    for (i, (slot, (_, leaf))) in slots.iter().zip(&leaves).enumerate() {
        let Some(tensor) = archive.get(&slot.name) else {
            note(&mut loaded.missing, slot.name.clone());
            continue;
        };
        let wanted = whole(leaf.leaf().array().shape(), slot);
        if tensor.shape() != wanted {
            let (has, needs) = (Shape::from(tensor.shape()), Shape::from(wanted.as_slice()));
            note(&mut loaded.unfit, format!("`{}` has shape {has}, the model needs {needs}", slot.name));
            continue;
        }
        match archive::array(&tensor) {
            Ok(array) => found.push((i, part(array, slot))),
            Err(message) => note(&mut loaded.unfit, format!("`{}` {message}", slot.name)),
        }
    }
    let known = |name: &String| slots.iter().any(|slot| slot.name == *name) || ignored.contains(name);
    loaded.superfluous = archive.names().iter().filter(|name| !known(name)).cloned().collect();
    if all && !loaded.is_complete() {
        let error = error(ErrorKind::File, "load", loaded.to_string());
        return Err(error.with_help("`load_matching` sets what fits and tells the rest"));
    }
    for (i, array) in found {
        if let Some((path, leaf)) = leaves.get_mut(i) {
            leaf.set(array)?;
            loaded.arrays.push(path.clone());
        }
    }
    Ok(loaded)
}

fn note(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

/// The shape of the tensor in which an array of this shape stands.
fn whole(shape: &[usize], slot: &Slot) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if slot.transposed {
        shape.reverse();
    }
    if let Some(first) = shape.first_mut() {
        *first = first.saturating_mul(slot.piece.1);
    }
    shape
}

/// The array that stands in the tensor.
fn part<F: Real>(tensor: ArrayD<F>, slot: &Slot) -> ArrayD<F> {
    let (piece, of) = slot.piece;
    let array = match of {
        1 => tensor.view(),
        _ => {
            let rows = tensor.len_of(Axis(0)) / of;
            tensor.slice_axis(Axis(0), (piece * rows..(piece + 1) * rows).into())
        }
    };
    let array = if slot.transposed { array.reversed_axes() } else { array };
    array.as_standard_layout().into_owned()
}
