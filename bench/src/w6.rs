//! W6: a chain of elementwise operations, longer than any cache.

use crate::Result;
use crate::data::{X, array};
use crate::numbers::Numbers;
use crate::replay::Replay;
use crate::workload::{About, Workload};
use autodiff::{Input, Tape};
use std::time::Duration;

const LENGTH: usize = 1_000_000;

pub const ABOUT: About = About {
    name: "W6",
    title: "∇ Σ log(1 + exp(ax))·tanh x + x², 10⁶ numbers, f32",
    // The functions cost more than the bytes, but how much is a matter of how they are computed.
    flops: 0.0,
    single: true,
    bytes: (2 * 4 * LENGTH) as f64,
    tolerance: 1e-5,
};

struct Elementwise {
    replay: Replay<f32>,
    inputs: [Input<f32>; 2],
}

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    let (x, a) = (array::<f32>(X, &[LENGTH], 3.0)?, 0.7f32);
    let replay = Replay::new(threads, || {
        let tape = Tape::new();
        let (x, a) = (tape.input(&x), tape.data(a));
        let loss = ((1.0 + (x * a).exp()).log() * x.tanh() + x * x).sum(..);
        let gradient = loss.gradient(&[x])?;
        Ok(tape.program(&[loss, gradient[0]])?)
    })?;
    Ok(Box::new(Elementwise { replay, inputs: [Input::Real(x), Input::real(a)] }))
}

impl Workload for Elementwise {
    fn step(&mut self) -> Result<f64> {
        self.replay.run(&mut self.inputs)?;
        self.replay.first()
    }

    fn check(&mut self) -> Result<Numbers> {
        self.replay.run(&mut self.inputs)?;
        let mut numbers = Numbers::default();
        numbers.number("loss", self.replay.first()?);
        numbers.array("x", self.replay.result(1)?);
        Ok(numbers)
    }

    fn planning(&self) -> Duration {
        self.replay.planning()
    }
}
