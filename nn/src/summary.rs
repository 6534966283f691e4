//! A model as a table.

use crate::context::Context;
use crate::layer::Layer;
use crate::module::parameters;
use autodiff::{Real, Result, Shape, Tape};
use std::fmt;

/// A model as a table: a row per layer, with the shape of its output and the number of its parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    rows: Vec<SummaryRow>,
    total: usize,
}

/// One layer of a [`Summary`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SummaryRow {
    /// The path of the layer, such as `encoder.0`; empty for the model itself.
    pub path: String,
    /// What it is, see [`Module::describe`](crate::Module::describe).
    pub what: String,
    /// The shape of its output for one example, without the axis of examples.
    pub output: Shape,
    /// The number of its parameters.
    pub parameters: usize,
}

impl Summary {
    /// The layers, in the order they are called.
    pub fn rows(&self) -> &[SummaryRow] {
        &self.rows
    }

    /// The number of parameters of the model.
    pub fn total(&self) -> usize {
        self.total
    }
}

/// Describes a model, given the shape of one example. No numbers are computed.
///
/// ```
/// use nn::{Activation, Dense, Init, Random, Sequential};
///
/// let mut random = Random::new(0);
/// let model = Sequential::<f64>::new()
///     .then(Dense::new(2, 3, Init::He, &mut random))
///     .then(Activation::Relu)
///     .then(Dense::new(3, 1, Init::He, &mut random));
/// assert_eq!(nn::summary(&model, [2])?.to_string(), "\
/// layer  kind         output  parameters
/// 0      dense 2 → 3  [n, 3]           9
/// 1      relu         [n, 3]           0
/// 2      dense 3 → 1  [n, 1]           4
/// total                               13
/// ");
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// The error of the first layer that does not fit, with its path.
#[track_caller]
pub fn summary<F: Real>(model: &(impl Layer<F> + ?Sized), example: impl Into<Shape>) -> Result<Summary> {
    let batch: Shape = std::iter::once(1).chain(example.into().iter().copied()).collect();
    let tape = Tape::symbolic();
    let x = tape.symbolic_input(batch);
    let cx = Context::evaluation(&tape, model).logging();
    let y = model.forward(x.named("x"), &cx);
    cx.updated()?;
    y.shape()?;
    let total: usize = parameters(model).iter().map(|(_, param)| param.array().len()).sum();
    let mut calls = cx.into_calls();
    let listed: usize = calls.iter().map(|call| call.parameters).sum();
    if calls.is_empty() || listed != total {
        // A model that is a single layer, or has parameters besides those of its layers.
        calls.push(crate::context::Call {
            path: String::new(),
            what: model.describe(),
            shape: y.shape()?,
            parameters: total.saturating_sub(listed),
        });
    }
    let rows = calls.into_iter().map(|call| SummaryRow {
        path: call.path,
        what: call.what,
        output: call.shape.iter().skip(1).copied().collect(),
        parameters: call.parameters,
    });
    Ok(Summary { rows: rows.collect(), total })
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = |row: &SummaryRow| row.output.iter().fold("[n".to_owned(), |text, d| format!("{text}, {d}")) + "]";
        let heads = ["layer", "kind", "output", "parameters"].map(str::to_owned);
        let line = |row: &SummaryRow| [row.path.clone(), row.what.clone(), shape(row), row.parameters.to_string()];
        let table: Vec<[String; 4]> = std::iter::once(heads).chain(self.rows.iter().map(line)).collect();
        let mut widths = [0; 4];
        for row in &table {
            widths.iter_mut().zip(row).for_each(|(width, cell)| *width = cell.chars().count().max(*width));
        }
        let [path, what, output, parameters] = widths;
        for [a, b, c, d] in &table {
            writeln!(f, "{a:<path$}  {b:<what$}  {c:<output$}  {d:>parameters$}")?;
        }
        let rest = (path + what + output + parameters + 6).saturating_sub("total".len());
        writeln!(f, "total{:>rest$}", self.total)
    }
}
