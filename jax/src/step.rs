//! A whole training step in a folder: the module, the driver, and the state.

use crate::literal::quoted;
use crate::state::{self, FILE, FORMAT, Tensor};
use crate::{Emitter, state::file_error};
use autodiff::{Error, ErrorKind, Real, Result};
use ndarray::{ArrayD, Axis};
use nn::{Batch, Column, Module, Objective, Optimizer, Step, StepInput, StepOutput, StepProgram};
use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The driver, and how it reads and writes arrays.
const DRIVER: &str = include_str!("../python/train.py");
const ARRAYS: &str = include_str!("../python/arrays.py");

/// How many further steps the table of learning rates and hyperparameters holds; later ones are as the last of them.
const FOLLOWING: u64 = 9_999;

/// Writes a training step to a folder, with all that is needed to run it with JAX: `step.py`, the program, recorded for
/// batches of `global_batch` examples, whose columns are as those of `example`; `train.py`, a driver, with `arrays.py`; and
/// `state.safetensors`, the arrays of the model and of the optimizer. A former state in the folder is replaced.
///
/// `python train.py --data FILE --steps 1000` makes steps on one device, `--mesh batch=8` on eight, each with an eighth of
/// the batch, and `--help` explains the rest. The driver replaces `state.safetensors`, which [`load`](crate::load) reads.
///
/// The number of examples is a part of the program (a mean divides by it), so it is that of the whole batch, whatever the
/// number of devices. The random key of step s is `fold_in(seed, s)`, as [`fold_in`](autodiff::kernels::fold_in) has it.
/// Learning rates and hyperparameters that change are written for 10,000 steps.
///
/// ```
/// use nn::{Adam, Dataset, Dense, Init, Random, Step, loss};
///
/// let mut model = Dense::<f32>::new(3, 2, Init::He, &mut Random::new(0));
/// let example = Dataset::labelled(ndarray::Array2::zeros((4, 3)), vec![0; 4])?;
/// let mut step = Step::new(Adam::new(0.01), loss::softmax_cross_entropy);
/// let folder = std::env::temp_dir().join("autodiff-jax-export");
/// autodiff_jax::export(&folder, &step, &model, &example, 256)?;
/// autodiff_jax::load(&folder, &mut model, &mut step)?;
/// assert_eq!(step.state().step(), 0);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`Step::described`] and [`source`](crate::source); [`ErrorKind::Refused`] if `global_batch` is 0 or a column of the
/// example cannot be made as long; [`ErrorKind::File`] if the folder cannot be written.
#[track_caller]
pub fn export<F: Real, O: Optimizer<F>, J, M: Module<F>, K>(
    folder: impl AsRef<Path>,
    step: &Step<F, O, J>,
    model: &M,
    example: &dyn Batch<F>,
    global_batch: usize,
) -> Result<()>
where
    J: Objective<F, M, K>,
{
    let batch = Repeated::new(example, global_batch)?;
    let described = step.described(model, &batch, FOLLOWING)?;
    let module = Emitter::new().source(&described.program)? + &roles(&described);
    let folder = folder.as_ref();
    let unwritten = |error: std::io::Error| file_error(format!("`{}` cannot be written: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(unwritten)?;
    for (name, text) in [("step.py", module.as_str()), ("train.py", DRIVER), ("arrays.py", ARRAYS)] {
        state::replace(&folder.join(name), text.as_bytes())?;
    }
    let metadata = [("format", FORMAT.to_owned()), ("step", described.state.step().to_string())];
    state::save(&folder.join(FILE), &tensors(model, &described)?, &metadata)
}

/// The arrays of the model and of the optimizer's state.
fn tensors<F: Real>(model: &impl Module<F>, described: &StepProgram<F>) -> Result<Vec<Tensor>> {
    let mut tensors = Vec::new();
    let parameters = nn::parameters(model).into_iter().map(|(path, parameter)| (path, parameter.array().clone()));
    let buffers = nn::buffers(model).into_iter().map(|(path, buffer)| (path, buffer.array().clone()));
    let mut arrays: HashMap<String, ArrayD<F>> = parameters.chain(buffers).collect();
    for input in &described.inputs {
        if let StepInput::Array(path) = input {
            let missing = || Error::new(ErrorKind::Mismatch, "export", format!("the model has no array `{path}`"));
            let array = arrays.remove(path).ok_or_else(missing)?;
            tensors.push(Tensor::real(format!("model/{path}"), &array));
        }
    }
    for (path, name, array) in described.state.arrays() {
        if name.contains('/') {
            let message = format!("the array `{name}` of the optimizer's state has a `/` in its name");
            return Err(Error::new(ErrorKind::Refused, "export", message));
        }
        tensors.push(Tensor::real(format!("optimizer/{name}/{path}"), array));
    }
    Ok(tensors)
}

/// The tables behind the program: what each input and output is to a training step, and its schedule.
fn roles<F: Real>(described: &StepProgram<F>) -> String {
    let mut text = String::from("\n\n# What each input and output is to a training step.\nROLES = [\n");
    for input in &described.inputs {
        let role = match input {
            StepInput::Key => "\"key\", \"\"".into(),
            StepInput::Array(path) => format!("\"state\", {}", quoted(&format!("model/{path}"))),
            StepInput::Column(name) => format!("\"column\", {}", quoted(name)),
            StepInput::Hyperparameter(name) => format!("\"schedule\", {}", quoted(name)),
            StepInput::Rate => "\"schedule\", \"rate\"".into(),
            StepInput::Step => "\"step\", \"\"".into(),
            StepInput::Examples => "\"examples\", \"\"".into(),
            StepInput::State { path, name } => {
                format!("\"state\", {}", quoted(&format!("optimizer/{name}/{path}")))
            }
            _ => "\"\", \"\"".into(),
        };
        // Writing to a string cannot fail.
        _ = writeln!(text, "    ({role}),");
    }
    text += "]\nRESULTS = [\n";
    for output in &described.outputs {
        let role = match output {
            StepOutput::Loss => "\"loss\", \"\"".into(),
            StepOutput::Output(i) => format!("\"output\", \"{i}\""),
            StepOutput::Array(path) => format!("\"state\", {}", quoted(&format!("model/{path}"))),
            StepOutput::State { path, name } => {
                format!("\"state\", {}", quoted(&format!("optimizer/{name}/{path}")))
            }
            StepOutput::Gradient(path) => format!("\"gradient\", {}", quoted(path)),
            _ => "\"\", \"\"".into(),
        };
        _ = writeln!(text, "    ({role}),");
    }
    text += "]\n# Hyperparameters and learning rate, in the order of their inputs, of the steps from the next one on.\nSCHEDULE = [\n";
    let first = described.schedule.first();
    let constant = described.schedule.iter().all(|numbers| Some(numbers) == first);
    for numbers in described.schedule.iter().take(if constant { 1 } else { usize::MAX }) {
        let numbers: Vec<String> = numbers.iter().map(|x| crate::literal::number(*x)).collect();
        _ = writeln!(text, "    ({},),", numbers.join(", "));
    }
    _ = writeln!(text, "]\nFIRST = {}  # the step that the schedule begins with", described.state.step() + 1);
    text
}

/// An example batch, with its rows repeated until it has the number of examples that is asked for.
struct Repeated<F: Real> {
    columns: Vec<(String, Column<F>)>,
    examples: usize,
}

impl<F: Real> Repeated<F> {
    #[track_caller]
    fn new(example: &dyn Batch<F>, examples: usize) -> Result<Self> {
        let (own, mut columns, mut refused) = (example.examples(), Vec::new(), None);
        example.columns(&mut |name, column| {
            let rows = column.shape().first().copied().unwrap_or(1).checked_mul(examples);
            let rows = rows.filter(|rows| own > 0 && rows % own == 0).map(|rows| rows / own).filter(|rows| *rows > 0);
            match (rows, column) {
                (Some(rows), Column::Real(array)) => {
                    columns.push((name.to_owned(), Column::real(repeated(array, rows))));
                }
                (Some(rows), Column::Index(array)) => {
                    columns.push((name.to_owned(), Column::index(repeated(array, rows))));
                }
                (None, _) => _ = refused.get_or_insert_with(|| name.to_owned()),
            }
        });
        match refused {
            None => Ok(Repeated { columns, examples }),
            Some(name) => {
                let message =
                    format!("the column `{name}` of a batch of {own} examples cannot be made one of {examples}");
                let help = "give an example batch whose number of examples divides the global batch";
                Err(Error::new(ErrorKind::Refused, "export", message).with_help(help))
            }
        }
    }
}

fn repeated<T: Clone>(array: &ArrayD<T>, rows: usize) -> ArrayD<T> {
    let own = array.shape().first().copied().unwrap_or(1).max(1);
    array.select(Axis(0), &(0..rows).map(|row| row % own).collect::<Vec<_>>())
}

impl<F: Real> Batch<F> for Repeated<F> {
    fn examples(&self) -> usize {
        self.examples
    }

    fn columns<'a>(&'a self, list: &mut dyn FnMut(&'a str, &'a Column<F>)) {
        self.columns.iter().for_each(|(name, column)| list(name, column));
    }
}

/// Writes the columns of a batch to a file of safetensors: what `train.py --data FILE` reads.
///
/// # Errors
/// [`ErrorKind::File`] if it cannot be written.
pub fn save_columns<F: Real>(path: impl AsRef<Path>, batch: &dyn Batch<F>) -> Result<()> {
    let mut tensors = Vec::new();
    batch.columns(&mut |name, column| {
        tensors.push(match column {
            Column::Real(array) => Tensor::real(name.to_owned(), array),
            Column::Index(array) => Tensor::index(name.to_owned(), array),
        });
    });
    state::save(path.as_ref(), &tensors, &[])
}
