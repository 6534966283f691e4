//! The graph of a run as a picture: boxes for statements or for layers, and lines between them.

use crate::layout::layout;
use crate::story::Story;
use autodiff::inspect::Edge;
use autodiff::{NodeId, Real};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The boxes and lines of the graph, one picture for each run. A box is a statement or, if they are folded, a layer: it
/// stands for its last statement and names the others.
pub fn pictures<F: Real>(story: &Story<'_, F>, edge_number: &BTreeMap<Edge, usize>, folded: bool) -> Vec<Value> {
    let number = |id: NodeId| story.statement_of.get(id.index()).copied().unwrap_or(0);
    let mut pictures = Vec::new();
    for run in story.trace.runs() {
        let inside: Vec<usize> = (0..story.statements.len())
            .filter(|i| story.statements.get(*i).is_some_and(|one| run.nodes.contains(&one.root.index())))
            .filter(|i| story.statements.get(*i).is_some_and(|one| !story.is_idle(one.root)))
            .collect();
        let groups = groups(story, inside, folded);
        let mut place = BTreeMap::new();
        for (at, group) in groups.iter().enumerate() {
            group.iter().for_each(|statement| _ = place.insert(*statement, at));
        }
        let crossing: Vec<(Edge, usize, usize)> = story
            .trace
            .edges()
            .filter(|edge| run.nodes.contains(&edge.node.index()))
            .filter_map(|edge| Some((edge, *place.get(&number(edge.operand))?, *place.get(&number(edge.node))?)))
            .filter(|(_, from, to)| from != to)
            .collect();
        let given: Vec<bool> = groups.iter().map(|group| group.iter().all(|i| is_given(story, *i))).collect();
        let pairs: Vec<(usize, usize)> = crossing.iter().map(|(_, from, to)| (*from, *to)).collect();
        let found = layout(&given, &pairs);
        let shown: Vec<usize> = groups.iter().filter_map(|group| group.last()).copied().collect();
        let rows = |i: &usize| story.statements.get(*i).map_or(1, |one| rows(story, one.root));
        let heights: Vec<f64> = shown.iter().map(|i| BOX + 2.0 * ROW * rows(i) as f64).collect();
        let mut tallest = vec![0.0f64; found.size.1];
        for (height, (_, layer)) in heights.iter().zip(&found.boxes) {
            tallest.get_mut(*layer).into_iter().for_each(|most| *most = most.max(*height));
        }
        let mut middles = Vec::new();
        let mut top = 0.0;
        for height in &tallest {
            middles.push(top + height / 2.0);
            top += height + GAP;
        }
        let middle = |layer: usize| middles.get(layer).copied().unwrap_or(0.0);
        let boxes: Vec<Value> = groups
            .iter()
            .zip(found.boxes.iter().zip(&heights))
            .map(|(group, ((x, layer), height))| {
                let name = (group.len() > 1).then(|| group.last().map(|i| layer_of(story, *i))).flatten();
                json!([group.last(), x, middle(*layer) - height / 2.0, height, name, group])
            })
            .collect();
        let lines: Vec<Value> = crossing
            .iter()
            .zip(&found.edges)
            .map(|((edge, from, to), points)| {
                let half = |i: &usize| heights.get(*i).copied().unwrap_or(0.0) / 2.0;
                let mut points: Vec<(f64, f64)> = points.iter().map(|(x, layer)| (*x, middle(*layer))).collect();
                points.first_mut().into_iter().for_each(|point| point.1 += half(from));
                points.last_mut().into_iter().for_each(|point| point.1 -= half(to));
                json!([shown.get(*from), shown.get(*to), edge_number.get(edge), path(&points)])
            })
            .collect();
        pictures.push(json!({ "boxes": boxes, "lines": lines, "width": found.size.0, "height": top - GAP }));
    }
    pictures
}

/// The boxes: a statement each or, if they are folded, the statements of an outermost layer that follow one another; what
/// is given comes first, so that lines lead to later boxes.
fn groups<F: Real>(story: &Story<'_, F>, inside: Vec<usize>, folded: bool) -> Vec<Vec<usize>> {
    if !folded {
        return inside.into_iter().map(|i| vec![i]).collect();
    }
    let (given, computed): (Vec<usize>, Vec<usize>) = inside.into_iter().partition(|i| is_given(story, *i));
    let mut groups: Vec<Vec<usize>> = given.into_iter().map(|i| vec![i]).collect();
    let mut open = String::new();
    for i in computed {
        let layer = layer_of(story, i);
        match groups.last_mut().filter(|_| !layer.is_empty() && layer == open) {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
        open = layer;
    }
    groups
}

fn is_given<F: Real>(story: &Story<'_, F>, statement: usize) -> bool {
    story.statements.get(statement).is_some_and(|one| one.given)
}

/// The outermost layer of a statement; empty outside any.
fn layer_of<F: Real>(story: &Story<'_, F>, statement: usize) -> String {
    let root = story.statements.get(statement).map(|one| one.root);
    let scope = root.and_then(|root| story.trace.node(root)).map_or("", |node| node.scope());
    scope.split('.').next().unwrap_or_default().to_owned()
}

/// A box without its cells, a row of cells, and the gap between layers, in pixels.
const BOX: f64 = 32.0;
const ROW: f64 = 18.0;
const GAP: f64 = 34.0;

/// How many rows of cells a box has for a value: a matrix shows up to four.
fn rows<F: Real>(story: &Story<'_, F>, id: NodeId) -> usize {
    match story.trace.node(id).map(|node| node.shape().to_vec()).as_deref() {
        Some([rows, _]) => (*rows).clamp(1, 4),
        _ => 1,
    }
}

/// A line through points from top to bottom, upright at each of them.
fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        match i.checked_sub(1).and_then(|before| points.get(before)) {
            None => path.push_str(&format!("M{x:.1} {y:.1}")),
            Some((from, above)) => {
                let half = (above + y) / 2.0;
                path.push_str(&format!("C{from:.1} {half:.1} {x:.1} {half:.1} {x:.1} {y:.1}"));
            }
        }
    }
    path
}
