//! W10: batch normalisation and dropout, composed of operations on vars.

use crate::data::{MASKS, classes, dense};
use crate::numbers::Numbers;
use crate::splitmix::uniform;
use crate::training::Training;
use crate::workload::{About, Workload};
use crate::{Result, dense_flops};
use autodiff::Var;
use ndarray::ArrayD;
use nn::{Activation, Adam, Buffer, Context, Dropout, Layer, Module, Param, Sequential, loss};
use std::time::Duration;

const SIZES: [usize; 4] = [256, 256, 256, 10];
const BATCH: usize = 128;

pub const ABOUT: About = About {
    name: "W10",
    title: "MLP 256-256-256-10, batch norm, ReLU, dropout ½, cross-entropy, batch 128, f32, Adam step",
    flops: dense_flops(BATCH, &SIZES),
    single: true,
    bytes: 0.0,
    tolerance: 2e-4,
};

struct Normalised<W> {
    training: W,
}

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    Ok(Box::new(Normalised { training: training(false, threads)? }))
}

/// With masks drawn in every step, or with those that every framework knows.
fn training(masked: bool, threads: usize) -> Result<impl Workload> {
    let mut model = Sequential::<f32>::new();
    for i in 0..2 {
        let width = SIZES[i + 1];
        model = model.then(dense(i, SIZES[i], width)?).then(BatchNorm::new(width)).then(Activation::Relu);
        model = if masked {
            model.then(Mask::new(MASKS + i as u64, width))
        } else {
            model.then(Dropout { keep_prob: 0.5 })
        };
    }
    let model = model.then(dense(2, SIZES[2], SIZES[3])?);
    let batch = classes(BATCH, SIZES[0])?;
    Ok(Training::new(model, Adam::new(1e-3), batch, || loss::softmax_cross_entropy, threads))
}

impl<W: Workload> Workload for Normalised<W> {
    fn step(&mut self) -> Result<f64> {
        self.training.step()
    }

    fn check(&mut self) -> Result<Numbers> {
        training(true, 1)?.check()
    }

    fn planning(&self) -> Duration {
        self.training.planning()
    }
}

/// y = (x − μ)/√(σ² + ε)·scale + shift with the mean μ and the variance σ² of each feature over the batch.
///
/// Source: Ioffe & Szegedy, "Batch Normalization" (2015), Algorithm 1. There are no running averages: only training is
/// timed, and the peers keep none either.
#[derive(Clone, Debug)]
struct BatchNorm {
    scale: Param<f32>,
    shift: Param<f32>,
}

impl BatchNorm {
    fn new(width: usize) -> Self {
        let fill = |number: f32| ArrayD::from_elem(vec![width], number);
        BatchNorm { scale: Param::new(fill(1.0)), shift: Param::new(fill(0.0)) }
    }
}

impl Module<f32> for BatchNorm {
    nn::visit!(f32; scale, shift);
}

impl Layer<f32> for BatchNorm {
    fn forward<'t>(&self, x: Var<'t, f32>, cx: &Context<'t, f32>) -> Var<'t, f32> {
        let centred = x - x.mean_keep(0);
        let deviation = (centred.square().mean_keep(0) + 1e-5).sqrt();
        (centred / deviation * cx.param(&self.scale)).add_bias(cx.param(&self.shift))
    }
}

/// Dropout with probability ½ and a mask that does not change.
#[derive(Clone, Debug)]
struct Mask {
    kept: Buffer<f32>,
}

impl Mask {
    fn new(stream: u64, width: usize) -> Self {
        let kept = (0..(BATCH * width) as u64).map(|i| if uniform(stream, i) < 0.0 { 1.0 } else { 0.0 });
        let kept = ndarray::Array1::from_iter(kept).into_shape_with_order(vec![BATCH, width]);
        Mask { kept: Buffer::new(kept.unwrap_or_default()) }
    }
}

impl Module<f32> for Mask {
    nn::visit!(f32; kept);
}

impl Layer<f32> for Mask {
    fn forward<'t>(&self, x: Var<'t, f32>, cx: &Context<'t, f32>) -> Var<'t, f32> {
        x.masked(cx.buffer(&self.kept)) * 2.0
    }
}
