//! What holds for every layer: its derivatives are those of differences, a planned step is a recorded one, and an input that
//! does not fit is an error that says where, what it got and what it takes.

use crate::support::{assert_layer, bits, layer_program, normal};
use autodiff::check::Check;
use autodiff::{ErrorKind, Tape};
use nn::{
    Activation, AveragePool1d, AveragePool2d, BatchNorm, Context, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d,
    Dataset, Dense, Dropout, Flatten, GlobalPool, GroupNorm, Gru, Init, Layer, LayerNorm, Lstm, MaxPool1d, MaxPool2d,
    Momentum, MultiHeadAttention, PositionalEmbedding, PositionalEncoding, Prelu, Random, Residual, RmsNorm, Rnn,
    Sequential, Step, TransformerBlock, loss, parameters,
};

/// A layer, the shape of an input that fits, of one that does not, and what is said of that one.
struct Row {
    layer: Box<dyn Layer<f64>>,
    fits: &'static [usize],
    misfit: &'static [usize],
    said: &'static str,
}

fn row(layer: impl Layer<f64>, fits: &'static [usize], misfit: &'static [usize], said: &'static str) -> Row {
    Row { layer: Box::new(layer), fits, misfit, said }
}

/// Layers that are smooth, and layers with kinks.
fn smooth() -> Vec<Row> {
    let random = &mut Random::new(3);
    let he = Init::He;
    vec![
        row(
            Dense::new(3, 2, he, random),
            &[4, 3],
            &[4, 5],
            "x [4, 5] has 5 numbers for each example, the layer takes 3",
        ),
        row(Conv1d::new(2, 3, 3, he, random).stride(2).padding(1), &[2, 2, 6], &[2, 2], "[batch, 2, length]"),
        row(
            Conv2d::grouped(4, 2, [2, 3], 2, he, random).dilation([2, 1]),
            &[2, 4, 5, 5],
            &[2, 3, 5, 5],
            "x has shape [2, 3, 5, 5]; it should be [batch, 4, height, width], with 4 channels",
        ),
        row(ConvTranspose1d::new(2, 3, 3, he, random).stride(2), &[2, 2, 4], &[1, 3, 4], "[batch, 2, length]"),
        row(
            ConvTranspose2d::grouped(2, 4, 3, 2, he, random).stride(2).padding(1).output_padding(1),
            &[2, 2, 3, 2],
            &[2, 3, 2],
            "x has shape [2, 3, 2]; it should be [batch, 2, height, width]",
        ),
        row(AveragePool1d::new(2), &[2, 2, 6], &[2, 6], "x has shape [2, 6]; it should be [batch, channels, length]"),
        row(AveragePool2d::new(2).padding(1).ceil(true), &[1, 2, 5, 6], &[2, 6], "[batch, channels, height, width]"),
        row(GlobalPool::Average, &[2, 3, 4], &[2, 3], "[batch, channels, …], with one spatial axis or more"),
        row(Flatten, &[2, 3, 2], &[], "x has shape []; it should be [batch, …], with one axis or more"),
        row(BatchNorm::new(3), &[5, 3], &[5, 2], "x has shape [5, 2]; it should be [examples, 3] or [examples, 3, …]"),
        row(BatchNorm::new(3), &[2, 3, 2, 2], &[1, 3], "with two numbers or more of each feature"),
        row(LayerNorm::new([2, 3]), &[2, 2, 3], &[2, 3, 2], "x has shape [2, 3, 2]; it should be […, 2, 3]"),
        row(RmsNorm::new([3]), &[4, 3], &[4, 2], "x has shape [4, 2]; it should be […, 3]"),
        row(GroupNorm::new(2, 4), &[2, 4, 3], &[2, 3, 3], "[batch, 4, …], with 4 channels"),
        row(
            Residual::new(Dense::new(3, 3, he, random)).shortcut(Dense::new(3, 3, he, random).without_bias()),
            &[2, 3],
            &[2, 4],
            "has 4 numbers for each example, the layer takes 3",
        ),
        row(Rnn::new(2, 3, random), &[2, 4, 2], &[2, 4], "[examples, steps, 2], with 2 numbers for each step"),
        row(Gru::new(2, 3, random).only_last(), &[2, 4, 2], &[2, 4, 3], "[examples, steps, 2]"),
        row(Lstm::new(2, 3, random), &[2, 4, 2], &[4, 2], "[examples, steps, 2]"),
        row(MultiHeadAttention::new(4, 2, random).causal(), &[2, 3, 4], &[2, 3, 5], "[examples, steps, 4]"),
        row(
            TransformerBlock::new(4, 2, 6, random).dropout(0.8).post_norm(),
            &[2, 3, 4],
            &[2, 4],
            "x has shape [2, 4]; it should be [examples, steps, 4]",
        ),
        row(PositionalEncoding, &[2, 3, 4], &[2, 3], "x has shape [2, 3]; it should be [examples, steps, width]"),
        row(
            PositionalEmbedding::new(3, 4, Init::LeCun, random),
            &[2, 2, 4],
            &[2, 4, 4],
            "x has shape [2, 4, 4]; it should be [examples, steps, 4], with 3 steps or fewer",
        ),
        row(Dropout { keep_prob: 0.7 }, &[4, 3], &[], ""),
        row(Activation::Gelu, &[3, 2], &[], ""),
        row(Activation::GeluTanh, &[3, 2], &[], ""),
        row(Activation::Silu, &[3, 2], &[], ""),
        row(Activation::Mish, &[3, 2], &[], ""),
        row(Activation::Softplus, &[3, 2], &[], ""),
    ]
}

fn with_kinks() -> Vec<Row> {
    vec![
        row(MaxPool1d::new(2).stride(1).padding(1), &[2, 2, 6], &[2, 6], "it should be [batch, channels, length]"),
        row(MaxPool2d::new(2).dilation(2).ceil(true), &[1, 2, 6, 6], &[6, 6], "[batch, channels, height, width]"),
        row(GlobalPool::Max, &[2, 3, 4], &[2, 3], "[batch, channels, …]"),
        row(Residual::new(Activation::Relu), &[4, 3], &[], ""),
        row(Prelu::new(), &[4, 3], &[], ""),
        row(Prelu::per_channel(3), &[2, 3, 2], &[3], "x has shape [3]; it should be [batch, 3, …], with 3 channels"),
        row(Activation::Selu, &[3, 2], &[], ""),
        row(Activation::Softsign, &[3, 2], &[], ""),
        row(Activation::HardSigmoid, &[3, 2], &[], ""),
        row(Activation::HardSwish, &[3, 2], &[], ""),
    ]
}

#[test]
fn derivatives_are_those_of_differences() {
    for (i, row) in smooth().into_iter().chain(with_kinks()).enumerate() {
        let what = format!("{:?}", row.layer);
        for key in [Some(1), None] {
            assert_layer(&*row.layer, normal(row.fits, 20 + i as u64), key, &what);
        }
    }
}

#[test]
fn second_derivatives_are_those_of_differences() {
    for (i, row) in smooth().into_iter().enumerate() {
        let x = normal(row.fits, 40 + i as u64);
        let (program, point) = layer_program(&*row.layer, x, Some(2));
        let report = Check::new().elements(6).program(&program, &point).unwrap();
        assert!(report.failures().is_empty(), "{:?}\n{report}", row.layer);
        // The bias of the keys shifts all scores of a row alike: its slope is 0, and drowns.
        assert!(report.passed() > 0 && report.unchecked_share() < 0.2, "{:?}\n{report}", row.layer);
    }
}

/// A step of training is planned, with the bits of one that is recorded, by any number of threads.
#[test]
fn a_planned_step_is_the_recorded_one() {
    for row in smooth().into_iter().chain(with_kinks()) {
        let what = format!("{:?}", row.layer);
        // So that every model has something to learn.
        let d = row.fits[row.fits.len() - 1];
        let first = Dense::new(d, d, Init::LeCun, &mut Random::new(8));
        let new = || Sequential::new().then(first.clone()).then_named("layer", row.layer.clone());
        let y = nn::predict(&new(), normal(row.fits, 1)).unwrap();
        let batches = [1, 2].map(|seed| Dataset::valued(normal(row.fits, seed), normal(y.shape(), 9)).unwrap());
        let train = |threads: Option<usize>| {
            let step = Step::new(Momentum::new(0.01), loss::mean_squared);
            let mut step = match threads {
                Some(threads) => step.threads(threads),
                None => step.eagerly(),
            };
            let mut model = new();
            let mut seen = Vec::new();
            for key in 0..4 {
                let result = step.run(&mut model, &batches[key as usize % 2], key).expect(&what);
                seen.push(result.loss.to_bits());
            }
            assert_eq!(step.explain(&model, &batches[0]).is_some(), threads.is_some(), "{what}");
            seen.extend(parameters(&model).iter().flat_map(|(_, param)| bits(param.array())));
            seen.extend(nn::buffers(&model).iter().flat_map(|(_, buffer)| bits(buffer.array())));
            seen
        };
        let recorded = train(None);
        for threads in [1, 2, 4, 8] {
            assert_eq!(train(Some(threads)), recorded, "{what} with {threads} threads");
        }
        assert_ne!(recorded[0], recorded[2], "{what}: something was learnt");
    }
}

#[test]
fn an_input_that_does_not_fit_is_an_error_of_the_layer_in_its_place() {
    for row in smooth().into_iter().chain(with_kinks()).filter(|row| !row.said.is_empty()) {
        let what = format!("{:?}", row.layer);
        let model = Sequential::new().then_named("encoder", Sequential::new().then(row.layer));
        let tape = Tape::<f64>::new();
        let cx = Context::training(&tape, &model, 1);
        let (y, line) = (model.forward(tape.data(normal(row.misfit, 1)), &cx), line!());
        let error = y.value().expect_err(&what);
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{what}: {error}");
        let place = error.place().unwrap();
        assert!(place.scope.starts_with("encoder.0"), "{what}: {error}");
        let location = place.location.unwrap();
        assert_eq!((location.file(), location.line()), (file!(), line), "{what}: {error}");
        for part in [row.said, &format!("{:?}", row.misfit)] {
            assert!(error.to_string().contains(part), "{what}: `{part}` is not in\n{error}");
        }
    }
}

/// Settings that no input fits, each with what is said.
#[test]
fn settings_that_make_no_sense_are_errors_in_the_layers_place() {
    let random = &mut Random::new(1);
    let rows: Vec<(Box<dyn Layer<f64>>, &[usize], &str)> = vec![
        (
            Box::new(Conv2d::grouped(3, 4, 3, 2, Init::He, random)),
            &[1, 3, 5, 5],
            "2 groups do not divide 3 input and 4 output channels",
        ),
        (
            Box::new(Conv1d::from_arrays(normal([2, 3], 1), None, 1)),
            &[1, 3, 5],
            "the weights have shape [2, 3]; it should be [outputs, inputs/groups, length]",
        ),
        (
            Box::new(ConvTranspose1d::new(2, 2, 3, Init::He, random).stride(2).output_padding(2)),
            &[1, 2, 4],
            "the output padding is 2 and the stride 2; it should be less",
        ),
        (
            Box::new(ConvTranspose1d::new(2, 2, 3, Init::He, random).padding(3)),
            &[1, 2, 4],
            "the padding 3 leaves nothing of 6 elements of y",
        ),
        (Box::new(Conv1d::new(2, 2, 7, Init::He, random)), &[1, 2, 4], "[1, 2, 4]"),
        (Box::new(Conv1d::new(2, 2, 3, Init::He, random).stride(0)), &[1, 2, 4], "stride"),
        (Box::new(MaxPool1d::new(0)), &[1, 2, 4], "[1, 2, 4]"),
        (Box::new(AveragePool1d::new(5)), &[1, 2, 4], "[1, 2, 4]"),
        (Box::new(GroupNorm::new(3, 4)), &[2, 4], "there are 3 groups of 4 channels"),
        (Box::new(LayerNorm::new([4]).epsilon(-1.0)), &[2, 4], "epsilon is -1; it should be finite and not negative"),
        (Box::new(MultiHeadAttention::new(4, 3, random)), &[1, 2, 4], "3 heads do not divide the width 4"),
        (Box::new(MultiHeadAttention::new(4, 2, random).dropout(0.0)), &[1, 2, 4], "the probability of keeping"),
        (
            Box::new(Residual::new(Dense::new(3, 1, Init::He, random))),
            &[2, 3],
            "x has shape [2, 3], what the inner layer gives [2, 1]; they should be one shape",
        ),
        (
            Box::new(Residual::new(Activation::Tanh).shortcut(Dense::new(3, 1, Init::He, random))),
            &[2, 3],
            "the shortcut gives shape [2, 1], what the inner layer gives [2, 3]",
        ),
    ];
    for (layer, shape, said) in rows {
        let what = format!("{layer:?}");
        let model = Sequential::new().then_named("odd", layer);
        let tape = Tape::<f64>::new();
        let cx = Context::training(&tape, &model, 1);
        let (y, line) = (model.forward(tape.data(normal(shape, 1)), &cx), line!());
        let error = y.value().expect_err(&what);
        assert!(error.to_string().contains(said), "{what}: `{said}` is not in\n{error}");
        let place = error.place().unwrap();
        assert!(place.scope.starts_with("odd"), "{what}: {error}");
        assert_eq!(place.location.unwrap().line(), line, "{what}: {error}");
    }
}
