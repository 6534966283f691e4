//! Training steps: a network with dropout in double precision; LeNet, a transformer and a recurrent network in single.

use crate::archive::Result;
use autodiff::Real;
use autodiff::kernels::fold_in;
use autodiff_jax::{export, load, save_columns};
use ndarray::{ArrayD, IxDyn};
use nn::{
    Activation, Adam, Context, Conv2d, Dataset, Dense, Dropout, Embedding, Flatten, Gru, Init, MaxPool2d, Module,
    Momentum, Objective, Optimizer, PositionalEmbedding, Random, Sequential, Step, TransformerBlock, evaluate, loss,
    parameters,
};
use std::fs;
use std::path::Path;

/// The steps that are made on either side.
const STEPS: u64 = 20;

/// How many batches the data have.
const BATCHES: usize = 3;

/// The width of the transformer and of the recurrent network, their steps and the characters: those of W11 and W12 of the
/// benchmarks.
const WIDTH: usize = 64;

/// What is done with a training.
#[derive(Clone, Copy, PartialEq)]
pub enum What {
    /// Export it, with its data and the engine's losses.
    Write,
    /// Read back what became of it, and compare.
    After,
}

/// A transformer that predicts the next character.
#[derive(Clone, Debug)]
struct Characters {
    embedding: Embedding<f32>,
    positions: PositionalEmbedding<f32>,
    blocks: Vec<TransformerBlock<f32>>,
    head: Dense<f32>,
}

impl Module<f32> for Characters {
    nn::visit!(f32; embedding, positions, blocks, head);
}

fn random<F: Real>(shape: &[usize], random: &mut Random) -> ArrayD<F> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || F::of(3.0 * random.uniform() - 1.5))
}

fn labels(shape: &[usize], classes: usize, random: &mut Random) -> ArrayD<usize> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || ((random.uniform() * classes as f64) as usize).min(classes - 1))
}

pub fn all(folder: &Path, what: What) -> Result<()> {
    let r = &mut Random::new(5);
    let mlp = Sequential::<f64>::new()
        .then(Dense::new(10, 32, Init::He, r))
        .then(Activation::Relu)
        .then(Dropout { keep_prob: 0.7 })
        .then(Dense::new(32, 4, Init::He, r));
    let data = Dataset::labelled(random(&[BATCHES * 32, 10], r), labels(&[BATCHES * 32], 4, r))?;
    let step = || Step::new(Adam::new(0.01), loss::softmax_cross_entropy);
    one(folder, what, ("mlp", 32, 1e-12), mlp, step, || loss::softmax_cross_entropy, data)?;

    let lenet = Sequential::<f32>::new()
        .then(Conv2d::new(1, 6, 3, Init::He, r))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Conv2d::new(6, 16, 3, Init::He, r))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(Dropout { keep_prob: 0.5 })
        .then(Dense::new(16 * 6 * 6, 120, Init::He, r))
        .then(Activation::Relu)
        .then(Dense::new(120, 84, Init::He, r))
        .then(Activation::Relu)
        .then(Dense::new(84, 10, Init::He, r));
    let data = Dataset::labelled(random(&[BATCHES * 16, 1, 32, 32], r), labels(&[BATCHES * 16], 10, r))?;
    let step = || Step::new(Momentum::new(0.002), loss::softmax_cross_entropy);
    one(folder, what, ("lenet", 16, 2e-5), lenet, step, || loss::softmax_cross_entropy, data)?;

    let transformer = Characters {
        embedding: Embedding::new(WIDTH, WIDTH, Init::SmallNormal, r),
        positions: PositionalEmbedding::new(WIDTH, WIDTH, Init::SmallNormal, r),
        blocks: (0..2).map(|_| TransformerBlock::new(WIDTH, 4, 4 * WIDTH, r).causal()).collect(),
        head: Dense::new(WIDTH, WIDTH, Init::Xavier, r),
    };
    let data = Dataset::new()
        .index("characters", labels(&[BATCHES * 16, WIDTH], WIDTH, r))?
        .index("next", labels(&[BATCHES * 16, WIDTH], WIDTH, r))?;
    let objective = || {
        nn::objective(|model: &Characters, batch, cx: &Context<'_, f32>| {
            let characters = batch.index("characters")?;
            let positions = characters.shape()?.size();
            let x = model.embedding.forward(characters, cx);
            let x = model
                .blocks
                .iter()
                .fold(nn::Layer::call(&model.positions, x, cx), |x, block| nn::Layer::call(block, x, cx));
            let logits = nn::Layer::call(&model.head, x, cx).reshape([positions, WIDTH]);
            Ok(loss::softmax_cross_entropy(logits, batch.index("next")?.reshape([positions]).into()).into())
        })
    };
    one(
        folder,
        what,
        ("transformer", 16, 2e-5),
        transformer,
        || Step::new(Adam::new(1e-3), objective()),
        objective,
        data,
    )?;

    let gru = Sequential::<f32>::new().then(Gru::new(WIDTH, WIDTH, r).only_last()).then(Dense::new(
        WIDTH,
        4,
        Init::Xavier,
        r,
    ));
    let data = Dataset::valued(random(&[BATCHES * 32, WIDTH, WIDTH], r), random(&[BATCHES * 32, 4], r))?;
    let step = || Step::new(Adam::new(1e-3), loss::half_squared);
    one(folder, what, ("gru", 32, 2e-5), gru, step, || loss::half_squared, data)
}

/// Exports a training, or compares what came back with the engine's own.
fn one<F: Real, M: Module<F> + Clone, O: Optimizer<F>, J: Objective<F, M, K>, K>(
    folder: &Path,
    what: What,
    (name, batch, tolerance): (&str, usize, f64),
    model: M,
    step: impl Fn() -> Step<F, O, J>,
    objective: impl Fn() -> J,
    data: Dataset<F>,
) -> Result<()> {
    let rows = |number: u64| {
        let at = (number - 1) as usize % BATCHES;
        data.select(&(at * batch..(at + 1) * batch).collect::<Vec<_>>())
    };
    let (mut own, mut made) = (model.clone(), step());
    let mut losses = String::new();
    for number in 1..=STEPS {
        let loss = made.run(&mut own, &rows(number)?, fold_in(0, number))?.loss;
        losses += &format!("{:?}\n", loss.double());
    }
    let out = folder.join(name);
    if what == What::Write {
        export(&out, &step(), &model, &rows(1)?.select(&[0, 1])?, batch)?;
        save_columns(out.join("data.safetensors"), &data)?;
        fs::write(out.join("losses.txt"), format!("{tolerance:?}\n{losses}"))?;
        return Ok(());
    }
    let expected = evaluate(&own, objective(), &data)?.loss.double();
    let next = made.run(&mut own.clone(), &rows(STEPS + 1)?, fold_in(0, STEPS + 1))?.loss.double();
    for variant in ["_1", "_8", "_2x2", "_processes"] {
        let folder = folder.join(format!("{name}{variant}"));
        if !folder.exists() {
            continue;
        }
        let (mut model, mut step) = (model.clone(), step());
        load(&folder, &mut model, &mut step)?;
        let found = evaluate(&model, objective(), &data)?.loss.double();
        let mut worst: f64 = 0.0;
        for ((path, a), (_, b)) in parameters(&model).into_iter().zip(parameters(&own)) {
            let size = b.array().iter().fold(0.0, |m: f64, b| m.max(b.double().abs()));
            let differs = |(a, b): (&F, &F)| (a.double() - b.double()).abs() / size;
            // The weights of attention do not depend on this bias: its gradient is rounding, of which Adam makes steps.
            if path.ends_with("key.bias") {
                continue;
            }
            let most = a.array().iter().zip(b.array()).map(differs).fold(0.0, f64::max);
            if most > 10.0 * tolerance {
                return Err(format!("{name}{variant}: the parameter `{path}` differs by {most:e}").into());
            }
            worst = worst.max(most);
        }
        let on = step.run(&mut model, &rows(STEPS + 1)?, fold_in(0, STEPS + 1))?.loss.double();
        println!(
            "{name}{variant}: {} steps; evaluation loss {found:?}, the engine's {expected:?} ({:e}); parameters within \
             {worst:e}; the next step here {on:?}, the engine's {next:?}",
            step.state().step() - 1,
            (found - expected).abs() / expected
        );
        if (found - expected).abs() > tolerance * expected || (on - next).abs() > tolerance * next {
            return Err(format!("{name}{variant}: the losses differ").into());
        }
    }
    Ok(())
}
