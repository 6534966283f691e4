//! Two runs of one program, compared: the first operation whose numbers differ.

use super::event::Event;
use super::numbers::index;
use super::trace::Trace;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::Shape;
use std::fmt;

/// The first difference of two runs.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    /// The node of the first trace.
    pub node: NodeId,
    /// What differs there.
    pub part: Part,
    /// The element that differs most, where numbers differ.
    pub element: Shape,
    /// Its value in the first and in the second trace; NaN where there is none.
    pub numbers: [f64; 2],
    /// The difference, described in a sentence.
    pub text: String,
}

/// What of a node differs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Part {
    /// The operation, its operands, or the shape: the two are runs of different programs.
    Operation,
    /// The value.
    Value,
    /// The cotangent.
    Cotangent,
    /// The next value.
    Update,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<F: Real> Trace<F> {
    /// The first operation whose numbers differ from those of `other` by more than `tolerance`, relative to the larger:
    /// values in the order of the program, then cotangents in the order of the reverse pass, then next values. `None`
    /// if there is no such operation. Two NaNs count as equal.
    ///
    /// ```
    /// # use autodiff::{Tape, inspect::Trace};
    /// fn run<F: autodiff::Real>() -> autodiff::Result<Trace<F>> {
    ///     let tape = Tape::<F>::new();
    ///     let x = tape.input(F::of(1e8)).named("x");
    ///     ((x + 1.0) - x).trace()
    /// }
    /// let (double, single) = (run::<f64>()?, run::<f32>()?);
    /// assert!(double.first_difference(&single, 1e-6).unwrap().text.starts_with("%3 = sub(%2, %0): the value is 1.0"));
    /// assert_eq!(double.first_difference(&single, 2.0), None);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn first_difference<G: Real>(&self, other: &Trace<G>, tolerance: f64) -> Option<Difference> {
        let forward = self.events.iter().filter_map(|event| match event {
            Event::Push(id) => Some((*id, Part::Value)),
            _ => None,
        });
        // Complete cotangents in the order in which the reverse pass has them: of later nodes first.
        let reverse = NodeId::all(self.source.len()).rev().map(|id| (id, Part::Cotangent));
        let updates = self.updates.keys().map(|id| (*id, Part::Update));
        forward.chain(reverse).chain(updates).find_map(|(id, part)| self.difference(other, id, part, tolerance))
    }

    fn difference<G: Real>(&self, other: &Trace<G>, id: NodeId, part: Part, tolerance: f64) -> Option<Difference> {
        let node = self.node(id)?;
        let call = node.call();
        let found = |part, element, numbers: [f64; 2], text: String| {
            Some(Difference { node: id, part, element, numbers, text: format!("{id} = {call}: {text}") })
        };
        let twin = other.node(id);
        let same = twin.is_some_and(|twin| {
            (twin.operation(), twin.operands(), twin.shape()) == (node.operation(), node.operands(), node.shape())
        });
        if !same {
            let text = twin.map_or("the other run has no such node".to_owned(), |twin| {
                format!("there, it is {} : {}", twin.call(), twin.type_name())
            });
            return found(Part::Operation, Shape::scalar(), [f64::NAN; 2], text);
        }
        let (ours, theirs) = (self.at(self.len()), other.at(other.len()));
        let (a, b, what) = match part {
            Part::Operation => return None,
            Part::Value => (ours.value(id), theirs.value(id), "the value"),
            Part::Cotangent => (ours.cotangent(id), theirs.cotangent(id), "the cotangent"),
            Part::Update => (ours.updated(id), theirs.updated(id), "the next value"),
        };
        let (a, b) = match (a, b) {
            (None, None) => return None,
            (Some(a), Some(b)) => (a, b),
            (a, _) => {
                let text = format!("only {} run has {what}", if a.is_some() { "this" } else { "the other" });
                return found(part, Shape::scalar(), [f64::NAN; 2], text);
            }
        };
        let apart = |a: f64, b: f64| match a == b || (a.is_nan() && b.is_nan()) {
            true => 0.0,
            false => {
                Some((a - b).abs() / a.abs().max(b.abs())).filter(|apart| !apart.is_nan()).unwrap_or(f64::INFINITY)
            }
        };
        let pairs = a.iter().zip(b.iter()).map(|(a, b)| (a.double(), b.double())).enumerate();
        let (position, (x, y)) = pairs.max_by(|(_, (a, b)), (_, (c, d))| apart(*a, *b).total_cmp(&apart(*c, *d)))?;
        if apart(x, y) <= tolerance {
            return None;
        }
        let element = index(position, node.shape());
        let place = if element.rank() == 0 { String::new() } else { format!(" at element {element}") };
        found(part, element, [x, y], format!("{what} is {x:?}{place}, and {y:?} there"))
    }
}
