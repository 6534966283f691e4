//! Elementwise operations, products, and comparisons.

use super::{Written, one};
use crate::application::Application;
use crate::wire::Attribute;
use autodiff::Real;

/// The operations that ONNX has under another name, with the same operands.
const SAME: &[(&str, &str)] = &[
    ("neg", "Neg"),
    ("add", "Add"),
    ("sub", "Sub"),
    ("mul", "Mul"),
    ("div", "Div"),
    ("pow", "Pow"),
    ("exp", "Exp"),
    ("log", "Log"),
    ("sqrt", "Sqrt"),
    ("abs", "Abs"),
    ("sin", "Sin"),
    ("cos", "Cos"),
    ("tan", "Tan"),
    ("atan", "Atan"),
    ("tanh", "Tanh"),
    ("sinh", "Sinh"),
    ("cosh", "Cosh"),
    ("asin", "Asin"),
    ("acos", "Acos"),
    ("asinh", "Asinh"),
    ("acosh", "Acosh"),
    ("atanh", "Atanh"),
    ("erf", "Erf"),
    ("floor", "Floor"),
    ("ceil", "Ceil"),
    ("round", "Round"),
    ("sigmoid", "Sigmoid"),
    ("softplus", "Softplus"),
    ("sign", "Sign"),
    ("relu", "Relu"),
    ("maximum", "Max"),
    ("minimum", "Min"),
    ("stop_gradient", "Identity"),
    ("matmul", "MatMul"),
    ("add_bias", "Add"),
];

pub(super) fn write<F: Real>(at: &mut Application<'_, '_, F>) -> Written {
    let name = at.name();
    if let Some((_, operation)) = SAME.iter().find(|(own, _)| *own == name) {
        let names = at.names.clone();
        let operands: Vec<&str> = names.iter().map(String::as_str).collect();
        return one(at.op(operation, &operands, &[]));
    }
    let (a, b) = (at.x(0), at.x(1));
    one(match name {
        "powi" => {
            let n = at.attributes()?.integer("n")? as f64;
            let n = at.number(n);
            at.op("Pow", &[&a, &n], &[])
        }
        "powf" => {
            let p = at.attributes()?.real("p")?;
            let p = at.number(p);
            at.op("Pow", &[&a, &p], &[])
        }
        "leaky_relu" => {
            let beta = at.attributes()?.real("beta")? as f32;
            at.op("LeakyRelu", &[&a], &[Attribute::float("alpha", beta)])
        }
        "log1p" => {
            let one = at.number(1.0);
            let sum = at.op("Add", &[&a, &one], &[]);
            at.op("Log", &[&sum], &[])
        }
        "expm1" => {
            let (one, power) = (at.number(1.0), at.op("Exp", &[&a], &[]));
            at.op("Sub", &[&power, &one], &[])
        }
        "erfc" => {
            let (one, erf) = (at.number(1.0), at.op("Erf", &[&a], &[]));
            at.op("Sub", &[&one, &erf], &[])
        }
        "exp2" => {
            let two = at.number(2.0);
            at.op("Pow", &[&two, &a], &[])
        }
        "log2" | "log10" => {
            let unit = if name == "log2" { std::f64::consts::LOG2_E } else { std::f64::consts::LOG10_E };
            let (unit, log) = (at.number(unit), at.op("Log", &[&a], &[]));
            at.op("Mul", &[&log, &unit], &[])
        }
        "cbrt" => {
            let (third, size, sign) = (at.number(1.0 / 3.0), at.op("Abs", &[&a], &[]), at.op("Sign", &[&a], &[]));
            let root = at.op("Pow", &[&size, &third], &[]);
            at.op("Mul", &[&root, &sign], &[])
        }
        "hypot" => {
            let squares = [at.op("Mul", &[&a, &a], &[]), at.op("Mul", &[&b, &b], &[])];
            let [x, y] = &squares;
            let sum = at.op("Add", &[x, y], &[]);
            at.op("Sqrt", &[&sum], &[])
        }
        "greater" | "greater_equal" | "equal" => {
            let operations = [("greater", "Greater"), ("greater_equal", "GreaterOrEqual"), ("equal", "Equal")];
            let operation = operations.iter().find(|(own, _)| *own == name).map_or("", |(_, operation)| operation);
            let holds = at.op(operation, &[&a, &b], &[]);
            at.as_number(&holds)
        }
        "select" => {
            let (zero, c) = (at.number(0.0), at.x(2));
            let is_zero = at.op("Equal", &[&a, &zero], &[]);
            at.op("Where", &[&is_zero, &c, &b], &[])
        }
        _ => return Ok(None),
    })
}
