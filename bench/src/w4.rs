//! W4: a small convolutional network.

use crate::Result;
use crate::data::{X, array, dense, labels};
use crate::training::Training;
use crate::workload::{About, Workload};
use ndarray::Array1;
use nn::{Activation, Conv2d, Dataset, Flatten, MaxPool2d, Sequential, Sgd, loss};

const BATCH: usize = 64;
/// Multiply-adds of one image: two convolutions and three products.
const FORWARD: usize = 30 * 30 * 6 * 9 + 13 * 13 * 16 * 54 + 576 * 120 + 120 * 84 + 84 * 10;

pub const ABOUT: About = About {
    name: "W4",
    title: "conv 1-6 3×3, ReLU, pool 2, conv 6-16 3×3, ReLU, pool 2, 576-120-84-10, 32×32, batch 64, f32, SGD step",
    // Each map has two adjoints, but the first none for the images.
    flops: 2.0 * BATCH as f64 * (3 * FORWARD - 30 * 30 * 6 * 9) as f64,
    single: true,
    bytes: 0.0,
    tolerance: 1e-4,
};

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    let conv = |i: usize, inputs: usize, outputs: usize| -> Result<Conv2d<f32>> {
        let scale = (3.0 / (9 * inputs) as f64).sqrt();
        let weights = array(crate::data::WEIGHTS + i as u64, &[outputs, inputs, 3, 3], scale)?;
        Ok(Conv2d::from_arrays(weights, Some(Array1::zeros(outputs)), 1))
    };
    let model = Sequential::new()
        .then(conv(0, 1, 6)?)
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(conv(1, 6, 16)?)
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(dense(2, 576, 120)?)
        .then(Activation::Relu)
        .then(dense(3, 120, 84)?)
        .then(Activation::Relu)
        .then(dense(4, 84, 10)?);
    let images = array::<f32>(X, &[BATCH, 1, 32, 32], 3f64.sqrt())?;
    let batch = Dataset::labelled(images, labels(BATCH))?;
    Ok(Box::new(Training::new(model, Sgd::new(0.01), batch, || loss::softmax_cross_entropy, threads)))
}
