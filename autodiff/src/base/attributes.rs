//! The constants of a primitive that are part of its identity.

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::shape::Shape;
use std::fmt;

/// One attribute: a number, a list of numbers, a word. Floats are compared by their bits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Attribute {
    /// An integer: an exponent, an axis.
    Integer(i64),
    /// A real constant, such as the slope of a leaky ReLU.
    Real(f64),
    /// A yes or no.
    Flag(bool),
    /// A list of lengths or axes.
    List(Vec<usize>),
    /// One of several words, such as the name of a variant: letters, digits and `_`.
    Word(String),
}

impl From<usize> for Attribute {
    fn from(x: usize) -> Self {
        Attribute::Integer(i64::try_from(x).unwrap_or(i64::MAX))
    }
}

impl PartialEq for Attribute {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Attribute::Integer(a), Attribute::Integer(b)) => a == b,
            (Attribute::Real(a), Attribute::Real(b)) => a.to_bits() == b.to_bits(),
            (Attribute::Flag(a), Attribute::Flag(b)) => a == b,
            (Attribute::List(a), Attribute::List(b)) => a == b,
            (Attribute::Word(a), Attribute::Word(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Attribute {}

impl std::hash::Hash for Attribute {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match self {
            Attribute::Integer(x) => x.hash(state),
            Attribute::Real(x) => x.to_bits().hash(state),
            Attribute::Flag(x) => x.hash(state),
            Attribute::List(x) => x.hash(state),
            Attribute::Word(x) => x.hash(state),
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Attribute::Integer(x) => write!(f, "{x}"),
            // `{:?}` prints the shortest text that reads back to the same bits, and always with a point or exponent.
            Attribute::Real(x) => write!(f, "{x:?}"),
            Attribute::Flag(x) => write!(f, "{x}"),
            Attribute::List(x) => write!(f, "{}", Shape::from(x.as_slice())),
            Attribute::Word(x) => f.write_str(x),
        }
    }
}

/// Named attributes, in the order the primitive declares them; `(name, attributes)` is a primitive's identity.
///
/// ```
/// use autodiff::Attributes;
/// let attributes = Attributes::new().with_list("axes", &[0, 1]).with_flag("keep", true);
/// assert_eq!(attributes.to_string(), "axes=[0, 1], keep=true");
/// assert_eq!(attributes.list("axes").unwrap(), &[0, 1]);
/// assert!(attributes.real("slope").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Attributes(Vec<(&'static str, Attribute)>);

impl Attributes {
    /// No attributes.
    pub const fn new() -> Self {
        Attributes(Vec::new())
    }

    /// Adds any attribute.
    pub fn with(mut self, name: &'static str, attribute: Attribute) -> Self {
        self.0.push((name, attribute));
        self
    }

    /// Adds an integer.
    pub fn with_integer(self, name: &'static str, x: i64) -> Self {
        self.with(name, Attribute::Integer(x))
    }

    /// Adds a real constant.
    pub fn with_real(self, name: &'static str, x: f64) -> Self {
        self.with(name, Attribute::Real(x))
    }

    /// Adds a yes or no.
    pub fn with_flag(self, name: &'static str, x: bool) -> Self {
        self.with(name, Attribute::Flag(x))
    }

    /// Adds a list.
    pub fn with_list(self, name: &'static str, x: &[usize]) -> Self {
        self.with(name, Attribute::List(x.to_vec()))
    }

    /// Adds the word that belongs to `chosen` among `choices`: what [`one_of`](Self::one_of) reads.
    pub fn with_one_of<T: PartialEq>(self, name: &'static str, choices: &[(&str, T)], chosen: &T) -> Self {
        let word = choices.iter().find(|(_, choice)| choice == chosen).map_or("", |(word, _)| word);
        self.with(name, Attribute::Word(word.into()))
    }

    /// Names and attributes, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Attribute)> {
        self.0.iter().map(|(name, attribute)| (*name, attribute))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn read<'a, T>(&'a self, name: &str, kind: &str, read: impl Fn(&'a Attribute) -> Option<T>) -> Result<T> {
        let found = self.0.iter().find(|(n, _)| *n == name).and_then(|(_, a)| read(a));
        found.ok_or_else(|| {
            let message = format!("the attribute `{name}` should be {kind}; got ({self})");
            Error::new(ErrorKind::Registry, "attributes", message)
        })
    }

    /// The integer `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Registry`] if it is missing or of another kind; so for the other readers.
    pub fn integer(&self, name: &str) -> Result<i64> {
        self.read(name, "an integer", |a| match a {
            Attribute::Integer(x) => Some(*x),
            _ => None,
        })
    }

    /// The length or position `name`: an integer that is not negative.
    ///
    /// # Errors
    /// [`ErrorKind::Registry`] as for [`integer`](Self::integer).
    pub fn length(&self, name: &str) -> Result<usize> {
        self.read(name, "an integer that is not negative", |a| match a {
            Attribute::Integer(x) => usize::try_from(*x).ok(),
            _ => None,
        })
    }

    /// The real constant `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Registry`] as for [`integer`](Self::integer).
    pub fn real(&self, name: &str) -> Result<f64> {
        self.read(name, "a real number", |a| match a {
            Attribute::Real(x) => Some(*x),
            _ => None,
        })
    }

    /// The yes or no `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Registry`] as for [`integer`](Self::integer).
    pub fn flag(&self, name: &str) -> Result<bool> {
        self.read(name, "true or false", |a| match a {
            Attribute::Flag(x) => Some(*x),
            _ => None,
        })
    }

    /// The list `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Registry`] as for [`integer`](Self::integer).
    pub fn list(&self, name: &str) -> Result<&[usize]> {
        self.read(name, "a list", |a| match a {
            Attribute::List(x) => Some(x.as_slice()),
            _ => None,
        })
    }

    /// What the word `name` stands for among `choices`.
    ///
    /// ```
    /// use autodiff::Attributes;
    /// let sides = [("left", -1), ("right", 1)];
    /// let attributes = Attributes::new().with_one_of("side", &sides, &1);
    /// assert_eq!(attributes.to_string(), "side=right");
    /// assert_eq!(attributes.one_of("side", &sides)?, 1);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Registry`] as for [`integer`](Self::integer), and if it is not one of the words.
    pub fn one_of<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<T> {
        let words = choices.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        self.read(name, &format!("one of {words}"), |a| match a {
            Attribute::Word(x) => choices.iter().find(|(word, _)| word == x).map(|(_, choice)| *choice),
            _ => None,
        })
    }
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, attribute)) in self.iter().enumerate() {
            write!(f, "{}{name}={attribute}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    use super::*;

    /// A primitive is found by its attributes, so equality and hash have to agree: reals count by their bits.
    fn reals_are_equal_by_their_bits() {
        let reals = [0.0, -0.0, f64::NAN, -f64::NAN, 1.0].map(Attribute::Real);
        for (i, a) in reals.iter().enumerate() {
            for (j, b) in reals.iter().enumerate() {
                assert_eq!(a == b, i == j, "{a} and {b}");
            }
        }
        assert_ne!(Attribute::Real(1.0), Attribute::Integer(1));
    }

    self_tests!(reals_are_equal_by_their_bits);
}
