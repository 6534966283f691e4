//! Random numbers.

pub(in crate::primitive) mod uniform;
