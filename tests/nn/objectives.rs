//! Objectives: functions of model, batch and context.

use crate::support::{bits, normal};
use autodiff::{ErrorKind, Var};
use ndarray::{Array2, array};
use nn::{
    Activation, Adam, Batch, Column, Dataset, Dense, History, Init, Layer, Outcome, Param, Random, Scheduled,
    Sequential, Sgd, Step, Target, Trainer, evaluate, loss, parameters,
};

fn column(numbers: &[f64]) -> Array2<f64> {
    Array2::from_shape_fn((numbers.len(), 1), |(i, _)| numbers[i])
}

fn network(seed: u64) -> Sequential<f64> {
    let mut random = Random::new(seed);
    Sequential::new().then(Dense::new(1, 12, Init::Xavier, &mut random)).then(Activation::Tanh).then(Dense::new(
        12,
        1,
        Init::Xavier,
        &mut random,
    ))
}

/// u′ = −u with u(0) = 1 is u = exp(−x): the loss has the derivative of the output by the input in it.
#[test]
fn a_network_solves_a_differential_equation() {
    let decay = nn::objective(|model: &Sequential<f64>, batch, cx| {
        let (x, start) = (batch.real("x")?, batch.real("start")?);
        let u = model.forward(x, cx);
        let slope = u.sum(..).gradient(&[x])?[0];
        let boundary = (model.forward(start, cx) - 1.0).square().mean(..);
        Ok(Outcome::from((slope + u).square().mean(..) + boundary).output(u))
    });
    let points: Vec<f64> = (0..20).map(|i| i as f64 / 19.0).collect();
    let batch = Points { x: Column::real(column(&points)), start: Column::real([[0.0]]) };

    let run = |eagerly: bool, steps: u64| {
        let mut model = network(2);
        let step = Step::new(Adam::new(0.02), &decay);
        let mut step = if eagerly { step.eagerly() } else { step };
        for key in 0..steps {
            step.run(&mut model, &batch, key).unwrap();
        }
        assert_eq!(step.explain(&model, &batch).is_some(), !eagerly);
        model
    };
    let arrays = |model| parameters(model).iter().map(|(_, param)| bits(param.array())).collect::<Vec<_>>();
    assert_eq!(arrays(&run(false, 30)), arrays(&run(true, 30)));

    let solved = nn::predict(&run(false, 1500), column(&points)).unwrap();
    for (x, u) in points.iter().zip(&solved) {
        assert!((u - (-x).exp()).abs() < 0.01, "u({x}) = {u}");
    }
}

/// Points inside, and one at the start: columns of different lengths.
struct Points {
    x: Column<f64>,
    start: Column<f64>,
}

impl Batch<f64> for Points {
    fn examples(&self) -> usize {
        self.x.examples()
    }

    fn columns<'a>(&'a self, list: &mut dyn FnMut(&'a str, &'a Column<f64>)) {
        list("x", &self.x);
        list("start", &self.start);
    }
}

/// The loss with λ·Σ w² over weights has the gradient of the loss and 2λ·w, and that of the biases is as before.
#[test]
fn a_penalty_on_weights_leaves_biases_alone() {
    let penalised = nn::objective(|model: &Dense<f64>, batch, cx| {
        let loss = loss::mean_squared(model.forward(batch.real("x")?, cx), batch.target("targets")?);
        Ok((loss + 0.5 * cx.param(model.weight()).square().sum(..)).into())
    });
    let model = Dense::from_arrays(array![[1.0], [-2.0]], Some(array![0.5]));
    let data = Dataset::valued(normal([6, 2], 1), normal([6, 1], 2)).unwrap();
    let (mut plain, mut smaller) = (model.clone(), model.clone());
    let sgd = Sgd::new(0.25);
    let before = Step::new(sgd, loss::mean_squared).run(&mut plain, &data, 0).unwrap().loss;
    let loss = Step::new(sgd, penalised).run(&mut smaller, &data, 0).unwrap().loss;
    assert!((loss - (before + 2.5)).abs() < 1e-14);
    for (i, w) in [1.0, -2.0].into_iter().enumerate() {
        let (a, b) = (plain.weight().array()[[i, 0]], smaller.weight().array()[[i, 0]]);
        assert!((b - (a - 0.25 * w)).abs() < 1e-14, "{a} {b}");
    }
    assert_eq!(plain.bias(), smaller.bias());
}

fn sum_of_squares<'t>(a: Var<'t, f64>, target: Target<'t, f64>) -> loss::Sum<'t, f64> {
    loss::Sum((a - target.like(a)).square().sum(..))
}

/// What an epoch reports, on three examples in batches of two and one, and on all at once.
fn reported<J: nn::Objective<f64, Dense<f64>, K> + Copy, K>(objective: J, seed: u64) -> (f64, f64) {
    let data = Dataset::valued(column(&[1.0, 1.0, 1.0]), column(&[0.0, 0.0, 3.0])).unwrap();
    let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0));
    let mut history = History::new();
    let nothing = Scheduled::new(|_| 0.0, Sgd::new(1.0));
    let trainer = Trainer::new(nothing).batch_size(2).seed(seed).validation(&data);
    trainer.observe(&mut history).fit(&mut model, objective, &data).unwrap();
    (history.curve("loss").unwrap()[0], history.curve("validation loss").unwrap()[0])
}

#[test]
fn the_loss_of_an_epoch_is_a_mean_or_a_sum_as_the_loss_is() {
    for seed in 0..6 {
        assert_eq!(reported(loss::mean_squared, seed), (3.0, 3.0), "seed {seed}");
        assert_eq!(reported(loss::half_squared, seed), (4.5, 4.5), "seed {seed}");
        assert_eq!(reported(sum_of_squares, seed), (9.0, 9.0), "seed {seed}");
    }
}

#[test]
fn losses_are_passed_by_name_and_closures_may_borrow() {
    let data = Dataset::valued(column(&[1.0, 2.0]), column(&[1.0, 1.0])).unwrap();
    let weights = [3.0];
    let weighted = loss::from_fn(|a, target| weights[0] * (a - target.like(a)).square().mean(..));
    let model = Dense::from_arrays(array![[2.0]], None);
    assert_eq!(evaluate(&model, loss::mean_squared, &data).unwrap().loss, 5.0);
    assert_eq!(evaluate(&model, weighted, &data).unwrap().loss, 15.0);
    assert_eq!(evaluate(&model, sum_of_squares, &data).unwrap().loss, 10.0);
    fn sends(_: &impl Send) {}
    let mut step = Step::new(Sgd::new(0.1), weighted);
    sends(&step);
    step.run(&mut model.clone(), &data, 0).unwrap();
}

/// Two outputs and a column of indices beside one of reals.
#[test]
fn several_inputs_and_outputs() {
    let data = Dataset::new().real("a", column(&[1.0, 2.0])).unwrap().index("row", array![1, 0]).unwrap();
    let objective = nn::objective(|model: &[Param<f64>; 2], batch, cx| {
        let (a, row) = (batch.real("a")?, batch.index("row")?);
        let scaled = a * cx.param(&model[0]);
        let chosen = cx.param(&model[1]).gather(row);
        Ok(Outcome::from((scaled - chosen).square().sum(..)).output(scaled).output(chosen))
    });
    let model = || [Param::new(2.0), Param::new([[5.0], [7.0]])];
    let mut step = Step::new(Sgd::new(0.5), objective);
    let mut model = model();
    let result = step.run(&mut model, &data, 0).unwrap();
    // 2 − 7 and 4 − 5.
    assert_eq!(result.loss, 26.0);
    assert_eq!(result.output(0).unwrap(), array![[2.0], [4.0]].into_dyn());
    assert_eq!(result.output(1).unwrap(), array![[7.0], [5.0]].into_dyn());
    assert!(result.output(2).is_none());
    let gradients: Vec<(&str, Vec<f64>)> =
        result.gradients().map(|(path, g)| (path, g.iter().copied().collect())).collect();
    assert_eq!(gradients, [("0", vec![-14.0]), ("1", vec![2.0, 10.0])]);
    assert_eq!(model[0].array().sum(), 9.0);
}

#[test]
fn what_an_objective_does_not_find_is_said() {
    let data = Dataset::new().real("x", column(&[1.0])).unwrap();
    let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0));
    let error = Step::new(Sgd::new(0.1), loss::mean_squared).run(&mut model, &data, 0).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Mismatch, "there is no column `targets`"));
    assert_eq!(error.operands(), ["x : real [1, 1]"]);
    let unknown = nn::objective(|model: &Dense<f64>, batch, cx| {
        Ok((model.forward(batch.real("x")?, cx).sum(..) * cx.hyperparameter("beta")).into())
    });
    let error = Step::new(Sgd::new(0.1), unknown).run(&mut model, &data, 0).unwrap_err();
    assert_eq!(error.message(), "the objective declares no hyperparameter `beta`");
}

#[test]
fn probabilities_are_refused_where_logits_belong() {
    let tape = autodiff::Tape::<f64>::new();
    let z = tape.input([[0.5, 1.0]]);
    let refused = loss::softmax_cross_entropy(z.softmax(1), tape.index(array![0]).into());
    assert_eq!(
        refused.error().unwrap().message(),
        "the output is a softmax already; this loss takes what goes into one"
    );
    assert!(loss::binary_cross_entropy_with_logits(z.sigmoid(), z.stop_gradient().into()).error().is_some());
}

#[test]
fn settings_that_train_nothing_are_refused() {
    let data = Dataset::valued(column(&[1.0]), column(&[1.0])).unwrap();
    let empty = data.select(&[]).unwrap();
    let fit = |trainer: Trainer<'_, f64, Sgd>| {
        let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0));
        trainer.fit(&mut model, loss::mean_squared, &data).unwrap_err().message().to_owned()
    };
    let trainer = || Trainer::new(Sgd::new(0.1));
    assert_eq!(fit(trainer().batch_size(0)), "a batch of 0 examples trains nothing");
    assert_eq!(fit(trainer().epochs(0)), "0 epochs train nothing");
    assert_eq!(fit(trainer().validation(&empty)), "there are no examples to validate on");
    assert_eq!(fit(Trainer::new(Sgd::new(0.0))), "`rate` is 0; it should be above 0 and finite");
}

#[test]
fn a_number_that_is_not_finite_is_found_in_the_data_set() {
    let mut numbers = vec![1.0; 100];
    numbers[57] = f64::NAN;
    let data = Dataset::valued(column(&numbers), column(&[1.0; 100])).unwrap();
    let mut model = Dense::new(1, 1, Init::Xavier, &mut Random::new(0));
    let error = Trainer::new(Sgd::new(0.1)).fit(&mut model, loss::mean_squared, &data).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFinite);
    assert!(error.to_string().contains("the data set has NaN in column `x`, row 57 of 100"), "{error}");
    assert!(error.to_string().contains("in epoch 1, batch "), "{error}");
}
