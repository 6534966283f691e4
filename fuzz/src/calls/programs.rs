//! Calls on programs and plans: inputs that do not fit, derivatives by inputs that are not there, updates and guards of
//! what cannot be updated or guarded, feeds of the wrong kind, steps of a trace beyond its end.

use super::Record;
use super::draw::Draw;
use crate::{cost, seeds};
use autodiff::inspect::{Stepper, Trace};
use autodiff::{Arg, Feed, Input, Kind, NodeId, Plan, Program, Registry, Tape};

/// A program, and calls on it.
pub fn calls(draw: &mut Draw, record: &Record) {
    let text = seeds::text(draw.below(1 << 20) as u64);
    let Ok(program) = Program::<f64>::parse(&text, &Registry::standard()) else { return };
    if cost::is_large(&program) {
        return;
    }
    record.call(text);
    for _ in 0..12 {
        let made = step(draw, record, &program);
        // Derivatives of derivatives, now and then.
        if let Some(made) = made.filter(|made| made.len() < 2000 && !cost::is_large(made)) {
            step(draw, record, &made);
        }
    }
}

fn step(draw: &mut Draw, record: &Record, program: &Program<f64>) -> Option<Program<f64>> {
    let call = draw.below(12);
    let list = list(draw, program.inputs().count());
    let inputs = inputs(draw, program);
    record.call(format!("call {call} with {list:?} and {inputs:?}"));
    match call {
        0 => return record.answer(program.grad(&list)),
        1 => return record.answer(program.value_and_grad(&list)),
        2 => return record.answer(program.vjp(&list)),
        3 => return record.answer(program.jvp(&list)),
        4 => return record.answer(program.returning(&list)),
        5 => {
            record.answer(program.run(&inputs));
        }
        6 => {
            record.answer(program.run_all(&inputs));
        }
        7 => {
            record.answer(program.cast::<f32>(&Registry::standard()).map(|program| program.simplified().to_text()));
        }
        8 => {
            record.answer(program.strong_zeros(&inputs).map(|zeros| zeros.len()));
        }
        9 => trace(draw, record, program, &inputs),
        10 => {
            let tape = Tape::new();
            let args: Vec<Arg<'_, f64>> = inputs.iter().map(|input| given(&tape, input)).collect();
            record.answer(program.record(&tape, &args).map(|results| results.len()));
        }
        _ => plan(draw, record, program),
    }
    None
}

/// Positions, most of them below `count`.
fn list(draw: &mut Draw, count: usize) -> Vec<usize> {
    let one = |draw: &mut Draw| if draw.once_in(12) { draw.count() } else { draw.below(count.max(1)) };
    (0..draw.below(4)).map(|_| one(draw)).collect()
}

/// Inputs that fit, with one that does not now and then.
fn inputs(draw: &mut Draw, program: &Program<f64>) -> Vec<Input<f64>> {
    let mut inputs: Vec<Input<f64>> = Vec::new();
    for (kind, shape) in program.inputs() {
        let shape = if draw.once_in(20) { draw.small_shape() } else { shape.to_vec() };
        let kind = if draw.once_in(30) { [Kind::Real, Kind::Index, Kind::Key][draw.below(3)] } else { kind };
        inputs.push(match kind {
            Kind::Real => Input::real(draw.array(&shape)),
            Kind::Index => Input::index(draw.indices(&shape)),
            Kind::Key => Input::Key(draw.count() as u64),
        });
    }
    if draw.once_in(20) {
        inputs.pop();
    }
    inputs
}

fn given<'t>(tape: &'t Tape<f64>, input: &Input<f64>) -> Arg<'t, f64> {
    match input {
        Input::Real(array) => tape.input(array).into(),
        Input::Index(array) => tape.index(array).into(),
        Input::Key(key) => tape.key(*key).into(),
    }
}

fn trace(draw: &mut Draw, record: &Record, program: &Program<f64>, inputs: &[Input<f64>]) {
    let shape = draw.small_shape();
    let trace = match draw.below(3) {
        0 => Trace::new(program, inputs),
        1 => Trace::forward(program, inputs),
        _ => Trace::with_seed(program, inputs, draw.array(&shape)),
    };
    let Some(trace) = record.answer(trace) else { return };
    let mut stepper = Stepper::new(&trace);
    for _ in 0..4 {
        stepper.goto(draw.count());
        stepper.step();
        stepper.back();
        let node = NodeId::new(draw.count());
        let state = stepper.state();
        let words = (state.sentence(), state.line(node), state.value(node).map(|value| value.len()));
        record.answer(Ok(words));
        record.answer(trace.steps(node));
        record.answer(trace.step(node, draw.count()).map(|trace| trace.len()));
        let _ = (state.cotangent(node), state.shares(node), state.cancellation(node), trace.at(draw.count()).phase());
    }
}

fn plan(draw: &mut Draw, record: &Record, program: &Program<f64>) {
    let mut planner = program.planner().threads(draw.below(3));
    let (inputs, outputs) = (program.inputs().count(), program.outputs().count());
    for _ in 0..draw.below(3) {
        let (input, output) = (draw.below(inputs + 1), draw.below(outputs + 1));
        record.call(format!("update {input} {output}"));
        planner = planner.update(input, output);
    }
    for _ in 0..draw.below(2) {
        let (output, largest) = (draw.below(outputs + 1), draw.number());
        record.call(format!("guard {output} within {largest}"));
        planner = planner.guard_within(output, largest);
    }
    if draw.once_in(2) {
        planner = planner.in_small(draw.count());
    }
    let Some(mut plan) = record.answer(planner.plan()) else { return };
    read(draw, &plan);
    for _ in 0..3 {
        execute(draw, record, program, &mut plan);
        read(draw, &plan);
    }
    let inputs = self::inputs(draw, program);
    record.answer(plan.run_all(&inputs));
    record.answer(Ok(plan.explain()));
}

/// Outputs that are there, and some that are not.
fn read(draw: &mut Draw, plan: &Plan<f64>) {
    let i = draw.count();
    let _ = (plan.output(i), plan.number(i), plan.index_output(i), plan.key_output(i));
}

fn execute(draw: &mut Draw, record: &Record, program: &Program<f64>, plan: &mut Plan<f64>) {
    let mut reals: Vec<Vec<f64>> = Vec::new();
    let mut indices: Vec<Vec<usize>> = Vec::new();
    for (_, shape) in program.inputs() {
        let size = if draw.once_in(20) { draw.few() } else { shape.size() };
        reals.push(draw.array(&[size]).into_raw_vec_and_offset().0);
        indices.push(draw.indices(&[size]).into_raw_vec_and_offset().0);
    }
    let mut feeds: Vec<Feed<'_, f64>> = Vec::new();
    for (((kind, _), reals), indices) in program.inputs().zip(&mut reals).zip(&indices) {
        let kind = if draw.once_in(20) { Kind::Key } else { kind };
        feeds.push(match kind {
            Kind::Real if draw.once_in(2) => Feed::Real(reals),
            Kind::Real => Feed::Update(reals),
            Kind::Index => Feed::Index(indices),
            Kind::Key => Feed::Key(3),
        });
    }
    if draw.once_in(20) {
        feeds.pop();
    }
    record.call(format!("execute {feeds:?}"));
    record.answer(plan.execute(&mut feeds));
}
