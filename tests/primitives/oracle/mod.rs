//! Elementwise functions against numbers of 300 digits: values, slopes and slopes of slopes, by all modes, over the whole range
//! in which the argument and the right answer are normal numbers, and beside special points.
//!
//! `ORACLE_CASES=10000 cargo test --release --test primitives oracle` tries that many arguments of each function;
//! `UPDATE_EXPECT=1` writes the worst errors to `docs/accuracy.md`.

mod big;
mod functions;
mod rows;

use crate::slopes::slopes;
use autodiff::primitive::Generator;
use autodiff::{Real, Tape};
use big::Big;
use functions::{Case, cases};
use std::fmt::Write;

/// Where less is asked for: the functions whose name begins like this, from which order on, how many powers of two before an
/// end of the normal numbers, and why.
const EXCEPTIONS: [(&str, usize, i32, &str); 2] = [
    ("pow", 1, 14, "the power leaves the range before the exponents, its factors, bring the slope back into it"),
    ("exp2", 1, 2, "the power is infinite before its slopes are, which are smaller by factors of log 2"),
];

struct Precision {
    tolerance: f64,
    mantissa: i32,
    /// The exponents of normal numbers, as 2ᵉ⁻¹ ≤ |x| < 2ᵉ.
    exponents: (i32, i32),
}

const DOUBLE: Precision = Precision { tolerance: 1e-13, mantissa: 53, exponents: (-1021, 1024) };
const SINGLE: Precision = Precision { tolerance: 1e-5, mantissa: 24, exponents: (-125, 128) };

/// Half of the arguments of any magnitude, the others beside special points.
fn argument<F: Real>(case: &Case<F>, precision: &Precision, generator: &mut Generator) -> f64 {
    let (low, high) = precision.exponents;
    let x = if generator.flip() {
        let x = generator.uniform(1.0, 2.0) * 2f64.powf(generator.uniform(f64::from(low), f64::from(high - 1)).floor());
        if generator.flip() { -x } else { x }
    } else {
        let special = case.special[generator.integer(0, case.special.len() - 1)];
        let apart = 2f64.powf(-generator.uniform(0.0, f64::from(precision.mantissa)));
        let beside = if generator.flip() { 1.0 + apart } else { 1.0 - apart };
        special * beside * if generator.flip() { 1.0 } else { generator.uniform(-1.0, 1.0) }
    };
    F::of(x).double()
}

struct Worst {
    error: f64,
    at: f64,
    compared: usize,
}

fn compare<F: Real>(precision: &Precision, count: usize, table: &mut String) -> Vec<String> {
    let mut wrong = Vec::new();
    let is_normal = |e: i32| precision.exponents.0 <= e && e <= precision.exponents.1;
    for case in cases::<F>() {
        let mut generator = Generator::new(11);
        let mut worst = [0, 1, 2].map(|_| Worst { error: 0.0, at: 0.0, compared: 0 });
        for _ in 0..count {
            let x = argument(&case, precision, &mut generator);
            let truth = (case.truth)(Big::of(x));
            // Outside the domain the value is NaN, which no slope has to tell again.
            if !F::of(x).is_normal() || truth[0].is_nan() || !truth.iter().any(|y| y.exponent().is_some_and(is_normal))
            {
                continue;
            }
            let tape = Tape::<F>::new();
            let value = (case.function)(tape.input(F::of(x))).item().unwrap().double();
            let (first, second) = slopes(x, case.function);
            for (order, found) in [vec![value], first, second].into_iter().enumerate() {
                let right = &truth[order];
                let exceptions =
                    EXCEPTIONS.iter().filter(|(name, from, ..)| case.name.starts_with(name) && order >= *from);
                let before = exceptions.map(|(_, _, bits, _)| *bits).max().unwrap_or(0);
                let is_asked = |e: i32| is_normal(e - before) && is_normal(e + before);
                // A derivative that is exactly zero is to be found as zero.
                let is_zero = right.is_zero();
                if !is_zero && !right.exponent().is_some_and(is_asked) {
                    continue;
                }
                for found in found {
                    // A sum is compared relative to its terms: these are ½ and up to ½, and 1/‖x‖ and x²/‖x‖³.
                    let size = match (order, case.name) {
                        (0, "arctan_sigmoid") => &Big::of(1.0),
                        (2, "norm of (x, 2)") => &truth[0].recip(),
                        _ => right,
                    };
                    let error = match found.is_finite() && !(is_zero && found != 0.0) {
                        true => (&Big::of(found) - right).ratio(size),
                        false => f64::INFINITY,
                    };
                    worst[order].compared += 1;
                    if error > worst[order].error {
                        worst[order].error = error;
                        worst[order].at = x;
                    }
                }
            }
        }
        for (order, worst) in worst.iter().enumerate() {
            // A whole power has 2 units in the last place, which are at most 2ε of the number.
            let ulps = order == 0 && case.name.starts_with("powi");
            let tolerance = if ulps { 2.0 * F::epsilon().double() } else { precision.tolerance };
            if worst.error > tolerance {
                let Worst { error, at, .. } = worst;
                wrong.push(format!("{} {}, order {order}: {error:.1e} at {at:e}", F::NAME, case.name));
            }
            if worst.compared < count / 20 {
                wrong.push(format!("{} {}, order {order}: only {} compared", F::NAME, case.name, worst.compared));
            }
        }
        let [value, first, second] = worst.map(|worst| format!("{:.0e}", worst.error));
        writeln!(table, "| {} | {} | {value} | {first} | {second} |", case.name, F::NAME).unwrap();
    }
    wrong
}

/// How many arguments are tried.
fn count() -> usize {
    std::env::var("ORACLE_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(200)
}

#[test]
fn elementwise_functions_keep_their_digits() {
    let count = count();
    let mut table = String::new();
    let mut wrong = compare::<f64>(&DOUBLE, count, &mut table);
    wrong.extend(compare::<f32>(&SINGLE, count, &mut table));
    println!("{table}");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let text = format!("{}{table}", include_str!("accuracy_head.md"));
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/accuracy.md"), text).unwrap();
    }
    assert!(wrong.is_empty(), "{} functions lose digits:\n{}", wrong.len(), wrong.join("\n"));
}
