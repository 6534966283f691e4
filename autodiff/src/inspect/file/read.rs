//! A trace, read from bytes that are not trusted.

use super::{BEGINNING, VERSION, sum, tag};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::inspect::documentation::{Answer, Documentation, Template};
use crate::inspect::event::{Edge, Event};
use crate::inspect::node::{Formula, Role, Source, WrittenNode};
use crate::inspect::trace::{Dated, Trace};
use crate::inspect::uses::Uses;
use crate::tape::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

impl<F: Real> Trace<F> {
    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`ErrorKind::File`] with the offset and the reason: the bytes are not a trace, of a newer version, of the other
    /// precision, incomplete, or changed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::begin(bytes)?;
        let precision = reader.given_text()?;
        if precision != F::NAME {
            let error = reader.error(&format!("the trace is of {precision}, not of {}", F::NAME));
            return Err(error.with_help("read it as a trace of that precision"));
        }
        for _ in 0..reader.length()? {
            let text = reader.given_text()?;
            reader.texts.push(text.into());
        }
        let mut documents = Vec::new();
        for _ in 0..reader.length()? {
            documents.push(Arc::new(reader.documentation()?));
        }
        let mut nodes: IdVec<WrittenNode> = IdVec::new();
        for i in 0..reader.length()? {
            nodes.push(reader.node(i, &documents)?);
        }
        let length = nodes.len();
        let slots = |id: NodeId| nodes.find(id).map_or(0, |node| node.operands.len());
        let mut contributions = IdVec::new();
        NodeId::all(length).for_each(|id| {
            contributions.push((0..slots(id)).map(|_| None).collect());
        });
        let mut trace = Trace {
            uses: Uses::of(length, |id| nodes.find(id).map_or(&[], |node| &node.operands)),
            source: Source::Written(Arc::new(nodes)),
            events: Vec::new(),
            values: IdVec::filled(length, || Value::Unknown),
            pushed: IdVec::filled(length, || usize::MAX),
            cotangents: IdVec::filled(length, Vec::new),
            contributions,
            updates: BTreeMap::new(),
            later: Vec::new(),
        };
        for _ in 0..reader.length()? {
            reader.event(&mut trace)?;
        }
        for _ in 0..reader.length()? {
            let (node, time) = (reader.number()?, reader.number()?);
            let before = trace.later.last().map_or((0, 0), |(id, time)| (id.index(), *time));
            if node > length || time > trace.events.len() || (node, time) < before || time < before.1 {
                return Err(reader.error("a run begins where none can"));
            }
            trace.later.push((NodeId::new(node), time));
        }
        match reader.left() {
            0 => Ok(trace),
            left => Err(reader.error(&format!("{left} bytes are left over"))),
        }
    }
}

/// More elements than an array of a trace has.
const LARGEST: usize = 1 << 31;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    texts: Vec<Arc<str>>,
}

impl<'a> Reader<'a> {
    /// Behind the beginning of the file, which is whole.
    fn begin(bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader { bytes, at: 0, texts: Vec::new() };
        let known = bytes.iter().zip(BEGINNING).take_while(|(a, b)| a == b).count();
        if known < BEGINNING.len() {
            reader.at = known;
            return Err(reader.error("this is no trace: it should begin with `autodiff trace`"));
        }
        reader.at = known;
        let version = u32::from_le_bytes(reader.take()?);
        if version > VERSION {
            reader.at = known;
            let text = format!("the trace is of version {version}; this reads versions up to {VERSION}");
            return Err(reader.error(&text).with_help("read it with a newer release"));
        }
        let Some((content, end)) = bytes.split_last_chunk::<8>().filter(|(content, _)| content.len() >= reader.at)
        else {
            return Err(reader.error("the trace ends here"));
        };
        if sum(content) != u64::from_le_bytes(*end) {
            reader.at = content.len();
            return Err(reader.error("the check sum at the end is not that of the bytes before it: the file was changed, or its end is missing"));
        }
        reader.bytes = content;
        Ok(reader)
    }

    fn error(&self, reason: &str) -> Error {
        Error::new(ErrorKind::File, "trace", format!("byte {}: {reason}", self.at))
    }

    fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let found = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>());
        let found = *found.ok_or_else(|| self.error("the trace ends here"))?;
        self.at += N;
        Ok(found)
    }

    fn byte(&mut self) -> Result<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<usize> {
        let mut number = 0u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return usize::try_from(number).map_err(|_| self.error("a number is too large"));
            }
        }
        Err(self.error("a number is too long"))
    }

    /// How many of something follow, of which each takes at least one byte.
    fn length(&mut self) -> Result<usize> {
        let length = self.number()?;
        match length <= self.left() {
            true => Ok(length),
            false => Err(self.error(&format!("{length} items cannot follow in {} bytes", self.left()))),
        }
    }

    fn given_text(&mut self) -> Result<&'a str> {
        let length = self.length()?;
        let bytes = self.bytes.get(self.at..self.at + length).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| self.error("a text is not UTF-8"))?;
        self.at += length;
        Ok(text)
    }

    fn text(&mut self) -> Result<String> {
        let number = self.number()?;
        self.texts
            .get(number)
            .map(|text| text.to_string())
            .ok_or_else(|| self.error(&format!("there is no text {number}")))
    }

    fn optional(&mut self) -> Result<Option<String>> {
        Ok(match self.byte()? {
            0 => None,
            _ => Some(self.text()?),
        })
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        (0..self.length()?).map(|_| item(self)).collect()
    }

    fn one_of<T: Copy>(&mut self, of: &[T], what: &str) -> Result<T> {
        let number = self.byte()?;
        of.get(number as usize).copied().ok_or_else(|| self.error(&format!("{number} is not the number of a {what}")))
    }

    fn documentation(&mut self) -> Result<Documentation> {
        Ok(Documentation {
            formula: self.text()?,
            roles: self.list(Reader::text)?,
            application: Template(self.text()?),
            rule: self.list(|reader| {
                Ok(match reader.byte()? {
                    0 => Answer::Of(Template(reader.text()?)),
                    1 => Answer::Zero,
                    2 => Answer::None,
                    _ => Answer::Refused(reader.text()?),
                })
            })?,
            elementwise: self.byte()? != 0,
        })
    }

    fn node(&mut self, position: usize, documents: &[Arc<Documentation>]) -> Result<WrittenNode> {
        let (operation, call) = (self.text()?, self.text()?);
        let operands = self.list(|reader| reader.earlier(position))?;
        let kind = self.one_of(&[Kind::Real, Kind::Index, Kind::Key], "kind of an array")?;
        let lengths = self.list(Reader::number)?;
        let size = lengths.iter().try_fold(1usize, |size, length| size.checked_mul(*length));
        if lengths.len() > Shape::MOST_AXES || size.is_none_or(|size| size > LARGEST) {
            return Err(self.error("the shape has too many axes, or more elements than an array of a trace can have"));
        }
        let roles = [Role::Input, Role::Data, Role::Constant, Role::Computed, Role::FurtherResult];
        let role = self.one_of(&roles, "role of a node")?;
        let (name, scope) = (self.optional()?, self.text()?);
        let location = match self.optional()? {
            Some(file) => Some((file, u32::try_from(self.number()?).unwrap_or(u32::MAX))),
            None => None,
        };
        let formula = match self.optional()? {
            Some(template) => {
                let leaves = self.list(|reader| Ok((reader.earlier(position)?, reader.text()?)))?;
                let (leaves, names) = leaves.into_iter().unzip();
                Some(Formula { template: Template(template), leaves, names })
            }
            None => None,
        };
        let documentation = match self.byte()? {
            0 => {
                let number = self.number()?;
                let found = documents.get(number).cloned();
                Ok(found.ok_or_else(|| self.error(&format!("there is no documentation {number}")))?)
            }
            _ => Err(self.text()?),
        };
        let shape = Shape::from(lengths.as_slice());
        let node =
            WrittenNode { operation, call, operands, kind, shape, role, name, scope, location, formula, documentation };
        Ok(node)
    }

    /// A node that comes before the one at this position.
    fn earlier(&mut self, position: usize) -> Result<NodeId> {
        match self.number()? {
            id if id < position => Ok(NodeId::new(id)),
            id => Err(self.error(&format!("the operand %{id} of %{position} does not come before it"))),
        }
    }

    fn id<F: Real>(&mut self, trace: &Trace<F>) -> Result<NodeId> {
        match self.number()? {
            id if id < trace.values.len() => Ok(NodeId::new(id)),
            id => Err(self.error(&format!("there is no node %{id}"))),
        }
    }

    fn event<F: Real>(&mut self, trace: &mut Trace<F>) -> Result<()> {
        let now = trace.events.len() + 1;
        let event = match self.byte()? {
            0 => Event::Enter(self.text()?.into()),
            1 => Event::Exit(self.text()?.into()),
            2 => {
                let id = self.id(trace)?;
                if trace.pushed[id] != usize::MAX {
                    return Err(self.error(&format!("{id} is computed twice")));
                }
                trace.pushed[id] = now;
                trace.values[id] = self.value(trace, id)?;
                Event::Push(id)
            }
            3 => {
                let id = self.id(trace)?;
                self.cotangent(trace, id, now)?;
                Event::Seed(id)
            }
            4 => Event::Visit(self.id(trace)?),
            5 => {
                let (node, slot) = (self.id(trace)?, self.number()?);
                let Some(operand) = trace.source.operands(node).get(slot).copied() else {
                    return Err(self.error(&format!("{node} has no operand {slot}")));
                };
                let given = self.value(trace, operand)?;
                if let (Some(entry), false) = (trace.contributions[node].get_mut(slot), matches!(given, Value::Unknown))
                {
                    *entry = Some((now, given));
                }
                self.cotangent(trace, operand, now)?;
                Event::Accumulate(Edge { node, slot, operand })
            }
            6 => {
                let id = self.id(trace)?;
                self.cotangent(trace, id, now)?;
                Event::Zero(id)
            }
            7 => {
                let id = self.id(trace)?;
                let next: Dated<F> = (now, self.value(trace, id)?);
                trace.updates.insert(id, next);
                Event::Update(id)
            }
            other => return Err(self.error(&format!("{other} is not the number of a kind of event (0 to 7)"))),
        };
        trace.events.push(event);
        Ok(())
    }

    fn cotangent<F: Real>(&mut self, trace: &mut Trace<F>, id: NodeId, now: usize) -> Result<()> {
        match self.value(trace, id)? {
            Value::Unknown => {}
            value => trace.cotangents[id].push((now, value)),
        }
        Ok(())
    }

    fn value<F: Real>(&mut self, trace: &Trace<F>, id: NodeId) -> Result<Value<F>> {
        let size = trace.source.shape(id).map_or(1, Shape::size);
        let each = if F::NAME == "f32" { 4 } else { 8 };
        let fits = |reader: &Self, each: usize| match size.checked_mul(each).is_some_and(|bytes| bytes <= reader.left())
        {
            true => Ok(()),
            false => Err(reader.error(&format!("{size} numbers cannot follow in {} bytes", reader.left()))),
        };
        Ok(match self.byte()? {
            tag::UNKNOWN => Value::Unknown,
            tag::NUMBER => Value::Splat(self.real()?),
            tag::ARRAY => {
                fits(self, each)?;
                Value::Array(Arc::new((0..size).map(|_| self.real()).collect::<Result<_>>()?))
            }
            tag::INDEX => {
                fits(self, 1)?;
                Value::Index(Arc::new((0..size).map(|_| self.number()).collect::<Result<_>>()?))
            }
            tag::KEY => Value::Key(u64::from_le_bytes(self.take()?)),
            other => return Err(self.error(&format!("{other} is not the number of a kind of value"))),
        })
    }

    fn real<F: Real>(&mut self) -> Result<F> {
        Ok(F::of(match F::NAME {
            "f32" => f64::from(f32::from_le_bytes(self.take()?)),
            _ => f64::from_le_bytes(self.take()?),
        }))
    }
}
