//! W5: a deep and narrow network, three thousand small products.

use crate::Result;
use crate::data::{X, array, weights};
use crate::replay::{Repeated, Replay};
use crate::workload::{About, Workload};
use autodiff::{Input, Tape};
use ndarray::ArrayD;

const LAYERS: usize = 1000;
const WIDTH: usize = 32;

pub const ABOUT: About = About {
    name: "W5",
    title: "1000 layers h = tanh(hW + b), width 32, batch 32, f32, all gradients of Σ h",
    // Each layer has three products, but the first no cotangent of its input.
    flops: 2.0 * (3 * LAYERS - 1) as f64 * (WIDTH * WIDTH * WIDTH) as f64,
    single: true,
    bytes: 0.0,
    tolerance: 2e-3,
};

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    let mut arrays = vec![array::<f32>(X, &[WIDTH, WIDTH], 1.0)?];
    for i in 0..LAYERS {
        arrays.push(weights::<f32>(i, WIDTH, WIDTH)?.into_dyn());
        arrays.push(ArrayD::zeros(vec![WIDTH]));
    }
    let replay = Replay::new(threads, || {
        let tape = Tape::new();
        let x = tape.data(&arrays[0]);
        let parameters: Vec<_> = arrays[1..].iter().map(|array| tape.input(array)).collect();
        let h = parameters.chunks(2).fold(x, |h, layer| h.matmul(layer[0]).add_bias(layer[1]).tanh());
        let loss = h.sum(..);
        let gradients = loss.gradient(&parameters)?;
        Ok(tape.program(&[&[loss], gradients.as_slice()].concat())?)
    })?;
    let layers = [0, LAYERS / 2, LAYERS - 1].into_iter();
    Ok(Box::new(Repeated {
        replay,
        inputs: arrays.into_iter().map(Input::Real).collect(),
        number: Some("loss"),
        arrays: layers.flat_map(|i| [(format!("w{i}"), 2 * i + 1), (format!("b{i}"), 2 * i + 2)]).collect(),
    }))
}
