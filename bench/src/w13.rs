//! W13: a physics-informed network: the second derivative of its output is part of the loss.

use crate::Result;
use crate::data::{X, array, mlp};
use crate::training::Training;
use crate::workload::{About, Workload};
use nn::{Activation, Adam, Dataset, Layer, Sequential};

const SIZES: [usize; 4] = [1, 32, 32, 1];
const POINTS: usize = 256;

pub const ABOUT: About = About {
    name: "W13",
    title: "MLP 1-32-32-1 tanh, mean of (u″ + u)² + (u(0) − 1)², 256 points, f64, Adam step",
    // How many operations the second derivative takes is a matter of how it is computed.
    flops: 0.0,
    single: false,
    bytes: 0.0,
    tolerance: 1e-8,
};

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    let model = mlp::<f64>(&SIZES, Activation::Tanh)?;
    let batch = Dataset::new().real("t", array::<f64>(X, &[POINTS, 1], 3.0)?)?;
    let residual = || {
        nn::objective(|model: &Sequential<f64>, batch, cx| {
            let t = batch.real("t")?;
            let u = model.forward(t, cx);
            let slope = u.sum(..).gradient_of(t);
            let curvature = slope.sum(..).gradient_of(t);
            let start = model.forward(cx.tape().constant(ndarray::Array2::zeros((1, 1))), cx);
            Ok(((curvature + u).square().mean(..) + (start - 1.0).square().sum(..)).into())
        })
    };
    Ok(Box::new(Training::new(model, Adam::new(1e-3), batch, residual, threads)))
}
