//! Layers at work: one training step of a small network with each.

use super::learning::steps;
use autodiff::Result;
use autodiff::inspect::Trace;
use ndarray::{Array4, array};
use nn::{
    Activation, BatchNorm, Conv2d, Dataset, Dense, Flatten, Gru, Init, MultiHeadAttention, Random, Sequential, Sgd, loss,
};

/// Batch normalisation between two dense layers, on four examples.
pub(super) fn batch_normalisation() -> Result<Trace<f64>> {
    let mut random = Random::new(1);
    let mut model = Sequential::new()
        .then(Dense::new(2, 2, Init::Xavier, &mut random))
        .then(BatchNorm::new(2))
        .then(Activation::Tanh)
        .then(Dense::new(2, 1, Init::Xavier, &mut random));
    let data = Dataset::valued([[0.5, 1.0], [-1.0, 0.3], [0.2, -0.7], [1.5, 0.1]], [[1.0], [0.0], [0.0], [1.0]])?;
    steps(&mut model, loss::mean_squared, &data, Sgd::new(0.1), 1)
}

/// A picture of 4 × 4 pixels, two filters of 2 × 2, and a number that is wanted.
pub(super) fn convolution() -> Result<Trace<f64>> {
    let mut random = Random::new(2);
    let mut model = Sequential::new()
        .then(Conv2d::new(1, 2, 2, Init::He, &mut random))
        .then(Activation::Relu)
        .then(Flatten)
        .then(Dense::new(18, 1, Init::Xavier, &mut random));
    // A bright stroke from the upper left to the lower right.
    let picture = Array4::from_shape_fn((1, 1, 4, 4), |(_, _, i, j)| if i == j { 1.0 } else { 0.1 });
    let data = Dataset::valued(picture, [[1.0]])?;
    steps(&mut model, loss::half_squared, &data, Sgd::new(0.1), 1)
}

/// A gated recurrent unit reads four numbers; its loop over them is one node, whose steps can be gone into.
pub(super) fn gru() -> Result<Trace<f64>> {
    let mut random = Random::new(3);
    let mut model = Sequential::new()
        .then(Gru::new(1, 2, &mut random).only_last())
        .then(Dense::new(2, 1, Init::Xavier, &mut random));
    let data = Dataset::valued(array![[[0.1], [0.4], [-0.3], [0.8]]], [[0.5]])?;
    steps(&mut model, loss::half_squared, &data, Sgd::new(0.1), 1)
}

/// One attention head over three positions.
pub(super) fn attention() -> Result<Trace<f64>> {
    let mut model = MultiHeadAttention::new(2, 1, &mut Random::new(4));
    let words = array![[[1.0, 0.0], [0.0, 1.0], [0.7, 0.7]]];
    let wanted = array![[[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]];
    steps(&mut model, loss::half_squared, &Dataset::valued(words, wanted)?, Sgd::new(0.1), 1)
}
