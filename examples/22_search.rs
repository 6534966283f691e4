//! The search for hyperparameters: Matt R, *Neural Networks* (March 2022), §8: a grid, random values, logarithmic scales;
//! and successive halving.
//!
//! ```text
//! cargo run --release --example 22_search
//! ```

use nn::{Activation, Network, NetworkConfig, Search, Space, synthetic};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("22_search", show)
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    let data = synthetic::moons::<f64>(400, 0.25, options.seed)?;
    let [train, validation, test] = data.stratified([0.5, 0.25, 0.25], options.seed)?;
    // A rate from 10⁻⁴ to 1 has every magnitude alike: 10^(−4p) with p uniform in [0, 1).
    let space = || Space::new().log("rate", 1e-4, 1.0).whole("nodes", 2, 32).log("lambda", 1e-3, 10.0);
    let fitted = |trial: &nn::Trial, epochs: usize| -> autodiff::Result<Network<f64>> {
        let activators = [Activation::Tanh, Activation::Sigmoid];
        let config = NetworkConfig::new([2, trial.count("nodes")?, 1], activators).lp_reg(2, trial.get("lambda")?);
        let mut network = Network::new(config.rate(trial.get("rate")?).epochs(epochs).seed(trial.seed))?;
        network.fit(&train)?;
        Ok(network)
    };
    let (trials, epochs) = if options.quick { (9, 9) } else { (27, 27) };

    // Trials run on all cores; the results are the same on one.
    let random =
        Search::random(space(), trials, options.seed).run(|trial| fitted(trial, epochs)?.evaluate(&validation))?;
    println!(
        "Random search, {trials} trials of {epochs} epochs; the score is the cost on the validation set\n\n{random}"
    );
    let grid = Search::grid(space(), 3, options.seed).run(|trial| fitted(trial, epochs)?.evaluate(&validation))?;
    println!(
        "Grid of {} trials: best score {:.4}\n",
        grid.trials().len(),
        grid.best().and_then(|t| t.score).unwrap_or(f64::NAN)
    );

    // Successive halving: many trials for few epochs, and the best third of them for three times as many.
    let halving = Search::random(space(), 3 * trials, options.seed).halving(1, epochs, 3);
    let halving = halving.run(|trial| fitted(trial, trial.budget)?.evaluate(&validation))?;
    let spent: usize = halving.trials().iter().map(|trial| trial.budget).sum();
    let best = halving.best().ok_or("no trial has a score")?;
    println!("Successive halving of {} trials, {spent} epochs in all:", 3 * trials);
    println!("  rate {:.4}, {} nodes, λ = {:.4}", best.get("rate")?, best.count("nodes")?, best.get("lambda")?);
    println!("  accuracy on the test set {}", options::percent(fitted(best, best.budget)?.score(&test)?));
    options.draw("search", &random.chart("rate")?.log_x().to_svg())
}
