//! Inverted dropout and early stopping: Matt R, *Neural Networks* (March 2022), §5.1 and §5.3.
//!
//! ```text
//! cargo run --release --example 18_dropout_and_early_stopping
//! ```

use autodiff::Tape;
use nn::picture::Chart;
use nn::{Activation, Adam, Context, Dense, Dropout, EarlyStopping, History, Init, Layer, Random, Sequential, Trainer};
use nn::{loss, metric};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("18_dropout_and_early_stopping", show)
}

fn network(keep_prob: f64, seed: u64) -> Sequential<f32> {
    let random = &mut Random::new(seed);
    Sequential::new()
        .then(Dense::new(64, 128, Init::He, random))
        .then(Activation::Relu)
        .then(Dropout { keep_prob })
        .then(Dense::new(128, 10, Init::He, random))
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    // The mask is drawn anew in every step, from a key; what is kept is divided by `keep_prob`, so the mean stays.
    let dropout = Dropout { keep_prob: 0.8 };
    for key in [1, 2] {
        let tape = Tape::<f64>::new();
        let y = dropout.forward(tape.data([1.0; 8]), &Context::training(&tape, &dropout, key));
        println!("ones behind dropout, key {key}: {}", y.value()?);
    }
    let tape = Tape::<f64>::new();
    let y = dropout.forward(tape.data([1.0; 8]), &Context::evaluation(&tape, &dropout));
    println!("at evaluation:              {}\n", y.value()?);

    let data = support::digits()?;
    let share = 150.0 / data.len() as f64;
    let [train, validation, test] = data.stratified([share, (1.0 - share) / 2.0, (1.0 - share) / 2.0], options.seed)?;
    let epochs = if options.quick { 60 } else { 200 };
    let mut chart = Chart::new("Validation loss, 150 digits to learn from").axes("epoch", "loss");
    println!("              stopped after   best epoch   test accuracy of the last weights   of the best");
    for (name, keep_prob) in [("no dropout", 1.0), ("keep_prob 0.5", 0.5)] {
        let mut history = History::new();
        let mut model = network(keep_prob, options.seed);
        let trainer = Trainer::new(Adam::new(0.01)).epochs(epochs).validation(&validation).observe(&mut history);
        trainer.fit(&mut model, loss::softmax_cross_entropy, &train)?;
        let last = metric::accuracy(&nn::predict(&model, test.features()?)?, test.targets()?)?;

        // The same training, which ends 20 epochs after the best one, and goes back to it.
        let mut stopping = EarlyStopping::new("validation loss", 20);
        let mut stopped = History::new();
        let mut model = network(keep_prob, options.seed);
        let trainer = Trainer::new(Adam::new(0.01)).epochs(epochs).validation(&validation);
        let trainer = trainer.observe(&mut stopping).observe(&mut stopped);
        trainer.fit(&mut model, loss::softmax_cross_entropy, &train)?;
        let best = metric::accuracy(&nn::predict(&model, test.features()?)?, test.targets()?)?;

        let epoch = stopping.best().map_or(0, |(epoch, _)| epoch);
        println!("{name:<13} {:>13}   {epoch:>10}   {last:>33.4}   {best:>11.4}", stopped.epochs().len());
        let curve = history.curve("validation loss")?;
        chart = chart.line(name, curve.iter().enumerate().map(|(i, loss)| (i as f64 + 1.0, *loss)));
        chart = chart.points(format!("best of {name}"), [(epoch as f64, curve[epoch.max(1) - 1])]);
    }
    options.draw("dropout", &chart.log_y().to_svg())
}
