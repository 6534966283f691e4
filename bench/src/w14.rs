//! W14: a network of three layers that learns one example at a time.

use crate::Result;
use crate::data::{TARGETS, X, array, mlp};
use crate::dense_flops;
use crate::training::Training;
use crate::workload::{About, Workload};
use nn::{Activation, Dataset, Sgd, loss};

const SIZES: [usize; 4] = [6, 64, 8, 4];

pub const ABOUT: About = About {
    name: "W14",
    title: "MLP 6-64-8-4 tanh, mean of (a − y)², batch 1, f64, SGD step",
    flops: dense_flops(1, &SIZES),
    single: false,
    bytes: 0.0,
    tolerance: 1e-10,
};

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    let model = mlp::<f64>(&SIZES, Activation::Tanh)?;
    let batch = Dataset::valued(array::<f64>(X, &[1, 6], 1.0)?, array::<f64>(TARGETS, &[1, 4], 1.0)?)?;
    Ok(Box::new(Training::new(model, Sgd::new(0.01), batch, || loss::mean_squared, threads)))
}
