//! Batch normalisation and its differential: Matt R, *Neural Networks* (March 2022), §9.
//!
//! ```text
//! cargo run --release --example 23_batch_normalisation
//! ```

use autodiff::Tape;
use ndarray::{Array2, Axis};
use nn::picture::Chart;
use nn::{
    Activation, BatchNorm, Context, Dataset, Dense, History, Init, Layer, Random, Sequential, Sgd, Trainer, loss,
};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("23_batch_normalisation", show)
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    differential()?;

    // A network whose layers start badly scaled, with and without normalisation.
    let data = support::digits()?;
    let mut chart = Chart::new("Six layers with small weights").axes("epoch", "loss");
    println!("\n                         first loss   last loss");
    for (name, normalises) in [("without normalisation", false), ("with batch normalisation", true)] {
        let curve = learnt(normalises, &data, options)?;
        println!("{name:<24} {:>10.4}   {:>9.4}", curve[0], curve[curve.len() - 1]);
        chart = chart.line(name, curve.iter().enumerate().map(|(i, loss)| (i as f64 + 1.0, *loss)));
    }
    options.draw("batch_normalisation", &chart.to_svg())
}

fn learnt(normalises: bool, data: &Dataset<f32>, options: &Options) -> Result<Vec<f64>, Box<dyn Error>> {
    let random = &mut Random::new(options.seed);
    let mut model = Sequential::new();
    for inputs in [64, 32, 32, 32, 32] {
        model = model.then(Dense::new(inputs, 32, Init::SmallNormal, random));
        if normalises {
            model = model.then(BatchNorm::new(32));
        }
        model = model.then(Activation::Relu);
    }
    let mut model = model.then(Dense::new(32, 10, Init::He, random));
    let mut history = History::new();
    let trainer = Trainer::new(Sgd::new(0.1)).epochs(if options.quick { 8 } else { 30 }).observe(&mut history);
    trainer.fit(&mut model, loss::softmax_cross_entropy, data)?;
    Ok(history.curve("loss")?)
}

/// Lemma 9.4 leaves the differential blank; its proof has it. For one feature z over N examples, with μ, σ² and
/// s = √(σ² + ε): dẑ(v) = (v − E[v])/s − (z − μ)·E[(z − μ)·v]/s³.
fn differential() -> Result<(), Box<dyn Error>> {
    let mut random = Random::new(3);
    let z = Array2::from_shape_simple_fn((6, 1), || random.normal());
    let v = Array2::from_shape_simple_fn((6, 1), || random.normal());
    let norm = BatchNorm::<f64>::new(1);
    let tape = Tape::new();
    let x = tape.input(&z);
    let y = norm.forward(x, &Context::training(&tape, &norm, 0));

    let mean = |a: &Array2<f64>| a.mean_axis(Axis(0)).unwrap_or_default();
    let centred = &z - &mean(&z);
    let s = (mean(&(&centred * &centred)) + 1e-5).mapv(f64::sqrt);
    let from_proof = (&v - &mean(&v)) / &s - &centred * &mean(&(&centred * &v)) / &s.mapv(|s| s.powi(3));
    let forward = y.pushforward(&[(x, tape.constant(&v))])?.value()?;
    // The differential is symmetric: with γ = 1, reverse mode with the same vector gives the same.
    let backward = y.backward_from(&v)?.take(x)?;
    println!("the proof of Lemma 9.4  {:.6}", from_proof.column(0));
    println!("forward mode            {:.6}", forward.index_axis(Axis(1), 0));
    println!("reverse mode            {:.6}", backward.index_axis(Axis(1), 0));
    assert!((&forward - &from_proof).iter().chain((&backward - &from_proof).iter()).all(|d| d.abs() < 1e-12));
    Ok(())
}
