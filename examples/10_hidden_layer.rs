//! One hidden layer: Matt R, *Neural Networks* (June 2022), §2; and a decision boundary that is no line, as on the lecture
//! slides.
//!
//! ```text
//! cargo run --release --example 10_hidden_layer
//! ```

use autodiff::Tape;
use ndarray::Array2;
use nn::picture::Chart;
use nn::{Activation, Network, NetworkConfig, Random, synthetic};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("10_hidden_layer", learn)
}

fn learn(options: &Options) -> Result<(), Box<dyn Error>> {
    deltas()?;

    // One layer divides the plane by a line, two by a curve.
    let [train, test] = synthetic::moons::<f64>(300, 0.15, options.seed)?.stratified([0.7, 0.3], options.seed)?;
    let epochs = if options.quick { 100 } else { 400 };
    let line = NetworkConfig::logistic(2);
    let curve = NetworkConfig::new([2, 16, 1], [Activation::Relu, Activation::Sigmoid]).rate(0.03).epochs(epochs);
    println!("\ntwo moons                training accuracy   test accuracy");
    for (name, file, config) in
        [("no hidden layer", "boundary_line", line), ("16 hidden units", "boundary_curve", curve)]
    {
        let mut network = Network::new(config)?;
        network.fit(&train)?;
        println!("{name:<22}   {:>17.4}   {:>13.4}", network.score(&train)?, network.score(&test)?);
        let chart = Chart::boundary(format!("Two moons, {name}"), &train, |places| network.predict(places))?;
        options.draw(file, &chart.axes("x₁", "x₂").to_svg())?;
    }
    Ok(())
}

/// The error terms of the notes, δ² = a² − y and δ¹ = (W²)ᵀδ² ⊙ g′(z¹), beside the cotangents on the tape. Examples are
/// columns, as in the notes.
fn deltas() -> Result<(), Box<dyn Error>> {
    let mut random = Random::new(1);
    let mut draw = |rows, columns| Array2::from_shape_simple_fn((rows, columns), || random.normal());
    let (x, w1, b1, w2, b2) = (draw(3, 5), draw(4, 3), draw(4, 1), draw(1, 4), draw(1, 1));
    let y = ndarray::array![[0.0, 1.0, 1.0, 0.0, 1.0]];

    let tape = Tape::<f64>::new();
    let [v1, c1, v2, c2] = [&w1, &b1, &w2, &b2].map(|array| tape.input(array));
    let z1 = v1.matmul(tape.data(&x)) + c1;
    let z2 = v2.matmul(z1.relu()) + c2;
    let (a2, targets) = (z2.sigmoid(), tape.data(&y));
    let losses = -(targets * a2.log() + (1.0 - targets) * (1.0 - a2).log()).sum(..);
    let from_tape = losses.gradient(&[z2, z1])?;

    let delta2 = a2.value()?.into_dimensionality::<ndarray::Ix2>()? - &y;
    let slope = z1.value()?.mapv(|z| f64::from(u8::from(z >= 0.0)));
    let delta1 = w2.t().dot(&delta2) * &slope.into_dimensionality::<ndarray::Ix2>()? + 0.0; // no −0
    println!("δ² by hand\n{delta2:.5}\nby the tape\n{:.5}", from_tape[0].value()?);
    println!("δ¹ by hand\n{delta1:.5}\nby the tape\n{:.5}", from_tape[1].value()?);
    assert!((delta1.into_dyn() - from_tape[1].value()?).iter().all(|d| d.abs() < 1e-12));
    Ok(())
}
