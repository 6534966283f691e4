//! The inputs of a program, and their values from the command line and from files.

use super::Failure;
use super::weights::Weights;
use autodiff::{Input, Kind, NodeView, Program, Real, Shape, text};
use ndarray::{ArrayD, IxDyn};
use std::fs;

/// An input of a program: what it takes and how it is called.
pub(crate) struct Slot {
    pub(crate) name: Option<String>,
    pub(crate) scope: String,
    id: String,
    kind: Kind,
    shape: Shape,
    type_name: String,
    /// `input`, `data`, `index` or `key`.
    operation: &'static str,
}

pub(crate) fn slots<F: Real>(program: &Program<F>) -> Vec<Slot> {
    let slot = |node: NodeView<'_, F>| Slot {
        name: node.name().map(str::to_owned),
        scope: node.scope().to_owned(),
        id: node.id().to_string(),
        kind: node.kind(),
        shape: node.shape().clone(),
        type_name: node.type_name(),
        operation: node.operation(),
    };
    program.input_ids().iter().filter_map(|id| program.node(*id)).map(slot).collect()
}

impl Slot {
    /// The name, or the id of an input that has none.
    pub(crate) fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// `x : f64[2] = data`
    fn line(&self) -> String {
        format!("  {} : {} = {}", self.label(), self.type_name, self.operation)
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(crate) fn type_name(&self) -> &str {
        &self.type_name
    }

    pub(crate) fn is_real(&self) -> bool {
        self.kind == Kind::Real
    }

    pub(crate) fn wants_gradient(&self) -> bool {
        self.operation == "input"
    }

    fn is_called(&self, name: &str) -> bool {
        let own = self.name.as_deref();
        own == Some(name) || self.id == name || own.is_some_and(|own| format!("{}.{own}", self.scope) == name)
    }
}

/// The position of the input that is called `name`.
pub(crate) fn find(slots: &[Slot], name: &str) -> Result<usize, Failure> {
    let found: Vec<usize> = (0..slots.len()).filter(|i| slots[*i].is_called(name)).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Failure::Usage(format!("the program has no input `{name}`; it has\n{}", lines(slots)))),
        several => {
            let full = |i: &usize| format!("{}.{}", slots[*i].scope, slots[*i].label());
            let names = several.iter().map(full).collect::<Vec<_>>().join(", ");
            Err(Failure::Usage(format!("`{name}` is the name of several inputs: {names}")))
        }
    }
}

fn lines(slots: &[Slot]) -> String {
    slots.iter().map(Slot::line).collect::<Vec<_>>().join("\n")
}

/// A value for each input.
pub(crate) fn bind<F: Real>(
    slots: &[Slot],
    given: &[(String, String)],
    weights: Option<&Weights>,
) -> Result<Vec<Input<F>>, Failure> {
    let mut values: Vec<Option<Input<F>>> = slots.iter().map(|_| None).collect();
    for (name, text) in given {
        let i = find(slots, name)?;
        if values[i].replace(value(&slots[i], text)?).is_some() {
            return Err(Failure::Usage(format!("`{name}` has two values")));
        }
    }
    if let Some(weights) = weights {
        weights.fill(slots, &mut values)?;
    }
    let missing: Vec<String> =
        slots.iter().zip(&values).filter(|(_, value)| value.is_none()).map(|(slot, _)| slot.line()).collect();
    if !missing.is_empty() {
        return Err(Failure::Usage(format!("a value is missing for\n{}", missing.join("\n"))));
    }
    Ok(values.into_iter().flatten().collect())
}

/// The numbers of rows of the values that have rows, each once: what the length of an axis may be that the program
/// leaves open.
pub(crate) fn rows(given: &[(String, String)]) -> Result<Vec<usize>, Failure> {
    let mut found = Vec::new();
    for (_, text) in given {
        let rows = match text.strip_prefix('@') {
            Some(file) => Some(read(file)?.lines().filter(|line| has_numbers(line)).count()),
            None => text::array::<f64>(text).ok().and_then(|array| array.shape().first().copied()),
        };
        found.extend(rows.filter(|rows| !found.contains(rows)));
    }
    Ok(found)
}

/// Whether a line of a file is neither blank nor a comment.
fn has_numbers(line: &str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with('#')
}

/// The value of an input: `3`, `[[1, 2], [3, 4]]`, `@points.csv`.
pub(crate) fn value<F: Real>(slot: &Slot, text: &str) -> Result<Input<F>, Failure> {
    let wrong = |what: String| Failure::Usage(format!("{} = {text}: {what}", slot.label()));
    if slot.kind == Kind::Key {
        let key = text.parse().map_err(|_| wrong("a key is a non-negative integer".into()))?;
        return Ok(Input::Key(key));
    }
    // Indices are read as double precision, which holds every integer below 2⁵³.
    match slot.kind {
        Kind::Index => {
            let numbers = array::<f64>(slot, text)?;
            let index = |x: &f64| (*x >= 0.0 && x.fract() == 0.0 && *x < 2f64.powi(53)).then_some(*x as usize);
            let indices: Option<Vec<usize>> = numbers.iter().map(index).collect();
            let indices = indices.ok_or_else(|| wrong("an index is a non-negative integer".into()))?;
            let indices = ArrayD::from_shape_vec(numbers.raw_dim(), indices);
            Ok(Input::Index(indices.map_err(|error| wrong(error.to_string()))?))
        }
        _ => Ok(Input::Real(array(slot, text)?)),
    }
}

fn array<F: Real>(slot: &Slot, text: &str) -> Result<ArrayD<F>, Failure> {
    let wrong = |what: String| Failure::Usage(format!("{}: {what}", slot.label()));
    let array = match text.strip_prefix('@') {
        Some(file) => return from_file(slot, file),
        None => literal::<F>(text).map_err(wrong)?,
    };
    if array.ndim() == 0 {
        // A number fills the array.
        let number = array.first().copied().unwrap_or(F::nan());
        let mut numbers = Vec::new();
        let size = slot.shape.size();
        numbers.try_reserve_exact(size).map_err(|_| wrong(format!("no memory for {}", slot.type_name)))?;
        numbers.resize(size, number);
        return ArrayD::from_shape_vec(IxDyn(&slot.shape), numbers).map_err(|error| wrong(error.to_string()));
    }
    if *array.shape() != *slot.shape && (!array.is_empty() || slot.shape.size() != 0) {
        let given = Shape::from(array.shape());
        return Err(wrong(format!("its type is {}, the value is of shape {given}", slot.type_name)));
    }
    ArrayD::from_shape_vec(IxDyn(&slot.shape), array.into_iter().collect()).map_err(|error| wrong(error.to_string()))
}

/// A literal is what it is in a program, so the program's reader reads it.
fn literal<F: Real>(text: &str) -> Result<ArrayD<F>, String> {
    text::array(text).map_err(|error| {
        let message = error.message().split_once(": ").map_or(error.message(), |(_, message)| message);
        format!("`{text}` is not a number or an array: {message}")
    })
}

/// What is said where the first line of a file is not of numbers.
const HEADER: &str = "\nthe values of an input are read without a header: a table with names of columns is for `run \
                      predict`, if `run train` has written the program";

/// The numbers of a file fill the array row by row.
fn from_file<F: Real>(slot: &Slot, file: &str) -> Result<ArrayD<F>, Failure> {
    let wrong = |what: String| Failure::Other(format!("{} = @{file}: {what}", slot.label()));
    let contents = read(file)?;
    let mut numbers = Vec::new();
    // The elements of a row lie along the last axis; those of a vector may also stand one below the other.
    let row = slot.shape.last().copied().unwrap_or(1);
    for (number, line) in contents.lines().enumerate() {
        if !has_numbers(line) {
            continue;
        }
        // Between commas or semicolons there is a number each; otherwise numbers stand apart.
        let cells: &mut dyn Iterator<Item = &str> = match [';', ','].into_iter().find(|mark| line.contains(*mark)) {
            Some(separator) => &mut line.split(separator).map(str::trim),
            None => &mut line.split_whitespace(),
        };
        let before = numbers.len();
        for (cell, word) in cells.enumerate() {
            if word.is_empty() {
                return Err(wrong(format!("line {}: cell {} is empty", number + 1, cell + 1)));
            }
            let x = text::number(word).map_err(|error| {
                let header = if numbers.is_empty() { HEADER } else { "" };
                wrong(format!("line {}: {}{header}", number + 1, error.message))
            })?;
            numbers.try_reserve(1).map_err(|_| wrong(format!("line {}: no memory for more numbers", number + 1)))?;
            numbers.push(x);
        }
        let found = numbers.len() - before;
        if found != row && !(slot.shape.rank() < 2 && found == 1) {
            let message = format!("line {} has {found} numbers, a row of {} has {row}", number + 1, slot.type_name);
            return Err(wrong(message));
        }
    }
    let count = numbers.len();
    ArrayD::from_shape_vec(IxDyn(&slot.shape), numbers)
        .map_err(|_| wrong(format!("{count} numbers, {} has {}", slot.type_name, slot.shape.size())))
}

pub(crate) fn read(file: &str) -> Result<String, Failure> {
    without_mark(fs::read_to_string(file), file)
}

/// What was read from a file or the standard input.
pub(crate) fn without_mark(read: std::io::Result<String>, from: &str) -> Result<String, Failure> {
    let text = read.map_err(|error| Failure::Other(format!("{from}: {error}")))?;
    // Spreadsheets and some editors write a mark of the byte order first.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
