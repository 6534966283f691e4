//! A text as words, numbers and signs, each with its place.

use super::report::{Source, Span};
use crate::base::error::{Error, Result};
use crate::tape::node::{LONGEST_NAME, LONGEST_WORD};

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token<'a> {
    /// `%7`: the digits.
    Id(&'a str),
    /// `x`, `encoder.0.bias`, `crate::operation`.
    Word(&'a str),
    /// What begins as a number does; whether it is one is seen where it is used.
    Number(&'a str),
    /// A text in quotes.
    Quoted(String),
    /// A bracket or a separator.
    Sign(char),
    /// The end of a line that ends a statement: not one inside brackets.
    Newline,
}

/// About how many bytes reading needs for a number among others in brackets, and for another token: its place, what it is
/// read as, and a share of the node that comes of it.
const NUMBER_BYTES: usize = 64;
const TOKEN_BYTES: usize = 256;

/// The tokens of a text. The last one is a [`Token::Newline`].
pub(super) fn tokens<'a>(source: &Source<'a>) -> Result<Vec<(Token<'a>, Span)>> {
    let text = source.text;
    let mut tokens = Vec::new();
    let mut needed = 0usize;
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let run = |length: usize| Span { start: at, end: at + length };
        let (token, length) = match first {
            '\n' if depth == 0 => (Some(Token::Newline), 1),
            '#' => (None, rest.find('\n').unwrap_or(rest.len())),
            c if c.is_whitespace() => (None, c.len_utf8()),
            '%' => {
                let digits = while_in(rest, 1, |c, _| c.is_ascii_digit());
                let Some(id) = rest.get(1..digits).filter(|id| !id.is_empty()) else {
                    return Err(source.error(run(1), "an id is `%` and a number, such as `%3`"));
                };
                (Some(Token::Id(id)), digits)
            }
            '"' => {
                let (quoted, length) = quoted(source, at)?;
                (Some(Token::Quoted(quoted)), length)
            }
            '(' | '[' | ')' | ']' | ':' | ';' | ',' | '=' | '…' => {
                depth = if matches!(first, '(' | '[') { depth + 1 } else { depth };
                depth = if matches!(first, ')' | ']') { depth.saturating_sub(1) } else { depth };
                (Some(Token::Sign(first)), first.len_utf8())
            }
            '0'..='9' | '-' | '+' | '.' => {
                let exponent = |c, before| matches!(c, '-' | '+') && matches!(before, 'e' | 'E');
                let end = while_in(rest, 1, |c, before| in_word(c) || exponent(c, before));
                (rest.get(..end).map(Token::Number), end)
            }
            c if c.is_alphabetic() || c == '_' => {
                let mut end = while_in(rest, 0, |c, _| in_word(c));
                // `crate::operation`; a single colon is what stands before a type.
                while rest.get(end..).is_some_and(|rest| rest.starts_with("::")) {
                    end = while_in(rest, end + 2, |c, _| in_word(c));
                }
                (rest.get(..end).map(Token::Word), end)
            }
            c => {
                let error = source.error(run(c.len_utf8()), format!("`{}` means nothing here", c.escape_debug()));
                return Err(match c {
                    '*' => error.with_help("operations are called by their names: `mul(a, b)`"),
                    '/' => error.with_help("operations are called by their names: `div(a, b)`"),
                    '@' => error.with_help("operations are called by their names: `matmul(a, b)`"),
                    _ => error,
                });
            }
        };
        if let Some(token) = token {
            if matches!(token, Token::Word(_) | Token::Number(_)) && length > LONGEST_WORD {
                let message = format!("this word of {length} bytes is too long: one has at most {LONGEST_WORD}");
                return Err(source.error(run(1), message));
            }
            let listed = depth > 1 && matches!(token, Token::Number(_) | Token::Sign(','));
            needed = needed.saturating_add(if listed { NUMBER_BYTES } else { TOKEN_BYTES });
            tokens.try_reserve(1).map_err(|_| too_much(source, at))?;
            tokens.push((token, run(length)));
        }
        at += length;
    }
    // What follows grows piece by piece: whether there is memory for it is asked once, here.
    Vec::<u8>::new().try_reserve_exact(needed).map_err(|_| too_much(source, 0))?;
    tokens.push((Token::Newline, Span { start: text.len(), end: text.len() }));
    Ok(tokens)
}

#[cold]
fn too_much(source: &Source<'_>, at: usize) -> Error {
    source.error(Span { start: at, end: at + 1 }, format!("no memory to read a text of {} bytes", source.text.len()))
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// Where the run ends that begins at `from`; the characters are asked together with the one before.
fn while_in(text: &str, from: usize, belongs: impl Fn(char, char) -> bool) -> usize {
    let mut before = ' ';
    let rest = text.get(from..).unwrap_or_default();
    let end = rest.char_indices().find(|(_, c)| !belongs(*c, std::mem::replace(&mut before, *c)));
    from + end.map_or(rest.len(), |(end, _)| end)
}

/// The text in quotes that begins at `at`, and its length with the quotes.
fn quoted(source: &Source<'_>, at: usize) -> Result<(String, usize)> {
    let rest = source.text.get(at + 1..).unwrap_or_default();
    let mut text = String::new();
    let mut characters = rest.char_indices();
    while let Some((i, c)) = characters.next() {
        if text.len() > LONGEST_NAME {
            let message = format!("this name is too long: one has at most {LONGEST_NAME} bytes");
            return Err(source.error(Span { start: at, end: at + 1 }, message));
        }
        match c {
            '"' => return Ok((text, i + 2)),
            '\n' => break,
            '\\' => {
                let escape = characters.next().map(|(_, c)| c);
                let decoded = match escape {
                    Some('n') => Some('\n'),
                    Some('r') => Some('\r'),
                    Some('t') => Some('\t'),
                    Some('0') => Some('\0'),
                    Some(c @ ('\\' | '"' | '\'')) => Some(c),
                    Some('u') => {
                        let digits = rest.get(i + 2..).and_then(|rest| rest.strip_prefix('{')?.split_once('}'));
                        let decoded =
                            digits.and_then(|(digits, _)| char::from_u32(u32::from_str_radix(digits, 16).ok()?));
                        characters.by_ref().take_while(|(_, c)| *c != '}').for_each(drop);
                        decoded
                    }
                    _ => None,
                };
                let Some(decoded) = decoded else {
                    let span = Span { start: at + 1 + i, end: at + 2 + i };
                    let escapes = r#"after `\` stands one of n r t 0 \ " ' or u{…} with a character's number"#;
                    return Err(source.error(span, escapes));
                };
                text.push(decoded);
            }
            c => text.push(c),
        }
    }
    Err(source.error(Span { start: at, end: at + 1 }, "the quote is not closed on its line"))
}

/// What to write instead of a sign between two operands, which the lexer takes for the sign of a number.
pub(super) fn operator(token: &Token<'_>) -> Option<&'static str> {
    let Token::Number(text) = token else { return None };
    let mut characters = text.chars();
    let sign = characters.next();
    let is_number = characters.next().is_some_and(|c| c.is_ascii_digit() || c == '.');
    match sign {
        Some('-') if !is_number => Some("operations are called by their names: `sub(a, b)`"),
        Some('+') if !is_number => Some("operations are called by their names: `add(a, b)`"),
        _ => None,
    }
}
