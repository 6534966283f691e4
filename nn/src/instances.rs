//! Training with `f32` and `f64`, compiled with this crate: see `autodiff`'s feature `instances`.

use crate::{
    Activation, Adam, BatchNorm, Conv2d, Dataset, Dense, Dropout, Embedding, Flatten, Gru, Init, MaxPool2d, Momentum,
    Random, Sequential, Sgd, Trainer, TransformerBlock, loss, predict, summary,
};
use autodiff::{Real, Result};
use ndarray::ArrayD;

/// Kept in the compiled crate, and called by no one.
#[used]
static FUNCTIONS: [fn() -> Result<()>; 2] = [all::<f32>, all::<f64>];

fn all<F: Real>() -> Result<()> {
    let random = &mut Random::new(0);
    let _ = (Embedding::<F>::new(2, 2, Init::Zeros, random), Gru::<F>::new(2, 2, random));
    let _ = TransformerBlock::<F>::new(2, 1, 2, random);
    let _ =
        Sequential::<F>::new().then(Conv2d::new(1, 1, 1, Init::Zeros, random)).then(MaxPool2d::new(2)).then(Flatten);
    let mut model = Sequential::<F>::new()
        .then(Dense::new(2, 2, Init::Zeros, random))
        .then(BatchNorm::new(2))
        .then(Dropout { keep_prob: 0.5 })
        .then(Activation::Tanh);
    let data = Dataset::valued(ArrayD::zeros(vec![2, 2]), ArrayD::zeros(vec![2, 2]))?;
    summary(&model, [2, 2])?;
    Trainer::new(Adam::new(0.1)).fit(&mut model, loss::mean_squared, &data)?;
    Trainer::new(Sgd::new(0.1)).fit(&mut model, loss::mean_squared, &data)?;
    Trainer::new(Momentum::new(0.1)).fit(&mut model, loss::mean_squared, &data)?;
    predict(&model, data.features()?)?;
    Ok(())
}
