//! What a visit of a model collects.

use super::structure::{Attribute, Stream, Tag};
use super::{Buffer, Module, Param};
use autodiff::{Feed, Real};
use std::any::{Any, TypeId};
use std::fmt;

/// The name of a part: that of its field, or its position in a list.
#[derive(Clone, Copy, Debug)]
pub enum Name<'n> {
    /// The name of a field.
    Field(&'n str),
    /// A position, from 0.
    Position(usize),
}

impl<'n> From<&'n str> for Name<'n> {
    fn from(name: &'n str) -> Self {
        Name::Field(name)
    }
}

impl<'n> From<&'n String> for Name<'n> {
    fn from(name: &'n String) -> Self {
        Name::Field(name)
    }
}

impl From<usize> for Name<'_> {
    fn from(position: usize) -> Self {
        Name::Position(position)
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Field(name) => f.write_str(name),
            Name::Position(position) => write!(f, "{position}"),
        }
    }
}

/// An array of a model, in its role.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leaf<'a, F: Real> {
    Param(&'a Param<F>),
    Buffer(&'a Buffer<F>),
}

impl<'a, F: Real> Leaf<'a, F> {
    pub(crate) fn array(self) -> &'a ndarray::ArrayD<F> {
        match self {
            Leaf::Param(param) => param.array(),
            Leaf::Buffer(buffer) => buffer.array(),
        }
    }

    /// What it is, in a word.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Leaf::Param(_) => "parameter",
            Leaf::Buffer(_) => "buffer",
        }
    }

    /// Whether training changes it by its gradient.
    pub(crate) fn is_trained(self) -> bool {
        matches!(self, Leaf::Param(param) if !param.is_frozen())
    }

    /// Where it lies: what tells it from all others.
    pub(crate) fn address(self) -> usize {
        match self {
            Leaf::Param(param) => std::ptr::from_ref(param).addr(),
            Leaf::Buffer(buffer) => std::ptr::from_ref(buffer).addr(),
        }
    }
}

/// As [`Leaf`], to be changed.
#[derive(Debug)]
pub(crate) enum LeafMut<'a, F: Real> {
    Param(&'a mut Param<F>),
    Buffer(&'a mut Buffer<F>),
}

impl<'a, F: Real> LeafMut<'a, F> {
    pub(crate) fn leaf(&self) -> Leaf<'_, F> {
        match self {
            LeafMut::Param(param) => Leaf::Param(param),
            LeafMut::Buffer(buffer) => Leaf::Buffer(buffer),
        }
    }

    /// Replaces its value.
    pub(crate) fn set(&mut self, array: ndarray::ArrayD<F>) -> autodiff::Result<()> {
        match self {
            LeafMut::Param(param) => param.set(array),
            LeafMut::Buffer(buffer) => buffer.set(array),
        }
    }

    fn into_elements(self) -> &'a mut [F] {
        match self {
            LeafMut::Param(param) => param.elements_mut(),
            LeafMut::Buffer(buffer) => buffer.elements_mut(),
        }
    }
}

/// A module inside a model.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a, F: Real> {
    pub(crate) path: String,
    pub(crate) module: &'a dyn Module<F>,
}

/// What tells a module from all others: where it lies, and its type, because a module and its first field lie in one place.
pub(crate) fn identity<F: Real>(module: &(impl Module<F> + ?Sized)) -> (usize, TypeId) {
    (std::ptr::from_ref(module).cast::<u8>().addr(), Any::type_id(module))
}

/// A model as lists, in the order of its `visit`.
#[derive(Default, Debug)]
pub(crate) struct Tree<'a, F: Real> {
    path: String,
    /// All modules inside the model, each with its path; what is inside a box or an option, too, with the same path.
    pub(crate) parts: Vec<Part<'a, F>>,
    /// Its arrays with their paths.
    pub(crate) leaves: Vec<(String, Leaf<'a, F>)>,
    /// The position in `parts` of each part that has a name of its own.
    named: Vec<usize>,
}

impl<'a, F: Real> Tree<'a, F> {
    pub(crate) fn of(model: &'a (impl Module<F> + ?Sized)) -> Self {
        let mut parts = Parts { sink: Sink::Tree(Tree::default()) };
        model.visit(&mut parts);
        match parts.sink {
            Sink::Tree(tree) => tree,
            Sink::Structure(_) => Tree::default(),
        }
    }

    /// Two parts of one path, if there are any.
    pub(crate) fn duplicate(&self) -> Option<(&Part<'a, F>, &Part<'a, F>)> {
        let mut named: Vec<&Part<'a, F>> = self.named.iter().filter_map(|i| self.parts.get(*i)).collect();
        named.sort_by(|a, b| a.path.cmp(&b.path));
        named.iter().zip(named.iter().skip(1)).find(|(a, b)| a.path == b.path).map(|(a, b)| (*a, *b))
    }
}

/// Collects the parts of a module: what [`Module::visit`] lists them to.
pub struct Parts<'a, F: Real> {
    sink: Sink<'a, F>,
}

enum Sink<'a, F: Real> {
    Tree(Tree<'a, F>),
    Structure(Stream<'a>),
}

impl<'a, F: Real> Parts<'a, F> {
    /// An inner module: a parameter, a buffer, a layer, an option or a list of them. Its path is that of this module, a
    /// dot, and `name`.
    #[inline]
    pub fn part<'n>(&mut self, name: impl Into<Name<'n>>, module: &'a impl Module<F>) {
        let name = Some(name.into());
        match &mut self.sink {
            Sink::Structure(stream) => {
                stream.enter(name, Any::type_id(module));
                self.leave_after(module);
            }
            Sink::Tree(_) => self.any_part(name, module),
        }
    }

    /// The module that this one stands for, with no name of its own: what is inside a box, an option.
    pub fn inner(&mut self, module: &'a dyn Module<F>) {
        self.any_part(None, module);
    }

    /// As [`part`](Self::part) or [`inner`](Self::inner), for a module of any type.
    pub(crate) fn any_part(&mut self, name: Option<Name<'_>>, module: &'a dyn Module<F>) {
        match &mut self.sink {
            Sink::Structure(stream) => {
                stream.enter(name, Any::type_id(module));
                self.leave_after(module);
            }
            Sink::Tree(tree) => {
                let length = tree.path.len();
                if let Some(name) = name {
                    extend(&mut tree.path, name);
                    tree.named.push(tree.parts.len());
                }
                tree.parts.push(Part { path: tree.path.clone(), module });
                module.visit(self);
                if let Sink::Tree(tree) = &mut self.sink {
                    tree.path.truncate(length);
                }
            }
        }
    }

    /// A static attribute, with its name: a number or a choice that the forward pass depends on and training does not
    /// change.
    pub fn attribute(&mut self, name: &str, attribute: &dyn Attribute) {
        if let Sink::Structure(stream) = &mut self.sink {
            stream.attribute(name, attribute);
        }
    }

    pub(super) fn leaf(&mut self, leaf: Leaf<'a, F>) {
        match &mut self.sink {
            Sink::Tree(tree) => tree.leaves.push((tree.path.clone(), leaf)),
            Sink::Structure(stream) => {
                let tag = match leaf {
                    Leaf::Param(param) if param.is_frozen() => Tag::Frozen,
                    Leaf::Param(_) => Tag::Param,
                    Leaf::Buffer(_) => Tag::Buffer,
                };
                stream.shape(tag, leaf.array().shape());
            }
        }
    }

    #[inline]
    fn leave_after(&mut self, module: &'a (impl Module<F> + ?Sized)) {
        module.visit(self);
        if let Sink::Structure(stream) = &mut self.sink {
            stream.leave();
        }
    }
}

/// Writes the structure of a model to `stream`, or compares it.
pub(crate) fn stream<'a, F: Real>(model: &'a impl Module<F>, stream: Stream<'a>) -> Stream<'a> {
    let mut parts = Parts { sink: Sink::Structure(stream) };
    parts.inner(model);
    match parts.sink {
        Sink::Structure(stream) => stream,
        Sink::Tree(_) => Stream::writing(),
    }
}

/// Collects the parts of a module to be changed: what [`Module::visit_mut`] lists them to.
pub struct PartsMut<'a, F: Real> {
    sink: SinkMut<'a, F>,
}

enum SinkMut<'a, F: Real> {
    Leaves { path: String, leaves: Vec<(String, LeafMut<'a, F>)> },
    Feeds(Vec<Feed<'a, F>>),
}

impl<'a, F: Real> PartsMut<'a, F> {
    /// An inner module, as [`Parts::part`].
    #[inline]
    pub fn part<'n>(&mut self, name: impl Into<Name<'n>>, module: &'a mut impl Module<F>) {
        match &mut self.sink {
            SinkMut::Leaves { .. } => self.any_part(name.into(), module),
            SinkMut::Feeds(_) => module.visit_mut(self),
        }
    }

    /// As [`part`](Self::part), for a module of any type.
    pub(crate) fn any_part(&mut self, name: Name<'_>, module: &'a mut dyn Module<F>) {
        let length = match &mut self.sink {
            SinkMut::Leaves { path, .. } => extend(path, name),
            SinkMut::Feeds(_) => 0,
        };
        module.visit_mut(self);
        if let SinkMut::Leaves { path, .. } = &mut self.sink {
            path.truncate(length);
        }
    }

    /// The module that this one stands for, as [`Parts::inner`].
    pub fn inner(&mut self, module: &'a mut dyn Module<F>) {
        module.visit_mut(self);
    }

    pub(super) fn leaf(&mut self, leaf: LeafMut<'a, F>) {
        match &mut self.sink {
            SinkMut::Leaves { path, leaves } => leaves.push((path.clone(), leaf)),
            SinkMut::Feeds(feeds) => feeds.push(Feed::Update(leaf.into_elements())),
        }
    }
}

/// The arrays of a model with their paths, in the order of its `visit_mut`.
pub(crate) fn leaves_mut<F: Real>(model: &mut (impl Module<F> + ?Sized)) -> Vec<(String, LeafMut<'_, F>)> {
    let mut parts = PartsMut { sink: SinkMut::Leaves { path: String::new(), leaves: Vec::new() } };
    model.visit_mut(&mut parts);
    match parts.sink {
        SinkMut::Leaves { leaves, .. } => leaves,
        SinkMut::Feeds(_) => Vec::new(),
    }
}

/// Appends the elements of the arrays of a model to `feeds`, to be updated.
pub(crate) fn feed<'a, F: Real>(model: &'a mut impl Module<F>, feeds: Vec<Feed<'a, F>>) -> Vec<Feed<'a, F>> {
    let mut parts = PartsMut { sink: SinkMut::Feeds(feeds) };
    model.visit_mut(&mut parts);
    match parts.sink {
        SinkMut::Feeds(feeds) => feeds,
        SinkMut::Leaves { .. } => Vec::new(),
    }
}

/// Appends a name to a path; the length the path had.
fn extend(path: &mut String, name: Name<'_>) -> usize {
    let length = path.len();
    if length > 0 {
        path.push('.');
    }
    match name {
        Name::Field(name) => path.push_str(name),
        Name::Position(position) => path.push_str(&position.to_string()),
    }
    length
}

impl<F: Real> fmt::Debug for Parts<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parts")
    }
}

impl<F: Real> fmt::Debug for PartsMut<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartsMut")
    }
}
