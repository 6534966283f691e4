//! Results as lines and as JSON.

use autodiff::{Real, Registry, Shape};
use ndarray::ArrayD;
use std::fmt::Write;

/// `sum(x; axes=[0], keep=false)   y = Σ x over axes`, for every operation.
pub(crate) fn operations() -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for primitive in Registry::<f64>::standard().entries().map(|entry| entry.example().clone()) {
        let signature = primitive.signature();
        let name = |i: usize| signature.operand(i).map_or("?", |(name, _)| name);
        let operands = match signature.count() {
            Some(count) => (0..count).map(name).collect::<Vec<_>>().join(", "),
            None => "x₀, x₁, …".into(),
        };
        let attributes = primitive.attributes();
        let separator = if attributes.is_empty() { "" } else { "; " };
        let call = format!("{}({operands}{separator}{attributes})", primitive.name());
        let _ = writeln!(text, "{call:<44}  {}", primitive.formula());
    }
    text
}

/// A value that was computed, and what it is called.
pub(crate) struct Result<F> {
    /// `outputs`, `gradients` or `tangents`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) value: ArrayD<F>,
}

/// `loss : f64[] = 0.25`; a matrix that is too long for its line has one for each row.
pub(crate) fn lines<F: Real>(results: &[Result<F>]) -> String {
    let mut text = String::new();
    for Result { name, value, .. } in results {
        let shape = Shape::from(value.shape());
        let numbers = nested(value, &|x| format!("{x:?}"));
        let broken = if numbers.len() > 100 { numbers.replace("], [", "],\n  [") } else { numbers };
        let name = super::printable(name);
        let _ = writeln!(text, "{name} : {}{shape} = {broken}", F::NAME);
    }
    text
}

/// `{"outputs": [{"name": "loss", "shape": [], "value": 0.25}], "gradients": [], "tangents": []}`; what JSON has no
/// number for is a string, `"NaN"`, `"inf"` or `"-inf"`.
pub(crate) fn json<F: Real>(results: &[Result<F>]) -> String {
    let number = |x: F| if x.is_finite() { format!("{x:?}") } else { format!("\"{x:?}\"") };
    let entry = |result: &Result<F>| {
        let (name, shape) = (quoted(&result.name), Shape::from(result.value.shape()));
        format!("{{\"name\": {name}, \"shape\": {shape}, \"value\": {}}}", nested(&result.value, &number))
    };
    let list = |kind: &str| {
        let entries: Vec<String> = results.iter().filter(|result| result.kind == kind).map(entry).collect();
        format!("\"{kind}\": [{}]", entries.join(", "))
    };
    format!("{{{}}}\n", ["outputs", "gradients", "tangents"].map(list).join(", "))
}

fn nested<F: Real>(array: &ArrayD<F>, number: &dyn Fn(F) -> String) -> String {
    match (array.ndim(), array.first()) {
        (0, Some(x)) => number(*x),
        _ => {
            let rows: Vec<String> = array.outer_iter().map(|row| nested(&row.to_owned(), number)).collect();
            format!("[{}]", rows.join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(quoted, "\\u{unit:04x}");
            }),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
