//! The card of one node: its value with the formula in symbols and in numbers, its cotangent with the ways by which it
//! came, what its rule passes on, and the check by finite differences.

use super::array;
use super::paint::{COVERED, Paint, width};
use super::session::Session;
use crate::number::{percent, short};
use crate::story::{Explanation, Term, compared};
use autodiff::check::{Level, Outcome};
use autodiff::inspect::{Answer, Edge, Event, Phase, Role};
use autodiff::{NodeId, Real};
use ratatui::text::{Line, Span};

/// How many operations deep the cotangent of a part of a statement is written out.
pub(super) const DEPTH: usize = 6;
/// The length of the bar of a share of 100 %.
const BAR: f64 = 8.0;

/// More lines of a layer are not listed.
const MOST_LINES: usize = 40;

/// What a card is made with.
pub(super) struct Card<'s, 'a, F: Real> {
    pub(super) session: &'s Session<'a, F>,
    pub(super) paint: Paint,
    pub(super) width: usize,
    /// What there is to see, said before anything happened.
    pub(super) introduction: &'s str,
    /// Whether there is no room for empty lines.
    pub(super) compact: bool,
    /// Whether numbers are covered, to be predicted.
    pub(super) covered: bool,
}

impl<F: Real> Card<'_, '_, F> {
    /// The lines of the card, and where what happens now stands in them.
    pub(super) fn lines(&self) -> Vec<Line<'static>> {
        let Some(id) = self.session.shown() else {
            return match self.session.state().event() {
                Some(Event::Enter(scope) | Event::Exit(scope)) => self.layer(scope),
                _ => self.welcome(),
            };
        };
        let Some(node) = self.session.trace().node(id) else { return Vec::new() };
        let (story, symbol) = (&self.session.story, self.session.story.symbol(id).to_owned());
        let root = story.root(id);
        let kind = match node.role() {
            Role::Input => "a parameter",
            Role::Data => "given",
            Role::Constant => "a constant",
            Role::FurtherResult => "a further result",
            _ if root != id => "a part of a line",
            _ => "",
        };
        let type_name = if node.shape().rank() == 0 { String::new() } else { node.type_name() };
        let about =
            [type_name.as_str(), kind].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        let mut lines = vec![Line::from(vec![
            Span::styled(symbol, self.paint.here()),
            Span::styled(format!("  {about}"), self.paint.quiet()),
        ])];
        if root != id {
            let formula = story.formula(root).unwrap_or_default();
            lines.push(self.note(format!("of {} = {formula}", story.symbol(root))));
        }
        self.value(id, &mut lines);
        self.update(id, &mut lines);
        self.cotangent(id, &mut lines);
        self.passes_on(id, &mut lines);
        self.check(id, &mut lines);
        for lint in self.session.lints.iter().filter(|lint| lint.node == id && lint.time <= self.session.time) {
            lines.push(Line::styled(format!("! {}", lint.text), self.paint.warning()));
        }
        let scope = if node.scope().is_empty() { String::new() } else { format!(" · layer {}", node.scope()) };
        let place = node.location().map(|(file, line)| format!(" · {file}:{line}")).unwrap_or_default();
        self.heading("on the tape", &mut lines);
        lines.push(self.note(format!("{id} = {}{scope}{place}", node.call())));
        lines
    }

    fn heading(&self, text: &str, lines: &mut Vec<Line<'static>>) {
        if !self.compact {
            lines.push(Line::default());
        }
        lines.push(Line::styled(text.to_owned(), self.paint.heading()));
    }

    fn note(&self, text: String) -> Line<'static> {
        Line::styled(text, self.paint.quiet())
    }

    fn value(&self, id: NodeId, lines: &mut Vec<Line<'static>>) {
        let Some(node) = self.session.trace().node(id) else { return };
        let story = &self.session.story;
        self.heading("value", lines);
        let formula = story.formula(id).filter(|formula| formula != story.symbol(id));
        if let Some(formula) = formula {
            lines.push(Line::raw(format!("  {} = {formula}", story.symbol(id))));
        }
        if node.operation() == "scan" && self.session.trace().program().is_some() {
            lines.push(self.note("  a loop: s goes into one of its steps".to_owned()));
        }
        let Some(value) = self.session.state().value(id) else {
            lines.push(Line::from(vec![Span::raw("  "), self.paint.blank()]));
            lines.push(self.note("  not computed yet".to_owned()));
            return;
        };
        if self.covered {
            lines.push(Line::raw(format!("  = {COVERED}")));
            return;
        }
        let explained = story.of_value(id, self.session.element).filter(|_| node.role() == Role::Computed);
        if node.shape().rank() > 0 && explained.is_some() {
            lines.push(self.element(id));
        }
        // A number stands below by itself.
        let result = value.iter().nth(self.session.element).copied().filter(|_| node.shape().rank() > 0);
        self.explanation(explained, result, lines);
        array::lines(value, Some(self.session.element), self.paint, self.width, lines);
    }

    /// Which element is explained.
    fn element(&self, id: NodeId) -> Line<'static> {
        let shape = self.session.trace().node(id).map(|node| node.shape().to_vec()).unwrap_or_default();
        let place = array::place(self.session.element, &shape);
        let place = place.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        self.note(format!("  element [{place}]; `[` and `]` choose another:"))
    }

    /// A formula with numbers, and of a sum of products each product.
    fn explanation(&self, explained: Option<Explanation>, result: Option<F>, lines: &mut Vec<Line<'static>>) {
        let Some(explained) = explained.filter(|explained| !explained.text.is_empty()) else { return };
        let equals = result.map(|x| format!(" = {}", short(x))).unwrap_or_default();
        match explained.terms.as_slice() {
            // A sum of products is read term by term.
            terms @ [_, _, ..] => {
                let widest = terms.iter().map(|term| width(&term.text)).max().unwrap_or(0);
                for (i, Term { text, value }) in terms.iter().enumerate() {
                    let sign = if i == 0 { "  " } else { "+ " };
                    let gap = " ".repeat(widest - width(text));
                    lines.push(Line::raw(format!("  {sign}{text}{gap} = {value}")));
                }
                lines.push(Line::raw(format!("  = {}{equals}", explained.text)));
            }
            _ if result.is_some_and(|x| explained.text == short(x)) => {}
            _ => lines.push(Line::raw(format!("  = {}{equals}", explained.text))),
        }
    }

    fn update(&self, id: NodeId, lines: &mut Vec<Line<'static>>) {
        let Some(next) = self.session.state().updated(id) else { return };
        self.heading("update: its next value", lines);
        let moved = next.first().zip(self.session.state().value(id).and_then(|value| value.first().copied()));
        let story = &self.session.story;
        if let Some(formula) = story.update_formula(id) {
            lines.push(Line::raw(format!("  new {} = {formula}", story.symbol(id))));
            let numbers = story.update_numbers(id, self.session.element).unwrap_or_default();
            let after = story.next(id).get(self.session.element).cloned().unwrap_or_default();
            lines.push(Line::raw(format!("  = {numbers} = {after}")));
        }
        // A number stands there by itself already.
        if next.ndim() > 0 || story.update_formula(id).is_none() {
            array::lines(next.view(), None, self.paint, self.width, lines);
        }
        if let Some((after, before)) = moved.filter(|_| next.len() == 1) {
            lines.push(self.note(match after.partial_cmp(&before) {
                Some(std::cmp::Ordering::Less) => "  smaller, since a larger one would make the result larger".into(),
                Some(std::cmp::Ordering::Greater) => {
                    "  larger, since a larger one would make the result smaller".into()
                }
                _ => "  unchanged".into(),
            }));
        }
    }

    fn cotangent(&self, id: NodeId, lines: &mut Vec<Line<'static>>) {
        let (session, story) = (self.session, &self.session.story);
        let Some(node) = session.trace().node(id) else { return };
        let times = session.times.cotangents.get(id.index()).map_or(&[][..], Vec::as_slice);
        if times.is_empty() {
            if matches!(node.role(), Role::Data | Role::Constant) {
                lines.push(self.note("  Its cotangent is not needed: training does not change it.".to_owned()));
            }
            return;
        }
        let result = story.result().map_or("the result", |id| story.symbol(id));
        let (bar, symbol) = (story.bar(id), story.symbol(id));
        self.heading(&format!("cotangent {bar}: how much {result} changes per change of {symbol}"), lines);
        let Some(cotangent) = session.state().cotangent(id) else {
            lines.push(Line::from(vec![Span::raw("  "), self.paint.blank()]));
            let note = match session.state().phase() {
                Phase::Forward => "  blank until the reverse pass arrives here",
                _ => "  the reverse pass has not arrived here yet",
            };
            lines.push(self.note(note.to_owned()));
            return;
        };
        match self.covered {
            true => lines.push(Line::raw(format!("  = {COVERED}"))),
            false => array::lines(cotangent, Some(session.element), self.paint, self.width, lines),
        }
        let ways: Vec<Edge> = session.ways(id).collect();
        if let Some(cancelled) = session.state().cancellation(id).filter(|cancelled| *cancelled > 0.1) {
            lines.push(self.note(format!("  {} of its contributions cancel", percent(cancelled))));
        }
        if !ways.is_empty() {
            let several = ways.len() > 1;
            self.heading(if several { "it came by (shares of it)" } else { "it came by one way" }, lines);
            ways.iter().for_each(|edge| self.way(*edge, several, lines));
        }
    }

    /// One contribution: by which way, how much, its share, and its rule in symbols and in numbers.
    fn way(&self, edge: Edge, several: bool, lines: &mut Vec<Line<'static>>) {
        let (session, story, state) = (self.session, &self.session.story, self.session.state());
        let via = story.symbol(story.root(edge.node)).to_owned();
        let now = matches!(state.event(), Some(Event::Accumulate(latest)) if *latest == edge);
        let mut head = vec![Span::raw(if now { "▸ " } else { "  " }), Span::raw(format!("by way of {via}  "))];
        let Some(given) = state.contribution(edge).filter(|_| !self.covered) else {
            let unknown = if self.covered { Span::raw(COVERED) } else { self.paint.blank() };
            head.push(unknown);
            lines.push(Line::from(head));
            return;
        };
        let element = session.element.min(given.len().saturating_sub(1));
        let number = given.iter().nth(element).copied();
        head.extend(number.map(|x| self.paint.span(x)));
        if let Some(share) = state.share(edge).filter(|_| several) {
            let bar = "▇".repeat((share.abs() * BAR).round().clamp(1.0, 2.0 * BAR) as usize);
            head.push(Span::raw(format!("  {}  ", percent(share))));
            head.push(Span::styled(bar, self.paint.number(share)));
        }
        lines.push(Line::from(head));
        if let Some(rule) = story.rule(edge, DEPTH).filter(|rule| width(rule) <= 160) {
            lines.push(Line::raw(format!("    = {rule}")));
            lines.extend(story.slope(edge.node).map(|slope| self.note(format!("    with {slope}"))));
        }
        let explained = story.of_contribution(edge, element);
        let mut numbers = Vec::new();
        self.explanation(explained, number, &mut numbers);
        lines.extend(numbers.into_iter().map(|line| {
            let mut spans = vec![Span::raw("  ")];
            spans.extend(line.spans);
            Line::from(spans)
        }));
    }

    fn passes_on(&self, id: NodeId, lines: &mut Vec<Line<'static>>) {
        let (session, story) = (self.session, &self.session.story);
        let Some(documentation) = story.documentation(id).filter(|_| session.state().cotangent(id).is_some()) else {
            return;
        };
        let edges: Vec<Edge> = session.trace().edges_of(id).collect();
        let mut rules = Vec::new();
        for edge in edges {
            let to = story.symbol(edge.operand);
            let role = session.trace().node(edge.operand).map(|node| node.role());
            if matches!(role, Some(Role::Constant | Role::Data)) {
                continue;
            }
            match documentation.rule.get(edge.slot) {
                Some(Answer::Of(_)) => rules.extend(story.rule(edge, DEPTH).map(|rule| format!("  to {to}: {rule}"))),
                Some(Answer::Zero) => rules.push(format!("  to {to}: 0")),
                Some(Answer::Refused(reason)) => rules.push(format!("  to {to}: none, {reason}")),
                _ => {}
            }
        }
        if !rules.is_empty() {
            self.heading("its rule passes on", lines);
            lines.push(self.note(format!("  (the operation is {})", documentation.formula)));
            lines.extend(story.slope(id).map(|slope| self.note(format!("  (its slope is {slope})"))));
            lines.extend(rules.into_iter().map(Line::raw));
        }
    }

    fn check(&self, id: NodeId, lines: &mut Vec<Line<'static>>) {
        let Some(check) = self.session.checks.get(&id) else { return };
        self.heading("checked by finite differences", lines);
        let check = match check {
            Ok(check) => check,
            Err(reason) => return lines.push(self.note(format!("  {reason}"))),
        };
        if check.levels().next().is_none() {
            lines.push(self.note("  there is nothing to compare here".to_owned()));
        }
        for (name, level) in self.session.story.levels(id, check) {
            lines.push(Line::raw(format!("  {name}:")));
            lines.push(self.level(level));
        }
    }

    fn level(&self, level: &Level) -> Line<'static> {
        let (words, style) = match level.outcome {
            Outcome::Agrees => ("agrees", self.paint.accent()),
            Outcome::Kink => ("a kink: no slope here", self.paint.quiet()),
            Outcome::Unchecked => ("cannot be compared", self.paint.quiet()),
            Outcome::Differs => ("differs", self.paint.warning()),
        };
        Line::from(vec![Span::raw(format!("    {}  ", compared(level))), Span::styled(words, style)])
    }

    /// The lines of a layer.
    fn layer(&self, scope: &str) -> Vec<Line<'static>> {
        let (story, trace) = (&self.session.story, self.session.trace());
        let mut lines = vec![Line::styled(format!("layer {scope}"), self.paint.here())];
        let inside = story.statements.iter().filter(|one| !one.given);
        for one in inside.filter(|one| trace.node(one.root).is_some_and(|node| node.scope() == scope)).take(MOST_LINES)
        {
            let formula = story.formula(one.root).unwrap_or_default();
            lines.push(Line::raw(format!("  {} = {formula}", story.symbol(one.root))));
        }
        lines
    }

    /// What is said before anything happened.
    fn welcome(&self) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        if !self.introduction.is_empty() {
            lines.push(Line::raw(self.introduction.to_owned()));
            lines.push(Line::default());
        }
        lines.extend([
            Line::raw("Press → for the next event, ← to undo it, ↓ and ↑ for a line at a time, k for all keys."),
            Line::default(),
            Line::raw(
                "First the program computes its values from top to bottom: the forward pass. Then it goes back, and \
                 finds for every value how much the result changes with it: the reverse pass.",
            ),
            Line::default(),
            Line::from(vec![self.paint.blank(), Span::raw(" is a value that is not known yet.")]),
            Line::from(vec![
                Span::styled("0.5", self.paint.number(0.5)),
                Span::raw(" is positive, "),
                Span::styled("−0.5", self.paint.number(-0.5)),
                Span::raw(" negative; the stronger the colour of a cell, the larger its magnitude."),
            ]),
        ]);
        if !self.session.lints.is_empty() {
            self.heading("worth a look in this run (i lists them)", &mut lines);
            let some = self.session.lints.iter().take(6);
            lines.extend(some.map(|lint| Line::styled(format!("! {lint}"), self.paint.warning())));
        }
        lines
    }
}
