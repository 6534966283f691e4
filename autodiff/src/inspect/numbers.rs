//! Short texts for numbers and arrays: the same strings wherever values are shown.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::tape::value::Value;

/// An array with more elements than this is abbreviated.
pub(crate) const SHOWN: usize = 8;
/// How many elements an abbreviated array begins with.
const BEGINNING: usize = 4;

/// A number in at most five significant digits: `1.1059`, `-0.0381`, `4.386e-4`, `3`, `NaN`, `-inf`.
pub(crate) fn short<F: Real>(x: F) -> String {
    let x = x.double();
    let magnitude = x.abs();
    if x == 0.0 || !x.is_finite() || (x.fract() == 0.0 && magnitude < 1e6) {
        return x.to_string();
    }
    if (0.01..1e6).contains(&magnitude) {
        let whole_digits = magnitude.log10().floor().max(0.0) as usize;
        return trimmed(&format!("{x:.*}", 4usize.saturating_sub(whole_digits)));
    }
    let text = format!("{x:.3e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{}e{exponent}", trimmed(mantissa)),
        None => text,
    }
}

fn trimmed(decimal: &str) -> String {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.').into() } else { decimal.into() }
}

/// A number in the fewest digits that read back to the same bits, always with a point or an exponent.
pub(crate) fn exact<F: Real>(x: F) -> String {
    format!("{x:?}")
}

/// A value as text, its reals written by `real`; `None` where it is not known.
pub(crate) fn value<F: Real>(value: &Value<F>, shape: &Shape, real: impl Fn(F) -> String) -> Option<String> {
    match value {
        Value::Unknown => None,
        Value::Key(key) => Some(key.to_string()),
        Value::Index(data) => Some(array(data.iter().map(usize::to_string), shape, SHOWN)),
        Value::Splat(_) | Value::Array(_) | Value::View(..) => {
            Some(array(value.view(shape)?.iter().map(real), shape, SHOWN))
        }
    }
}

/// A constant of a program: exact, up to `shown` elements written out, one number where all are that number.
pub(super) fn constant<F: Real>(value: &Value<F>, shape: &Shape, shown: usize) -> Option<String> {
    // One NaN is as good as another.
    let bits = |x: F| if x.is_nan() { f64::NAN.to_bits() } else { x.double().to_bits() };
    match value {
        Value::Index(data) => Some(array(data.iter().map(usize::to_string), shape, shown)),
        Value::Splat(x) if shape.size() > 0 => Some(exact(*x)),
        Value::Splat(_) | Value::Array(_) | Value::View(..) => {
            let view = value.view(shape)?;
            let mut elements = view.iter();
            match elements.next() {
                Some(first) if elements.all(|x| bits(x) == bits(first)) => Some(exact(first)),
                _ => Some(array(view.iter().map(exact), shape, shown)),
            }
        }
        Value::Unknown | Value::Key(_) => self::value(value, shape, exact),
    }
}

/// Elements in brackets, nested as the axes are; of a large array its beginning and the number of its elements.
fn array(elements: impl Iterator<Item = String>, shape: &Shape, shown: usize) -> String {
    let size = shape.size();
    if size == 0 {
        return "[]".into();
    }
    if size > shown {
        let beginning: Vec<String> = elements.take(BEGINNING).collect();
        return format!("[{}, … {size} numbers]", beginning.join(", "));
    }
    let strides = shape.strides();
    // A bracket opens before, and closes after, each block of an axis.
    let blocks = || shape.iter().zip(&strides).map(|(length, stride)| length * stride);
    let mut text = String::new();
    for (i, element) in elements.enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        text.extend(blocks().filter(|block| i % block == 0).map(|_| '['));
        text.push_str(&element);
        text.extend(blocks().filter(|block| (i + 1) % block == 0).map(|_| ']'));
    }
    text
}

/// The multi-dimensional index of the element at `position`, as it is written after an array's name: `[1, 2]`.
pub(crate) fn index(position: usize, shape: &Shape) -> Shape {
    shape
        .iter()
        .zip(&shape.strides())
        .map(|(length, stride)| (position / (*stride).max(1)) % (*length).max(1))
        .collect()
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    use super::*;
    use std::sync::Arc;

    fn numbers_are_short() {
        let numbers = [1.10590596, 1.0, -0.0, 0.1, 123.456, 98765.43, -0.0380982, 4.385677e-4, 1e-5, 1e300, f64::NAN];
        let texts: Vec<String> = numbers.into_iter().map(short).collect();
        let expected = ["1.1059", "1", "-0", "0.1", "123.46", "98765", "-0.0381", "4.386e-4", "1e-5", "1e300", "NaN"];
        assert_eq!(texts, expected);
        assert_eq!((short(f64::NEG_INFINITY), short(0.1f32)), ("-inf".into(), "0.1".into()));
    }

    fn arrays_are_nested_and_abbreviated() {
        let text = |shape: Shape| {
            let data = (0..shape.size()).map(|i| i as f64).collect();
            value(&Value::Array(Arc::new(data)), &shape, short).unwrap_or_default()
        };
        assert_eq!(text([2, 3].into()), "[[0, 1, 2], [3, 4, 5]]");
        assert_eq!(text([1, 2, 1].into()), "[[[0], [1]]]");
        assert_eq!(text([0, 2].into()), "[]");
        assert_eq!(text([3, 3].into()), "[0, 1, 2, 3, … 9 numbers]");
        assert_eq!(value(&Value::Splat(0.5), &[2].into(), exact), Some("[0.5, 0.5]".into()));
        assert_eq!(constant(&Value::Splat(0.5), &[2].into(), SHOWN), Some("0.5".into()));
        assert_eq!(constant(&Value::Splat(0.5), &[0].into(), SHOWN), Some("[]".into()));
        assert_eq!(index(5, &[2, 3].into()), [1, 2].into());
        for (position, place) in ndarray::indices([3, 12, 11]).into_iter().enumerate() {
            assert_eq!(index(position, &[3, 12, 11].into()), [place.0, place.1, place.2].into());
        }
    }

    self_tests!(numbers_are_short, arrays_are_nested_and_abbreviated);
}
