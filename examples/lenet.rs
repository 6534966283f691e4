//! A convolutional network in the manner of LeNet reads the digits, whose 8×8 pixels are enlarged fourfold to 32×32.
//!
//! ```text
//! cargo run --release --example lenet                # once
//! cargo run --release --example lenet -- --seeds 10  # ten times: median and worst
//! ```
//!
//! Convolutions and pooling are those of `24_pytorch_page`, with dropout before the dense layers. The seed decides
//! which fifth of the images is held out, the initial weights, and everything else that is random.
//!
//! Source: LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning Applied to Document Recognition" (1998).

use nn::{
    Activation, Adam, Conv2d, Dense, Dropout, Flatten, Init, MaxPool2d, Progress, Random, Scheduled, Sequential,
    Trainer, loss, metric, predict_in_batches, schedule, summary,
};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run_seeds("lenet", |options| match options.seeds {
        None => {
            println!("{}", summary(&network(0), [1, 32, 32])?);
            println!("test accuracy {}", options::percent(train(options, true)?));
            Ok(())
        }
        Some(seeds) => options::repeat("accuracy on the held-out 20 %", seeds, f64::min, options::percent, |seed| {
            train(&options.with_seed(seed), false)
        }),
    })
}

fn network(seed: u64) -> Sequential<f32> {
    let random = &mut Random::stream(seed, 3);
    Sequential::new()
        .then(Conv2d::new(1, 6, 3, Init::He, random))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Conv2d::new(6, 16, 3, Init::He, random))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(Dropout { keep_prob: 0.5 })
        .then(Dense::new(16 * 6 * 6, 120, Init::He, random))
        .then(Activation::Relu)
        .then(Dropout { keep_prob: 0.8 })
        .then(Dense::new(120, 84, Init::He, random))
        .then(Activation::Relu)
        .then(Dense::new(84, 10, Init::He, random))
}

/// The accuracy on the fifth of the images that was held out.
fn train(options: &Options, shows: bool) -> Result<f64, Box<dyn Error>> {
    let seed = options.seed;
    let (train, test) = support::enlarged_digits()?.split(0.8, seed)?;
    let mut model = network(seed);
    let epochs = if options.quick { 1 } else { 40 };
    let rate = schedule::by_epoch(schedule::cosine(epochs as u64));
    let mut progress = Progress::stderr();
    let mut trainer = Trainer::new(Scheduled::new(rate, Adam::new(0.002))).epochs(epochs).seed(seed);
    if shows {
        trainer = trainer.metric("accuracy", metric::accuracy).observe(&mut progress);
    }
    trainer.fit(&mut model, loss::softmax_cross_entropy, &train)?;
    Ok(metric::accuracy(&predict_in_batches(&model, test.features()?, 64)?, test.targets()?)?)
}
