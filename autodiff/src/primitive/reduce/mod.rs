//! Reductions over axes, and what is normalised along one.

pub(in crate::primitive) mod axes;
pub(in crate::primitive) mod cumsum;
pub(in crate::primitive) mod deviations;
pub(in crate::primitive) mod deviations_adjoint;
pub(in crate::primitive) mod log_softmax;
pub(in crate::primitive) mod log_sum_exp;
pub(in crate::primitive) mod max;
pub(in crate::primitive) mod norm;
pub(in crate::primitive) mod softmax;
pub(in crate::primitive) mod sum;
pub(in crate::primitive) mod sum_to;
