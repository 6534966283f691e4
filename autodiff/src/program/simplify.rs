//! The same program with less work in it: every result keeps its bits.

use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::Type;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Facts, PrimitiveRef, Types};
use crate::program::Program;
use crate::tape::evaluate::{Values, evaluate};
use crate::tape::node::{Labels, Node, Op, Operands, Scopes};
use crate::tape::query::{needed_for, results_of};
use crate::tape::value::Value;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::sync::Arc;

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
        let length = self.len();
        let mut made = Made {
            nodes: IdVec::with_capacity(length),
            values: IdVec::with_capacity(length),
            old: &self.labels,
            labels: Labels::new(),
            scopes: Scopes::default(),
            known: Known::default(),
        };
        let mut wanted = needed_for(&self.nodes, self.outputs.iter().copied());
        self.inputs.iter().for_each(|id| wanted[*id] = true);
        let mut new_id: IdVec<NodeId> = IdVec::with_capacity(length);
        // Where the results of the latest application went.
        let mut results: Results = Results::new();
        for (id, node) in self.nodes.iter() {
            let fresh = match &node.op {
                // What is not needed has no place: nobody asks for it.
                _ if !wanted[id] => NodeId::new(0),
                Op::Apply(primitive) => {
                    let nodes: SmallVec<[&Node<F>; 1]> =
                        results_of(&self.nodes, id).map(|id| &self.nodes[id]).collect();
                    results = made.apply(primitive, &nodes, &new_id);
                    results.first().copied().unwrap_or(id)
                }
                Op::Result => {
                    let first = node.inputs.first().map_or(0, |first| first.index());
                    results.get(id.index() - first).copied().unwrap_or(id)
                }
                Op::Constant(value) => made.constant(node, value.clone()),
                Op::Input(_) | Op::Error(_) => made.push(node, &[], Value::Unknown),
            };
            if let (true, Some(name)) = (wanted[id], self.labels.name(id))
                && made.labels.name(fresh).is_none()
            {
                made.labels.set_name(fresh, name.clone());
            }
            new_id.push(fresh);
        }
        let outputs: Vec<NodeId> = self.outputs.iter().map(|id| new_id[*id]).collect();
        // Of a long program, these tables give their memory back before the next are made.
        let Made { nodes, labels, values, known, .. } = made;
        drop((new_id, values, known));
        // Folding leaves its operands behind.
        let keep = needed_for(&nodes, outputs.iter().copied());
        Program::within(nodes, &labels, &keep, outputs.into_iter())
    }
}

/// Where the results of one application are found.
type Results = SmallVec<[NodeId; 1]>;

/// The program that is being made.
struct Made<'a, F: Real> {
    nodes: IdVec<Node<F>>,
    /// The values of constants.
    values: IdVec<Value<F>>,
    old: &'a Labels,
    labels: Labels,
    scopes: Scopes,
    known: Known,
}

/// The nodes that were made, found by a hash of what makes two nodes one: primitive with its bodies and operands, or number and
/// shape. Whether it is the same is seen at the node. Where two have one hash, the second is not found, and computed as often
/// as it stands in the program.
type Known = HashMap<u64, NodeId, BuildHasherDefault<AsItIs>>;

/// The hasher of what is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0.rotate_left(8) ^ u64::from(*byte)));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

fn hash_of(parts: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

impl<F: Real> Made<'_, F> {
    /// Where the results of `primitive` are found; `nodes` are their old nodes, whose operands went to `new_id`.
    fn apply(&mut self, primitive: &PrimitiveRef<F>, nodes: &[&Node<F>], new_id: &IdVec<NodeId>) -> Results {
        let Some(first) = nodes.first() else { return Results::new() };
        let mut inputs: SmallVec<[NodeId; 2]> = SmallVec::new();
        first.inputs.iter().for_each(|operand| inputs.push(new_id[*operand]));
        if let (Some(same), 1) = (self.identity(primitive, &inputs, &first.shape), nodes.len()) {
            return Results::from_buf([same]);
        }
        if let Some(values) = self.fold(primitive, &inputs, nodes) {
            return nodes.iter().zip(values).map(|(node, value)| self.constant(node, value)).collect();
        }
        let bodies: SmallVec<[_; 1]> = primitive.bodies().iter().map(|body| Arc::as_ptr(&body.nodes)).collect();
        let hash = hash_of((primitive.name(), primitive.attributes(), &inputs, bodies));
        let known = self.known(hash);
        if let Some(known) = known
            && *self.nodes[known].inputs == *inputs
            && matches!(&self.nodes[known].op, Op::Apply(other) if other == primitive)
        {
            return results_of(&self.nodes, known).collect();
        }
        let mut results = Results::new();
        for node in nodes {
            let first = results.first().copied();
            results.push(match first {
                Some(first) => self.push(node, &[first], Value::Unknown),
                None => self.push(node, &inputs, Value::Unknown),
            });
        }
        results
    }

    fn constant(&mut self, node: &Node<F>, value: Value<F>) -> NodeId {
        // Of either precision, the double has the same bits exactly if the number has; only NaNs lose theirs, and they
        // are all one.
        let bits = |value: &Value<F>| match value {
            Value::Splat(x) => Some(x.double().to_bits()),
            _ => None,
        };
        if let Some(known) = bits(&value).and_then(|bits| self.known(hash_of((bits, &node.shape))))
            && matches!(&self.nodes[known].op, Op::Constant(other) if bits(other) == bits(&value))
            && self.nodes[known].shape == node.shape
        {
            return known;
        }
        let folded = Node { op: Op::Constant(value.clone()), active: false, ..node.clone() };
        self.push(&folded, &[], value)
    }

    /// The node that was made for this hash; if there is none, it is the next that is made.
    fn known(&mut self, hash: u64) -> Option<NodeId> {
        let next = NodeId::new(self.nodes.len());
        let known = *self.known.entry(hash).or_insert(next);
        (known != next).then_some(known)
    }

    fn push(&mut self, node: &Node<F>, inputs: &[NodeId], value: Value<F>) -> NodeId {
        let scope = self.scopes.number(node.scope, self.old, &mut self.labels);
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
