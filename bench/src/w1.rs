//! W1: large products and a pass of Adam over 1.9 million parameters.

use crate::data::{classes, mlp};
use crate::training::Training;
use crate::workload::{About, Workload};
use crate::{Result, dense_flops};
use nn::{Activation, Adam, loss};

const SIZES: [usize; 4] = [784, 1024, 1024, 10];
const BATCH: usize = 256;
const PARAMETERS: usize = 784 * 1024 + 1024 + 1024 * 1024 + 1024 + 1024 * 10 + 10;

pub const ABOUT: About = About {
    name: "W1",
    title: "MLP 784-1024-1024-10 ReLU, cross-entropy, batch 256, f32, Adam step",
    flops: dense_flops(BATCH, &SIZES),
    single: true,
    // Adam reads w, g, m and v and writes w, m and v.
    bytes: (PARAMETERS * 7 * 4) as f64,
    tolerance: 1e-4,
};

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    let model = mlp::<f32>(&SIZES, Activation::Relu)?;
    let batch = classes(BATCH, SIZES[0])?;
    Ok(Box::new(Training::new(model, Adam::new(1e-3), batch, || loss::softmax_cross_entropy, threads)))
}
