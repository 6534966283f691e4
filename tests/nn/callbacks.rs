//! Those who watch a training: early stopping, norms of gradients, warnings; validation splits, and prediction in batches.

use crate::support::normal;
use ndarray::array;
use nn::metric::accuracy;
use nn::{
    Activation, Adam, Checkpoint, Dataset, Dense, EarlyStopping, Epoch, GradientNorms, History, Init, Observer,
    OnPlateau, Progress, Random, Scheduled, Sequential, Sgd, StepResult, Trainer, Training, evaluate, loss, predict,
    predict_in_batches,
};
use std::ops::ControlFlow;

fn data() -> Dataset<f64> {
    let features = normal([22, 2], 8);
    let labels: Vec<usize> = features.rows().into_iter().map(|x| usize::from(x[0] < x[1])).collect();
    Dataset::labelled(features, labels).unwrap()
}

fn network() -> Sequential<f64> {
    let mut random = Random::new(1);
    Sequential::new().then(Dense::new(2, 6, Init::He, &mut random)).then(Activation::Relu).then(Dense::new(
        6,
        2,
        Init::He,
        &mut random,
    ))
}

/// A rate that is right for three epochs and much too large after: the third epoch is the best.
fn spoiled(at: nn::Position) -> f64 {
    if at.epoch <= 3 { 1.0 } else { 100.0 }
}

#[test]
fn early_stopping_leaves_the_best_weights() {
    let data = data();
    for (measure, largest) in [("validation loss", false), ("validation accuracy", true)] {
        let (mut model, mut history) = (network(), History::new());
        let mut stopping = EarlyStopping::new(measure, 4);
        if largest {
            stopping = stopping.largest();
        }
        let trainer = Trainer::new(Scheduled::new(spoiled, Adam::new(0.01))).epochs(50).batch_size(5);
        let trainer = trainer.metric("accuracy", accuracy).validation(&data);
        let end =
            trainer.observe(&mut history).observe(&mut stopping).fit(&mut model, loss::softmax_cross_entropy, &data);
        let curve = history.curve(measure).unwrap();
        let sign = if largest { -1.0 } else { 1.0 };
        let best = (0..curve.len()).min_by(|a, b| (sign * curve[*a]).total_cmp(&(sign * curve[*b]))).unwrap();
        assert_eq!(stopping.best(), Some((best + 1, curve[best])));
        assert!(best > 0, "not the first: {curve:?}");
        assert_eq!(curve.len(), best + 1 + 4, "four epochs without a better one");
        // The model is that of the best epoch, and so is what would be resumed.
        let evaluation = evaluate(&model, loss::softmax_cross_entropy, &data).unwrap();
        let found = match largest {
            true => accuracy(&evaluation.outputs[0], data.targets().unwrap()).unwrap(),
            false => evaluation.loss,
        };
        assert_eq!(found, curve[best]);
        assert_eq!(&end.unwrap(), stopping.checkpoint().unwrap());
    }
}

#[test]
fn epochs_that_end_first_leave_the_best_weights_too() {
    let data = data();
    let (mut model, mut history) = (network(), History::new());
    let mut stopping = EarlyStopping::new("loss", 100);
    let trainer = Trainer::new(Scheduled::new(spoiled, Adam::new(0.05))).epochs(6).batch_size(5);
    trainer.observe(&mut stopping).observe(&mut history).fit(&mut model, loss::softmax_cross_entropy, &data).unwrap();
    let (epoch, best) = stopping.best().unwrap();
    let curve = history.curve("loss").unwrap();
    assert_eq!((curve.len(), curve[epoch - 1]), (6, best));
    assert!(epoch < 6 && curve[5] > best, "{curve:?}");
    let mut other = network();
    stopping.checkpoint().unwrap().restore(&mut other).unwrap();
    assert_eq!(nn::parameters(&model)[0].1, nn::parameters(&other)[0].1);
}

#[test]
fn an_observer_of_a_measure_that_there_is_not_is_refused() {
    let data = data();
    let fit = |observer: &mut dyn Observer<f64>, validates: bool| {
        let trainer = Trainer::new(Sgd::new(0.1)).epochs(9).metric("accuracy", accuracy).observe(observer);
        let trainer = if validates { trainer.validation_split(0.2) } else { trainer };
        trainer.fit(&mut network(), loss::softmax_cross_entropy, &data)
    };
    for name in ["val_loss", "validation loss"] {
        let mut plateau = OnPlateau::new(name, 0.5, 2);
        let observers: [&mut dyn Observer<f64>; 2] = [&mut EarlyStopping::new(name, 3), &mut plateau];
        for observer in observers {
            let error = fit(observer, false).expect_err("there is no such measure");
            assert_eq!(error.message(), format!("there is no measure `{name}`, which an observer goes by"));
            let help = error.help().unwrap();
            assert!(help.starts_with("measured are `loss`, `accuracy`; "), "{help}");
            assert!(help.contains("validation set"), "{help}");
        }
    }
    // With a validation set there are the measures on it, and the help lists them.
    let error = fit(&mut EarlyStopping::new("val_loss", 3), true).unwrap_err();
    let all = "measured are `loss`, `accuracy`, `validation loss`, `validation accuracy`";
    assert_eq!(error.help(), Some(all));
    for name in ["loss", "accuracy", "validation loss", "validation accuracy"] {
        fit(&mut EarlyStopping::new(name, 3), true).unwrap();
        fit(&mut OnPlateau::new(name, 0.5, 3), true).unwrap();
    }
}

/// Sums of squares over the gradients that the steps show, put together once more.
#[derive(Default)]
struct Naive {
    steps: Vec<[f64; 2]>,
}

impl Observer<f64> for Naive {
    fn on_step(&mut self, result: &StepResult<'_, f64>, _: &Training<'_, f64>) -> ControlFlow<()> {
        let squares = |layer: &str| {
            let own = result.gradients().filter(|(path, _)| path.starts_with(layer));
            own.map(|(_, g)| g.mapv(|g| g * g).sum()).sum::<f64>().sqrt()
        };
        self.steps.push([squares("0."), squares("2.")]);
        ControlFlow::Continue(())
    }
}

#[test]
fn norms_of_gradients_by_layer_and_epoch() {
    let (mut norms, mut naive) = (GradientNorms::new(), Naive::default());
    let trainer = Trainer::new(Sgd::new(0.1)).epochs(3).batch_size(5);
    let trainer = trainer.observe(&mut norms).observe(&mut naive);
    trainer.fit(&mut network(), loss::softmax_cross_entropy, &data()).unwrap();
    assert_eq!(norms.layers().collect::<Vec<_>>(), ["0", "2"]);
    for (i, layer) in ["0", "2"].into_iter().enumerate() {
        let curve = norms.curve(layer).unwrap();
        for (epoch, steps) in naive.steps.chunks(5).enumerate() {
            let mean = steps.iter().map(|norms| norms[i]).sum::<f64>() / 5.0;
            assert!((curve[epoch] - mean).abs() < 1e-14 * mean);
        }
        assert_eq!(curve.len(), 3);
    }
    assert_eq!(norms.curve("1").unwrap_err().message(), "there is no layer `1`");
}

/// All weights zero, with ReLU: only the last bias ever gets a gradient (the notes, §2.3.1).
fn zeros() -> Sequential<f64> {
    let mut random = Random::new(1);
    Sequential::new().then(Dense::new(2, 6, Init::Zeros, &mut random)).then(Activation::Tanh).then(Dense::new(
        6,
        2,
        Init::Zeros,
        &mut random,
    ))
}

#[test]
fn a_gradient_that_is_zero_for_an_epoch_is_a_warning() {
    let fit = |mut model: Sequential<f64>| {
        let (mut history, mut text) = (History::new(), Vec::new());
        let mut progress = Progress::to(&mut text);
        let trainer = Trainer::new(Sgd::new(0.1)).epochs(2).batch_size(5);
        let trainer = trainer.observe(&mut history).observe(&mut progress);
        trainer.fit(&mut model, loss::softmax_cross_entropy, &data()).unwrap();
        drop(progress);
        (history.epochs().to_vec(), String::from_utf8(text).unwrap())
    };
    let (epochs, text) = fit(zeros());
    let warning = |path| format!("the gradient of `{path}` was 0 in every step of the epoch: it does not learn");
    let expected = ["0.weight", "0.bias", "2.weight"].map(warning);
    assert!(epochs.iter().all(|epoch| epoch.warnings == expected), "{epochs:?}");
    // Each is shown once.
    assert_eq!(text.matches("warning: ").count(), 3, "{text}");
    assert!(text.lines().nth(1).is_some_and(|line| line.ends_with(&warning("0.weight"))), "{text}");
    let (epochs, text) = fit(network());
    assert!(epochs.iter().all(|epoch| epoch.warnings.is_empty()) && !text.contains("warning"), "{text}");
}

/// One gradient in the first batch of the epoch, none in the others: no warning, also where the run stops between.
#[test]
fn a_warning_is_of_the_whole_epoch_also_when_it_is_resumed() {
    struct StopAt(u64, Vec<Epoch>);
    impl Observer<f64> for StopAt {
        fn on_step(&mut self, _: &StepResult<'_, f64>, training: &Training<'_, f64>) -> ControlFlow<()> {
            if training.position().step == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
        fn on_epoch(&mut self, epoch: &Epoch, _: &Training<'_, f64>) -> ControlFlow<()> {
            self.1.push(epoch.clone());
            ControlFlow::Continue(())
        }
    }
    // One of four examples has a feature that is not 0, so one of four steps moves the weight.
    let data = Dataset::valued([[1.0], [0.0], [0.0], [0.0]], [[1.0], [0.0], [0.0], [0.0]]).unwrap();
    let run = |from: Option<&Checkpoint<f64>>, stop: u64| {
        let mut model = Dense::from_arrays(array![[0.5]], None);
        let mut observer = StopAt(stop, Vec::new());
        let mut trainer = Trainer::new(Sgd::new(0.1)).epochs(1).batch_size(1);
        if let Some(checkpoint) = from {
            trainer = trainer.resume(checkpoint);
        }
        let end = trainer.observe(&mut observer).fit(&mut model, loss::mean_squared, &data).unwrap();
        (end, observer.1)
    };
    let (_, whole) = run(None, 0);
    assert!(whole[0].warnings.is_empty());
    for stop in 1..4 {
        let (checkpoint, _) = run(None, stop);
        assert_eq!(run(Some(&checkpoint), 0).1, whole, "stopped after step {stop}");
    }
}

#[test]
fn a_validation_split_is_trained_on_by_nobody() {
    // Each example has a feature of its own, so a weight that moved says that its example was used.
    let n = 10;
    let data = Dataset::valued(ndarray::Array2::eye(n), ndarray::Array2::ones((n, 1))).unwrap();
    let run = |seed: u64, resumed: Option<&Checkpoint<f64>>, epochs| {
        let mut model = Dense::from_arrays(ndarray::Array2::zeros((n, 1)), None);
        let mut history = History::new();
        let mut trainer = Trainer::new(Sgd::new(0.1)).epochs(epochs).batch_size(3).seed(seed).validation_split(0.3);
        if let Some(checkpoint) = resumed {
            trainer = trainer.resume(checkpoint);
        }
        let end = trainer.observe(&mut history).fit(&mut model, loss::mean_squared, &data).unwrap();
        let still: Vec<usize> = (0..n).filter(|i| model.weight().array()[[*i, 0]] == 0.0).collect();
        (still, history.curve("validation loss").unwrap(), end)
    };
    let (still, losses, end) = run(4, None, 4);
    assert_eq!(still.len(), 3);
    // What was held out is predicted as 0.
    assert_eq!(losses, [1.0; 4]);
    assert_ne!(still, run(5, None, 4).0);
    // A run that is resumed holds out the same, whatever seed is given.
    let (_, _, half) = run(4, None, 2);
    let (again, _, resumed) = run(77, Some(&half), 4);
    assert_eq!((again, resumed), (still, end));
    let refused = |fraction| {
        let trainer = Trainer::new(Sgd::new(0.1)).validation_split(fraction);
        let mut model = Dense::from_arrays(ndarray::Array2::zeros((n, 1)), None);
        trainer.fit(&mut model, loss::mean_squared, &data).unwrap_err().message().to_owned()
    };
    for fraction in [0.0, 0.01, 0.99, 1.5, -1.0] {
        let message = format!("a validation split of {fraction} of 10 examples leaves a part without examples");
        assert_eq!(refused(fraction), message);
    }
    let both = Trainer::new(Sgd::new(0.1)).validation_split(0.3).validation(&data);
    let mut model = Dense::from_arrays(ndarray::Array2::zeros((n, 1)), None);
    assert!(
        both.fit(&mut model, loss::mean_squared, &data)
            .unwrap_err()
            .message()
            .starts_with("there are two validation sets")
    );
}

/// The row of an error is that of the data set that was given, not of the part that is trained on.
#[test]
fn an_error_in_a_split_names_the_row_of_the_whole() {
    let labels = [0, 1, 0, 1, 0, 1, 5, 1, 0, 1];
    let data = Dataset::<f64>::labelled(normal([10, 2], 3), labels).unwrap();
    let mut found = 0;
    for seed in 0..6 {
        let trainer = Trainer::new(Sgd::new(0.1)).validation_split(0.2).seed(seed).batch_size(3);
        let error = trainer.fit(&mut network(), loss::softmax_cross_entropy, &data).unwrap_err().to_string();
        // Or the bad label was held out.
        found += usize::from(error.contains("the example is row 6 of 10 of the data set"));
        assert!(error.contains("row 6 of 10") || error.contains("validation"), "{error}");
    }
    assert!(found > 2);
}

#[test]
fn predictions_in_batches_are_predictions() {
    let (model, features) = (network(), normal([22, 2], 8));
    let whole = predict(&model, features.clone()).unwrap();
    for size in [1, 5, 22, 100] {
        assert_eq!(predict_in_batches(&model, features.clone(), size).unwrap(), whole, "{size}");
    }
    let error = predict_in_batches(&model, features.clone(), 0).unwrap_err();
    assert_eq!(error.message(), "a batch has at least 1 example; the size is 0");
    let mut bad = features;
    bad[[7, 0]] = f64::NAN;
    let error = predict_in_batches(&model, bad, 5).unwrap_err().to_string();
    assert!(error.contains("in the batch from row 5") && error.contains("row 2"), "{error}");
    let none = predict_in_batches(&model, ndarray::Array2::zeros((0, 2)), 5).unwrap();
    assert_eq!(none.shape(), [0, 2]);
}
