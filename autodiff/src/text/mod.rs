//! Programs as text: what [`Program::to_text`] writes and a hand may write as well, [`Program::parse`] reads.
//!
//! ```text
//! program 2 f64                       # the version of the text, and what its numbers are
//!   x : f64[3, 2] = data              # given from outside, no gradient wanted
//!   w : f64[2]    = input             # given from outside
//!   z = matmul(x, w)                  # the shape follows; where it is written, it is checked
//!   loss = sum(mul(z, z); axes=[0], keep=false)
//!   return loss
//! ```
//!
//! One line is one node:
//!
//! ```text
//! text      = "program" version real {"body" name section} section
//! section   = {line} "return" [operand {"," operand}]
//! line      = result {"," result} "=" leaf ["in" scope]
//! result    = [id] [name] [":" type]
//! type      = real "[" lengths "]" | "index[" lengths "]" | "key"        real = "f32" | "f64"
//! leaf      = "input" | "data" | "index" | "key" | "constant(" literal ")" | call
//! call      = operation "(" operand {"," operand} [";" name "=" value {"," name "=" value}] ")"
//! operand   = id | name | literal | call
//! literal   = number | "[" literal {"," literal} "]"
//! value     = number | word | "[" lengths "]" | "[" name {"," name} "]"
//! ```
//!
//! - `#` begins a comment. A line ends where it ends, except inside brackets.
//! - An id is `%` and a number. It says nothing about the order: operands stand before what is computed from them.
//! - A name is a word of letters, digits, `_` and `.`, or any text in quotes. Two lines with ids may have the same name;
//!   such a name cannot be an operand. A scope is a path such as `encoder.0`.
//! - A literal among the operands is a constant, and a call among them a node without a name.
//! - Elementwise operations broadcast, as the methods of [`Var`](crate::Var) do: `add(x, 1.0)` is
//!   `add(x, broadcast_to(1.0; shape=[2]))`.
//! - A number is read to the nearest bits, and written with the fewest digits that are read to the same; `inf`, `-inf`
//!   and `NaN` are numbers. `constant(0.5)` with the type `f64[100, 100]` has that number in every place.
//! - Operations and their attributes are those of a [`Registry`]; `inspect::table` lists them.
//! - An operation with several results has a line with as many: `%4 : f64[3], %5 : index[3] = sort(%1; axis=0)`.
//! - A body is a program that an operation runs, such as the step of a `scan`: its inputs and what it returns are those of
//!   one run. An operation names it by the attribute `body` (`bodies`, where it has several). Bodies stand above who names
//!   them.
//! - Lengths are numbers, or `n`: the length of all axes that may have any, such as the one of the examples. It may stand in
//!   types, in lists of attributes and for an attribute that is an integer, and is given when the text is read
//!   ([`Program::parse_with`]).
//! - Version 1, which has neither bodies nor several results, is read, too.
//! - Lines that nothing returned is computed from are dropped, except those that are given from outside.
//!
//! An error ([`ErrorKind::Text`](crate::ErrorKind::Text), or that of the operation) says line and column, shows the line,
//! and suggests what may have been meant. Whatever is read, nothing panics.

mod build;
mod lexer;
mod literal;
mod parser;
pub(crate) mod report;
mod syntax;
mod write;

use crate::base::error::Result;
use crate::base::real::Real;
use crate::primitive::Registry;
use crate::program::Program;
use ndarray::ArrayD;

pub use literal::number;

/// The version of the texts that are written; those of version 1 are read, too.
pub(crate) const VERSION: u32 = 2;

/// Reads an array as texts of programs write it: `3`, `[1, 2]`, `[[1, 2], [3, 4]]`.
///
/// ```
/// use autodiff::text;
/// assert_eq!(text::array::<f64>("[[1, 2], [3, 4]]")?, ndarray::array![[1.0, 2.0], [3.0, 4.0]].into_dyn());
/// let error = text::array::<f64>("[1, [2]]").unwrap_err();
/// assert_eq!(error.message(), "line 1, column 5: an array stands where the rows before have a number");
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Text`](crate::ErrorKind::Text) for what is no such array.
pub fn array<F: Real>(text: &str) -> Result<ArrayD<F>> {
    let source = report::Source::new(text)?;
    let tokens = lexer::tokens(&source)?;
    let literal = parser::array(&source, &tokens)?;
    let numbers = literal.numbers.iter().map(|span| literal::real(&source, *span)).collect::<Result<Vec<F>>>()?;
    ArrayD::from_shape_vec(literal.shape.to_vec(), numbers)
        .map_err(|error| source.error(literal.span, error.to_string()))
}

impl<F: Real> Program<F> {
    /// Reads a program from its text; the grammar stands in [`text`](crate::text). The operations are recorded on a tape
    /// without values, so shapes follow from the same rules, with the same complaints, as everybody's.
    ///
    /// ```
    /// use autodiff::{Input, Program, Registry};
    ///
    /// let square = "
    ///     program 2 f64
    ///     x : f64[2] = input
    ///     y = sum(mul(x, x); axes=[0], keep=false)
    ///     return y
    /// ";
    /// let program = Program::<f64>::parse(square, &Registry::standard())?;
    /// assert_eq!(program.run(&[Input::real([3.0, 4.0])])?[0].first(), Some(&25.0));
    /// let gradient = program.grad(&[0])?;
    /// let again = Program::<f64>::parse(&gradient.to_text(), &Registry::standard())?;
    /// assert_eq!(again.to_text(), gradient.to_text());
    ///
    /// let error = Program::<f64>::parse(&square.replace("sum", "summ"), &Registry::standard()).unwrap_err();
    /// assert_eq!(error.message(), "line 4, column 9: there is no operation `summ`");
    /// assert_eq!(error.help(), Some("did you mean `sum`?"));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Text`](crate::ErrorKind::Text) for what is not such a text, or one of the other precision; the error
    /// of an operation that does not fit its operands.
    pub fn parse(text: &str, registry: &Registry<F>) -> Result<Self> {
        read(report::Source::new(text)?, registry)
    }

    /// As [`parse`](Self::parse), with `n` as the length of the axes that the text leaves open.
    ///
    /// ```
    /// use autodiff::{Input, Program, Registry};
    ///
    /// let sums = "
    ///     program 2 f64
    ///     x : f64[n, 2] = data
    ///     return sum(x; axes=[1], keep=false)
    /// ";
    /// let program = Program::<f64>::parse_with(sums, &Registry::standard(), 3)?;
    /// let sums = program.run(&[Input::real([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])])?;
    /// assert_eq!(sums[0], ndarray::array![3.0, 7.0, 11.0].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(text: &str, registry: &Registry<F>, n: usize) -> Result<Self> {
        read(report::Source::new(text)?.with_n(n), registry)
    }
}

fn read<F: Real>(source: report::Source<'_>, registry: &Registry<F>) -> Result<Program<F>> {
    let tokens = lexer::tokens(&source)?;
    let module = parser::module(&source, &tokens)?;
    build::program(&source, registry, &module)
}

/// Whether a text leaves the length of some axes open: then [`Program::parse_with`] reads it.
///
/// ```
/// use autodiff::text;
/// assert!(text::has_free_axes("program 2 f64\nx : f64[n, 2] = data\nreturn x")?);
/// assert!(!text::has_free_axes("program 2 f64\nn : f64[3, 2] = data\nreturn n")?);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Text`](crate::ErrorKind::Text) for what is no text of a program.
pub fn has_free_axes(text: &str) -> Result<bool> {
    let source = report::Source::new(text)?.with_n(0);
    parser::module(&source, &lexer::tokens(&source)?)?;
    Ok(source.is_free.get())
}
