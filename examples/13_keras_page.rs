//! The network that Matt R, *Neural Networks* (June 2022), §3.3, trains with Keras, here with `nn`: the same steps in
//! the same order.
//!
//! ```text
//! cargo run --release --example 13_keras_page
//! ```
//!
//! The notes do not say what their file contains, only that it has ten columns of features and a last one of zeros and
//! ones. Here the features are the ten mean values of the Wisconsin breast cancer data (see `data/README.md`), and 1
//! stands for a benign tumour.

use ndarray::{Axis, s};
use nn::picture::Chart;
use nn::{
    Activation, Adam, Dataset, Dense, History, Init, Random, Sequential, Trainer, evaluate, loss, metric, summary,
};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("13_keras_page", |options| keras_functional_nn(support::BREAST_CANCER, options))
}

fn keras_functional_nn(csv: &str, options: &Options) -> Result<(), Box<dyn Error>> {
    let Options { seed, quick, .. } = *options;
    let dataset = support::ten_means(csv)?;

    let (x, y) = (dataset.slice(s![.., ..-1]), dataset.slice(s![.., -1..]));

    let (train, test) = Dataset::valued(x, y)?.split(0.85, seed)?;

    let mu = train.features()?.mean_axis(Axis(0)).ok_or("there are no examples")?;
    let var = train.features()?.var_axis(Axis(0), 0.0);

    let train = train.map("x", |x| (x - &mu) / var.sqrt())?;
    let test = test.map("x", |x| (x - &mu) / var.sqrt())?;

    // Define network structure

    let random = &mut Random::new(seed);
    let hidden_layer_1 = Dense::new(10, 32, Init::He, random);
    let hidden_layer_2 = Dense::new(32, 16, Init::He, random);
    let output_layer = Dense::new(16, 1, Init::He, random);

    let mut model = Sequential::new()
        .then(hidden_layer_1)
        .then(Activation::Relu)
        .then(hidden_layer_2)
        .then(Activation::Relu)
        .then(output_layer)
        .then(Activation::Sigmoid);

    println!("{}", summary(&model, [10])?);

    // Compile desired model
    let trainer = Trainer::new(Adam::new(0.001)).metric("accuracy", metric::accuracy);

    // Train the model
    let mut hist = History::new();
    trainer.batch_size(32).epochs(if quick { 10 } else { 150 }).validation_split(0.17).observe(&mut hist).fit(
        &mut model,
        loss::binary_cross_entropy,
        &train,
    )?;

    // Evaluate the model
    let test_scores = evaluate(&model, loss::binary_cross_entropy, &test)?;
    println!("Test Loss: {}", test_scores.loss);
    println!("Test Accuracy: {}", metric::accuracy(&test_scores.outputs[0], test.targets()?)?);

    // The history has a curve for each measure.
    for name in ["loss", "accuracy", "validation loss", "validation accuracy"] {
        let curve = hist.curve(name)?;
        println!("{name:<20} {:.3} after the first epoch, {:.3} after the last", curve[0], curve[curve.len() - 1]);
    }
    options.draw("keras_loss", &Chart::history(&hist, "loss")?.to_svg())
}
