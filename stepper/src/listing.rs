//! A run as text: its events, one a line, and at the end the program with all numbers.

use crate::story::Story;
use autodiff::inspect::{Edge, Event, Role, Stepper, Trace};
use autodiff::{NodeId, Real};
use std::fmt::Write;

/// The rules of a longer run are left out: each takes a run on symbols.
const MOST_NODES: usize = 2000;
/// How many operations deep the cotangent of a part of a statement is written out.
const DEPTH: usize = 6;
/// Numbers do not begin further to the right than this.
const WIDEST: usize = 96;

/// The text of a trace.
pub fn of<F: Real>(trace: &Trace<F>) -> String {
    let story = Story::new(trace);
    let mut stepper = Stepper::new(trace);
    let mut text = String::new();
    let seeded = trace.events().iter().any(|event| matches!(event, Event::Seed(_)));
    // Writing to a string does not fail.
    if let Some(result) = story.result().filter(|_| seeded).map(|id| story.symbol(id)) {
        let _ = writeln!(
            text,
            "A cotangent says how much {result} changes per change of a value, and has a bar: z̄ is ∂{result}/∂z."
        );
        if trace.nodes().count() > MOST_NODES {
            let _ = writeln!(text, "The rules of a run of more than {MOST_NODES} operations are left out.");
        }
        text.push('\n');
    }
    let runs = trace.runs();
    while stepper.step().is_some() {
        let (time, state) = (stepper.time(), stepper.state());
        if let Some(number) = runs.iter().position(|run| run.events.start + 1 == time).filter(|_| runs.len() > 1) {
            let _ = write!(text, "{}Step {} of the training\n\n", if number > 0 { "\n" } else { "" }, number + 1);
        }
        let _ = write!(text, "{time:>5}  {}", story.sentence(&state));
        let edge = match state.event() {
            Some(Event::Accumulate(edge)) if trace.nodes().count() <= MOST_NODES => Some(*edge),
            _ => None,
        };
        if let Some((edge, rule)) = edge.and_then(|edge| Some((edge, working(&story, edge)?))) {
            let slope = story.slope(edge.node).map(|slope| format!(" Here {slope}.")).unwrap_or_default();
            let _ = write!(text, " The rule: {rule}.{slope}");
        }
        text.push('\n');
    }
    text + &table(&story)
}

/// What an edge contributes, in symbols and, of one number, with numbers: `z̄·w = 0.1385·0.4`.
fn working<F: Real>(story: &Story<'_, F>, edge: Edge) -> Option<String> {
    let rule = story.rule(edge, DEPTH)?;
    let given = story.trace.at(story.trace.len()).contribution(edge)?;
    let result = story.array(Some(given.view()), edge.operand);
    let numbers = story.of_contribution(edge, 0).filter(|_| given.len() == 1).map(|found| found.text);
    Some(match numbers.filter(|numbers| *numbers != result && !numbers.is_empty()) {
        Some(numbers) => format!("{rule} = {numbers} = {result}"),
        None => format!("{rule} = {result}"),
    })
}

/// All operations with their numbers at the end of the run.
fn table<F: Real>(story: &Story<'_, F>) -> String {
    let trace = story.trace;
    let (begin, end) = (trace.at(0), trace.at(trace.len()));
    let mut text = String::from("\nThe program, and its numbers at the end of the run\n");
    text.push_str("  value: what was computed; cotangent: how much the result changes per change of it");
    let updated = trace.nodes().any(|node| end.updated(node.id()).is_some());
    text.push_str(if updated { "; next: after the update\n" } else { "\n" });
    // Before anything happened the listing has no numbers.
    let listing = begin.to_string();
    let lines: Vec<&str> = listing.lines().skip(1).collect();
    let length = |line: &&str| line.chars().count();
    let width = lines.iter().map(length).filter(|length| *length <= WIDEST).max().unwrap_or(0);
    let runs = trace.runs();
    for (node, line) in trace.nodes().zip(lines) {
        let id = node.id();
        if let Some(number) = runs.iter().position(|run| run.nodes.start == id.index()).filter(|_| runs.len() > 1) {
            let _ = writeln!(text, "  step {}", number + 1);
        }
        let gap = " ".repeat(width.saturating_sub(length(&line)));
        let _ = writeln!(text, "{line}{gap}{}", numbers(story, id));
    }
    text
}

/// `  value 0.4  cotangent 0.08217  next 0.3589`, as far as they are there.
fn numbers<F: Real>(story: &Story<'_, F>, id: NodeId) -> String {
    let end = story.trace.at(story.trace.len());
    let constant = story.trace.node(id).is_some_and(|node| node.role() == Role::Constant);
    let next = story.next(id);
    let texts = [
        ("value", end.value(id).filter(|_| !constant).map(|array| story.array(Some(array), id))),
        ("cotangent", end.cotangent(id).map(|array| story.array(Some(array), id))),
        ("next", (!next.is_empty()).then(|| story.listed(&next, id))),
    ];
    texts.into_iter().filter_map(|(name, text)| Some(format!("  {name} {}", text?))).collect()
}
