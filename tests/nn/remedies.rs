//! Operands of another layout than a layer or a loss takes: the remedy is named.

use autodiff::{Error, Tape, Var};
use ndarray::{Array2, ArrayD, IxDyn};
use nn::{
    Activation, AveragePool2d, Conv1d, Conv2d, Dataset, Dense, Gru, Init, Layer, Lstm, MaxPool2d, Random, Rnn,
    Sequential, Sgd, Trainer, loss, predict,
};

fn zeros(shape: &[usize]) -> ArrayD<f64> {
    ArrayD::zeros(IxDyn(shape))
}

#[track_caller]
fn assert_helps(error: &Error, message: &str, parts: &[&str]) {
    assert_eq!(error.message(), message, "{error}");
    let help = error.help().unwrap_or_default();
    for part in parts {
        assert!(help.contains(part), "`{part}` is not in `{help}`");
    }
}

/// The error of a training on one label for each of 6 sequences of 5 steps.
fn of_sequences(recurrent: impl Layer<f64> + 'static) -> Error {
    let r = &mut Random::new(0);
    let mut model = Sequential::new().then(recurrent).then(Dense::new(4, 3, Init::He, r));
    let data = Dataset::labelled(zeros(&[6, 5, 2]), vec![0, 1, 2, 0, 1, 2]).unwrap();
    Trainer::new(Sgd::new(0.1)).fit(&mut model, loss::softmax_cross_entropy, &data).unwrap_err()
}

#[test]
fn one_label_for_a_sequence_takes_only_the_last_state() {
    let r = &mut Random::new(0);
    for error in [of_sequences(Rnn::new(2, 4, r)), of_sequences(Gru::new(2, 4, r)), of_sequences(Lstm::new(2, 4, r))] {
        let message = "the labels [6] should have the shape [6, 5]: one for each row of the output [6, 5, 3]";
        assert_helps(&error, message, &["`only_last()`", "one label for each example"]);
    }
    let r = &mut Random::new(0);
    let mut model = Sequential::new().then(Gru::new(2, 4, r).only_last()).then(Dense::new(4, 3, Init::He, r));
    let data = Dataset::labelled(zeros(&[6, 5, 2]), vec![0, 1, 2, 0, 1, 2]).unwrap();
    Trainer::new(Sgd::new(0.1)).fit(&mut model, loss::softmax_cross_entropy, &data).unwrap();
    // Numbers, likewise.
    let mut model = Sequential::new().then(Gru::new(2, 4, r)).then(Dense::new(4, 1, Init::He, r));
    let data = Dataset::valued(zeros(&[6, 5, 2]), zeros(&[6, 1])).unwrap();
    let error = Trainer::new(Sgd::new(0.1)).fit(&mut model, loss::mean_squared, &data).unwrap_err();
    assert_helps(&error, "the output has shape [6, 5, 1], the target [6, 1]", &["`only_last()`"]);
}

#[test]
fn every_loss_of_labels_says_which_shape_they_have() {
    let tape = Tape::<f64>::new();
    let labels = |shape: &[usize]| tape.index(ndarray::ArrayD::<usize>::zeros(IxDyn(shape)));
    let losses: [fn(Var<'_, f64>, autodiff::Index<'_, f64>) -> Error; 4] = [
        |z, i| loss::softmax_cross_entropy(z, i.into()).value().unwrap_err(),
        |z, i| loss::negative_log_likelihood(z.log_softmax(-1), i.into()).value().unwrap_err(),
        |z, i| loss::multi_class_hinge(z, i.into()).value().unwrap_err(),
        |z, i| nn::LossFunction::loss(&loss::CrossEntropy::default(), z, i.into()).loss.value().unwrap_err(),
    ];
    for loss in losses {
        let z = tape.input(zeros(&[6, 5, 3]));
        let message = "the labels [6] should have the shape [6, 5]: one for each row of the output [6, 5, 3]";
        assert_helps(&loss(z, labels(&[6])), message, &["`only_last()`"]);
        // Labels as a column are those of the examples, in another shape.
        let z = tape.input(zeros(&[6, 3]));
        let message = "the labels [6, 1] should have the shape [6]: one for each row of the output [6, 3]";
        assert_helps(&loss(z, labels(&[6, 1])), message, &["reshape"]);
        // Of another number of examples nothing is known.
        let message = "the labels [4] should have the shape [6]: one for each row of the output [6, 3]";
        let error = loss(z, labels(&[4]));
        assert_eq!((error.message(), error.help()), (message, None));
    }
}

#[test]
fn a_dense_layer_on_images_wants_them_flat() {
    let r = &mut Random::new(0);
    let model = Sequential::<f64>::new().then_named("first", Dense::new(64, 10, Init::He, r)).then(Activation::Relu);
    let error = predict(&model, zeros(&[3, 1, 8, 8])).unwrap_err();
    let message = "x [3, 1, 8, 8] has 8 numbers along its last axis, the layer takes 64";
    assert_helps(&error, message, &["put `Flatten` before it", "64 numbers of each example"]);
    assert_eq!((error.operation(), error.place().unwrap().scope.as_str()), ("dense", "first"));
    // Where the examples flat would not fit either, a layer that would.
    let error = predict(&model, zeros(&[3, 2, 8, 8])).unwrap_err();
    let message = "x [3, 2, 8, 8] has 8 numbers along its last axis, the layer takes 64";
    assert_helps(&error, message, &["a layer from 8 to 10 would fit", "after `Flatten` one from 128"]);
}

#[test]
fn images_without_channels_or_with_channels_last_are_recognised() {
    let r = &mut Random::new(0);
    let grey = Conv2d::<f64>::new(1, 4, 3, Init::He, r);
    let colours = Conv2d::<f64>::new(3, 4, 3, Init::He, r);
    let refuses = |layer: &dyn Fn(ArrayD<f64>) -> Error, shape: &[usize], parts: &[&str]| {
        let error = layer(zeros(shape));
        assert!(error.message().starts_with(&format!("x has shape {}", autodiff::Shape::from(shape))), "{error}");
        let help = error.help().unwrap_or_default();
        for part in parts {
            assert!(help.contains(part), "`{part}` is not in `{help}`");
        }
        assert_eq!(help.is_empty(), parts.is_empty(), "{help}");
    };
    let (grey, colours) = (|x| predict(&grey, x).unwrap_err(), |x| predict(&colours, x).unwrap_err());
    refuses(&grey, &[7, 8, 9], &["the axis of channels is missing", "`x.insert_axis(Axis(1))`", "[7, 1, 8, 9]"]);
    refuses(&grey, &[7, 8, 9, 1], &["the channels seem to be last", "permuted_axes([0, 3, 1, 2])", "[7, 1, 8, 9]"]);
    refuses(&grey, &[7, 72], &["reshape", "[batch, 1, height, width]"]);
    refuses(&colours, &[7, 8, 9, 3], &["the channels seem to be last", "[7, 3, 8, 9]"]);
    refuses(&colours, &[7, 8, 9], &[]);
    refuses(&colours, &[7, 2, 8, 9], &[]);
    let line = Conv1d::<f64>::new(2, 4, 3, Init::He, r);
    let line = |x| predict(&line, x).unwrap_err();
    refuses(&line, &[7, 9, 2], &["the channels seem to be last", "permuted_axes([0, 2, 1])", "[7, 2, 9]"]);
    let (largest, mean) = (MaxPool2d::new(2), AveragePool2d::new(2));
    refuses(&|x| predict(&largest, x).unwrap_err(), &[7, 8, 9], &["`x.insert_axis(Axis(1))`"]);
    refuses(&|x| predict(&mean, x).unwrap_err(), &[7, 8, 9], &["`x.insert_axis(Axis(1))`"]);
    // What the help says, done.
    let images = ndarray::Array3::<f64>::zeros((7, 8, 9)).insert_axis(ndarray::Axis(1));
    assert_eq!(images.shape(), [7, 1, 8, 9]);
    assert_eq!(ndarray::Array4::<f64>::zeros((7, 8, 9, 3)).permuted_axes([0, 3, 1, 2]).shape(), [7, 3, 8, 9]);
}

#[test]
fn a_recurrent_layer_is_one_row_of_a_summary() {
    let r = &mut Random::new(0);
    let model = Sequential::<f64>::new()
        .then(Gru::new(1, 16, r))
        .then(Lstm::new(16, 8, r))
        .then(Rnn::new(8, 4, r).only_last())
        .then(Dense::new(4, 2, Init::He, r));
    let summary = nn::summary(&model, [10, 1]).unwrap();
    let rows: Vec<_> = summary.rows().iter().map(|row| (row.path.as_str(), row.what.as_str())).collect();
    assert_eq!(rows.iter().map(|(path, _)| *path).collect::<Vec<_>>(), ["0", "1", "2", "3"]);
    for ((_, what), said) in rows.iter().zip(["GRU 1 → 16", "LSTM 16 → 8", "RNN 8 → 4", "dense 4 → 2"]) {
        assert!(what.starts_with(said), "{what}");
    }
    let shapes: Vec<Vec<usize>> = summary.rows().iter().map(|row| row.output.to_vec()).collect();
    assert_eq!(shapes, [vec![10, 16], vec![10, 8], vec![4], vec![2]]);
    let parameters: usize = summary.rows().iter().map(|row| row.parameters).sum();
    assert_eq!(parameters, summary.total());
    // The model itself, too.
    let alone = nn::summary(&Gru::<f64>::new(1, 16, r), [10, 1]).unwrap();
    assert_eq!(alone.rows().iter().map(|row| row.what.as_str()).collect::<Vec<_>>(), ["GRU 1 → 16"]);
}

#[test]
fn a_row_says_that_it_counts_from_0() {
    let mut features = Array2::<f64>::zeros((4, 1));
    features[[3, 0]] = f64::NAN;
    let data = Dataset::valued(features.clone(), Array2::zeros((4, 1))).unwrap();
    let model = Dense::new(1, 1, Init::He, &mut Random::new(0));
    let errors = [
        predict(&model, features).unwrap_err(),
        nn::evaluate(&model, loss::mean_squared, &data).unwrap_err(),
        Trainer::new(Sgd::new(0.1)).fit(&mut model.clone(), loss::mean_squared, &data).unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().contains("row 3 of 4 (counted from 0)"), "{error}");
    }
}
