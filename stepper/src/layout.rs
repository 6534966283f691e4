//! The layout of a graph: boxes in layers from top to bottom, each near those that it is connected with.
//!
//! Source: K. Sugiyama, S. Tagawa, M. Toda, *Methods for Visual Understanding of Hierarchical System Structures* (IEEE
//! Transactions on Systems, Man, and Cybernetics 11, 1981): layers, an order with few crossings by barycentres,
//! positions.

/// The distance of neighbours in a layer, and of layers; what passes a layer needs less room than a box.
pub const COLUMN: f64 = 98.0;
const PASSING: f64 = 34.0;
const SWEEPS: usize = 24;

/// A graph with positions.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The centre of each box: its column in pixels, and the number of its layer.
    pub boxes: Vec<(f64, usize)>,
    /// The points at which each edge passes through layers, from its beginning to its end.
    pub edges: Vec<Vec<(f64, usize)>>,
    /// The width in pixels, and the number of layers.
    pub size: (f64, usize),
}

struct Point {
    layer: usize,
    width: f64,
    x: f64,
    above: Vec<usize>,
    below: Vec<usize>,
}

/// Positions for boxes, of which some are given and stand just above their first use, and for the edges between them.
pub fn layout(given: &[bool], edges: &[(usize, usize)]) -> Layout {
    let layers = layers(given, edges);
    let mut points: Vec<Point> = layers
        .iter()
        .map(|layer| Point { layer: *layer, width: COLUMN, x: 0.0, above: Vec::new(), below: Vec::new() })
        .collect();
    // An edge that passes layers is a chain of points.
    let mut chains = Vec::new();
    for (from, to) in edges {
        let mut chain = vec![*from];
        let (first, last) = (layers.get(*from).copied().unwrap_or(0), layers.get(*to).copied().unwrap_or(0));
        for layer in first + 1..last {
            points.push(Point { layer, width: PASSING, x: 0.0, above: Vec::new(), below: Vec::new() });
            chain.push(points.len() - 1);
        }
        chain.push(*to);
        for pair in chain.windows(2) {
            if let [a, b] = pair {
                points.get_mut(*a).into_iter().for_each(|point| point.below.push(*b));
                points.get_mut(*b).into_iter().for_each(|point| point.above.push(*a));
            }
        }
        chains.push(chain);
    }
    let count = points.iter().map(|point| point.layer + 1).max().unwrap_or(0);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (i, point) in points.iter().enumerate() {
        rows.get_mut(point.layer).into_iter().for_each(|row| row.push(i));
    }
    for row in &rows {
        place(&mut points, row);
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let order: Vec<usize> = if down { (0..count).collect() } else { (0..count).rev().collect() };
        for layer in order {
            let Some(row) = rows.get_mut(layer) else { continue };
            let wish = |i: &usize| -> f64 {
                let Some(point) = points.get(*i) else { return 0.0 };
                let all: Vec<usize> = match sweep + 6 < SWEEPS {
                    true if down => point.above.clone(),
                    true => point.below.clone(),
                    false => point.above.iter().chain(&point.below).copied().collect(),
                };
                match all.len() {
                    0 => point.x,
                    n => all.iter().filter_map(|j| points.get(*j)).map(|point| point.x).sum::<f64>() / n as f64,
                }
            };
            let wishes: Vec<(usize, f64)> = row.iter().map(|i| (*i, wish(i))).collect();
            let mut wishes = wishes;
            // At the end the order stays, and only the positions move.
            if sweep + 6 < SWEEPS {
                wishes.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
                *row = wishes.iter().map(|(i, _)| *i).collect();
            }
            spread(&mut points, &wishes);
        }
    }
    let left = points.iter().map(|point| point.x - point.width / 2.0).fold(f64::INFINITY, f64::min);
    let right = points.iter().map(|point| point.x + point.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
    let at = |i: &usize| points.get(*i).map_or((0.0, 0), |point| (point.x - left, point.layer));
    Layout {
        boxes: (0..given.len()).map(|i| at(&i)).collect(),
        edges: chains.iter().map(|chain| chain.iter().map(at).collect()).collect(),
        size: (if count == 0 { 0.0 } else { right - left }, count),
    }
}

fn layers(given: &[bool], edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layers: Vec<usize> = given.iter().map(|given| usize::from(!given)).collect();
    // Edges lead to boxes of larger number, so one pass in that order finds the longest ways.
    let mut ordered = edges.to_vec();
    ordered.sort_by_key(|(_, to)| *to);
    for (from, to) in &ordered {
        let above = layers.get(*from).copied().unwrap_or(0);
        layers.get_mut(*to).into_iter().for_each(|layer| *layer = (*layer).max(above + 1));
    }
    for (i, _) in given.iter().enumerate().filter(|(_, given)| **given) {
        let first = edges.iter().filter(|(from, _)| *from == i).filter_map(|(_, to)| layers.get(*to)).min().copied();
        layers.get_mut(i).into_iter().for_each(|layer| *layer = first.unwrap_or(1).saturating_sub(1));
    }
    layers
}

/// One beside the other, the middle of the row at 0.
fn place(points: &mut [Point], row: &[usize]) {
    let width: f64 = row.iter().filter_map(|i| points.get(*i)).map(|point| point.width).sum();
    let mut left = -width / 2.0;
    for i in row {
        if let Some(point) = points.get_mut(*i) {
            point.x = left + point.width / 2.0;
            left += point.width;
        }
    }
}

/// Gives each point the place it wishes, as far as its neighbours leave room: those that are too close become a block,
/// whose middle is the middle of its wishes.
fn spread(points: &mut [Point], wishes: &[(usize, f64)]) {
    struct Block {
        points: Vec<usize>,
        width: f64,
        /// The sum of the wishes for the left end.
        wished: f64,
    }
    let left = |block: &Block| block.wished / block.points.len().max(1) as f64;
    let mut blocks: Vec<Block> = Vec::new();
    for (i, wish) in wishes {
        let width = points.get(*i).map_or(0.0, |point| point.width);
        let mut block = Block { points: vec![*i], width, wished: wish - width / 2.0 };
        while let Some(before) = blocks.pop_if(|before| left(before) + before.width > left(&block)) {
            let moved = block.wished - before.width * block.points.len() as f64;
            block = Block {
                wished: before.wished + moved,
                width: before.width + block.width,
                points: before.points.into_iter().chain(block.points).collect(),
            };
        }
        blocks.push(block);
    }
    for block in &blocks {
        let mut at = left(block);
        for i in &block.points {
            if let Some(point) = points.get_mut(*i) {
                point.x = at + point.width / 2.0;
                at += point.width;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_of_a_layer_do_not_overlap_and_edges_lead_down() {
        // Many graphs: box i is connected with a few of those before it.
        let mut state = 7u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % below.max(1)
        };
        for count in [1, 2, 5, 30, 60] {
            let given: Vec<bool> = (0..count).map(|i| i < count / 3).collect();
            let mut edges = Vec::new();
            for i in count / 3..count {
                (0..2).for_each(|_| edges.push((random(i), i)));
            }
            edges.retain(|(from, to)| from < to);
            let found = layout(&given, &edges);
            for (i, (x, layer)) in found.boxes.iter().enumerate() {
                for (y, other) in found.boxes.iter().skip(i + 1) {
                    assert!(layer != other || (x - y).abs() >= COLUMN - 1e-6, "{count}: {x} and {y} in layer {layer}");
                }
            }
            for ((from, to), path) in edges.iter().zip(&found.edges) {
                assert_eq!((path.first(), path.last()), (found.boxes.get(*from), found.boxes.get(*to)));
                let down = path.iter().zip(path.iter().skip(1)).all(|((_, above), (_, below))| above + 1 == *below);
                assert!(down, "{from} {to} {path:?}");
            }
        }
        assert!(layout(&[], &[]).boxes.is_empty());
    }
}
