//! The mistakes that are easily made, and what is said about them.

use crate::support::normal;
use autodiff::{Error, ErrorKind, Var};
use ndarray::{Array2, array};
use nn::{
    Accumulate, Activation, Adadelta, Adagrad, Adam, AdamW, AmsGrad, Buffer, ClipGlobalNorm, ClipValue, Column,
    Context, Dataset, Dense, Group, Groups, HeavyBall, Init, Lamb, Layer, Lion, Module, Momentum, Muon, NAdam,
    Nesterov, Optimizer, OptimizerState, Param, Random, RmsProp, ScheduleFree, Scheduled, Sequential, Sgd, Step,
    Trainer, WeightAverage, buffers, evaluate, loss, metric, parameters, predict,
};
use std::cell::Cell;

fn network(outputs: usize) -> Sequential<f64> {
    Sequential::new().then(Dense::new(2, outputs, Init::LeCun, &mut Random::new(1)))
}

fn features() -> Array2<f64> {
    normal([40, 2], 1).into_dimensionality().unwrap()
}

fn values() -> Dataset<f64> {
    Dataset::valued(features(), features().mapv(|x| f64::from(x > 0.0)).select(ndarray::Axis(1), &[0])).unwrap()
}

#[track_caller]
fn assert_line(error: &Error, line: u32) {
    let location = error.place().and_then(|place| place.location).expect("an error has a line");
    assert_eq!((location.file().ends_with("tests/nn/mistakes.rs"), location.line()), (true, line), "{error}");
}

// ---- settings --------------------------------------------------------------------------------------------------------

/// A step, and the optimizer by itself, refuse the setting with the same words and change nothing.
fn assert_refused(optimizer: impl Optimizer<f64> + Clone, message: &str) {
    for eagerly in [false, true] {
        let (mut model, data) = (network(1), values());
        let step = Step::new(optimizer.clone(), loss::mean_squared);
        let mut step = if eagerly { step.eagerly() } else { step };
        let error = step.run(&mut model, &data, 0).unwrap_err();
        assert_eq!(error.message(), message);
        assert_line(&error, line!() - 2);
        assert_eq!(parameters(&model)[0].1, parameters(&network(1))[0].1);
        assert_eq!(step.state(), &OptimizerState::new());
    }
    let mut model = network(1);
    let gradients: Vec<_> = parameters(&model).into_iter().map(|(path, w)| (path, w.array().clone())).collect();
    let error = OptimizerState::new().apply(&optimizer, &mut model, &gradients).unwrap_err();
    assert_eq!(error.message(), message);
}

#[test]
fn settings_of_optimizers_that_make_no_sense() {
    for rate in ["-0.1", "NaN", "inf", "-inf"] {
        let message = format!("the learning rate of step 1 is {rate}; it should be above 0 and finite");
        let rate: f64 = rate.parse().unwrap();
        assert_refused(Sgd::new(rate), &message);
        assert_refused(Momentum::new(rate), &message);
        assert_refused(Scheduled::new(|_| 1.0, Adam::new(rate)), &message);
        assert_refused(Scheduled::new(move |_| rate, Sgd::new(1.0)), &message);
    }
    // One that stays 0 trains nothing; a schedule may end there.
    assert_refused(Sgd::new(0.0), "`rate` is 0; it should be above 0 and finite");
    assert_refused(Momentum::new(0.0), "`rate` is 0; it should be above 0 and finite");
    assert_refused(Adam::new(0.0), "`rate` is 0; it should be above 0 and finite");
    let mut ended = Step::new(Scheduled::new(|_| 0.0, Adam::new(0.1)), loss::mean_squared);
    assert!(ended.run(&mut network(1), &values(), 0).is_ok());

    let past = |name: &str, number: &str| format!("`{name}` is {number}; it should be at least 0 and below 1");
    assert_refused(Momentum { rate: 0.1, beta: 1.0 }, &past("beta", "1"));
    assert_refused(Adam { beta1: 1.5, ..Adam::new(0.1) }, &past("beta1", "1.5"));
    assert_refused(Adam { beta2: -0.1, ..Adam::new(0.1) }, &past("beta2", "-0.1"));
    assert_refused(Adam { epsilon: -1.0, ..Adam::new(0.1) }, "`epsilon` is -1; it should be finite and not negative");
    let (not_negative, positive) = ("it should be finite and not negative", "it should be above 0 and finite");
    let root = Adam { epsilon_root: -1.0, ..Adam::new(0.1) };
    assert_refused(root, &format!("`epsilon_root` is -1; {not_negative}"));
    assert_refused(HeavyBall::new(0.0), &format!("`rate` is 0; {positive}"));
    assert_refused(HeavyBall { rate: 0.1, beta: 1.0 }, &past("beta", "1"));
    assert_refused(Nesterov { rate: 0.1, beta: -0.5 }, &past("beta", "-0.5"));
    assert_refused(Adagrad { decay: -1.0, ..Adagrad::new(0.1) }, &format!("`decay` is -1; {not_negative}"));
    assert_refused(Adagrad { epsilon: f64::NAN, ..Adagrad::new(0.1) }, &format!("`epsilon` is NaN; {not_negative}"));
    assert_refused(Adadelta { rho: 1.0, ..Adadelta::new() }, &past("rho", "1"));
    assert_refused(Adadelta { epsilon: 0.0, ..Adadelta::new() }, &format!("`epsilon` is 0; {positive}"));
    assert_refused(RmsProp { rho: 1.0, ..RmsProp::new(0.1) }, &past("rho", "1"));
    assert_refused(RmsProp { beta: 1.0, ..RmsProp::new(0.1) }, &past("beta", "1"));
    assert_refused(RmsProp { epsilon: -1.0, ..RmsProp::new(0.1) }, &format!("`epsilon` is -1; {not_negative}"));
    assert_refused(AmsGrad { beta2: 1.0, ..AmsGrad::new(0.1) }, &past("beta2", "1"));
    assert_refused(AdamW { decay: -1.0, ..AdamW::new(0.1) }, &format!("`decay` is -1; {not_negative}"));
    assert_refused(AdamW { beta1: 2.0, ..AdamW::new(0.1) }, &past("beta1", "2"));
    assert_refused(NAdam { psi: -1.0, ..NAdam::new(0.1) }, &format!("`psi` is -1; {not_negative}"));
    assert_refused(Lamb { decay: -1.0, ..Lamb::new(0.1) }, &format!("`decay` is -1; {not_negative}"));
    assert_refused(Lion { beta1: 1.0, ..Lion::new(0.1) }, &past("beta1", "1"));
    assert_refused(Muon { beta: 1.0, ..Muon::new(0.1) }, &past("beta", "1"));
    let inner = Muon { adam: AdamW { beta2: 1.0, ..AdamW::new(0.1) }, ..Muon::new(0.1) };
    assert_refused(inner, &past("beta2", "1"));
    assert_refused(
        ScheduleFree { beta: 1.5, ..ScheduleFree::new(Sgd::new(0.1)) },
        "`beta` is 1.5; it should be from 0 to 1",
    );
    assert_refused(ClipValue::new(0.0, Sgd::new(0.1)), &format!("`limit` is 0; {positive}"));
    assert_refused(WeightAverage::new(1.0, Sgd::new(0.1)), &past("beta", "1"));
    assert_refused(ClipGlobalNorm::new(0.0, Sgd::new(0.1)), "`limit` is 0; it should be above 0");
    assert_refused(ClipGlobalNorm::new(f64::NAN, Sgd::new(0.1)), "`limit` is NaN; it should be above 0");
    assert_refused(Accumulate::new(0, Sgd::new(0.1)), "`steps` is 0; it should be at least 1");
    let group = |rate, decay| Groups::new(move |_: &str| Group { rate, decay, ..Group::default() }, Sgd::new(0.1));
    let of_group = |name: &str| format!("`{name} of `0.weight`` is -1; it should be finite and not negative");
    assert_refused(group(-1.0, 0.0), &of_group("rate"));
    assert_refused(group(1.0, -1.0), &of_group("decay"));
    let coupled = |_: &str| Group { penalty: -1.0, ..Group::default() };
    assert_refused(Groups::new(coupled, Sgd::new(0.1)), &of_group("penalty"));
}

/// A number that single precision cannot hold is not a rate of a model in single precision.
#[test]
fn a_rate_is_finite_in_the_precision_of_the_model() {
    let mut model = Dense::<f32>::from_arrays(array![[1.0]], None);
    let data = Dataset::valued([[1.0]], [[0.0]]).unwrap();
    let error = Step::new(Sgd::new(1e300), loss::mean_squared).run(&mut model, &data, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
}

#[test]
fn a_gradient_of_another_shape_is_not_applied() {
    let mut model = vec![Param::<f64>::new([1.0, 2.0])];
    let gradient = [("0".to_owned(), array![1.0].into_dyn())];
    let error = OptimizerState::new().apply(&Sgd::new(0.1), &mut model, &gradient).unwrap_err();
    assert_eq!(error.message(), "the parameter `0` has shape [2], its gradient [1]");
}

/// The loss is computed once for each recording: with room for one plan, two shapes of batch are prepared in turn.
#[test]
fn a_trainer_keeps_as_many_plans_as_it_is_told() {
    let data = values().select(&[0, 1, 2, 3, 4]).unwrap();
    let fit = |plans: Option<usize>| {
        let (recordings, mut model) = (Cell::new(0), network(1));
        let counted = loss::from_fn(|a, y| {
            recordings.set(recordings.get() + 1);
            loss::mean_squared(a, y)
        });
        let trainer = Trainer::new(Sgd::new(0.1)).batch_size(2).epochs(3);
        let trainer = plans.into_iter().fold(trainer, Trainer::plans);
        trainer.fit(&mut model, counted, &data).unwrap();
        (recordings.get(), parameters(&model)[0].1.clone())
    };
    let (few, many, default) = (fit(Some(1)), fit(Some(2)), fit(None));
    assert_eq!((few.0, many.0, default.0), (6, 2, 2));
    assert!(few.1 == many.1 && many.1 == default.1, "how many are kept changes no bit");
}

// ---- numbers that are not finite -------------------------------------------------------------------------------------

/// y = x·w, and a buffer that becomes 1/0 at the step of this number.
#[derive(Clone, Debug)]
struct Counted {
    weight: Param<f64>,
    left: Buffer<f64>,
    inverse: Buffer<f64>,
}

impl Module<f64> for Counted {
    nn::visit!(f64; weight, left, inverse);
}

impl Layer<f64> for Counted {
    fn forward<'t>(&self, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
        if cx.is_training() {
            let left = cx.buffer(&self.left) - 1.0;
            cx.update(&self.left, left);
            cx.update(&self.inverse, 1.0 / left);
        }
        x.matmul(cx.param(&self.weight))
    }
}

/// A planned step looks at buffers, too: before anything is changed.
#[test]
fn a_buffer_that_is_not_finite_is_refused() {
    for eagerly in [false, true] {
        let mut model =
            Counted { weight: Param::new(Array2::ones((2, 1))), left: Buffer::new(3.0), inverse: Buffer::new(0.0) };
        let step = Step::new(Momentum::new(0.1), loss::mean_squared);
        let (mut step, data) = (if eagerly { step.eagerly() } else { step }, values());
        step.run(&mut model, &data, 0).unwrap();
        step.run(&mut model, &data, 1).unwrap();
        assert_eq!(step.explain(&model, &data).is_some(), !eagerly);
        let (before, state) = (model.clone(), step.state().clone());
        let error = step.run(&mut model, &data, 2).unwrap_err();
        let message = "the buffer `inverse` would be inf after step 3; nothing was changed";
        assert_eq!((error.kind(), error.message()), (ErrorKind::NotFinite, message), "eagerly: {eagerly}");
        assert!(error.to_string().contains("first: div: the first value that is not finite: inf"), "{error}");
        let arrays = |model: &Counted| (model.weight.clone(), model.left.clone(), model.inverse.clone());
        assert_eq!((arrays(&model), step.state()), (arrays(&before), &state));
        assert_eq!(buffers(&model)[0].1.array().sum(), 1.0);
    }
}

#[test]
fn a_parameter_that_would_not_be_finite_is_named() {
    let mut model = Dense::from_arrays(array![[1.0]], None);
    let data = Dataset::valued([[1e10]], [[0.0]]).unwrap();
    let step = Step::new(Sgd::new(1e300), loss::mean_squared);
    let error = step.eagerly().run(&mut model, &data, 0).unwrap_err();
    assert_eq!(error.message(), "the parameter `weight` would be -inf after step 1; nothing was changed");
    assert!(error.to_string().contains("first: mul: "), "{error}");
}

#[test]
fn a_loss_of_probabilities_on_logits_names_its_twin() {
    let trainer = Trainer::new(Sgd::new(0.1));
    let error = trainer.fit(&mut network(1), loss::binary_cross_entropy, &values()).unwrap_err();
    assert!(error.message().contains("and no probability in [0, 1]"), "{error}");
    assert!(error.help().unwrap().contains("`loss::binary_cross_entropy_with_logits`"), "{error}");
}

// ---- data ------------------------------------------------------------------------------------------------------------

#[test]
fn labels_that_are_counted_from_one() {
    let labels: Vec<usize> = (0..40).map(|i| 1 + i % 2).collect();
    let data = Dataset::labelled(features(), labels).unwrap();
    let trainer = Trainer::new(Sgd::new(0.1));
    let error = trainer.fit(&mut network(2), loss::softmax_cross_entropy, &data).unwrap_err();
    assert_line(&error, line!() - 1);
    let lines = error.operands();
    assert_eq!(lines[lines.len() - 1], "column `targets` of the data set has indices from 1 to 2", "{error}");
}

#[test]
fn labels_are_taken_as_numbers_are() {
    let by_array = Dataset::<f64>::labelled(array![[0.1], [0.2]], array![1, 0]).unwrap();
    assert_eq!(Dataset::labelled([[0.1], [0.2]], [1, 0]).unwrap(), by_array);
    assert_eq!(Dataset::labelled(vec![[0.1], [0.2]], vec![1, 0]).unwrap(), by_array);
}

/// Errors of what is no operation of a tape name the line that called it, also inside a run.
#[test]
fn errors_name_the_line_of_whoever_called() {
    let (data, mut model) = (values(), network(1));
    assert_line(&Dataset::<f64>::valued([[1.0]], [1.0, 2.0]).unwrap_err(), line!());
    assert_line(&data.column("y").unwrap_err(), line!());
    assert_line(&data.labels().unwrap_err(), line!());
    assert_line(&data.select(&[40]).unwrap_err(), line!());
    assert_line(&data.split(80.0, 1).unwrap_err(), line!());
    assert_line(&Param::<f64>::new(1.0).set([1.0, 2.0]).unwrap_err(), line!());
    assert_line(&OptimizerState::<f64>::new().copy_to("average", &mut model).unwrap_err(), line!());
    let none = Trainer::new(Sgd::new(0.1)).epochs(0);
    assert_line(&none.fit(&mut model, loss::mean_squared, &data).unwrap_err(), line!());
    let checkpoint = Trainer::new(Sgd::new(0.1)).fit(&mut model, loss::mean_squared, &data).unwrap();
    assert_line(&checkpoint.restore(&mut network(3)).unwrap_err(), line!());
    assert_line(&metric::predictions(&array![[2.0]].into_dyn()).unwrap_err(), line!());
    assert_line(&metric::accuracy(&array![[0.2]].into_dyn(), &Column::index([7])).unwrap_err(), line!());
    assert_line(&metric::Confusion::new(&[1], &[]).unwrap_err(), line!());
    // A metric that is passed by its name does not know who calls it; the trainer does.
    let trainer = Trainer::new(Sgd::new(0.1)).metric("accuracy", metric::accuracy);
    let error = trainer.fit(&mut model, loss::mean_squared, &data).unwrap_err();
    assert_line(&error, line!() - 1);
    assert!(error.operands().contains(&"in the metric `accuracy`".to_owned()), "{error}");
    let own = nn::objective(|_: &Sequential<f64>, batch, _| Ok(batch.real("y")?.sum(..).into()));
    let line = line!() - 1;
    assert_line(&Step::new(Sgd::new(0.1), own).run(&mut model, &data, 0).unwrap_err(), line);
}

/// A mean over no examples is no number.
#[test]
fn what_is_measured_on_no_examples_is_refused() {
    let none = Dataset::valued(Array2::zeros((0, 2)), Array2::zeros((0, 1))).unwrap();
    let error = evaluate(&network(1), loss::mean_squared, &none).unwrap_err();
    assert_line(&error, line!() - 1);
    assert_eq!(error.message(), "there are no examples to evaluate on");
    let error = metric::accuracy(&Array2::zeros((0, 2)).into_dyn(), &Column::<f64>::index([0; 0])).unwrap_err();
    assert_line(&error, line!() - 1);
    assert_eq!(error.message(), "there are no examples, so no share of them");
    assert_eq!(predict(&network(1), Array2::zeros((0, 2))).unwrap().shape(), [0, 1]);
}

#[test]
fn two_hyperparameters_of_one_name_are_refused() {
    let objective = || {
        nn::objective(|model: &Sequential<f64>, batch, cx| {
            let output = model.forward(batch.real("x")?, cx);
            Ok((loss::mean_squared(output, batch.target("targets")?) * cx.hyperparameter("weight")).into())
        })
        .with("weight", |_| 1.0)
    };
    assert!(Step::new(Sgd::new(0.1), objective()).run(&mut network(1), &values(), 0).is_ok());
    let message = "the objective declares two hyperparameters `weight`";
    for eagerly in [false, true] {
        let mut model = network(1);
        let step = Step::new(Sgd::new(0.1), objective().with("weight", |_| 100.0));
        let mut step = if eagerly { step.eagerly() } else { step };
        let error = step.run(&mut model, &values(), 0).unwrap_err();
        assert_line(&error, line!() - 1);
        assert_eq!(error.message(), message);
        assert_eq!(parameters(&model)[0].1, parameters(&network(1))[0].1);
    }
    let error = evaluate(&network(1), objective().with("weight", |_| 100.0), &values()).unwrap_err();
    assert_eq!(error.message(), message);
}

// ---- layers ----------------------------------------------------------------------------------------------------------

#[test]
fn layers_that_do_not_fit_each_other() {
    let mut random = Random::new(0);
    let model = Sequential::new()
        .then(Dense::new(2, 8, Init::He, &mut random))
        .then(Activation::Relu)
        .then(Dense::<f64>::new(16, 1, Init::He, &mut random));
    let error = predict(&model, features()).unwrap_err();
    assert_line(&error, line!() - 1);
    assert_eq!(error.message(), "x [40, 8] has 8 numbers for each example, the layer takes 16");
    assert_eq!((error.place().unwrap().scope.as_str(), error.help()), ("2", Some("a layer from 8 to 1 would fit")));
    // One example without the axis of examples, and several axes of examples, are the product's affair.
    assert_eq!(predict(&network(1), [1.0, 2.0]).unwrap().shape(), [1]);
    assert_eq!(predict(&network(1), ndarray::Array3::zeros((2, 3, 2))).unwrap().shape(), [2, 3, 1]);
}

#[test]
fn what_was_squashed_is_no_logit() {
    let labels = Dataset::labelled(features(), vec![0; 40]).unwrap();
    for (last, squashed) in [(Activation::Softmax, "softmax"), (Activation::Sigmoid, "sigmoid")] {
        let mut model = network(2).then(last);
        let error = Trainer::new(Sgd::new(0.1)).fit(&mut model, loss::softmax_cross_entropy, &labels).unwrap_err();
        let message = format!("the output is a {squashed} already; this loss takes what goes into one");
        assert_eq!(error.message(), message);
    }
}

/// The softmax of one score is 1: the loss of labels would be 0 from the start, and that of numbers would stay as it is.
#[test]
fn one_column_is_no_choice_of_classes() {
    let trainer = || Trainer::new(Sgd::new(0.1));
    let labels = Dataset::labelled(features(), vec![0; 40]).unwrap();
    for data in [labels, values()] {
        let error = trainer().fit(&mut network(1), loss::softmax_cross_entropy, &data).unwrap_err();
        let message = "there is one class, whose probability is 1 whatever the logit: nothing is learnt";
        assert_eq!(error.message(), message);
        assert!(error.help().unwrap().contains("`loss::binary_cross_entropy_with_logits`"), "{error}");
    }
    assert!(trainer().fit(&mut network(1), loss::binary_cross_entropy_with_logits, &values()).is_ok());
}
