//! What would be taken silently and mean nothing: each is refused, with the row, by a recorded step and by a planned one.

use crate::support::normal;
use autodiff::{Error, ErrorKind, Tape, Var};
use ndarray::{Array2, ArrayD, array};
use nn::{
    Adam, Column, Dataset, Dense, Group, Groups, History, Init, Objective, Random, Sgd, Step, Target, Trainer,
    evaluate, loss, metric, predict,
};

type Model = Dense<f64>;

fn model(outputs: usize) -> Model {
    Dense::new(2, outputs, Init::LeCun, &mut Random::new(1))
}

fn features() -> Array2<f64> {
    normal([20, 2], 1).into_dimensionality().unwrap()
}

fn lines(error: &Error) -> String {
    error.to_string()
}

/// Steps on good data, and then on bad: a plan that was made for the good refuses the bad as a recording does.
#[track_caller]
fn refuses<K>(
    objective: impl Objective<f64, Model, K> + Copy,
    outputs: usize,
    good: &Dataset<f64>,
    bad: &Dataset<f64>,
) -> Error {
    let errors = [false, true].map(|eagerly| {
        let mut model = model(outputs);
        let step = Step::new(Sgd::new(0.1), objective);
        let mut step = if eagerly { step.eagerly() } else { step };
        step.run(&mut model, good, 0).unwrap();
        assert_eq!(step.explain(&model, good).is_some(), !eagerly, "planned, unless recorded on purpose");
        let before = model.clone();
        let error = step.run(&mut model, bad, 1).unwrap_err();
        assert_eq!(model, before, "a step that fails changes nothing");
        error
    });
    assert_eq!(errors[0].message(), errors[1].message());
    let evaluated = evaluate(&model(outputs), objective, bad).unwrap_err();
    assert_eq!(evaluated.message(), errors[0].message());
    errors[0].clone()
}

fn valued(targets: impl Fn(usize, usize) -> f64, columns: usize) -> Dataset<f64> {
    Dataset::valued(features(), Array2::from_shape_fn((20, columns), |(i, j)| targets(i, j))).unwrap()
}

#[test]
fn targets_of_two_classes_lie_between_0_and_1() {
    type Loss = for<'t> fn(Var<'t, f64>, Target<'t, f64>) -> Var<'t, f64>;
    let squashed: Loss = |z, y| loss::binary_cross_entropy(z.sigmoid(), y);
    let good = valued(|i, _| (i % 2) as f64, 1);
    for wrong in [2.0, -1.0, 1.0 + 1e-12] {
        let bad = valued(|i, _| if i == 7 { wrong } else { 0.0 }, 1);
        let error = refuses(loss::from_fn(squashed), 1, &good, &bad);
        let message = format!("the target is {wrong} in row 7 (counted from 0), and no probability in [0, 1]");
        assert_eq!(error.message(), message);
        assert_eq!(error.help(), Some("the targets of two classes are 0 and 1"));
        let error = refuses(loss::binary_cross_entropy_with_logits, 1, &good, &bad);
        assert_eq!((error.message(), error.operation()), (message.as_str(), "binary_cross_entropy_with_logits"));
    }
}

#[test]
fn an_output_above_1_is_no_probability() {
    let data = Dataset::valued(array![[0.5, 0.0], [1.0, 0.0]], array![[1.0], [1.0]]).unwrap();
    let worse = Dataset::valued(array![[0.5, 0.0], [1.5, 0.0]], array![[1.0], [1.0]]).unwrap();
    for eagerly in [false, true] {
        let mut model = Dense::from_arrays(array![[1.0], [0.0]], None);
        let step = Step::new(Sgd::new(1e-9), loss::binary_cross_entropy);
        let mut step = if eagerly { step.eagerly() } else { step };
        step.run(&mut model, &data.select(&[0, 0]).unwrap(), 0).unwrap();
        let error = step.run(&mut model, &worse, 0).unwrap_err();
        assert!(error.message().starts_with("the output is 1.5"), "{error}");
        assert!(error.message().ends_with("in row 1 (counted from 0), and no probability in [0, 1]"), "{error}");
        assert!(error.help().unwrap().contains("`loss::binary_cross_entropy_with_logits`"), "{error}");
    }
}

#[test]
fn rows_of_targets_are_distributions() {
    let one_hot = |i: usize, j: usize| f64::from(i % 3 == j);
    let good = valued(one_hot, 3);
    let cases: [(fn(usize) -> f64, &str); 4] = [
        (|_| 0.0, "row 7 (counted from 0) of the targets adds up to 0, not to 1"),
        (|_| 1.0, "row 7 (counted from 0) of the targets adds up to 3, not to 1"),
        (|j| if j == 0 { 100.0 } else { 0.0 }, "row 7 (counted from 0) of the targets adds up to 100, not to 1"),
        (
            |j| if j == 0 { -0.5 } else { 0.75 },
            "row 7 (counted from 0) of the targets has -0.5, which is no probability",
        ),
    ];
    for (row, message) in cases {
        let bad = valued(|i, j| if i == 7 { row(j) } else { one_hot(i, j) }, 3);
        let error = refuses(loss::softmax_cross_entropy, 3, &good, &bad);
        assert_eq!((error.message(), error.operation()), (message, "softmax_cross_entropy"));
        let targets = bad.targets().unwrap();
        let error =
            metric::accuracy(&Array2::eye(3).select(ndarray::Axis(0), &[0; 20]).into_dyn(), targets).unwrap_err();
        assert_eq!((error.message(), error.operation()), (message, "accuracy"));
    }
    // Probabilities may be rounded.
    let rounded = valued(|_, _| 0.33, 3);
    Step::new(Sgd::new(0.1), loss::softmax_cross_entropy).run(&mut model(3), &rounded, 0).unwrap();
    let share = metric::accuracy(&Array2::eye(3).into_dyn(), &Column::real([[0.3, 0.3, 0.4]; 3]));
    assert_eq!(share.unwrap(), 1.0 / 3.0);
}

#[test]
fn a_label_without_a_class_is_named_with_its_row() {
    let labels = |wrong: usize| (0..20).map(|i| if i == 7 { wrong } else { i % 3 }).collect::<Vec<_>>();
    let data = |wrong| Dataset::labelled(features(), labels(wrong)).unwrap();
    let error = refuses(loss::softmax_cross_entropy, 3, &data(0), &data(3));
    assert_eq!(error.message(), "the label in row 7 (counted from 0) is 3; there are 3 classes, from 0");
    // In a run the row is that of the data set, not that of a batch.
    for eagerly in [false, true] {
        let trainer = Trainer::new(Sgd::new(0.1)).batch_size(4);
        let trainer = if eagerly { trainer.eagerly() } else { trainer };
        let error = trainer.fit(&mut model(3), loss::softmax_cross_entropy, &data(3)).unwrap_err();
        assert!(lines(&error).contains("the example is row 7 of 20 of the data set"), "{error}");
        assert!(lines(&error).contains("column `targets` of the data set has indices from 0 to 3"), "{error}");
    }
    let first = Dataset::labelled(features(), (0..20).map(|i| if i == 0 { 3 } else { 0 }).collect::<Vec<_>>()).unwrap();
    let trainer = Trainer::new(Sgd::new(0.1)).batch_size(20);
    let error = trainer.fit(&mut model(3), loss::softmax_cross_entropy, &first).unwrap_err();
    assert!(lines(&error).contains("the example is row 0 of 20 of the data set"), "{error}");
    // What is wrong with all of them is not the fault of one.
    let error = Trainer::new(Sgd::new(0.1)).fit(&mut model(3), loss::mean_squared, &data(0)).unwrap_err();
    assert!(!lines(&error).contains("the example is row"), "{error}");
}

#[test]
fn a_softmax_is_recognised_behind_other_shapes() {
    type Disguise = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;
    let disguises: [Disguise; 6] = [
        |p| p,
        |p| p * 1.0,
        |p| 1.0 * p,
        |p| p.reshape([3, 20]).reshape([20, 3]),
        |p| p.transpose().transpose(),
        |p| p.slice(0, 0..20) * 1.0,
    ];
    let data = Dataset::labelled(features(), (0..20).map(|i| i % 3).collect::<Vec<_>>()).unwrap();
    for (i, disguise) in disguises.into_iter().enumerate() {
        let squashes: [Disguise; 2] = [|z| z.softmax(1), |z| z.sigmoid()];
        for squash in squashes {
            for eagerly in [false, true] {
                let objective = loss::from_fn(|z, y| loss::softmax_cross_entropy(disguise(squash(z)), y));
                let step = Step::new(Sgd::new(0.1), objective);
                let mut step = if eagerly { step.eagerly() } else { step };
                let error = step.run(&mut model(3), &data, 0).unwrap_err();
                assert!(error.message().contains("already; this loss takes what goes into one"), "{i}: {error}");
            }
        }
    }
    // Another factor, or another function of it, may be meant.
    let objective = loss::from_fn(|z, y| loss::softmax_cross_entropy(z.sigmoid() * 8.0, y));
    Step::new(Sgd::new(0.1), objective).run(&mut model(3), &data, 0).unwrap();
}

#[test]
fn data_that_is_not_finite_is_found_wherever_it_comes_in() {
    let mut numbers = features();
    numbers[[13, 1]] = f64::NAN;
    let labels: Vec<usize> = (0..20).map(|i| i % 2).collect();
    let (good, bad) = (
        Dataset::labelled(features(), labels.clone()).unwrap(),
        Dataset::labelled(numbers.clone(), labels.clone()).unwrap(),
    );
    let evaluated = evaluate(&model(2), loss::softmax_cross_entropy, &bad).unwrap_err();
    let line = line!() - 1;
    assert_eq!((evaluated.kind(), evaluated.message()), (ErrorKind::NotFinite, "the loss is NaN"));
    assert!(lines(&evaluated).contains("the data set has NaN in column `x`, row 13 of 20"), "{evaluated}");
    assert_eq!(evaluated.place().unwrap().location.unwrap().line(), line);

    let trainer = Trainer::new(Sgd::new(0.1)).validation(&bad);
    let error = trainer.fit(&mut model(2), loss::softmax_cross_entropy, &good).unwrap_err();
    assert!(lines(&error).contains("the validation set has NaN in column `x`, row 13 of 20"), "{error}");
    assert!(lines(&error).contains("in the validation after epoch 1"), "{error}");

    let error = predict(&model(2), &numbers).unwrap_err();
    let line = line!() - 1;
    assert_eq!((error.kind(), error.message()), (ErrorKind::NotFinite, "the output is NaN in row 13 (counted from 0)"));
    assert!(lines(&error).contains("the features have NaN in row 13 of 20"), "{error}");
    assert_eq!(error.place().unwrap().location.unwrap().line(), line);

    // An infinite number makes an infinite loss.
    numbers[[13, 1]] = f64::INFINITY;
    let infinite = Dataset::valued(numbers, Array2::zeros((20, 1))).unwrap();
    let error = evaluate(&model(1), loss::mean_squared, &infinite).unwrap_err();
    assert!(lines(&error).contains("the data set has inf in column `x`, row 13 of 20"), "{error}");
    // An answer that is certain and wrong costs +∞, and is one.
    let certain = Dataset::valued(array![[0.0]], array![[1.0]]).unwrap();
    let identity = Dense::from_arrays(array![[1.0]], None);
    assert_eq!(evaluate(&identity, loss::binary_cross_entropy, &certain).unwrap().loss, f64::INFINITY);
}

#[test]
fn no_two_measures_have_one_name() {
    let data = Dataset::labelled(features(), (0..20).map(|i| i % 2).collect::<Vec<_>>()).unwrap();
    let other = data.clone();
    let zero = |_: &ArrayD<f64>, _: &Column<f64>| Ok(0.0);
    let trainer = || Trainer::<f64, _>::new(Sgd::new(0.1));
    let fit = |trainer: Trainer<'_, f64, Sgd>| trainer.fit(&mut model(2), loss::softmax_cross_entropy, &data);
    let message = |trainer| fit(trainer).unwrap_err().message().to_owned();
    assert_eq!(message(trainer().metric("loss", zero)), "there are two measures `loss`");
    assert_eq!(message(trainer().metric("a", zero).metric("a", zero)), "there are two measures `a`");
    let validated = trainer().validation(&data).metric("validation loss", zero);
    assert_eq!(message(validated), "there are two measures `validation loss`");
    assert!(fit(trainer().metric("validation loss", zero)).is_ok());
    let twice = trainer().validation(&data).validation(&other);
    assert!(message(twice).starts_with("there are two validation sets"));
}

#[test]
fn a_curve_of_what_was_not_measured_is_an_error() {
    let data = Dataset::labelled(features(), (0..20).map(|i| i % 2).collect::<Vec<_>>()).unwrap();
    let mut history = History::new();
    let error = history.curve("loss").unwrap_err();
    assert_eq!(error.message(), "there is no measure `loss` in 0 epochs");
    let trainer = Trainer::new(Adam::new(0.1)).epochs(2).metric("accuracy", metric::accuracy).observe(&mut history);
    trainer.fit(&mut model(2), loss::softmax_cross_entropy, &data).unwrap();
    let error = history.curve("acuracy").unwrap_err();
    let line = line!() - 1;
    assert_eq!(error.message(), "there is no measure `acuracy` in 2 epochs");
    assert_eq!(error.help(), Some("measured were `loss`, `accuracy`"));
    assert_eq!(error.place().unwrap().location.unwrap().line(), line);
    assert_eq!(history.curve("accuracy").unwrap().len(), 2);
}

#[test]
fn groups_that_hit_nothing_are_refused() {
    let data = valued(|_, _| 0.0, 1);
    let groups = |end: &'static str| {
        Groups::new(
            move |path: &str| Group { decay: if path.ends_with(end) { 0.01 } else { 0.0 }, ..Group::default() },
            Sgd::new(0.1),
        )
    };
    for eagerly in [false, true] {
        let step = Step::new(groups("wieght"), loss::mean_squared);
        let mut step = if eagerly { step.eagerly() } else { step };
        let error = step.run(&mut model(1), &data, 0).unwrap_err();
        assert_eq!(error.message(), "every parameter has rate 1 and no decay, as it has without groups");
        assert_eq!(error.help(), Some("ask for paths as they are: weight, bias"));
    }
    assert!(Step::new(groups("weight"), loss::mean_squared).run(&mut model(1), &data, 0).is_ok());
}

/// Called by hand, on a tape with values, a loss answers an error var; on one without, the program that comes of it gives NaN.
#[test]
fn a_program_of_a_loss_gives_nan_for_what_the_loss_refuses() {
    let tape = Tape::<f64>::symbolic();
    let (a, y) = (tape.symbolic_input([2, 1]), tape.symbolic_input([2, 1]));
    let program = tape.program(&[loss::binary_cross_entropy(a, y.into())]).unwrap();
    assert!(!tape.was_read());
    let at = |a: [f64; 2], y: [f64; 2]| {
        let real = |x: [f64; 2]| autodiff::Input::real(Array2::from_shape_vec((2, 1), x.to_vec()).unwrap());
        program.run(&[real(a), real(y)]).unwrap()[0].sum()
    };
    assert!((at([0.5, 0.5], [1.0, 0.0]) - 2f64.ln()).abs() < 1e-15);
    assert!(at([0.5, 0.5], [1.0, 2.0]).is_nan());
    assert!(at([0.5, 1.5], [1.0, 1.0]).is_nan());
}
