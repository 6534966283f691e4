//! Convolution and pooling: windows that move along one or two spatial axes.

pub(in crate::primitive) mod average_pool;
pub(in crate::primitive) mod average_pool_adjoint;
pub(in crate::primitive) mod conv;
pub(in crate::primitive) mod conv_transpose;
pub(in crate::primitive) mod conv_weight_adjoint;
pub(in crate::primitive) mod max_pool;
pub(in crate::primitive) mod options;
mod windows;
