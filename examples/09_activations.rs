//! Activation functions with their slopes: Matt R, *Neural Networks* (June 2022), §2.2; lecture slides; and the sign unit,
//! whose slope the reverse pass refuses.
//!
//! Run with `cargo run --example 09_activations`.

use autodiff::{Tape, jacobian};
use nn::picture::Chart;
use nn::{Activation, Context, Layer};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("09_activations", show)
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    let activations = [
        ("sigmoid", Activation::Sigmoid),
        ("tanh", Activation::Tanh),
        ("ReLU", Activation::Relu),
        ("leaky ReLU(0.1)", Activation::LeakyRelu(0.1)),
        ("ELU(1)", Activation::Elu(1.0)),
        ("arctan sigmoid", Activation::ArctanSigmoid),
    ];
    let xs: Vec<f64> = (-80..=80).map(|i| f64::from(i) / 20.0).collect();
    let mut values = Chart::new("Activation functions").axes("x", "g(x)");
    let mut slopes = Chart::new("Their slopes, by the tape").axes("x", "g′(x)");
    println!("activation          g(−1)     g(0)     g(1)    g′(−1)    g′(0)    g′(1)");
    for (name, activation) in activations {
        let tape = Tape::<f64>::new();
        let cx = Context::evaluation(&tape, &activation);
        let x = tape.input(&xs[..]);
        let y = activation.forward(x, &cx);
        let (y, slope) = (y.value()?, y.sum(..).backward()?.take(x)?);
        let at = |x: f64| ((x + 4.0) * 20.0).round() as usize;
        let [a, b, c] = [-1.0, 0.0, 1.0].map(at);
        println!(
            "{name:<16} {:>8.4} {:>8.4} {:>8.4}  {:>8.4} {:>8.4} {:>8.4}",
            y[[a]],
            y[[b]],
            y[[c]],
            slope[[a]],
            slope[[b]],
            slope[[c]]
        );
        values = values.line(name, xs.iter().copied().zip(y.iter().copied()));
        slopes = slopes.line(name, xs.iter().copied().zip(slope.iter().copied()));
    }

    // Softmax has a Jacobian, which the notes write Sᵢ(δᵢⱼ − Sⱼ).
    let z = [1.0, 0.0, -1.0];
    println!("\nJacobian of softmax at {z:?}:\n{:.4}", jacobian(|z| z.softmax(0), z)?);

    // A perceptron's unit is the sign. It has values, and no slope that would say anything.
    let tape = Tape::<f64>::new();
    let x = tape.input([-2.0, 0.5]).named("x");
    let sign = x.sign();
    println!("\nsign of {}: {}", x.value()?, sign.value()?);
    println!("its gradient:\n{}", sign.sum(..).backward()?.get(x).err().ok_or("sign has no gradient")?);

    options.draw("activations", &values.to_svg())?;
    options.draw("activation_slopes", &slopes.to_svg())
}
