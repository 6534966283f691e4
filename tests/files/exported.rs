//! Models as texts of programs: they run without the model, with the same bits, for any number of examples.

use crate::support::{folder, normal};
use autodiff::{ErrorKind, Input, Program, Real, Registry, Shape, Var};
use ndarray::{ArrayD, Axis};
use nn::{
    Activation, BatchNorm, Context, Conv2d, Dense, Dropout, Embedding, Flatten, Gru, Init, Layer, LayerNorm, MaxPool2d,
    Module, MultiHeadAttention, Param, PositionalEncoding, Random, Sequential, TransformerBlock, export, export_by,
    predict,
};
use std::fs;

/// A text with one blank in place of several.
fn unaligned(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The exported text gives what the model predicts, for numbers of examples that it was not recorded with, too.
fn assert_export(model: &impl Layer<f64>, example: impl Into<Shape>, what: &str) -> String {
    let example = example.into();
    let exported = export(model, example.clone()).unwrap_or_else(|error| panic!("{what}: {error}"));
    let text = exported.to_text();
    assert!(autodiff::text::has_free_axes(&text).unwrap(), "{what}");
    for n in [1, 2, 5, 8] {
        let shape: Vec<usize> = [n].into_iter().chain(example.iter().copied()).collect();
        let x = normal(shape, n as u64);
        let program = Program::<f64>::parse_with(&text, &Registry::standard(), n).unwrap();
        let found = program.run(&[Input::real(x.clone())]).unwrap().remove(0);
        let expected = predict(model, x).unwrap();
        assert!(found == expected, "{what}, {n} examples: {found} and {expected}");
    }
    text
}

#[test]
fn a_text_predicts_what_its_model_does() {
    let r = &mut Random::new(3);
    let table = Sequential::new()
        .then(Dense::new(3, 5, Init::He, r))
        .then(BatchNorm::new(5))
        .then(Activation::Gelu)
        .then(Dropout { keep_prob: 0.5 })
        .then(LayerNorm::new([5]))
        .then(Dense::new(5, 7, Init::He, r).without_bias())
        .then(Activation::Softmax);
    // Lengths of 5 and 7, as the numbers of examples it is recorded for.
    let text = assert_export(&table, [3], "a table");
    let words = unaligned(&text);
    assert!(words.contains("x : f64[n, 3] = input") && words.contains("f64[5, 7] = constant(["), "{text}");
    assert!(!text.contains("…"), "all numbers are written");
    let images = Sequential::new()
        .then(Conv2d::new(1, 2, 3, Init::He, r).padding(1))
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(Dense::new(8, 3, Init::He, r));
    assert_export(&images, [1, 4, 4], "images");
    let series = Sequential::new().then(Gru::new(2, 3, r).only_last()).then(Dense::new(3, 1, Init::He, r));
    assert_export(&series, [6, 2], "series");
    let sequences = Sequential::new()
        .then(PositionalEncoding)
        .then(MultiHeadAttention::new(4, 2, r).causal())
        .then(TransformerBlock::new(4, 2, 6, r).post_norm());
    assert_export(&sequences, [3, 4], "sequences");
}

#[test]
fn numbers_are_written_to_their_last_bit() {
    let odd = [[1e-310, -0.0, 0.1 + 0.2], [f64::MAX, f64::EPSILON, 1.0 / 3.0]];
    let model = Dense::from_arrays(ndarray::arr2(&odd), Some(ndarray::arr1(&[1e16, 1e-7, -5e-324])));
    let text = export(&model, [2]).unwrap().to_text();
    let program = Program::<f64>::parse_with(&text, &Registry::standard(), 2).unwrap();
    let constants = program.nodes().filter_map(|node| node.constant()).collect::<Vec<_>>();
    let bits = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(f64::to_bits).collect::<Vec<_>>();
    let found = bits(&mut constants.iter().flat_map(|array| array.iter().copied()));
    assert_eq!(found, bits(&mut odd.iter().flatten().copied().chain([1e16, 1e-7, -5e-324])));
    let single = Dense::from_arrays(ndarray::arr2(&[[0.1f32]]), None);
    assert!(export(&single, [1]).unwrap().to_text().contains("= constant([[0.1]])"));
}

#[test]
fn arrays_may_stand_in_a_file_beside() {
    let folder = folder("exported");
    let model = Sequential::<f64>::new().then(Dense::new(2, 3, Init::He, &mut Random::new(1))).then(BatchNorm::new(3));
    let (text, arrays) = (folder.join("model.ad"), folder.join("model.safetensors"));
    let exported = export(&model, [2]).unwrap();
    exported.save_with_weights(&text, &arrays).unwrap();
    assert_eq!(fs::read(&arrays).unwrap(), nn::weights::to_bytes(&model).unwrap());
    let read = fs::read_to_string(&text).unwrap();
    let words = unaligned(&read);
    assert!(
        words.contains(r#""0.weight" : f64[2, 3] = input"#) && words.contains(r#""1.mean" : f64[3] = data"#),
        "{read}"
    );
    exported.save(&text).unwrap();
    assert_eq!(fs::read_to_string(&text).unwrap(), exported.to_text());
}

#[test]
fn models_of_indices_are_exported() {
    let embedding = Embedding::<f32>::new(9, 2, Init::He, &mut Random::new(1));
    let exported = export_by(&embedding, |cx, n| {
        let words = cx.tape().index(ndarray::Array2::zeros((n, 3))).named("words");
        embedding.forward(words, cx).reshape([n, 6])
    });
    let text = exported.unwrap().to_text();
    let program = Program::<f32>::parse_with(&text, &Registry::standard(), 4).unwrap();
    let words = ndarray::Array2::from_shape_fn((4, 3), |(i, j)| (i + 2 * j) % 9);
    let y = program.run(&[Input::index(words.clone())]).unwrap().remove(0);
    for ((i, j), word) in words.indexed_iter() {
        let row = embedding.table().array().index_axis(Axis(0), *word).to_owned();
        assert_eq!(y.slice(ndarray::s![i, 2 * j..2 * j + 2]).into_dyn(), row);
    }
}

/// What depends on the other examples.
#[derive(Clone, Debug)]
struct Odd<F: Real> {
    weight: Param<F>,
    kind: usize,
}

impl<F: Real> Module<F> for Odd<F> {
    nn::visit!(F; weight; attributes kind);
}

impl<F: Real> Layer<F> for Odd<F> {
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let n = x.shape().map_or(0, |shape| shape[0]);
        let y = x * cx.param(&self.weight);
        match self.kind {
            0 => y - y.mean([0]),
            1 => y.reshape([2 * n]),
            2 => y.slice(0, 1..),
            3 => y + F::of(n as f64).double(),
            4 => (0..n).fold(y, |y, _| y.sin()),
            // A length that is n for the first two recordings only.
            5 => y.slice(0, ..n.min(7)),
            _ => y + cx.tape().constant(ArrayD::from_shape_fn(vec![n, 1], |at| F::of(at[0] as f64))),
        }
    }
}

#[test]
fn what_depends_on_the_number_of_examples_is_refused() {
    for (kind, expected) in [
        (0, "constant("),
        (1, "[10"),
        (2, "slice("),
        (3, "constant(5.0)"),
        (4, "lines"),
        (5, "slice("),
        (6, "constant("),
    ] {
        let error = export(&Odd::<f64> { weight: Param::new([1.0, 2.0]), kind }, [2]).unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Refused, "export"), "{kind}: {error}");
        assert!(error.message().contains(expected), "{kind}: {error}");
        assert!(error.to_string().contains("tests/files/exported.rs"), "{error}");
    }
    let error = export(&Dense::<f64>::new(2, 3, Init::He, &mut Random::new(1)), [3]).unwrap_err();
    assert!(error.message().contains("the layer takes 2"), "{error}");
}
