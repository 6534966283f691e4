//! Comparisons, and choices between two arrays.

pub(in crate::primitive) mod equal;
pub(in crate::primitive) mod greater;
pub(in crate::primitive) mod greater_equal;
pub(in crate::primitive) mod maximum;
pub(in crate::primitive) mod minimum;
pub(in crate::primitive) mod select;
