//! W7: the product of a Hessian with a vector, in both ways: forward mode over the gradient, and the gradient of the
//! gradient along the vector.

use crate::Result;
use crate::data::{DIRECTIONS, X, array, labels, weights};
use crate::replay::{Repeated, Replay};
use crate::workload::{About, Workload};
use autodiff::{Input, Program, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use nn::loss::softmax_cross_entropy;

const BATCH: usize = 128;
const SHAPES: [&[usize]; 4] = [&[64, 64], &[64], &[64, 10], &[10]];

pub const ABOUT: About = About {
    name: "W7",
    title: "Hessian-vector product, MLP 64-64-10 tanh, cross-entropy, batch 128, f64",
    // The products of forward mode over the gradient that are needed: three of the first layer, eight of the second.
    flops: 2.0 * (BATCH * 64) as f64 * (3 * 64 + 8 * 10) as f64,
    single: false,
    bytes: 0.0,
    tolerance: 1e-10,
};

/// The product as the differential of the gradient.
pub fn forward_over_reverse(threads: usize) -> Result<Box<dyn Workload>> {
    make(threads, |program| Ok(program.grad(&[0, 1, 2, 3])?.jvp(&[0, 1, 2, 3])?))
}

/// The product as the reverse derivative of the gradient.
pub fn reverse_over_reverse(threads: usize) -> Result<Box<dyn Workload>> {
    make(threads, |program| Ok(program.grad(&[0, 1, 2, 3])?.vjp(&[0, 1, 2, 3])?))
}

/// Both take the inputs of the loss and then the direction, as `transform` turns the loss into the product.
fn make(threads: usize, transform: fn(Program<f64>) -> Result<Program<f64>>) -> Result<Box<dyn Workload>> {
    let point: [ArrayD<f64>; 4] = [
        weights(0, 64, 64)?.into_dyn(),
        ArrayD::zeros(IxDyn(SHAPES[1])),
        weights(1, 64, 10)?.into_dyn(),
        ArrayD::zeros(IxDyn(SHAPES[3])),
    ];
    let x: ArrayD<f64> = array(X, &[BATCH, 64], 3f64.sqrt())?;
    let replay = Replay::new(threads, || {
        let tape = Tape::new();
        let p = point.each_ref().map(|array| tape.input(array));
        let (x, y) = (tape.data(&x), tape.index(labels(BATCH)));
        let h: Var<'_, f64> = x.matmul(p[0]).add_bias(p[1]).tanh();
        transform(tape.program(&[softmax_cross_entropy(h.matmul(p[2]).add_bias(p[3]), y.into())])?)
    })?;
    let mut inputs: Vec<Input<f64>> = point.into_iter().map(Input::Real).collect();
    inputs.extend([Input::Real(x), Input::index(labels(BATCH))]);
    for (stream, shape) in (DIRECTIONS..).zip(SHAPES) {
        inputs.push(Input::Real(array(stream, shape, 1.0)?));
    }
    let arrays = (0..SHAPES.len()).map(|i| (format!("hv{i}"), i)).collect();
    Ok(Box::new(Repeated { replay, inputs, number: None, arrays }))
}
