//! What keys do.

use super::command::{self, Reply};
use super::graph::Graph;
use super::paint::Paint;
use super::program::{Program, Row, outermost};
use super::session::Session;
use autodiff::inspect::Trace;
use autodiff::{NodeId, Real};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::collections::BTreeSet;

/// The screen and all that stands on it.
pub(super) struct App<'a, F: Real> {
    pub(super) session: Session<'a, F>,
    pub(super) title: String,
    /// What there is to see.
    pub(super) introduction: String,
    pub(super) paint: Paint,
    pub(super) folded: BTreeSet<String>,
    pub(super) program: Program,
    /// The first line that is shown.
    pub(super) top: usize,
    pub(super) card_top: usize,
    pub(super) mode: Mode,
    pub(super) message: String,
    pub(super) predicting: bool,
    /// Whether the numbers of the latest event are covered.
    pub(super) covered: bool,
    pub(super) graph: Option<Graph>,
    sought: String,
}

/// What keys go to.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Mode {
    Steps,
    /// A line is written.
    Prompt(Prompt, String),
    /// A list, of which one line is chosen.
    List(List, usize),
    /// A text, scrolled to a line.
    Text(String, usize),
    /// Keys, commands and words, scrolled to a line.
    Help(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Prompt {
    Stop,
    Find,
    Command,
    Page,
    /// The step of the loop at a node.
    Step(NodeId),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum List {
    Stops,
    Lints,
}

/// What a key leads to outside the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    Stay,
    Quit,
    /// The run of a step of the loop at a node.
    Into(NodeId, usize),
}

impl<'a, F: Real> App<'a, F> {
    pub(super) fn new(trace: &'a Trace<F>, title: &str, paint: Paint) -> Self {
        let session = Session::new(trace);
        let folded = Program::first_folds(&session);
        let program = Program::new(&session, &folded);
        App {
            session,
            title: title.to_owned(),
            introduction: String::new(),
            paint,
            folded,
            program,
            top: 0,
            card_top: 0,
            mode: Mode::Steps,
            message: String::new(),
            predicting: false,
            covered: false,
            graph: None,
            sought: String::new(),
        }
    }

    /// The line at which the run is.
    pub(super) fn here(&self) -> Option<usize> {
        self.program.row(&self.session, self.session.time)
    }

    /// What a key does.
    pub(super) fn key(&mut self, key: KeyEvent) -> Action {
        let interrupted = key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c' | 'd'));
        if interrupted {
            return Action::Quit;
        }
        self.message.clear();
        let before = self.session.time;
        let action = match std::mem::replace(&mut self.mode, Mode::Steps) {
            Mode::Steps => self.step_key(key.code),
            Mode::Prompt(prompt, text) => self.prompt_key(prompt, text, key.code),
            Mode::List(list, at) => self.list_key(list, at, key.code),
            Mode::Text(text, at) => {
                if let Some(at) = scrolled(at, key.code) {
                    self.mode = Mode::Text(text, at);
                }
                Action::Stay
            }
            Mode::Help(at) => {
                self.mode = scrolled(at, key.code).map_or(Mode::Steps, Mode::Help);
                Action::Stay
            }
        };
        if self.session.time != before {
            self.card_top = 0;
            self.covered = self.predicting && self.session.about().is_some();
        }
        action
    }

    fn step_key(&mut self, code: KeyCode) -> Action {
        let time = self.session.time;
        let outcome = match code {
            KeyCode::Char('.') | KeyCode::Right => self.goes(time + 1),
            KeyCode::Char(',') | KeyCode::Left => self.goes(time.saturating_sub(1)),
            KeyCode::Char('l') | KeyCode::Down => self.goes(self.program.next(&self.session, true)),
            KeyCode::Char('h') | KeyCode::Up => self.goes(self.program.next(&self.session, false)),
            KeyCode::Char('g') | KeyCode::Home => self.goes(0),
            KeyCode::Char('G') | KeyCode::End => self.goes(self.session.end()),
            KeyCode::Char('c') => self.session.go_to_stop(true),
            KeyCode::Char('C') => self.session.go_to_stop(false),
            KeyCode::Char('n') => self.session.go_to_not_finite(true),
            KeyCode::Char('N') => self.session.go_to_not_finite(false),
            KeyCode::Char('o') => self.session.go_to_origin(),
            KeyCode::Char('e') => self.session.go_to_contribution(),
            KeyCode::Char('f') => self.check(),
            KeyCode::Tab => self.picks(true),
            KeyCode::BackTab => self.picks(false),
            KeyCode::Enter => self.go_to_picked(),
            KeyCode::Char(c @ ('[' | ']' | '{' | '}')) => self.element(c),
            KeyCode::Char('z') => self.fold(),
            KeyCode::Char('Z') => self.fold_all(),
            KeyCode::Char('s') => return self.ask_for_step(),
            KeyCode::PageDown => self.scroll_card(8),
            KeyCode::PageUp => self.scroll_card(-8),
            KeyCode::Char('?') => self.predict(),
            KeyCode::Char(' ') => {
                self.covered = false;
                Ok(())
            }
            KeyCode::Char('b') => self.prompt(Prompt::Stop, ""),
            KeyCode::Char('/') => self.prompt(Prompt::Find, ""),
            KeyCode::Char(':') => self.prompt(Prompt::Command, ""),
            KeyCode::Char('w') => self.prompt(Prompt::Page, "trace.html"),
            KeyCode::Char('B') => self.list(List::Stops),
            KeyCode::Char('i') => self.list(List::Lints),
            KeyCode::Char('k') | KeyCode::F(1) => {
                self.mode = Mode::Help(0);
                Ok(())
            }
            KeyCode::Esc => {
                self.session.pick(None);
                Ok(())
            }
            KeyCode::Char('q') => return Action::Quit,
            KeyCode::Char(c) => Err(format!("`{c}` is no key here; k lists them")),
            _ => Ok(()),
        };
        self.told(outcome);
        Action::Stay
    }

    fn told(&mut self, outcome: Result<(), String>) {
        if let Err(reason) = outcome {
            self.message = reason;
        }
    }

    fn goes(&mut self, time: usize) -> Result<(), String> {
        self.session.go(time);
        Ok(())
    }

    fn prompt(&mut self, prompt: Prompt, text: &str) -> Result<(), String> {
        self.mode = Mode::Prompt(prompt, text.to_owned());
        Ok(())
    }

    fn list(&mut self, list: List) -> Result<(), String> {
        let (count, nothing) = match list {
            List::Stops => (self.session.stops.len(), "there is no breakpoint yet: `b` sets one"),
            List::Lints => (self.session.lints.len(), "nothing looks wrong in this run"),
        };
        if count == 0 {
            return Err(nothing.to_owned());
        }
        self.mode = Mode::List(list, 0);
        Ok(())
    }

    fn check(&mut self) -> Result<(), String> {
        let id = self.session.shown().ok_or("nothing is looked at yet")?;
        self.session.check(id);
        Ok(())
    }

    /// Looks at the next line of the program, or at the one before, without going there.
    fn picks(&mut self, forwards: bool) -> Result<(), String> {
        let here = self.session.picked.and_then(|id| self.program.row_of(&self.session, id)).or(self.here());
        let rows = self.program.rows.len();
        let mut at = here.map_or(if forwards { 0 } else { rows.saturating_sub(1) }, |at| step(at, forwards));
        while let Some(row) = self.program.rows.get(at) {
            let root = match row {
                Row::Line { statement, .. } => self.session.story.statements.get(*statement).map(|one| one.root),
                Row::Layer { root, folded: true, .. } => Some(*root),
                _ => None,
            };
            // A node is looked at in the line where it is computed.
            let own = root.filter(|root| self.program.row_of(&self.session, *root) == Some(at));
            if own.is_some() {
                self.session.pick(own);
                return Ok(());
            }
            at = step(at, forwards);
        }
        Err(format!("there is no {} line", if forwards { "further" } else { "earlier" }))
    }

    /// To the moment at which what is looked at was computed.
    fn go_to_picked(&mut self) -> Result<(), String> {
        let picked = self.session.picked.ok_or("Tab looks at a line, and Enter goes there")?;
        let row = self.program.row_of(&self.session, picked);
        let time = row.and_then(|row| self.program.when(&self.session, row)).ok_or("it was never computed")?;
        self.goes(time)
    }

    /// Explains another element of what is looked at.
    fn element(&mut self, key: char) -> Result<(), String> {
        let id = self.session.shown().ok_or("nothing is looked at yet")?;
        let shape = self.session.trace().node(id).map(|node| node.shape().to_vec()).unwrap_or_default();
        let size: usize = shape.iter().product();
        let row = shape.last().copied().unwrap_or(1).max(1);
        let by = if matches!(key, '[' | ']') { 1 } else { row };
        let at = self.session.element;
        let to = if matches!(key, '[' | '{') { at.checked_sub(by) } else { Some(at + by) };
        let to = to.filter(|to| *to < size);
        self.session.element = to.ok_or_else(|| format!("there is no element further; it has {size}"))?;
        Ok(())
    }

    /// Folds the layer at which somebody stands, or unfolds it.
    fn fold(&mut self) -> Result<(), String> {
        let picked = self.session.picked.and_then(|id| self.program.row_of(&self.session, id));
        let row = picked.or(self.here()).ok_or("no line is looked at yet")?;
        let path = match self.program.rows.get(row) {
            Some(Row::Layer { path, .. }) => Some(path.clone()),
            // The layer in which the line is: the nearest above that is less deep.
            Some(Row::Line { depth, .. }) => self.program.rows.iter().take(row).rev().find_map(|above| match above {
                Row::Layer { path, depth: outside, .. } if outside < depth => Some(path.clone()),
                _ => None,
            }),
            _ => None,
        };
        let path = path.ok_or("this line is in no layer")?;
        if !self.folded.remove(&path) {
            self.folded.insert(path);
        }
        self.program = Program::new(&self.session, &self.folded);
        Ok(())
    }

    fn fold_all(&mut self) -> Result<(), String> {
        let all = outermost(&self.session);
        match self.folded.is_empty() {
            true if all.is_empty() => return Err("this run has no layers".to_owned()),
            true => self.folded = all,
            false => self.folded.clear(),
        }
        self.program = Program::new(&self.session, &self.folded);
        Ok(())
    }

    /// Asks for the step of the loop that is looked at.
    fn ask_for_step(&mut self) -> Action {
        let Some(id) = self.session.shown() else {
            self.message = "nothing is looked at yet".to_owned();
            return Action::Stay;
        };
        // A further result belongs to the loop that gave it.
        let loop_ = self.session.trace().node(id).filter(|node| node.operation() == "result");
        let id = loop_.and_then(|node| node.operands().first().copied()).unwrap_or(id);
        match self.session.trace().steps(id) {
            Ok(Some(steps)) if !steps.is_empty() => self.mode = Mode::Prompt(Prompt::Step(id), String::new()),
            Ok(Some(_)) => self.message = "this loop made no step".to_owned(),
            Ok(None) => self.message = "this is no loop; `s` goes into a step of one".to_owned(),
            Err(error) => self.message = error.message().to_owned(),
        }
        Action::Stay
    }

    fn scroll_card(&mut self, by: isize) -> Result<(), String> {
        self.card_top = self.card_top.saturating_add_signed(by);
        Ok(())
    }

    fn predict(&mut self) -> Result<(), String> {
        self.predicting = !self.predicting;
        self.covered = self.predicting && self.session.about().is_some();
        match self.predicting {
            true => Err("numbers stay covered until the space bar; ? again ends this".to_owned()),
            false => Ok(()),
        }
    }

    fn prompt_key(&mut self, prompt: Prompt, mut text: String, code: KeyCode) -> Action {
        match code {
            KeyCode::Esc => return Action::Stay,
            KeyCode::Enter => return self.entered(prompt, &text),
            KeyCode::Backspace => drop(text.pop()),
            KeyCode::Char(c) => text.push(c),
            _ => {}
        }
        self.mode = Mode::Prompt(prompt, text);
        Action::Stay
    }

    fn entered(&mut self, prompt: Prompt, text: &str) -> Action {
        let outcome = match prompt {
            Prompt::Stop => {
                self.session.add_stop(text).map(|()| self.message = format!("breakpoint: {text}; c goes to it"))
            }
            Prompt::Find => self.find(text),
            Prompt::Page => crate::write_html(self.session.trace(), text)
                .map(|()| self.message = format!("{text} is written"))
                .map_err(|error| error.to_string()),
            Prompt::Step(id) => match text.trim().parse() {
                Ok(number) => return Action::Into(id, number),
                Err(_) => Err(format!("`{text}` is not the number of a step")),
            },
            Prompt::Command => match (self.session.time, command::run(&mut self.session, text)) {
                (_, Ok(Reply::Quit)) => return Action::Quit,
                // What happens there stands below.
                (before, Ok(_)) if before != self.session.time => Ok(()),
                (_, Ok(Reply::Text(reply))) if reply.contains('\n') || reply.chars().count() > 70 => {
                    self.mode = Mode::Text(reply, 0);
                    Ok(())
                }
                (_, Ok(Reply::Text(reply))) => {
                    self.message = reply;
                    Ok(())
                }
                (_, Err(reason)) => Err(reason),
            },
        };
        if let (Prompt::Stop | Prompt::Command, Err(_)) = (prompt, &outcome) {
            self.mode = Mode::Prompt(prompt, text.to_owned());
        }
        self.told(outcome);
        Action::Stay
    }

    /// Looks at the next node that fits; an empty text repeats the search.
    fn find(&mut self, text: &str) -> Result<(), String> {
        if !text.is_empty() {
            self.sought = text.to_owned();
        }
        let found = self.session.find(&self.sought).filter(|_| !self.sought.is_empty());
        let found = found.ok_or_else(|| format!("nothing is called `{}`", self.sought))?;
        self.session.pick(Some(found));
        // Its layers are unfolded, so that it is seen.
        let scope = self.session.trace().node(found).map(|node| node.scope().to_owned()).unwrap_or_default();
        let covers = |path: &String| scope == *path || scope.starts_with(&format!("{path}."));
        self.folded.retain(|path| !covers(path));
        self.program = Program::new(&self.session, &self.folded);
        self.message = format!("/ and Enter: the next with `{}`", self.sought);
        Ok(())
    }

    fn list_key(&mut self, list: List, at: usize, code: KeyCode) -> Action {
        let count = match list {
            List::Stops => self.session.stops.len(),
            List::Lints => self.session.lints.len(),
        };
        let to = match (code, list) {
            (KeyCode::Down | KeyCode::Char('l'), _) => Some((at + 1).min(count.saturating_sub(1))),
            (KeyCode::Up | KeyCode::Char('h'), _) => Some(at.saturating_sub(1)),
            (KeyCode::Char('d') | KeyCode::Delete, List::Stops) if at < count => {
                self.session.stops.remove(at);
                (count > 1).then(|| at.min(count - 2))
            }
            (KeyCode::Enter, List::Lints) => {
                if let Some(lint) = self.session.lints.get(at).cloned() {
                    self.session.go(lint.time);
                    self.session.pick(Some(lint.node));
                }
                None
            }
            (KeyCode::Enter, List::Stops) => {
                let outcome = self.session.go_to_stop(true);
                self.told(outcome);
                None
            }
            _ => None,
        };
        if let Some(to) = to {
            self.mode = Mode::List(list, to);
        }
        Action::Stay
    }
}

fn step(at: usize, forwards: bool) -> usize {
    if forwards { at + 1 } else { at.wrapping_sub(1) }
}

/// Where a text is scrolled to by a key; `None` for a key that closes it.
fn scrolled(at: usize, code: KeyCode) -> Option<usize> {
    match code {
        KeyCode::Down | KeyCode::Char('l') => Some(at + 1),
        KeyCode::Up | KeyCode::Char('h') => Some(at.saturating_sub(1)),
        KeyCode::PageDown | KeyCode::Char(' ') => Some(at + 10),
        KeyCode::PageUp => Some(at.saturating_sub(10)),
        KeyCode::Home | KeyCode::Char('g') => Some(0),
        _ => None,
    }
}
