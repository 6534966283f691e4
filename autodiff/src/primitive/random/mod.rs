//! Random numbers, from a key that is an input of the program.

mod draw;
pub(in crate::primitive) mod fold_in;
pub(in crate::primitive) mod normal;
pub(in crate::primitive) mod uniform;
pub(in crate::primitive) mod uniform_open;
