//! W3: a network of single numbers, as one draws it on a blackboard.

use crate::data::{TARGETS, X, array, dense};
use crate::training::Training;
use crate::workload::{About, Workload};
use crate::{Result, dense_flops};
use nn::{Activation, Dataset, Sequential, Sgd, loss};

const SIZES: [usize; 4] = [3, 2, 3, 4];

pub const ABOUT: About = About {
    name: "W3",
    title: "3-2-3-4 arctan network, ½ Σ (a − y)², batch 1, f64, SGD step",
    flops: dense_flops(1, &SIZES),
    single: false,
    bytes: 0.0,
    tolerance: 1e-11,
};

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    let mut model = Sequential::<f64>::new();
    for (i, pair) in SIZES.windows(2).enumerate() {
        model = model.then(dense(i, pair[0], pair[1])?).then(Activation::ArctanSigmoid);
    }
    let batch = Dataset::valued(array(X, &[1, 3], 1.0)?, array(TARGETS, &[1, 4], 1.0)?)?;
    Ok(Box::new(Training::new(model, Sgd::new(0.01), batch, || loss::half_squared, threads)))
}
