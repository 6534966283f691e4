//! A run that is stopped and resumed is the run that never stopped.

use crate::support::{bits, normal};
use ndarray::array;
use nn::metric::accuracy;
use nn::{
    Activation, Adam, BatchNorm, Checkpoint, Dataset, Dense, Dropout, EarlyStopping, Epoch, Every, History, Init,
    Observer, OnPlateau, Random, Scheduled, Sequential, Sgd, StepResult, Trainer, Training, WeightAverage, buffers,
    loss, parameters,
};
use std::ops::ControlFlow;

fn network() -> Sequential<f64> {
    let mut random = Random::new(1);
    Sequential::new()
        .then(Dense::new(2, 6, Init::He, &mut random))
        .then(BatchNorm::new(6))
        .then(Activation::Relu)
        .then(Dropout { keep_prob: 0.8 })
        .then(Dense::new(6, 2, Init::He, &mut random))
}

fn data() -> Dataset<f64> {
    let features = normal([22, 2], 8);
    let labels: Vec<usize> = features.rows().into_iter().map(|x| usize::from(x[0] < x[1])).collect();
    Dataset::labelled(features, labels).unwrap()
}

/// Stops after a step, and notes what the epochs measured and which steps were seen.
#[derive(Default)]
struct StopAt {
    step: u64,
    epochs: Vec<Epoch>,
    losses: Vec<u64>,
}

impl Observer<f64> for StopAt {
    fn on_step(&mut self, result: &StepResult<'_, f64>, training: &Training<'_, f64>) -> ControlFlow<()> {
        self.losses.push(result.loss.to_bits());
        if training.position().step == self.step { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn on_epoch(&mut self, epoch: &Epoch, _: &Training<'_, f64>) -> ControlFlow<()> {
        self.epochs.push(epoch.clone());
        ControlFlow::Continue(())
    }
}

fn run(model: &mut Sequential<f64>, from: Option<&Checkpoint<f64>>, observer: &mut StopAt) -> Checkpoint<f64> {
    let data = data();
    // Batches of 5: five steps in each epoch, the last one of two examples.
    let mut trainer = Trainer::new(WeightAverage::new(0.9, Adam::new(0.05))).epochs(4).batch_size(5).seed(3);
    if let Some(checkpoint) = from {
        trainer = trainer.resume(checkpoint);
    }
    trainer
        .metric("accuracy", accuracy)
        .validation(&data)
        .observe(observer)
        .fit(model, loss::softmax_cross_entropy, &data)
        .unwrap()
}

fn arrays(model: &Sequential<f64>) -> Vec<Vec<u64>> {
    let parameters = parameters(model).into_iter().map(|(_, param)| bits(param.array()));
    parameters.chain(buffers(model).into_iter().map(|(_, buffer)| bits(buffer.array()))).collect()
}

#[test]
fn stopping_after_any_step_and_going_on_is_never_having_stopped() {
    let (mut whole, mut seen) = (network(), StopAt::default());
    let end = run(&mut whole, None, &mut seen);
    assert_eq!((end.position().step, end.position().epoch), (20, 4));
    assert_eq!(seen.losses.len(), 20);
    for step in 1..=20 {
        let mut model = network();
        let mut first = StopAt { step, ..StopAt::default() };
        let checkpoint = run(&mut model, None, &mut first);
        assert_eq!(checkpoint.position().step, step);
        // Only the checkpoint goes on, into a model of other numbers.
        let mut model = network();
        nn::parameters_mut(&mut model).into_iter().for_each(|(_, param)| param.array_mut().fill(7.0));
        let mut second = StopAt::default();
        let resumed = run(&mut model, Some(&checkpoint), &mut second);
        assert_eq!(arrays(&model), arrays(&whole), "stopped after step {step}");
        assert!(resumed == end, "stopped after step {step}");
        assert_eq!([first.losses, second.losses].concat(), seen.losses, "stopped after step {step}");
        assert_eq!([first.epochs, second.epochs].concat(), seen.epochs, "stopped after step {step}");
    }
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let mut model = network();
    let middle = run(&mut model, None, &mut StopAt { step: 7, ..StopAt::default() });
    let refused = |batch_size: usize| {
        let trainer = Trainer::new(Adam::new(0.1)).epochs(9).batch_size(batch_size).metric("accuracy", accuracy);
        let trainer = trainer.resume(&middle);
        trainer.fit(&mut network(), loss::softmax_cross_entropy, &data()).unwrap_err().message().to_owned()
    };
    assert_eq!(refused(32), "the checkpoint is of the middle of an epoch, over 22 examples in batches of 5");
    assert_eq!(refused(5), "the optimizer has no use for `average` of `0.weight` in its state");
    let mut other = Dense::new(2, 2, Init::He, &mut Random::new(0));
    assert_eq!(
        middle.restore(&mut other).unwrap_err().message(),
        "the checkpoint has no array `weight`, which the model has"
    );
    let before = other.clone();
    assert!(middle.restore(&mut other).is_err());
    assert_eq!(other, before);
}

/// Keeps the checkpoint of the least validation loss.
struct Best(f64, Option<Checkpoint<f64>>);

impl Observer<f64> for Best {
    fn on_epoch(&mut self, epoch: &Epoch, training: &Training<'_, f64>) -> ControlFlow<()> {
        let loss = epoch.measure("validation loss").unwrap();
        if loss < self.0 {
            *self = Best(loss, Some(training.checkpoint()));
        }
        ControlFlow::Continue(())
    }
}

/// At a rate that is too large the loss grows, so the best weights are those of the first epoch.
#[test]
fn the_best_weights_can_be_kept() {
    let data = Dataset::valued(array![[1.0], [2.0]], array![[1.0], [3.0]]).unwrap();
    let mut model = Dense::from_arrays(array![[1.2]], None);
    let mut best = Best(f64::INFINITY, None);
    let trainer = Trainer::new(Sgd::new(0.5)).epochs(5).validation(&data);
    trainer.observe(&mut best).fit(&mut model, loss::mean_squared, &data).unwrap();
    let last = nn::evaluate(&model, loss::mean_squared, &data).unwrap().loss;
    best.1.unwrap().restore(&mut model).unwrap();
    let restored = nn::evaluate(&model, loss::mean_squared, &data).unwrap().loss;
    assert_eq!(restored, best.0);
    assert!(restored < last);
}

/// New observers go on from what the checkpoint has of those before: the falling rate, the best epoch, the epochs waited for.
#[test]
fn early_stopping_plateaus_and_histories_go_on_from_a_checkpoint() {
    let data = data();
    let run = |from: Option<&Checkpoint<f64>>, step: u64| {
        let (mut model, mut kept) = (network(), None);
        let mut plateau = OnPlateau::new("validation loss", 0.5, 1);
        let (mut stopping, mut history) = (EarlyStopping::new("validation loss", 6), History::new());
        let factor = plateau.factor();
        // A rate so large that the loss often grows.
        let optimizer = Scheduled::new(plateau.factor(), Adam::new(0.2));
        let mut trainer = Trainer::new(optimizer).epochs(30).batch_size(5).validation(&data);
        if let Some(checkpoint) = from {
            trainer = trainer.resume(checkpoint);
        }
        let keep = |state: &Checkpoint<f64>| {
            if state.position().step == step {
                kept = Some(Checkpoint::from_bytes(&state.to_bytes()?)?);
            }
            Ok(())
        };
        let trainer = trainer.observe(&mut plateau).observe(&mut history).observe(&mut stopping);
        let trainer = trainer.checkpoints(Every::Steps(1), keep);
        let end = trainer.fit(&mut model, loss::softmax_cross_entropy, &data).unwrap();
        ((end, model_bits(&model), history, factor(nn::Position::default()), stopping), kept)
    };
    let (whole, _) = run(None, 0);
    let last = whole.0.position().step + 6 * 5;
    assert!(whole.3 < 0.5, "the rate fell to {}", whole.3);
    // In the middle of an epoch, between two, and while it is waited for a better one.
    for step in [1, 5, 13, 15, last - 8] {
        let kept = run(None, step).1.unwrap();
        assert_eq!(kept.observers().len(), 3);
        assert_eq!(run(Some(&kept), 0).0, whole, "from step {step}");
    }
}

fn model_bits(model: &Sequential<f64>) -> Vec<u64> {
    let parameters = parameters(model).into_iter().flat_map(|(_, param)| bits(param.array()));
    parameters.chain(buffers(model).into_iter().flat_map(|(_, buffer)| bits(buffer.array()))).collect()
}
