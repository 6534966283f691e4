//! Numbers in bytes, as the formats of arrays share them.

use crate::error::error;
use autodiff::{Error, ErrorKind, Real, Result};
use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use std::path::Path;

/// The type of the numbers in a file.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Element {
    Signed(usize),
    Unsigned(usize),
    Float(usize),
}

impl Element {
    /// That of `F` itself.
    pub(super) fn of<F: Real>() -> Self {
        Element::Float(size_of::<F>())
    }

    /// The bytes of one number.
    pub(super) fn size(self) -> usize {
        let (Element::Signed(size) | Element::Unsigned(size) | Element::Float(size)) = self;
        size
    }

    /// The number in `bytes`, of which there are as many as it takes.
    fn number(self, bytes: &[u8], big_endian: bool) -> f64 {
        // All as eight bytes, the least significant one first.
        let mut word = [0; 8];
        let place = |(to, from): (&mut u8, &u8)| *to = *from;
        match big_endian {
            true => word.iter_mut().zip(bytes.iter().rev()).for_each(place),
            false => word.iter_mut().zip(bytes).for_each(place),
        }
        let word = u64::from_le_bytes(word);
        let unused = 64 - 8 * self.size().clamp(1, 8) as u32;
        match self {
            Element::Unsigned(_) => word as f64,
            Element::Signed(_) => ((word << unused) as i64 >> unused) as f64,
            Element::Float(4) => f64::from(f32::from_bits(word as u32)),
            Element::Float(_) => f64::from_bits(word),
        }
    }

    /// Whether `number`, which was read as this, may have lost digits as a number of type `F`.
    fn is_exact<F: Real>(self, number: f64) -> bool {
        /// From here on, double precision skips whole numbers.
        const INEXACT: f64 = 9_007_199_254_740_992.0;
        matches!(self, Element::Float(_)) || (number.abs() < INEXACT && F::of(number).double() == number)
    }
}

/// How an array lies in bytes.
pub(super) struct Layout {
    pub(super) element: Element,
    pub(super) shape: Vec<usize>,
    pub(super) big_endian: bool,
    /// Whether the first axis runs fastest, as in Fortran.
    pub(super) first_fastest: bool,
}

impl Layout {
    /// The array that `bytes` are; they have to be as many as it takes.
    #[track_caller]
    pub(super) fn array<F: Real>(&self, format: &str, bytes: &[u8]) -> Result<ArrayD<F>> {
        let wanted = self.shape.iter().try_fold(self.element.size(), |size, length| size.checked_mul(*length));
        if wanted != Some(bytes.len()) {
            let wanted = wanted.map_or("more than there can be".to_owned(), |wanted| wanted.to_string());
            let (shape, size) = (&self.shape, self.element.size());
            let message = format!(
                "there are {} bytes of numbers; an array {shape:?} of {size} bytes each takes {wanted}",
                bytes.len()
            );
            return Err(
                error(ErrorKind::File, format, message).with_help("the file is cut short, or its header is damaged")
            );
        }
        // No axis is longer than there are bytes, or another one has length 0 and an array of this shape could not be
        // made.
        let overflows =
            self.shape.iter().try_fold(1_isize, |all, n| all.checked_mul(isize::try_from((*n).max(1)).ok()?));
        if overflows.is_none() {
            return Err(error(ErrorKind::File, format, format!("no array has the shape {:?}", self.shape)));
        }
        let mut numbers = Vec::with_capacity(bytes.len() / self.element.size());
        for (i, bytes) in bytes.chunks_exact(self.element.size()).enumerate() {
            let number = self.element.number(bytes, self.big_endian);
            if !self.element.is_exact::<F>(number) {
                let message = format!(
                    "the whole number {number} at position {i} has too many digits for {}",
                    std::any::type_name::<F>()
                );
                return Err(error(ErrorKind::File, format, message));
            }
            numbers.push(F::of(number));
        }
        let shape = IxDyn(&self.shape).set_f(self.first_fastest);
        match ArrayD::from_shape_vec(shape, numbers) {
            Ok(array) => Ok(array.as_standard_layout().into_owned()),
            Err(why) => Err(error(ErrorKind::File, format, why.to_string())),
        }
    }
}

/// The numbers of `array`, row by row, the least or the most significant byte first.
pub(super) fn written<F: Real>(array: &ArrayD<F>, big_endian: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(array.len() * size_of::<F>());
    for number in array {
        let start = bytes.len();
        match size_of::<F>() {
            4 => bytes.extend((number.double() as f32).to_le_bytes()),
            _ => bytes.extend(number.double().to_le_bytes()),
        }
        if let (true, Some(number)) = (big_endian, bytes.get_mut(start..)) {
            number.reverse();
        }
    }
    bytes
}

/// An error, with the file it is about.
pub(super) fn in_file(error: Error, path: &Path) -> Error {
    error.with_operand(format!("the file {}", path.display()))
}
