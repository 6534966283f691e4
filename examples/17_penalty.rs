//! Training, validation and test set, bias and variance, and the penalty λ that the validation set chooses: Matt R,
//! *Neural Networks* (March 2022), §4 and §5, which calls the validation set the development set.
//!
//! ```text
//! cargo run --release --example 17_penalty
//! ```

use nn::picture::Chart;
use nn::{Activation, Dataset, Network, NetworkConfig, Search, Space, diagnose};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("17_penalty", show)
}

/// A network for the digits, which is large for the data, with the penalty λ/(2n)·Σw².
fn fitted(lambda: f64, train: &Dataset<f32>, quick: bool) -> autodiff::Result<Network<f32>> {
    let config = NetworkConfig::new([64, 64, 10], [Activation::Relu, Activation::Softmax]).not_standardised();
    let mut network = Network::new(config.lp_reg(2, lambda).epochs(if quick { 40 } else { 150 }))?;
    network.fit(train)?;
    Ok(network)
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    // 150 digits to learn from: a network that is free to do so learns them by heart.
    let data = support::digits()?;
    let share = 150.0 / data.len() as f64;
    let [train, validation, test] = data.stratified([share, (1.0 - share) / 2.0, (1.0 - share) / 2.0], options.seed)?;
    println!("{} examples for training, {} for validation, {} for the test", train.len(), validation.len(), test.len());

    // Intercepts have no penalty. For each λ a network is trained; the validation set chooses, the test set is used once.
    let space = Space::new().log("lambda", 1e-3, 30.0);
    let size = if options.quick { 7 } else { 13 };
    let error = |lambda, part: &Dataset<f32>| Ok(1.0 - fitted(lambda, &train, options.quick)?.score(part)?);
    let results = Search::grid(space, size, options.seed).run(|trial| error(trial.get("lambda")?, &validation))?;
    println!("\n{results}");

    let mut chart = Chart::new("Errors over the penalty").axes("λ", "share of wrong answers").log_x();
    let (mut training, mut validating) = (Vec::new(), Vec::new());
    println!("       λ   training   validation   verdict of `diagnose` with ε = 0.02");
    for trial in results.trials() {
        let lambda = trial.get("lambda")?;
        let (e, d) = (error(lambda, &train)?, trial.score.unwrap_or(f64::NAN));
        println!("{lambda:>8.3}   {e:>8.4}   {d:>10.4}   {}", diagnose(e, d, 0.02)?);
        training.push((lambda, e));
        validating.push((lambda, d));
    }
    chart = chart.line("training", training).line("validation", validating);
    let best = results.best().ok_or("no trial has a score")?.get("lambda")?;
    println!("\nchosen: λ = {best:.3}, with an error of {:.4} on the test set", error(best, &test)?);
    options.draw("penalty", &chart.to_svg())
}
