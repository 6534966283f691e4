//! The rows of the table of conventions, read, and the operations that they name.

use autodiff::{Pooling, Var};
use ndarray::ArrayD;

/// The table; the backslashes keep the documentation from reading a link into `[inf]`.
const TABLE: &str = include_str!("../../autodiff/src/conventions.md");

/// The operation that a row names, applied; `None` for one that nobody tests.
pub fn apply<'t>(operation: &str, x: &[Var<'t, f64>]) -> Option<Var<'t, f64>> {
    Some(match (operation, x) {
        ("relu(x)", [x]) => x.relu(),
        ("leaky_relu(x, 0.1)", [x]) => x.leaky_relu(0.1),
        ("elu(x, 0.5)", [x]) => x.elu(0.5),
        ("abs(x)", [x]) => x.abs(),
        ("maximum(a, b)", [a, b]) => a.maximum(*b),
        ("minimum(a, b)", [a, b]) => a.minimum(*b),
        ("x.maximum(x)", [x]) => x.maximum(*x),
        ("clamp(x, -1, 1)", [x]) => x.clamp(-1.0, 1.0),
        ("max(x)", [x]) => x.max(..),
        ("min(x)", [x]) => x.min(..),
        ("select(c, a, b)", [c, a, b]) => c.select(*a, *b),
        ("masked(x, c)", [x, c]) => x.masked(*c),
        ("sqrt(x)", [x]) => x.sqrt(),
        ("log(x)", [x]) => x.log(),
        ("powi(x, 0)", [x]) => x.powi(0),
        ("powi(x, 1)", [x]) => x.powi(1),
        ("powi(x, 2)", [x]) => x.powi(2),
        ("powi(x, -1)", [x]) => x.powi(-1),
        ("powf(x, 0)", [x]) => x.powf(0.0),
        ("powf(x, 0.5)", [x]) => x.powf(0.5),
        ("powf(x, 1)", [x]) => x.powf(1.0),
        ("powf(x, 1.5)", [x]) => x.powf(1.5),
        ("powf(x, -0.5)", [x]) => x.powf(-0.5),
        ("powf(x, 2)", [x]) => x.powf(2.0),
        ("log1p(x)", [x]) => x.log1p(),
        ("expm1(x)", [x]) => x.expm1(),
        ("log2(x)", [x]) => x.log2(),
        ("log10(x)", [x]) => x.log10(),
        ("cbrt(x)", [x]) => x.cbrt(),
        ("asin(x)", [x]) => x.asin(),
        ("acos(x)", [x]) => x.acos(),
        ("acosh(x)", [x]) => x.acosh(),
        ("atanh(x)", [x]) => x.atanh(),
        ("erf(x)", [x]) => x.erf(),
        ("erfc(x)", [x]) => x.erfc(),
        ("exp2(x)", [x]) => x.exp2(),
        ("tan(x)", [x]) => x.tan(),
        ("sinh(x)", [x]) => x.sinh(),
        ("cosh(x)", [x]) => x.cosh(),
        ("asinh(x)", [x]) => x.asinh(),
        ("floor(x)", [x]) => x.floor(),
        ("ceil(x)", [x]) => x.ceil(),
        ("round(x)", [x]) => x.round(),
        ("atan2(a, b)", [a, b]) => a.atan2(*b),
        ("hypot(a, b)", [a, b]) => a.hypot(*b),
        ("pow(x, e)", [x, e]) => x.pow(*e),
        ("div(a, b)", [a, b]) => *a / *b,
        ("mul(a, b)", [a, b]) => *a * *b,
        ("norm(x)", [x]) => x.norm(..),
        ("std(x)", [x]) => x.std(..),
        ("square(norm(x))", [x]) => x.norm(..).square(),
        ("sqrt(x)·sqrt(x)", [x]) => x.sqrt() * x.sqrt(),
        ("log(x·x)", [x]) => (*x * *x).log(),
        ("sqrt(x), the second", [x]) => x.sqrt().slice(0, 1..2).sum(..),
        ("log(x), the second", [x]) => x.log().gather(x.tape().index_constant(1)),
        ("max(sqrt(x))", [x]) => x.sqrt().max(..),
        ("maximum(log(x), -10)", [x]) => x.log().maximum(-10.0),
        ("x > 0 ? sqrt(x) : 0", [x]) => x.gt(0.0).select(x.sqrt(), 0.0),
        ("x = 0 ? 1 : sin(x)/x", [x]) => x.eq(0.0).select(1.0, x.sin() / *x),
        ("x > 0 ? x·log(x) : 0", [x]) => x.gt(0.0).select(*x * x.log(), 0.0),
        ("x > 0 ? tanh(log(x)) : x", [x]) => x.gt(0.0).select(x.log().tanh(), *x),
        ("prod(x)", [x]) => x.prod(..),
        ("cumsum(x)", [x]) => x.cumsum(0),
        ("cumprod(x)", [x]) => x.cumprod(0),
        ("cumprod_reversed(x)", [x]) => x.cumprod_reversed(0),
        ("sum(x)", [x]) => x.sum(..),
        ("mean(x)", [x]) => x.mean(..),
        ("sort(x)", [x]) => x.sort(0),
        ("top_k(x, 2)", [x]) => x.top_k(2, 0).0,
        ("softmax(x)", [x]) => x.softmax(0),
        ("log_softmax(x)", [x]) => x.log_softmax(0),
        ("log_sum_exp(x)", [x]) => x.log_sum_exp(..),
        ("softplus(x)", [x]) => x.softplus(),
        ("sigmoid(x)", [x]) => x.sigmoid(),
        ("tanh(x)", [x]) => x.tanh(),
        ("exp(x)", [x]) => x.exp(),
        ("max_pool(x, 2)", [x]) => x.max_pool(&Pooling::new([2])),
        ("average_pool(x, 2)", [x]) => x.average_pool(&Pooling::new([2])),
        _ => return None,
    })
}

/// `−0`, `1/2`, `inf`, `NaN`, `[1, 2]`: a number or a list of them.
pub fn numbers(text: &str) -> ArrayD<f64> {
    let number = |text: &str| match text.trim().split_once('/') {
        Some((a, b)) => a.parse::<f64>().unwrap() / b.parse::<f64>().unwrap(),
        None => text.trim().parse().unwrap_or_else(|_| panic!("{text} is not a number")),
    };
    match text
        .trim()
        .trim_start_matches('\\')
        .replace("\\]", "]")
        .strip_prefix('[')
        .and_then(|list| list.strip_suffix(']'))
    {
        Some(list) => {
            let list: Vec<f64> = list.split(',').filter(|text| !text.trim().is_empty()).map(number).collect();
            ndarray::Array1::from_vec(list).into_dyn()
        }
        None => ndarray::arr0(number(text)).into_dyn(),
    }
}

/// The rows: operation, where, value, slope, reason.
pub fn rows() -> Vec<[&'static str; 5]> {
    rows_of(TABLE)
}

fn rows_of(table: &'static str) -> Vec<[&'static str; 5]> {
    let cells = |line: &'static str| -> Option<[&'static str; 5]> {
        let inside = line.strip_prefix('|')?.strip_suffix('|')?;
        // Between `\|` and `\|` stands a magnitude, and not a cell.
        let mut escaped = false;
        let ends = |c: char| {
            let end = c == '|' && !escaped;
            escaped = c == '\\' && !escaped;
            end
        };
        let cells: Vec<&str> = inside.split(ends).map(str::trim).collect();
        Some(cells.try_into().unwrap_or_else(|_| panic!("a row of the table has five cells: {line}")))
    };
    table.lines().filter_map(cells).skip(2).collect()
}

#[test]
fn a_cell_may_hold_a_magnitude() {
    let text = "| a | b | c | d | e |\n|---|---|---|---|---|\n| `f(x)` | \\|x\\| = 1 | 0 | 1 | x/\\|x\\| |";
    assert_eq!(rows_of(text), [["`f(x)`", "\\|x\\| = 1", "0", "1", "x/\\|x\\|"]]);
}
