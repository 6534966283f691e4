//! Numbers, lists and names as Python writes them.

use autodiff::Real;
use ndarray::{ArrayViewD, Axis};

/// `()`, `(3,)`, `(3, 2)`.
pub(crate) fn tuple(numbers: &[usize]) -> String {
    list_in_tuple(numbers.iter().map(usize::to_string))
}

/// A tuple of these texts.
pub(crate) fn list_in_tuple(texts: impl IntoIterator<Item = String>) -> String {
    let texts: Vec<String> = texts.into_iter().collect();
    match texts.as_slice() {
        [one] => format!("({one},)"),
        several => format!("({})", several.join(", ")),
    }
}

/// A number with the fewest digits that are read to the same bits.
pub(crate) fn number<F: Real>(x: F) -> String {
    match x.double() {
        double if double.is_nan() => "np.nan".into(),
        double if double.is_infinite() => if double > 0.0 { "np.inf" } else { "-np.inf" }.into(),
        _ => format!("{x:?}"),
    }
}

/// A list of lists of elements.
pub(crate) fn nested<T>(array: &ArrayViewD<'_, T>, element: &impl Fn(&T) -> String) -> String {
    if array.ndim() == 0 {
        return array.iter().map(element).collect();
    }
    let rows: Vec<String> = array.axis_iter(Axis(0)).map(|row| nested(&row, element)).collect();
    format!("[{}]", rows.join(", "))
}

/// A text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c).min(0xff))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// `True` or `False`.
pub(crate) fn flag(x: bool) -> &'static str {
    if x { "True" } else { "False" }
}

/// The words of Python, and the names that a module has for itself.
const RESERVED: [&str; 54] = [
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "jax",
    "jnp",
    "lax",
    "np",
    "F",
    "I",
    "PRECISION",
    "INPUTS",
    "OUTPUTS",
    "BOUNDS",
    "program",
    "check",
    "run",
    "key",
    "fold_in",
    "len",
    "tuple",
    "print",
    "match",
];

/// A name that may stand for a variable as it is.
pub(crate) fn is_identifier(name: &str) -> bool {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let is_id = name.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()));
    let is_body = name.starts_with("body_");
    first
        && !is_id
        && !is_body
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&name)
}
