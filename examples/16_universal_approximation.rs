//! Regression with the square loss: a network with one hidden layer approximates a continuous function, the better the
//! more units it has; and a line on real data. Lecture slides *Neural Networks*.
//!
//! ```text
//! cargo run --release --example 16_universal_approximation
//! ```

use ndarray::Array2;
use nn::picture::Chart;
use nn::{Activation, Dataset, Method, Network, NetworkConfig, least_squares, metric, predict};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("16_universal_approximation", show)
}

/// A continuous function with a kink and with waves.
fn function(x: f64) -> f64 {
    (5.0 * x).sin() + 0.5 * (x - 0.5).abs()
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    let xs = Array2::from_shape_fn((201, 1), |(i, _)| i as f64 / 50.0 - 2.0);
    let data = Dataset::valued(&xs, xs.mapv(function))?;
    let points = |ys: &mut dyn Iterator<Item = f64>| xs.iter().copied().zip(ys).collect::<Vec<_>>();
    let mut chart = Chart::new("Approximation by one hidden layer").axes("x", "y");
    chart = chart.line("function", points(&mut xs.iter().map(|x| function(*x))));
    println!("hidden units   largest error");
    for units in [3, 8, 40] {
        let config = NetworkConfig::new([1, units, 1], [Activation::Tanh, Activation::Identity]);
        let config = config.method(Method::Lbfgs).epochs(if options.quick { 300 } else { 3000 }).seed(options.seed);
        let mut network = Network::new(config)?;
        network.fit(&data)?;
        let found = network.predict(&xs)?;
        let error = xs.iter().zip(&found).fold(0.0f64, |worst, (x, y)| worst.max((y - function(*x)).abs()));
        println!("{units:>12}   {error:>13.4}");
        chart = chart.line(format!("{units} units"), points(&mut found.iter().copied()));
    }
    options.draw("approximation", &chart.to_svg())?;

    // Real data: how far diabetes had progressed after a year, from ten measures (Efron et al. 2004).
    let [train, test] = support::diabetes()?.partition([0.8, 0.2], options.seed)?;
    let mut network = Network::new(NetworkConfig::linear(10).epochs(1000))?;
    network.fit(&train)?;
    let closed = predict(&least_squares(&train)?, test.features()?.clone())?;
    println!("\ndiabetes, R² on the test part: trained {:.6}", network.score(&test)?);
    println!("                         closed form   {:.6}", metric::r_squared(&closed, test.targets()?)?);
    Ok(())
}
