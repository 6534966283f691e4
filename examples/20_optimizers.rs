//! Mini-batches, moving averages and optimizers: Matt R, *Neural Networks* (March 2022), §7.1 to 7.4, and the lecture
//! slides, which name Adagrad and LAMB.
//!
//! ```text
//! cargo run --release --example 20_optimizers
//! ```

use nn::picture::Chart;
use nn::{
    Activation, Adagrad, Adam, Dataset, Dense, History, Init, Lamb, Momentum, Optimizer, Random, RmsProp, Sequential,
};
use nn::{Sgd, Trainer, loss};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("20_optimizers", show)
}

/// The loss of each epoch.
fn curve(
    optimizer: impl Optimizer<f32>,
    batch_size: usize,
    data: &Dataset<f32>,
    options: &Options,
) -> Result<Vec<f64>, Box<dyn Error>> {
    let random = &mut Random::new(options.seed);
    let mut model = Sequential::new()
        .then(Dense::new(64, 32, Init::He, random))
        .then(Activation::Relu)
        .then(Dense::new(32, 10, Init::He, random));
    let mut history = History::new();
    let trainer = Trainer::new(optimizer).epochs(if options.quick { 10 } else { 40 }).batch_size(batch_size);
    trainer.observe(&mut history).fit(&mut model, loss::softmax_cross_entropy, data)?;
    Ok(history.curve("loss")?)
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    averages(options)?;
    let data = support::digits()?;
    let mut chart = Chart::new("Optimizers on the digits").axes("epoch", "loss").log_y();
    println!("                              loss of the first epoch   of the last");
    for (name, curve) in [
        ("gradient descent, full batch", curve(Sgd::new(0.1), data.len(), &data, options)?),
        ("SGD", curve(Sgd::new(0.1), 32, &data, options)?),
        ("momentum", curve(Momentum::new(0.1), 32, &data, options)?),
        ("RMSProp", curve(RmsProp::new(0.003), 32, &data, options)?),
        ("Adam", curve(Adam::new(0.003), 32, &data, options)?),
        ("Adagrad", curve(Adagrad::new(0.03), 32, &data, options)?),
        ("LAMB", curve(Lamb::new(0.01), 32, &data, options)?),
    ] {
        println!("{name:<29} {:>23.4}   {:>11.4}", curve[0], curve[curve.len() - 1]);
        let name = name.trim_end_matches(", full batch");
        chart = chart.line(name, curve.iter().enumerate().map(|(i, loss)| (i as f64 + 1.0, *loss)));
    }
    options.draw("optimizers", &chart.to_svg())
}

/// A noisy sequence with its simple and exponential moving averages; the correction matters at the start.
fn averages(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut random = Random::new(options.seed);
    let x: Vec<f64> = (0..100).map(|i| (f64::from(i) / 15.0).cos() + 0.3 * random.normal()).collect();
    let window = 10;
    let simple = (window - 1..100).map(|i| (i as f64, x[i + 1 - window..=i].iter().sum::<f64>() / window as f64));
    let beta = 0.9f64;
    let mut plain = Vec::new();
    for x in &x {
        plain.push(beta * plain.last().unwrap_or(&0.0) + (1.0 - beta) * x);
    }
    let corrected = plain.iter().enumerate().map(|(t, v)| (t as f64, v / (1.0 - beta.powi(t as i32 + 1))));
    let of = |xs: &[f64]| xs.iter().enumerate().map(|(i, x)| (i as f64, *x)).collect::<Vec<_>>();
    let chart = Chart::new("Moving averages").axes("t", "x").points("sequence", of(&x)).line("simple, of 10", simple);
    let chart = chart.line("exponential, β = 0.9", of(&plain)).line("corrected for the start", corrected);
    options.draw("moving_averages", &chart.to_svg())
}
