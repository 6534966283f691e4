//! Program → program: derivatives as programs of their own.

mod derivative;
mod simplify;
