//! The rules of a primitive as text, obtained by running them on symbols.

use super::expression::expression;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::differentiate::application::{Application, apply_rule, check_shape};
use crate::primitive::{Derivative, Dice, Kind, PrimitiveRef, SampleOperand, Signature};

use crate::base::shape::Shape;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use std::collections::BTreeMap;
use std::fmt;

/// How many random applications of a primitive are looked at for the one that shows the general case.
const TRIES: u64 = 512;

/// The rules of a primitive, as text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleText {
    /// The application that the rules were run on: `sum(x : f64[2, 3]; axes=[0], keep=false)`.
    pub application: String,
    /// The formula, as the primitive states it.
    pub formula: &'static str,
    /// The cotangent of each operand: x̄ = ….
    pub reverse: Vec<Equation>,
    /// The tangent of the result: ẏ = ….
    pub tangent: Equation,
}

/// An equation of a rule. The right side is an expression, or `0` (the derivative is zero), `none` (no derivative flows:
/// an index, a key) or `refused: …` with the reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Equation {
    /// What is defined: `x̄`.
    pub left: String,
    /// By what: `ȳ·(1 − y·y)`.
    pub right: String,
}

impl fmt::Display for Equation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.left, self.right)
    }
}

impl fmt::Display for RuleText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.application)?;
        writeln!(f, "  {}", self.formula)?;
        for equation in self.reverse.iter().chain([&self.tangent]) {
            writeln!(f, "  {equation}")?;
        }
        Ok(())
    }
}

/// The rules of `primitive` as text: what its `reverse` and `tangent` record when they are run on symbols, so that the
/// text cannot differ from the code. x̄ is the cotangent of x, ẋ its tangent; `y` stands where a rule uses the result.
///
/// ```
/// use autodiff::{Registry, inspect};
/// let registry = Registry::<f64>::standard();
/// let tanh = registry.examples().find(|primitive| primitive.name() == "tanh").unwrap();
/// let rule = inspect::rule(tanh.clone())?;
/// assert_eq!(rule.reverse[0].to_string(), "x̄ = ȳ·(1 − y·y)");
/// assert_eq!(rule.tangent.to_string(), "ẏ = ẋ·(1 − y·y)");
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// The operands are those of a [`sample`](crate::Primitive::sample) that fits: matrices where the primitive takes them.
///
/// # Errors
/// [`ErrorKind::FaultyRule`] if a rule breaks its contract or no sample fits the primitive.
pub fn rule<F: Real>(primitive: impl Into<PrimitiveRef<F>>) -> Result<RuleText> {
    let (primitive, operands) = general_case(primitive.into())?;
    let tape = Tape::symbolic();
    let mut symbols = BTreeMap::new();
    let mut symbol = |id: NodeId, text: String| symbols.insert(id, text);
    let signature = primitive.signature();
    let names: Vec<&str> = (0..operands.len()).map(|i| signature.operand(i).map_or("?", |(name, _)| name)).collect();

    let mut inputs = Vec::new();
    for (operand, name) in operands.iter().zip(&names) {
        let (kind, shape) = kind_and_shape(operand);
        let arg = tape.placeholder(kind, shape);
        symbol(arg.parts().1, (*name).into());
        inputs.push(arg);
    }
    let y = tape.record(primitive.clone(), &inputs);
    let shape = y.shape()?;
    symbol(y.id(), "y".into());
    let application = application(&tape, &primitive, &names, &inputs);

    let dy = real(&tape, &shape)?;
    symbol(dy.id(), marked("y", BAR));
    let mut dx = Vec::new();
    for (arg, name) in inputs.iter().zip(&names) {
        dx.push(match arg {
            Arg::Real(x) => Some(real(&tape, &x.shape()?)?),
            _ => None,
        });
        if let Some(Some(dx)) = dx.last() {
            symbol(dx.id(), marked(name, DOT));
        }
    }

    let Some(applied) = Application::of(&tape, y.id(), |_, _| true) else {
        return Err(Error::new(ErrorKind::FaultyRule, primitive.name(), "it was not recorded"));
    };
    let mut answers = Vec::new();
    apply_rule(&applied, dy, |_, _, answer| {
        answers.push(answer);
        Ok(())
    })?;
    let tangent = primitive.tangent(&applied.site(), &dx);
    if let Derivative::Of(dy) = tangent {
        check_shape(&tape, y.id(), &primitive, dy, y.id())?;
    }
    let equation = |name: &str, (mark, answer): (Mark, Derivative<'_, F>)| {
        let right = match answer {
            Derivative::Of(x) => expression(&tape, x.id(), &symbols),
            Derivative::Zero => "0".into(),
            Derivative::None => "none".into(),
            Derivative::Refused(reason) => format!("refused: {reason}"),
        };
        Equation { left: marked(name, mark), right }
    };
    let reverse = names.iter().zip(answers).map(|(name, answer)| equation(name, (BAR, answer))).collect();
    Ok(RuleText { application, formula: primitive.formula(), reverse, tangent: equation("y", (DOT, tangent)) })
}

/// `sum(x : f64[2, 3]; axes=[0], keep=false)`
fn application<F: Real>(tape: &Tape<F>, primitive: &PrimitiveRef<F>, names: &[&str], inputs: &[Arg<'_, F>]) -> String {
    let operand = |(arg, name): (&Arg<'_, F>, &&str)| {
        let kind = tape.with_node(arg.parts().1, |node| node.type_name());
        format!("{name} : {kind}")
    };
    let operands: Vec<String> = inputs.iter().zip(names).map(operand).collect();
    let attributes = primitive.attributes();
    let separator = if attributes.is_empty() { "" } else { "; " };
    format!("{}({}{separator}{attributes})", primitive.name(), operands.join(", "))
}

fn real<'t, F: Real>(tape: &'t Tape<F>, shape: &Shape) -> Result<Var<'t, F>> {
    match tape.placeholder(Kind::Real, shape) {
        Arg::Real(x) => Ok(x),
        other => Err(Error::new(ErrorKind::FaultyRule, "rule", format!("{other:?} is not an array of reals"))),
    }
}

fn kind_and_shape(operand: &SampleOperand) -> (Kind, Shape) {
    match operand {
        SampleOperand::Real(shape, _) => (Kind::Real, shape.clone()),
        SampleOperand::Index(shape, _) => (Kind::Index, shape.clone()),
        SampleOperand::Key(_) => (Kind::Key, Shape::scalar()),
    }
}

/// Of many random applications the one that hides least: the primitive with its own attributes where a sample fits
/// them, matrices rather than vectors or numbers, lengths that differ, a result shaped unlike the operand.
fn general_case<F: Real>(primitive: PrimitiveRef<F>) -> Result<(PrimitiveRef<F>, Vec<SampleOperand>)> {
    let mut best = None;
    for seed in 0..TRIES {
        let sample = primitive.sample(&mut Dice::new(seed));
        let (special, used) = match (special_case(&primitive, &sample.operands), &sample.primitive) {
            (Some(special), _) => (special, &primitive),
            (None, Some(other)) => match special_case(other, &sample.operands) {
                Some(special) => (special + 1000, other),
                None => continue,
            },
            (None, None) => continue,
        };
        if best.as_ref().is_none_or(|(least, _, _)| special < *least) {
            best = Some((special, used.clone(), sample.operands));
        }
    }
    let (_, primitive, operands) = best.ok_or_else(|| {
        Error::new(ErrorKind::FaultyRule, primitive.name(), "none of its samples fits its shape rule")
    })?;
    Ok((primitive, operands))
}

/// How special these operands are, the less the better; `None` where the primitive refuses them.
fn special_case<F: Real>(primitive: &PrimitiveRef<F>, operands: &[SampleOperand]) -> Option<usize> {
    let operands: Vec<(Kind, Shape)> = operands.iter().map(kind_and_shape).collect();
    let signature = primitive.signature();
    let fits = match signature {
        Signature::Fixed(expected) => expected.iter().map(|(_, kind)| kind).eq(operands.iter().map(|(kind, _)| kind)),
        Signature::Variadic => !operands.is_empty(),
    };
    let shapes: Vec<&Shape> = operands.iter().map(|(_, shape)| shape).collect();
    let result = if fits { primitive.shape(&shapes).ok()? } else { return None };
    let ranks: usize = operands
        .iter()
        .map(|(kind, shape)| match kind {
            Kind::Real => 20 * shape.rank().abs_diff(2),
            Kind::Index => 20 * shape.rank().abs_diff(1),
            Kind::Key => 0,
        })
        .sum();
    // 2, 3, 4 along the axes; a 1 hides what is repeated.
    let length = |(axis, d): (usize, &usize)| d.abs_diff(axis + 2) + if *d == 1 { 3 } else { 0 };
    let lengths: usize = shapes.iter().flat_map(|shape| shape.iter().enumerate()).map(length).sum();
    let square =
        shapes.iter().filter(|shape| shape.iter().any(|d| shape.iter().filter(|e| *e == d).count() > 1)).count();
    let same = primitive.elementwise().is_none() && shapes.iter().all(|shape| **shape == result);
    let many = if signature == Signature::Variadic { 20 * operands.len().abs_diff(2) } else { 0 };
    Some(ranks + lengths + 4 * square + 10 * usize::from(same) + many)
}

/// A mark above a symbol: the letters that carry it as one character, and the character that combines with any other.
type Mark = (&'static [(char, char)], char);
const BAR: Mark = (&[('a', 'ā'), ('i', 'ī'), ('y', 'ȳ')], '\u{304}');
const DOT: Mark = (&[('a', 'ȧ'), ('b', 'ḃ'), ('c', 'ċ'), ('x', 'ẋ'), ('y', 'ẏ')], '\u{307}');

/// `x₀` with a bar is `x̄₀`: the mark goes to the letter.
fn marked(name: &str, (letters, combining): Mark) -> String {
    let mut rest = name.chars();
    let Some(letter) = rest.next() else { return String::new() };
    let composed = letters.iter().find(|(plain, _)| *plain == letter).map(|(_, marked)| marked.to_string());
    composed.unwrap_or_else(|| format!("{letter}{combining}")) + rest.as_str()
}
