//! The screen: the time, the program, the graph, the card, and what happens in words.

use super::app::{App, Mode};
use super::card::Card;
use super::graph::Graph;
use super::line;
use super::paint::wrapped;
use super::panel;
use crate::story::GLOSSARY;
use autodiff::Real;
use autodiff::inspect::Phase;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};

/// The smallest screen on which something is read.
const SMALLEST: (u16, u16) = (40, 12);
/// A screen of this width has room for the graph.
const WITH_GRAPH: u16 = 140;
/// A run of more statements is no picture.
const DRAWN: usize = 150;

impl<F: Real> App<'_, F> {
    /// Draws all of it.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>) {
        let area = frame.area();
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            let text = format!("a window of {} × {} or more is needed", SMALLEST.0, SMALLEST.1);
            return frame.render_widget(Paragraph::new(text), area);
        }
        let words = if area.height >= 40 { 7 } else { 4 };
        let [title, timeline, main, say, keys] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(words),
            Constraint::Length(1),
        ])
        .areas(area);
        self.title(frame, title);
        self.timeline(frame, timeline);
        if panel::covers(self, frame, main) {
            // A list or a text is read; what is behind it waits.
        } else if area.width >= WITH_GRAPH && self.has_graph() {
            let [program, graph, card] =
                Layout::horizontal([Constraint::Ratio(2, 7), Constraint::Fill(1), Constraint::Ratio(2, 7)]).areas(main);
            self.program(frame, program);
            self.graph(frame, graph);
            self.card(frame, card);
        } else {
            let [program, card] = Layout::horizontal([Constraint::Ratio(1, 2), Constraint::Fill(1)]).areas(main);
            self.program(frame, program);
            self.card(frame, card);
        }
        self.say(frame, say);
        self.keys(frame, keys);
    }

    fn title(&self, frame: &mut Frame<'_>, area: Rect) {
        let (time, end, phase) = (self.session.time, self.session.end(), self.session.state().phase());
        let where_ = match self.session.state().event() {
            None => format!("before the first of {end} events "),
            Some(_) if phase == Phase::Update => format!("update · event {time} of {end} "),
            Some(_) => format!("{phase} pass · event {time} of {end} "),
        };
        let left = Line::from(Span::styled(format!(" {}", self.title), Style::new().add_modifier(Modifier::BOLD)));
        frame.render_widget(left, area);
        frame.render_widget(Line::from(where_).right_aligned(), area);
    }

    /// One line over all events: the phases of each run, what has happened, and where this is.
    fn timeline(&self, frame: &mut Frame<'_>, area: Rect) {
        let (end, room) = (self.session.end().max(1), usize::from(area.width).saturating_sub(2).max(1));
        let trace = self.session.trace();
        let runs = trace.runs();
        let event_at = |column: usize| (column * end / room).min(end - 1);
        let mut text: Vec<(char, Phase)> = Vec::new();
        let mut before = None;
        for column in 0..room {
            let at = event_at(column);
            let phase = trace.events().get(at).map_or(Phase::Forward, |event| event.phase());
            let run = runs.iter().position(|run| at < run.events.end).unwrap_or(0);
            if before != Some((phase, run)) {
                before = Some((phase, run));
                let number =
                    if runs.len() > 1 && phase == Phase::Forward { format!("{} ", run + 1) } else { String::new() };
                let name = match phase {
                    Phase::Forward => "forward ▷",
                    Phase::Reverse => "reverse ◁",
                    Phase::Update => "update",
                };
                // The name stands at the beginning of its part, if the part is long enough.
                let next = (column..room).find(|column| {
                    let at = event_at(*column);
                    let phase_there = trace.events().get(at).map(|event| event.phase());
                    phase_there != Some(phase) || runs.iter().position(|run| at < run.events.end) != Some(run)
                });
                let name = format!("{}{number}{name} ", if column > 0 { "|" } else { "" });
                if next.unwrap_or(room) - column > name.chars().count() {
                    text.truncate(column);
                    text.extend(name.chars().map(|c| (c, phase)));
                }
            }
            if text.len() <= column {
                text.push(('─', phase));
            }
        }
        let here = (self.session.time.saturating_sub(1) * room / end).min(room - 1);
        let spans = text.into_iter().take(room).enumerate().map(|(column, (c, _))| match column {
            at if at == here && self.session.time > 0 => match c {
                '─' => Span::styled("●", self.paint.heading()),
                c => Span::styled(c.to_string(), self.paint.here()),
            },
            at if at < here => Span::styled(if c == '─' { "━".into() } else { c.to_string() }, self.paint.accent()),
            _ => Span::styled(c.to_string(), self.paint.quiet()),
        });
        let mut all = vec![Span::raw(" ")];
        all.extend(spans);
        frame.render_widget(Line::from(all), area);
    }

    fn program(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let block = self.pane("program").borders(Borders::TOP);
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let (height, rows) = (usize::from(inside.height), self.program.rows.len());
        let looked_at = self.session.picked.and_then(|id| self.program.row_of(&self.session, id)).or(self.here());
        let width = usize::from(inside.width).saturating_sub(1);
        let here = self.here();
        let lines = |row: usize| line::of(self, row, here == Some(row), looked_at == Some(row), width);
        // The first row with which at most so many lines stand above the row `at`.
        let above = |at: usize, room: usize| {
            let (mut top, mut taken) = (at, 0);
            while let Some(row) = top.checked_sub(1) {
                taken += lines(row).len();
                if taken > room {
                    break;
                }
                top = row;
            }
            top
        };
        let mut top = self.top;
        // The lines stay where they are until the one that is looked at would leave the pane.
        if let Some(at) = looked_at {
            let margin = (height / 5).min(3);
            let below = |at: usize| (top..=at).take(height + 1).map(|row| lines(row).len()).sum::<usize>();
            if at < top + margin || below(at) + margin > height {
                top = above(at, height / 2);
            }
        } else if self.session.time == 0 {
            top = 0;
        }
        top = top.min(above(rows, height));
        let shown: Vec<Line<'_>> = (top..rows).take(height).flat_map(lines).take(height).collect();
        self.top = top;
        frame.render_widget(Paragraph::new(shown), inside);
    }

    fn has_graph(&self) -> bool {
        let runs = self.session.trace().runs();
        runs.iter().all(|run| {
            let inside = self.session.story.statements.iter().filter(|one| run.nodes.contains(&one.root.index()));
            inside.count() <= DRAWN
        })
    }

    fn graph(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let block = self.pane("graph: value, and below it the cotangent");
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let runs = self.session.trace().runs();
        let run = runs.iter().position(|run| self.session.time <= run.events.end).unwrap_or(0);
        if self.graph.as_ref().is_none_or(|graph| graph.run != run) {
            self.graph = Graph::new(&self.session, run);
        }
        if let Some(graph) = &mut self.graph {
            graph.draw(&self.session, self.paint, self.covered, frame, inside);
        }
    }

    fn card(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let looked_at = if self.session.picked.is_some() { "looked at (Esc: back to what happens)" } else { "now" };
        let block = self.pane(looked_at);
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let width = usize::from(inside.width).saturating_sub(1);
        let card = Card {
            session: &self.session,
            paint: self.paint,
            width,
            introduction: &self.introduction,
            compact: area.height < 30,
            covered: self.covered && self.session.picked.is_none(),
        };
        let lines = line::broken(card.lines(), width);
        let height = usize::from(inside.height);
        self.card_top = self.card_top.min(lines.len().saturating_sub(height));
        let mut shown: Vec<Line<'_>> = lines.iter().skip(self.card_top).take(height).cloned().collect();
        let below = lines.len().saturating_sub(self.card_top + height);
        if below > 0
            && let Some(last) = shown.last_mut()
        {
            *last = Line::styled(format!("… {} more lines: Page Down", below + 1), self.paint.quiet());
        }
        frame.render_widget(Paragraph::new(shown), inside);
    }

    /// What happens, in words; on a tall screen with the meaning of a term in it.
    fn say(&self, frame: &mut Frame<'_>, area: Rect) {
        let block = Block::new().borders(Borders::TOP).border_style(self.paint.quiet());
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let text = match (self.covered, self.session.about()) {
            (true, Some(about)) => {
                let story = &self.session.story;
                let what = match self.session.state().phase() {
                    Phase::Reverse => story.bar(about),
                    _ => story.symbol(about).to_owned(),
                };
                format!("What will {what} be? Think, then press the space bar.")
            }
            _ => self.session.story.sentence(&self.session.state()),
        };
        let width = usize::from(inside.width).saturating_sub(2);
        let mut lines: Vec<Line<'_>> = wrapped(&text, width).into_iter().map(|line| with_terms(&line)).collect();
        if lines.len() > usize::from(inside.height) {
            lines.truncate(usize::from(inside.height));
        }
        let term = GLOSSARY.iter().filter_map(|(term, meaning)| Some((find_term(&text, term)?, term, meaning))).min();
        if let Some((_, term, meaning)) = term {
            let meaning = wrapped(&format!("{term}: {meaning}"), width);
            // Half of it would help nobody.
            if lines.len() + meaning.len() <= usize::from(inside.height) {
                lines.extend(meaning.into_iter().map(|line| Line::styled(format!(" {line}"), self.paint.quiet())));
            }
        }
        frame.render_widget(Paragraph::new(lines), inside);
    }

    fn keys(&self, frame: &mut Frame<'_>, area: Rect) {
        if let Mode::Prompt(prompt, text) = &self.mode {
            let label = panel::label(*prompt, &self.session);
            let cursor = Span::styled(" ", self.paint.here());
            let mut spans =
                vec![Span::styled(format!(" {label}"), self.paint.heading()), Span::raw(text.clone()), cursor];
            if !self.message.is_empty() {
                spans.push(Span::styled(format!("  {}", self.message), self.paint.warning()));
            }
            return frame.render_widget(Line::from(spans), area);
        }
        if !self.message.is_empty() {
            return frame.render_widget(Line::styled(format!(" {}", self.message), self.paint.accent()), area);
        }
        let keys = match &self.mode {
            Mode::Steps => &STEP_KEYS[..],
            Mode::List(super::app::List::Stops, _) => {
                &[("↓↑", "choose"), ("Enter", "go on to the next"), ("d", "delete"), ("Esc", "close")]
            }
            Mode::List(..) => &[("↓↑", "choose"), ("Enter", "go there"), ("Esc", "close")],
            _ => &[("↓↑", "scroll"), ("Esc", "close")],
        };
        let mut spans = vec![Span::raw(" ")];
        for (key, what) in keys {
            spans.push(Span::styled(*key, self.paint.heading()));
            spans.push(Span::styled(format!(" {what}   "), self.paint.quiet()));
        }
        frame.render_widget(Line::from(spans), area);
    }

    fn pane(&self, title: &str) -> Block<'static> {
        let title = Span::styled(format!(" {title} "), self.paint.quiet());
        let corner = border::Set { top_left: "┬", ..border::PLAIN };
        Block::new()
            .borders(Borders::TOP | Borders::LEFT)
            .border_set(corner)
            .border_style(self.paint.quiet())
            .title(title)
    }
}

/// The keys that stand below; those that matter most come first, because a narrow screen cuts the line.
const STEP_KEYS: [(&str, &str); 8] = [
    ("→←", "event"),
    ("↓↑", "line"),
    ("k", "all keys"),
    ("q", "leave"),
    ("b", "breakpoint"),
    ("c", "continue"),
    ("/", "find"),
    ("n", "next NaN"),
];

/// Where a term begins in a text, as a word.
fn find_term(text: &str, term: &str) -> Option<usize> {
    let lower = text.to_lowercase();
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    lower.match_indices(term).map(|(at, _)| at).find(|at| {
        let before = lower.get(..*at).and_then(|before| before.chars().next_back());
        let after = lower.get(at + term.len()..).map(|after| after.strip_prefix('s').unwrap_or(after));
        !word(before) && !word(after.and_then(|after| after.chars().next()))
    })
}

/// A line in which the terms of the field are underlined.
fn with_terms(line: &str) -> Line<'static> {
    let mut places: Vec<(usize, usize)> =
        GLOSSARY.iter().filter_map(|(term, _)| find_term(line, term).map(|at| (at, at + term.len()))).collect();
    places.sort_unstable();
    let mut spans = vec![Span::raw(" ")];
    let mut from = 0;
    for (begin, end) in places {
        if let (true, Some(before), Some(term)) = (begin >= from, line.get(from..begin), line.get(begin..end)) {
            spans.push(Span::raw(before.to_owned()));
            spans.push(Span::styled(term.to_owned(), Style::new().add_modifier(Modifier::UNDERLINED)));
            from = end;
        }
    }
    spans.push(Span::raw(line.get(from..).unwrap_or_default().to_owned()));
    Line::from(spans)
}
