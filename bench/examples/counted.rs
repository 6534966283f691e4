//! Work in one place each, so that instructions can be counted: what `instructions.sh` runs.
//!
//! `counted WHAT SIZE TIMES`: prepares WHAT for SIZE, and does it TIMES times.

use autodiff::{Feed, Input, Program, Result, Tape, Var};
use ndarray::{Array1, Array2};
use nn::{Activation, Dataset, Dense, Init, Random, Sequential, Sgd, Step, loss};
use std::hint::black_box;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize| arguments.get(i).and_then(|n| n.parse().ok()).unwrap_or(0);
    let (size, times) = (number(1), number(2));
    match arguments.first().map(String::as_str) {
        Some("record") => {
            for _ in 0..times {
                black_box(chain(&Tape::new(), size));
            }
        }
        Some("backward") => {
            let tape = Tape::new();
            let (_, y) = chain(&tape, size);
            for _ in 0..times {
                black_box(y.backward()?);
            }
        }
        Some("gradient") => {
            for _ in 0..times {
                let tape = Tape::new();
                let (x, y) = chain(&tape, size);
                black_box(y.gradient(&[x])?.len());
            }
        }
        Some("run") => {
            let program = chain_and_slope(size)?;
            for _ in 0..times {
                black_box(program.run(&[Input::real(0.5)])?);
            }
        }
        Some("plan") => {
            let program = chain_and_slope(size)?;
            for _ in 0..times {
                black_box(program.plan()?);
            }
        }
        Some("execute") => {
            let mut plan = chain_and_slope(size)?.plan()?;
            for _ in 0..times {
                plan.execute(&mut [Feed::Real(&[0.5])])?;
            }
        }
        Some("scan") => {
            let mut plan = looped(size)?.plan()?;
            for _ in 0..times {
                plan.execute(&mut [Feed::Real(&[0.5])])?;
            }
        }
        Some("fused") => fused(size, times)?,
        Some("layers") => layers(size, times)?,
        Some("step") => step(size, times)?,
        _ => eprintln!(
            "record, backward, gradient, run, plan, execute, scan, fused, layers or step; a size; how many times"
        ),
    }
    Ok(())
}

/// sin and + in turn, `length` nodes.
fn chain(tape: &Tape<f64>, length: usize) -> (Var<'_, f64>, Var<'_, f64>) {
    let x = tape.input(0.5);
    (x, (0..length).fold(x, |y, i| if i % 2 == 0 { y.sin() } else { y + x }))
}

fn chain_and_slope(length: usize) -> Result<Program<f64>> {
    let tape = Tape::new();
    let (x, y) = chain(&tape, length);
    let slope = y.gradient(&[x])?;
    tape.program(&[y, slope[0]])
}

/// x ← 0.999x + 0.001 sin x, `steps` times, and its slope: two loops.
fn looped(steps: usize) -> Result<Program<f64>> {
    let tape = Tape::symbolic();
    let x = tape.input(0.5);
    let ([last], []) = tape.scan(steps, [x], [], |_, [x], []| ([x * 0.999 + x.sin() * 0.001], []));
    tape.program(&[last.gradient(&[x])?[0]])
}

/// Σ log(1 + exp x)·tanh x + x² of `length` numbers with its gradient, replayed: one fused loop.
fn fused(length: usize, times: usize) -> Result<()> {
    let numbers: Vec<f32> = (0..length).map(|i| (i % 1000) as f32 / 250.0 - 2.0).collect();
    let tape = Tape::<f32>::symbolic();
    let x = tape.input(Array1::zeros(length));
    let y = ((1.0 + x.exp()).log() * x.tanh() + x * x).sum(..);
    let mut plan = tape.program(&[y, y.gradient(&[x])?[0]])?.plan()?;
    for _ in 0..times {
        plan.execute(&mut [Feed::Real(&numbers)])?;
    }
    Ok(())
}

/// The gradient of `layers` layers h ← tanh(h·W + b) of width 32 for a batch of 32, replayed.
fn layers(layers: usize, times: usize) -> Result<()> {
    let mut random = Random::new(1);
    let mut numbers = |n: usize| (0..n).map(|_| random.normal() as f32 * 0.1).collect::<Vec<f32>>();
    let data: Vec<Vec<f32>> = (0..=2 * layers).map(|i| numbers(if i % 2 == 0 { 32 * 32 } else { 32 })).collect();
    let tape = Tape::<f32>::symbolic();
    let inputs: Vec<Var<'_, f32>> = (0..=2 * layers)
        .map(|i| if i % 2 == 0 { tape.input(Array2::zeros((32, 32))) } else { tape.input(Array1::zeros(32)) })
        .collect();
    let (Some(last), parameters) = (inputs.last().copied(), inputs.get(..2 * layers).unwrap_or(&[])) else {
        return Ok(());
    };
    // The last input is what the first layer takes.
    let y = parameters.chunks_exact(2).fold(last, |h, wb| (h.matmul(wb[0]) + wb[1]).tanh()).square().mean(..);
    let mut outputs = y.gradient(parameters)?;
    outputs.push(y);
    let mut plan = tape.program(&outputs)?.plan()?;
    for _ in 0..times {
        let mut feeds: Vec<Feed<'_, f32>> = data.iter().map(|numbers| Feed::Real(numbers)).collect();
        plan.execute(&mut feeds)?;
    }
    Ok(())
}

/// Training steps of a network 64-32-10, a batch of `size`.
fn step(size: usize, times: usize) -> Result<()> {
    let mut random = Random::new(1);
    let features = Array2::from_shape_simple_fn((size, 64), || random.normal() as f32);
    let batch = Dataset::labelled(features, Array1::from_iter((0..size).map(|i| i % 10)))?;
    let mut model = Sequential::new()
        .then(Dense::new(64, 32, Init::He, &mut random))
        .then(Activation::Relu)
        .then(Dense::new(32, 10, Init::Xavier, &mut random));
    let mut step = Step::new(Sgd::new(0.01), loss::softmax_cross_entropy).threads(1);
    // The first step is recorded.
    for key in 0..=times {
        step.run(&mut model, &batch, key as u64)?;
    }
    Ok(())
}
