//! NumPy's format for one array.

use super::bytes::{self, Element, Layout};
use crate::error::error;
use crate::files::atomic;
use autodiff::{Error, ErrorKind, Real, Result};
use ndarray::ArrayD;
use std::path::Path;

/// Reads the array in the `.npy` file at `path`. Labels are made a column of indices by
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

/// Reads an array from `bytes`: of booleans, of whole numbers, or of floats of single or double precision.
///
/// ```
/// use nn::npy;
/// let array = ndarray::array![[1.0, 2.0], [3.0, 4.5]].into_dyn();
/// let bytes = npy::to_bytes(&array);
/// assert!(bytes.starts_with(b"\x93NUMPY"));
/// assert_eq!(npy::parse::<f64>(&bytes)?, array);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::File`] if they are not of this format: cut short, too long, of another type, or with a whole number
/// that `F` cannot represent exactly.
///
/// Source: The NumPy developers, `numpy.lib.format` (2008–), versions 1.0, 2.0 and 3.0 of the format.
#[track_caller]
pub fn parse<F: Real>(bytes: &[u8]) -> Result<ArrayD<F>> {
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Err(complaint("the file does not begin as `numpy.save` begins one"));
    };
    let (length, rest) = match rest {
        [1, 0, a, b, rest @ ..] => (u32::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, 0, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]), rest),
        [1..=3, 0, ..] | [] | [_] => return Err(complaint("the file ends inside its header")),
        [major, minor, ..] => return Err(complaint(format!("there is no version {major}.{minor} of the format"))),
    };
    let Some((header, numbers)) = rest.split_at_checked(length as usize) else {
        return Err(complaint(format!("the header should have {length} bytes; there are {}", rest.len())));
    };
    layout(header)?.array("npy", numbers)
}

/// Writes `array` to the file at `path`, atomically, as
/// [`weights::save`](crate::weights::save) does: `numpy.load` reads it.
///
/// # Errors
/// [`ErrorKind::File`] if it cannot be written.
#[track_caller]
pub fn write<F: Real>(path: impl AsRef<Path>, array: &ArrayD<F>) -> Result<()> {
    atomic::write(path.as_ref(), &to_bytes(array))
}

/// The bytes that [`parse`] reads `array` from, with the same bits: version 1.0 of the format, or 2.0 where the header
/// is long.
pub fn to_bytes<F: Real>(array: &ArrayD<F>) -> Vec<u8> {
    let lengths: Vec<String> = array.shape().iter().map(usize::to_string).collect();
    // A tuple of one has a comma.
    let shape = lengths.join(", ") + if array.ndim() == 1 { "," } else { "" };
    let descr = if Element::of::<F>().size() == 4 { "<f4" } else { "<f8" };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    // The numbers begin at a multiple of 64 bytes.
    let before = |header: &str| MAGIC.len() + 2 + if header.len() < 65_000 { 2 } else { 4 };
    let used = before(&header) + header.len() + 1;
    header.extend(std::iter::repeat_n(' ', used.next_multiple_of(64) - used));
    header.push('\n');
    let mut bytes = MAGIC.to_vec();
    match u16::try_from(header.len()) {
        Ok(length) => bytes.extend([1, 0].into_iter().chain(length.to_le_bytes())),
        Err(_) => bytes.extend([2, 0].into_iter().chain((header.len() as u32).to_le_bytes())),
    }
    bytes.extend(header.into_bytes());
    bytes.extend(bytes::written(array, false));
    bytes
}

const MAGIC: &[u8] = b"\x93NUMPY";

/// What the header says: a dictionary of Python with three keys, in any order.
#[track_caller]
fn layout(header: &[u8]) -> Result<Layout> {
    let Ok(text) = std::str::from_utf8(header) else { return Err(complaint("the header is not text")) };
    let Some(body) = text.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
        return Err(complaint("the header is no dictionary of Python"));
    };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    let mut rest = body.trim_start();
    while !rest.is_empty() {
        let Some((key, after)) = quoted(rest) else { return Err(garbled(rest)) };
        let Some(after) = after.trim_start().strip_prefix(':').map(str::trim_start) else { return Err(garbled(after)) };
        let known = match key {
            "descr" => descr.is_none(),
            "fortran_order" => fortran.is_none(),
            "shape" => shape.is_none(),
            _ => false,
        };
        if !known {
            return Err(complaint(format!("the header has an unknown key, or one twice: `{key}`")));
        }
        let after = match key {
            "descr" => {
                let Some((value, after)) = quoted(after) else {
                    let help = "arrays of records are saved column by column: `numpy.save(\"x.npy\", records[\"x\"])`";
                    return Err(complaint("the array is not of numbers of one type").with_help(help));
                };
                descr = Some(value);
                after
            }
            "fortran_order" => {
                let (value, after) = if let Some(after) = after.strip_prefix("True") {
                    (true, after)
                } else if let Some(after) = after.strip_prefix("False") {
                    (false, after)
                } else {
                    return Err(garbled(after));
                };
                fortran = Some(value);
                after
            }
            _ => {
                let Some((list, after)) = after.strip_prefix('(').and_then(|after| after.split_once(')')) else {
                    return Err(garbled(after));
                };
                let fields = list.split(',').map(str::trim);
                let empty_end = list.trim().is_empty() || list.trim_end().ends_with(',');
                let count = list.split(',').count() - usize::from(empty_end);
                let mut lengths = Vec::new();
                for length in fields.take(count) {
                    let Ok(length) = length.parse::<usize>() else { return Err(garbled(length)) };
                    lengths.push(length);
                }
                shape = Some(lengths);
                after
            }
        };
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(rest) => rest.trim_start(),
            None if rest.is_empty() => rest,
            None => return Err(garbled(rest)),
        };
    }
    let (Some(descr), Some(first_fastest), Some(shape)) = (descr, fortran, shape) else {
        return Err(complaint("the header lacks one of `descr`, `fortran_order`, `shape`"));
    };
    let (big_endian, kind) = match descr.split_at_checked(1) {
        Some((">", kind)) => (true, kind),
        Some(("<" | "|" | "=", kind)) => (false, kind),
        _ => (false, descr),
    };
    let element = match kind {
        "b1" | "u1" => Element::Unsigned(1),
        "u2" => Element::Unsigned(2),
        "u4" => Element::Unsigned(4),
        "u8" => Element::Unsigned(8),
        "i1" => Element::Signed(1),
        "i2" => Element::Signed(2),
        "i4" => Element::Signed(4),
        "i8" => Element::Signed(8),
        "f4" => Element::Float(4),
        "f8" => Element::Float(8),
        _ => {
            let error = complaint(format!("the array is of type `{descr}`"));
            return Err(error.with_help("`array.astype(\"float64\")` makes numbers that can be read"));
        }
    };
    Ok(Layout { element, shape, big_endian, first_fastest })
}

/// A string in quotes at the start of `text`, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|quote| ['\'', '"'].contains(quote))?;
    text.get(1..)?.split_once(quote)
}

#[track_caller]
fn garbled(rest: &str) -> Error {
    let start: String = rest.chars().take(20).collect();
    complaint(format!("the header cannot be read from `{start}` on"))
}

#[track_caller]
fn complaint(message: impl Into<String>) -> Error {
    error(ErrorKind::File, "npy", message)
}
