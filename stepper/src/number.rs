//! Numbers as both front ends write them: the same strings everywhere.

use autodiff::Real;

/// A number in four significant digits: `0.5933`, `−0.0381`, `4.386e-5`, `3`. Zeros at the end are left out, so a
/// number that has fewer digits shows fewer; exponents are written only beyond 1e±4.
pub fn short<F: Real>(x: F) -> String {
    rounded(x.double(), FEW)
}

/// A number that changes by `change`, in as many digits as show three of the change, and at least those of [`short`]:
/// `0.249751` after a change by −0.00024886.
pub fn moved<F: Real>(x: F, change: F) -> String {
    let (x, change) = (x.double(), change.double().abs());
    let place = |x: f64| x.log10().floor();
    let needed = place(x.abs()) - place(change) + 3.0;
    let needed = if needed.is_finite() { needed.clamp(0.0, MOST) as usize } else { 0 };
    rounded(x, needed.max(FEW))
}

/// The significant digits of a short number, and those that double precision has.
const FEW: usize = 4;
const MOST: f64 = 17.0;

fn rounded(x: f64, digits: usize) -> String {
    let sign = if x.is_sign_negative() && !x.is_nan() { "−" } else { "" };
    let magnitude = x.abs();
    if x.is_nan() {
        return "NaN".into();
    }
    if magnitude.is_infinite() {
        return format!("{sign}∞");
    }
    if magnitude.fract() == 0.0 && magnitude < 1e6 {
        return format!("{sign}{magnitude}");
    }
    let last = digits.saturating_sub(1);
    let rounded = format!("{magnitude:.last$e}");
    let Some((digits, exponent)) = rounded.split_once('e') else { return rounded };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..4).contains(&exponent) {
        return format!("{sign}{}e{exponent}", trimmed(digits));
    }
    let places = usize::try_from(i32::try_from(last).unwrap_or(0) - exponent).unwrap_or(0);
    // The number that was rounded already: rounding it again changes nothing.
    let value: f64 = rounded.parse().unwrap_or(magnitude);
    format!("{sign}{}", trimmed(&format!("{value:.places$}")))
}

fn trimmed(decimal: &str) -> &str {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.') } else { decimal }
}

/// A number in the fewest digits that read back to the same bits, as programs read it.
pub fn full<F: Real>(x: F) -> String {
    let text = format!("{x:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A share in per cent: `152.4 %`.
pub fn percent(share: f64) -> String {
    let text = format!("{:.1}", 100.0 * share.abs());
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if share < 0.0 { format!("−{text} %") } else { format!("{text} %") }
}

/// A formula in which long numbers are written as everywhere else: `x/1.4142135623730951` as `x/1.414`.
pub fn shortened(formula: &str) -> String {
    let mut text = String::new();
    let mut rest = formula;
    let digit = |c: char| c.is_ascii_digit();
    while let Some(at) = rest.find(digit) {
        let (before, behind) = rest.split_at(at);
        text.push_str(before);
        let end = behind.find(|c: char| !digit(c) && c != '.').unwrap_or(behind.len());
        let (number, after) = behind.split_at(end);
        // Digits that belong to a name, or to an exponent, stay.
        let in_name = before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '%' || c == '_');
        match number.parse::<f64>() {
            Ok(x) if number.len() > LONG && !in_name && !after.starts_with('e') => text.push_str(&short(x)),
            _ => text.push_str(number),
        }
        rest = after;
    }
    text + rest
}

/// The characters of a number that is short enough.
const LONG: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_in_formulas_are_short() {
        let text = "x1234567890/1.4142135623730951 + 0.5·%12345678 − 1.0000000000000002e-7";
        assert_eq!(shortened(text), "x1234567890/1.414 + 0.5·%12345678 − 1.0000000000000002e-7");
    }

    #[test]
    fn four_digits_a_true_minus_and_few_exponents() {
        let cases = [
            (0.5932699921071872, "0.5933"),
            (-0.038098236516556236, "−0.0381"),
            (0.0004385677344743465, "0.0004386"),
            (4.385677e-5, "4.386e-5"),
            (0.000099996, "0.0001"),
            (9999.6, "1e4"),
            (12345.678, "1.235e4"),
            (3.0, "3"),
            (-0.0, "−0"),
            (0.05, "0.05"),
            (1.10590596705977, "1.106"),
            (100000.0, "100000"),
            (f64::NEG_INFINITY, "−∞"),
            (f64::NAN, "NaN"),
            (999.96, "1000"),
            (0.152437, "0.1524"),
        ];
        for (number, text) in cases {
            assert_eq!(short(number), text);
        }
        // A number that moves has as many digits as the change needs.
        let moves = [(0.24975114363236958, -0.000248856, "0.249751"), (0.25, -0.000248856, "0.25")];
        let moves = moves.into_iter().chain([(0.3589, -0.0411, "0.3589"), (1.5, 0.0, "1.5"), (2.0e-5, 1e-6, "2e-5")]);
        for (number, change, text) in moves {
            assert_eq!(moved(number, change), text);
        }
        assert_eq!((short(0.1f32), full(0.1f32), full(-2.0)), ("0.1".into(), "0.1".into(), "-2".into()));
        assert_eq!(
            (percent(1.5239), percent(-0.524), percent(0.5)),
            ("152.4 %".into(), "−52.4 %".into(), "50 %".into())
        );
    }
}
