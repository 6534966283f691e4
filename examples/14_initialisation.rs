//! How weights start: zeros, small numbers, Xavier, He: Matt R, *Neural Networks* (March 2022), §2.3.1 and §6, and the
//! gradients that vanish or explode.
//!
//! ```text
//! cargo run --release --example 14_initialisation
//! ```

use nn::picture::Chart;
use nn::{Activation, Adam, ClipGlobalNorm, Dense, GradientNorms, Init, Random, Sequential, Sgd, Trainer, loss};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

const DEPTH: usize = 12;

fn main() -> ExitCode {
    options::run("14_initialisation", show)
}

/// Twelve layers of 32 units on the digits, their weights drawn by `init` and multiplied by `factor`.
fn network(init: Init, factor: f32, seed: u64) -> Sequential<f32> {
    let random = &mut Random::new(seed);
    let mut network = Sequential::new();
    for layer in 0..DEPTH {
        let (inputs, outputs) = (if layer == 0 { 64 } else { 32 }, if layer + 1 == DEPTH { 10 } else { 32 });
        network = network.then_named(format!("layer{}", layer + 1), Dense::new(inputs, outputs, init, random));
        if layer + 1 < DEPTH {
            network = network.then(Activation::Relu);
        }
    }
    for (path, weight) in nn::parameters_mut(&mut network) {
        if path.ends_with("weight") {
            weight.array_mut().mapv_inplace(|w| factor * w);
        }
    }
    network
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    let data = support::digits()?.select(&(0..if options.quick { 320 } else { 1797 }).collect::<Vec<_>>())?;
    let mut chart = Chart::new("Norms of the gradients by layer, first epoch").axes("layer", "norm").log_y();
    println!("start         gradient of layer 1   of layer {DEPTH}   last loss with Adam");
    for (name, init, factor) in [
        ("zeros (no gradient)", Init::Zeros, 1.0),
        ("0.01·normal", Init::SmallNormal, 1.0),
        ("Xavier", Init::Xavier, 1.0),
        ("He", Init::He, 1.0),
        ("1.7·He", Init::He, 1.7),
    ] {
        // The norms are those of steps that hardly change the weights.
        let mut norms = GradientNorms::new();
        let trainer = Trainer::new(Sgd::new(1e-6)).observe(&mut norms);
        trainer.fit(&mut network(init, factor, options.seed), loss::softmax_cross_entropy, &data)?;
        let layers: Vec<String> = norms.layers().map(str::to_owned).collect();
        let first = |layer: &String| Ok(norms.curve(layer)?[0]);
        let points = layers.iter().map(first).collect::<autodiff::Result<Vec<f64>>>()?;
        chart = chart.line(name, points.iter().enumerate().map(|(i, norm)| (i as f64 + 1.0, *norm)));

        // Clipping to a global norm of 1 keeps a start that explodes from leaving all numbers behind.
        let mut model = network(init, factor, options.seed);
        let optimizer = ClipGlobalNorm::new(1.0, Adam::new(0.001));
        Trainer::new(optimizer).epochs(if options.quick { 5 } else { 20 }).fit(
            &mut model,
            loss::softmax_cross_entropy,
            &data,
        )?;
        let last = nn::evaluate(&model, loss::softmax_cross_entropy, &data)?.loss;
        println!("{name:<19} {:>13.1e}   {:>11.1e}   {last:>19.4}", points[0], points[DEPTH - 1]);
    }
    println!(
        "\nA network of zeros passes no gradient: only the bias of its last layer learns, and the loss stays at ln 10."
    );
    options.draw("gradient_norms", &chart.to_svg())
}
