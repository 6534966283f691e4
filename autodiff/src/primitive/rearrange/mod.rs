//! Operations that rearrange elements.

pub(in crate::primitive) mod broadcast_to;
pub(in crate::primitive) mod concat;
pub(in crate::primitive) mod flip;
pub(in crate::primitive) mod pad;
pub(in crate::primitive) mod reshape;
pub(in crate::primitive) mod slice;
pub(in crate::primitive) mod slice_step;
pub(in crate::primitive) mod stop_gradient;
pub(in crate::primitive) mod transpose;
pub(in crate::primitive) mod triangle;
pub(in crate::primitive) mod unslice;
