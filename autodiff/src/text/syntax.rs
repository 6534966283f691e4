//! What a text says, before names are looked up: sections, lines, operands.

use super::literal::Literal;
use super::report::Span;
use crate::base::shape::Shape;

/// A text as it stands there; nothing is resolved yet.
pub(super) struct Module<'a> {
    /// `f32` or `f64`.
    pub(super) real: (&'a str, Span),
    /// The bodies, by name.
    pub(super) bodies: Vec<((&'a str, Span), Section<'a>)>,
    pub(super) main: Section<'a>,
}

/// Lines, and what they return.
pub(super) struct Section<'a> {
    pub(super) lines: Vec<Line<'a>>,
    pub(super) returned: Vec<Operand<'a>>,
}

pub(super) struct Line<'a> {
    pub(super) results: Vec<Target<'a>>,
    pub(super) leaf: Leaf<'a>,
    pub(super) scope: String,
}

/// One result of a line: `%2 bias : f64[2]`.
pub(super) struct Target<'a> {
    pub(super) id: Option<(u64, Span)>,
    pub(super) name: Option<(String, Span)>,
    pub(super) declared: Option<Type<'a>>,
}

impl Target<'_> {
    /// Where it stands.
    pub(super) fn span(&self) -> Option<Span> {
        self.id.map(|(_, span)| span).or(self.name.as_ref().map(|(_, span)| *span))
    }
}

/// `f64[2, 3]`, `index[4]`, `key`.
pub(super) struct Type<'a> {
    pub(super) name: &'a str,
    pub(super) shape: Shape,
    pub(super) span: Span,
}

pub(super) enum Leaf<'a> {
    /// `input`, `data`, `index` or `key`.
    Given(&'a str, Span),
    Constant(Literal),
    Call(Call<'a>),
}

pub(super) struct Call<'a> {
    pub(super) name: (&'a str, Span),
    pub(super) operands: Vec<Operand<'a>>,
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) span: Span,
}

pub(super) enum Operand<'a> {
    Id(u64, Span),
    Name(String, Span),
    Literal(Literal),
    Call(Call<'a>),
}

impl Operand<'_> {
    pub(super) fn span(&self) -> Span {
        match self {
            Operand::Id(_, span) | Operand::Name(_, span) => *span,
            Operand::Literal(literal) => literal.span,
            Operand::Call(call) => call.span,
        }
    }
}

pub(super) struct Attribute<'a> {
    pub(super) name: (&'a str, Span),
    pub(super) value: Value,
}

pub(super) enum Value {
    /// A number, `true`, `false` or another word.
    Word(Span),
    List(Vec<Span>, Span),
    /// The names of bodies.
    Words(Vec<Span>),
}
