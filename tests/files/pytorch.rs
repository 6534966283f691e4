//! Weights of PyTorch: state_dicts that `pytorch/make.py` has written are loaded and predict the same, and what is saved is
//! byte for byte what PyTorch writes.

use crate::support::{file, folder};
use autodiff::{Index, Real, Tape, Var};
use ndarray::{ArrayD, Axis};
use nn::{
    Activation, BatchNorm, Buffer, Context, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Dense, Embedding,
    GroupNorm, Gru, Init, Layer, LayerNorm, Lstm, Module, MultiHeadAttention, Param, PositionalEmbedding, Prelu,
    Random, RmsNorm, Rnn, Sequential, Stored, TransformerBlock, pytorch,
};
use std::fs;
use std::path::PathBuf;

fn made(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files/pytorch").join(format!("{name}.safetensors"))
}

/// The input and the output of a module.
#[derive(Debug)]
struct Data<F: Real> {
    x: Buffer<F>,
    y: Buffer<F>,
}

impl<F: Real> Module<F> for Data<F> {
    nn::visit!(F; x, y);
}

/// Loads `name` into the model, compares what it predicts, and saves it.
fn compare<F: Real, M: Module<F>>(
    name: &str,
    model: &mut M,
    shapes: [&[usize]; 2],
    forward: impl for<'t> Fn(&M, Var<'t, F>, &Context<'t, F>) -> Var<'t, F>,
) {
    let [x, y] = shapes.map(|shape| Buffer::new(ArrayD::zeros(shape)));
    let mut data = Data { x, y };
    pytorch::load(&mut data, made(&format!("{name}.data"))).unwrap();
    pytorch::load(model, made(name)).unwrap();
    let tape = Tape::new();
    let cx = Context::evaluation(&tape, &*model);
    let found = forward(model, tape.data(data.x.array()), &cx).value().unwrap();
    let tolerance = if F::NAME == "f32" { 2e-6 } else { 1e-13 };
    let scale = 1.0 + data.y.array().iter().fold(0.0, |most: f64, y| most.max(y.double().abs()));
    assert_eq!(found.shape(), data.y.array().shape(), "{name}");
    for (found, expected) in found.iter().zip(data.y.array()) {
        assert!((found.double() - expected.double()).abs() <= tolerance * scale, "{name}: {found} and {expected}");
    }

    let saved = folder(&format!("pytorch-{name}")).join("saved.safetensors");
    pytorch::save(model, &saved).unwrap();
    let written = made(&format!("{name}.written"));
    let expected = if written.exists() { written } else { made(name) };
    assert!(fs::read(saved).unwrap() == fs::read(expected).unwrap(), "{name}: PyTorch writes other bytes");
}

fn layer<F: Real>(name: &str, mut model: Sequential<F>, shapes: [&[usize]; 2]) {
    compare(name, &mut model, shapes, |model, x, cx| model.forward(x, cx));
}

#[test]
fn layers_of_images_and_tables() {
    let r = &mut Random::new(1);
    let dense = Sequential::<f32>::new()
        .then(Dense::new(3, 4, Init::He, r))
        .then(Activation::Tanh)
        .then(Dense::new(4, 4, Init::He, r).without_bias());
    layer("dense", dense, [&[5, 3], &[5, 4]]);
    let conv1d = Sequential::<f32>::new()
        .then(Conv1d::grouped(2, 4, 3, 2, Init::He, r).stride(2).padding(1))
        .then(Activation::Tanh)
        .then(ConvTranspose1d::new(4, 3, 4, Init::He, r).stride(2));
    layer("conv1d", conv1d, [&[2, 2, 9], &[2, 3, 12]]);
    let conv2d = Sequential::<f32>::new()
        .then(Conv2d::new(2, 3, [3, 2], Init::He, r).padding(1))
        .then(BatchNorm::new(3))
        .then(Activation::Relu)
        .then(ConvTranspose2d::new(3, 2, 3, Init::He, r).stride(2).output_padding(1));
    layer("conv2d", conv2d, [&[2, 2, 5, 4], &[2, 2, 12, 12]]);
    let norms = Sequential::<f64>::new()
        .then(Dense::new(3, 4, Init::He, r))
        .then(LayerNorm::new([4]))
        .then(Prelu::new())
        .then(GroupNorm::new(2, 4))
        .then(RmsNorm::new([4]).epsilon(1e-5))
        .then(BatchNorm::new(4));
    layer("norms", norms, [&[5, 3], &[5, 4]]);
}

/// The module `Words` of make.py.
#[derive(Debug)]
struct Words<F: Real, R> {
    embedding: Embedding<F>,
    recurrent: R,
    head: Dense<F>,
}

impl<F: Real, R: Module<F>> Module<F> for Words<F, R> {
    nn::visit!(F; embedding, recurrent, head);
}

fn words<F: Real, R: Layer<F>>(name: &str, recurrent: R) {
    let r = &mut Random::new(1);
    let (embedding, head) = (Embedding::new(7, 3, Init::He, r), Dense::new(4, 2, Init::He, r));
    let mut model = Words { embedding, recurrent, head };
    compare(name, &mut model, [&[2, 5], &[2, 5, 2]], |model, x, cx| {
        let words: Index<'_, F> = cx.tape().index(x.value().unwrap().mapv(|word| word.double() as usize));
        let states = model.recurrent.call(model.embedding.forward(words, cx), cx);
        model.head.call(states.reshape([10, 4]), cx).reshape([2, 5, 2])
    });
}

#[test]
fn recurrent_layers_and_an_embedding() {
    let r = &mut Random::new(1);
    words::<f32, _>("gru", Gru::new(3, 4, r));
    words::<f64, _>("lstm", Lstm::new(3, 4, r));
    words::<f32, _>("rnn", Rnn::new(3, 4, r));
}

/// The module `Attention` of make.py.
#[derive(Debug)]
struct Attention<F: Real> {
    positions: PositionalEmbedding<F>,
    attention: MultiHeadAttention<F>,
    block: TransformerBlock<F>,
}

impl<F: Real> Module<F> for Attention<F> {
    nn::visit!(F; positions, attention, block);
}

#[test]
fn attention_and_a_transformer() {
    let r = &mut Random::new(1);
    let (positions, attention) = (PositionalEmbedding::new(5, 6, Init::He, r), MultiHeadAttention::new(6, 2, r));
    let mut model = Attention::<f64> { positions, attention, block: TransformerBlock::new(6, 3, 8, r) };
    compare("attention", &mut model, [&[2, 5, 6], &[2, 5, 6]], |model, x, cx| {
        let x = model.positions.call(x, cx);
        model.block.call(x + model.attention.call(x, cx), cx)
    });
}

/// What an outer module says of something inside an inner one holds, and parts that are not named have their own names.
#[test]
fn names_are_translated_from_the_outside_in() {
    #[derive(Debug)]
    struct Outer {
        body: Vec<Dense<f64>>,
        gru: Option<Gru<f64>>,
        free: Param<f64>,
    }
    impl Module<f64> for Outer {
        nn::visit!(f64; body, gru, free);

        fn pytorch(&self) -> Vec<Stored> {
            let stored = [("body", "layers"), ("body.1.weight", "last"), ("gru", "")];
            stored.into_iter().map(|(ours, theirs)| Stored::new(ours, theirs)).collect()
        }
    }
    let r = &mut Random::new(1);
    let mut dense = || Dense::new(2, 3, Init::He, r);
    let body = vec![dense(), dense()];
    let mut model = Outer { body, gru: Some(Gru::new(1, 2, &mut Random::new(1))), free: Param::new(1.0) };
    let names: Vec<String> = pytorch::names(&model).into_iter().map(|(_, name)| name).collect();
    let expected = [
        "layers.0.weight",
        "layers.0.bias",
        "last",
        "layers.1.bias",
        "weight_ih_l0",
        "bias_ih_l0",
        "weight_hh_l0",
        "bias_hh_l0",
        "free",
    ];
    assert_eq!(names, expected);
    // The outer module did not say that `last` is transposed.
    let path = folder("translated").join("outer.safetensors");
    pytorch::save(&model, &path).unwrap();
    let before: Vec<_> = nn::parameters(&model).into_iter().map(|(_, param)| param.array().clone()).collect();
    nn::parameters_mut(&mut model).into_iter().for_each(|(_, param)| param.array_mut().fill(0.0));
    pytorch::load(&mut model, &path).unwrap();
    let after: Vec<_> = nn::parameters(&model).into_iter().map(|(_, param)| param.array().clone()).collect();
    assert_eq!(before, after);
    let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
    assert!(text.contains(r#""last":{"dtype":"F64","shape":[2,3]"#), "{text}");
    assert!(text.contains(r#""layers.0.weight":{"dtype":"F64","shape":[3,2]"#), "{text}");
}

/// Square weights would fit either way, so a file says whose names and layouts it has.
#[test]
fn files_of_one_kind_are_not_read_as_the_other() {
    let folder = folder("kinds");
    let mut model = Dense::<f64>::new(2, 2, Init::He, &mut Random::new(1));
    let (own, theirs) = (folder.join("own.safetensors"), folder.join("theirs.safetensors"));
    nn::weights::save(&model, &own).unwrap();
    pytorch::save(&model, &theirs).unwrap();
    let error = nn::weights::load(&mut model, &theirs).unwrap_err();
    assert!(error.message().starts_with("the file has the format `pt`, and not `nn 1`"), "{error}");
    assert_eq!(error.help(), Some("`pytorch::load` reads the names and layouts of PyTorch"));
    let error = pytorch::load(&mut model, &own).unwrap_err();
    assert_eq!(error.help(), Some("`weights::load` reads it"));
    // Python's `save_file` writes no description unless it is told to.
    let weights = [1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0].iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let header = r#"{"bias":{"dtype":"F64","shape":[2],"data_offsets":[32,48]},"weight":{"dtype":"F64","shape":[2,2],"data_offsets":[0,32]}}"#;
    fs::write(&theirs, file(header, &weights)).unwrap();
    pytorch::load(&mut model, &theirs).unwrap();
    assert_eq!(model.weight().array(), &ndarray::array![[1.0, 3.0], [2.0, 4.0]].into_dyn());
    assert_eq!(model.bias().unwrap().array().sum_axis(Axis(0)).sum(), 11.0);
}
