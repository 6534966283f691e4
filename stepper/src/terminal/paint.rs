//! What numbers look like: sign is hue, magnitude is lightness; what is not known is hatched.

use crate::number::short;
use autodiff::Real;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;

/// Colours, or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Paint {
    pub(super) colours: bool,
}

/// What stands where a value is blank.
pub(super) const BLANK: &str = "░░░░";
/// What stands where a number is covered, to be predicted.
pub(super) const COVERED: &str = "????";

/// Blue and orange, which colour-blind eyes tell apart, in a lightness that is read on black and on white.
const PLUS: Color = Color::Indexed(33);
const MINUS: Color = Color::Indexed(172);
const ODD: Color = Color::Indexed(197);
const ACCENT: Color = Color::Indexed(36);
/// From small to large magnitude, for the background of a cell.
const PLUS_SHADES: [Color; 4] = [Color::Indexed(17), Color::Indexed(18), Color::Indexed(20), Color::Indexed(26)];
const MINUS_SHADES: [Color; 4] = [Color::Indexed(52), Color::Indexed(94), Color::Indexed(130), Color::Indexed(166)];

impl Paint {
    fn colour(self, style: Style, colour: Color) -> Style {
        if self.colours { style.fg(colour) } else { style }
    }

    /// What belongs to the frame and not to the run.
    pub(super) fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) fn heading(self) -> Style {
        self.colour(Style::new().add_modifier(Modifier::BOLD), ACCENT)
    }

    pub(super) fn here(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(super) fn warning(self) -> Style {
        self.colour(Style::new().add_modifier(Modifier::BOLD), ODD)
    }

    pub(super) fn accent(self) -> Style {
        self.colour(Style::new(), ACCENT)
    }

    /// A number in its colour.
    pub(super) fn number<F: Real>(self, x: F) -> Style {
        match x {
            x if !x.is_finite() => self.warning(),
            x if x == F::zero() => Style::new(),
            x if x < F::zero() => self.colour(Style::new(), MINUS),
            _ => self.colour(Style::new(), PLUS),
        }
    }

    /// The cell of a heat map. `largest` is what its magnitude is compared with.
    pub(super) fn cell<F: Real>(self, x: F, largest: f64) -> Style {
        if !x.is_finite() {
            return self.warning().add_modifier(Modifier::REVERSED);
        }
        let size = (x.double().abs() / largest).clamp(0.0, 1.0).sqrt();
        if !self.colours || x == F::zero() || size.is_nan() {
            return Style::new();
        }
        let shades = if x < F::zero() { MINUS_SHADES } else { PLUS_SHADES };
        let shade = shades.get((size * 3.99) as usize).copied().unwrap_or(Color::Reset);
        Style::new().fg(Color::Indexed(255)).bg(shade)
    }

    /// A number as text in its colour.
    pub(super) fn span<F: Real>(self, x: F) -> Span<'static> {
        Span::styled(short(x), self.number(x))
    }

    pub(super) fn blank(self) -> Span<'static> {
        Span::styled(BLANK, self.quiet())
    }
}

/// How many columns a text takes: a bar over a letter takes none.
pub(super) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// A text of at most `most` columns.
pub(super) fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut shortened = String::new();
    for c in text.chars() {
        shortened.push(c);
        if width(&shortened) >= most {
            shortened.pop();
            break;
        }
    }
    shortened.push('…');
    shortened
}

/// A text in lines of at most `most` columns, broken at blanks.
pub(super) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        let gap = usize::from(!line.is_empty());
        if width(line) + gap + width(word) <= most || line.is_empty() {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.iter().map(|line| cut(line, most)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_broken_by_the_columns_they_take() {
        assert_eq!((width("h\u{304}1"), cut("h\u{304}12345", 4)), (2, "h\u{304}12…".to_owned()));
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a verylongword", 6), ["a", "veryl…"]);
    }
}
