//! Elementary functions and activations, element by element.

pub(in crate::primitive) mod abs;
pub(in crate::primitive) mod atan;
pub(in crate::primitive) mod atan_slope;
pub(in crate::primitive) mod cos;
pub(in crate::primitive) mod exp;
pub(in crate::primitive) mod leaky_relu;
pub(in crate::primitive) mod log;
pub(in crate::primitive) mod relu;
pub(in crate::primitive) mod sigmoid;
pub(in crate::primitive) mod sigmoid_slope;
pub(in crate::primitive) mod sign;
pub(in crate::primitive) mod sin;
pub(in crate::primitive) mod softplus;
pub(in crate::primitive) mod sqrt;
pub(in crate::primitive) mod tanh;
pub(in crate::primitive) mod tanh_slope;
