//! A trace, written as bytes.

use super::{BEGINNING, VERSION, sum, tag};
use crate::base::ids::NodeId;
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::inspect::documentation::{Answer, Documentation};
use crate::inspect::event::Event;
use crate::inspect::node::{Role, WrittenNode};
use crate::inspect::trace::Trace;
use crate::tape::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

impl<F: Real> Trace<F> {
    /// The trace as bytes, for [`from_bytes`](Self::from_bytes). A trace that was read can be shown and compared as
    /// before, but not run again: it has the formulas and rules of the primitives as text, not the primitives.
    ///
    /// ```
    /// # use autodiff::inspect::Trace;
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let trace = tape.input([1.0, 2.0]).named("x").tanh().sum(..).trace()?;
    /// let again = Trace::<f64>::from_bytes(&trace.to_bytes())?;
    /// assert_eq!(again.at(5).to_string(), trace.at(5).to_string());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    pub fn to_bytes(&self) -> Vec<u8> {
        let nodes: Vec<WrittenNode> = self.source.written(&self.uses).collect();
        let mut writer = Writer::default();
        let mut documents: BTreeMap<Arc<Documentation>, usize> = BTreeMap::new();
        for documentation in nodes.iter().filter_map(|node| node.documentation.as_ref().ok()) {
            let next = documents.len();
            documents.entry(documentation.clone()).or_insert(next);
        }
        let mut ordered: Vec<(&Arc<Documentation>, &usize)> = documents.iter().collect();
        ordered.sort_by_key(|(_, number)| **number);
        writer.count(ordered.len());
        ordered.iter().for_each(|(documentation, _)| writer.documentation(documentation));
        writer.count(nodes.len());
        for node in &nodes {
            writer.node(node, &documents);
        }
        writer.count(self.events.len());
        for (i, event) in self.events.iter().enumerate() {
            self.event(&mut writer, i + 1, event);
        }
        writer.count(self.later.len());
        for (id, time) in &self.later {
            writer.id(*id);
            writer.count(*time);
        }
        writer.finish::<F>()
    }

    fn event(&self, writer: &mut Writer, now: usize, event: &Event) {
        let dated = |history: Option<&Vec<(usize, Value<F>)>>| {
            let found = history.and_then(|history| history.iter().find(|(since, _)| *since == now));
            found.map_or(Value::Unknown, |(_, value)| value.clone())
        };
        let cotangent = |id: NodeId| dated(self.cotangents.find(id));
        let tagged = |writer: &mut Writer, tag: u8, id: NodeId| {
            writer.bytes.push(tag);
            writer.id(id);
        };
        match event {
            Event::Enter(scope) => {
                writer.bytes.push(0);
                writer.text(scope);
            }
            Event::Exit(scope) => {
                writer.bytes.push(1);
                writer.text(scope);
            }
            Event::Push(id) => {
                tagged(writer, 2, *id);
                writer.value(self, *id, self.values.find(*id).unwrap_or(&Value::Unknown));
            }
            Event::Seed(id) => {
                tagged(writer, 3, *id);
                writer.value(self, *id, &cotangent(*id));
            }
            Event::Visit(id) => tagged(writer, 4, *id),
            Event::Accumulate(edge) => {
                tagged(writer, 5, edge.node);
                writer.count(edge.slot);
                let entry = self.contributions.find(edge.node).and_then(|slots| slots.get(edge.slot));
                let given = entry.and_then(Option::as_ref).filter(|(since, _)| *since == now);
                writer.value(self, edge.operand, given.map_or(&Value::Unknown, |(_, value)| value));
                writer.value(self, edge.operand, &cotangent(edge.operand));
            }
            Event::Zero(id) => {
                tagged(writer, 6, *id);
                writer.value(self, *id, &cotangent(*id));
            }
            Event::Update(id) => {
                tagged(writer, 7, *id);
                writer.value(self, *id, self.updates.get(id).map_or(&Value::Unknown, |(_, value)| value));
            }
        }
    }
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    texts: Vec<Arc<str>>,
    numbers: BTreeMap<Arc<str>, usize>,
}

impl Writer {
    fn count(&mut self, number: usize) {
        number_into(&mut self.bytes, number as u64);
    }

    fn id(&mut self, id: NodeId) {
        self.count(id.index());
    }

    fn text(&mut self, text: &str) {
        let number = match self.numbers.get(text) {
            Some(number) => *number,
            None => {
                let text: Arc<str> = text.into();
                self.texts.push(text.clone());
                self.numbers.insert(text, self.texts.len() - 1);
                self.texts.len() - 1
            }
        };
        self.count(number);
    }

    fn optional(&mut self, text: Option<&str>) {
        self.bytes.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn documentation(&mut self, documentation: &Documentation) {
        self.text(&documentation.formula);
        self.count(documentation.roles.len());
        documentation.roles.iter().for_each(|role| self.text(role));
        self.text(&documentation.application.0);
        self.count(documentation.rule.len());
        for answer in &documentation.rule {
            match answer {
                Answer::Of(template) => {
                    self.bytes.push(0);
                    self.text(&template.0);
                }
                Answer::Zero => self.bytes.push(1),
                Answer::None => self.bytes.push(2),
                Answer::Refused(reason) => {
                    self.bytes.push(3);
                    self.text(reason);
                }
            }
        }
        self.bytes.push(u8::from(documentation.elementwise));
    }

    fn node(&mut self, node: &WrittenNode, documents: &BTreeMap<Arc<Documentation>, usize>) {
        self.text(&node.operation);
        self.text(&node.call);
        self.count(node.operands.len());
        node.operands.iter().for_each(|id| self.id(*id));
        self.bytes.push(match node.kind {
            Kind::Real => 0,
            Kind::Index => 1,
            Kind::Key => 2,
        });
        self.count(node.shape.rank());
        node.shape.iter().for_each(|length| self.count(*length));
        self.bytes.push(match node.role {
            Role::Input => 0,
            Role::Data => 1,
            Role::Constant => 2,
            Role::Computed => 3,
            Role::FurtherResult => 4,
        });
        self.optional(node.name.as_deref());
        self.text(&node.scope);
        self.optional(node.location.as_ref().map(|(file, _)| file.as_str()));
        if let Some((_, line)) = &node.location {
            self.count(*line as usize);
        }
        self.optional(node.formula.as_ref().map(|formula| formula.template.0.as_str()));
        if let Some(formula) = &node.formula {
            self.count(formula.leaves.len());
            for (leaf, name) in formula.leaves.iter().zip(&formula.names) {
                self.id(*leaf);
                self.text(name);
            }
        }
        match &node.documentation {
            Ok(documentation) => {
                self.bytes.push(0);
                self.count(documents.get(documentation).copied().unwrap_or(0));
            }
            Err(reason) => {
                self.bytes.push(1);
                self.text(reason);
            }
        }
    }

    fn value<F: Real>(&mut self, trace: &Trace<F>, id: NodeId, value: &Value<F>) {
        let shape = trace.source.shape(id).cloned().unwrap_or_default();
        match value {
            Value::Unknown => self.bytes.push(tag::UNKNOWN),
            Value::Splat(x) => {
                self.bytes.push(tag::NUMBER);
                self.real(*x);
            }
            Value::Key(key) => {
                self.bytes.push(tag::KEY);
                self.bytes.extend(key.to_le_bytes());
            }
            Value::Index(indices) => {
                self.bytes.push(tag::INDEX);
                indices.iter().for_each(|index| self.count(*index));
            }
            Value::Array(_) | Value::View(_) => match value.view(&shape) {
                Some(view) => {
                    self.bytes.push(tag::ARRAY);
                    view.iter().for_each(|x| self.real(x));
                }
                None => self.bytes.push(tag::UNKNOWN),
            },
        }
    }

    fn real<F: Real>(&mut self, x: F) {
        match F::NAME {
            "f32" => self.bytes.extend((x.double() as f32).to_le_bytes()),
            _ => self.bytes.extend(x.double().to_le_bytes()),
        }
    }

    fn finish<F: Real>(self) -> Vec<u8> {
        let mut file = BEGINNING.to_vec();
        file.extend(VERSION.to_le_bytes());
        let text = |file: &mut Vec<u8>, text: &str| {
            number_into(file, text.len() as u64);
            file.extend(text.bytes());
        };
        text(&mut file, F::NAME);
        number_into(&mut file, self.texts.len() as u64);
        self.texts.iter().for_each(|one| text(&mut file, one));
        file.extend(self.bytes);
        file.extend(sum(&file).to_le_bytes());
        file
    }
}

/// Seven bits a byte, the lowest first; the highest bit of a byte says that another follows.
fn number_into(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
