//! Random programs as plain data: a list of lines, each an operation on earlier values.

use crate::base::kind::Type;
use crate::base::shape::Shape;
use crate::primitive::{Keep, Kind};
use ndarray::ArrayD;
use std::fmt;

/// An operation of a [`Recipe`].
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // each is the `Var` or `Index` method of its name
#[non_exhaustive]
pub enum Op {
    Neg,
    Exp,
    Log,
    Sqrt,
    Abs,
    Sin,
    Cos,
    Atan,
    Tanh,
    Sigmoid,
    Erf,
    Asinh,
    Expm1,
    Log1p,
    Cbrt,
    Hypot,
    Atan2,
    Pow,
    Relu,
    LeakyRelu(f64),
    PowI(i32),
    PowF(f64),
    /// x · c
    Scale(f64),
    /// x + c
    Shift(f64),
    Add,
    Sub,
    Mul,
    Div,
    Maximum,
    Minimum,
    /// `c > d ? a : b` for operands c, d, a, b
    Select,
    MatMul,
    /// By its subscripts.
    Einsum(String),
    AddBias,
    /// Of reals or of indices, as are `Reshape`, `BroadcastTo` and `Slice`.
    Transpose,
    Reshape(Shape),
    BroadcastTo(Shape),
    Sum(Vec<usize>),
    Mean(Vec<usize>),
    Max(Vec<usize>),
    LogSumExp(Vec<usize>),
    Softmax(usize),
    LogSoftmax(usize),
    Concat(usize),
    Slice(usize, usize, usize),
    Pad(usize, usize, usize),
    SliceStep(usize, usize, usize, usize),
    Flip(usize),
    Roll(usize, isize),
    TriL(isize),
    CumSum(usize),
    CumProd(usize),
    /// Of operands \[1, 1, n\] and \[1, 1, k\], with so many zeros around.
    Conv(usize),
    /// Along the last axis, in steps of one.
    MaxPool(usize),
    AveragePool(usize),
    /// Indices: an input of the program, and a constant in a body.
    Indices(ArrayD<usize>),
    ArgMax(usize),
    ArgMin(usize),
    /// The elements along an axis, and their order.
    Sort(usize),
    /// The k largest along an axis, and their positions.
    TopK(usize, usize),
    /// i ∘ n of indices and a number.
    IndexAdd(usize),
    IndexMul(usize),
    IndexDiv(usize),
    IndexRem(usize),
    /// i ∘ j of indices.
    IndexSum,
    IndexDifference,
    IndexProduct,
    ToReal,
    /// `i < n ? a : b` for operands i, a, b
    SelectBelow(usize),
    Gather,
    Pick,
    TakeAlong(usize),
    ScatterAdd(usize),
    Place(usize),
    ScatterAddAlong(usize, usize),
    /// A random key: an input of the program.
    Key(u64),
    FoldIn,
    /// Numbers of this shape.
    Uniform(Shape),
    /// A loop over carries and then inputs, which are its operands. Its body is given the number of the step, the carries and
    /// the step's rows of the inputs, and gives the new carries and the outputs.
    Scan {
        steps: usize,
        reversed: bool,
        keep: Keep,
        carries: usize,
        body: Body,
    },
    /// log(1 + eˣ) with a reverse rule of its own: [`Tape::with_rule`](crate::Tape::with_rule).
    Ruled,
    /// One of two bodies, which are given nothing: the first if the first operand is greater than the second.
    Cond {
        then: Body,
        otherwise: Body,
    },
    /// A loop over carries, whose body is given the number of the step and the carries, and gives the new ones and a number:
    /// there is another step if that is above `threshold`.
    While {
        most: usize,
        threshold: f64,
        body: Body,
    },
}

/// What a loop repeats, or a condition chooses.
///
/// It may use all values before its line, which keep their numbers; the next are what it is given, then its lines' results.
#[derive(Clone, PartialEq)]
pub struct Body {
    /// The operations, in order.
    pub lines: Vec<Line>,
    /// The values it gives.
    pub results: Vec<usize>,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let results: Vec<String> = self.results.iter().map(|x| format!("%{x}")).collect();
        write!(f, "({} lines, gives {})", self.lines.len(), results.join(" "))
    }
}

/// One line of a [`Recipe`]: an operation and the values it takes. Values are numbered: the inputs, then the results of the
/// lines.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// What is done.
    pub op: Op,
    /// To which values.
    pub operands: Vec<usize>,
    /// What comes out.
    pub results: Vec<Type>,
}

/// A well-typed program as plain data, with the inputs to run it on; its last line is a number.
///
/// `Display` prints it, one line for each operation; `Debug` does too, as failing tests are read.
#[derive(Clone, PartialEq)]
pub struct Recipe {
    /// The inputs.
    pub inputs: Vec<ArrayD<f64>>,
    /// The operations, in order.
    pub lines: Vec<Line>,
}

impl Recipe {
    /// The number it computes.
    pub fn output(&self) -> usize {
        let made: usize = self.lines.iter().map(|line| line.results.len()).sum();
        (self.inputs.len() + made).saturating_sub(1)
    }
}

impl Op {
    /// The bodies of a loop or a condition, each with how many values it is given.
    fn bodies(&self, operands: usize) -> Vec<(&Body, usize)> {
        match self {
            Op::Scan { body, .. } | Op::While { body, .. } => vec![(body, 1 + operands)],
            Op::Cond { then, otherwise } => vec![(then, 0), (otherwise, 0)],
            _ => Vec::new(),
        }
    }
}

fn write_lines(f: &mut fmt::Formatter<'_>, lines: &[Line], first: usize, indent: usize) -> fmt::Result {
    let mut value = first;
    for Line { op, operands, results } in lines {
        let of_type = |(i, of): (usize, &Type)| {
            let kind = if of.kind == Kind::Index { "index " } else { "" };
            format!("%{} : {kind}{}", value + i, of.shape)
        };
        let left: Vec<String> = results.iter().enumerate().map(of_type).collect();
        let right: Vec<String> = operands.iter().map(|x| format!("%{x}")).collect();
        writeln!(f, "{:indent$}{} = {op:?} {}", "", left.join(", "), right.join(" "))?;
        for (body, given) in op.bodies(operands.len()) {
            writeln!(f, "{:indent$}  given {given}:", "")?;
            write_lines(f, &body.lines, value + given, indent + 4)?;
        }
        value += results.len();
    }
    Ok(())
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, x) in self.inputs.iter().enumerate() {
            let numbers: Vec<String> = x.iter().map(|x| format!("{x:?}")).collect();
            writeln!(f, "%{i} : {} = input [{}]", Shape::from(x.shape()), numbers.join(", "))?;
        }
        write_lines(f, &self.lines, self.inputs.len(), 0)
    }
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
