//! Where in a text something stands, and errors that show it.

use crate::base::error::{Error, ErrorKind, Result};
use std::cell::Cell;

/// A piece of a text, from byte to byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end.max(self.start) }
    }
}

/// A text, and where its lines begin.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    starts: Vec<usize>,
    /// How long the axes `n` are, if that was said.
    pub(super) n: Option<usize>,
    /// Whether an `n` was read.
    pub(super) is_free: Cell<bool>,
}

/// How many characters of a line an error shows before and after the place.
const AROUND: usize = 60;

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self> {
        let lines = 1 + text.matches('\n').count();
        let mut starts = Vec::new();
        starts
            .try_reserve_exact(lines)
            .map_err(|_| Error::new(ErrorKind::Text, "parse", format!("no memory to read a text of {lines} lines")))?;
        starts.extend(std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)));
        Ok(Source { text, starts, n: None, is_free: Cell::new(false) })
    }

    /// The same text, in which `n` is this length.
    pub(super) fn with_n(self, n: usize) -> Self {
        Source { n: Some(n), ..self }
    }

    pub(super) fn piece(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The number of the line, from 1.
    pub(super) fn line(&self, span: Span) -> usize {
        self.starts.partition_point(|start| *start <= span.start)
    }

    pub(super) fn error(&self, span: Span, message: impl AsRef<str>) -> Error {
        self.mark(span, ErrorKind::Text, "parse", message.as_ref())
    }

    /// An error that names line and column, and shows the line with a mark under the piece.
    pub(super) fn mark(&self, span: Span, kind: ErrorKind, operation: &str, message: &str) -> Error {
        let line = self.line(span);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..span.start).unwrap_or_default();
        let rest = self.text.get(span.start..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = before.chars().count() + 1;
        let marked = self.piece(span).chars().take_while(|c| *c != '\n').count().clamp(1, AROUND);

        // Of a long line, a constant with many numbers, what is near.
        let skipped = (column - 1).saturating_sub(AROUND);
        let near: String = before.chars().skip(skipped).chain(rest.chars().take(AROUND)).map(visible).collect();
        let margin = line.to_string();
        let error = Error::new(kind, operation, format!("line {line}, column {column}: {message}"));
        error.with_operand(format!("{margin} | {}", near.trim_end())).with_operand(format!(
            "{} | {}{}",
            " ".repeat(margin.len()),
            " ".repeat(column - 1 - skipped),
            "^".repeat(marked)
        ))
    }
}

/// A name or a piece of a text as an error shows it: the beginning of a long one.
pub(super) fn brief(text: &str) -> String {
    let end = text.char_indices().nth(AROUND).map(|(end, _)| end);
    let begin = text.get(..end.unwrap_or(text.len())).unwrap_or_default().escape_debug();
    if end.is_some() { format!("{begin}…") } else { begin.to_string() }
}

fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// `did you mean …?` if one of the candidates is near.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    // A single letter is near nothing but itself in the other case.
    let most = match word.chars().take(AROUND + 1).count() {
        0 | 1 => 0,
        length if length > AROUND => return None,
        length => 1 + length / 5,
    };
    let lower = word.to_lowercase();
    let near = candidates.into_iter().map(|candidate| (distance(&lower, &candidate.to_lowercase(), most), candidate));
    let (distance, candidate) = near.min()?;
    (distance <= most).then(|| format!("did you mean `{candidate}`?"))
}

/// How many letters have to be put in, left out, changed or exchanged with their neighbour; `most + 1` for more.
fn distance(a: &str, b: &str, most: usize) -> usize {
    let b: Vec<char> = b.chars().collect();
    if a.chars().count().abs_diff(b.len()) > most {
        return most + 1;
    }
    let mut two_back: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut last = None;
    for (i, x) in a.chars().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&above, j) + usize::from(x != *y);
            let exchanged = match (last, j.checked_sub(1).and_then(|k| b.get(k))) {
                (Some(before), Some(left)) if before == *y && *left == x => at(&two_back, j - 1) + 1,
                _ => usize::MAX,
            };
            row.push(replaced.min(at(&above, j + 1) + 1).min(at(&row, j) + 1).min(exchanged));
        }
        two_back = std::mem::replace(&mut above, row);
        last = Some(x);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    use super::*;

    fn distances_count_letters() {
        let distances = ["sum", "summ", "smu", "su", "tum", "xyz"].map(|word| distance(word, "sum", 3));
        assert_eq!(distances, [0, 1, 1, 1, 1, 3]);
        assert_eq!(nearest("mull", ["add", "mul"]), Some("did you mean `mul`?".into()));
        assert_eq!(nearest("frobnicate", ["add", "mul"]), None);
        // Two neighbours are exchanged, not one letter that is a neighbour elsewhere.
        assert_eq!(distance("srxt", "sqrt", 3), 2);
        assert_eq!((nearest("srxt", ["sqrt"]), nearest("sxqt", ["sqrt"])), (None, None));
        assert_eq!(nearest("X", ["w", "x"]), Some("did you mean `x`?".into()));
    }

    fn an_error_shows_what_is_near_in_a_long_line() {
        let text = format!("a\n{}!{}", "é".repeat(500), "b".repeat(500));
        let Ok(source) = Source::new(&text) else { return assert!(text.is_empty(), "there is memory for it") };
        let at = text.find('!').unwrap_or(0);
        let error = source.error(Span { start: at, end: at + 1 }, "here").to_string();
        assert!(error.starts_with("parse: line 2, column 501: here\n  2 | é"), "{error}");
        let (shown, mark) = (error.lines().nth(1).unwrap_or(""), error.lines().nth(2).unwrap_or(""));
        assert_eq!(shown.chars().position(|c| c == '!'), mark.chars().position(|c| c == '^'));
        assert!(shown.chars().count() < 140);
    }

    self_tests!(distances_count_letters, an_error_shows_what_is_near_in_a_long_line);
}
