//! One element of a convolution: the window that it is computed from.

use super::Story;
use autodiff::inspect::Edge;
use autodiff::{NodeId, Real};

/// The pairs of elements of x and w whose products an element of a convolution is the sum of.
///
/// y[b, o, p…] = Σ w[o, c, i…]·x[b, c, p·stride + i·dilation − before…], in the order of w.
pub(super) struct Window {
    /// For each term: the position of the element of x, and that of w.
    pub(super) terms: Vec<(usize, usize)>,
}

/// How the windows of a convolution lie, for each axis.
struct Axis {
    stride: usize,
    dilation: usize,
    before: usize,
}

impl Window {
    /// The window of an element of the result of the convolution at `node`.
    pub(super) fn of<F: Real>(story: &Story<'_, F>, node: NodeId, element: usize) -> Option<Window> {
        let view = story.trace.node(node)?;
        let [x, w] = view.operands() else { return None };
        let (x, w) = (story.trace.node(*x)?.shape(), story.trace.node(*w)?.shape());
        let call = view.call();
        let place = places(element, view.shape());
        let (lengths, kernel) = (x.get(2..)?, w.get(2..)?);
        let axes: Vec<Axis> = (0..kernel.len()).map(|i| axis(&call, i)).collect::<Option<_>>()?;
        let groups = number(&call, "groups", 0).unwrap_or(1).max(1);
        let (batch, output) = (*place.first()?, *place.get(1)?);
        let in_group = *w.get(1)?;
        // Channels of y are divided among the groups in order, and so are those of x.
        let group = output / (w.first()? / groups).max(1);
        let window: usize = kernel.iter().product();
        let mut terms = Vec::new();
        for c in 0..in_group {
            for inside in 0..window {
                let at = places(inside, kernel);
                let mut position = batch * *x.get(1)? + group * in_group + c;
                let mut padding = false;
                for (axis, ((i, p), length)) in axes.iter().zip(at.iter().zip(place.get(2..)?).zip(lengths)) {
                    match (p * axis.stride + i * axis.dilation).checked_sub(axis.before) {
                        Some(at) if at < *length => position = position * length + at,
                        _ => padding = true,
                    }
                }
                if !padding {
                    terms.push((position, (output * in_group + c) * window + inside));
                }
            }
        }
        Some(Window { terms })
    }

    /// What an element of an operand of a convolution gets its contribution from: pairs of an element of the result and
    /// of the other operand.
    pub(super) fn back<F: Real>(story: &Story<'_, F>, edge: Edge, element: usize) -> Option<Window> {
        let size = story.trace.node(edge.node)?.shape().size();
        let mut terms = Vec::new();
        if size > MOST_RESULTS {
            return None;
        }
        for result in 0..size {
            for (x, w) in Window::of(story, edge.node, result)?.terms {
                let (own, other) = if edge.slot == 0 { (x, w) } else { (w, x) };
                if own == element {
                    terms.push((result, other));
                }
            }
        }
        Some(Window { terms })
    }
}

/// Larger results are not searched for the terms of a contribution.
const MOST_RESULTS: usize = 4096;

fn axis(call: &str, i: usize) -> Option<Axis> {
    Some(Axis {
        stride: number(call, "stride", i)?,
        dilation: number(call, "dilation", i)?,
        before: number(call, "before", i)?,
    })
}

/// The i-th number of an attribute: 2 is the second of `stride=[1, 2]`.
fn number(call: &str, attribute: &str, i: usize) -> Option<usize> {
    let (_, rest) = call.split_once(&format!("{attribute}="))?;
    let list = rest.strip_prefix('[').map_or(rest, |list| list.split(']').next().unwrap_or(list));
    let digits = |text: &str| text.trim().chars().take_while(char::is_ascii_digit).collect::<String>();
    list.split(',').nth(i).and_then(|text| digits(text).parse().ok())
}

/// The indices of an element of an array of this shape.
fn places(element: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = element;
    let mut found = Vec::new();
    for length in shape.iter().rev() {
        found.push(rest % (*length).max(1));
        rest /= (*length).max(1);
    }
    found.reverse();
    found
}
