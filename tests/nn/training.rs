//! The training step as a tape, the loop, and those who watch it.

use crate::support::normal;
use autodiff::Input;
use ndarray::{ArrayD, array};
use nn::metric::accuracy;
use nn::{
    Activation, Adam, Dataset, Dense, Dropout, Epoch, History, Init, Observer, Progress, Random, Scheduled, Sequential,
    Sgd, Step, StepResult, Trainer, Training, evaluate, loss, parameters,
};
use std::ops::ControlFlow;

fn network(seed: u64) -> Sequential<f64> {
    let mut random = Random::new(seed);
    Sequential::new()
        .then(Dense::new(2, 8, Init::He, &mut random))
        .then(Activation::Relu)
        .then(Dropout { keep_prob: 0.8 })
        .then(Dense::new(8, 2, Init::He, &mut random))
}

/// Two classes: inside and outside of a circle.
fn circle(n: usize) -> Dataset<f64> {
    let features = normal([n, 2], 8);
    let labels: Vec<usize> = features.rows().into_iter().map(|x| usize::from(x[0].hypot(x[1]) < 1.1)).collect();
    Dataset::labelled(features, labels).unwrap()
}

fn fit(seed: u64, observers: &mut [&mut dyn Observer<f64>]) -> Vec<ArrayD<f64>> {
    let mut model = network(1);
    let (train, validation) = circle(200).split(0.8, 0).unwrap();
    let mut trainer = Trainer::new(Adam::new(0.05)).epochs(10).batch_size(30).seed(seed);
    trainer = trainer.metric("accuracy", accuracy).validation(&validation);
    for observer in observers {
        trainer = trainer.observe(*observer);
    }
    trainer.fit(&mut model, loss::softmax_cross_entropy, &train).unwrap();
    parameters(&model).into_iter().map(|(_, param)| param.array().clone()).collect()
}

#[test]
fn the_same_seed_trains_the_same_parameters_bit_for_bit() {
    let bits = |seed| fit(seed, &mut []).iter().flatten().map(|w| w.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(1), bits(1));
    assert_ne!(bits(1), bits(2));
}

#[test]
fn the_seed_decides_the_order_of_the_examples() {
    let trained = |seed| {
        let mut model = Dense::new(2, 2, Init::He, &mut Random::new(1));
        let trainer = Trainer::new(Sgd::new(0.5)).batch_size(5).seed(seed);
        trainer.fit(&mut model, loss::softmax_cross_entropy, &circle(20)).unwrap();
        model
    };
    assert_eq!(trained(1), trained(1));
    assert_ne!(trained(1), trained(2));
}

#[test]
fn the_seed_decides_what_dropout_drops() {
    // Of one example there is one order, so the masks make the difference.
    let trained = |seed| {
        let mut model = network(1);
        let trainer = Trainer::new(Sgd::new(0.5)).epochs(5).seed(seed);
        trainer.fit(&mut model, loss::softmax_cross_entropy, &circle(1)).unwrap();
        parameters(&model).into_iter().map(|(_, param)| param.array().clone()).collect::<Vec<_>>()
    };
    assert_eq!(trained(1), trained(1));
    assert_ne!(trained(1), trained(2));
}

#[test]
fn training_learns() {
    let mut history = History::new();
    fit(1, &mut [&mut history]);
    let names: Vec<&str> = history.epochs()[0].measures.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["loss", "accuracy", "validation loss", "validation accuracy"]);
    let loss = history.curve("loss").unwrap();
    assert_eq!(loss.len(), 10);
    assert!(loss[9] < 0.8 * loss[0], "{loss:?}");
    assert!(
        history.curve("validation accuracy").unwrap()[9] > 0.75,
        "{:?}",
        history.curve("validation accuracy").unwrap()
    );
}

#[test]
fn the_loss_of_an_epoch_is_the_mean_over_its_examples() {
    // A rate of 0 changes nothing, so the batches together are the whole, the smaller last one counting less.
    let nothing = Scheduled::new(|_| 0.0, Sgd::new(1.0));
    let data = circle(25);
    let mut model = Dense::new(2, 2, Init::He, &mut Random::new(1));
    let mut history = History::new();
    Trainer::new(nothing)
        .batch_size(10)
        .metric("accuracy", accuracy)
        .validation(&data)
        .observe(&mut history)
        .fit(&mut model, loss::softmax_cross_entropy, &data)
        .unwrap();
    for name in ["loss", "accuracy"] {
        let (batches, whole) =
            (history.curve(name).unwrap()[0], history.curve(&format!("validation {name}")).unwrap()[0]);
        assert!((batches - whole).abs() < 1e-14, "{name}: {batches} and {whole}");
    }
}

#[test]
fn evaluation_has_no_dropout() {
    let (model, data) = (network(1), circle(20));
    let evaluation = || evaluate(&model, loss::softmax_cross_entropy, &data).unwrap();
    assert_eq!(evaluation(), evaluation());
    assert_eq!(evaluation().outputs[0], nn::predict(&model, data.features().unwrap()).unwrap());
}

/// Ends the training after some steps.
struct StopStep(u64);

impl Observer<f64> for StopStep {
    fn on_step(&mut self, _: &StepResult<'_, f64>, training: &Training<'_, f64>) -> ControlFlow<()> {
        if training.optimizer().step() == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Ends the training after some epochs.
struct Stop(usize);

impl Observer<f64> for Stop {
    fn on_epoch(&mut self, epoch: &Epoch, _: &Training<'_, f64>) -> ControlFlow<()> {
        if epoch.number == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn an_observer_ends_the_training_and_the_others_still_see_the_epoch() {
    let mut history = History::new();
    fit(1, &mut [&mut Stop(3), &mut history]);
    assert_eq!(history.epochs().len(), 3);
    let mut history = History::new();
    fit(1, &mut [&mut history, &mut Stop(3)]);
    assert_eq!(history.epochs().len(), 3);
    // 160 examples in batches of 30 are six steps.
    for first in [false, true] {
        let mut history = History::new();
        let mut stop = StopStep(20);
        fit(
            1,
            &mut if first { [&mut stop as &mut dyn Observer<f64>, &mut history] } else { [&mut history, &mut stop] },
        );
        assert_eq!(history.epochs().len(), 3);
    }
}

#[test]
fn progress_is_a_line_per_epoch_where_there_is_no_terminal() {
    let mut text = Vec::new();
    fit(1, &mut [&mut Progress::to(&mut text)]);
    let text = String::from_utf8(text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 10);
    assert!(lines[0].starts_with("epoch  1/10  loss "), "{text}");
    assert!(lines[9].starts_with("epoch 10/10  loss "), "{text}");
    assert!(lines[9].contains("  validation accuracy 0."), "{text}");
}

/// The step is a program: run on the inputs of the next step, it gives that step's numbers, bit for bit.
#[test]
fn the_recording_of_one_step_is_that_of_every_step() {
    let mut model = network(1);
    let mut step = Step::new(Adam::new(0.01), loss::softmax_cross_entropy);
    let batches: Vec<Dataset<f64>> = circle(20).batches(10, &mut Random::new(1)).unwrap().collect();
    let program = step.program(&model, &batches[0], 1).unwrap();

    for (number, (batch, key)) in batches.iter().zip([5, 6]).enumerate() {
        let mut inputs = vec![Input::Key(key)];
        inputs.extend(parameters(&model).into_iter().map(|(_, param)| Input::Real(param.array().clone())));
        inputs.push(Input::Real(batch.features().unwrap().clone()));
        inputs.push(Input::index(batch.labels().unwrap().clone()));
        inputs.push(Input::real(0.01));
        inputs.push(Input::real(1.0 + number as f64));
        inputs.push(Input::real(10.0));
        match number {
            0 => inputs.extend(parameters(&model).into_iter().flat_map(|(_, param)| {
                let zeros = ArrayD::zeros(param.array().raw_dim());
                [Input::Real(zeros.clone()), Input::Real(zeros)]
            })),
            _ => inputs.extend(step.state().arrays().map(|(_, _, array)| Input::Real(array.clone()))),
        }
        let replayed = program.run(&inputs).unwrap();

        let result = step.run(&mut model, batch, key).unwrap();
        let mut expected = vec![ArrayD::from_elem(vec![], result.loss), result.output(0).unwrap().to_owned()];
        let gradients: Vec<ArrayD<f64>> = result.gradients().map(|(_, gradient)| gradient.to_owned()).collect();
        expected.extend(parameters(&model).into_iter().map(|(_, param)| param.array().clone()));
        expected.extend(step.state().arrays().map(|(_, _, array)| array.clone()));
        expected.extend(gradients);
        assert_eq!(replayed, expected, "step {}", number + 1);
    }
}

#[test]
fn the_learning_rate_and_the_step_number_are_inputs() {
    let mut model = Dense::from_arrays(array![[0.0]], None);
    let batch = Dataset::valued(array![[1.0]], array![[1.0]]).unwrap();
    let program = Step::new(Sgd::new(0.5), loss::half_squared).program(&model, &batch, 0).unwrap();
    let names: Vec<&str> = (0..7).map(|i| program.input_name(i).unwrap()).collect();
    assert_eq!(names, ["key", "weight", "x", "targets", "rate", "step", "examples"]);
    let inputs = |rate: f64| {
        let array = |x: f64| Input::real([[x]]);
        [Input::Key(0), array(0.0), array(1.0), array(1.0), Input::real(rate), Input::real(1.0), Input::real(1.0)]
    };
    // The third output is the parameter after the step.
    let after = |rate| program.run(&inputs(rate)).unwrap()[2].sum();
    assert_eq!((after(0.5), after(0.25)), (0.5, 0.25), "a replay takes another rate");
    Step::new(Sgd::new(0.5), loss::half_squared).run(&mut model, &batch, 0).unwrap();
    assert_eq!(model.weight().array()[[0, 0]], 0.5);
}

/// The order of the examples and the keys of the steps come from two streams of the seed for each epoch, so that the ones
/// do not tell the others.
#[test]
fn an_epoch_is_its_steps() {
    let data = circle(20);
    let trained = |streams: [u64; 2]| {
        let mut model = network(1);
        let mut step = Step::new(Sgd::new(0.5), loss::softmax_cross_entropy);
        for epoch in 1..=2 {
            let [mut orders, mut keys] = streams.map(|stream| Random::stream(7, stream + epoch));
            for batch in data.batches(8, &mut orders).unwrap() {
                step.run(&mut model, &batch, keys.key()).unwrap();
            }
        }
        model
    };
    let mut model = network(1);
    let trainer = Trainer::new(Sgd::new(0.5)).epochs(2).batch_size(8).seed(7);
    trainer.fit(&mut model, loss::softmax_cross_entropy, &data).unwrap();
    let arrays = |model: &Sequential<f64>| {
        parameters(model).into_iter().map(|(_, param)| param.array().clone()).collect::<Vec<_>>()
    };
    assert_eq!(arrays(&model), arrays(&trained([1 << 62, 2 << 62])));
    assert_ne!(arrays(&model), arrays(&trained([1 << 62, 1 << 62])));
}
