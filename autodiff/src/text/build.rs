//! Lines become nodes, recorded on a tape without values: names are looked up, shapes follow from the usual rules.

use super::literal::{self, Literal};
use super::report::{Source, Span, brief, nearest};
use super::syntax::{
    Attribute as Written, Call, Leaf, Line, Module, Operand, Section, Target, Type, Value as WrittenValue,
};
use crate::base::attributes::{Attribute, Attributes};
use crate::base::error::{Error, Result};
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Kernel, Kind, PrimitiveRef, Registry};
use crate::program::Program;
use crate::tape::value::Value;
use crate::tape::{Arg, Tape};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn program<F: Real>(source: &Source<'_>, registry: &Registry<F>, module: &Module<'_>) -> Result<Program<F>> {
    let (real, span) = module.real;
    if real != F::NAME {
        let error = source.error(span, format!("the program is of {real} numbers and was to be read as {}", F::NAME));
        return Err(error.with_help(format!("read it as a `Program::<{real}>`, and `cast` that")));
    }
    let mut bodies: BTreeMap<String, Program<F>> = BTreeMap::new();
    for ((name, span), section) in &module.bodies {
        let body = self::section(source, registry, &bodies, section)?;
        if bodies.insert((*name).to_owned(), body).is_some() {
            return Err(source.error(*span, format!("the body `{name}` is defined twice")));
        }
    }
    section(source, registry, &bodies, &module.main)
}

/// The program of a section, which may name the bodies above it.
fn section<F: Real>(
    source: &Source<'_>,
    registry: &Registry<F>,
    bodies: &BTreeMap<String, Program<F>>,
    section: &Section<'_>,
) -> Result<Program<F>> {
    let tape = Tape::symbolic();
    let mut builder = Builder { source, registry, bodies, tape: &tape, ids: BTreeMap::new(), names: BTreeMap::new() };
    for line in &section.lines {
        builder.line(line)?;
    }
    let outputs = section.returned.iter().map(|operand| builder.returned(operand)).collect::<Result<Vec<_>>>()?;
    tape.program(&outputs)
}

struct Builder<'b, 'a, F: Real> {
    source: &'b Source<'a>,
    registry: &'b Registry<F>,
    bodies: &'b BTreeMap<String, Program<F>>,
    tape: &'b Tape<F>,
    /// The node of each id, and the line it stands in.
    ids: BTreeMap<u64, (NodeId, usize)>,
    /// The nodes of each name, and their lines.
    names: BTreeMap<String, Vec<(NodeId, usize)>>,
}

impl<'b, F: Real> Builder<'b, '_, F> {
    fn line(&mut self, line: &Line<'_>) -> Result<()> {
        line.results.iter().try_for_each(|target| self.check_free(target))?;
        let single = line.results.first().and_then(|target| target.declared.as_ref());
        let nodes = self.placed(&line.scope, || match &line.leaf {
            Leaf::Given(what, span) => Ok(vec![self.given(what, *span, single)?]),
            Leaf::Constant(literal) => Ok(vec![self.constant(literal, single)?]),
            Leaf::Call(call) => self.call(call),
        })?;
        if nodes.len() != line.results.len() {
            let span = line.results.first().and_then(Target::span).unwrap_or(Span { start: 0, end: 0 });
            let (found, named) = (nodes.len(), line.results.len());
            let message = format!("the line names {named} results, the operation has {found}");
            return Err(self.source.error(span, message).with_help("`%4 : f64[3], %5 : index[3] = sort(%1; axis=0)`"));
        }
        for (node, target) in nodes.into_iter().zip(&line.results) {
            self.define(node, target)?;
        }
        Ok(())
    }

    /// That the id or the name of a result is not taken.
    fn check_free(&self, target: &Target<'_>) -> Result<()> {
        let taken =
            |span, what: &str, before| Err(self.source.error(span, format!("{what} is defined in line {before}")));
        if let Some((id, span)) = target.id
            && let Some((_, before)) = self.ids.get(&id)
        {
            return taken(span, &format!("%{id}"), before);
        }
        // Two nodes may have one name, as on a tape, where ids tell them apart.
        if let (None, Some((name, span))) = (target.id, &target.name)
            && let Some((_, before)) = self.names.get(name).and_then(|nodes| nodes.last())
        {
            return taken(*span, &format!("`{}`", brief(name)), before);
        }
        Ok(())
    }

    fn define(&mut self, node: NodeId, target: &Target<'_>) -> Result<()> {
        // Two results of one line may not share an id or a name, either.
        self.check_free(target)?;
        if let Some(declared) = &target.declared {
            self.check_type(node, declared)?;
        }
        let number = target.span().map_or(0, |span| self.source.line(span));
        if let Some((id, _)) = target.id {
            self.ids.insert(id, (node, number));
        }
        if let Some((name, _)) = &target.name {
            self.tape.set_name(node, name);
            self.names.entry(name.clone()).or_default().push((node, number));
        }
        Ok(())
    }

    /// What `record` records has no line of code.
    fn placed<R>(&self, scope: &str, record: impl FnOnce() -> R) -> R {
        self.tape.placed(self.tape.intern(scope), None, record)
    }

    fn returned(&self, operand: &Operand<'_>) -> Result<Arg<'b, F>> {
        let node = self.placed("", || self.operand(operand))?;
        Ok(self.tape.arg(node))
    }

    fn type_name(&self, node: NodeId) -> String {
        self.tape.with_node(node, |node| node.type_name())
    }

    fn check_type(&self, node: NodeId, declared: &Type<'_>) -> Result<()> {
        let shape = if declared.name == "key" { String::new() } else { declared.shape.to_string() };
        let (found, declared_name) = (self.type_name(node), format!("{}{shape}", declared.name));
        match found == declared_name {
            true => Ok(()),
            false => {
                let message = format!("the type should be {found}, which the operation gives, not {declared_name}");
                Err(self.source.error(declared.span, message))
            }
        }
    }

    // ---- leaves ------------------------------------------------------------------------------------------------------

    fn given(&self, what: &str, span: Span, declared: Option<&Type<'_>>) -> Result<NodeId> {
        let (kind, active, fitting) = match what {
            "input" => (Kind::Real, true, F::NAME),
            "data" => (Kind::Real, false, F::NAME),
            "index" => (Kind::Index, false, "index"),
            _ => (Kind::Key, false, "key"),
        };
        let shape = match declared {
            Some(declared) if declared.name == fitting => self.addressable(declared)?,
            None if kind == Kind::Key => Shape::scalar(),
            other => {
                let message = format!("{what} needs a type before it: `x : {fitting}[2, 3] = {what}`");
                let message = if kind == Kind::Key { "the type of a key is `key`".into() } else { message };
                return Err(self.source.error(other.map_or(span, |declared| declared.span), message));
            }
        };
        Ok(self.tape.unknown(kind, shape, active).parts().1)
    }

    fn addressable(&self, declared: &Type<'_>) -> Result<Shape> {
        match declared.shape.is_addressable::<F>() && declared.shape.is_addressable::<usize>() {
            true => Ok(declared.shape.clone()),
            false => Err(self.source.error(declared.span, format!("the array would be too large: {}", declared.shape))),
        }
    }

    fn constant(&self, literal: &Literal, declared: Option<&Type<'_>>) -> Result<NodeId> {
        let shape = declared.map_or(Ok(literal.shape.clone()), |declared| self.addressable(declared))?;
        let kind = declared.map_or(F::NAME, |declared| declared.name);
        let repeats = kind == F::NAME && literal.shape.rank() == 0;
        let fits = literal.shape == shape || repeats || (literal.shape.size() == 0 && shape.size() == 0);
        if !fits {
            let message = format!("this is of shape {}, its type says {shape}", literal.shape);
            return Err(self.source.error(literal.span, message));
        }
        let value = match kind {
            "key" => match literal.numbers.as_slice() {
                [number] => Value::Key(literal::whole(self.source, *number)?),
                _ => return Err(self.source.error(literal.span, "a key is one number")),
            },
            "index" => Value::Index(Arc::new(self.read(literal, literal::length)?)),
            _ => match self.read(literal, literal::real)?.as_slice() {
                [number] if repeats && shape.size() > 0 => Value::Splat(*number),
                _ if shape.size() == 0 => Value::Array(Arc::default()),
                numbers => Value::Array(Arc::new(numbers.to_vec())),
            },
        };
        Ok(self.tape.constant_value(value, shape).id())
    }

    fn read<T>(&self, literal: &Literal, read: impl Fn(&Source<'_>, Span) -> Result<T>) -> Result<Vec<T>> {
        literal.numbers.iter().map(|span| read(self.source, *span)).collect()
    }

    // ---- operations --------------------------------------------------------------------------------------------------

    fn operand(&self, operand: &Operand<'_>) -> Result<NodeId> {
        match operand {
            Operand::Literal(literal) => self.constant(literal, None),
            Operand::Call(call) => match self.call(call)?.as_slice() {
                [node] => Ok(*node),
                nodes => {
                    let message = format!("`{}` has {} results and cannot be an operand", call.name.0, nodes.len());
                    Err(self.source.error(call.span, message).with_help("give it a line of its own"))
                }
            },
            Operand::Id(id, span) => self.ids.get(id).map(|(node, _)| *node).ok_or_else(|| {
                let error = self.source.error(*span, format!("there is no %{id} above this line"));
                error.with_help("operands stand before what is computed from them")
            }),
            Operand::Name(name, span) => match self.names.get(name).map(Vec::as_slice) {
                Some([(node, _)]) => Ok(*node),
                Some(nodes) => {
                    let lines = nodes.iter().map(|(_, line)| line.to_string()).collect::<Vec<_>>().join(", ");
                    let message = format!("`{}` is the name of several nodes, in lines {lines}", brief(name));
                    let error = self.source.error(*span, message);
                    Err(error.with_help("write the id of one of them, such as `%3`"))
                }
                None => {
                    let error = self.source.error(*span, format!("there is no `{}` above this line", brief(name)));
                    Err(match nearest(name, self.names.keys().map(String::as_str)) {
                        Some(help) => error.with_help(help),
                        None => error,
                    })
                }
            },
        }
    }

    fn call(&self, call: &Call<'_>) -> Result<Vec<NodeId>> {
        let primitive = self.primitive(call)?;
        let nodes = call.operands.iter().map(|operand| self.operand(operand)).collect::<Result<Vec<_>>>()?;
        let args: Vec<Arg<'_, F>> = self.broadcast(&primitive, nodes.iter().map(|node| self.tape.arg(*node)).collect());
        let results = self.tape.record_any(primitive.clone(), &args);
        let Some(refused) = results.first().and_then(|y| y.shape().err()) else {
            return Ok(results.iter().map(Arg::id).collect());
        };
        let error = self.source.mark(call.name.1, refused.kind(), call.name.0, refused.message());
        let signature = primitive.signature();
        let role = |i| signature.operand(i).map_or("one more", |(role, _)| role);
        let error = nodes.iter().zip(&call.operands).enumerate().fold(error, |error, (i, (node, operand))| {
            error.with_operand(format!("{}: {} : {}", role(i), self.shown(operand), self.type_name(*node)))
        });
        Err(match refused.help() {
            Some(help) => error.with_help(help),
            None => error,
        })
    }

    /// An operand as an error shows it: as it was written, and where it comes from.
    fn shown(&self, operand: &Operand<'_>) -> String {
        let written = self.source.piece(operand.span());
        let line = match operand {
            Operand::Id(id, _) => self.ids.get(id).map(|(_, line)| *line),
            Operand::Name(name, _) => self.names.get(name).and_then(|nodes| nodes.last()).map(|(_, line)| *line),
            Operand::Literal(_) | Operand::Call(_) => None,
        };
        match line {
            Some(line) => format!("{} (line {line})", brief(written)),
            None => brief(written),
        }
    }

    /// The operands of an elementwise operation stretched to one shape, where there is one.
    fn broadcast<'t>(&self, primitive: &PrimitiveRef<F>, args: Vec<Arg<'t, F>>) -> Vec<Arg<'t, F>> {
        let shape = |arg: &Arg<'t, F>| match arg {
            Arg::Real(x) => x.shape().ok(),
            _ => None,
        };
        let Some(shapes) = args.iter().map(shape).collect::<Option<Vec<Shape>>>() else { return args };
        let is_elementwise = matches!(primitive.kernel(&shapes.iter().collect::<Vec<_>>()), Kernel::Elementwise(_));
        let fits = primitive.shape(&shapes.iter().collect::<Vec<_>>()).is_ok();
        let common = shapes.iter().try_fold(Shape::scalar(), |common, shape| common.broadcast(shape));
        let Some(common) = common.filter(|_| !fits && is_elementwise) else { return args };
        let stretch = |(arg, own): (Arg<'t, F>, &Shape)| match arg {
            Arg::Real(x) if *own != common => Arg::Real(x.broadcast_to(common.clone())),
            arg => arg,
        };
        args.into_iter().zip(&shapes).map(stretch).collect()
    }

    fn primitive(&self, call: &Call<'_>) -> Result<PrimitiveRef<F>> {
        let (name, span) = call.name;
        let names = || self.registry.entries().map(|entry| entry.example().name());
        let Some(example) = self.registry.find(name).map(|entry| entry.example()) else {
            let error = self.source.error(span, format!("there is no operation `{name}`"));
            if ["input", "data", "index", "key", "constant"].contains(&name) {
                return Err(error.with_help(format!("`{name}` needs a line of its own; a number stands as it is")));
            }
            let help = nearest(name, names()).unwrap_or_else(|| match name.contains("::") {
                true => {
                    "a primitive of another crate is read with a registry that has it: `registry.with(entry)`".into()
                }
                false => format!("the operations are {}", names().collect::<Vec<_>>().join(", ")),
            });
            return Err(error.with_help(help));
        };
        let attributes = self.attributes(call, example)?;
        let bodies = self.bodies(call)?;
        self.registry
            .make(name, &attributes, &bodies)
            .map_err(|error| self.source.mark(span, error.kind(), error.operation(), error.message()))
    }

    /// The programs that the attribute `body` or `bodies` names.
    fn bodies(&self, call: &Call<'_>) -> Result<Vec<Program<F>>> {
        let mut bodies = Vec::new();
        for written in call.attributes.iter().filter(|written| is_bodies(written)) {
            let names: &[Span] = match &written.value {
                WrittenValue::Word(span) => std::slice::from_ref(span),
                WrittenValue::Words(spans) => spans,
                WrittenValue::List(_, span) => return Err(self.source.error(*span, "bodies are given by their names")),
            };
            for span in names {
                let name = self.source.piece(*span);
                bodies.push(self.bodies.get(name).cloned().ok_or_else(|| {
                    let error = self.source.error(*span, format!("there is no body `{name}` above"));
                    match nearest(name, self.bodies.keys().map(String::as_str)) {
                        Some(help) => error.with_help(help),
                        None => error.with_help("a body begins with a line `body NAME` and ends with its `return`"),
                    }
                })?);
            }
        }
        Ok(bodies)
    }

    /// The attributes in the order that the primitive declares, under its own names.
    fn attributes(&self, call: &Call<'_>, example: &PrimitiveRef<F>) -> Result<Attributes> {
        let name = call.name.0;
        let expected = example.attributes();
        let usage = || match expected.is_empty() {
            true => format!("`{name}` takes no attributes"),
            false => format!("such as `{name}(…; {expected})`"),
        };
        let has_bodies = !example.bodies().is_empty();
        for (i, written) in call.attributes.iter().enumerate() {
            let (attribute, span) = written.name;
            if has_bodies && is_bodies(written) {
                continue;
            }
            if !expected.iter().any(|(known, _)| known == attribute) {
                let error = self.source.error(span, format!("`{name}` has no attribute `{attribute}`"));
                let near = nearest(attribute, expected.iter().map(|(known, _)| known));
                return Err(error.with_help(near.unwrap_or_else(usage)));
            }
            if call.attributes.iter().take(i).any(|before| before.name.0 == attribute) {
                return Err(self.source.error(span, format!("`{attribute}` is given twice")));
            }
        }
        expected.iter().try_fold(Attributes::new(), |attributes, (known, kind)| {
            match call.attributes.iter().find(|written| written.name.0 == known) {
                Some(written) => Ok(attributes.with(known, self.attribute(written, kind)?)),
                None => Err(self.missing(call, known).with_help(usage())),
            }
        })
    }

    #[cold]
    fn missing(&self, call: &Call<'_>, attribute: &str) -> Error {
        self.source.error(call.name.1, format!("`{}` needs the attribute `{attribute}`", call.name.0))
    }

    /// The attribute, of the kind that the example has: 2 is a real number where a real number is due.
    fn attribute(&self, written: &Written<'_>, kind: &Attribute) -> Result<Attribute> {
        let wrong = |span, what: &str| {
            let message = format!("`{}` should be {what}, not `{}`", written.name.0, brief(self.source.piece(span)));
            Err(self.source.error(span, message))
        };
        match (kind, &written.value) {
            (Attribute::Integer(_), WrittenValue::Word(span)) if self.source.piece(*span) == literal::FREE => {
                let n = literal::length(self.source, *span)?;
                i64::try_from(n).map_or_else(|_| wrong(*span, "an integer"), |n| Ok(Attribute::Integer(n)))
            }
            (Attribute::Integer(_), WrittenValue::Word(span)) => match self.source.piece(*span).parse() {
                Ok(number) => Ok(Attribute::Integer(number)),
                Err(_) => wrong(*span, "an integer"),
            },
            (Attribute::Real(_), WrittenValue::Word(span)) => literal::real(self.source, *span).map(Attribute::Real),
            (Attribute::Flag(_), WrittenValue::Word(span)) => match self.source.piece(*span) {
                "true" => Ok(Attribute::Flag(true)),
                "false" => Ok(Attribute::Flag(false)),
                _ => wrong(*span, "`true` or `false`"),
            },
            (Attribute::List(_), WrittenValue::List(numbers, _)) => {
                let numbers = numbers.iter().map(|span| literal::length(self.source, *span));
                Ok(Attribute::List(numbers.collect::<Result<_>>()?))
            }
            (Attribute::Word(_), WrittenValue::Word(span)) => Ok(Attribute::Word(self.source.piece(*span).to_owned())),
            (Attribute::List(_), WrittenValue::Word(span)) => wrong(*span, "a list such as `[0, 1]`"),
            (_, WrittenValue::Words(spans)) => {
                let (first, last) = (spans.first().copied(), spans.last().copied());
                wrong(first.zip(last).map_or(written.name.1, |(first, last)| first.to(last)), "of another kind")
            }
            (Attribute::Integer(_) | Attribute::Real(_), WrittenValue::List(_, span)) => wrong(*span, "a number"),
            (Attribute::Flag(_), WrittenValue::List(_, span)) => wrong(*span, "`true` or `false`"),
            (Attribute::Word(_), WrittenValue::List(_, span)) => wrong(*span, "a word"),
        }
    }
}

fn is_bodies(written: &Written<'_>) -> bool {
    ["body", "bodies"].contains(&written.name.0)
}
