//! The structure of a model: everything about it that a recorded step depends on, except the numbers in its arrays.

use std::any::TypeId;
use std::fmt::{self, Debug, Write};
use std::marker::PhantomData;

/// A static attribute of a module: a number, a flag, a word, a choice. It is compared by what `Debug` prints, which
/// for a floating-point number tells every two apart.
///
/// A type of your own becomes an attribute by `impl nn::Attribute for Padding {}`; its `Debug` has to show all that
/// matters, as `#[derive(Debug)]` does. Arrays are not attributes: they belong in a [`Buffer`](crate::Buffer).
///
/// ```
/// #[derive(Clone, Copy, Debug)]
/// enum Padding { Zeros, Edge }
///
/// impl nn::Attribute for Padding {}
/// # let _: &dyn nn::Attribute = &(Padding::Zeros, Padding::Edge);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a static attribute of a module",
    note = "a number, a flag or a word is one; for a type of your own write `impl nn::Attribute for … {{}}`",
    note = "an array belongs in an `nn::Param` or an `nn::Buffer`, which are listed before `attributes`"
)]
pub trait Attribute: Debug {}

macro_rules! attributes {
    ($($type:ty),*) => { $(impl Attribute for $type {})* };
}

attributes!(bool, char, f32, f64, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, String, &'static str);
attributes!((), autodiff::Shape);

impl<T: Attribute> Attribute for Option<T> {}
impl<T: Attribute> Attribute for Vec<T> {}
impl<T: Attribute, const N: usize> Attribute for [T; N] {}
impl<T: ?Sized> Attribute for PhantomData<T> {}
impl<A: Attribute, B: Attribute> Attribute for (A, B) {}
impl<A: Attribute, B: Attribute, C: Attribute> Attribute for (A, B, C) {}

/// What a plan was made for, in order: types, names, roles, shapes, attributes.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Structure {
    bytes: Vec<u8>,
    /// Apart from the bytes, because the identity of a type cannot be written as some.
    types: Vec<TypeId>,
}

impl Structure {
    /// The comparison of another structure with this one, from the start.
    pub(crate) fn compare(&self) -> Stream<'_> {
        Stream::Compare { bytes: &self.bytes, types: &self.types, same: true }
    }
}

/// A structure as it is written, or compared with one that was written: exactly, and without asking for memory.
#[derive(Debug)]
pub(crate) enum Stream<'a> {
    Write(Structure),
    Compare { bytes: &'a [u8], types: &'a [TypeId], same: bool },
}

/// What follows in a stream.
#[derive(Clone, Copy)]
pub(crate) enum Tag {
    Field,
    Position,
    Inner,
    End,
    Attribute,
    Param,
    Frozen,
    Buffer,
    Name,
    Real,
    Index,
}

/// Ends the text of an attribute, which has no such byte.
const END_OF_TEXT: u8 = 0xff;

impl Stream<'_> {
    pub(crate) fn writing() -> Self {
        Stream::Write(Structure::default())
    }

    /// What was written.
    pub(crate) fn written(self) -> Structure {
        match self {
            Stream::Write(structure) => structure,
            Stream::Compare { .. } => Structure::default(),
        }
    }

    /// Whether the same was written before, to the end.
    pub(crate) fn is_same(&self) -> bool {
        matches!(self, Stream::Compare { bytes: [], types: [], same: true })
    }

    /// Whether nothing was different yet.
    pub(crate) fn is_same_so_far(&self) -> bool {
        matches!(self, Stream::Compare { same: true, .. })
    }

    #[inline]
    fn bytes(&mut self, next: &[u8]) {
        match self {
            Stream::Write(structure) => structure.bytes.extend_from_slice(next),
            Stream::Compare { bytes, same, .. } => match bytes.strip_prefix(next) {
                Some(rest) => *bytes = rest,
                None => *same = false,
            },
        }
    }

    /// As [`bytes`](Self::bytes) of a few, without a loop.
    #[inline]
    fn chunk<const N: usize>(&mut self, next: [u8; N]) {
        match self {
            Stream::Write(structure) => structure.bytes.extend_from_slice(&next),
            Stream::Compare { bytes, same, .. } => match bytes.split_first_chunk::<N>() {
                Some((first, rest)) if *first == next => *bytes = rest,
                _ => *same = false,
            },
        }
    }

    #[inline]
    pub(crate) fn tag(&mut self, tag: Tag) {
        self.chunk([tag as u8]);
    }

    #[inline]
    pub(crate) fn number(&mut self, tag: Tag, number: usize) {
        let mut chunk = [tag as u8; 1 + size_of::<usize>()];
        if let Some(rest) = chunk.last_chunk_mut() {
            *rest = number.to_ne_bytes();
        }
        self.chunk(chunk);
    }

    #[inline]
    pub(crate) fn text(&mut self, tag: Tag, text: &str) {
        self.number(tag, text.len());
        self.bytes(text.as_bytes());
    }

    #[inline]
    pub(crate) fn shape(&mut self, tag: Tag, shape: &[usize]) {
        self.number(tag, shape.len());
        shape.iter().for_each(|length| self.chunk(length.to_ne_bytes()));
    }

    #[inline]
    pub(crate) fn kind(&mut self, kind: TypeId) {
        match self {
            Stream::Write(structure) => structure.types.push(kind),
            Stream::Compare { types, same, .. } => match types.split_first() {
                Some((first, rest)) if *first == kind => *types = rest,
                _ => *same = false,
            },
        }
    }

    pub(crate) fn attribute(&mut self, attribute: &dyn Attribute) {
        // A stream takes everything; what refuses is an attribute whose `Debug` fails.
        let failed = write!(self, "{attribute:?}").is_err();
        self.chunk([END_OF_TEXT, u8::from(failed)]);
    }
}

impl Write for Stream<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Stream<'_>)) -> (Structure, impl Fn(&Structure) -> bool) {
        let mut stream = Stream::writing();
        write(&mut stream);
        let same = move |structure: &Structure| {
            let mut stream = structure.compare();
            write(&mut stream);
            stream.is_same()
        };
        (stream.written(), same)
    }

    #[test]
    fn only_what_was_written_is_the_same() {
        let streams: [(Structure, Box<dyn Fn(&Structure) -> bool>); 7] = [
            boxed(|s| s.text(Tag::Field, "ab")),
            boxed(|s| (s.text(Tag::Field, "a"), s.text(Tag::Field, "b")).0),
            boxed(|s| s.shape(Tag::Real, &[2, 3])),
            boxed(|s| s.shape(Tag::Real, &[2])),
            boxed(|s| s.kind(TypeId::of::<u8>())),
            boxed(|s| s.attribute(&0.1)),
            boxed(|s| s.attribute(&(0.1 + f64::EPSILON))),
        ];
        for (i, (structure, _)) in streams.iter().enumerate() {
            for (k, (_, same)) in streams.iter().enumerate() {
                assert_eq!(same(structure), i == k, "{i} and {k}");
            }
        }
    }

    fn boxed(write: impl Fn(&mut Stream<'_>) + 'static) -> (Structure, Box<dyn Fn(&Structure) -> bool>) {
        let (structure, same) = written(write);
        (structure, Box::new(same))
    }
}
