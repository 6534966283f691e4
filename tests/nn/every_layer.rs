//! What holds for every layer: its derivatives are those of differences, a planned step is a recorded one, it is printed, read,
//! stepped through and checked, and an input that does not fit is an error that says where, what it got and what it takes.

use crate::catalogue::{every, smooth};
use crate::support::{assert_layer, bits, layer_program, normal};
use autodiff::check::Check;
use autodiff::inspect::Event;
use autodiff::{ErrorKind, Program, Real, Registry, Shape, Tape};
use ndarray::ArrayD;
use nn::{
    Activation, AveragePool1d, Context, Conv1d, Conv2d, ConvTranspose1d, Dataset, Dense, Embedding, GroupNorm, Gru,
    Init, Layer, LayerNorm, MaxPool1d, Module, Momentum, MultiHeadAttention, Random, Residual, Sequence, Sequential,
    Step, TransformerBlock, loss, parameters,
};

#[test]
fn derivatives_are_those_of_differences() {
    for (i, row) in every::<f64>().enumerate() {
        let what = format!("{:?}", row.layer);
        for key in [Some(1), None] {
            assert_layer(&*row.layer, normal(row.fits, 20 + i as u64), key, &what);
        }
    }
}

#[test]
fn second_derivatives_are_those_of_differences() {
    for (i, row) in smooth::<f64>().into_iter().enumerate() {
        let x = normal(row.fits, 40 + i as u64);
        let (program, point) = layer_program(&*row.layer, x, Some(2));
        let report = Check::new().elements(6).program(&program, &point).unwrap();
        assert!(report.failures().is_empty(), "{:?}\n{report}", row.layer);
        // The bias of the keys shifts all scores of a row alike: its slope is 0, and drowns.
        assert!(report.passed() > 0 && report.unchecked_share() < 0.2, "{:?}\n{report}", row.layer);
    }
}

/// Standard normal numbers in either precision.
fn numbers<F: Real>(shape: impl Into<Shape>, seed: u64) -> ArrayD<F> {
    normal(shape, seed).mapv(F::of)
}

/// A step of training is planned, with the bits of one that is recorded, by any number of threads.
fn planned_steps_are_recorded_ones<F: Real>() {
    for row in every::<F>() {
        let what = format!("{:?}", row.layer);
        // So that every model has something to learn.
        let d = row.fits[row.fits.len() - 1];
        let first = Dense::<F>::new(d, d, Init::LeCun, &mut Random::new(8));
        let new = || Sequential::new().then(first.clone()).then_named("layer", row.layer.clone());
        let y = nn::predict(&new(), numbers::<F>(row.fits, 1)).unwrap();
        let batches = [1, 2].map(|seed| Dataset::valued(numbers::<F>(row.fits, seed), numbers(y.shape(), 9)).unwrap());
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
                seen.push(result.loss.double().to_bits());
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
fn a_planned_step_is_the_recorded_one() {
    planned_steps_are_recorded_ones::<f64>();
}

#[test]
fn a_planned_step_in_single_precision_is_the_recorded_one() {
    planned_steps_are_recorded_ones::<f32>();
}

/// The program of a layer and its gradient is a text that is read back as the same program, with the same bits.
#[test]
fn a_layer_is_printed_and_read_back() {
    let registry = Registry::standard();
    for (i, row) in every::<f64>().enumerate() {
        let (value, point) = layer_program(&*row.layer, normal(row.fits, 60 + i as u64), Some(3));
        let wanted: Vec<usize> = (0..point.len()).filter(|i| value.is_differentiable(*i)).collect();
        let program = value.value_and_grad(&wanted).unwrap();
        let text = program.to_text();
        let read = Program::parse(&text, &registry).unwrap_or_else(|error| panic!("{:?}: {error}\n{text}", row.layer));
        assert_eq!(read.to_text(), text, "{:?}", row.layer);
        let expected: Vec<Vec<u64>> = program.run(&point).unwrap().iter().map(bits).collect();
        let found: Vec<Vec<u64>> = read.run(&point).unwrap().iter().map(bits).collect();
        assert_eq!(found, expected, "{:?}", row.layer);
    }
}

/// At the end of stepping through a layer, forwards and back, stand the value and the gradient, bit for bit.
#[test]
fn a_layer_is_stepped_through() {
    for (i, row) in every::<f64>().enumerate() {
        let what = format!("{:?}", row.layer);
        let tape = Tape::new();
        let cx = Context::training(&tape, &*row.layer, 5);
        let x = tape.input(normal(row.fits, 80 + i as u64)).named("x");
        let y = row.layer.forward(x, &cx);
        let loss = (y * tape.constant(normal(y.shape().unwrap(), 99))).sum(..);
        let trace = loss.trace().unwrap();
        let gradients = loss.backward().unwrap();
        let end = trace.at(trace.len());
        let last =
            trace.events().iter().find_map(|event| if let Event::Seed(node) = event { Some(*node) } else { None });
        let value = end.value(last.unwrap()).map(|value| bits(&value));
        assert_eq!(value, Some(bits(&loss.value().unwrap())), "{what}");
        // The arrays of the layer and x come first, on the tape and in its program: they have the same ids.
        for var in cx.vars().into_iter().chain([x]) {
            let found = end.cotangent(var.id()).map(|found| bits(&found));
            assert_eq!(found, Some(bits(gradients.get(var).unwrap())), "{what}: {var:?}");
        }
        // Each event is told in a sentence.
        assert!((1..=trace.len()).all(|time| !trace.at(time).sentence().is_empty()), "{what}");
    }
}

/// A few elements of each operation; with `LONG` in the environment twice as many.
#[test]
fn a_layer_is_checked_node_by_node() {
    let check = Check::new().elements(if std::env::var_os("LONG").is_some() { 16 } else { 8 });
    for (i, row) in every::<f64>().enumerate() {
        let (program, point) = layer_program(&*row.layer, normal(row.fits, 100 + i as u64), Some(4));
        let report = check.nodes(&program, &point).unwrap();
        assert!(report.failures().is_empty(), "{:?}\n{report}", row.layer);
        assert!(report.passed() > 0 && report.unchecked_share() < 0.2, "{:?}\n{report}", row.layer);
    }
}

#[test]
fn an_input_that_does_not_fit_is_an_error_of_the_layer_in_its_place() {
    for row in every::<f64>().filter(|row| !row.said.is_empty()) {
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

/// A layer that is called with more than one array, and is told wrong things.
#[derive(Clone, Debug)]
struct Called {
    embedding: Embedding<f64>,
    gru: Gru<f64>,
    attention: MultiHeadAttention<f64>,
    block: TransformerBlock<f64>,
}

impl Module<f64> for Called {
    nn::visit!(f64; embedding, gru, attention, block);
}

/// What takes other things than one array says as much of them.
#[test]
fn other_operands_that_do_not_fit_are_errors_of_the_layer_in_its_place() {
    let random = &mut Random::new(1);
    let model = Called {
        embedding: Embedding::new(5, 4, Init::He, random),
        gru: Gru::new(4, 3, random),
        attention: MultiHeadAttention::new(4, 2, random),
        block: TransformerBlock::new(4, 2, 8, random),
    };
    let tape = Tape::<f64>::new();
    let cx = Context::training(&tape, &model, 1);
    let x = tape.data(normal([2, 3, 4], 1));
    let narrow = tape.data(normal([2, 3, 5], 1));
    let mask = tape.data(normal([2, 4], 1));
    let state = tape.data(normal([2, 4], 1));
    let lengths = [tape.index([3, 4]), tape.index([3, 2, 1])];
    let of_lengths = |i: usize| Sequence::of_lengths(x, lengths[i]);
    // What is wrong, where, what it should be, what it is, and the line.
    let rows = [
        (model.embedding.forward(tape.index([[1, 5]]), &cx), "embedding", "5 rows", "5", line!()),
        (model.gru.states(x, Some(state), &cx).0, "gru", "[2, 3], a state for each sequence", "[2, 4]", line!()),
        (model.gru.states(narrow, None, &cx).1, "gru", "[examples, steps, 4]", "[2, 3, 5]", line!()),
        (model.gru.states(of_lengths(0), None, &cx).0, "gru", "has 3 steps", "is 4", line!()),
        (model.gru.states(of_lengths(1), None, &cx).0, "gru", "[2], one for each sequence", "[3]", line!()),
        (model.attention.attend([x, narrow, x], None, &cx), "attention", "[examples, steps, 4]", "[2, 3, 5]", line!()),
        (model.attention.attend([x; 3], Some(mask), &cx), "attention", "[2, 3]", "[2, 4]", line!()),
        (model.block.masked(x, mask, &cx), "block.attention", "[2, 3]", "[2, 4]", line!()),
    ];
    for (y, path, expected, found, line) in rows {
        let error = y.error().unwrap_or_else(|| panic!("line {line} is no error"));
        let place = error.place().unwrap();
        assert_eq!(place.scope, path, "{error}");
        assert_eq!(place.location.map(|location| (location.file(), location.line())), Some((file!(), line)), "{error}");
        for part in [expected, found] {
            assert!(error.to_string().contains(part), "`{part}` is not in\n{error}");
        }
    }
}

/// No layer is forgotten: each name that the crate gives out stands in the catalogue, or takes other things than one array.
#[test]
fn the_catalogue_has_every_layer() {
    let (library, rows) = (include_str!("../../nn/src/lib.rs"), include_str!("catalogue.rs"));
    let list = library.split("pub use layers::{").nth(1).and_then(|rest| rest.split("};").next()).unwrap();
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).filter(|word| !word.is_empty()).collect()
    };
    let (names, known) = (words(list), words(rows));
    // The first four are other names of what is there with its number of axes.
    let others = ["AveragePool", "ConvTranspose", "Convolution", "MaxPool", "Embedding", "Extent", "Sequence"];
    let missing: Vec<_> =
        names.iter().filter(|name| !known.contains(name) && !others.contains(&name.as_str())).collect();
    assert!(names.len() > 30 && missing.is_empty(), "the catalogue lacks {missing:?}");
}
