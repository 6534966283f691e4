//! The grammar: tokens become lines.

use super::VERSION;
use super::lexer::{Token, operator};
use super::literal::{self, Literal, Nesting};
use super::report::{Source, Span, brief, nearest};
use super::syntax::{Attribute, Call, Leaf, Line, Module, Operand, Section, Target, Type, Value};
use crate::base::error::{Error, Result};
use crate::base::shape::Shape;

/// Calls among operands may stand this deep in one another: reading them recurses.
const MOST_NESTED: usize = 64;

const GIVEN: [&str; 4] = ["input", "data", "index", "key"];

pub(super) fn module<'a>(source: &Source<'a>, tokens: &[(Token<'a>, Span)]) -> Result<Module<'a>> {
    let mut parser = Parser { source, tokens: tokens.iter(), last: Span { start: 0, end: 0 } };
    parser.skip_lines();
    let real = parser.header()?;
    let mut bodies = Vec::new();
    loop {
        parser.skip_lines();
        match parser.body_name()? {
            Some(name) => bodies.push((name, parser.section()?)),
            None => break,
        }
    }
    let main = parser.section()?;
    parser.skip_lines();
    match parser.at_end() {
        true => Ok(Module { real, bodies, main }),
        false => Err(parser.unexpected("nothing after `return`")),
    }
}

/// A literal and nothing else.
pub(super) fn array<'a>(source: &Source<'a>, tokens: &[(Token<'a>, Span)]) -> Result<Literal> {
    let mut parser = Parser { source, tokens: tokens.iter(), last: Span { start: 0, end: 0 } };
    parser.skip_lines();
    let literal = parser.literal()?;
    parser.skip_lines();
    match parser.at_end() {
        true => Ok(literal),
        false => Err(parser.unexpected("nothing after the array")),
    }
}

struct Parser<'s, 'a> {
    source: &'s Source<'a>,
    tokens: std::slice::Iter<'s, (Token<'a>, Span)>,
    /// The token that was read last.
    last: Span,
}

impl<'s, 'a> Parser<'s, 'a> {
    // ---- tokens ------------------------------------------------------------------------------------------------------

    fn peek(&self) -> Option<&'s Token<'a>> {
        self.tokens.as_slice().first().map(|(token, _)| token)
    }

    fn second(&self) -> Option<&'s Token<'a>> {
        self.tokens.as_slice().get(1).map(|(token, _)| token)
    }

    fn here(&self) -> Span {
        let end = self.source.text.len();
        self.tokens.as_slice().first().map_or(Span { start: end, end }, |(_, span)| *span)
    }

    fn next(&mut self) -> Option<&'s Token<'a>> {
        let (token, span) = self.tokens.next()?;
        self.last = *span;
        Some(token)
    }

    fn at_end(&self) -> bool {
        self.peek().is_none()
    }

    fn skip_lines(&mut self) {
        while self.peek() == Some(&Token::Newline) {
            self.next();
        }
    }

    fn sign(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, sign: char) -> Result<Span> {
        if self.sign(sign) { Ok(self.last) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    /// The end of what the bracket `open` began; a bracket that is never closed swallows the lines after it.
    fn close(&mut self, sign: char, open: Span, expected: &str) -> Result<()> {
        if self.sign(sign) {
            return Ok(());
        }
        match self.source.line(open) == self.source.line(self.here()) && !self.at_end() {
            true => Err(self.unexpected(expected)),
            false => Err(self.source.error(open, format!("this `{}` is not closed", brief(self.source.piece(open))))),
        }
    }

    #[cold]
    fn unexpected(&self, expected: &str) -> Error {
        let found = match self.peek() {
            None => "the end of the text".into(),
            Some(Token::Newline) => "the end of the line".into(),
            Some(Token::Sign('…')) => {
                let error = self.source.error(self.here(), "`…` stands for numbers that were left out of a print-out");
                return error.with_help("`to_text()` writes a program with all its numbers");
            }
            Some(_) => format!("`{}`", brief(self.source.piece(self.here()))),
        };
        let error = self.source.error(self.here(), format!("expected {expected}, found {found}"));
        match self.peek().and_then(operator) {
            Some(help) => error.with_help(help),
            None => error,
        }
    }

    fn word(&mut self, expected: &str) -> Result<(&'a str, Span)> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.next();
                Ok((word, self.last))
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    fn number(&mut self, expected: &str) -> Result<Span> {
        match self.peek() {
            Some(Token::Number(_) | Token::Word("inf" | "NaN")) => {
                self.next();
                Ok(self.last)
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    fn end_of_line(&mut self, expected: &str) -> Result<()> {
        match self.peek() {
            Some(Token::Newline) | None => {
                self.next();
                Ok(())
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    // ---- lines -------------------------------------------------------------------------------------------------------

    fn header(&mut self) -> Result<(&'a str, Span)> {
        let example = format!("a program begins with `program {VERSION} f64`");
        if self.peek() != Some(&Token::Word("program")) {
            return Err(self.unexpected("`program`").with_help(example));
        }
        self.next();
        let version = self.number("the version of the text").map_err(|error| error.with_help(&*example))?;
        if ![VERSION, 1].iter().any(|known| self.source.piece(version) == known.to_string()) {
            let message = format!(
                "version {} is not known; this is version {VERSION}, which reads 1, too",
                self.source.piece(version)
            );
            return Err(self.source.error(version, message));
        }
        let real = self.word("`f32` or `f64`").map_err(|error| error.with_help(&*example))?;
        if !["f32", "f64"].contains(&real.0) {
            return Err(self.source.error(real.1, format!("`{}` is neither `f32` nor `f64`", real.0)));
        }
        self.end_of_line("the end of the line")?;
        Ok(real)
    }

    /// The name of the body that begins here, if one does.
    fn body_name(&mut self) -> Result<Option<(&'a str, Span)>> {
        let begins = self.peek() == Some(&Token::Word("body")) && matches!(self.second(), Some(Token::Word(_)));
        if !begins {
            return Ok(None);
        }
        self.next();
        let name = self.word("the name of the body")?;
        self.end_of_line("the end of the line")?;
        Ok(Some(name))
    }

    /// Lines up to a `return`.
    fn section(&mut self) -> Result<Section<'a>> {
        let mut lines = Vec::new();
        loop {
            self.skip_lines();
            if self.at_end() {
                let message = "the text ends without a `return`";
                return Err(self
                    .source
                    .error(self.here(), message)
                    .with_help("the last line says what is computed: `return y`"));
            }
            if self.is_return() {
                break;
            }
            lines.push(self.line()?);
        }
        let returned = self.returned()?;
        Ok(Section { lines, returned })
    }

    fn is_return(&self) -> bool {
        self.peek() == Some(&Token::Word("return"))
            && !matches!(self.second(), Some(Token::Sign(':')) | Some(Token::Sign('=')))
    }

    fn returned(&mut self) -> Result<Vec<Operand<'a>>> {
        self.next();
        let mut operands = Vec::new();
        if !matches!(self.peek(), Some(Token::Newline) | None) {
            operands.push(self.operand(0)?);
            while self.sign(',') {
                operands.push(self.operand(0)?);
            }
        }
        self.end_of_line("`,` or the end of the line")?;
        Ok(operands)
    }

    fn line(&mut self) -> Result<Line<'a>> {
        let begin = self.here();
        let mut results = vec![self.target()?];
        while self.sign(',') {
            results.push(self.target()?);
        }
        if !self.sign('=') {
            let declared = results.last().is_some_and(|target| target.declared.is_some());
            let error = self.unexpected(if declared { "`=`" } else { "`:` or `=`" });
            let began = self.source.piece(begin);
            return Err(match nearest(began, ["return"]) {
                Some(help) if !declared => error.with_help(help),
                _ => error,
            });
        }
        let leaf = self.leaf()?;
        let scope = if self.peek() == Some(&Token::Word("in")) { self.scope()? } else { String::new() };
        self.end_of_line("`in` or the end of the line")?;
        Ok(Line { results, leaf, scope })
    }

    fn target(&mut self) -> Result<Target<'a>> {
        let id = match self.peek() {
            Some(Token::Id(_)) => Some(self.id()?),
            _ => None,
        };
        let name = match self.peek() {
            Some(Token::Word(name)) => Some((*name).to_owned()),
            Some(Token::Quoted(name)) => Some(name.clone()),
            _ => None,
        };
        let name = name.map(|name| {
            self.next();
            (name, self.last)
        });
        if id.is_none() && name.is_none() {
            return Err(self.unexpected("a line such as `y : f64[2] = tanh(x)`"));
        }
        let declared = if self.sign(':') { Some(self.declared()?) } else { None };
        Ok(Target { id, name, declared })
    }

    fn id(&mut self) -> Result<(u64, Span)> {
        match self.next() {
            Some(Token::Id(digits)) => match digits.parse() {
                Ok(id) => Ok((id, self.last)),
                Err(_) => Err(self.source.error(self.last, "the number of this id is too large")),
            },
            _ => Err(self.unexpected("an id")),
        }
    }

    fn scope(&mut self) -> Result<String> {
        self.next();
        let scope = match self.peek() {
            Some(Token::Word(scope) | Token::Number(scope)) => (*scope).to_owned(),
            Some(Token::Quoted(scope)) => scope.clone(),
            _ => return Err(self.unexpected("a scope such as `encoder.0`")),
        };
        self.next();
        Ok(scope)
    }

    fn declared(&mut self) -> Result<Type<'a>> {
        let (name, begin) = self.word("a type such as `f64[2, 3]`")?;
        if !["f32", "f64", "index", "key"].contains(&name) {
            let error = self.source.error(begin, format!("there is no type `{name}`"));
            return Err(error.with_help("types are `f64[2, 3]`, `f64[]` for a number, `index[4]` and `key`"));
        }
        if name == "key" {
            return Ok(Type { name, shape: Shape::scalar(), span: begin });
        }
        let (lengths, _) = self.list("`[` and the lengths of the axes").map_err(|error| match self.peek() {
            Some(Token::Word(_)) => error.with_help("lengths are numbers, or `n` for axes of any length"),
            _ => error,
        })?;
        if lengths.len() > Shape::MOST_AXES {
            let message = format!("an array has at most {} axes", Shape::MOST_AXES);
            return Err(self.source.error(begin.to(self.last), message));
        }
        let lengths = lengths.into_iter().map(|span| literal::length(self.source, span)).collect::<Result<_>>()?;
        Ok(Type { name, shape: lengths, span: begin.to(self.last) })
    }

    /// `[2, 3]`, of numbers that are not read yet.
    fn list(&mut self, expected: &str) -> Result<(Vec<Span>, Span)> {
        if self.peek() != Some(&Token::Sign('[')) {
            return Err(self.unexpected(expected));
        }
        let open = self.expect('[')?;
        let mut numbers = Vec::new();
        if !self.sign(']') {
            numbers.push(self.length("a number or `]`")?);
            while self.sign(',') {
                numbers.push(self.length("a number")?);
            }
            self.close(']', open, "`,` or `]`")?;
        }
        Ok((numbers, open.to(self.last)))
    }

    /// A number of a list, or an `n`.
    fn length(&mut self, expected: &str) -> Result<Span> {
        if self.peek() != Some(&Token::Word(literal::FREE)) {
            return self.number(expected);
        }
        self.next();
        self.source.is_free.set(true);
        Ok(self.last)
    }

    // ---- leaves and operands -----------------------------------------------------------------------------------------

    fn leaf(&mut self) -> Result<Leaf<'a>> {
        let expected = "`input`, `data`, `index`, `key`, `constant(…)` or an operation such as `tanh(x)`";
        let (name, begin) = self.word(expected).map_err(|error| match self.peek() {
            Some(Token::Number(_) | Token::Sign('[')) => error.with_help("a constant is written `constant(0.5)`"),
            _ => error,
        })?;
        if self.peek() != Some(&Token::Sign('(')) {
            if GIVEN.contains(&name) {
                return Ok(Leaf::Given(name, begin));
            }
            if let Some(help) = self.peek().and_then(operator) {
                return Err(self.unexpected("the end of the line").with_help(help));
            }
            let error = self.source.error(begin, format!("expected {expected}, found `{name}`"));
            return Err(match nearest(name, GIVEN) {
                Some(help) => error.with_help(help),
                None => error,
            });
        }
        if name == "constant" {
            let open = self.expect('(')?;
            let literal = self.literal()?;
            self.close(')', open, "`)`")?;
            return Ok(Leaf::Constant(literal));
        }
        self.call(name, begin, 0).map(Leaf::Call)
    }

    fn call(&mut self, name: &'a str, begin: Span, depth: usize) -> Result<Call<'a>> {
        if depth > MOST_NESTED {
            let error = self.source.error(begin, format!("calls stand more than {MOST_NESTED} deep in one another"));
            return Err(error.with_help("give some of them lines of their own"));
        }
        let open = self.expect('(')?;
        let (mut operands, mut attributes) = (Vec::new(), Vec::new());
        if !matches!(self.peek(), Some(Token::Sign(')' | ';'))) {
            operands.push(self.operand(depth)?);
            while self.sign(',') {
                operands.push(self.operand(depth)?);
            }
        }
        if self.sign(';') {
            attributes.push(self.attribute()?);
            while self.sign(',') {
                attributes.push(self.attribute()?);
            }
        }
        self.close(')', open, if attributes.is_empty() { "`,`, `;` or `)`" } else { "`,` or `)`" })?;
        Ok(Call { name: (name, begin), operands, attributes, span: begin.to(self.last) })
    }

    fn operand(&mut self, depth: usize) -> Result<Operand<'a>> {
        match self.peek() {
            Some(Token::Id(_)) => self.id().map(|(id, span)| Operand::Id(id, span)),
            Some(Token::Quoted(name)) => {
                self.next();
                Ok(Operand::Name(name.clone(), self.last))
            }
            Some(Token::Number(_) | Token::Sign('[') | Token::Word("inf" | "NaN")) => {
                self.literal().map(Operand::Literal)
            }
            Some(Token::Word(name)) => {
                self.next();
                let begin = self.last;
                if self.peek() == Some(&Token::Sign('=')) {
                    let error = self.source.error(begin, format!("`{name}` is an attribute and stands after a `;`"));
                    return Err(error.with_help("operands come first: `sum(x; axes=[0], keep=false)`"));
                }
                match self.peek() == Some(&Token::Sign('(')) {
                    true => self.call(name, begin, depth + 1).map(Operand::Call),
                    false => Ok(Operand::Name((*name).to_owned(), begin)),
                }
            }
            _ => Err(self.unexpected("an operand: a name, an id such as `%3`, a number or an operation")),
        }
    }

    fn attribute(&mut self) -> Result<Attribute<'a>> {
        let name = self.word("an attribute such as `axes=[0]`")?;
        self.expect('=')?;
        let value = match self.peek() {
            Some(Token::Number(_) | Token::Word(_)) => {
                let is_free = self.peek() == Some(&Token::Word(literal::FREE));
                self.source.is_free.set(self.source.is_free.get() || is_free);
                self.next();
                Value::Word(self.last)
            }
            Some(Token::Sign('[')) if self.begins_words(name.0) => {
                let open = self.expect('[')?;
                let mut words = vec![self.word("a name")?.1];
                while self.sign(',') {
                    words.push(self.word("a name")?.1);
                }
                self.close(']', open, "`,` or `]`")?;
                Value::Words(words)
            }
            _ => {
                let (numbers, span) = self.list("a number, `true`, `false` or a list such as `[0, 1]`")?;
                Value::List(numbers, span)
            }
        };
        Ok(Attribute { name, value })
    }

    /// Whether what begins here is a list of words: that of bodies, which may have any names.
    fn begins_words(&self, attribute: &str) -> bool {
        match self.second() {
            Some(Token::Word(literal::FREE)) => attribute == "bodies",
            Some(Token::Word(word)) => !["inf", "NaN"].contains(word),
            _ => false,
        }
    }

    fn literal(&mut self) -> Result<Literal> {
        let begin = self.here();
        let mut nesting = Nesting::default();
        let mut numbers = Vec::new();
        let mut opened = Vec::new();
        loop {
            if let Some(Token::Sign('[')) = self.peek() {
                self.next();
                nesting.open().map_err(|message| self.source.error(self.last, message))?;
                opened.push(self.last);
                if self.peek() != Some(&Token::Sign(']')) {
                    continue;
                }
            } else {
                numbers.push(self.number("a number")?);
                nesting.number().map_err(|message| self.source.error(self.last, message))?;
            }
            // Behind an element: the brackets that close, then a comma if one is still open.
            while let Some(open) = opened.last().copied() {
                if self.sign(',') {
                    break;
                }
                self.close(']', open, "`,` or `]`")?;
                opened.pop();
                nesting.close().map_err(|message| self.source.error(open, message))?;
            }
            if opened.is_empty() {
                return Ok(Literal { shape: nesting.shape(), numbers, span: begin.to(self.last) });
            }
        }
    }
}
