//! The lines of a program: what is given, the forward pass, the reverse pass in its order, the update. Layers can be
//! folded to one line each.

use super::session::Session;
use crate::number::short;
use autodiff::NodeId;
use autodiff::Real;
use autodiff::inspect::{Event, Phase};
use std::collections::{BTreeMap, BTreeSet};

/// What a line tells of its statement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Part {
    Given,
    Forward,
    Reverse,
    Update,
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Row {
    /// A heading over what follows.
    Heading(String),
    /// A statement.
    Line { statement: usize, part: Part, depth: usize },
    /// A layer: its path and how it is called, how many statements it has, and whether they are hidden.
    Layer { path: String, name: String, part: Part, statements: usize, root: NodeId, folded: bool, depth: usize },
}

/// All lines, and where each statement stands.
#[derive(Default)]
pub(super) struct Program {
    pub(super) rows: Vec<Row>,
    /// The line of a statement, or of the layer that hides it.
    at: BTreeMap<(usize, Part), usize>,
}

/// A program with more lines begins with its layers folded.
const MANY: usize = 48;

/// What is given, as a layer that can be folded.
pub(super) const GIVEN: &str = "given";

impl Program {
    pub(super) fn new<F: Real>(session: &Session<'_, F>, folded: &BTreeSet<String>) -> Self {
        let (story, times) = (&session.story, &session.times);
        let mut program = Program::default();
        let runs = session.trace().runs();
        for (number, run) in runs.iter().enumerate() {
            let step = if runs.len() > 1 { format!("step {}: ", number + 1) } else { String::new() };
            let inside = story.statements.iter().enumerate();
            let inside = inside.filter(|(_, one)| run.nodes.contains(&one.root.index()));
            let inside = inside.filter(|(_, one)| !story.is_idle(one.root));
            let (given, computed): (Vec<_>, Vec<_>) = inside.partition(|(_, one)| one.given);
            let numbers = |list: &[(usize, &crate::story::Statement)]| list.iter().map(|(i, _)| *i).collect::<Vec<_>>();
            if !given.is_empty() {
                let rate = given.first().and_then(|(_, one)| story.rate(one.root));
                let name = match rate {
                    Some(rate) => format!("{step}given, rate {}", short(rate)),
                    None => format!("{step}what is given"),
                };
                program.group(session, (GIVEN, &name), Part::Given, &numbers(&given), folded, 0);
            }
            program.rows.push(Row::Heading(format!("{step}forward pass ↓")));
            program.lines(session, Part::Forward, &numbers(&computed), folded, 0);
            let mut back: Vec<(usize, std::cmp::Reverse<usize>)> = computed
                .iter()
                .chain(&given)
                .filter_map(|(i, one)| Some((times.cotangent(one.root)?, std::cmp::Reverse(*i))))
                .collect();
            back.sort_unstable();
            if !back.is_empty() {
                program.rows.push(Row::Heading(format!("{step}reverse pass ↓")));
                let back: Vec<usize> = back.into_iter().map(|(_, i)| i.0).collect();
                program.lines(session, Part::Reverse, &back, folded, 0);
            }
            let updated: Vec<usize> =
                given.iter().filter(|(_, one)| times.updated.contains_key(&one.root)).map(|(i, _)| *i).collect();
            if !updated.is_empty() {
                program.rows.push(Row::Heading(format!("{step}update ↓")));
                program.lines(session, Part::Update, &updated, folded, 0);
            }
        }
        program
    }

    /// The layers that are folded when a run is opened.
    pub(super) fn first_folds<F: Real>(session: &Session<'_, F>) -> BTreeSet<String> {
        let statements = &session.story.statements;
        let mut folds = BTreeSet::new();
        if statements.iter().filter(|one| one.given).count() > MANY / 2 * session.trace().runs().len() {
            folds.insert(GIVEN.to_owned());
        }
        let runs = session.trace().runs().len().max(1);
        if statements.len() / runs > MANY {
            folds.extend(outermost(session));
        }
        folds
    }

    /// The line at which a run is, at a time.
    pub(super) fn row<F: Real>(&self, session: &Session<'_, F>, time: usize) -> Option<usize> {
        let event = session.trace().at(time).event()?;
        self.of(session, event)
    }

    fn of<F: Real>(&self, session: &Session<'_, F>, event: &Event) -> Option<usize> {
        let statement = *session.story.statement_of.get(event.about()?.index())?;
        let given = session.story.statements.get(statement).is_some_and(|one| one.given);
        let part = match event.phase() {
            Phase::Forward if given => Part::Given,
            Phase::Forward => Part::Forward,
            Phase::Reverse => Part::Reverse,
            Phase::Update => Part::Update,
        };
        self.at.get(&(statement, part)).copied()
    }

    /// The line where a node is computed or given.
    pub(super) fn row_of<F: Real>(&self, session: &Session<'_, F>, id: NodeId) -> Option<usize> {
        let statement = *session.story.statement_of.get(id.index())?;
        [Part::Forward, Part::Given, Part::Reverse].iter().find_map(|part| self.at.get(&(statement, *part))).copied()
    }

    /// The time after the next line, or before the one here.
    pub(super) fn next<F: Real>(&self, session: &Session<'_, F>, forwards: bool) -> usize {
        let row = |time: usize| self.row(session, time).filter(|_| time > 0);
        let (here, end) = (row(session.time), session.end());
        let mut time = session.time;
        let other = |found: Option<usize>| found.is_some() && found != here;
        if forwards {
            time += 1;
            while time < end && !other(row(time)) {
                time += 1;
            }
            // The last event of a line shows it whole.
            while time < end && row(time + 1) == row(time) {
                time += 1;
            }
            time.min(end)
        } else {
            time = time.saturating_sub(1);
            while time > 0 && !other(row(time)) {
                time -= 1;
            }
            time
        }
    }

    /// When a line is whole.
    pub(super) fn when<F: Real>(&self, session: &Session<'_, F>, row: usize) -> Option<usize> {
        match self.rows.get(row)? {
            Row::Heading(_) => None,
            Row::Line { statement, part, .. } => when(session, *statement, *part),
            Row::Layer { .. } => {
                let inside = self.at.iter().filter(|(_, at)| **at == row);
                inside.filter_map(|((statement, part), _)| when(session, *statement, *part)).max()
            }
        }
    }

    fn lines<F: Real>(
        &mut self,
        session: &Session<'_, F>,
        part: Part,
        statements: &[usize],
        folded: &BTreeSet<String>,
        level: usize,
    ) {
        let scope = |i: &usize| scope(session, *i, part);
        let prefix = |i: &usize| prefix(scope(i), level);
        let mut rest = statements;
        while let Some(first) = rest.first() {
            let Some(path) = prefix(first) else {
                self.line(*first, part, level);
                rest = rest.get(1..).unwrap_or_default();
                continue;
            };
            let length = rest.iter().take_while(|i| prefix(i) == Some(path)).count();
            let (inside, behind) = rest.split_at(length);
            match inside {
                // What stands alone needs no heading.
                [one] => self.line(*one, part, level),
                _ => self.group(session, (path, path), part, inside, folded, level),
            }
            rest = behind;
        }
    }

    fn line(&mut self, statement: usize, part: Part, depth: usize) {
        self.at.insert((statement, part), self.rows.len());
        self.rows.push(Row::Line { statement, part, depth });
    }

    fn group<F: Real>(
        &mut self,
        session: &Session<'_, F>,
        (path, name): (&str, &str),
        part: Part,
        inside: &[usize],
        folded: &BTreeSet<String>,
        level: usize,
    ) {
        let hidden = folded.contains(path);
        let at = self.rows.len();
        let root = inside.last().and_then(|i| session.story.statements.get(*i)).map(|one| one.root);
        let Some(root) = root else { return };
        let layer = Row::Layer {
            path: path.to_owned(),
            name: name.to_owned(),
            part,
            statements: inside.len(),
            root,
            folded: hidden,
            depth: level,
        };
        self.rows.push(layer);
        match hidden {
            true => inside.iter().for_each(|i| {
                self.at.insert((*i, part), at);
            }),
            false if part == Part::Given => inside.iter().for_each(|i| self.line(*i, part, level + 1)),
            false => self.lines(session, part, inside, folded, level + 1),
        }
    }
}

/// When what a line tells of a statement is complete.
pub(super) fn when<F: Real>(session: &Session<'_, F>, statement: usize, part: Part) -> Option<usize> {
    let root = session.story.statements.get(statement)?.root;
    match part {
        Part::Given | Part::Forward => session.times.value(root),
        Part::Reverse => session.times.cotangent(root),
        Part::Update => session.times.updated.get(&root).copied(),
    }
}

/// The layer under which a line stands: in the reverse pass that of the rule that ran, and that of the value elsewhere.
fn scope<'s, F: Real>(session: &'s Session<'_, F>, statement: usize, part: Part) -> &'s str {
    let Some(root) = session.story.statements.get(statement).map(|one| one.root) else { return "" };
    match part {
        Part::Reverse => session.times.completed_in(session.trace(), root),
        _ => session.trace().node(root).map_or("", |node| node.scope()),
    }
}

/// The first `level + 1` parts of a path, if it has as many.
fn prefix(path: &str, level: usize) -> Option<&str> {
    if path.is_empty() {
        return None;
    }
    match path.match_indices('.').nth(level) {
        Some((at, _)) => path.get(..at),
        None => (path.matches('.').count() == level).then_some(path),
    }
}

/// The paths of all layers that are in no other.
pub(super) fn outermost<F: Real>(session: &Session<'_, F>) -> BTreeSet<String> {
    let all = (0..session.story.statements.len()).filter_map(|i| prefix(scope(session, i, Part::Forward), 0));
    all.map(str::to_owned).collect()
}
