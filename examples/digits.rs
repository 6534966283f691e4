//! The main job: a network learns to read handwritten digits.
//!
//! ```text
//! cargo run --release --example digits                 # once, with everything shown
//! cargo run --release --example digits -- --seed 7     # another split, another start
//! cargo run --release --example digits -- --seeds 10   # ten times: median and worst
//! ```
//!
//! The seed decides everything random: which fifth of the images is held out, how the weights start, the order of the
//! examples, what dropout drops. The same seed prints the same numbers. (What is `pub(crate)` is for
//! `tests/project/digits.rs`.)

use autodiff::check::Check;
use autodiff::{Input, Registry, Tape};
use ndarray::{ArrayD, Axis};
use nn::metric::{Confusion, accuracy, predictions};
use nn::{
    Activation, Adam, Columns, Context, Dataset, Dense, Dropout, Init, Layer, Observer, Progress, Random, Sequential,
    Trainer, loss, predict, summary,
};
use std::error::Error;
use std::process::ExitCode;

pub(crate) mod support;
use support::options::{self, Options};

// Layer sizes, dropout and epochs: the quickest of three settings, among eight tried, that shared the best median
// (98.61 %) over the splits of the seeds 100 to 119. `--seeds` reports other splits, but of the same 1,797 images, so
// its numbers are a little flattered by the choice.
const EPOCHS: usize = 40;

fn main() -> ExitCode {
    options::run_seeds("digits", |options| match options.seeds {
        None => show(options),
        Some(seeds) => options::repeat("accuracy on the held-out 20 %", seeds, f64::min, options::percent, |seed| {
            Ok(train(&options.with_seed(seed), &mut [])?.accuracy)
        }),
    })
}

/// A trained network with the images it has never seen.
pub(crate) struct Trained {
    model: Sequential<f32>,
    pub(crate) test: Dataset<f32>,
    pub(crate) scores: ArrayD<f32>,
    pub(crate) accuracy: f64,
}

fn network(seed: u64) -> Sequential<f32> {
    let mut random = Random::stream(seed, 3);
    Sequential::new()
        .then(Dense::new(64, 256, Init::He, &mut random))
        .then(Activation::Relu)
        .then(Dropout { keep_prob: 0.5 })
        .then(Dense::new(256, 128, Init::He, &mut random))
        .then(Activation::Relu)
        .then(Dropout { keep_prob: 0.8 })
        .then(Dense::new(128, 10, Init::He, &mut random))
}

/// The number of epochs.
fn epochs(options: &Options) -> usize {
    if options.quick { 3 } else { EPOCHS }
}

pub(crate) fn train(options: &Options, observers: &mut [&mut dyn Observer<f32>]) -> Result<Trained, Box<dyn Error>> {
    let seed = options.seed;
    let (train, test) = support::digits()?.split(0.8, seed)?;
    let mut model = network(seed);
    let mut trainer = Trainer::new(Adam::new(0.001)).epochs(epochs(options)).seed(seed).metric("accuracy", accuracy);
    for observer in observers {
        trainer = trainer.observe(*observer);
    }
    trainer.fit(&mut model, loss::softmax_cross_entropy, &train)?;
    let scores = predict(&model, test.features()?)?;
    let accuracy = accuracy(&scores, test.targets()?)?;
    Ok(Trained { model, test, scores, accuracy })
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    let seed = options.seed;
    heading("The network");
    print!("{}", summary(&network(seed), [64])?);

    heading("Training on 80 % of 1,797 handwritten digits");
    // On standard output there is nothing that depends on the terminal.
    let trained = train(options, &mut [&mut Progress::stderr()])?;
    println!("{} epochs done.", epochs(options));

    heading("The other 20 %, never seen before");
    let predicted = predictions(&trained.scores)?;
    let actual: Vec<usize> = trained.test.labels()?.iter().copied().collect();
    println!("{} of {} images read correctly", right(&predicted, &actual), actual.len());
    println!("test accuracy {:.2} % (seed {seed})\n", 100.0 * trained.accuracy);
    print!("{}", Confusion::new(&predicted, &actual)?);

    heading("Three it misread");
    draw_misread(trained.test.features()?, &predicted, &actual);

    heading("The tape of one example, forwards and backwards");
    listing(&trained)?;

    heading("Gradient check of the whole network");
    check(&trained)
}

fn heading(text: &str) {
    println!("\n── {text} {}\n", "─".repeat(80usize.saturating_sub(text.chars().count() + 4)));
}

fn right(predicted: &[usize], actual: &[usize]) -> usize {
    predicted.iter().zip(actual).filter(|(p, a)| p == a).count()
}

/// Three of the misread images, side by side.
fn draw_misread(features: &ArrayD<f32>, predicted: &[usize], actual: &[usize]) {
    let wrong: Vec<usize> = (0..actual.len()).filter(|i| predicted[*i] != actual[*i]).take(3).collect();
    if wrong.is_empty() {
        println!("None: all were read correctly.");
        return;
    }
    let images: Vec<Vec<String>> = wrong
        .iter()
        .filter_map(|i| features.index_axis(Axis(0), *i).into_dimensionality().ok())
        .map(support::drawing)
        .collect();
    for line in 0..images.iter().map(Vec::len).max().unwrap_or(0) {
        println!("  {}", images.iter().map(|image| image[line].as_str()).collect::<Vec<_>>().join("      "));
    }
    let captions = wrong.iter().map(|i| format!("{:<16}", format!("a {}, read as {}", actual[*i], predicted[*i])));
    println!("  {}", captions.collect::<Vec<_>>().join("      "));
}

/// The tape of one image: each line an operation, with its value v and the cotangent d that came back to it; then the
/// reverse pass, which is a tape of its own.
fn listing(trained: &Trained) -> Result<(), autodiff::Error> {
    let tape = Tape::new();
    let (cx, loss) = record(&tape, &trained.model, &trained.test.select(&[0])?)?;
    let trace = loss.trace()?;
    println!("{}", trace.at(trace.len()));
    let forward = tape.len();
    loss.gradient(&cx.vars())?;
    println!("The reverse pass, recorded with the same operations:\n");
    let text = tape.to_string();
    text.lines().skip(forward).for_each(|line| println!("{line}"));
    Ok(())
}

/// The forward pass and the loss, with dropout off.
fn record<'t>(
    tape: &'t Tape<f32>,
    model: &'t Sequential<f32>,
    batch: &Dataset<f32>,
) -> autodiff::Result<(Context<'t, f32>, autodiff::Var<'t, f32>)> {
    let cx = Context::evaluation(tape, model);
    let batch = Columns::on(tape, batch);
    let logits = model.forward(batch.real("x")?, &cx);
    let labels = batch.target("targets")?;
    let loss = tape.scope("loss", || loss::softmax_cross_entropy(logits, labels)).named("value");
    Ok((cx, loss))
}

/// Checks the gradient against finite differences, in double precision.
///
/// The network works in f32, where differences have few digits. Its tape is a program, and `cast` makes the same
/// program of f64 numbers.
pub(crate) fn check(trained: &Trained) -> Result<(), Box<dyn Error>> {
    let tape = Tape::new();
    let batch = trained.test.select(&(0..8).collect::<Vec<_>>())?;
    let (_, loss) = record(&tape, &trained.model, &batch)?;
    let program = tape.program(&[loss])?.cast::<f64>(&Registry::standard())?;

    let mut point: Vec<Input<f64>> =
        nn::parameters(&trained.model).iter().map(|(_, param)| Input::Real(param.array().mapv(f64::from))).collect();
    point.push(Input::Real(batch.features()?.mapv(f64::from)));
    point.push(Input::index(batch.labels()?.clone()));

    let report = Check::new().order(1).elements(100).program(&program, &point)?;
    println!("{report}");
    report.ok().map(|_| ()).map_err(|report| format!("the gradient check failed: {report}").into())
}
