//! The structure of a model: everything about it that a recorded step depends on, except the numbers in its arrays.

use super::parts::Name;
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
pub trait Attribute: Debug {
    /// A number that no other value of this type has, where there is one: it is compared faster than what `Debug` prints.
    #[doc(hidden)]
    fn number(&self) -> Option<u64> {
        None
    }
}

macro_rules! attributes {
    ($($type:ty),*: |$x:ident| $number:expr) => {
        $(impl Attribute for $type {
            fn number(&self) -> Option<u64> {
                let $x = *self;
                Some($number)
            }
        })*
    };
    ($($type:ty),*) => { $(impl Attribute for $type {})* };
}

attributes!(f64: |x| x.to_bits());
attributes!(f32: |x| x.to_bits().into());
attributes!(bool, char, u8, u16, u32: |x| x.into());
attributes!(u64: |x| x);
attributes!(i8, i16, i32, i64: |x| i128::from(x) as u64);
attributes!(usize: |x| x as u64);
attributes!((): |_x| 0);
attributes!(isize, i128, u128, String, &'static str, autodiff::Shape);

impl<T: Attribute> Attribute for Option<T> {}
impl<T: Attribute> Attribute for Vec<T> {}
impl<T: Attribute, const N: usize> Attribute for [T; N] {}
impl<T: ?Sized> Attribute for PhantomData<T> {}
impl<A: Attribute, B: Attribute> Attribute for (A, B) {}
impl<A: Attribute, B: Attribute, C: Attribute> Attribute for (A, B, C) {}

/// What a plan was made for, in order: types, names, roles, shapes, attributes.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Structure {
    words: Vec<u64>,
    /// Apart from the words, because the identity of a type cannot be written as some.
    types: Vec<TypeId>,
}

impl Structure {
    /// The comparison of another structure with this one, from the start.
    pub(crate) fn compare(&self) -> Stream<'_> {
        Stream { depth: 0, mode: Mode::Compare { words: &self.words, types: &self.types, same: true } }
    }
}

/// A structure as it is written, or compared with one that was written: exactly, and without asking for memory. Every
/// training step compares one, so that this is to take nanoseconds.
#[derive(Debug)]
pub(crate) struct Stream<'a> {
    /// How many modules are around what comes next.
    depth: u32,
    mode: Mode<'a>,
}

#[derive(Debug)]
enum Mode<'a> {
    Write(Structure),
    Compare { words: &'a [u64], types: &'a [TypeId], same: bool },
}

/// What follows in a stream.
#[derive(Clone, Copy)]
pub(crate) enum Tag {
    Field,
    Position,
    Inner,
    /// An attribute that is a number.
    Number,
    /// Another one, which is compared by what `Debug` prints, piece by piece, to the end.
    Attribute,
    Text,
    End,
    Param,
    Frozen,
    Buffer,
    Name,
    Real,
    Index,
}

impl<'a> Stream<'a> {
    pub(crate) fn writing() -> Self {
        Stream { depth: 0, mode: Mode::Write(Structure::default()) }
    }

    /// What was written.
    pub(crate) fn written(self) -> Structure {
        match self.mode {
            Mode::Write(structure) => structure,
            Mode::Compare { .. } => Structure::default(),
        }
    }

    /// Whether the same was written before, to the end.
    pub(crate) fn is_same(&self) -> bool {
        matches!(self.mode, Mode::Compare { words: [], types: [], same: true })
    }

    /// Whether nothing was different yet.
    pub(crate) fn is_same_so_far(&self) -> bool {
        matches!(self.mode, Mode::Compare { same: true, .. })
    }

    /// A module of this type, with its name, if it has one of its own. What it lists comes next, and
    /// [`leave`](Self::leave) at its end.
    #[inline]
    pub(crate) fn enter(&mut self, name: Option<Name<'_>>, kind: TypeId) {
        match name {
            Some(Name::Field(name)) => self.text(Tag::Field, name),
            Some(Name::Position(position)) => self.words([self.header(Tag::Position, 0), position as u64]),
            None => self.words([self.header(Tag::Inner, 0)]),
        }
        match &mut self.mode {
            Mode::Write(structure) => structure.types.push(kind),
            Mode::Compare { types, same, .. } => match types.split_first() {
                Some((first, rest)) if *first == kind => *types = rest,
                _ => *same = false,
            },
        }
        self.depth += 1;
    }

    /// The end of a module.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// A few words at once: the place in the stream is moved once for all.
    #[inline]
    fn words<const N: usize>(&mut self, next: [u64; N]) {
        match &mut self.mode {
            Mode::Write(structure) => structure.words.extend(next),
            Mode::Compare { words, same, .. } => match words.split_first_chunk::<N>() {
                Some((first, rest)) if *first == next => *words = rest,
                _ => *same = false,
            },
        }
    }

    /// What follows, how deep it is, and how long.
    #[inline]
    fn header(&self, tag: Tag, length: usize) -> u64 {
        (length as u64) << 32 | u64::from(self.depth) << 8 | tag as u64
    }

    #[inline]
    fn text(&mut self, tag: Tag, text: &str) {
        let header = self.header(tag, text.len());
        let (words, rest) = text.as_bytes().as_chunks();
        if words.is_empty() {
            return self.words([header, packed(rest)]);
        }
        self.words([header]);
        words.iter().for_each(|word| self.words([u64::from_ne_bytes(*word)]));
        self.words([packed(rest)]);
    }

    /// A column of a batch.
    pub(crate) fn column(&mut self, name: &str, tag: Tag, shape: &[usize]) {
        self.text(Tag::Name, name);
        self.shape(tag, shape);
    }

    #[inline]
    pub(crate) fn shape(&mut self, tag: Tag, shape: &[usize]) {
        let header = self.header(tag, shape.len());
        match *shape {
            [a] => self.words([header, a as u64]),
            [a, b] => self.words([header, a as u64, b as u64]),
            _ => {
                self.words([header]);
                shape.iter().for_each(|length| self.words([*length as u64]));
            }
        }
    }

    pub(crate) fn attribute(&mut self, name: &str, attribute: &dyn Attribute) {
        if let Some(number) = attribute.number() {
            self.text(Tag::Number, name);
            return self.words([number]);
        }
        self.text(Tag::Attribute, name);
        // A stream takes everything; what refuses is an attribute whose `Debug` fails.
        let failed = write!(self, "{attribute:?}").is_err();
        self.words([self.header(Tag::End, failed.into())]);
    }
}

/// Fewer than eight bytes, of which the number is known, as a number of their own.
#[inline]
fn packed(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => u64::from(u32::from_ne_bytes(*first)) << 32 | u64::from(u32::from_ne_bytes(*last)),
        _ => bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

impl Write for Stream<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(Tag::Text, text);
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
        let streams: [(Structure, Box<dyn Fn(&Structure) -> bool>); 13] = [
            boxed(|s| s.text(Tag::Field, "ab")),
            boxed(|s| (s.text(Tag::Field, "a"), s.text(Tag::Field, "b")).0),
            boxed(|s| s.shape(Tag::Real, &[2, 3])),
            boxed(|s| s.shape(Tag::Real, &[2])),
            boxed(|s| s.enter(None, TypeId::of::<u8>())),
            boxed(|s| (s.enter(None, TypeId::of::<u8>()), s.text(Tag::Field, "a")).1),
            boxed(|s| (s.enter(None, TypeId::of::<u8>()), s.leave(), s.text(Tag::Field, "a")).2),
            boxed(|s| s.enter(None, TypeId::of::<u16>())),
            boxed(|s| s.attribute("a", &0.1)),
            boxed(|s| s.attribute("a", &"0.1")),
            boxed(|s| s.attribute("a", &"0.2")),
            boxed(|s| s.attribute("b", &0.1)),
            boxed(|s| s.attribute("a", &(0.1 + f64::EPSILON))),
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
