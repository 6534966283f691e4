//! W2: a network so small that everything around the arithmetic counts.

use crate::data::{classes, mlp};
use crate::training::Training;
use crate::workload::{About, Workload};
use crate::{Result, dense_flops};
use nn::{Activation, Sgd, loss};

const SIZES: [usize; 3] = [64, 32, 10];
const BATCH: usize = 32;

pub const ABOUT: About = About {
    name: "W2",
    title: "MLP 64-32-10 tanh, cross-entropy, batch 32, f32, SGD step",
    flops: dense_flops(BATCH, &SIZES),
    single: true,
    bytes: 0.0,
    tolerance: 1e-4,
};

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    let model = mlp::<f32>(&SIZES, Activation::Tanh)?;
    let batch = classes(BATCH, SIZES[0])?;
    Ok(Box::new(Training::new(model, Sgd::new(0.01), batch, || loss::softmax_cross_entropy, threads)))
}
