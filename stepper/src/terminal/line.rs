//! One line of the program, and lines that are too long.

use super::app::App;
use super::card::DEPTH;
use super::paint::{COVERED, cut, width, wrapped};
use super::program::{Part, Row, when};
use crate::number::short;
use autodiff::{NodeId, Real};
use ndarray::ArrayViewD;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The columns that a value takes at most.
const VALUE: usize = 26;

/// More lines of a long formula are not shown.
const MOST: usize = 6;

/// A row of the program: a mark, the formula, and at the right the value as far as it is known. A long formula goes on
/// in further lines.
pub(super) fn of<F: Real>(
    app: &App<'_, F>,
    row: usize,
    here: bool,
    looked_at: bool,
    room: usize,
) -> Vec<Line<'static>> {
    let Some(row) = app.program.rows.get(row) else { return Vec::new() };
    let mark = match (here, looked_at) {
        (true, _) => "▸",
        (_, true) => "›",
        _ => " ",
    };
    match row {
        Row::Heading(text) => vec![Line::styled(format!(" {text}"), app.paint.quiet())],
        Row::Layer { name, part, statements, root, folded, depth, .. } => {
            let count = if *statements == 1 { "1 line".to_owned() } else { format!("{statements} lines") };
            let sign = if *folded { "+" } else { "−" };
            let name = match part {
                Part::Given => name.clone(),
                Part::Reverse => format!("rules of layer {name}"),
                _ => format!("layer {name}"),
            };
            let text = cut(&format!("{sign} {name}  ({count})"), room);
            let before = format!("{mark}{}", "  ".repeat(*depth));
            let value = match (folded, part) {
                (true, Part::Forward) => value(app, *root, Part::Forward, false, room / 2),
                _ => Vec::new(),
            };
            joined((before, text), app.paint.heading(), value, here, app, room)
        }
        Row::Line { statement, part, depth } => {
            let Some(one) = app.session.story.statements.get(*statement) else { return Vec::new() };
            let before = format!("{mark}{} ", "  ".repeat(*depth));
            let text = formula(app, one.root, *part);
            let complete = when(&app.session, *statement, *part).is_some_and(|time| time <= app.session.time);
            let style = if complete || here { Style::new() } else { app.paint.quiet() };
            joined((before, text), style, value(app, one.root, *part, app.covered && here, room / 2), here, app, room)
        }
    }
}

fn formula<F: Real>(app: &App<'_, F>, root: NodeId, part: Part) -> String {
    let story = &app.session.story;
    let symbol = story.symbol(root);
    match part {
        Part::Given => symbol.to_owned(),
        Part::Forward => format!("{symbol} = {}", written(app, root)),
        Part::Reverse => {
            let end = app.session.trace().at(app.session.end());
            let formula =
                story.cotangent_formula(root, DEPTH).unwrap_or_else(|| match app.session.ways(root).count() {
                    // The seed.
                    0 => story.array(end.cotangent(root), root),
                    _ => "…".to_owned(),
                });
            format!("{} = {formula}", story.bar(root))
        }
        Part::Update => match story.update_formula(root) {
            Some(formula) => format!("new {symbol} = {formula}"),
            None => format!("new {symbol}"),
        },
    }
}

/// The formula of a line; of what has none, such as a further result, its call.
pub(super) fn written<F: Real>(app: &App<'_, F>, root: NodeId) -> String {
    let call = || app.session.trace().node(root).map(|node| node.call()).unwrap_or_default();
    app.session.story.formula(root).unwrap_or_else(call)
}

/// What is known of the value, the cotangent or the next value.
fn value<F: Real>(app: &App<'_, F>, root: NodeId, part: Part, covered: bool, room: usize) -> Vec<Span<'static>> {
    let (state, story) = (app.session.state(), &app.session.story);
    let array = match part {
        Part::Given | Part::Forward => state.value(root),
        Part::Reverse => state.cotangent(root),
        Part::Update => state.updated(root),
    };
    if covered {
        return vec![Span::raw(COVERED)];
    }
    match array {
        None => match app.session.trace().node(root).map(|node| node.kind()) {
            Some(autodiff::Kind::Real) | None => vec![app.paint.blank()],
            Some(_) => Vec::new(),
        },
        Some(array) => {
            let single = array.first().copied().filter(|_| array.len() == 1 && array.ndim() == 0);
            let partial = part == Part::Reverse && app.session.times.cotangent(root) > Some(app.session.time);
            let mut spans = match single {
                // As many digits as the change needs.
                Some(x) if part == Part::Update => {
                    let text = story.next(root).first().cloned().unwrap_or_else(|| short(x));
                    vec![Span::styled(text, app.paint.number(x))]
                }
                Some(x) => vec![app.paint.span(x)],
                None => vec![Span::raw(fitted(&story.array(Some(array.view()), root), array, room.min(VALUE)))],
            };
            if partial {
                spans.push(Span::styled(" so far", app.paint.quiet()));
            }
            spans
        }
    }
}

/// An array as `whole`, if there is room for that, and else as many of its first numbers as there is room for.
pub(super) fn fitted<F: Real>(whole: &str, array: ArrayViewD<'_, F>, room: usize) -> String {
    if width(whole) <= room {
        return whole.to_owned();
    }
    let mut text = String::from("[");
    for x in &array {
        let number = short(*x);
        if width(&text) + width(&number) + 4 > room {
            return text + "…]";
        }
        text.extend([&number, ", "]);
    }
    format!("{}]", text.trim_end_matches(", "))
}

/// A text at the left, after what stands before it, and a value at the right of its first line.
fn joined<F: Real>(
    (before, text): (String, String),
    style: Style,
    value: Vec<Span<'static>>,
    here: bool,
    app: &App<'_, F>,
    room: usize,
) -> Vec<Line<'static>> {
    let taken: usize = value.iter().map(Span::width).sum();
    let indent = width(&before);
    let left = room.saturating_sub(indent + if taken > 0 { taken + 2 } else { 0 });
    let style = if here { app.paint.here() } else { style };
    // A sign stays with what is added.
    let text = text.replace("+ ", "+\u{a0}").replace("− ", "−\u{a0}");
    let mut texts: Vec<String> = wrapped(&text, left).iter().map(|text| text.replace('\u{a0}', " ")).collect();
    if texts.len() > MOST {
        texts.truncate(MOST);
        texts.iter_mut().skip(MOST - 1).for_each(|last| last.push_str(" …"));
    }
    let mut texts = texts.into_iter();
    let first = before + &texts.next().unwrap_or_default();
    let gap = " ".repeat(room.saturating_sub(width(&first) + taken));
    let mut spans = vec![Span::styled(first, style), Span::raw(gap)];
    spans.extend(value);
    let mut lines = vec![Line::from(spans)];
    lines.extend(texts.map(|text| Line::styled(format!("{}{text}", " ".repeat(indent + 2)), style)));
    lines
}

/// Lines of at most `room` columns: a longer one goes on in the next, further in.
pub(super) fn broken(lines: Vec<Line<'static>>, room: usize) -> Vec<Line<'static>> {
    let mut all = Vec::new();
    for line in lines {
        if line.width() <= room {
            all.push(line);
            continue;
        }
        let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
        let indent = text.chars().take_while(|c| *c == ' ').count() + 2;
        let style = line.spans.first().map_or(line.style, |span| line.style.patch(span.style));
        let mut current: Vec<Span<'static>> = Vec::new();
        let mut taken = 0;
        for span in line.spans {
            for word in span.content.split_inclusive(' ') {
                let length = width(word.trim_end());
                if taken + length > room && taken > indent {
                    all.push(Line::from(std::mem::take(&mut current)));
                    current.push(Span::raw(" ".repeat(indent.min(room / 2))));
                    taken = indent.min(room / 2);
                }
                let word = if length > room { cut(word, room.saturating_sub(taken).max(2)) } else { word.to_owned() };
                taken += width(&word);
                current.push(Span::styled(word, style.patch(span.style)));
            }
        }
        all.push(Line::from(current));
    }
    all
}
