//! Ten classes: one-hot targets, softmax and cross-entropy, as on the lecture slides *Neural Networks*, on handwritten
//! digits.
//!
//! ```text
//! cargo run --release --example 15_classes
//! cargo run --release --example 15_classes -- --seeds 10
//! ```

use nn::metric::Confusion;
use nn::picture::HeatMap;
use nn::{Activation, Column, Dataset, Network, NetworkConfig};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run_seeds("15_classes", |options| match options.seeds {
        None => show(options),
        Some(seeds) => options::repeat("accuracy with two hidden layers", seeds, f64::min, options::percent, |seed| {
            let options = options.with_seed(seed);
            let [train, test] = parts(&options)?;
            Ok(learnt(network(&options), &train)?.score(&test)?)
        }),
    })
}

fn parts(options: &Options) -> Result<[Dataset<f32>; 2], Box<dyn Error>> {
    Ok(support::digits()?.stratified([0.8, 0.2], options.seed)?)
}

fn network(options: &Options) -> NetworkConfig {
    let activators = [Activation::Relu, Activation::Relu, Activation::Softmax];
    let config = NetworkConfig::new([64, 256, 128, 10], activators).not_standardised().keep_prob([1.0, 0.5, 0.8]);
    config.rate(0.001).seed(options.seed).epochs(if options.quick { 3 } else { 40 })
}

fn learnt(config: NetworkConfig, train: &Dataset<f32>) -> Result<Network<f32>, Box<dyn Error>> {
    let mut network = Network::new(config)?;
    network.fit(train)?;
    Ok(network)
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    let [train, test] = parts(options)?;
    if let Column::Real(rows) = train.select(&[0, 1, 2])?.targets()?.one_hot(10)? {
        println!("the first targets as one-hot rows:\n{rows}\n");
    }

    let linear = NetworkConfig::softmax(64, 10).not_standardised().lp_reg(2, 0.1);
    let linear = learnt(linear.epochs(if options.quick { 30 } else { 200 }), &train)?;
    let deep = learnt(network(options), &train)?;
    println!("softmax regression: test accuracy {}", options::percent(linear.score(&test)?));
    println!("two hidden layers:  test accuracy {}\n", options::percent(deep.score(&test)?));

    let probabilities = deep.predict(test.features()?.clone())?;
    let confusion = Confusion::of(&probabilities, test.targets()?)?;
    print!("{confusion}");
    options.draw("confusion", &HeatMap::confusion("Digits: actual and predicted", &confusion).to_svg())?;

    // The weights of softmax regression are ten images: where ink speaks for a digit, and where against it.
    let weights = nn::parameters(linear.model())[0].1.array().t().as_standard_layout().into_owned();
    let images = weights.into_shape_with_order((10, 8, 8))?;
    let title = "Weights of softmax regression, 0 to 9";
    options.draw("softmax_weights", &HeatMap::filters(title, images.outer_iter())?.to_svg())
}
