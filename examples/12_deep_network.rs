//! A network of any depth from its settings: Matt R, *Neural Networks* (June 2022), §3.1 and 3.2, with `nodes`, `bias`,
//! `activators` and `lp_reg`, as a Rust value or as JSON.
//!
//! ```text
//! cargo run --release --example 12_deep_network
//! cargo run --release --example 12_deep_network -- --seeds 10
//! ```

use nn::picture::Chart;
use nn::{Network, NetworkConfig, summary, synthetic};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

const SETTINGS: &str = r#"{
    "nodes": [2, 32, 16, 3],
    "bias": [true, true, true],
    "activators": ["tanh", "relu", "softmax"],
    "lp_reg": 2,
    "lambda": 0.01,
    "rate": 0.01,
    "epochs": 300
}"#;

fn main() -> ExitCode {
    options::run_seeds("12_deep_network", |options| match options.seeds {
        None => show(options),
        Some(seeds) => options::repeat("accuracy on the test part", seeds, f64::min, options::percent, |seed| {
            accuracy(&learn(&options.with_seed(seed))?)
        }),
    })
}

/// A trained network and the parts of its data.
struct Learnt {
    network: Network<f64>,
    train: nn::Dataset<f64>,
    test: nn::Dataset<f64>,
}

fn learn(options: &Options) -> Result<Learnt, Box<dyn Error>> {
    let data = synthetic::spirals::<f64>(450, 3, 0.05, options.seed)?;
    let [train, test] = data.stratified([0.8, 0.2], options.seed)?;
    let config: NetworkConfig = serde_json::from_str(SETTINGS)?;
    let config = config.seed(options.seed);
    let mut network = Network::new(if options.quick { config.epochs(60) } else { config })?;
    network.fit(&train)?;
    Ok(Learnt { network, train, test })
}

fn accuracy(learnt: &Learnt) -> Result<f64, Box<dyn Error>> {
    Ok(learnt.network.score(&learnt.test)?)
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    println!("{SETTINGS}\n");
    let learnt = learn(options)?;
    let (network, costs) = (&learnt.network, learnt.network.cost_history());
    println!("{}", summary(network.model(), [2])?);
    for (epoch, cost) in costs.iter().enumerate().step_by(costs.len() / 6) {
        println!("cost after epoch {:>3}: {cost:.4}", epoch + 1);
    }
    println!("training accuracy {}", options::percent(network.score(&learnt.train)?));
    println!("test accuracy     {}", options::percent(accuracy(&learnt)?));
    let chart = Chart::boundary("Three spirals", &learnt.train, |places| network.predict(places))?;
    options.draw("spirals", &chart.axes("x₁", "x₂").to_svg())?;
    let curve = costs.iter().enumerate().map(|(i, cost)| (i as f64 + 1.0, *cost));
    options.draw("spirals_cost", &Chart::new("Three spirals: cost").axes("epoch", "cost").line("", curve).to_svg())
}
