//! NumPy's format for several arrays: an archive.

use super::{bytes, npy};
use crate::error::error;
use crate::files::atomic;
use autodiff::{Error, ErrorKind, Real, Result};
use ndarray::ArrayD;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Reads the arrays in the `.npz` file at `path`, by name, in the order of the file.
///
/// # Errors
/// [`ErrorKind::File`] if the file cannot be read, and as [`parse`].
#[track_caller]
pub fn read<F: Real>(path: impl AsRef<Path>) -> Result<Vec<(String, ArrayD<F>)>> {
    let bytes = atomic::read(path.as_ref())?;
    match parse(&bytes) {
        Ok(arrays) => Ok(arrays),
        Err(error) => Err(bytes::in_file(error, path.as_ref())),
    }
}

/// Reads the arrays in `bytes`, by name, compressed (`numpy.savez_compressed`) or not.
///
/// ```
/// use nn::npz;
/// let arrays = [("x", ndarray::array![[1.0, 2.0]].into_dyn()), ("y", ndarray::array![3.0].into_dyn())];
/// let read = npz::parse::<f64>(&npz::to_bytes(arrays.iter().map(|(name, array)| (*name, array)))?)?;
/// assert_eq!((read[1].0.as_str(), &read[1].1), ("y", &arrays[1].1));
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::File`] if they are no archive, or an array in it cannot be read, with its name; the checksum of each
/// array is verified.
#[track_caller]
pub fn parse<F: Real>(bytes: &[u8]) -> Result<Vec<(String, ArrayD<F>)>> {
    let mut archive = match ZipArchive::new(Cursor::new(bytes)) {
        Ok(archive) => archive,
        Err(why) => return Err(complaint(why)),
    };
    // Of two entries with one name, the archive shows the last.
    if let Some(stated) = stated(bytes).filter(|stated| *stated != archive.len()) {
        let message = format!("the archive states {stated} arrays and has {} different names", archive.len());
        return Err(complaint(message).with_help("two arrays have one name, or the file is damaged"));
    }
    let mut arrays: Vec<(String, ArrayD<F>)> = Vec::new();
    for i in 0..archive.len() {
        let mut entry = match archive.by_index(i) {
            Ok(entry) => entry,
            Err(why) => return Err(complaint(why).with_operand(format!("array {i} of the archive"))),
        };
        let name = match entry.name() {
            Ok(name) => name.strip_suffix(".npy").unwrap_or(&name).to_owned(),
            Err(why) => return Err(complaint(why).with_operand(format!("array {i} of the archive"))),
        };
        let in_array = |error: Error| error.with_operand(format!("the array `{name}` of the archive"));
        // What is claimed about the length is not believed: memory grows with what there is.
        let mut content = Vec::new();
        if let Err(why) = entry.read_to_end(&mut content) {
            return Err(in_array(complaint(why)));
        }
        match npy::parse(&content) {
            Ok(array) => arrays.push((name, array)),
            Err(error) => return Err(in_array(error)),
        }
    }
    Ok(arrays)
}

/// Writes `arrays` to the file at `path`, atomically, as
/// [`weights::save`](crate::weights::save) does: `numpy.load` reads it.
///
/// # Errors
/// [`ErrorKind::File`] if it cannot be written, and as [`to_bytes`].
#[track_caller]
pub fn write<'a, F: Real>(
    path: impl AsRef<Path>,
    arrays: impl IntoIterator<Item = (impl AsRef<str>, &'a ArrayD<F>)>,
) -> Result<()> {
    atomic::write(path.as_ref(), &to_bytes(arrays)?)
}

/// The bytes that [`parse`] reads `arrays` from, with the same bits; not compressed, as `numpy.savez` writes them.
///
/// # Errors
/// [`ErrorKind::File`] for two arrays of one name, or more than an archive holds.
#[track_caller]
pub fn to_bytes<'a, F: Real>(arrays: impl IntoIterator<Item = (impl AsRef<str>, &'a ArrayD<F>)>) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in arrays {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        if let Err(why) = archive.start_file(format!("{}.npy", name.as_ref()), options) {
            return Err(complaint(why));
        }
        if let Err(why) = archive.write_all(&npy::to_bytes(array)) {
            return Err(complaint(why));
        }
    }
    match archive.finish() {
        Ok(bytes) => Ok(bytes.into_inner()),
        Err(why) => Err(complaint(why)),
    }
}

/// How many entries the end of an archive states, if it is one with fewer than 65,535.
fn stated(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let count = bytes.get(end + 10..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_le_bytes(*count))).filter(|count| *count < 0xffff)
}

#[track_caller]
fn complaint(why: impl ToString) -> Error {
    error(ErrorKind::File, "npz", why.to_string())
}
