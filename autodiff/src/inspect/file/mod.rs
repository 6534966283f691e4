//! A trace as bytes, to be saved or sent, and back.
//!
//! A file holds a trace and not its program: it is read without the primitives that ran, even if those are a user's
//! own. Layout, all numbers little-endian:
//!
//! | part | content |
//! |---|---|
//! | beginning | the 15 bytes `autodiff trace\n`, the version (4 bytes) |
//! | precision | `f32` or `f64` as a text |
//! | texts | their number, then each one: length and UTF-8 |
//! | documentation | its number, then formula, roles, application, rule of each |
//! | nodes | their number, then operation, call, operands, kind, shape, role, name, scope, place, formula, documentation |
//! | events | their number, then each one with the array it brought |
//! | runs | where each run after the first begins |
//! | end | the 64-bit FNV-1a checksum of everything before (8 bytes) |
//!
//! Counts and positions have a variable length, 7 bits a byte, the lowest first; a text is its position in the list of
//! texts.
//!
//! Source of the checksum: G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake, *The FNV Non-Cryptographic Hash Algorithm*
//! (RFC 9923, 2025).

mod read;
mod write;

const BEGINNING: &[u8] = b"autodiff trace\n";

/// The version of the layout that is written, and the newest that is read.
const VERSION: u32 = 1;

/// The FNV-1a checksum of some bytes.
fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// What stands before the value of a node.
mod tag {
    pub(super) const UNKNOWN: u8 = 0;
    pub(super) const NUMBER: u8 = 1;
    pub(super) const ARRAY: u8 = 2;
    pub(super) const INDEX: u8 = 3;
    pub(super) const KEY: u8 = 4;
}
