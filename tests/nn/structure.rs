//! A step replays a plan only for a model and a batch of the structure it was made for.

use crate::support::{bits, normal};
use autodiff::{ErrorKind, Tape, Var};
use ndarray::array;
use nn::{
    Activation, Adam, Attribute, Context, Dataset, Dense, Dropout, Init, Layer, Module, Param, Parts, PartsMut, Random,
    Scheduled, Sequential, Sgd, Step, loss, parameters,
};
use std::sync::atomic::{AtomicU64, Ordering};

fn data(examples: usize) -> Dataset<f64> {
    Dataset::valued(normal([examples, 3], 1), normal([examples, 2], 2)).unwrap()
}

fn network(activation: Activation) -> Sequential<f64> {
    let mut random = Random::new(5);
    Sequential::new().then(Dense::new(3, 4, Init::LeCun, &mut random)).then(activation).then(Dense::new(
        4,
        2,
        Init::LeCun,
        &mut random,
    ))
}

/// The parameters of models after some steps, taken in turn with one step for all.
fn trained<M: Layer<f64> + Clone>(models: &[M], eagerly: bool) -> Vec<Vec<u64>> {
    let step = Step::new(Sgd::new(0.1), loss::mean_squared);
    let mut step = if eagerly { step.eagerly() } else { step };
    let (mut models, batch) = (models.to_vec(), data(5));
    for key in 0..3 {
        for model in &mut models {
            step.run(model, &batch, key).unwrap();
            assert_eq!(step.explain(model, &batch).is_some(), !eagerly);
        }
    }
    models.iter().map(|model| parameters(model).iter().flat_map(|(_, param)| bits(param.array())).collect()).collect()
}

#[test]
fn networks_that_differ_in_an_activation_are_trained_as_themselves() {
    let kinds = [Activation::Tanh, Activation::Relu, Activation::Elu(0.5), Activation::Elu(0.5 + f64::EPSILON)];
    let models = kinds.map(network);
    let planned = trained(&models, false);
    assert_eq!(planned, trained(&models, true));
    assert_ne!(planned[0], planned[1]);
}

#[test]
fn networks_that_differ_in_the_order_of_their_layers_are_trained_as_themselves() {
    let square = |random: &mut Random| Dense::new(3, 3, Init::LeCun, random);
    let last = |random: &mut Random| Dense::new(3, 2, Init::LeCun, random);
    let mut random = Random::new(1);
    let before = Sequential::new().then(square(&mut random)).then(Activation::Tanh).then(last(&mut random));
    let mut random = Random::new(1);
    let (first, second) = (square(&mut random), last(&mut random));
    let after = Sequential::new().then(Activation::Tanh).then(first).then(second);
    assert_eq!(trained(&[before.clone(), after.clone()], false), trained(&[before, after], true));
}

#[derive(Clone, Debug)]
struct Dropping {
    hidden: Dense<f64>,
    dropout: Dropout,
    output: Option<Dense<f64>>,
}

impl Module<f64> for Dropping {
    nn::visit!(f64; hidden, dropout, output);
}

impl Layer<f64> for Dropping {
    fn forward<'t>(&self, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
        let h = self.dropout.call(self.hidden.call(x, cx).tanh(), cx);
        self.output.as_ref().map_or(h, |output| output.call(h, cx))
    }
}

/// Changes the model between steps, planned and eagerly: the same parameters each time.
fn changed(change: impl Fn(&mut Dropping)) {
    let random = &mut Random::new(1);
    let (hidden, output) = (Dense::new(3, 2, Init::He, random), Some(Dense::new(2, 2, Init::He, random)));
    let mut a = Dropping { hidden, dropout: Dropout { keep_prob: 0.9 }, output };
    let mut b = a.clone();
    let batch = data(6);
    let mut step = Step::new(Sgd::new(0.01), loss::mean_squared);
    let mut eager = Step::new(Sgd::new(0.01), loss::mean_squared).eagerly();
    for key in 0..6 {
        if key == 3 {
            change(&mut a);
            change(&mut b);
            assert!(step.explain(&a, &batch).is_none(), "the changed model has no plan yet");
        }
        let expected = eager.run(&mut b, &batch, key).unwrap().loss.to_bits();
        assert_eq!(step.run(&mut a, &batch, key).unwrap().loss.to_bits(), expected, "step {key}");
    }
    let arrays = |model| parameters(model).iter().map(|(_, param)| bits(param.array())).collect::<Vec<_>>();
    assert_eq!(arrays(&a), arrays(&b));
}

#[test]
fn a_model_that_is_changed_otherwise_than_in_its_arrays_is_planned_anew() {
    changed(|model| model.dropout.keep_prob = 0.3);
    changed(|model| model.output = None);
    changed(|model| model.hidden = Dense::new(3, 2, Init::He, &mut Random::new(9)).without_bias());
    changed(|model| nn::parameters_mut(model)[0].1.set_frozen(true));
}

/// Two types that print alike: they differ in the block they are declared in.
#[test]
fn types_of_one_name_are_different_types() {
    let step = &mut Step::new(Sgd::new(0.5), loss::mean_squared);
    let batch = Dataset::valued(array![[2.0]], array![[0.0]]).unwrap();
    macro_rules! scale {
        ($power:expr) => {{
            #[derive(Clone, Debug)]
            struct Scale {
                weight: Param<f64>,
            }
            impl Module<f64> for Scale {
                nn::visit!(f64; weight);
            }
            impl Layer<f64> for Scale {
                fn forward<'t>(&self, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
                    x.powi($power) * cx.param(&self.weight)
                }
            }
            step.run(&mut Scale { weight: Param::new(1.0) }, &batch, 0).unwrap().loss
        }};
    }
    assert_eq!(scale!(1), 4.0);
    assert_eq!(scale!(2), 16.0);
}

#[test]
fn plans_are_dropped_by_their_last_use() {
    let mut step = Step::new(Sgd::new(0.1), loss::mean_squared).plans(2);
    let mut model = network(Activation::Tanh);
    let [a, b, c] = [4, 5, 6].map(data);
    for batch in [&a, &b, &a, &c] {
        step.run(&mut model, batch, 0).unwrap();
    }
    let planned = [&a, &b, &c].map(|batch| step.explain(&model, batch).is_some());
    assert_eq!(planned, [true, false, true], "b was not used for longest");
}

/// What a closure has captured is not seen: until the step forgets, or where it is declared.
#[test]
fn a_declared_number_is_given_anew_and_a_captured_one_is_not() {
    let weight = AtomicU64::new(1);
    let now = || weight.load(Ordering::Relaxed) as f64;
    let captured = loss::from_fn(|a, y| (a - y.like(a)).square().mean(..) * now());
    let declared = nn::objective(|model: &Param<f64>, batch, cx| {
        let error = cx.param(model) * batch.real("x")? - batch.real("targets")?;
        Ok((error.square().mean(..) * cx.hyperparameter("weight")).into())
    })
    .with("weight", |at| at.step as f64);

    let batch = Dataset::valued(array![[1.0]], array![[0.0]]).unwrap();
    let nothing = || Scheduled::new(|_| 0.0, Sgd::new(1.0));
    let mut by_step = Step::new(nothing(), declared);
    let mut frozen = Step::new(nothing(), captured);
    let mut model = Dense::from_arrays(array![[1.0]], None);
    let (mut losses, mut by_name) = (Vec::new(), Vec::new());
    for step in 1..=3 {
        weight.store(step, Ordering::Relaxed);
        losses.push(frozen.run(&mut model, &batch, 0).unwrap().loss);
        by_name.push(by_step.run(&mut Param::new([[1.0]]), &batch, 0).unwrap().loss);
    }
    assert_eq!((losses, by_name), (vec![1.0; 3], vec![1.0, 2.0, 3.0]));
    frozen.forget();
    assert_eq!(frozen.run(&mut model, &batch, 0).unwrap().loss, 3.0);
}

/// y = a·x + b, with visits written by hand.
#[derive(Clone, Debug)]
struct Line {
    a: Param<f64>,
    b: Param<f64>,
    swapped: Swapped,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Swapped {
    No,
    Order,
    Fields,
}

impl Attribute for Swapped {}

impl Module<f64> for Line {
    fn visit<'a>(&'a self, parts: &mut Parts<'a, f64>) {
        parts.part("a", &self.a);
        parts.part("b", &self.b);
        parts.attribute("swapped", &self.swapped);
    }

    fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, f64>) {
        match self.swapped {
            Swapped::No => {
                parts.part("a", &mut self.a);
                parts.part("b", &mut self.b);
            }
            Swapped::Order => {
                parts.part("b", &mut self.b);
                parts.part("a", &mut self.a);
            }
            Swapped::Fields => {
                parts.part("a", &mut self.b);
                parts.part("b", &mut self.a);
            }
        }
    }
}

impl Layer<f64> for Line {
    fn forward<'t>(&self, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
        x * cx.param(&self.a) + cx.param(&self.b)
    }
}

#[test]
fn visits_that_do_not_agree_are_refused() {
    let batch = Dataset::valued(array![[1.0], [2.0]], array![[3.0], [5.0]]).unwrap();
    let run = |swapped, eagerly| {
        let step = Step::new(Sgd::new(0.1), loss::mean_squared);
        let mut step = if eagerly { step.eagerly() } else { step };
        let mut model = Line { a: Param::new(0.0), b: Param::new(0.0), swapped };
        step.run(&mut model, &batch, 0).map(|_| ())
    };
    for eagerly in [false, true] {
        assert!(run(Swapped::No, eagerly).is_ok());
        let error = run(Swapped::Order, eagerly).unwrap_err();
        assert_eq!(error.message(), "as array 0, `visit` of the model lists `a` and `visit_mut` `b`");
        let error = run(Swapped::Fields, eagerly).unwrap_err();
        assert_eq!(error.message(), "`visit` and `visit_mut` of the model mean different arrays by `a`");
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }
}

#[test]
fn two_parts_of_one_path_are_refused() {
    let mut random = Random::new(0);
    let mut model = Sequential::new()
        .then_named("h", Dense::new(3, 2, Init::He, &mut random))
        .then_named("h", Dense::new(2, 2, Init::He, &mut random));
    let message = "two parts of the model have the path `h`: dense 3 → 2, and dense 2 → 2";
    let step = |step: Step<f64, Sgd, _>| step.eagerly();
    let mut eager = step(Step::new(Sgd::new(0.1), loss::mean_squared));
    let mut planned = Step::new(Sgd::new(0.1), loss::mean_squared);
    assert_eq!(eager.run(&mut model, &data(3), 0).unwrap_err().message(), message);
    assert_eq!(planned.run(&mut model, &data(3), 0).unwrap_err().message(), message);
    assert_eq!(nn::predict(&model, normal([1, 3], 0)).unwrap_err().message(), message);
    assert_eq!(nn::summary(&model, [3]).unwrap_err().message(), message);
    // Also where the two have no arrays.
    let model = Sequential::new().then_named("f", Activation::Tanh).then_named("f", Activation::Relu);
    let error = nn::predict(&model, [1.0]).unwrap_err();
    assert_eq!(error.message(), "two parts of the model have the path `f`: tanh, and relu");
}

/// A state from elsewhere, whose arrays are in another order, is used by path and name.
#[test]
fn the_order_of_a_given_state_does_not_matter() {
    let run = |reverse: bool| {
        let mut model = network(Activation::Tanh);
        let mut step = Step::new(Adam::new(0.1), loss::mean_squared);
        step.run(&mut model, &data(4), 0).unwrap();
        let state = step.state().clone();
        let state = if reverse { nn::OptimizerState::from_arrays(1, reversed(&state)).unwrap() } else { state };
        let mut step = Step::new(Adam::new(0.1), loss::mean_squared).with_state(state);
        step.run(&mut model, &data(4), 0).unwrap();
        parameters(&model).iter().map(|(_, param)| bits(param.array())).collect::<Vec<_>>()
    };
    assert_eq!(run(true), run(false));
}

fn reversed(state: &nn::OptimizerState<f64>) -> Vec<(String, String, ndarray::ArrayD<f64>)> {
    let mut arrays: Vec<_> =
        state.arrays().map(|(path, name, array)| (path.to_owned(), name.to_owned(), array.clone())).collect();
    arrays.reverse();
    arrays
}

/// Modules without fields lie in one place; each call is that of the next one.
#[test]
fn lists_options_and_modules_without_fields_have_places() {
    #[derive(Clone, Debug)]
    struct Square;
    impl Module<f64> for Square {
        nn::visit!(f64;);
    }
    impl Layer<f64> for Square {
        fn forward<'t>(&self, x: Var<'t, f64>, _: &Context<'t, f64>) -> Var<'t, f64> {
            x.square()
        }
    }
    #[derive(Clone, Debug)]
    struct Model {
        blocks: Vec<Dense<f64>>,
        squares: [Square; 2],
        none: Option<Dense<f64>>,
    }
    impl Module<f64> for Model {
        nn::visit!(f64; blocks, squares, none);
    }
    impl Layer<f64> for Model {
        fn forward<'t>(&self, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
            let mut y = x;
            for (block, square) in self.blocks.iter().zip(&self.squares) {
                y = square.call(block.call(y, cx), cx);
            }
            y
        }
    }
    let blocks = vec![Dense::from_arrays(array![[2.0]], None), Dense::from_arrays(array![[3.0]], Some(array![1.0]))];
    let model = Model { blocks, squares: [Square, Square], none: None };
    let paths: Vec<String> = parameters(&model).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["blocks.0.weight", "blocks.1.weight", "blocks.1.bias"]);
    let tape = Tape::new();
    let y = model.forward(tape.data([[1.0]]), &Context::evaluation(&tape, &model));
    assert_eq!(y.item().unwrap(), 169.0);
    let summary = nn::summary(&model, [1]).unwrap();
    let paths: Vec<&str> = summary.rows().iter().map(|row| row.path.as_str()).collect();
    assert_eq!(paths, ["blocks.0", "squares.0", "blocks.1", "squares.1"]);
}
