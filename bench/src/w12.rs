//! W12: a gated recurrent unit over a long sequence.

use crate::Result;
use crate::data::{WEIGHTS, X, array};
use crate::replay::{Repeated, Replay};
use crate::workload::{About, Workload};
use autodiff::{Input, Tape};
use nn::{Context, Gru, Layer, Random, parameters, parameters_mut};

const WIDTH: usize = 64;
const STEPS: usize = 64;
const BATCH: usize = 32;

pub const ABOUT: About = About {
    name: "W12",
    title: "GRU of 64 units over 64 steps, 64 inputs, batch 32, f32, all gradients of Σ y²/2",
    // Two products with 3·64 columns for each step, and two adjoints of each, but none for the inputs.
    flops: 2.0 * (5 * STEPS * BATCH * WIDTH * 3 * WIDTH) as f64,
    single: true,
    bytes: 0.0,
    tolerance: 1e-4,
};

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    let mut gru = Gru::<f32>::new(WIDTH, WIDTH, &mut Random::new(0));
    for (i, (_, parameter)) in parameters_mut(&mut gru).into_iter().enumerate() {
        let shape = parameter.array().shape().to_vec();
        parameter.set(array::<f32>(WEIGHTS + i as u64, &shape, 1.0 / (WIDTH as f64).sqrt())?)?;
    }
    let x = array::<f32>(X, &[BATCH, STEPS, WIDTH], 3f64.sqrt())?;
    let replay = Replay::new(threads, || {
        let tape = Tape::new();
        let cx = Context::training(&tape, &gru, 0);
        let y = gru.forward(tape.data(&x), &cx);
        let loss = y.square().sum(..) * 0.5;
        let gradients = loss.gradient(&cx.vars())?;
        Ok(tape.program(&[&[loss], gradients.as_slice()].concat())?)
    })?;
    let weights = parameters(&gru).into_iter().map(|(_, parameter)| Input::Real(parameter.array().clone()));
    let inputs: Vec<_> = std::iter::once(Input::Key(0)).chain(weights).chain([Input::Real(x)]).collect();
    let arrays = (0..4).map(|i| (format!("g{i}"), 1 + i)).collect();
    Ok(Box::new(Repeated { replay, inputs, number: Some("loss"), arrays }))
}
