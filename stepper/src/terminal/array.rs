//! Arrays as heat maps.

use super::paint::{Paint, width};
use crate::number::short;
use autodiff::Real;
use ndarray::ArrayViewD;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

/// More rows than these are not shown.
const ROWS: usize = 16;

/// More numbers than these are not looked at one by one.
const MOST: usize = 20_000;

/// The lines of an array: the numbers where they fit, and else for each element its sign and how many tenths of the
/// largest magnitude it is.
pub(super) fn lines<F: Real>(
    array: ArrayViewD<'_, F>,
    chosen: Option<usize>,
    paint: Paint,
    room: usize,
    lines: &mut Vec<Line<'static>>,
) {
    if array.ndim() == 0 {
        let number = array.first().copied().unwrap_or(F::nan());
        lines.push(Line::from(vec![Span::raw("  = "), Span::styled(short(number), bold(paint, number))]));
        return;
    }
    let columns = array.shape().last().copied().unwrap_or(1).max(1);
    let finite = array.iter().map(|x| x.double().abs()).filter(|x| x.is_finite());
    let largest = finite.fold(0.0, f64::max);
    let size = array.len();
    let numbers: Vec<F> = array.iter().take(columns.saturating_mul(ROWS).min(MOST)).copied().collect();
    let texts: Vec<String> = numbers.iter().map(|x| short(*x)).collect();
    let widest = texts.iter().map(|text| width(text)).max().unwrap_or(1);
    let written = columns * (widest + 1) + 3 <= room;
    let each = if written { widest + 1 } else { 2 };
    let fit = (room.saturating_sub(5) / each).max(1).min(columns);
    let rows = size / columns;
    for row in 0..rows.min(ROWS) {
        let mut spans = vec![Span::raw("  ")];
        for column in 0..fit {
            let position = row * columns + column;
            let Some(x) = numbers.get(position).copied() else { continue };
            let text = match written {
                true => {
                    let text = texts.get(position).cloned().unwrap_or_default();
                    format!("{}{text}", " ".repeat(widest - width(&text)))
                }
                false => coarse(x, largest),
            };
            let mut style = paint.cell(x, largest);
            if chosen == Some(position) && size > 1 {
                style = style.add_modifier(Modifier::REVERSED | Modifier::BOLD);
            }
            spans.push(Span::styled(text, style));
            if written {
                spans.push(Span::raw(" "));
            }
        }
        if fit < columns {
            spans.push(Span::styled(" …", paint.quiet()));
        }
        lines.push(Line::from(spans));
    }
    let mut notes = Vec::new();
    if rows > ROWS || fit < columns {
        notes.push(format!("{size} numbers"));
    }
    if !written {
        notes.push(format!("+9 and −9 are ±{}", short(largest)));
        if let Some((at, x)) = chosen.and_then(|at| Some((at, *array.iter().nth(at)?))) {
            let place = place(at, array.shape()).iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
            notes.push(format!("[{place}] is {}", short(x)));
        }
    }
    if !notes.is_empty() {
        lines.push(Line::styled(format!("  {}", notes.join("; ")), paint.quiet()));
    }
}

fn bold<F: Real>(paint: Paint, x: F) -> ratatui::style::Style {
    paint.number(x).add_modifier(Modifier::BOLD)
}

/// A sign and a digit: `+9` has the largest magnitude, ` 0` none to speak of.
fn coarse<F: Real>(x: F, largest: f64) -> String {
    if !x.is_finite() {
        return "!!".to_owned();
    }
    let size = if largest > 0.0 { (9.0 * x.double().abs() / largest).round() } else { 0.0 };
    let sign = match x {
        _ if size == 0.0 => ' ',
        x if x < F::zero() => '−',
        _ => '+',
    };
    format!("{sign}{size}")
}

/// The indices of an element of an array of this shape.
pub(super) fn place(element: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = element;
    let mut found: Vec<usize> = shape
        .iter()
        .rev()
        .map(|length| {
            let at = rest % (*length).max(1);
            rest /= (*length).max(1);
            at
        })
        .collect();
    found.reverse();
    found
}
