//! W6: a chain of elementwise operations, longer than any cache.

use crate::Result;
use crate::data::{X, array};
use crate::replay::{Repeated, Replay};
use crate::workload::{About, Workload};
use autodiff::{Input, Tape};

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

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    let (x, a) = (array::<f32>(X, &[LENGTH], 3.0)?, 0.7f32);
    let replay = Replay::new(threads, || {
        let tape = Tape::new();
        let (x, a) = (tape.input(&x), tape.data(a));
        let loss = ((1.0 + (x * a).exp()).log() * x.tanh() + x * x).sum(..);
        let gradient = loss.gradient(&[x])?;
        Ok(tape.program(&[loss, gradient[0]])?)
    })?;
    let inputs = vec![Input::Real(x), Input::real(a)];
    Ok(Box::new(Repeated { replay, inputs, number: Some("loss"), arrays: vec![("x".into(), 1)] }))
}
