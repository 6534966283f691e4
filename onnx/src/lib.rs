//! Models as [ONNX](https://onnx.ai) files: their forward pass, for the runtimes that read that format.
//!
//! ```
//! use nn::{Activation, Dense, Init, Random, Sequential};
//!
//! let random = &mut Random::new(0);
//! let model = Sequential::<f32>::new()
//!     .then(Dense::new(4, 8, Init::He, random))
//!     .then(Activation::Relu)
//!     .then(Dense::new(8, 3, Init::He, random));
//! let bytes = autodiff_onnx::model(&nn::export(&model, [4])?)?;
//! assert!(bytes.len() > 4 * (4 * 8 + 8 + 8 * 3 + 3));
//! # Ok::<(), autodiff::Error>(())
//! ```
//!
//! [`model`] writes what [`nn::export`] has recorded: the number of examples is a free axis, and parameters and buffers are
//! initializers with their paths as names. [`program`] writes any recorded program, whose inputs are those of the graph. The
//! operations are those of opset [`OPSET`], which runtimes have known since 2022.
//!
//! An operation that this opset lacks is refused, with the line it was recorded at: random numbers, loops whose number of
//! steps depends on values, scattering, and what only derivatives are made of. A few are composed of others, as there:
//! `log1p`, `expm1` and `erfc` lose the digits that they have beyond log(1 + x), exp(x) − 1 and 1 − erf x. Conventions at
//! kinks and at infinities are the runtime's.
//!
//! Source of the format: ONNX, *Open Neural Network Exchange Intermediate Representation (ONNX IR) Specification*, and
//! `onnx.proto`, version 8 (2022).

#![deny(missing_docs)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod application;
mod graph;
mod operations;
mod wire;

use autodiff::{Error, ErrorKind, Program, Real, Result};
use graph::Writer;
use std::path::Path;

/// The version of the operations that are written.
pub const OPSET: u64 = 17;

/// The numbers of examples for which a model is recorded: lengths that differ as they do are the free axis.
const EXAMPLES: [usize; 2] = [5, 7];

/// The forward pass of a model as the bytes of an ONNX file: `n` examples, any number; parameters and buffers as
/// initializers.
///
/// # Errors
/// [`ErrorKind::Registry`] for an operation that ONNX lacks, with its line; [`ErrorKind::Refused`] for a length that depends
/// on the number of examples in another way than being it.
pub fn model<F: Real>(export: &nn::Export<F>) -> Result<Vec<u8>> {
    let [first, second] = EXAMPLES;
    let programs = [export.program(first)?, export.program(second)?];
    let arrays: Vec<_> = export.arrays().collect();
    Writer::new([&programs[0], &programs[1]], EXAMPLES).model(&arrays)
}

/// A program as the bytes of an ONNX file. Its inputs are those of the graph, and all lengths are fixed.
///
/// ```
/// let tape = autodiff::Tape::<f32>::new();
/// let x = tape.input([1.0, 2.0]).named("x");
/// let bytes = autodiff_onnx::program(&tape.program(&[x.tanh().sum(..)])?)?;
/// assert!(bytes.windows(4).any(|part| part == b"Tanh"));
/// let error = autodiff_onnx::program(&tape.program(&[tape.key(1).uniform([2], 0)])?).unwrap_err();
/// assert_eq!(error.message(), "ONNX has no operation for the primitive `uniform`");
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`model`].
pub fn program<F: Real>(program: &Program<F>) -> Result<Vec<u8>> {
    Writer::new([program, program], EXAMPLES).model(&[])
}

/// Writes [`model`] to a file; a former one is replaced.
///
/// # Errors
/// As [`model`]; [`ErrorKind::File`] if it cannot be written.
pub fn save<F: Real>(export: &nn::Export<F>, path: impl AsRef<Path>) -> Result<()> {
    let (bytes, path) = (model(export)?, path.as_ref());
    std::fs::write(path, bytes).map_err(|error| {
        let message = format!("`{}` cannot be written: {error}", path.display());
        Error::new(ErrorKind::File, "save", message)
    })
}
