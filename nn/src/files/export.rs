//! A trained model as the text of a program, for any number of examples.

use super::archive::{self, Tensor};
use super::{atomic, weights};
use crate::context::Context;
use crate::error::error;
use crate::layer::Layer;
use crate::module::{Leaf, Module, Named, Tree};
use autodiff::{Error, ErrorKind, Program, Real, Registry, Result, Shape, Tape, Var};
use ndarray::{ArrayD, ArrayViewD, Axis};
use std::fmt::Write;
use std::path::Path;

/// A model as the text of a program in which `n` is the number of examples: what [`export`] returns.
///
/// ```
/// use autodiff::{Input, Program, Registry};
/// use nn::{Activation, Dense, Init, Random, Sequential};
///
/// let mut random = Random::new(0);
/// let model = Sequential::<f64>::new()
///     .then(Dense::new(2, 3, Init::He, &mut random))
///     .then(Activation::Tanh)
///     .then(Dense::new(3, 1, Init::He, &mut random));
/// let text = nn::export(&model, [2])?.to_text();
///
/// // Without the model: any number of examples, with the same bits.
/// let examples = ndarray::array![[0.1, 0.2], [0.3, -0.4], [5.0, 6.0]];
/// let program = Program::<f64>::parse_with(&text, &Registry::standard(), 3)?;
/// assert_eq!(program.run(&[Input::real(examples.clone())])?[0], nn::predict(&model, examples)?);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// The grammar of the text is that of [`autodiff::text`]; the command `run` runs it on a table of numbers.
#[derive(Clone, PartialEq, Debug)]
pub struct Export<F: Real> {
    /// The lines of the text, in which the arrays of the model are given from outside.
    lines: Vec<String>,
    /// Where the lines of these arrays begin.
    first: usize,
    arrays: Named<F>,
}

/// The model as a program from x \[n, example …\] to y: its forward pass at evaluation, recorded for several numbers of
/// examples n.
///
/// # Errors
/// [`ErrorKind::Refused`] if something in the program depends on n other than as the length of an axis, which the
/// message shows; the error of the first layer that does not fit the shape of the example.
#[track_caller]
pub fn export<F: Real>(model: &(impl Layer<F> + ?Sized), example: impl Into<Shape>) -> Result<Export<F>> {
    let example = example.into();
    export_by(model, |cx, n| {
        let x = cx.tape().symbolic_input(std::iter::once(n).chain(example.iter().copied()).collect::<Shape>());
        model.forward(x.named("x"), cx).named("y")
    })
}

/// As [`export`], for models that read indices or several arrays: `record` records the forward pass for n examples.
///
/// ```
/// use nn::{Embedding, Init, Random};
///
/// let words = Embedding::<f32>::new(100, 8, Init::SmallNormal, &mut Random::new(0));
/// let export = nn::export_by(&words, |cx, n| {
///     let indices = cx.tape().index(ndarray::Array2::zeros((n, 5))).named("words");
///     words.forward(indices, cx).named("y")
/// })?;
/// assert!(export.to_text().contains("words : index[n, 5]"));
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`export`].
#[track_caller]
pub fn export_by<F: Real, M: Module<F> + ?Sized>(
    model: &M,
    record: impl for<'t> Fn(&Context<'t, F>, usize) -> Var<'t, F>,
) -> Result<Export<F>> {
    let mut arrays = Vec::new();
    for (path, leaf) in Tree::of(model).leaves {
        if let Leaf::Param(param) = leaf
            && let Some(error) = param.refused()
        {
            return Err(error.clone());
        }
        arrays.push((path, leaf.array().clone()));
    }
    let mut texts = Vec::new();
    for n in SIZES {
        let tape = Tape::symbolic();
        let cx = Context::evaluation(&tape, model);
        let y = record(&cx, n);
        cx.updated()?;
        y.shape()?;
        texts.push(tape.program(&[y])?.to_text());
    }
    let [first, second, third] = texts.as_slice() else { return Err(refused("nothing was recorded")) };
    let lines = match common(first, second) {
        Ok(lines) => lines,
        Err(message) => return Err(refused(message)),
    };
    // Lengths may agree for two numbers and not for a third.
    let again = Program::<F>::parse_with(&joined(&lines), &Registry::standard(), SIZES[2])?.to_text();
    if again != *third {
        let differing = again.lines().zip(third.lines()).find(|(a, b)| a != b);
        let line = differing.map_or_else(|| "the number of lines".to_owned(), |(_, line)| format!("`{}`", line.trim()));
        return Err(refused(format!("{line} depends on the number of examples in a way that is not a length")));
    }
    // Behind the header, or behind the sections of bodies, which come first.
    let before = lines.iter().rev().skip(1).position(|line| is_end(line));
    let first = before.map_or(1, |behind| lines.len() - 1 - behind);
    Ok(Export { first, lines, arrays })
}

/// The numbers of examples of the three recordings: lengths that differ as the first two do are n.
const SIZES: [usize; 3] = [5, 7, 11];

#[track_caller]
fn refused(message: impl Into<String>) -> Error {
    let help = "what is computed of an example must not depend on how many there are, as a mean over them does";
    error(ErrorKind::Refused, "export", message).with_help(help)
}

impl<F: Real> Export<F> {
    /// The whole text, in which the arrays of the model are constants.
    pub fn to_text(&self) -> String {
        let lines = self.lines.iter().enumerate().map(|(i, line)| {
            let array = i.checked_sub(self.first).and_then(|i| self.arrays.get(i));
            match (array, line.rsplit_once(" = ")) {
                (Some((_, array)), Some((target, _))) => {
                    let mut line = format!("{target} = constant(");
                    literal(&array.view(), &mut line);
                    line + ")"
                }
                _ => line.clone(),
            }
        });
        joined(&lines.collect::<Vec<_>>())
    }

    /// The program for n examples, in which the arrays of the model are the first inputs, in the order of
    /// [`arrays`](Self::arrays) and with their paths as names.
    ///
    /// # Errors
    /// As [`Program::parse`].
    pub fn program(&self, n: usize) -> Result<Program<F>> {
        Program::parse_with(&joined(&self.lines), &Registry::standard(), n)
    }

    /// The arrays of the model, parameters and buffers, with their paths.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &ArrayD<F>)> {
        self.arrays.iter().map(|(path, array)| (path.as_str(), array))
    }

    /// Writes [`to_text`](Self::to_text) to a file atomically; a former file is replaced.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if it cannot be written.
    #[track_caller]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        atomic::write(path.as_ref(), self.to_text().as_bytes())
    }

    /// As [`save`](Self::save), with a comment of one line, which begins with `#`, in front of the text.
    ///
    /// # Errors
    /// As [`save`](Self::save); [`ErrorKind::Refused`] if it is not such a comment.
    #[track_caller]
    pub fn save_with_comment(&self, path: impl AsRef<Path>, comment: &str) -> Result<()> {
        if !comment.starts_with('#') || comment.contains(['\n', '\r']) {
            return Err(error(ErrorKind::Refused, "save", "a comment is one line and begins with `#`"));
        }
        atomic::write(path.as_ref(), format!("{comment}\n{}", self.to_text()).as_bytes())
    }

    /// For large models: writes a text in which the arrays of the model are inputs named by their paths, and writes the
    /// arrays to a second file, as [`weights::save`] does.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if one of them cannot be written.
    #[track_caller]
    pub fn save_with_weights(&self, path: impl AsRef<Path>, arrays: impl AsRef<Path>) -> Result<()> {
        let tensors = self.arrays.iter().map(|(path, array)| (path.clone(), Tensor::of(array))).collect();
        match archive::written(tensors, ("format", weights::FORMAT.to_owned())) {
            Ok(bytes) => atomic::write(arrays.as_ref(), &bytes)?,
            Err(message) => return Err(error(ErrorKind::File, "save", message)),
        }
        atomic::write(path.as_ref(), joined(&self.lines).as_bytes())
    }
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The end of a section.
fn is_end(line: &str) -> bool {
    line.trim_start() == "return" || line.trim_start().starts_with("return ")
}

/// The lines of two texts of one program for two numbers of examples, with `n` where lengths differ.
fn common(first: &str, second: &str) -> Result<Vec<String>, String> {
    let count = |text: &str| text.lines().count();
    if count(first) != count(second) {
        let [a, b, ..] = SIZES;
        return Err(format!(
            "for {a} examples the program has {} lines, for {b} it has {}",
            count(first),
            count(second)
        ));
    }
    first.lines().zip(second.lines()).map(|(a, b)| common_line(a, b)).collect()
}

fn common_line(first: &str, second: &str) -> Result<String, String> {
    let (a, b) = (words(first), words(second));
    let differs = || {
        let [m, n, ..] = SIZES;
        let (first, second) = (brief(first), brief(second));
        format!("`{first}` for {m} examples is `{second}` for {n}, which `n` as a length does not say")
    };
    let same = |(a, b): (&(usize, &str), &(usize, &str))| a.1 == b.1 || is_n(first, *a, b.1);
    if a.len() != b.len() || !a.iter().zip(&b).all(same) {
        return Err(differs());
    }
    let mut line = String::new();
    let mut done = 0;
    for ((at, word), _) in a.iter().zip(&b).filter(|(a, b)| a.1 != b.1) {
        line.push_str(first.get(done..*at).unwrap_or_default());
        line.push('n');
        done = at + word.len();
    }
    line.push_str(first.get(done..).unwrap_or_default());
    Ok(line)
}

/// Whether a word that is another one in the second text stands for n: as a length of a type, or in an attribute.
fn is_n(line: &str, (at, word): (usize, &str), other: &str) -> bool {
    let [a, b, ..] = SIZES.map(|n| n.to_string());
    let before = line.get(..at).unwrap_or_default();
    let is_in_a_type = !before.contains(" = ");
    let is_in_an_attribute = before.rsplit_once(" = ").is_some_and(|(_, call)| call.contains(';'));
    word == a && other == b && (is_in_a_type || is_in_an_attribute)
}

/// The words of a line with the places where they begin; every other sign is a word of its own, blanks are none.
fn words(line: &str) -> Vec<(usize, &str)> {
    let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    let mut words = Vec::new();
    let mut rest = line.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        let mut end = start + c.len_utf8();
        while is_of_word(c)
            && let Some((at, next)) = rest.next_if(|(_, next)| is_of_word(*next))
        {
            end = at + next.len_utf8();
        }
        if !c.is_whitespace() {
            words.extend(line.get(start..end).map(|word| (start, word)));
        }
    }
    words
}

/// A line as a message shows it.
fn brief(line: &str) -> String {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// An array as texts of programs write it: the fewest digits that are read to the same bits.
fn literal<F: Real>(array: &ArrayViewD<'_, F>, to: &mut String) {
    if array.ndim() == 0 {
        // Writing to a string cannot fail.
        array.iter().for_each(|number| _ = write!(to, "{number:?}"));
        return;
    }
    to.push('[');
    for (i, row) in array.axis_iter(Axis(0)).enumerate() {
        if i > 0 {
            to.push_str(", ");
        }
        literal(&row, to);
    }
    to.push(']');
}
