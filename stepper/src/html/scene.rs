//! Everything that the page shows, as data: texts, numbers and positions are made here, and the page lays them out.

use super::{graph, mathml};
use crate::number::{full, percent, short};
use crate::story::{Explanation, GLOSSARY, Story, Times};
use autodiff::inspect::{Answer, Edge, Event, Role, Symbol, Template};
use autodiff::{NodeId, Real};
use ndarray::ArrayViewD;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Arrays of a page with more numbers than this are abbreviated to their beginnings.
const FULL: usize = 20_000;
/// How many elements an abbreviated array has.
const PREVIEW: usize = 8;
/// Elements that are explained one by one, and of a trace of many nodes or numbers.
const EXPLAINED: [usize; 2] = [36, 1];
/// A trace of more nodes is told more briefly.
const MANY: usize = 300;
/// A formula with more symbols is too long to read: the operation stands for it.
const SYMBOLS: usize = 12;

/// The pool of numbers, each as it is shown and with all its digits.
#[derive(Default)]
struct Numbers {
    pool: Vec<Value>,
    known: BTreeMap<(String, String), usize>,
}

impl Numbers {
    fn enter<F: Real>(&mut self, x: F) -> usize {
        self.enter_as(x, &short(x))
    }

    /// Enters a number that is shown in more digits than others.
    fn enter_as<F: Real>(&mut self, x: F, text: &str) -> usize {
        *self.known.entry((full(x), text.to_owned())).or_insert_with_key(|(exact, text)| {
            self.pool.push(json!([text, exact]));
            self.pool.len() - 1
        })
    }
}

/// How far arrays are shown.
struct Shown {
    most: usize,
    explained: usize,
    /// How many operations deep the cotangent of a part of a statement is written out.
    depth: usize,
}

/// The scene of a trace.
pub fn scene<F: Real>(
    story: &Story<'_, F>,
    (title, introduction): (&str, &str),
    checks: &BTreeMap<NodeId, Vec<Value>>,
) -> Value {
    let trace = story.trace;
    let all: usize = trace.nodes().map(|node| node.shape().size()).sum();
    let large = all > FULL || trace.nodes().count() > MANY;
    let [few, one] = EXPLAINED;
    let shown = Shown {
        most: if all <= FULL { usize::MAX } else { PREVIEW },
        explained: if large { one } else { few },
        depth: if large { 0 } else { 6 },
    };
    let mut numbers = Numbers::default();
    let times = Times::new(trace);
    let edges: Vec<Edge> = trace.edges().filter(|edge| story.brings(*edge)).collect();
    let edge_number: BTreeMap<Edge, usize> = edges.iter().enumerate().map(|(i, edge)| (*edge, i)).collect();
    let nodes: Vec<Value> =
        trace.nodes().map(|node| self::node(story, node.id(), &times, &mut numbers, &shown, checks)).collect();
    let edges: Vec<Value> = edges.iter().map(|edge| self::edge(story, *edge, &times, &mut numbers, &shown)).collect();
    let events: Vec<Value> = trace
        .events()
        .iter()
        .enumerate()
        .map(|(i, event)| {
            let edge = match event {
                Event::Accumulate(edge) => edge_number.get(edge).copied(),
                _ => None,
            };
            let node = event.node().map(NodeId::index);
            json!([event.sort(), node, edge, event.phase().to_string(), story.sentence(&trace.at(i + 1))])
        })
        .collect();
    let lints: Vec<Value> = trace.lints().iter().map(|lint| json!([lint.time, lint.node.index(), lint.text])).collect();
    let runs: Vec<Value> = trace
        .runs()
        .iter()
        .map(|run| {
            let rate = story.rate(NodeId::new(run.nodes.start)).map(short);
            json!([run.nodes.start, run.nodes.end, run.events.start, run.events.end, rate])
        })
        .collect();
    json!({
        "title": title,
        "introduction": introduction,
        "precision": F::NAME,
        "result": story.result().map(|id| story.symbol(id)),
        "resultMath": story.result().map(|id| mathml::of_symbol(story.symbol(id))),
        "abbreviated": all > FULL,
        "begin": story.sentence(&trace.at(0)),
        "nodes": nodes,
        "edges": edges,
        "events": events,
        "statements": statements(story, &times, &shown),
        "graph": graph::pictures(story, &edge_number, false),
        "layers": if large { Vec::new() } else { graph::pictures(story, &edge_number, true) },
        "lints": lints,
        "runs": runs,
        "glossary": GLOSSARY,
        "numbers": numbers.pool,
    })
}

fn array<F: Real>(array: ArrayViewD<'_, F>, numbers: &mut Numbers, shown: &Shown) -> Value {
    array.iter().take(shown.most).map(|x| numbers.enter(*x)).collect()
}

fn explanation(found: Option<Explanation>) -> Value {
    let Some(found) = found else { return Value::Null };
    let reads = |list: &[(NodeId, usize)]| list.iter().map(|(id, i)| json!([id.index(), i])).collect::<Vec<_>>();
    json!([mathml::of_text(&found.text), reads(&found.reads), reads(&found.reads_cotangents), found.text])
}

fn node<F: Real>(
    story: &Story<'_, F>,
    id: NodeId,
    times: &Times,
    numbers: &mut Numbers,
    shown: &Shown,
    checks: &BTreeMap<NodeId, Vec<Value>>,
) -> Value {
    let trace = story.trace;
    let (end, symbol) = (trace.at(trace.len()), story.symbol(id));
    let Some(node) = trace.node(id) else { return Value::Null };
    let size = node.shape().size();
    let computed = node.role() == Role::Computed && end.value(id).is_some();
    let explained: Vec<Value> = match computed {
        true => (0..size.min(shown.explained)).map(|i| explanation(story.of_value(id, i))).collect(),
        false => Vec::new(),
    };
    let histories = times.cotangents.get(id.index()).map_or(&[][..], Vec::as_slice);
    let history: Vec<Value> = histories
        .iter()
        .filter_map(|time| {
            let state = trace.at(*time);
            let shares: Vec<Value> = trace
                .edges_into(id)
                .filter_map(|edge| {
                    let share = state.share(edge)?;
                    Some(json!([edge.node.index(), edge.slot, percent(share), share]))
                })
                .collect();
            Some(json!([time, array(state.cotangent(id)?, numbers, shown), shares]))
        })
        .collect();
    let role = match node.role() {
        Role::Input => "parameter",
        Role::Data => "data",
        Role::Constant => "constant",
        Role::Computed => "computed",
        _ => "further",
    };
    let formula = node.formula().map(|formula| match formula.template.symbols().count() > SYMBOLS {
        true => format!("<mtext>{}</mtext>", mathml::escaped(&node.call())),
        false => mathml::of_template(&formula.template, |one| match one {
            Symbol::Operand(i) => {
                formula.leaves.get(i).map(|leaf| mathml::of_symbol(story.symbol(*leaf))).unwrap_or_default()
            }
            _ => String::new(),
        }),
    });
    json!({
        "statement": story.statement_of.get(id.index()),
        "symbol": symbol,
        "math": mathml::of_symbol(symbol),
        "bar": mathml::barred(symbol),
        "barText": story.bar(id),
        "operation": node.operation(),
        "call": node.call(),
        "type": node.type_name(),
        "shape": node.shape().to_vec(),
        "scope": node.scope(),
        "label": node.label(),
        "place": node.location().map(|(file, line)| format!("{file}:{line}")),
        "role": role,
        "documentation": story.documentation(id).map(|text| text.formula.clone()),
        "pushed": times.pushed.get(id.index()),
        "value": end.value(id).map(|value| array(value, numbers, shown)),
        "formula": formula,
        "explained": explained,
        "cotangents": history,
        "update": times.updated.get(&id).zip(end.updated(id)).map(|(time, value)| {
            let texts = story.next(id);
            let next: Value = value.iter().zip(&texts).take(shown.most).map(|(x, text)| numbers.enter_as(*x, text)).collect();
            let of = |i| story.update_numbers(id, i).map(|text| mathml::of_text(&text));
            let explained: Vec<Value> = (0..size.min(shown.explained)).map(|i| json!(of(i))).collect();
            let rate = story.rate(id).map(|rate| {
                let (math, rate) = (mathml::of_symbol(symbol), mathml::of_text(&short(rate)));
                format!("<mrow>{math}<mo>−</mo>{rate}<mo>·</mo>{}</mrow>", mathml::barred(symbol))
            });
            json!([time, next, rate, explained])
        }),
        "checks": checks.get(&id),
    })
}

fn edge<F: Real>(story: &Story<'_, F>, edge: Edge, times: &Times, numbers: &mut Numbers, shown: &Shown) -> Value {
    let end = story.trace.at(story.trace.len());
    let rule = match story.documentation(edge.node).and_then(|text| text.rule.get(edge.slot)) {
        Some(Answer::Of(rule)) => rule_math(story, edge.node, rule, shown.depth),
        _ => String::new(),
    };
    let contribution = end.contribution(edge);
    let size = contribution.as_ref().map_or(0, |array| array.len());
    let explained: Vec<Value> =
        (0..size.min(shown.explained)).map(|i| explanation(story.of_contribution(edge, i))).collect();
    json!({
        "node": edge.node.index(),
        "slot": edge.slot,
        "operand": edge.operand.index(),
        "time": times.given.get(&edge),
        "rule": rule,
        "slope": story.slope(edge.node).map(mathml::of_text),
        "contribution": contribution.map(|value| array(value, numbers, shown)),
        "explained": explained,
    })
}

/// A rule in the symbols of the trace: `h̄ = z̄·w`. The cotangent of a part of a statement is written out, up to that
/// of the statement.
fn rule_math<F: Real>(story: &Story<'_, F>, node: NodeId, rule: &Template, depth: usize) -> String {
    let operands = story.trace.node(node).map(|node| node.operands().to_vec()).unwrap_or_default();
    let result = |i: usize| NodeId::new(node.index() + i);
    mathml::of_template(rule, |symbol| match symbol {
        Symbol::Operand(i) => operands.get(i).map(|id| mathml::of_factor(story.symbol(*id))).unwrap_or_default(),
        Symbol::Result(i) => mathml::of_symbol(story.symbol(result(i))),
        Symbol::Cotangent(i) => cotangent_math(story, result(i), depth),
    })
}

fn cotangent_math<F: Real>(story: &Story<'_, F>, id: NodeId, depth: usize) -> String {
    let root = story.statement_of.get(id.index()).and_then(|i| story.statements.get(*i)).map(|one| one.root);
    let bar = mathml::barred(story.symbol(id));
    let mut ways = story.trace.edges_into(id).filter(|edge| story.brings(*edge));
    let (Some(edge), None, false) = (ways.next(), ways.next(), root == Some(id) || depth == 0) else { return bar };
    match story.documentation(edge.node).and_then(|text| text.rule.get(edge.slot)) {
        Some(Answer::Of(rule)) => {
            let text = rule_math(story, edge.node, rule, depth - 1);
            let sum = rule.write(|_| "x".to_owned()).contains(' ');
            if sum { format!("<mrow><mo>(</mo>{text}<mo>)</mo></mrow>") } else { text }
        }
        _ => bar,
    }
}

/// What the cotangent of a statement is: the sum of what all ways bring.
fn cotangent_formula<F: Real>(story: &Story<'_, F>, id: NodeId, depth: usize) -> Option<String> {
    let ways: Vec<Edge> = story.trace.edges_into(id).filter(|edge| story.brings(*edge)).collect();
    let term = |edge: &Edge| match story.documentation(edge.node)?.rule.get(edge.slot)? {
        Answer::Of(rule) => Some(rule_math(story, edge.node, rule, depth)),
        _ => None,
    };
    let shown = ways.iter().take(3).map(term).collect::<Option<Vec<_>>>()?;
    let more = if ways.len() > 3 { "<mo>+</mo><mo>…</mo>" } else { "" };
    (!shown.is_empty()).then(|| format!("<mrow>{}{more}</mrow>", shown.join("<mo>+</mo>")))
}

fn statements<F: Real>(story: &Story<'_, F>, times: &Times, shown: &Shown) -> Vec<Value> {
    let statement = |statement: &crate::story::Statement| {
        let nodes: Vec<usize> = statement.nodes.iter().map(|id| id.index()).collect();
        json!({
            "root": statement.root.index(),
            "nodes": nodes,
            "given": statement.given,
            "idle": story.is_idle(statement.root),
            "completedIn": times.completed_in(story.trace, statement.root),
            "cotangent": cotangent_formula(story, statement.root, shown.depth),
        })
    };
    story.statements.iter().map(statement).collect()
}
