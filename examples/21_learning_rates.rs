//! Learning rates that fall: Matt R, *Neural Networks* (March 2022), §7.5, and schedules that came later.
//!
//! ```text
//! cargo run --release --example 21_learning_rates
//! ```

use nn::picture::Chart;
use nn::schedule::{self, by_epoch};
use nn::{Activation, Dense, History, Init, Random, Scheduled, Sequential, Sgd, Trainer, loss};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run("21_learning_rates", show)
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    let epochs = if options.quick { 20 } else { 60 };
    // The four of the notes, with α₀ = 1 as a factor; then three of the usual ones.
    type Factor = Box<dyn Fn(u64) -> f64>;
    let factors: [(&str, Factor); 8] = [
        ("constant", Box::new(|_| 1.0)),
        ("1/(1 + ηi)", Box::new(schedule::inverse_time(0.2))),
        ("ηⁱ", Box::new(schedule::exponential(0.9))),
        ("η/√i", Box::new(schedule::inverse_root(1.0))),
        ("manual", Box::new(schedule::manual([(0, 1.0), (5, 0.3), (12, 0.1)]))),
        ("step", Box::new(schedule::step(5, 0.5))),
        ("cosine", Box::new(schedule::cosine(epochs))),
        ("warm-up", Box::new(schedule::warm_up(5))),
    ];
    let (mut rates, mut losses) = (Chart::new("Factors of the learning rate"), Chart::new("Loss with each schedule"));
    let data = support::digits()?;
    println!("schedule       i = 0       1       5      10   last loss");
    for (name, factor) in &factors {
        let points: Vec<(f64, f64)> = (0..epochs).map(|i| (i as f64, factor(i))).collect();
        let known: Vec<f64> = points.iter().map(|(_, factor)| *factor).collect();
        rates = rates.line(*name, points);

        let random = &mut Random::new(options.seed);
        let mut model = Sequential::<f32>::new()
            .then(Dense::new(64, 32, Init::He, random))
            .then(Activation::Relu)
            .then(Dense::new(32, 10, Init::He, random));
        let mut history = History::new();
        let optimizer = Scheduled::new(by_epoch(|i| known[i as usize]), Sgd::new(0.5));
        let trainer = Trainer::new(optimizer).epochs(epochs as usize).observe(&mut history);
        trainer.fit(&mut model, loss::softmax_cross_entropy, &data)?;
        let curve = history.curve("loss")?;
        let [a, b, c, d] = [0, 1, 5, 10].map(factor);
        println!("{name:<12} {a:>7.3} {b:>7.3} {c:>7.3} {d:>7.3}   {:>9.5}", curve[curve.len() - 1]);
        losses = losses.line(*name, curve.iter().enumerate().map(|(i, loss)| (i as f64, *loss)));
    }
    options.draw("learning_rates", &rates.axes("epoch i", "α(i)/α₀").to_svg())?;
    options.draw("learning_rates_loss", &losses.axes("epoch i", "loss").log_y().to_svg())
}
