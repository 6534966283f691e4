//! What is read over the program: lists, texts, and the help.

use super::app::{App, List, Mode, Prompt};
use super::command::COMMANDS;
use super::line::broken;
use super::session::Session;
use crate::story::GLOSSARY;
use autodiff::Real;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};

/// Draws the list, text or help that is open; whether there is one.
pub(super) fn covers<F: Real>(app: &mut App<'_, F>, frame: &mut Frame<'_>, area: Rect) -> bool {
    let (title, lines, at) = match &app.mode {
        Mode::Steps | Mode::Prompt(..) => return false,
        Mode::Text(text, at) => ("", text.lines().map(|line| Line::raw(line.to_owned())).collect(), *at),
        Mode::Help(at) => ("help", help(app), *at),
        Mode::List(List::Stops, at) => {
            let stops = app.session.stops.iter().map(ToString::to_string).collect();
            ("breakpoints", chosen(app, stops, *at), 0)
        }
        Mode::List(List::Lints, at) => {
            let lints = app.session.lints.iter().map(ToString::to_string).collect();
            ("worth a look in this run", chosen(app, lints, *at), 0)
        }
    };
    let block = Block::new().borders(Borders::ALL).border_style(app.paint.quiet()).title(if title.is_empty() {
        String::new()
    } else {
        format!(" {title} ")
    });
    let inside = block.inner(area);
    let lines = broken(lines, usize::from(inside.width));
    let at = at.min(lines.len().saturating_sub(usize::from(inside.height)));
    // The position stays within the text, so that the first key press back moves it.
    match &mut app.mode {
        Mode::Text(_, place) | Mode::Help(place) => *place = at,
        _ => {}
    }
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(lines.into_iter().skip(at).collect::<Vec<_>>()), inside);
    true
}

fn chosen<F: Real>(app: &App<'_, F>, texts: Vec<String>, at: usize) -> Vec<Line<'static>> {
    let line = |(i, text): (usize, String)| match i == at {
        true => Line::styled(format!("▸ {text}"), app.paint.here()),
        false => Line::raw(format!("  {text}")),
    };
    texts.into_iter().enumerate().map(line).collect()
}

/// What a prompt asks for.
pub(super) fn label<F: Real>(prompt: Prompt, session: &Session<'_, F>) -> String {
    match prompt {
        Prompt::Stop => "stop where: ".to_owned(),
        Prompt::Find => "find: ".to_owned(),
        Prompt::Command => ":".to_owned(),
        Prompt::Page => "write the page to: ".to_owned(),
        Prompt::Step(id) => {
            let steps = session.trace().steps(id).ok().flatten().unwrap_or_default();
            let range = match (steps.iter().min(), steps.iter().max()) {
                (Some(first), Some(last)) => format!(" ({first} to {last})"),
                _ => String::new(),
            };
            format!("step of the loop{range}: ")
        }
    }
}

const KEYS: [(&str, &str); 24] = [
    ("→ .   ← ,", "one event forward, back"),
    ("↓ l   ↑ h", "one line forward, back"),
    ("g   G", "beginning, end"),
    ("b   B", "set a breakpoint; list and delete them"),
    ("c   C", "on to the next breakpoint, back to the one before"),
    ("n   N", "next, previous NaN or infinity"),
    ("Tab   Shift-Tab", "look at the next, previous line without going there"),
    ("Enter", "go to the line that is looked at"),
    ("Esc", "back to what happens now"),
    ("/", "find by name, operation or layer, and look at it"),
    ("o", "origin: the event that computed this value"),
    ("e", "the next contribution to this cotangent"),
    ("f", "check this rule and this cotangent by finite differences"),
    ("[ ]   { }", "explain the element before, after; in the row above, below"),
    ("z   Z", "fold or unfold this layer; all layers"),
    ("s", "into a step of the loop; q comes back"),
    ("i", "list what is worth a look in this run"),
    ("?", "predict: numbers stay covered until the space bar"),
    ("Page Down, Page Up", "scroll the card at the right"),
    ("w", "write the page: one HTML file with all of this"),
    (":", "command line; see below"),
    ("k", "this help"),
    ("q", "leave"),
    ("Ctrl-C", "leave at once"),
];

const CONDITIONS: [(&str, &str); 7] = [
    ("nan   nan(grad)", "a NaN or infinity is computed; in the reverse pass"),
    ("op == \"mul\"", "an operation runs, forwards or in reverse"),
    ("name ~ \"w*\"", "by name, * for any text"),
    ("phase == reverse", "forward, reverse, update"),
    ("|grad|.max > 0.1", "value or grad, with | | its magnitude; max, min, mean"),
    ("shape[0] == 3", "also rank, size, time, scope, event, %7"),
    ("a && b   a || b   !a", "together, with parentheses"),
];

fn help<F: Real>(app: &App<'_, F>) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut table = |heading: &str, rows: &[(&str, &str)], width: usize| {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(heading.to_owned(), app.paint.heading()));
        for (key, text) in rows {
            let gap = " ".repeat(width.saturating_sub(key.chars().count()));
            lines.push(Line::from(vec![Span::raw(format!("  {key}{gap}  ")), Span::raw((*text).to_owned())]));
        }
    };
    table("keys", &KEYS, 20);
    table("words", &GLOSSARY, 18);
    table("conditions of breakpoints", &CONDITIONS, 20);
    table("commands", &COMMANDS, 20);
    lines
}
