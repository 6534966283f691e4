//! Random programs as plain data: a list of lines, each an operation on earlier values.

use crate::base::error::Result;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Conv, Pooling};
use crate::program::{Input, Program};
use crate::tape::Tape;
use crate::tape::var::Var;
use ndarray::{ArrayD, IxDyn};
use std::fmt;

/// An operation of a [`Recipe`].
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // each is the `Var` method of its name
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
    AddBias,
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
    /// Rows, by their numbers.
    Gather(Vec<usize>),
    /// One element of each row, by its column.
    Pick(Vec<usize>),
    Sort(usize),
    /// The k largest along an axis.
    TopK(usize, usize),
    /// The element at the position of the largest along an axis.
    TakeLargest(usize),
    /// Of operands \[1, 1, n\] and \[1, 1, k\], with so many zeros around.
    Conv(usize),
    /// Along the last axis, in steps of one.
    MaxPool(usize),
    AveragePool(usize),
}

/// One line of a [`Recipe`]: an operation and the values it takes. Values are numbered: the inputs, then the lines.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// What is done.
    pub op: Op,
    /// To which values.
    pub operands: Vec<usize>,
    /// The shape of the result.
    pub shape: Shape,
}

/// A well-typed program as plain data, with the inputs to run it on; its last line is a number.
///
/// `Display` prints it, one line for each operation.
#[derive(Clone, PartialEq, Debug)]
pub struct Recipe {
    /// The inputs.
    pub inputs: Vec<ArrayD<f64>>,
    /// The operations, in order.
    pub lines: Vec<Line>,
}

impl Recipe {
    /// Records the recipe on `tape`: the inputs, and the number it computes.
    ///
    /// # Errors
    /// The error of an operation: none, for a recipe that a strategy made.
    pub fn record<'t, F: Real>(&self, tape: &'t Tape<F>) -> Result<(Vec<Var<'t, F>>, Var<'t, F>)> {
        let inputs: Vec<Var<'t, F>> =
            self.inputs.iter().enumerate().map(|(i, x)| tape.input(x.mapv(F::of)).named(&format!("x{i}"))).collect();
        let mut values = inputs.clone();
        for line in &self.lines {
            let operand = |i: usize| {
                let value = line.operands.get(i).and_then(|value| values.get(*value)).copied();
                value.unwrap_or_else(|| tape.broken_rule(format!("a line without operand {i}")))
            };
            let all: Vec<Var<'t, F>> = (0..line.operands.len()).map(operand).collect();
            values.push(apply(tape, &line.op, operand, &all));
        }
        let y = values.last().copied().unwrap_or_else(|| tape.broken_rule("an empty recipe".into()));
        y.shape()?;
        Ok((inputs, y))
    }

    /// The recipe as a program, and the inputs to run it on.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub fn program<F: Real>(&self) -> Result<(Program<F>, Vec<Input<F>>)> {
        let tape = Tape::new();
        let (_, y) = self.record(&tape)?;
        let reals = self.inputs.iter().map(|x| Input::Real(x.mapv(F::of)));
        let indices = self.lines.iter().filter_map(|line| match &line.op {
            Op::Gather(rows) => ArrayD::from_shape_vec(IxDyn(&[rows.len()]), rows.clone()).ok().map(Input::Index),
            Op::Pick(columns) => {
                let shape = IxDyn(&[columns.len()]);
                ArrayD::from_shape_vec(shape, columns.clone()).ok().map(Input::Index)
            }
            _ => None,
        });
        Ok((tape.program(&[y])?, reals.chain(indices).collect()))
    }

    /// The number it computes.
    pub fn output(&self) -> usize {
        (self.inputs.len() + self.lines.len()).saturating_sub(1)
    }
}

fn apply<'t, F: Real>(tape: &'t Tape<F>, op: &Op, x: impl Fn(usize) -> Var<'t, F>, all: &[Var<'t, F>]) -> Var<'t, F> {
    match op {
        Op::Neg => -x(0),
        Op::Exp => x(0).exp(),
        Op::Log => x(0).log(),
        Op::Sqrt => x(0).sqrt(),
        Op::Abs => x(0).abs(),
        Op::Sin => x(0).sin(),
        Op::Cos => x(0).cos(),
        Op::Atan => x(0).atan(),
        Op::Tanh => x(0).tanh(),
        Op::Sigmoid => x(0).sigmoid(),
        Op::Relu => x(0).relu(),
        Op::LeakyRelu(beta) => x(0).leaky_relu(*beta),
        Op::PowI(n) => x(0).powi(*n),
        Op::PowF(p) => x(0).powf(*p),
        Op::Scale(c) => x(0) * *c,
        Op::Shift(c) => x(0) + *c,
        Op::Add => x(0) + x(1),
        Op::Sub => x(0) - x(1),
        Op::Mul => x(0) * x(1),
        Op::Div => x(0) / x(1),
        Op::Maximum => x(0).maximum(x(1)),
        Op::Minimum => x(0).minimum(x(1)),
        Op::Select => x(0).gt(x(1)).select(x(2), x(3)),
        Op::MatMul => x(0).matmul(x(1)),
        Op::AddBias => x(0).add_bias(x(1)),
        Op::Transpose => x(0).transpose(),
        Op::Reshape(shape) => x(0).reshape(shape.clone()),
        Op::BroadcastTo(shape) => x(0).broadcast_to(shape.clone()),
        Op::Sum(axes) => x(0).sum(axes.clone()),
        Op::Mean(axes) => x(0).mean(axes.clone()),
        Op::Max(axes) => x(0).max(axes.clone()),
        Op::LogSumExp(axes) => x(0).log_sum_exp(axes.clone()),
        Op::Softmax(axis) => x(0).softmax(*axis),
        Op::LogSoftmax(axis) => x(0).log_softmax(*axis),
        Op::Concat(axis) => tape.concat(all, *axis),
        Op::Slice(axis, start, stop) => x(0).slice(*axis, *start..*stop),
        Op::Pad(axis, before, after) => x(0).pad(*axis, *before, *after),
        Op::SliceStep(axis, start, stop, step) => x(0).slice_step(*axis, *start..*stop, *step),
        Op::Flip(axis) => x(0).flip(*axis),
        Op::Roll(axis, shift) => x(0).roll(*axis, *shift),
        Op::TriL(diagonal) => x(0).tril(*diagonal),
        Op::CumSum(axis) => x(0).cumsum(*axis),
        Op::CumProd(axis) => x(0).cumprod(*axis),
        Op::Gather(rows) => x(0).gather(tape.index(rows)),
        Op::Pick(columns) => x(0).pick(tape.index(columns)),
        Op::Sort(axis) => x(0).sort(*axis),
        Op::TopK(k, axis) => x(0).top_k(*k, *axis).0,
        Op::TakeLargest(axis) => {
            let at = x(0).argmax(*axis);
            let shape = x(0).shape().unwrap_or_default().with_axis(*axis, 1);
            x(0).take_along(at.reshape(shape), *axis)
        }
        Op::Conv(padding) => x(0).conv(x(1), &Conv::new().padding(*padding)),
        Op::MaxPool(length) => x(0).max_pool(&Pooling::new([*length]).stride(1)),
        Op::AveragePool(length) => x(0).average_pool(&Pooling::new([*length]).stride(1)),
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, x) in self.inputs.iter().enumerate() {
            let numbers: Vec<String> = x.iter().map(|x| format!("{x:?}")).collect();
            writeln!(f, "%{i} : {} = input [{}]", Shape::from(x.shape()), numbers.join(", "))?;
        }
        for (i, line) in self.lines.iter().enumerate() {
            let operands: Vec<String> = line.operands.iter().map(|x| format!("%{x}")).collect();
            writeln!(f, "%{} : {} = {:?} {}", self.inputs.len() + i, line.shape, line.op, operands.join(" "))?;
        }
        Ok(())
    }
}
