//! Backpropagation takes one pass, whatever the depth: lecture slides *Neural Networks*. The time of a gradient per layer,
//! and what residual blocks do to the gradient.
//!
//! ```text
//! cargo run --release --example 25_depth
//! ```

use autodiff::Tape;
use ndarray::Array2;
use nn::picture::Chart;
use nn::{Activation, Context, Dense, Init, Layer, Random, Residual, Sequential};
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("25_depth", show)
}

/// `depth` blocks σ(W·x), or x + σ(W·x).
fn network(depth: usize, residual: bool, seed: u64) -> Sequential<f64> {
    let random = &mut Random::new(seed);
    (0..depth).fold(Sequential::new(), |network, _| {
        let block = Sequential::new().then(Dense::new(16, 16, Init::Xavier, random)).then(Activation::Sigmoid);
        if residual { network.then(Residual::new(block)) } else { network.then(block) }
    })
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    println!("layers   nodes of the tape per layer   microseconds of value and gradient per layer");
    for depth in [10, 100, 1000] {
        let model = network(depth, false, options.seed);
        let (mut best, mut nodes) = (f64::INFINITY, 0);
        for _ in 0..if options.quick { 2 } else { 20 } {
            let start = Instant::now();
            let tape = Tape::new();
            let cx = Context::evaluation(&tape, &model);
            let loss = model.forward(tape.data(Array2::ones((8, 16))), &cx).square().sum(..);
            nodes = tape.len();
            loss.backward()?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        println!("{depth:>6}   {:>27.2}   {:>44.1}", nodes as f64 / depth as f64, 1e6 * best / depth as f64);
    }

    // The norm of the gradient with respect to the output of each of 60 layers.
    let mut chart = Chart::new("The gradient on its way through 60 layers").axes("layer", "norm").log_y();
    for (name, residual) in [("σ(Wx)", false), ("x + σ(Wx)", true)] {
        let model = network(60, residual, options.seed);
        let tape = Tape::new();
        let cx = Context::evaluation(&tape, &model);
        let gradients = cx.gradients(model.forward(tape.data(Array2::ones((8, 16))), &cx).mean(..))?;
        let weights = gradients.iter().filter(|(path, _)| path.ends_with("weight"));
        let norms = weights.map(|(_, g)| g.iter().map(|g| g * g).sum::<f64>().sqrt());
        chart = chart.line(name, norms.enumerate().map(|(i, norm)| (i as f64 + 1.0, norm)));
    }
    options.draw("depth", &chart.to_svg())
}
