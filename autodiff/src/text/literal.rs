//! Numbers and arrays of a text.

use super::report::{Source, Span, brief};
use crate::base::error::{Mismatch, Result};
use crate::base::real::{Real, too_small};
use crate::base::shape::Shape;

/// Numbers in brackets, nested as the axes are; not yet read, because their kind depends on the type of the node.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    pub(super) shape: Shape,
    pub(super) numbers: Vec<Span>,
    pub(super) span: Span,
}

/// The shape of nested brackets while they are read: without recursion, whatever the nesting.
#[derive(Default)]
pub(super) struct Nesting {
    /// The number of elements seen so far in each open bracket.
    open: Vec<usize>,
    /// The length of each axis, where a bracket of that axis has closed.
    lengths: Vec<Option<usize>>,
    /// How deep the numbers stand.
    numbers_at: Option<usize>,
}

impl Nesting {
    pub(super) fn open(&mut self) -> Result<(), String> {
        if self.numbers_at.is_some_and(|depth| depth <= self.open.len()) {
            return Err("an array stands where the rows before have a number".into());
        }
        if self.open.len() >= Shape::MOST_AXES {
            return Err(format!("an array has at most {} axes", Shape::MOST_AXES));
        }
        self.count();
        self.open.push(0);
        if self.lengths.len() < self.open.len() {
            self.lengths.push(None);
        }
        Ok(())
    }

    pub(super) fn number(&mut self) -> Result<(), String> {
        match self.numbers_at {
            Some(depth) if depth != self.open.len() => {
                Err("a number stands where the rows before have an array".into())
            }
            _ if self.lengths.len() > self.open.len() => {
                Err("a number stands where the rows before have an array".into())
            }
            _ => {
                self.numbers_at = Some(self.open.len());
                self.count();
                Ok(())
            }
        }
    }

    /// Closes the innermost bracket.
    pub(super) fn close(&mut self) -> Result<(), String> {
        let length = self.open.pop().unwrap_or(0);
        if let Some(expected) = self.lengths.get_mut(self.open.len()) {
            match *expected {
                Some(expected) if expected != length => {
                    return Err(format!("this row is of length {length}, those before of length {expected}"));
                }
                _ => *expected = Some(length),
            }
        }
        Ok(())
    }

    pub(super) fn shape(&self) -> Shape {
        self.lengths.iter().map(|length| length.unwrap_or(0)).collect()
    }

    fn count(&mut self) {
        if let Some(count) = self.open.last_mut() {
            *count += 1;
        }
    }
}

/// The number at `span`.
pub(super) fn real<F: Real>(source: &Source<'_>, span: Span) -> Result<F> {
    number(source.piece(span)).map_err(|wrong| {
        let error = source.error(span, wrong.message);
        match wrong.help {
            Some(help) => error.with_help(help),
            None => error,
        }
    })
}

/// Reads one real number as texts of programs write it: in decimals, to the nearest bits, or `inf`, `-inf`, `NaN`.
///
/// ```
/// use autodiff::text;
/// assert_eq!(text::number::<f64>("-2.5e3")?, -2500.0);
/// assert_eq!(text::number::<f32>("1e300").unwrap_err().message, "1e300 is larger than any f32");
/// assert_eq!(text::number::<f64>("five").unwrap_err().message, "`five` is not a number");
/// # Ok::<(), autodiff::Mismatch>(())
/// ```
///
/// # Errors
/// A [`Mismatch`] for what is no number, and for one that would be read as infinity or as 0 and is neither.
pub fn number<F: Real>(text: &str) -> Result<F, Mismatch> {
    match text {
        "inf" | "+inf" => return Ok(F::infinity()),
        "-inf" => return Ok(F::neg_infinity()),
        "NaN" => return Ok(F::nan()),
        _ => {}
    }
    let decimal = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
    match F::read(text).filter(|_| decimal) {
        // A digit other than 0 before the exponent makes no 0.
        Some(x)
            if x == F::zero()
                && text.split(['e', 'E']).next().is_some_and(|t| t.contains(|c| ('1'..='9').contains(&c))) =>
        {
            Err(Mismatch::new(too_small::<F>(&brief(text))))
        }
        Some(x) if x.is_finite() => Ok(x),
        Some(_) => {
            Err(Mismatch::new(format!("{} is larger than any {}", brief(text), F::NAME)).with_help("infinity is `inf`"))
        }
        None => Err(Mismatch::new(format!("`{}` is not a number", brief(text)))),
    }
}

/// What stands in place of a length that is given when the text is read.
pub(super) const FREE: &str = "n";

/// The number at `span`, which is whole and not negative.
pub(super) fn whole(source: &Source<'_>, span: Span) -> Result<u64> {
    let text = source.piece(span);
    text.parse().map_err(|_| {
        let error = source.error(span, format!("`{text}` is not an integer from 0 to {}", u64::MAX));
        // Rust code counts axes from the end with negative numbers.
        if text.starts_with('-') { error.with_help("axes, lengths and indices count from 0") } else { error }
    })
}

/// As [`whole`], for a length or an index; also an `n` whose length is known.
pub(super) fn length(source: &Source<'_>, span: Span) -> Result<usize> {
    if source.piece(span) == FREE {
        return source.n.ok_or_else(|| {
            let error = source.error(span, "`n` is the length of axes that may have any, and was not given");
            error.with_help("`Program::parse_with` reads a text for one `n`")
        });
    }
    let number = whole(source, span)?;
    usize::try_from(number).map_err(|_| source.error(span, format!("{number} is too large")))
}
