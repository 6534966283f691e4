//! What the tests share.

use autodiff::Result;
use ndarray::ArrayD;
use nn::metric::accuracy;
use nn::{
    Activation, Adam, BatchNorm, Checkpoint, Dataset, Dense, Dropout, EarlyStopping, Every, Init, Module, Observer,
    OnPlateau, Random, Scheduled, Sequential, StepResult, Trainer, Training, WeightAverage, buffers, loss, parameters,
    schedule,
};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An empty folder of its own for each test.
pub fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("files").join(name);
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The arrays of a model by path.
pub fn arrays(model: &impl Module<f64>) -> Vec<(String, ArrayD<f64>)> {
    let parameters = parameters(model).into_iter().map(|(path, param)| (path, param.array().clone()));
    parameters.chain(buffers(model).into_iter().map(|(path, buffer)| (path, buffer.array().clone()))).collect()
}

/// An array of standard normal numbers.
pub fn normal(shape: Vec<usize>, seed: u64) -> ArrayD<f64> {
    let mut random = Random::new(seed);
    ArrayD::from_shape_simple_fn(shape, || random.normal())
}

/// A file of safetensors written by hand: its header, and the bytes behind it.
pub fn file(header: &str, bytes: &[u8]) -> Vec<u8> {
    let length = u64::try_from(header.len()).unwrap();
    [&length.to_le_bytes(), header.as_bytes(), bytes].concat()
}

/// This binary in a process of its own, in which the ignored test `name` finds `path` by [`given`].
pub fn process(name: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name, "--exact", "--ignored", "--nocapture"]).env("FILES_PATH", path);
    command
}

/// The path that [`process`] was given; `None` in a run of all ignored tests.
pub fn given() -> Option<PathBuf> {
    std::env::var_os("FILES_PATH").map(PathBuf::from)
}

pub fn network(seed: u64) -> Sequential<f64> {
    let r = &mut Random::new(seed);
    Sequential::new()
        .then(Dense::new(2, 6, Init::He, r))
        .then(BatchNorm::new(6))
        .then(Activation::Relu)
        .then(Dropout { keep_prob: 0.8 })
        .then(Dense::new(6, 2, Init::He, r))
}

pub fn data() -> Dataset<f64> {
    let mut random = Random::new(8);
    let features = ndarray::Array2::from_shape_simple_fn((22, 2), || random.normal());
    let labels: Vec<usize> = features.rows().into_iter().map(|x| usize::from(x[0] < x[1])).collect();
    Dataset::labelled(features, labels).unwrap()
}

/// Stops after a step.
pub struct StopAt(pub u64);

impl Observer<f64> for StopAt {
    fn on_step(&mut self, _: &StepResult<'_, f64>, training: &Training<'_, f64>) -> ControlFlow<()> {
        if training.position().step == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// A run with all that has a state: Adam and averages, a cosine and a rate that falls on a plateau, dropout, shuffled batches of 5
/// of 22 examples, metrics, and a search for the best epoch. (The accuracy rises, so it is seldom smaller than before.) It is stopped after step `until`, and goes on from `from`.
pub fn run(
    model: &mut impl nn::Layer<f64>,
    from: Option<&Checkpoint<f64>>,
    until: u64,
    every: Every,
    keep: impl FnMut(&Checkpoint<f64>) -> Result<()>,
) -> Checkpoint<f64> {
    let data = data();
    let (mut stopping, mut stop) = (EarlyStopping::new("validation loss", 9), StopAt(until));
    let (mut plateau, mut slow) = (OnPlateau::new("accuracy", 0.5, 1), OnPlateau::new("accuracy", 0.1, 2));
    let cosine = Scheduled::new(schedule::by_step(schedule::cosine(20)), WeightAverage::new(0.9, Adam::new(0.1)));
    let optimizer = Scheduled::new(plateau.factor(), Scheduled::new(slow.factor(), cosine));
    let mut trainer = Trainer::new(optimizer).epochs(4).batch_size(5).seed(3).checkpoints(every, keep);
    if let Some(checkpoint) = from {
        trainer = trainer.resume(checkpoint);
    }
    let trainer = trainer.metric("accuracy", accuracy).validation(&data);
    let trainer = trainer.observe(&mut stopping).observe(&mut plateau).observe(&mut slow).observe(&mut stop);
    trainer.fit(model, loss::from_fn(loss::softmax_cross_entropy), &data).unwrap()
}

/// The state of this run after a step, with what its observers know.
pub fn state(step: u64) -> Checkpoint<f64> {
    let mut states = Vec::new();
    let keep = |state: &Checkpoint<f64>| {
        states.push(state.clone());
        Ok(())
    };
    run(&mut network(1), None, step, Every::Steps(step), keep);
    states.remove(0)
}
