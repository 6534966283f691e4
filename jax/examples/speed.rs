//! The training steps of the benchmarks W1 and W4, for `jax/python/speed.py`, which times them here and in JAX.
//! `speed FOLDER` exports them and writes down where this program is; `speed NAME THREADS SECONDS` makes steps and prints the loss of the first one and the median
//! time of the others, in milliseconds.

use autodiff_jax::{export, save_columns};
use ndarray::{ArrayD, IxDyn};
use nn::{
    Activation, Adam, Conv2d, Dataset, Dense, Flatten, Init, MaxPool2d, Module, Objective, Optimizer, Random,
    Sequential, Sgd, Step, loss,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Steps before those that are timed.
const WARM: usize = 3;

/// What is done with a training.
enum Job {
    Export(PathBuf),
    Time { name: String, threads: usize, length: Duration },
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let job = match arguments.as_slice() {
        [folder] => Job::Export(PathBuf::from(folder)),
        [name, threads, seconds] => Job::Time {
            name: name.clone(),
            threads: threads.parse()?,
            length: Duration::try_from_secs_f64(seconds.parse()?)?,
        },
        _ => return Err("usage: speed FOLDER, or speed NAME THREADS SECONDS".into()),
    };
    if let Job::Export(folder) = &job {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("engine"), std::env::current_exe()?.as_os_str().as_encoded_bytes())?;
    }
    let r = &mut Random::new(3);
    let dense = |inputs, outputs, r: &mut Random| Dense::<f32>::new(inputs, outputs, Init::He, r);
    let mlp = Sequential::new()
        .then(dense(784, 1024, r))
        .then(Activation::Relu)
        .then(dense(1024, 1024, r))
        .then(Activation::Relu)
        .then(dense(1024, 10, r));
    let step = |threads| Step::new(Adam::new(1e-3), loss::softmax_cross_entropy).threads(threads);
    one(&job, "W1", mlp, step, &batch(&[256, 784], r)?)?;

    let lenet = Sequential::new()
        .then(Conv2d::new(1, 6, 3, Init::He, r))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Conv2d::new(6, 16, 3, Init::He, r))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(dense(16 * 6 * 6, 120, r))
        .then(Activation::Relu)
        .then(dense(120, 84, r))
        .then(Activation::Relu)
        .then(dense(84, 10, r));
    let step = |threads| Step::new(Sgd::new(0.01), loss::softmax_cross_entropy).threads(threads);
    one(&job, "W4", lenet, step, &batch(&[64, 1, 32, 32], r)?)
}

/// Features and one of ten labels for each example.
fn batch(shape: &[usize], random: &mut Random) -> Result<Dataset<f32>> {
    let x = ArrayD::from_shape_simple_fn(IxDyn(shape), || (3.0 * random.uniform() - 1.5) as f32);
    let examples = shape.first().copied().unwrap_or(0);
    let labels = ArrayD::from_shape_simple_fn(IxDyn(&[examples]), || (random.uniform() * 10.0) as usize % 10);
    Ok(Dataset::labelled(x, labels)?)
}

fn one<M: Module<f32>, O: Optimizer<f32>, J: Objective<f32, M, K>, K>(
    job: &Job,
    name: &str,
    mut model: M,
    step: impl Fn(usize) -> Step<f32, O, J>,
    batch: &Dataset<f32>,
) -> Result<()> {
    match job {
        Job::Export(folder) => written(&folder.join(name), &step(1), &model, batch),
        Job::Time { name: wanted, threads, length } if wanted == name => {
            let mut step = step(*threads);
            let mut run = || step.run(&mut model, batch, 0).map(|made| made.loss);
            let first = run()?;
            for _ in 1..WARM {
                run()?;
            }
            let (start, mut times) = (Instant::now(), Vec::new());
            while start.elapsed() < *length || times.len() < 3 {
                let before = Instant::now();
                run()?;
                times.push(before.elapsed().as_secs_f64());
            }
            times.sort_by(f64::total_cmp);
            let median = times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
            println!("{first:?} {}", 1e3 * median);
            Ok(())
        }
        Job::Time { .. } => Ok(()),
    }
}

fn written<O: Optimizer<f32>, J: Objective<f32, M, K>, M: Module<f32>, K>(
    folder: &Path,
    step: &Step<f32, O, J>,
    model: &M,
    batch: &Dataset<f32>,
) -> Result<()> {
    export(folder, step, model, batch, nn::Batch::examples(batch))?;
    Ok(save_columns(folder.join("data.safetensors"), batch)?)
}
