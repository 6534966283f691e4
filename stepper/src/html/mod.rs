//! The page: one file with everything in it, which makes no request.

mod graph;
mod mathml;
mod scene;

use crate::story::{Story, compared};
use autodiff::check::Level;
use autodiff::inspect::Trace;
use autodiff::{NodeId, Real};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../page/page.html");
const STYLE: &str = include_str!("../../page/page.css");
const PROGRAM: [&str; 4] = [
    include_str!("../../page/breakpoints.js"),
    include_str!("../../page/views.js"),
    include_str!("../../page/layers.js"),
    include_str!("../../page/page.js"),
];

/// The largest number of elements of a trace whose nodes are checked; a larger one is shown without checks.
const CHECKED: usize = 600;

/// The page of a trace.
pub fn page<F: Real>(trace: &Trace<F>, title: &str, introduction: &str) -> String {
    let story = Story::new(trace);
    let scene = scene::scene(&story, (title, introduction), &checks(&story));
    // Inside a script element nothing may look like the end of it; in JSON, `<` may always be written so.
    let data = scene.to_string().replace('<', "\\u003c");
    let parts = [
        ("{{title}}", mathml::escaped(title)),
        ("{{style}}", STYLE.to_owned()),
        ("{{program}}", PROGRAM.concat()),
        ("{{data}}", data),
    ];
    // Each part is put in once, and nothing that a part holds is taken for a place.
    let mut page = String::new();
    let mut rest = PAGE;
    while let Some((at, (place, text))) =
        parts.iter().filter_map(|part| rest.find(part.0).map(|at| (at, part))).min_by_key(|(at, _)| *at)
    {
        let (before, behind) = rest.split_at(at);
        page.extend([before, text]);
        rest = behind.strip_prefix(place).unwrap_or(behind);
    }
    page + rest
}

/// What finite differences say of each node of a small trace in double precision.
fn checks<F: Real>(story: &Story<'_, F>) -> BTreeMap<NodeId, Vec<Value>> {
    let (trace, mut found) = (story.trace, BTreeMap::new());
    let small = trace.nodes().map(|node| node.shape().size()).sum::<usize>() <= CHECKED;
    let Some(trace) = (trace as &dyn std::any::Any).downcast_ref::<Trace<f64>>().filter(|_| small) else {
        return found;
    };
    for node in trace.nodes() {
        let Ok(check) = trace.check(node.id()) else { continue };
        let line = |(name, level): (String, &Level)| json!([name, compared(level), level.outcome.to_string()]);
        let lines: Vec<Value> = story.levels(node.id(), &check).into_iter().map(line).collect();
        if !lines.is_empty() {
            found.insert(node.id(), lines);
        }
    }
    found
}
