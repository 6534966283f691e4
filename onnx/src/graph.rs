//! A program as a graph.

use crate::application::Application;
use crate::wire::{self, Attribute, Element, Length, Message};
use crate::{OPSET, operations};
use autodiff::primitive::{Kernel, Kind};
use autodiff::{Error, ErrorKind, NodeView, Program, Real, Result};
use ndarray::ArrayD;
use std::collections::{BTreeMap, BTreeSet};

/// The version of the intermediate representation that goes with the opset.
const IR: i64 = 8;

/// The most bytes of a message, which the format limits.
const MOST: usize = 1 << 31;

/// Writes the nodes of a program, recorded for two numbers of examples, as operations.
pub(crate) struct Writer<'a, F: Real> {
    programs: [&'a Program<F>; 2],
    examples: [usize; 2],
    nodes: Vec<Message>,
    initializers: Vec<Message>,
    /// The names of the values of this graph's nodes, by their ids.
    values: BTreeMap<usize, String>,
    taken: BTreeSet<String>,
    count: usize,
    /// An input with an axis of the examples, and that axis; the value that holds its length, once it is written.
    axis: Option<(String, i64)>,
    n: Option<String>,
}

impl<'a, F: Real> Writer<'a, F> {
    pub(crate) const REAL: Element = if size_of::<F>() == size_of::<f32>() { Element::Single } else { Element::Double };

    pub(crate) fn new(programs: [&'a Program<F>; 2], examples: [usize; 2]) -> Self {
        Writer {
            programs,
            examples,
            nodes: Vec::new(),
            initializers: Vec::new(),
            values: BTreeMap::new(),
            taken: BTreeSet::new(),
            count: 0,
            axis: None,
            n: None,
        }
    }

    /// The whole file. The first inputs are these arrays.
    pub(crate) fn model(mut self, arrays: &[(&str, &ArrayD<F>)]) -> Result<Vec<u8>> {
        let mut inputs = Vec::new();
        for (i, pair) in self.pairs(|program| program.input_ids()).into_iter().enumerate() {
            let [node, _] = pair;
            let name = self.unique(node.name().unwrap_or("x"));
            self.values.insert(node.id().index(), name.clone());
            let lengths = self.lengths(&pair)?;
            match arrays.get(i) {
                Some((_, array)) => self.array(&name, array),
                None => {
                    if let Some(axis) = lengths.iter().position(|length| *length == Length::Examples) {
                        self.axis.get_or_insert((name.clone(), axis as i64));
                    }
                    inputs.push((name, pair));
                }
            }
        }
        // What cannot be written is named first by the operation that needs it.
        self.body()?;
        let input = |(name, pair): &(String, [NodeView<'a, F>; 2])| -> Result<Message> {
            Ok(wire::value(name, element(&first(pair))?, &self.lengths(pair)?))
        };
        let inputs: Vec<Message> = inputs.iter().map(input).collect::<Result<_>>()?;
        let mut outputs = Vec::new();
        for (i, pair) in self.pairs(|program| program.output_ids()).into_iter().enumerate() {
            let [node, _] = pair;
            // An output has a name of its own, also where it is an input, or is there twice.
            let wanted = node.name().map_or_else(|| format!("y{i}"), str::to_owned);
            let (value, name) = (self.value(&node), self.unique(&wanted));
            if value.is_empty() {
                return Err(nameless(&node));
            }
            self.nodes.push(wire::node("Identity", &[&value], &[&name], &name, &[]));
            outputs.push(wire::value(&name, element(&node)?, &self.lengths(&pair)?));
        }
        let mut graph = Message::new();
        for node in &self.nodes {
            graph = graph.message(1, node);
        }
        graph = graph.text(2, "model");
        for initializer in &self.initializers {
            graph = graph.message(5, initializer);
        }
        graph = inputs.iter().fold(graph, |graph, input| graph.message(11, input));
        graph = outputs.iter().fold(graph, |graph, output| graph.message(12, output));
        let opset = Message::new().text(1, "").integer(2, OPSET as i64);
        let model = Message::new().integer(1, IR).text(2, "autodiff-onnx").text(3, env!("CARGO_PKG_VERSION"));
        let bytes = model.message(7, &graph).message(8, &opset).into_bytes();
        match bytes.len() < MOST {
            true => Ok(bytes),
            false => {
                Err(Error::new(ErrorKind::Resources, "onnx", "the model has more than the 2 GiB that a file may have"))
            }
        }
    }

    /// The nodes that are listed for both programs.
    fn pairs(&self, list: impl Fn(&'a Program<F>) -> &'a [autodiff::NodeId]) -> Vec<[NodeView<'a, F>; 2]> {
        let [first, second] = self.programs;
        let nodes = list(first).iter().zip(list(second));
        nodes.filter_map(|(a, b)| Some([first.node(*a)?, second.node(*b)?])).collect()
    }

    /// Writes the nodes that are computed.
    fn body(&mut self) -> Result<()> {
        let [first, second] = self.programs;
        if first.len() != second.len() {
            return Err(Error::new(
                ErrorKind::Refused,
                "onnx",
                "the number of nodes depends on the number of examples",
            ));
        }
        let pairs: Vec<[NodeView<'a, F>; 2]> = first.nodes().zip(second.nodes()).map(|(a, b)| [a, b]).collect();
        for (at, [node, other]) in pairs.iter().enumerate() {
            match node.operation() {
                "input" | "data" | "index" | "key" | "result" => {}
                "constant" => {
                    let name = self.constant(&[*node, *other])?;
                    self.values.insert(node.id().index(), name);
                }
                _ => self.apply(pairs.get(at..).unwrap_or_default())?,
            }
        }
        Ok(())
    }

    /// Writes the application that these nodes begin with.
    fn apply(&mut self, from: &[[NodeView<'a, F>; 2]]) -> Result<()> {
        let [first, second] = self.programs;
        let Some([node, other]) = from.first().copied() else { return Ok(()) };
        let Some(primitive) = node.primitive() else { return Ok(()) };
        let operands = node.operands().iter().zip(other.operands());
        let operands: Vec<[NodeView<'a, F>; 2]> =
            operands.filter_map(|(a, b)| Some([first.node(*a)?, second.node(*b)?])).collect();
        let names: Vec<String> = operands.iter().map(|[x, _]| self.value(x)).collect();
        if names.iter().any(String::is_empty) {
            return Err(nameless(&node));
        }
        let behind = from.iter().skip(1).take_while(|[node, _]| node.operation() == "result");
        let results: Vec<[NodeView<'a, F>; 2]> = from.iter().take(1).chain(behind).copied().collect();
        let ids: Vec<usize> = results.iter().map(|[y, _]| y.id().index()).collect();
        let mut at = Application { writer: self, node, primitive, other, names, operands, results };
        let values = match at.kernel() {
            Kernel::Program => at.inlined()?,
            _ => operations::write(&mut at)?,
        };
        for (id, value) in ids.into_iter().zip(values) {
            self.values.insert(id, value);
        }
        Ok(())
    }

    /// The value of a node.
    pub(crate) fn value(&self, node: &NodeView<'_, F>) -> String {
        self.values.get(&node.id().index()).cloned().unwrap_or_default()
    }

    /// A name that no other value has.
    pub(crate) fn unique(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 1;
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{wanted}_{number}");
        }
        name
    }

    pub(crate) fn fresh(&mut self) -> String {
        self.count += 1;
        let name = format!("v{}", self.count);
        self.unique(&name)
    }

    pub(crate) fn op(&mut self, operation: &str, inputs: &[&str], attributes: &[Attribute]) -> String {
        let name = self.fresh();
        self.nodes.push(wire::node(operation, inputs, &[&name], &name, attributes));
        name
    }

    /// An operation with several results.
    pub(crate) fn ops(
        &mut self,
        operation: &str,
        inputs: &[&str],
        count: usize,
        attributes: &[Attribute],
    ) -> Vec<String> {
        let names: Vec<String> = (0..count).map(|_| self.fresh()).collect();
        let outputs: Vec<&str> = names.iter().map(String::as_str).collect();
        let name = outputs.first().copied().unwrap_or_default();
        self.nodes.push(wire::node(operation, inputs, &outputs, name, attributes));
        names
    }

    fn array(&mut self, name: &str, array: &ArrayD<F>) {
        let bytes = match Self::REAL {
            Element::Single => array.iter().flat_map(|x| (x.double() as f32).to_le_bytes()).collect::<Vec<u8>>(),
            _ => array.iter().flat_map(|x| x.double().to_le_bytes()).collect(),
        };
        self.initializers.push(wire::tensor(name, Self::REAL, array.shape(), &bytes));
    }

    pub(crate) fn number(&mut self, x: F) -> String {
        let name = self.fresh();
        self.array(&name, &ndarray::arr0(x).into_dyn());
        name
    }

    pub(crate) fn integers(&mut self, xs: &[i64]) -> String {
        let name = self.fresh();
        let bytes: Vec<u8> = xs.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.initializers.push(wire::tensor(&name, Element::Integer, &[xs.len()], &bytes));
        name
    }

    /// One integer, without an axis.
    pub(crate) fn integer(&mut self, x: i64) -> String {
        let name = self.fresh();
        self.initializers.push(wire::tensor(&name, Element::Integer, &[], &x.to_le_bytes()));
        name
    }

    /// A constant: an array, or one number in all places, of any number of examples.
    fn constant(&mut self, pair: &[NodeView<'a, F>; 2]) -> Result<String> {
        let [node, _] = pair;
        let lengths = self.lengths(pair)?;
        if let Some(indices) = node.index_constant() {
            let name = self.fresh();
            let bytes: Vec<u8> = indices.iter().flat_map(|i| (*i as i64).to_le_bytes()).collect();
            self.initializers.push(wire::tensor(&name, Element::Integer, indices.shape(), &bytes));
            return Ok(name);
        }
        let missing = || Error::new(ErrorKind::Resources, "onnx", "there is no memory for a constant").at(node.place());
        let array = node.constant().ok_or_else(missing)?;
        let first = array.first().copied();
        let same = first.filter(|first| array.iter().all(|x| x == first));
        match same.filter(|_| lengths.contains(&Length::Examples)) {
            Some(number) => {
                let (number, shape) = (self.number(number), self.shape(&lengths));
                Ok(self.op("Expand", &[&number, &shape], &[]))
            }
            None if lengths.contains(&Length::Examples) => {
                let message = "a constant array has a row for each example";
                Err(Error::new(ErrorKind::Refused, "onnx", message).at(node.place()))
            }
            None => {
                let name = self.fresh();
                self.array(&name, &array);
                Ok(name)
            }
        }
    }

    /// The lengths of a node, of which those that differ as the numbers of examples do are theirs.
    pub(crate) fn lengths(&self, [node, other]: &[NodeView<'a, F>; 2]) -> Result<Vec<Length>> {
        let pairs = node.shape().iter().zip(other.shape().iter());
        let length = |(a, b): (&usize, &usize)| match (*a, *b) {
            (a, b) if a == b => Ok(Length::Fixed(a)),
            (a, b) if [a, b] == self.examples => Ok(Length::Examples),
            _ => {
                let message =
                    format!("a length of {} depends on the number of examples other than being it", node.shape());
                Err(Error::new(ErrorKind::Refused, node.operation(), message).at(node.place()))
            }
        };
        pairs.map(length).collect()
    }

    /// A shape as a value.
    pub(crate) fn shape(&mut self, lengths: &[Length]) -> String {
        let fixed = |length: &Length| match length {
            Length::Fixed(length) => *length as i64,
            Length::Examples => -1,
        };
        if !lengths.contains(&Length::Examples) {
            let lengths: Vec<i64> = lengths.iter().map(fixed).collect();
            return self.integers(&lengths);
        }
        let parts: Vec<String> = lengths
            .iter()
            .map(|length| match length {
                Length::Fixed(length) => self.integers(&[*length as i64]),
                Length::Examples => self.examples(),
            })
            .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.op("Concat", &parts, &[Attribute::integer("axis", 0)])
    }

    /// The number of examples, as an array of one integer.
    fn examples(&mut self) -> String {
        if let Some(n) = &self.n {
            return n.clone();
        }
        let (input, axis) = self.axis.clone().unwrap_or_default();
        let slice = [Attribute::integer("start", axis), Attribute::integer("end", axis + 1)];
        let n = self.op("Shape", &[&input], &slice);
        self.n = Some(n.clone());
        n
    }

    /// Writes a program, the body of a loop or a composition, with these values of its inputs; the values of its outputs.
    pub(crate) fn inlined(&mut self, programs: [&'a Program<F>; 2], inputs: Vec<String>) -> Result<Vec<String>> {
        let outer = std::mem::replace(&mut self.programs, programs);
        let values = std::mem::take(&mut self.values);
        for ([node, _], name) in self.pairs(|program| program.input_ids()).iter().zip(inputs) {
            self.values.insert(node.id().index(), name);
        }
        let written = self.body();
        let outputs = self.pairs(|program| program.output_ids()).iter().map(|[node, _]| self.value(node)).collect();
        self.programs = outer;
        self.values = values;
        written.map(|()| outputs)
    }

    /// The body of a loop as a graph, which takes the carries, the number of the step and the rows of this step. It may use
    /// the values around it.
    pub(crate) fn subgraph_of_step(
        &mut self,
        programs: [&'a Program<F>; 2],
        (carries, inputs): (usize, usize),
        captured: Vec<String>,
    ) -> Result<Message> {
        // What the graph outside needs is written there.
        if self.axis.is_some() {
            self.examples();
        }
        let nodes = std::mem::take(&mut self.nodes);
        let outer = std::mem::replace(&mut self.programs, programs);
        let own: Vec<[NodeView<'a, F>; 2]> =
            self.pairs(|program| program.input_ids()).into_iter().take(1 + carries + inputs).collect();
        let outputs = self.pairs(|program| program.output_ids());
        self.programs = outer;
        let names: Vec<String> = own.iter().map(|_| self.fresh()).collect();
        let written = self.inlined(programs, names.iter().cloned().chain(captured).collect());
        let inner = std::mem::replace(&mut self.nodes, nodes);
        let mut graph = inner.iter().fold(Message::new(), |graph, node| graph.message(1, node));
        let mut results = Vec::new();
        for value in written? {
            // A result has a name of its own in the graph.
            let name = self.fresh();
            graph = graph.message(1, &wire::node("Identity", &[&value], &[&name], &name, &[]));
            results.push(name);
        }
        graph = graph.text(2, "step");
        let described = |list: &[[NodeView<'a, F>; 2]], names: &[String]| -> Result<Vec<Message>> {
            let pairs = list.iter().zip(names);
            pairs.map(|(pair, name)| Ok(wire::value(name, element(&first(pair))?, &self.lengths(pair)?))).collect()
        };
        let mut values = described(&own, &names)?;
        // The number of the step comes behind the carries.
        values.get_mut(..=carries).unwrap_or_default().rotate_left(1);
        graph = values.iter().fold(graph, |graph, value| graph.message(11, value));
        let results = described(&outputs, &results)?;
        Ok(results.iter().fold(graph, |graph, value| graph.message(12, value)))
    }
}

/// The error of a value that an operation there does not give: the places of the largest elements of windows.
fn nameless<F: Real>(node: &NodeView<'_, F>) -> Error {
    let message = "the places that `max_pool` finds are counted otherwise in ONNX, and not written";
    Error::new(ErrorKind::Registry, node.operation(), message).at(node.place())
}

/// The node as it is for the first number of examples.
fn first<'a, F: Real>([node, _]: &[NodeView<'a, F>; 2]) -> NodeView<'a, F> {
    *node
}

/// The type of a node's elements.
fn element<F: Real>(node: &NodeView<'_, F>) -> Result<Element> {
    match node.kind() {
        Kind::Real => Ok(Writer::<F>::REAL),
        Kind::Index => Ok(Element::Integer),
        Kind::Key => {
            let message = "ONNX has no random keys";
            Err(Error::new(ErrorKind::Registry, "onnx", message).at(node.place()))
        }
    }
}

impl<F: Real> Application<'_, '_, F> {
    /// A composition with a rule of its own, written out.
    fn inlined(&mut self) -> Result<Vec<String>> {
        match (self.primitive.bodies(), self.other.primitive().map(|other| other.bodies())) {
            ([first], Some([second])) => self.writer.inlined([first, second], self.names.clone()),
            _ => Err(self.lacks()),
        }
    }
}
