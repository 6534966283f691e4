//! Where a zero met a factor that is not finite.

use super::numbers;
use crate::base::error::{Place, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::Kernel;
use crate::program::scan::MadeSteps;
use crate::program::{Input, Program};
use crate::tape::node::{Op, describe};
use crate::tape::query::operand_shapes;
use crate::tape::value::Value;
use crate::tape::var::Var;
use ndarray::ArrayD;
use std::fmt;

/// How many elements are named.
const NAMED: usize = 4;

/// A product or quotient of a derivative in which a zero met a factor that is not finite, and won: the result is 0
/// where IEEE arithmetic has NaN.
///
/// That is right where the zero says that nothing depends on the element. Where the zero was computed, as √x was at x =
/// 0 in √x·√x, the derivative may be another number.
#[derive(Clone, PartialEq, Debug)]
pub struct StrongZero {
    /// The node of the program: the product or quotient, or the loop in whose body it is.
    pub node: NodeId,
    /// The operation in whose derivative it is, as the line that recorded it wrote it.
    pub place: Place,
    /// The first few elements, in order.
    pub elements: Vec<Shape>,
    /// How many elements there are of which that is true, and how many in all.
    pub count: (usize, usize),
    /// For the body of a loop: the number of the step, of each loop from the outermost inwards.
    pub steps: Vec<usize>,
    /// A line for each of the two factors: where it was made, its value.
    pub lines: Vec<String>,
    /// The positions of all elements.
    all: Vec<usize>,
}

impl fmt::Display for StrongZero {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| write!(f, "in step {step}, "))?;
        let named: Vec<String> = self.elements.iter().map(ToString::to_string).collect();
        let more = if self.count.0 > named.len() { ", …" } else { "" };
        let (count, all) = self.count;
        write!(f, "a zero met a factor that is not finite at {}{more} ({count} of {all})", named.join(", "))?;
        let place = self.place.suffix();
        if !place.is_empty() {
            write!(f, "\n {place}")?;
        }
        self.lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl<F: Real> Program<F> {
    /// The places of this program, a derivative, where a zero met a factor that is not finite, in order: see
    /// [`StrongZero`].
    ///
    /// ```
    /// # use autodiff::{Input, Tape};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// let gradient = tape.program(&[x.sqrt() * x.sqrt()])?.grad(&[0])?;
    /// let zeros = gradient.strong_zeros(&[Input::real(0.0)])?;
    /// assert_eq!(zeros[0].count, (1, 1));
    /// assert!(gradient.strong_zeros(&[Input::real(4.0)])?.is_empty());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn strong_zeros(&self, inputs: &[Input<F>]) -> Result<Vec<StrongZero>> {
        let mut found = Vec::new();
        self.visit_strong_zeros(inputs, |_, zeros| found.extend(zeros))?;
        Ok(found)
    }

    /// The elements of each output that may depend on a zero that met a factor that is not finite; an empty list where
    /// none does.
    pub(crate) fn after_strong_zeros(&self, inputs: &[Input<F>]) -> Result<Vec<Vec<bool>>> {
        let mut after: IdVec<Vec<bool>> = IdVec::new();
        self.visit_strong_zeros(inputs, |id, zeros| {
            let node = &self.nodes[id];
            let size = node.shape.size();
            let in_step = zeros.iter().any(|zero| !zero.steps.is_empty());
            let here = |at: usize| in_step || zeros.iter().any(|zero| zero.all.binary_search(&at).is_ok());
            let mut own: Vec<bool> = match zeros.is_empty() {
                true => vec![false; size],
                false => (0..size).map(here).collect(),
            };
            for operand in node.inputs.iter().filter(|operand| after[**operand].contains(&true)) {
                let from = &after[*operand];
                match self.keeps_elements(id) && from.len() == size {
                    true => own.iter_mut().zip(from).for_each(|(own, from)| *own |= from),
                    false => own.fill(true),
                }
            }
            after.push(if own.contains(&true) { own } else { Vec::new() });
        })?;
        Ok(self.outputs.iter().map(|id| after[*id].clone()).collect())
    }

    /// Whether an element of the result depends on the elements in its own place only, in operands of its size.
    fn keeps_elements(&self, id: NodeId) -> bool {
        let node = &self.nodes[id];
        let Op::Apply(primitive) = &node.op else { return false };
        match primitive.kernel(&operand_shapes(&self.nodes, node)) {
            Kernel::Elementwise(_) => true,
            Kernel::View => ["reshape", "broadcast_to"].contains(&primitive.name()),
            _ => false,
        }
    }

    /// Evaluates the program; `visit` sees each node with the strong zeros in it.
    fn visit_strong_zeros(&self, inputs: &[Input<F>], mut visit: impl FnMut(NodeId, Vec<StrongZero>)) -> Result<()> {
        let mut values = self.bind(inputs)?;
        for id in self.nodes.ids() {
            self.evaluate(id, &mut values)?;
            let mut found: Vec<StrongZero> = self.strong_zero(id, &values).into_iter().collect();
            let value = |id: NodeId| values[id].clone();
            // A loop is run once more, step by step, to look into it: only if a product in its body could be meant.
            if let (true, Some(made)) = (self.has_strong_body(id), MadeSteps::of(&self.nodes, id, &value)?) {
                for (step, given) in &made.made {
                    for mut inner in made.body.strong_zeros(given)? {
                        inner.node = id;
                        inner.steps.insert(0, *step);
                        found.push(inner);
                    }
                }
            }
            visit(id, found);
        }
        Ok(())
    }

    fn has_strong_body(&self, id: NodeId) -> bool {
        let Op::Apply(primitive) = &self.nodes[id].op else { return false };
        primitive.bodies().iter().any(|body| body.nodes.ids().any(|id| body.is_strong(id) || body.has_strong_body(id)))
    }

    fn is_strong(&self, id: NodeId) -> bool {
        matches!(&self.nodes[id].op, Op::Apply(primitive) if ["strong_mul", "strong_div"].contains(&primitive.name()))
    }

    fn strong_zero(&self, id: NodeId, values: &IdVec<Value<F>>) -> Option<StrongZero> {
        let node = &self.nodes[id];
        let [a, b] = *node.inputs else { return None };
        if !self.is_strong(id) {
            return None;
        }
        let (x, y) = (values[a].view(&node.shape)?, values[b].view(&node.shape)?);
        let result = values[id].view(&node.shape)?;
        let is_product = node.operation() == "strong_mul";
        let mut all = Vec::new();
        for (position, ((x, y), result)) in x.iter().zip(y.iter()).zip(result.iter()).enumerate() {
            let plain = if is_product { x * y } else { x / y };
            if plain.is_nan() && !result.is_nan() {
                all.push(position);
            }
        }
        let line = |id: NodeId, role: &str| {
            let line = describe(&self.nodes, &self.labels, id, role);
            let value = numbers::value(&values[id], &self.nodes[id].shape, numbers::short);
            value.map_or(line.clone(), |value| format!("{line} = {value}"))
        };
        if all.is_empty() {
            return None;
        }
        let elements = all.iter().take(NAMED).map(|position| numbers::index(*position, &node.shape)).collect();
        let (place, count) = (self.labels.place(node), (all.len(), node.shape.size()));
        let lines = vec![line(a, "a"), line(b, "b")];
        Some(StrongZero { node: id, place, elements, count, steps: Vec::new(), lines, all })
    }
}

impl<F: Real> Var<'_, F> {
    /// Where a zero meets a factor that is not finite in the gradient of the sum of these elements, by all inputs: see
    /// [`StrongZero`].
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([0.0, 4.0]).named("x");
    /// let found = x.sqrt().max(..).strong_zeros()?;
    /// assert_eq!(found[0].elements, [[0].into()]);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`gradient`](Self::gradient), and of [`Program::run`].
    pub fn strong_zeros(self) -> Result<Vec<StrongZero>> {
        let inputs = self.inputs("strong_zeros")?;
        let program = self.tape().program(&[self])?;
        let wrt: Vec<usize> = (0..inputs.len()).filter(|i| program.is_differentiable(*i)).collect();
        let seed = Input::Real(ArrayD::ones(&*self.shape()?));
        program.vjp(&wrt)?.strong_zeros(&inputs.into_iter().chain([seed]).collect::<Vec<_>>())
    }
}
