//! Matrix products.

pub(in crate::primitive) mod add_bias;
pub(in crate::primitive) mod matmul;
