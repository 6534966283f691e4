//! The inputs of the workloads. Each array is a stream of [`splitmix`](crate::splitmix), numbered as in `peers/harness.py`.

use crate::Result;
use crate::splitmix::{label, uniform};
use autodiff::Real;
use ndarray::{Array1, Array2, ArrayD};
use nn::{Activation, Dataset, Dense, Sequential};

/// The features, or the point.
pub const X: u64 = 1;
/// The labels.
pub const LABELS: u64 = 2;
/// The targets that are numbers.
pub const TARGETS: u64 = 3;
/// The weights of the first layer; those of layer i are WEIGHTS + i.
pub const WEIGHTS: u64 = 10;
/// The direction of the first parameter in W7.
pub const DIRECTIONS: u64 = 5_000;
/// The mask of the first dropout in W10.
pub const MASKS: u64 = 6_000;

/// Numbers uniform on ±`scale`, rounded to `F` once.
pub fn array<F: Real>(stream: u64, shape: &[usize], scale: f64) -> Result<ArrayD<F>> {
    let length = shape.iter().product::<usize>() as u64;
    let numbers = (0..length).map(|i| F::of(uniform(stream, i) * scale)).collect();
    Ok(ArrayD::from_shape_vec(shape, numbers)?)
}

pub fn labels(examples: usize) -> Array1<usize> {
    (0..examples as u64).map(|i| label(LABELS, i, 10)).collect()
}

/// Features of variance 1 and one of ten labels for each example.
pub fn classes<F: Real>(examples: usize, features: usize) -> Result<Dataset<F>> {
    Ok(Dataset::labelled(array(X, &[examples, features], 3f64.sqrt())?, labels(examples))?)
}

/// The weights from `inputs` to `outputs` as layer `i`, of variance 1/`inputs`.
pub fn weights<F: Real>(i: usize, inputs: usize, outputs: usize) -> Result<Array2<F>> {
    let scale = (3.0 / inputs as f64).sqrt();
    Ok(array(WEIGHTS + i as u64, &[inputs, outputs], scale)?.into_dimensionality()?)
}

/// A dense layer with these weights and a bias of zeros.
pub fn dense<F: Real>(i: usize, inputs: usize, outputs: usize) -> Result<Dense<F>> {
    Ok(Dense::from_arrays(weights(i, inputs, outputs)?, Some(Array1::zeros(outputs))))
}

/// Dense layers of these sizes with an activation between them.
pub fn mlp<F: Real>(sizes: &[usize], activation: Activation) -> Result<Sequential<F>> {
    let mut model = Sequential::new();
    for (i, pair) in sizes.windows(2).enumerate() {
        if i > 0 {
            model = model.then(activation);
        }
        model = model.then(dense(i, pair[0], pair[1])?);
    }
    Ok(model)
}
