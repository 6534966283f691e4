//! The parser of breakpoints.

use super::{Compare, EVENTS, Match, Measure, Quantity, Test};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::NodeId;
use crate::inspect::event::Phase;

/// Parentheses and `!` nest no deeper.
pub(super) const DEEPEST: usize = 32;

pub(super) fn parse(text: &str) -> Result<Test> {
    let mut parser = Parser { text, at: 0 };
    let test = parser.any(0)?;
    match parser.peek() {
        None => Ok(test),
        Some(_) => Err(parser.expected("`&&`, `||` or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

const TESTS: &str = "a test: `op`, `name`, `scope`, `phase`, `event`, `%7`, `shape[1]`, `rank`, `size`, `nan`, `nan(grad)`, \
                     `value.max`, `|grad|.max`, `time`, `!` or `(`";

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&mut self) -> Option<char> {
        let blank = self.rest().len() - self.rest().trim_start().len();
        self.at += blank;
        self.rest().chars().next()
    }

    /// Whether `sign` comes next; it is taken.
    fn take(&mut self, sign: &str) -> bool {
        self.peek();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    fn need(&mut self, sign: &str) -> Result<()> {
        if self.take(sign) { Ok(()) } else { Err(self.expected(&format!("`{sign}`"))) }
    }

    fn word(&mut self) -> String {
        self.peek();
        let word: String = self.rest().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        self.at += word.len();
        word
    }

    /// An error here, with what could stand here.
    fn expected(&mut self, what: &str) -> Error {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(_) => format!("`{}`", self.rest().chars().take(12).collect::<String>()),
        };
        self.error(&format!("expected {what}, found {found}"))
    }

    fn error(&self, message: &str) -> Error {
        let column = self.text.get(..self.at).unwrap_or(self.text).chars().count();
        let text: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let marked = format!("{text}\n  {}^", " ".repeat(column));
        Error::new(ErrorKind::Text, "breakpoint", format!("column {}: {message}\n  {marked}", column + 1))
    }

    fn any(&mut self, depth: usize) -> Result<Test> {
        let mut tests = vec![self.all(depth)?];
        while self.take("||") {
            tests.push(self.all(depth)?);
        }
        Ok(one_or(tests, Test::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Test> {
        let mut tests = vec![self.one(depth)?];
        while self.take("&&") {
            tests.push(self.one(depth)?);
        }
        Ok(one_or(tests, Test::All))
    }

    fn one(&mut self, depth: usize) -> Result<Test> {
        if depth > DEEPEST {
            return Err(self.error(&format!("more than {DEEPEST} levels of parentheses and `!`")));
        }
        if self.take("(") {
            let test = self.any(depth + 1)?;
            self.need(")")?;
            return Ok(test);
        }
        if self.take("!") {
            return Ok(Test::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.take("%") {
            let begin = self.at;
            let number = self.word();
            let id = number.parse::<u32>().map_err(|_| {
                self.at = begin;
                self.expected("the number of a node")
            })?;
            return Ok(Test::Node(NodeId::new(id as usize)));
        }
        if self.take("|") {
            let gradient = self.array()?;
            self.need("|")?;
            return self.measured(gradient, true);
        }
        let begin = self.at;
        match self.word().as_str() {
            "op" => Ok(Test::Operation(self.text_match()?)),
            "name" => Ok(Test::Name(self.text_match()?)),
            "scope" => Ok(Test::Scope(self.text_match()?)),
            "phase" => {
                let is = self.equality()?;
                let known = [Phase::Forward, Phase::Reverse, Phase::Update];
                let phase = self.known("`forward`, `reverse` or `update`", |word| {
                    known.into_iter().find(|phase| phase.to_string() == word)
                })?;
                Ok(Test::Phase(phase, is))
            }
            "event" => {
                let is = self.equality()?;
                let sorts = EVENTS.map(|sort| format!("`{sort}`")).join(", ");
                let sort = self.known(&sorts, |word| EVENTS.into_iter().find(|sort| *sort == word))?;
                Ok(Test::Event(sort, is))
            }
            "nan" if self.take("(") => {
                let gradient = self.array()?;
                self.need(")")?;
                Ok(if gradient { Test::NotFiniteGradient } else { Test::NotFinite })
            }
            "nan" => Ok(Test::NotFinite),
            "time" => self.number(Quantity::Time),
            "rank" => self.number(Quantity::Rank),
            "size" => self.number(Quantity::Size),
            "shape" => {
                self.need("[")?;
                let axis = self.known("the number of an axis", |word| word.parse().ok())?;
                self.need("]")?;
                self.number(Quantity::Length(axis))
            }
            "value" => self.measured(false, false),
            "grad" => self.measured(true, false),
            _ => {
                self.at = begin;
                Err(self.expected(TESTS))
            }
        }
    }

    fn known<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        self.peek();
        let begin = self.at;
        let word = self.word();
        find(&word).ok_or_else(|| {
            self.at = begin;
            self.expected(what)
        })
    }

    /// `grad` or `value`: whether it is the cotangent.
    fn array(&mut self) -> Result<bool> {
        self.known("`grad` or `value`", |word| match word {
            "grad" => Some(true),
            "value" => Some(false),
            _ => None,
        })
    }

    fn measured(&mut self, gradient: bool, magnitude: bool) -> Result<Test> {
        self.need(".")?;
        let measure = self.known("`max`, `min` or `mean`", |word| match word {
            "max" => Some(Measure::Max),
            "min" => Some(Measure::Min),
            "mean" => Some(Measure::Mean),
            _ => None,
        })?;
        self.number(Quantity::Of { gradient, magnitude, measure })
    }

    fn number(&mut self, quantity: Quantity) -> Result<Test> {
        let compare = [
            ("==", Compare::Equal),
            ("!=", Compare::NotEqual),
            ("<=", Compare::LessEqual),
            (">=", Compare::GreaterEqual),
            ("<", Compare::Less),
            (">", Compare::Greater),
        ];
        let Some((_, compare)) = compare.into_iter().find(|(sign, _)| self.take(sign)) else {
            return Err(self.expected("`==`, `!=`, `<`, `<=`, `>` or `>=`"));
        };
        self.peek();
        let (mut length, mut before) = (0, ' ');
        for c in self.rest().chars() {
            let sign = matches!(c, '+' | '-') && matches!(before, ' ' | 'e' | 'E');
            if !(c.is_ascii_alphanumeric() || c == '.' || sign) {
                break;
            }
            (length, before) = (length + 1, c);
        }
        match self.rest().get(..length).and_then(|text| text.parse::<f64>().ok()) {
            Some(number) => {
                self.at += length;
                Ok(Test::Number(quantity, compare, number))
            }
            None => Err(self.expected("a number")),
        }
    }

    fn equality(&mut self) -> Result<bool> {
        if self.take("==") {
            Ok(true)
        } else if self.take("!=") {
            Ok(false)
        } else {
            Err(self.expected("`==` or `!=`"))
        }
    }

    fn text_match(&mut self) -> Result<Match> {
        let any = self.take("~");
        let is = if any { true } else { self.take("==") };
        if !is && !self.take("!=") {
            return Err(self.expected("`==`, `!=` or `~`"));
        }
        if !self.take("\"") {
            return Err(self.expected("a text in quotes, such as `\"matmul\"`"));
        }
        let begin = self.at;
        let mut pattern = String::new();
        let mut characters = self.rest().char_indices();
        while let Some((offset, c)) = characters.next() {
            match c {
                '"' => {
                    self.at = begin + offset + 1;
                    return Ok(Match { pattern, any, is });
                }
                '\\' => pattern.extend(characters.next().map(|(_, c)| c)),
                c => pattern.push(c),
            }
        }
        self.at = begin - 1;
        Err(self.error("the text has no closing `\"`"))
    }
}

fn one_or(mut tests: Vec<Test>, all: impl FnOnce(Vec<Test>) -> Test) -> Test {
    match (tests.len(), tests.pop()) {
        (1, Some(test)) => test,
        (_, last) => all(tests.into_iter().chain(last).collect()),
    }
}
