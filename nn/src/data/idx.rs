//! The IDX format, in which the images of MNIST are published.

use super::bytes::{self, Element, Layout};
use crate::error::error;
use crate::files::atomic;
use autodiff::{Error, ErrorKind, Real, Result};
use ndarray::ArrayD;
use std::path::Path;

/// Reads the array in the file at `path`. Labels are made a column of indices by
/// [`Column::labels`](crate::Column::labels).
///
/// # Errors
/// [`ErrorKind::File`] if the file cannot be read, and as [`parse`].
#[track_caller]
pub fn read<F: Real>(path: impl AsRef<Path>) -> Result<ArrayD<F>> {
    let bytes = atomic::read(path.as_ref())?;
    match parse(&bytes) {
        Ok(array) => Ok(array),
        Err(error) => Err(bytes::in_file(error, path.as_ref())),
    }
}

/// Reads an array from `bytes`: two zeros, a byte for the type of the numbers, one for the number of axes, the length
/// of each axis in four bytes, and the numbers, all with the most significant byte first.
///
/// ```
/// use nn::idx;
/// let bytes = [0, 0, 0x08, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 255];
/// let array = idx::parse::<f64>(&bytes)?;
/// assert_eq!(array, ndarray::array![[7.0, 8.0, 255.0]].into_dyn());
/// assert_eq!(idx::parse::<f64>(&idx::to_bytes(&array)?)?, array);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::File`] if they are not of this format: cut short, too long, of an unknown type, or with a whole number
/// that `F` cannot represent exactly.
///
/// Source: LeCun, Cortes & Burges, "The MNIST database of handwritten digits" (1998), at the end.
#[track_caller]
pub fn parse<F: Real>(bytes: &[u8]) -> Result<ArrayD<F>> {
    let Some((start, mut rest)) = bytes.split_first_chunk() else {
        return Err(complaint("there are fewer than four bytes"));
    };
    let &[0, 0, kind, rank] = start else {
        let help = "a compressed file is unpacked before: `flate2::read::GzDecoder` reads `.gz`";
        return Err(complaint("the first two bytes are not 0").with_help(help));
    };
    let element = match kind {
        0x08 => Element::Unsigned(1),
        0x09 => Element::Signed(1),
        0x0B => Element::Signed(2),
        0x0C => Element::Signed(4),
        0x0D => Element::Float(4),
        0x0E => Element::Float(8),
        other => return Err(complaint(format!("there is no type of numbers {other:#04x}"))),
    };
    let mut shape = Vec::with_capacity(usize::from(rank));
    for axis in 0..rank {
        let Some((length, after)) = rest.split_first_chunk::<4>() else {
            return Err(complaint(format!("the header ends at axis {axis} of {rank}")));
        };
        shape.push(u32::from_be_bytes(*length) as usize);
        rest = after;
    }
    Layout { element, shape, big_endian: true, first_fastest: false }.array("idx", rest)
}

/// Writes `array` to the file at `path`, which is replaced.
///
/// # Errors
/// [`ErrorKind::File`] if it cannot be written, and as [`to_bytes`].
#[track_caller]
pub fn write<F: Real>(path: impl AsRef<Path>, array: &ArrayD<F>) -> Result<()> {
    atomic::write(path.as_ref(), &to_bytes(array)?)
}

/// The bytes that [`parse`] reads `array` from, with the same bits.
///
/// # Errors
/// [`ErrorKind::File`] if an axis is longer than four bytes can say, or there are more than 255 axes.
#[track_caller]
pub fn to_bytes<F: Real>(array: &ArrayD<F>) -> Result<Vec<u8>> {
    let Ok(rank) = u8::try_from(array.ndim()) else {
        return Err(complaint(format!("the array has {} axes; the format has room for 255", array.ndim())));
    };
    let kind = if Element::of::<F>().size() == 4 { 0x0D } else { 0x0E };
    let mut bytes = vec![0, 0, kind, rank];
    for length in array.shape() {
        match u32::try_from(*length) {
            Ok(length) => bytes.extend(length.to_be_bytes()),
            Err(_) => return Err(complaint(format!("an axis of length {length} does not fit four bytes"))),
        }
    }
    bytes.extend(bytes::written(array, true));
    Ok(bytes)
}

#[track_caller]
fn complaint(message: impl Into<String>) -> Error {
    error(ErrorKind::File, "idx", message)
}
