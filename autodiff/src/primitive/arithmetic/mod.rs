//! The operations of arithmetic and powers.

pub(crate) mod add;
pub(in crate::primitive) mod div;
pub(in crate::primitive) mod mul;
pub(in crate::primitive) mod neg;
mod operators;
pub(in crate::primitive) mod pow;
pub(in crate::primitive) mod powf;
pub(in crate::primitive) mod powi;
pub(in crate::primitive) mod strong_div;
pub(in crate::primitive) mod strong_mul;
pub(in crate::primitive) mod sub;
