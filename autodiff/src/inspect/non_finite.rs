//! The first NaN or infinity of a computation, and the line that wrote it.

use super::numbers;
use super::trace::Phase;
use crate::base::error::{Place, Result};
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::differentiate::reverse::Sight;
use crate::tape::Tape;
use crate::tape::node::{Op, describe};
use crate::tape::query::needed_for;
use crate::tape::value::Value;
use crate::tape::var::Var;
use std::fmt;

/// How many elements are named.
const NAMED: usize = 4;

/// Where the first number that is not finite comes from: a NaN, or an infinity.
///
/// Printed, it names the operation, the elements, the line, and the operands with their values.
#[derive(Clone, PartialEq, Debug)]
pub struct NonFinite {
    /// Whether it is a value or a cotangent.
    pub phase: Phase,
    /// The node: its value is not finite, or its reverse rule gave a cotangent that is not.
    pub node: NodeId,
    /// The operation of the node.
    pub operation: String,
    /// In the reverse pass: the number and the name of the operand whose cotangent it is.
    pub operand: Option<(usize, &'static str)>,
    /// The first few elements that are not finite: index and number, in order.
    pub elements: Vec<(Shape, f64)>,
    /// How many elements are not finite, and how many there are.
    pub count: (usize, usize),
    /// Where the node was recorded.
    pub place: Place,
    /// A line for each operand and, in the reverse pass, for the result and its cotangent: where it was made, its value.
    pub lines: Vec<String>,
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |(index, x): &(Shape, f64)| match index.rank() {
            0 => numbers::short(*x),
            _ => format!("{} at {index}", numbers::short(*x)),
        };
        let mut named: Vec<String> = self.elements.iter().map(number).collect();
        if self.count.0 > named.len() {
            named.push("…".into());
        }
        let (found, named) = (format!("{} of {}", self.count.0, self.count.1), named.join(", "));
        match self.operand {
            None => write!(f, "{}: the first value that is not finite: {named} ({found})", self.operation)?,
            Some((_, role)) => write!(
                f,
                "{}: the first cotangent that is not finite is what its reverse rule makes of that of {role}: {named} ({found})",
                self.operation
            )?,
        }
        let place = self.place.suffix();
        if !place.is_empty() {
            write!(f, "\n {place}")?;
        }
        self.lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl<F: Real> Tape<F> {
    /// The first value on the tape that has a NaN or an infinity.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 0.0, -1.0]).named("x");
    /// let y = x.log();
    /// let found = tape.first_non_finite().unwrap();
    /// assert_eq!((found.operation.as_str(), found.node), ("log", y.id()));
    /// assert!(found.to_string().starts_with("log: the first value that is not finite: -inf at [1], NaN at [2] (2 of 3)"));
    /// ```
    ///
    /// Values that the tape recorded without evaluating cannot be looked at.
    pub fn first_non_finite(&self) -> Option<NonFinite> {
        first_value(self, &|_| true)
    }
}

impl<F: Real> Var<'_, F> {
    /// The first NaN or infinity on the way to this result, or, if there is none, on the way back: in the reverse pass of
    /// the sum of its elements.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0).named("x");
    /// let y = x.gt(0.0).select(x.sqrt(), 0.0); // fine forwards; the rule of the square root gives 0/0
    /// let found = y.first_non_finite()?.unwrap();
    /// assert_eq!((found.operation.as_str(), found.operand), ("sqrt", Some((0, "x"))));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of the operation this comes from; [`ErrorKind::NoValue`](crate::ErrorKind::NoValue) on a tape that records without values.
    pub fn first_non_finite(self) -> Result<Option<NonFinite>> {
        self.read(|_| ())?;
        let tape = self.tape();
        let needed = tape.with_nodes(|nodes, _| needed_for(nodes, [self.id()]));
        if let Some(found) = first_value(tape, &|id| needed.find(id).copied().unwrap_or(false)) {
            return Ok(Some(found));
        }
        let mut found = None;
        let mut visited = Value::Unknown;
        self.walk_back(Value::Splat(F::one()), |sight| match sight {
            Sight::Visit { cotangent, .. } if found.is_none() => visited = cotangent.clone(),
            Sight::Credit { node, slot, sum, shape, .. } if found.is_none() => {
                found = elements(sum, shape).map(|elements| (node, slot, elements, visited.clone()));
            }
            _ => {}
        })?;
        Ok(found.map(|(node, slot, elements, visited)| {
            let mut found = report(tape, node, Phase::Reverse, elements);
            found.operand = Some((slot, role(tape, node, slot)));
            found.lines.push(with_value(tape, node, "y"));
            let cotangent = tape.with_node(node, |node| numbers::value(&visited, &node.shape, numbers::short));
            found.lines.extend(cotangent.map(|text| format!("cotangent of y = {text}")));
            found
        }))
    }
}

type Elements = (Vec<(Shape, f64)>, (usize, usize));

fn first_value<F: Real>(tape: &Tape<F>, looked_at: &dyn Fn(NodeId) -> bool) -> Option<NonFinite> {
    let found = NodeId::all(tape.len())
        .filter(|id| looked_at(*id))
        .find_map(|id| tape.with_value(id, elements).map(|elements| (id, elements)));
    found.map(|(id, elements)| report(tape, id, Phase::Forward, elements))
}

/// The elements that are not finite, if there are any.
fn elements<F: Real>(value: &Value<F>, shape: &Shape) -> Option<Elements> {
    let view = value.view(shape)?;
    let mut named = Vec::new();
    let mut count = 0;
    for (position, x) in view.iter().enumerate().filter(|(_, x)| !x.is_finite()) {
        count += 1;
        if named.len() < NAMED {
            named.push((numbers::index(position, shape), x.double()));
        }
    }
    (count > 0).then_some((named, (count, shape.size())))
}

fn report<F: Real>(tape: &Tape<F>, node: NodeId, phase: Phase, (elements, count): Elements) -> NonFinite {
    let (operation, operands) = tape.with_node(node, |node| (node.operation().to_owned(), node.inputs.clone()));
    let line = |(slot, id): (usize, &NodeId)| with_value(tape, *id, role(tape, node, slot));
    let lines = operands.iter().enumerate().map(line).collect();
    NonFinite { phase, node, operation, operand: None, elements, count, place: tape.place_of(node), lines }
}

/// The name that the primitive of `node` has for an operand.
fn role<F: Real>(tape: &Tape<F>, node: NodeId, slot: usize) -> &'static str {
    let signature = tape.with_node(node, |node| match &node.op {
        Op::Apply(primitive) => Some(primitive.signature()),
        _ => None,
    });
    signature.and_then(|signature| signature.operand(slot)).map_or("x", |(name, _)| name)
}

/// `x: scores : f64[3], input at src/main.rs:10:5 = [1, 0, -1]`
fn with_value<F: Real>(tape: &Tape<F>, id: NodeId, role: &str) -> String {
    let line = tape.with_nodes(|nodes, labels| describe(nodes, labels, id, role));
    match tape.with_value(id, |value, shape| numbers::value(value, shape, numbers::short)) {
        Some(text) => format!("{line} = {text}"),
        None => line,
    }
}
