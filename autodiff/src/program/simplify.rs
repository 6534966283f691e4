//! The same program with less work in it: every result keeps its bits.

use crate::base::attributes::Attributes;
use crate::base::ids::{IdVec, NodeId};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Known, PrimitiveRef};
use crate::program::Program;
use crate::tape::node::{self, Labels, Node, Op, Operands};
use crate::tape::query::needed_for;
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
        for (id, node) in self.nodes.iter() {
            // What is not needed has no place: nobody asks for it.
            let fresh = match wanted[id] {
                true => made.add(node, &new_id, self.labels.scope(node.scope)),
                false => NodeId::new(0),
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

/// What makes two nodes one.
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
    /// Where the result of `node` is found, whose operands went to `new_id`.
    fn add(&mut self, node: &Node<F>, new_id: &IdVec<NodeId>, scope: &str) -> NodeId {
        let primitive = match &node.op {
            Op::Apply(primitive) => primitive,
            Op::Constant(value) => return self.constant(node, value.clone(), scope),
            Op::Input(_) | Op::Error(_) => return self.push(node, &[], Value::Unknown, scope),
        };
        let mut inputs: SmallVec<[NodeId; 2]> = SmallVec::new();
        node.inputs.iter().for_each(|operand| inputs.push(new_id[*operand]));
        if let Some(same) = self.identity(primitive, &inputs, &node.shape) {
            return same;
        }
        if let Some(value) = self.fold(primitive, &inputs, &node.shape) {
            return self.constant(node, value, scope);
        }
        // A primitive that holds a program of its own is more than its name and attributes.
        if primitive.composition().is_some() {
            return self.push(node, &inputs, Value::Unknown, scope);
        }
        let key = Key::Apply(primitive.name(), primitive.attributes(), inputs.clone());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let id = self.push(node, &inputs, Value::Unknown, scope);
        self.known.insert(key, id);
        id
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
        let folded = Node { op: Op::Constant(value.clone()), inputs: Operands::NONE, active: false, ..node.clone() };
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
        let mut known: SmallVec<[Known<'_, F>; 4]> = SmallVec::new();
        for id in inputs {
            let number = match &self.values[*id] {
                Value::Splat(x) => Some(*x),
                _ => None,
            };
            known.push(Known { shape: &self.nodes[*id].shape, number });
        }
        let same = inputs.get(primitive.identity(&known)?)?;
        (self.nodes[*same].shape == *shape).then_some(*same)
    }

    /// The value, if the operands are constants and it is not too large.
    fn fold(&self, primitive: &PrimitiveRef<F>, inputs: &[NodeId], shape: &Shape) -> Option<Value<F>> {
        let constant = |id: &NodeId| !matches!(self.values[*id], Value::Unknown);
        let numbers = inputs.iter().all(|id| matches!(self.values[*id], Value::Splat(_)));
        if !inputs.iter().all(constant) || (shape.size() > FOLDED && !numbers) {
            return None;
        }
        // A refusal is left for the run to report.
        let value = node::evaluate(&self.nodes, &self.values, &**primitive, inputs, shape).ok()?;
        match &value {
            Value::Unknown => None,
            Value::Splat(_) => Some(value),
            _ if shape.size() > FOLDED => None,
            _ => Some(value),
        }
    }
}
