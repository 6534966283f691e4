//! Errors say which layer, which line, and why.

use autodiff::{Error, ErrorKind, Tape, Var};
use ndarray::array;
use nn::{
    Activation, Adam, Context, Dataset, Dense, Dropout, Init, Layer, Module, Param, Parts, PartsMut, Random,
    Sequential, Sgd, Step, Trainer, loss, predict, summary,
};

/// A network whose second dense layer takes 5 inputs where there are 4.
fn broken() -> Sequential<f64> {
    let mut random = Random::new(0);
    let encoder = Sequential::new()
        .then(Dense::new(3, 4, Init::He, &mut random))
        .then(Activation::Relu)
        .then(Dense::new(5, 2, Init::He, &mut random));
    Sequential::new().then_named("encoder", encoder)
}

fn data() -> Dataset<f64> {
    Dataset::valued(array![[1.0, 2.0, 3.0]], array![[0.0, 0.0]]).unwrap()
}

#[track_caller]
fn assert_at(error: &Error, line: u32, scope: &str) {
    let place = error.place().expect("an error has a place");
    let location = place.location.expect("a place has a line");
    let found = (location.file().ends_with("tests/nn/errors.rs"), location.line(), place.scope.as_str());
    assert_eq!(found, (true, line, scope), "{error}");
}

#[test]
fn a_shape_error_deep_inside_names_the_layer_and_the_line_of_the_forward_call() {
    let model = broken();
    let tape = Tape::new();
    let cx = Context::evaluation(&tape, &model);
    let y = model.forward(tape.data([[1.0, 2.0, 3.0]]), &cx);
    let line = line!() - 1;
    let error = y.value().unwrap_err();
    assert_at(&error, line, "encoder.2");
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Mismatch, "dense"));
    let text = error.to_string();
    for part in ["[1, 4]", "encoder.2.weight : f64[5, 2]", "(in encoder.1)", "(in encoder.2)"] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

#[test]
fn the_same_error_comes_out_of_everything_that_runs_a_model() {
    let mut model = broken();
    let error = predict(&model, array![[1.0, 2.0, 3.0]]).unwrap_err();
    assert_at(&error, line!() - 1, "encoder.2");
    let error = summary(&model, [3]).unwrap_err();
    assert_at(&error, line!() - 1, "encoder.2");
    let error = nn::evaluate(&model, loss::mean_squared, &data()).unwrap_err();
    assert_at(&error, line!() - 1, "encoder.2");
    let error = Step::new(Sgd::new(0.1), loss::mean_squared).run(&mut model, &data(), 0).unwrap_err();
    assert_at(&error, line!() - 1, "encoder.2");
    let trainer = Trainer::new(Sgd::new(0.1));
    let error = trainer.fit(&mut model, loss::mean_squared, &data()).unwrap_err();
    assert_at(&error, line!() - 1, "encoder.2");
}

/// A model of the user's own, whose second line does not fit.
#[derive(Clone, Debug)]
struct Own {
    inner: Dense<f64>,
}

const OWN_LINE: u32 = line!() + 8;

impl Module<f64> for Own {
    nn::visit!(f64; inner);
}

impl Layer<f64> for Own {
    fn forward<'t>(&self, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
        self.inner.call(x.tanh(), cx)
    }
}

#[test]
fn a_line_of_the_users_own_forward_is_named() {
    let mut model = Own { inner: Dense::new(7, 2, Init::He, &mut Random::new(0)) };
    let trainer = Trainer::new(Sgd::new(0.1));
    let error = trainer.fit(&mut model, loss::mean_squared, &data()).unwrap_err();
    assert_at(&error, OWN_LINE, "inner");
    let error = predict(&model.inner, array![[1.0]]).unwrap_err();
    assert_at(&error, line!() - 1, "");
}

/// A model with a parameter that it treats as told.
#[derive(Clone, Debug)]
struct Odd {
    used: Dense<f64>,
    odd: Param<f64>,
    treated: Treated,
}

/// What becomes of the odd parameter.
#[derive(Clone, Copy, Debug)]
enum Treated {
    Unused,
    Cut,
    Refused,
}

impl nn::Attribute for Treated {}

impl Module<f64> for Odd {
    nn::visit!(f64; used, odd; attributes treated);
}

impl Layer<f64> for Odd {
    fn forward<'t>(&self, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
        let y = self.used.forward(x, cx);
        let odd = cx.param(&self.odd);
        match self.treated {
            Treated::Unused => y,
            Treated::Cut => y + odd.stop_gradient(),
            Treated::Refused => y + odd.sign(),
        }
    }
}

fn step_with(treated: Treated) -> (Error, u32) {
    let used = Dense::new(3, 2, Init::He, &mut Random::new(0));
    let model = Odd { used, odd: Param::new([0.0, 0.0]), treated };
    let mut model = Sequential::new().then_named("first", model);
    let before = nn::parameters(&model)[0].1.clone();
    let error = Step::new(Sgd::new(0.1), loss::mean_squared).run(&mut model, &data(), 0).unwrap_err();
    let line = line!() - 1;
    assert_eq!(*nn::parameters(&model)[0].1, before, "a step that fails changes nothing");
    (error, line)
}

#[test]
fn a_parameter_without_a_gradient_is_an_error_that_says_why() {
    let (error, line) = step_with(Treated::Unused);
    assert_eq!((error.kind(), error.message()), (ErrorKind::NoGradient, "`first.odd` was never used"));
    assert!(error.to_string().contains("first.odd : f64[2]"), "{error}");
    assert_at(&error, line, "");

    let (error, _) = step_with(Treated::Cut);
    assert_eq!(error.kind(), ErrorKind::NoGradient);
    assert!(error.to_string().contains("first.odd : f64[2]"), "{error}");
    assert!(error.message().starts_with("`first.odd` is cut off by `stop_gradient` at "), "{error}");

    let (error, _) = step_with(Treated::Refused);
    assert_eq!(error.kind(), ErrorKind::NotDifferentiable);
    assert!(error.to_string().contains("first.odd : f64[2]"), "{error}");
    assert!(error.message().contains("leads through `sign`"), "{error}");
}

/// A layer that forgets to list its parameter, in one visit or in both.
#[derive(Clone, Debug)]
struct Forgetful {
    weight: Param<f64>,
    lists: bool,
}

impl Module<f64> for Forgetful {
    fn visit<'a>(&'a self, parts: &mut Parts<'a, f64>) {
        if self.lists {
            parts.part("weight", &self.weight);
        }
    }
    fn visit_mut<'a>(&'a mut self, _: &mut PartsMut<'a, f64>) {}
}

impl Layer<f64> for Forgetful {
    fn forward<'t>(&self, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
        x * cx.param(&self.weight)
    }
}

#[test]
fn a_parameter_that_is_not_listed_is_an_error() {
    let data = Dataset::valued(array![[1.0]], array![[0.0]]).unwrap();
    let step = |lists| {
        let mut model = Forgetful { weight: Param::new(2.0), lists };
        Step::new(Sgd::new(0.1), loss::mean_squared).run(&mut model, &data, 0).unwrap_err()
    };
    assert_eq!(step(false).message(), "a parameter [] is used that is not of the model this context was made for");
    assert_eq!(step(true).message(), "as array 0, `visit` of the model lists `weight` and `visit_mut` no more");
}

#[test]
fn a_clone_is_another_layer() {
    let model = Dense::new(3, 2, Init::He, &mut Random::new(0));
    let copy = model.clone();
    let tape = Tape::<f64>::new();
    let cx = Context::evaluation(&tape, &model);
    let y = copy.forward(tape.data([[1.0, 2.0, 3.0]]), &cx);
    assert!(y.error().unwrap().message().contains("a parameter [3, 2] is used that is not of the model"));
}

#[test]
fn losses_refuse_what_they_would_have_to_guess() {
    let tape = Tape::<f64>::new();
    let (a, labels) = (tape.input([[1.0], [2.0]]), tape.index(array![0, 1]));
    let error = loss::mean_squared(a, labels.into()).error().unwrap();
    assert_at(&error, line!() - 1, "");
    assert_eq!(error.message(), "the target is an index of labels; this loss takes numbers");
    let error = loss::mean_squared(a, tape.data([1.0, 2.0]).into()).error().unwrap();
    assert_at(&error, line!() - 1, "");
    assert_eq!(error.message(), "the output has shape [2, 1], the target [2]");
    assert_eq!(error.help(), Some("`target.reshape([2, 1])` would fit, if the elements are in the same order"));
    let two = tape.input([[0.0, 0.0], [0.0, 0.0]]);
    assert!(loss::softmax_cross_entropy(two, tape.data([1.0, 2.0]).into()).error().is_some());
    assert!(loss::softmax_cross_entropy(two, tape.index(array![0, 0, 0]).into()).error().is_some());
    assert!(loss::softmax_cross_entropy(tape.input(1.0), labels.into()).error().is_some());
    let refused = loss::softmax_cross_entropy(two, tape.index([0, 2]).into()).error().unwrap();
    assert_eq!(refused.message(), "the label in row 1 (counted from 0) is 2; there are 2 classes, from 0");
}

#[test]
fn dropout_refuses_what_is_no_probability() {
    for keep_prob in [0.0, -0.5, 1.5, f64::NAN] {
        let error = predict(&Dropout { keep_prob }, [1.0]).unwrap_err();
        assert!(error.message().contains("should be above 0 and at most 1"), "{error}");
    }
}

#[test]
fn an_evaluation_pass_has_no_random_numbers() {
    let model = Activation::Relu;
    let tape = Tape::<f64>::new();
    let cx = Context::evaluation(&tape, &model);
    assert_eq!(cx.uniform([2]).error().unwrap().message(), "an evaluation pass has no random key");
}

#[test]
fn training_on_nothing_is_an_error() {
    let empty = data().select(&[]).unwrap();
    let mut model = Dense::new(3, 2, Init::He, &mut Random::new(0));
    let trainer = Trainer::new(Sgd::new(0.1));
    let error = trainer.fit(&mut model, loss::mean_squared, &empty).unwrap_err();
    assert_eq!(error.message(), "there are no examples to train on");
}

/// An optimizer that keeps something for each parameter serves one model.
#[test]
fn a_step_refuses_a_model_that_its_state_is_not_for() {
    let mut step = Step::new(Adam::new(0.1), loss::mean_squared);
    let mut model = Dense::new(3, 2, Init::He, &mut Random::new(0));
    step.run(&mut model, &data(), 0).unwrap();
    let mut smaller = model.clone().without_bias();
    let error = step.run(&mut smaller, &data(), 0).unwrap_err();
    assert_eq!(error.message(), "the optimizer has no use for `m` of `bias` in its state");
    let mut deeper = Sequential::new().then(model.clone());
    let error = step.run(&mut deeper, &data(), 0).unwrap_err();
    assert_eq!(error.message(), "the optimizer's state is that of 1 steps and has no array `0.weight.m`");
    step.run(&mut model, &data(), 0).unwrap();
}

#[test]
fn training_into_nan_stops_and_says_where_it_began() {
    let mut model = Dense::new(3, 2, Init::He, &mut Random::new(0));
    let before = model.clone();
    let mut features = ndarray::Array2::from_elem((4, 3), 1.0);
    features[[2, 1]] = f64::NAN;
    let bad = Dataset::valued(features, ndarray::Array2::zeros((4, 2))).unwrap();
    let error = Step::new(Sgd::new(0.1), loss::mean_squared).run(&mut model, &bad, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFinite);
    assert!(error.message().contains("the loss is NaN"), "{error}");
    assert!(error.to_string().contains("the batch has NaN in column `x`, row 2 of 4"), "{error}");
    assert!(error.to_string().contains("first: "), "{error}");
    assert_eq!(model, before, "a step that fails changes nothing");
}

#[test]
fn a_boxed_model_names_the_line_of_its_caller() {
    let mut model: Box<dyn Layer<f64>> =
        Box::new(Sequential::new().then(Dense::new(5, 2, Init::He, &mut Random::new(0))));
    let error = Step::new(Sgd::new(0.1), loss::mean_squared).run(&mut model, &data(), 0).unwrap_err();
    assert_at(&error, line!() - 1, "0");
}
