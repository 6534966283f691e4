//! Elements chosen by indices, indices found in arrays, and calculating with indices.

pub(in crate::primitive) mod argmax;
pub(in crate::primitive) mod argmin;
pub(in crate::primitive) mod arithmetic;
pub(in crate::primitive) mod compare;
pub(in crate::primitive) mod gather;
pub(crate) mod operand;
pub(in crate::primitive) mod pick;
pub(in crate::primitive) mod place;
pub(in crate::primitive) mod scatter_add;
pub(in crate::primitive) mod scatter_add_along;
pub(in crate::primitive) mod sort;
pub(in crate::primitive) mod take_along;
pub(in crate::primitive) mod to_real;
pub(in crate::primitive) mod top_k;
