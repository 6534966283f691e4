//! Dense typed ids and the vectors they index.

// The one place of the crate outside `kernels/` that indexes: an id is only ever made by `push`, and a table only
// shrinks through `truncate`, whose callers hold the sole handles to what goes.
#![allow(clippy::indexing_slicing)]

use std::fmt;
use std::ops::{Index, IndexMut};

/// The position of a node on its tape or in its program; printed as `%7`.
///
/// Ids are dense and in topological order: the operands of a node have smaller ids than the node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    pub(crate) const FIRST: NodeId = NodeId(0);

    /// The position as an index into a side table.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The id of position `index`. Positions beyond `u32::MAX`, more nodes than memory holds, saturate.
    pub fn new(index: usize) -> Self {
        NodeId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// All ids below `length`, in order.
    pub(crate) fn all(length: usize) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator {
        NodeId(0).until(NodeId::new(length))
    }

    /// The ids from this one to the one before `end`, in order.
    pub(crate) fn until(self, end: NodeId) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + Clone {
        (self.0..end.0).map(NodeId)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A vector indexed by [`NodeId`].
#[derive(Clone, Debug)]
pub(crate) struct IdVec<T>(Vec<T>);

impl<T> Default for IdVec<T> {
    fn default() -> Self {
        IdVec::new()
    }
}

impl<T> IdVec<T> {
    pub(crate) const fn new() -> Self {
        IdVec(Vec::new())
    }

    pub(crate) fn with_capacity(length: usize) -> Self {
        IdVec(Vec::with_capacity(length))
    }

    pub(crate) fn filled(length: usize, item: impl Fn() -> T) -> Self {
        IdVec((0..length).map(|_| item()).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn push(&mut self, item: T) -> NodeId {
        let id = NodeId::new(self.0.len());
        self.0.push(item);
        id
    }

    /// The items behind that of `id`.
    pub(crate) fn behind(&self, id: NodeId) -> &[T] {
        self.0.get(id.index() + 1..).unwrap_or(&[])
    }

    pub(crate) fn find(&self, id: NodeId) -> Option<&T> {
        self.0.get(id.index())
    }

    /// Makes it at least `length` long.
    pub(crate) fn extend_to(&mut self, length: usize, item: impl Fn() -> T) {
        if self.0.len() < length {
            self.0.resize_with(length, item);
        }
    }

    /// Keeps the items that `keep`, which is asked in order and may change them, says.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(NodeId, &mut T) -> bool) {
        let mut position = 0;
        self.0.retain_mut(|item| {
            position += 1;
            keep(NodeId::new(position - 1), item)
        });
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<T> {
        NodeId::all(self.0.len())
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (NodeId, &T)> + ExactSizeIterator {
        self.ids().zip(&self.0)
    }
}

impl<T> Index<NodeId> for IdVec<T> {
    type Output = T;
    fn index(&self, id: NodeId) -> &T {
        &self.0[id.index()]
    }
}

impl<T> IndexMut<NodeId> for IdVec<T> {
    fn index_mut(&mut self, id: NodeId) -> &mut T {
        &mut self.0[id.index()]
    }
}
