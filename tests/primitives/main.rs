//! The primitives: their rules against finite differences, their values against definitions written out and against
//! references in higher precision, what they do with odd operands, and the kernels below them.

mod axes;
mod derived;
mod elementary;
mod everywhere;
mod grid;
mod index;
mod kernels;
mod kinks;
mod operators;
mod oracle;
mod products;
mod rearrange;
mod rules;
mod slopes;
mod strong_zeros;
mod sweep;
mod table;
mod windows;
