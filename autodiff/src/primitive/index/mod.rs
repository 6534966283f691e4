//! Elements chosen by indices.

pub(in crate::primitive) mod gather;
pub(in crate::primitive) mod pick;
pub(in crate::primitive) mod place;
pub(in crate::primitive) mod scatter_add;
