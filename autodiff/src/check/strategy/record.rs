//! Recipes recorded on a tape.

use super::recipe::{Body, Line, Op, Recipe};
use crate::base::error::Result;
use crate::base::real::Real;
use crate::primitive::{Conv, Loop, Pooling};
use crate::program::{Input, Program};
use crate::tape::var::{Index, Var};
use crate::tape::{Arg, Tape};

impl Recipe {
    /// Records the recipe on `tape`: the inputs, and the number it computes.
    ///
    /// # Errors
    /// The error of an operation: none, for a recipe that a strategy made.
    pub fn record<'t, F: Real>(&self, tape: &'t Tape<F>) -> Result<(Vec<Var<'t, F>>, Var<'t, F>)> {
        let inputs: Vec<Var<'t, F>> =
            self.inputs.iter().enumerate().map(|(i, x)| tape.input(x.mapv(F::of)).named(&format!("x{i}"))).collect();
        let mut values: Vec<Arg<'t, F>> = inputs.iter().map(|x| Arg::Real(*x)).collect();
        record(tape, &self.lines, &mut values, false);
        let y = values.last().map_or_else(|| tape.broken_rule("an empty recipe".into()), |y| y.var());
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
        let others = self.lines.iter().filter_map(|line| match &line.op {
            Op::Indices(indices) => Some(Input::Index(indices.clone())),
            Op::Key(key) => Some(Input::Key(*key)),
            _ => None,
        });
        Ok((tape.program(&[y])?, reals.chain(others).collect()))
    }
}

impl Body {
    /// The results, where `values` are those around the body and those it is given.
    fn record<'t, F: Real>(&self, tape: &'t Tape<F>, mut values: Vec<Arg<'t, F>>) -> Vec<Arg<'t, F>> {
        record(tape, &self.lines, &mut values, true);
        self.results.iter().map(|x| value(tape, &values, *x)).collect()
    }
}

fn value<'t, F: Real>(tape: &'t Tape<F>, values: &[Arg<'t, F>], number: usize) -> Arg<'t, F> {
    let missing = || tape.broken_rule(format!("there is no value {number}")).into();
    values.get(number).copied().unwrap_or_else(missing)
}

fn record<'t, F: Real>(tape: &'t Tape<F>, lines: &[Line], values: &mut Vec<Arg<'t, F>>, inside: bool) {
    for Line { op, operands, .. } in lines {
        let x: Vec<Arg<'t, F>> = operands.iter().map(|x| value(tape, values, *x)).collect();
        let results: Vec<Arg<'t, F>> = match op {
            Op::Indices(indices) if inside => vec![tape.index_constant(indices.clone()).into()],
            Op::Scan { steps, reversed, keep, carries, body } => {
                let options = Loop { steps: *steps, reversed: *reversed, keep: *keep };
                let (carries, inputs) = x.split_at((*carries).min(x.len()));
                let (mut last, all) = tape.scan_with(options, carries, inputs, |step, carries, inputs| {
                    let mut all: Vec<Arg<'_, F>> = values.to_vec();
                    all.push(step.index().into());
                    all.extend(carries.iter().chain(inputs));
                    let mut last = body.record(step.index().tape(), all);
                    let all = last.split_off(carries.len().min(last.len()));
                    (last, all)
                });
                last.extend(all);
                last
            }
            Op::Cond { then, otherwise } => {
                let test = operand(tape, &x, 0).var().gt(operand(tape, &x, 1).var());
                tape.cond_with(test, || then.record(tape, values.clone()), || otherwise.record(tape, values.clone()))
            }
            Op::While { most, threshold, body } => {
                let (mut last, steps) = tape.while_loop_with(*most, &x, |step, carries| {
                    let tape = step.index().tape();
                    let mut all: Vec<Arg<'_, F>> = values.to_vec();
                    all.push(step.index().into());
                    all.extend(carries);
                    let mut next = body.record(tape, all);
                    let number = next.pop().unwrap_or_else(|| tape.broken_rule("a loop without a test".into()).into());
                    (next, number.var().gt(*threshold))
                });
                last.push(steps.into());
                last
            }
            op => apply(tape, op, &x),
        };
        values.extend(results);
    }
}

fn operand<'t, F: Real>(tape: &'t Tape<F>, x: &[Arg<'t, F>], i: usize) -> Arg<'t, F> {
    x.get(i).copied().unwrap_or_else(|| tape.broken_rule(format!("a line without operand {i}")).into())
}

/// A view, of reals or of indices.
fn moved<'t, F: Real>(
    x: Arg<'t, F>,
    var: impl FnOnce(Var<'t, F>) -> Var<'t, F>,
    index: impl FnOnce(Index<'t, F>) -> Index<'t, F>,
) -> Vec<Arg<'t, F>> {
    vec![match x {
        Arg::Index(i) => index(i).into(),
        x => var(x.var()).into(),
    }]
}

/// The results of an operation that has several, gives indices or keys, or takes either of reals and indices.
fn apply<'t, F: Real>(tape: &'t Tape<F>, op: &Op, operands: &[Arg<'t, F>]) -> Vec<Arg<'t, F>> {
    let x = |i: usize| operand(tape, operands, i).var();
    let i = |i: usize| operand(tape, operands, i).index();
    let key = || operand(tape, operands, 0).key();
    let both = |(y, i): (Var<'t, F>, Index<'t, F>)| vec![Arg::Real(y), Arg::Index(i)];
    let any = || operand(tape, operands, 0);
    match op {
        Op::Transpose => moved(any(), |x| x.transpose(), |i| i.transpose()),
        Op::Reshape(shape) => moved(any(), |x| x.reshape(shape.clone()), |i| i.reshape(shape.clone())),
        Op::BroadcastTo(shape) => moved(any(), |x| x.broadcast_to(shape.clone()), |i| i.broadcast_to(shape.clone())),
        Op::Slice(axis, start, stop) => {
            moved(any(), |x| x.slice(*axis, *start..*stop), |i| i.slice(*axis, *start..*stop))
        }
        Op::Indices(indices) => vec![tape.index(indices).into()],
        Op::ArgMax(axis) => vec![x(0).argmax(*axis).into()],
        Op::ArgMin(axis) => vec![x(0).argmin(*axis).into()],
        Op::Sort(axis) => both(x(0).sort_with_order(*axis)),
        Op::TopK(k, axis) => both(x(0).top_k(*k, *axis)),
        Op::IndexAdd(n) => vec![(i(0) + *n).into()],
        Op::IndexMul(n) => vec![(i(0) * *n).into()],
        Op::IndexDiv(n) => vec![(i(0) / *n).into()],
        Op::IndexRem(n) => vec![(i(0) % *n).into()],
        Op::IndexSum => vec![(i(0) + i(1)).into()],
        Op::IndexDifference => vec![(i(0) - i(1)).into()],
        Op::IndexProduct => vec![(i(0) * i(1)).into()],
        Op::Key(number) => vec![tape.key(*number).into()],
        Op::FoldIn => vec![key().fold_in(i(1)).into()],
        Op::Uniform(shape) => vec![key().uniform(shape.clone(), 0).into()],
        Op::ToReal => vec![i(0).to_real().into()],
        Op::SelectBelow(n) => vec![i(0).lt(*n).select(x(1), x(2)).into()],
        Op::Gather => vec![x(0).gather(i(1)).into()],
        Op::Pick => vec![x(0).pick(i(1)).into()],
        Op::TakeAlong(axis) => vec![x(0).take_along(i(1), *axis).into()],
        Op::ScatterAdd(rows) => vec![x(0).scatter_add(i(1), *rows).into()],
        Op::Place(length) => vec![x(0).place(i(1), *length).into()],
        Op::ScatterAddAlong(axis, length) => vec![x(0).scatter_add_along(i(1), *axis, *length).into()],
        op => {
            let all: Vec<Var<'t, F>> = operands.iter().map(|x| x.var()).collect();
            vec![apply_to_reals(tape, op, x, &all).into()]
        }
    }
}

fn apply_to_reals<'t, F: Real>(
    tape: &'t Tape<F>,
    op: &Op,
    x: impl Fn(usize) -> Var<'t, F>,
    all: &[Var<'t, F>],
) -> Var<'t, F> {
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
        Op::Erf => x(0).erf(),
        Op::Asinh => x(0).asinh(),
        Op::Expm1 => x(0).expm1(),
        Op::Log1p => x(0).log1p(),
        Op::Cbrt => x(0).cbrt(),
        Op::Hypot => x(0).hypot(x(1)),
        Op::Atan2 => x(0).atan2(x(1)),
        Op::Pow => x(0).pow(x(1)),
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
        Op::Ruled => softplus(x(0)),
        Op::Einsum(subscripts) => tape.einsum(subscripts, all),
        Op::AddBias => x(0).add_bias(x(1)),
        Op::Sum(axes) => x(0).sum(axes.clone()),
        Op::Mean(axes) => x(0).mean(axes.clone()),
        Op::Max(axes) => x(0).max(axes.clone()),
        Op::LogSumExp(axes) => x(0).log_sum_exp(axes.clone()),
        Op::Softmax(axis) => x(0).softmax(*axis),
        Op::LogSoftmax(axis) => x(0).log_softmax(*axis),
        Op::Concat(axis) => tape.concat(all, *axis),
        Op::Pad(axis, before, after) => x(0).pad(*axis, *before, *after),
        Op::SliceStep(axis, start, stop, step) => x(0).slice_step(*axis, *start..*stop, *step),
        Op::Flip(axis) => x(0).flip(*axis),
        Op::Roll(axis, shift) => x(0).roll(*axis, *shift),
        Op::TriL(diagonal) => x(0).tril(*diagonal),
        Op::CumSum(axis) => x(0).cumsum(*axis),
        Op::CumProd(axis) => x(0).cumprod(*axis),
        Op::Conv(padding) => x(0).conv(x(1), &Conv::new().padding(*padding)),
        Op::MaxPool(length) => x(0).max_pool(&Pooling::new([*length]).stride(1)),
        Op::AveragePool(length) => x(0).average_pool(&Pooling::new([*length]).stride(1)),
        other => tape.broken_rule(format!("{other:?} is no operation on reals alone")),
    }
}

/// The operand is the only one.
#[allow(clippy::indexing_slicing)]
fn softplus<F: Real>(x: Var<'_, F>) -> Var<'_, F> {
    let ruled = x.tape().with_rule(
        "check::softplus",
        &[x],
        |x| (x[0].exp() + 1.0).log(),
        |at, dy| at.one(|| dy * at.x(0).sigmoid()),
    );
    ruled.unwrap_or_else(|error| x.tape().failed(error))
}
