//! The same program with less work in it: every result keeps its bits.

use crate::base::attributes::Attributes;
use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::Type;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Facts, PrimitiveRef, Types};
use crate::program::Program;
use crate::tape::evaluate::{Values, evaluate};
use crate::tape::node::{Labels, Node, Op, Operands};
use crate::tape::query::{needed_for, results_of};
use crate::tape::value::Value;
use smallvec::SmallVec;
use std::collections::HashMap;

/// The largest array that folding writes into a program; larger ones are cheaper to compute than to carry.
const FOLDED: usize = 1024;

impl<F: Real> Program<F> {
    /// The same program with less work in it:
    ///
    /// - what is computed from constants alone is a constant (arrays of up to 1,024 elements, and any repeated number);
    /// - what was computed before, by the same primitive with the same attributes from the same operands, is not computed
    ///   again;
    /// - what changes no bit is left out: x·1, x/1, x − 0, a broadcast or reshape to the shape x has;
    /// - what no output needs is gone; the inputs stay.
    ///
    /// Results keep their bits, and derivatives theirs: nothing is reassociated.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]);
    /// let program = tape.program(&[x.exp() * 1.0 + x.exp()])?;
    /// let simple = program.simplified();
    /// assert_eq!((program.len(), simple.len()), (7, 3)); // x, exp x, and the sum
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn simplified(&self) -> Program<F> {
        let mut made = Made { nodes: IdVec::new(), values: IdVec::new(), labels: Labels::new(), known: HashMap::new() };
        let mut wanted = needed_for(&self.nodes, self.outputs.iter().copied());
        self.inputs.iter().for_each(|id| wanted[*id] = true);
        let mut new_id: IdVec<NodeId> = IdVec::new();
        // Where the results of the latest application went.
        let mut results: Results = Results::new();
        for (id, node) in self.nodes.iter() {
            let scope = self.labels.scope(node.scope);
            let fresh = match &node.op {
                // What is not needed has no place: nobody asks for it.
                _ if !wanted[id] => NodeId::new(0),
                Op::Apply(primitive) => {
                    let nodes: SmallVec<[&Node<F>; 1]> =
                        results_of(&self.nodes, id).map(|id| &self.nodes[id]).collect();
                    results = made.apply(primitive, &nodes, &new_id, scope);
                    results.first().copied().unwrap_or(id)
                }
                Op::Result => {
                    let first = node.inputs.first().map_or(0, |first| first.index());
                    results.get(id.index() - first).copied().unwrap_or(id)
                }
                Op::Constant(value) => made.constant(node, value.clone(), scope),
                Op::Input(_) | Op::Error(_) => made.push(node, &[], Value::Unknown, scope),
            };
            if let (true, Some(name)) = (wanted[id], self.labels.name(id))
                && made.labels.name(fresh).is_none()
            {
                made.labels.set_name(fresh, name.clone());
            }
            new_id.push(fresh);
        }
        // Folding leaves its operands behind.
        let outputs: Vec<NodeId> = self.outputs.iter().map(|id| new_id[*id]).collect();
        let keep = needed_for(&made.nodes, outputs.iter().copied());
        Program::of(&made.nodes, &made.labels, &keep, outputs.into_iter())
    }
}

/// Where the results of one application are found.
type Results = SmallVec<[NodeId; 1]>;

/// What makes two nodes one. (What primitives with bodies are the same is found out where their keys are.)
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Apply(&'static str, Attributes, SmallVec<[NodeId; 2]>),
    Number(u64, Shape),
}

/// The program that is being made.
struct Made<F: Real> {
    nodes: IdVec<Node<F>>,
    /// The values of constants.
    values: IdVec<Value<F>>,
    labels: Labels,
    known: HashMap<Key, NodeId>,
}

impl<F: Real> Made<F> {
    /// Where the results of `primitive` are found; `nodes` are their old nodes, whose operands went to `new_id`.
    fn apply(
        &mut self,
        primitive: &PrimitiveRef<F>,
        nodes: &[&Node<F>],
        new_id: &IdVec<NodeId>,
        scope: &str,
    ) -> Results {
        let Some(first) = nodes.first() else { return Results::new() };
        let mut inputs: SmallVec<[NodeId; 2]> = SmallVec::new();
        first.inputs.iter().for_each(|operand| inputs.push(new_id[*operand]));
        if let (Some(same), 1) = (self.identity(primitive, &inputs, &first.shape), nodes.len()) {
            return Results::from_buf([same]);
        }
        if let Some(values) = self.fold(primitive, &inputs, nodes) {
            return nodes.iter().zip(values).map(|(node, value)| self.constant(node, value, scope)).collect();
        }
        let key = Key::Apply(primitive.name(), primitive.attributes(), inputs.clone());
        if let Some(known) = self.known.get(&key)
            && matches!(&self.nodes[*known].op, Op::Apply(other) if other == primitive)
        {
            return results_of(&self.nodes, *known).collect();
        }
        let mut results = Results::new();
        for node in nodes {
            let first = results.first().copied();
            results.push(match first {
                Some(first) => self.push(node, &[first], Value::Unknown, scope),
                None => self.push(node, &inputs, Value::Unknown, scope),
            });
        }
        results.first().map(|first| self.known.insert(key, *first));
        results
    }

    fn constant(&mut self, node: &Node<F>, value: Value<F>, scope: &str) -> NodeId {
        // Of either precision, the double has the same bits exactly if the number has; only NaNs lose theirs, and they
        // are all one.
        let key = match &value {
            Value::Splat(x) => Some(Key::Number(x.double().to_bits(), node.shape.clone())),
            _ => None,
        };
        if let Some(known) = key.as_ref().and_then(|key| self.known.get(key)) {
            return *known;
        }
        let folded = Node { op: Op::Constant(value.clone()), active: false, ..node.clone() };
        let id = self.push(&folded, &[], value, scope);
        if let Some(key) = key {
            self.known.insert(key, id);
        }
        id
    }

    fn push(&mut self, node: &Node<F>, inputs: &[NodeId], value: Value<F>, scope: &str) -> NodeId {
        let scope = self.labels.intern(scope);
        self.values.push(value);
        self.nodes.push(Node { inputs: Operands::from(inputs), scope, ..node.clone() })
    }

    /// The operand that the result is, bit for bit.
    fn identity(&self, primitive: &PrimitiveRef<F>, inputs: &[NodeId], shape: &Shape) -> Option<NodeId> {
        let mut known: SmallVec<[Facts<'_, F>; 4]> = SmallVec::new();
        for id in inputs {
            let number = match &self.values[*id] {
                Value::Splat(x) => Some(*x),
                _ => None,
            };
            known.push(Facts { shape: &self.nodes[*id].shape, number });
        }
        let same = inputs.get(primitive.identity(&known)?)?;
        (self.nodes[*same].shape == *shape).then_some(*same)
    }

    /// The values, if the operands are constants and they are not too large.
    fn fold(&self, primitive: &PrimitiveRef<F>, inputs: &[NodeId], nodes: &[&Node<F>]) -> Option<Values<F>> {
        let constant = |id: &NodeId| !matches!(self.values[*id], Value::Unknown);
        let numbers = inputs.iter().all(|id| matches!(self.values[*id], Value::Splat(_)));
        let is_large = nodes.iter().any(|node| node.shape.size() > FOLDED);
        if !inputs.iter().all(constant) || (is_large && !numbers) {
            return None;
        }
        let shapes: SmallVec<[&Shape; 4]> = inputs.iter().map(|id| &self.nodes[*id].shape).collect();
        let kernel = primitive.kernel(&shapes);
        let types: Types = nodes.iter().map(|node| Type { kind: node.kind, shape: node.shape.clone() }).collect();
        // A refusal is left for the run to report.
        let values = evaluate(&self.nodes, &self.values, &**primitive, &kernel, inputs, &types).ok()?;
        let fits = |(value, result): (&Value<F>, &Type)| match value {
            Value::Unknown => false,
            Value::Splat(_) => true,
            _ => result.shape.size() <= FOLDED,
        };
        values.iter().zip(&types).all(fits).then_some(values)
    }
}
