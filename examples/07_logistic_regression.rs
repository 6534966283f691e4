//! Logistic regression by gradient descent: Matt R, *Neural Networks* (June 2022), §1.1 to 1.3.
//!
//! ```text
//! cargo run --release --example 07_logistic_regression
//! ```
//!
//! The classes are those of the Wisconsin breast cancer data, see `data/README.md`.

use autodiff::Tape;
use ndarray::Axis;
use nn::picture::Chart;
use nn::{Method, Network, NetworkConfig, Scaling, metric};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("07_logistic_regression", learn)
}

fn learn(options: &Options) -> Result<(), Box<dyn Error>> {
    let [train, test] = support::breast_cancer()?.stratified([0.8, 0.2], options.seed)?;

    // The gradient that the notes derive, ∂J/∂w = (1/n) x (a − y)ᵀ, and that of the tape, at the first weights.
    let scaling = Scaling::standardise(train.features()?.clone())?;
    let x = nn::predict(&scaling, train.features()?.clone())?.into_dimensionality::<ndarray::Ix2>()?;
    let y = train.labels()?.mapv(|label| label as f64);
    let tape = Tape::new();
    let w = tape.input(vec![0.1; 30]).named("w");
    let a = tape.data(&x).matmul(w).sigmoid();
    let targets = tape.data(&y);
    let cost = -(targets * a.log() + (1.0 - targets) * (1.0 - a).log()).mean(..);
    let from_tape = cost.backward()?.take(w)?;
    let by_hand = x.t().dot(&(a.value()? - &y).into_dimensionality::<ndarray::Ix1>()?) / y.len() as f64;
    let difference = (&from_tape - &by_hand).iter().fold(0.0f64, |worst, d| worst.max(d.abs()));
    println!("largest difference of the tape's gradient and (1/n) x (a − y)ᵀ: {difference:.1e}\n");
    assert!(difference < 1e-14);

    // Full-batch gradient descent, with the penalties λ/(2n)·Σ|w|ᵖ.
    println!("lp_reg   first cost   last cost   training accuracy   test accuracy   weights below 0.01");
    let mut chart = Chart::new("Logistic regression: cost").axes("epoch", "cost");
    for p in [0, 1, 2] {
        let config = NetworkConfig::logistic(30).lp_reg(p, 5.0).method(Method::Sgd).batch_size(0).rate(0.3);
        let mut network = Network::new(config.epochs(if options.quick { 200 } else { 2000 }))?;
        network.fit(&train)?;
        let costs = network.cost_history();
        let weights = nn::parameters(network.model())[0].1.array().clone();
        let small = weights.iter().filter(|w| w.abs() < 0.01).count();
        println!(
            "{p:>6}   {:>10.4}   {:>9.4}   {:>17.4}   {:>13.4}   {small:>18}",
            costs[0],
            costs[costs.len() - 1],
            network.score(&train)?,
            network.score(&test)?
        );
        chart = chart.line(format!("lp_reg {p}"), costs.iter().enumerate().map(|(i, c)| (i as f64 + 1.0, *c)));
        if p == 2 {
            let probabilities = network.predict(test.features()?.clone())?;
            let first: Vec<String> =
                probabilities.index_axis(Axis(1), 0).iter().take(5).map(|p| format!("{p:.3}")).collect();
            println!("\nprobabilities of the first test examples: {}", first.join("  "));
            println!("their classes: {:?}", &test.labels()?.as_slice().unwrap_or_default()[..5]);
            println!("{}", metric::Confusion::of(&probabilities, test.targets()?)?);
        }
    }
    options.draw("logistic_cost", &chart.log_x().to_svg())
}
