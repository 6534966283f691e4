//! Matrix products.

pub(in crate::primitive) mod add_bias;
mod einsum;
pub(in crate::primitive) mod matmul;
