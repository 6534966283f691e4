//! The rules of a primitive as text, obtained by running them on symbols.

use super::expression::{Style, expression};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::differentiate::application::{Application, apply_rule};
use crate::primitive::{Accepts, Derivative, Entry, Generator, Kernel, Kind, PrimitiveRef, Signature, Type};
use crate::tape::{Arg, Tape};
use std::collections::{BTreeMap, BTreeSet};
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
    /// The tangent of each result that is an array of reals: ẏ = ….
    pub tangent: Vec<Equation>,
}

/// An equation of a rule. The right side is an expression, or `0` (the derivative is zero), `none` (no derivative
/// flows: an index, a key) or `refused: …` with the reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Equation {
    /// What is defined: `x̄`.
    pub left: String,
    /// By what: `ȳ·tanh_slope(x, y)`.
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
        for equation in self.reverse.iter().chain(&self.tangent) {
            writeln!(f, "  {equation}")?;
        }
        Ok(())
    }
}

/// The rules of a primitive as text: what its `reverse` and `tangent` record when they are run on symbols, so that the
/// text cannot differ from the code. x̄ is the cotangent of x, ẋ its tangent; `y` stands where a rule uses the result.
///
/// ```
/// use autodiff::{Registry, inspect};
/// let registry = Registry::<f64>::standard();
/// let rule = inspect::rule(registry.find("tanh").unwrap())?;
/// assert_eq!(rule.reverse[0].to_string(), "x̄ = ȳ·tanh_slope(x, y)");
/// assert_eq!(rule.tangent[0].to_string(), "ẏ = ẋ·tanh_slope(x, y)");
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// The operands are those of a sample that fits: matrices where the primitive takes them. An entry without samples is
/// applied to arrays of shape \[2, 3\].
///
/// # Errors
/// [`ErrorKind::FaultyRule`] if a rule breaks its contract or no sample fits the primitive.
pub fn rule<F: Real>(entry: &Entry<F>) -> Result<RuleText> {
    let (primitive, operands) = general_case(entry)?;
    rule_of(&primitive, &operands)
}

/// The rules of `primitive` applied to operands of these types.
fn rule_of<F: Real>(primitive: &PrimitiveRef<F>, operands: &[Type]) -> Result<RuleText> {
    let signature = primitive.signature();
    let operand_names = (0..operands.len()).map(|i| signature.operand(i).map_or("?", |(name, _)| name));
    let results = primitive.results(operands).map_or(0, |types| types.len());
    let result_names: Vec<String> = match results {
        1 => vec!["y".into()],
        n => (0..n).map(|i| format!("y{}", ["₀", "₁", "₂", "₃", "₄"].get(i).unwrap_or(&"ᵢ"))).collect(),
    };
    let bars = result_names.iter().map(|name| marked(name, BAR)).collect();
    let symbols = Symbols { operands: operand_names.map(str::to_owned).collect(), results: result_names, bars };
    run(primitive, operands, &symbols, Style::Exact)
}

/// How operands, results and the cotangents of results are called in a rule.
pub(super) struct Symbols {
    pub(super) operands: Vec<String>,
    pub(super) results: Vec<String>,
    pub(super) bars: Vec<String>,
}

/// Runs the rules of `primitive` on symbols.
pub(super) fn run<F: Real>(
    primitive: &PrimitiveRef<F>,
    operands: &[Type],
    called: &Symbols,
    style: Style,
) -> Result<RuleText> {
    let tape = Tape::symbolic();
    let mut symbols = BTreeMap::new();
    let mut symbol = |id: NodeId, text: String| symbols.insert(id, text);
    let names: Vec<&str> = called.operands.iter().map(String::as_str).collect();

    let mut inputs = Vec::new();
    for (operand, name) in operands.iter().zip(&names) {
        let arg = tape.placeholder(operand.kind, operand.shape.clone());
        symbol(arg.id(), (*name).into());
        inputs.push(arg);
    }
    let types = primitive.results(operands).map_err(|mismatch| {
        Error::new(ErrorKind::FaultyRule, primitive.name(), format!("no sample fits it: {}", mismatch.message))
    })?;
    let kinds: Vec<Kind> = types.iter().map(|result| result.kind).collect();
    let results = tape.record_list(primitive.clone(), &inputs, &kinds);
    let application = application(&tape, primitive, &names, &inputs);
    let mut dy = Vec::new();
    for (result, name) in results.iter().zip(&called.results) {
        result.shape()?;
        symbol(result.id(), name.clone());
    }
    for (result, bar) in results.iter().zip(&called.bars) {
        dy.push(match result {
            Arg::Real(y) => Some(tape.symbolic_input(y.shape()?)),
            _ => None,
        });
        if let Some(Some(dy)) = dy.last() {
            symbol(dy.id(), bar.clone());
        }
    }
    let mut dx = Vec::new();
    for (arg, name) in inputs.iter().zip(&names) {
        dx.push(match arg {
            Arg::Real(x) => Some(tape.symbolic_input(x.shape()?)),
            _ => None,
        });
        if let Some(Some(dx)) = dx.last() {
            symbol(dx.id(), marked(name, DOT));
        }
    }

    let Some(first) = results.first() else {
        return Err(Error::new(ErrorKind::FaultyRule, primitive.name(), "it has no results"));
    };
    let equation = |name: &str, (mark, answer): (Mark, Derivative<'_, F>)| {
        let right = match answer {
            Derivative::Of(x) => expression(&tape, x.id(), &symbols, style),
            Derivative::Zero => "0".into(),
            Derivative::None => "none".into(),
            Derivative::Refused(reason) => format!("refused: {reason}"),
        };
        Equation { left: marked(name, mark), right }
    };
    let (mut reverse, mut tangent) = (Vec::new(), Vec::new());
    // Where no operand is an array of reals, or no result, no derivative flows.
    let applied = Application::of(&tape, first.id(), |_, _| true).filter(|_| kinds.contains(&Kind::Real));
    match applied {
        Some(applied) => {
            let mut answers: Vec<Derivative<'_, F>> = names.iter().map(|_| Derivative::None).collect();
            apply_rule(&applied, &dy, |slot, _, answer| {
                answers.iter_mut().skip(slot).take(1).for_each(|entry| *entry = answer);
                Ok(())
            })?;
            reverse.extend(names.iter().zip(answers).map(|(name, answer)| equation(name, (BAR, answer))));
            for ((name, kind), answer) in called.results.iter().zip(&kinds).zip(applied.tangents(&dx)?) {
                if *kind == Kind::Real {
                    tangent.push(equation(name, (DOT, answer)));
                }
            }
        }
        None => {
            reverse.extend(names.iter().map(|name| equation(name, (BAR, Derivative::None))));
            tangent.extend(called.results.iter().map(|name| equation(name, (DOT, Derivative::None))));
        }
    }
    Ok(RuleText { application, formula: primitive.formula(), reverse, tangent })
}

/// `sum(x : f64[2, 3]; axes=[0], keep=false)`
fn application<F: Real>(tape: &Tape<F>, primitive: &PrimitiveRef<F>, names: &[&str], inputs: &[Arg<'_, F>]) -> String {
    let operand = |(arg, name): (&Arg<'_, F>, &&str)| {
        let kind = tape.with_node(arg.id(), |node| node.type_name());
        format!("{name} : {kind}")
    };
    let operands: Vec<String> = inputs.iter().zip(names).map(operand).collect();
    super::display::call(&**primitive, &operands.join(", "))
}

/// Of many random applications the most general one, to which the primitive of the example is applied where it fits.
fn general_case<F: Real>(entry: &Entry<F>) -> Result<(PrimitiveRef<F>, Vec<Type>)> {
    let example = entry.example();
    let samples = (0..TRIES).map_while(|seed| entry.sample(&mut Generator::new(seed)));
    let applications = samples.filter_map(|sample| {
        let operands: Vec<Type> = sample.operands.iter().map(|operand| operand.typed()).collect();
        let of_example = special_case(example, &operands).map(|special| ((false, special), example));
        let own = || Some(((true, special_case(&sample.primitive, &operands)?), &sample.primitive));
        let (special, primitive) = of_example.or_else(own)?;
        Some((special, primitive.clone(), operands))
    });
    Ok(match applications.min_by_key(|(special, ..)| *special) {
        Some((_, primitive, operands)) => (primitive, operands),
        None => (example.clone(), default_operands(&example.signature())),
    })
}

/// Operands for a primitive of which no samples are known.
fn default_operands(signature: &Signature) -> Vec<Type> {
    let operand = |i: usize| match signature.operand(i).map(|(_, accepts)| accepts) {
        Some(Accepts::Only(Kind::Index)) => Type::index([2]),
        Some(Accepts::Only(Kind::Key)) => Type::key(),
        _ => Type::real([2, 3]),
    };
    (0..signature.count().unwrap_or(2)).map(operand).collect()
}

/// How far these operands are from the general case, in which they are matrices or lists of indices, of lengths 2, 3, 4
/// that differ, and a result that is not computed element by element differs from them; `None` where the primitive
/// refuses them.
fn special_case<F: Real>(primitive: &PrimitiveRef<F>, operands: &[Type]) -> Option<usize> {
    if !primitive.signature().fits(operands.iter().map(|operand| operand.kind)) {
        return None;
    }
    let result = primitive.results(operands).ok()?.into_iter().next()?.shape;
    let shapes: Vec<&Shape> = operands.iter().map(|operand| &operand.shape).collect();
    let ranks = operands.iter().map(|operand| match operand.kind {
        Kind::Real => operand.shape.rank().abs_diff(2),
        Kind::Index => operand.shape.rank().abs_diff(1),
        Kind::Key => 0,
    });
    // A 1 hides what is repeated.
    let length = |(d, usual): (&usize, usize)| d.abs_diff(usual) + if *d == 1 { 3 } else { 0 };
    let lengths = shapes.iter().flat_map(|shape| shape.iter().zip(2..)).map(length);
    let repeated = shapes.iter().map(|shape| shape.rank() - shape.iter().collect::<BTreeSet<_>>().len());
    let elementwise = matches!(primitive.kernel(&shapes), Kernel::Elementwise(_));
    let same = !elementwise && shapes.iter().all(|shape| **shape == result);
    Some(20 * ranks.sum::<usize>() + lengths.sum::<usize>() + 4 * repeated.sum::<usize>() + 10 * usize::from(same))
}

/// A mark above a symbol: the letters that carry it as one character, and the character that combines with any other.
pub(super) type Mark = (&'static [(char, char)], char);
pub(super) const BAR: Mark = (&[('a', 'ā'), ('i', 'ī'), ('y', 'ȳ')], '\u{304}');
const DOT: Mark = (&[('a', 'ȧ'), ('b', 'ḃ'), ('c', 'ċ'), ('x', 'ẋ'), ('y', 'ẏ')], '\u{307}');

/// `x₀` with a bar is `x̄₀`: the mark goes to the letter.
pub(super) fn marked(name: &str, (letters, combining): Mark) -> String {
    let mut rest = name.chars();
    let Some(letter) = rest.next() else { return String::new() };
    let composed = letters.iter().find(|(plain, _)| *plain == letter).map(|(_, marked)| marked.to_string());
    composed.unwrap_or_else(|| format!("{letter}{combining}")) + rest.as_str()
}
