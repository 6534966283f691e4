//! The command `run`: it runs a program written as a text, so that values and derivatives can be computed from the
//! shell, without a line of Rust.
//!
//! `cargo install --path run` installs it; `run --help` explains it. This crate has it as a function of its arguments,
//! for tests.

#![deny(missing_docs)]

mod columns;
mod job;
mod options;
mod results;
mod table;
mod values;
mod weights;

use options::Options;
use std::io::{self, Read, Write};

const USAGE: &str = "usage: run FILE [NAME=VALUE ...] [options]
       run train SETTINGS TABLE --target COLUMN --to FILE [--test FRACTION] [--missing CHOICE] [--without COLUMN ...]
       run predict FILE TABLE
       run score FILE TABLE

Runs the program in FILE (- is standard input) on the values of its inputs, and prints what it returns.

tables
  train    trains a network on a table (CSV, with a header) and writes it as a program.
           The settings are JSON, such as {\"nodes\": [4, 16, 3], \"activators\": [\"relu\", \"softmax\"]}: the nodes
           are the numbers of features and of nodes in each layer. The last activator says what is predicted: identity
           numbers, sigmoid two classes (one node), softmax classes. With --test, this fraction of the rows, such as
           0.2, is left out of the training and scored. All columns but the target are features: numbers, or words,
           which become one-hot: a column of 0 and 1, and so a feature, for each word. --without leaves a column out.
           A row that lacks a value is refused; with --missing drop it is left out, with --missing mean the mean of the
           column in the rows that are trained on stands for a feature.
  predict  prints the predictions of such a program for the rows of a table, as a table: a line for each row, empty
           where a value is missing and --missing was drop
  score    prints how well it predicts the target in the table: the fraction of right classes, or R² of numbers

values
  x=3   'w=[1, 2]'   'm=[[1],[2]]'   a number, an array as in a program; a number fills an array of any shape
  x=@FILE                            numbers from a file, one row a line, separated by commas or blanks
  %3=7                               an input without a name, by its id; hidden.b=1 tells two of one name apart
  --weights FILE                     inputs by their names from a file of safetensors
  --n N                              the length `n` of the axes that the program leaves open; without it, the number of rows
                                     of the values

options
  --gradient NAMES     the gradient with respect to these inputs: x,w or all
  --tangent NAME=VALUE the derivative along this direction, in forward mode; more than once for several inputs
  --of NAME            the output that is differentiated, by its name or its number (from 0), if there are several
  --check              compares the derivatives with finite differences, those of f32 also with f64
  --step               every event of the run, forwards and back, and the listing with values and cotangents
  --print              the program with all its types, instead of a run; with --gradient, the program of the gradient,
                       in which strong_mul and strong_div are products and quotients that a zero factor makes 0
  --jax                the program, or that of the gradient, as a Python module for JAX, instead of a run
  --precision REAL     computes in f32 or f64, whatever the text says
  --json               one JSON object instead of lines
  --operations         the operations a program can call
  --help               this text

examples
  run loss.ad x=@points.csv 'w=[0.5, -0.25]' --gradient w
  run loss.ad --print --gradient w > gradient.ad
  run model.ad x=@points.csv --weights model.safetensors

It exits with 0, with 1 if the program cannot be read or run or a check fails, and with 2 for a wrong command line.
";

/// Why nothing, or not everything, was printed.
#[derive(Debug)]
pub enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// The program cannot be read or run.
    Program(autodiff::Error),
    /// Something else went wrong: a file, a check.
    Other(String),
    /// What was to be printed could not be written.
    Output(io::Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Usage(message) | Failure::Other(message) => f.write_str(&printable(message)),
            Failure::Program(error) => {
                let text = error.to_string();
                // Lines of this crate say nothing to whoever wrote the text or the table.
                let folder = job::FILE.strip_suffix("job.rs").unwrap_or(job::FILE);
                let lines = text.lines().filter_map(|line| line.split(&format!("at {folder}")).next());
                let lines: Vec<&str> = lines.map(str::trim_end).filter(|line| !line.is_empty()).collect();
                f.write_str(&printable(&lines.join("\n")))
            }
            Failure::Output(error) => error.fmt(f),
        }
    }
}

/// A text as a terminal can show it: control characters, which might move its cursor or change its colours, are written
/// out.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push(c),
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

impl From<autodiff::Error> for Failure {
    fn from(error: autodiff::Error) -> Self {
        Failure::Program(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

/// The command as a function of its arguments; what it prints goes to `out`.
///
/// # Errors
/// A [`Failure`], with which the process exits.
pub fn run(arguments: &[String], input: &mut dyn Read, out: &mut dyn Write) -> Result<(), Failure> {
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        return Ok(write!(out, "{USAGE}")?);
    }
    if arguments == ["--operations"] {
        return Ok(out.write_all(results::operations().as_bytes())?);
    }
    if let Some((command, rest)) = arguments.split_first().and_then(|(name, rest)| Some((table::command(name)?, rest)))
    {
        return command(rest, out);
    }
    let options = Options::parse(arguments).map_err(Failure::Usage)?;
    let text = match options.file.as_str() {
        "-" => values::without_mark(io::read_to_string(input), "standard input")?,
        file => values::read(file)?,
    };
    job::run(&options, &text, out)
}
