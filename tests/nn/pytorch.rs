//! Layers beside PyTorch: outputs and all gradients in double precision, over what a layer can be set to.
//!
//! `pytorch/make.py` wrote `pytorch/cases.txt` with PyTorch 2.15, and says how a line is read.

use autodiff::{Shape, Tape, Var};
use ndarray::ArrayD;
use nn::{
    Activation, AveragePool, BatchNorm, Bidirectional, Context, ConvTranspose, Convolution, GlobalPool, GroupNorm, Gru,
    Layer, LayerNorm, Lstm, MaxPool, Module, MultiHeadAttention, Prelu, Random, RmsNorm, Rnn, Sequence, Sequential,
    TransformerBlock,
};
use std::collections::BTreeMap;

/// A line of the file.
struct Case {
    line: &'static str,
    layer: &'static str,
    settings: BTreeMap<&'static str, Vec<usize>>,
    inputs: Vec<(&'static str, Vec<usize>)>,
    digests: Vec<(&'static str, Vec<f64>)>,
}

fn cases() -> Vec<Case> {
    include_str!("pytorch/cases.txt").lines().map(Case::read).collect()
}

fn list<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> Vec<T> {
    text.split(',').map(|number| number.parse().unwrap()).collect()
}

impl Case {
    fn read(line: &'static str) -> Self {
        let mut parts = line.split(" | ");
        let mut words = parts.next().unwrap().split_whitespace();
        let layer = words.next().unwrap();
        let (mut settings, mut inputs) = (BTreeMap::new(), Vec::new());
        for word in words {
            match (word.split_once('='), word.split_once(':')) {
                (Some((name, numbers)), _) => drop(settings.insert(name, list(numbers))),
                (_, Some((name, shape))) => inputs.push((name, list(shape))),
                _ => panic!("{line}"),
            }
        }
        let digests = parts.map(|part| part.split_once(' ').unwrap()).map(|(name, numbers)| (name, list(numbers)));
        Case { line, layer, settings, inputs, digests: digests.collect() }
    }

    fn each<const N: usize>(&self, name: &str) -> [usize; N] {
        self.settings[name].as_slice().try_into().unwrap()
    }

    fn number(&self, name: &str) -> usize {
        self.each::<1>(name)[0]
    }

    fn is(&self, name: &str) -> bool {
        self.number(name) != 0
    }

    /// Number `axis` of the shape of the first input.
    fn length(&self, axis: usize) -> usize {
        self.inputs[0].1[axis]
    }

    /// Compares the output of `run` on the inputs, and the gradients of its sum with weights.
    fn compare<M: Module<f64> + ?Sized>(
        &self,
        model: &mut M,
        run: impl for<'t> Fn(&M, &[Var<'t, f64>], &Context<'t, f64>) -> Var<'t, f64>,
    ) {
        let is_input = |name: &str| self.inputs.iter().any(|(input, _)| *input == name);
        let others = |name: &str| name == "y" || name.starts_with("running") || is_input(name);
        let parameters = self.digests.iter().map(|(name, _)| *name).filter(|name| !others(name));
        let parameters: Vec<&str> = parameters.collect();
        let mut found = nn::parameters_mut(model);
        assert_eq!(found.len(), parameters.len(), "{}", self.line);
        for (path, param) in &mut found {
            let position = parameters.iter().position(|name| name == path).expect("a parameter of both");
            param.set(numbers(self.inputs.len() + position + 1, param.array().shape())).unwrap();
        }
        for (path, buffer) in nn::buffers_mut(model) {
            let mean = path == "mean";
            let start = numbers(if mean { 55 } else { 56 }, buffer.array().shape());
            buffer.set(if mean { start } else { start + 1.5 }).unwrap();
        }

        let tape = Tape::new();
        let training = self.settings.get("training").is_none_or(|training| *training == [1]);
        let cx = if training { Context::training(&tape, model, 0) } else { Context::evaluation(&tape, model) };
        let inputs = self.inputs.iter().enumerate().map(|(i, (_, shape))| tape.input(numbers(i + 1, shape)));
        let inputs: Vec<Var<'_, f64>> = inputs.collect();
        let y = run(model, &inputs, &cx);
        let weights = numbers(99, &y.shape().unwrap());
        let mut gradients = (y * tape.constant(weights)).sum(..).backward().unwrap();
        let paths = nn::parameters(model).into_iter().map(|(path, _)| path);
        let named = self.inputs.iter().map(|(name, _)| name.to_string()).zip(inputs).chain(paths.zip(cx.vars()));
        let named: BTreeMap<String, Var<'_, f64>> = named.collect();
        for (name, expected) in &self.digests {
            let array = match *name {
                "y" => y.value().unwrap(),
                "running_mean" | "running_variance" => {
                    let path = name.strip_prefix("running_").unwrap();
                    let updates = cx.updates().unwrap();
                    let next = updates.iter().find(|(updated, _)| updated == path);
                    let kept = || nn::buffers(model).into_iter().find(|(kept, _)| kept == path).unwrap().1.array();
                    next.map_or_else(|| kept().clone(), |(_, next)| next.value().unwrap())
                }
                name => gradients.take(named[name]).unwrap(),
            };
            for (found, expected) in digest(&array).iter().zip(expected) {
                let near = (found - expected).abs() <= 1e-10 * (1.0 + expected.abs());
                assert!(near, "{name}: {found}, PyTorch has {expected}\n{}", self.line);
            }
        }
    }

    fn compare_layer(&self, mut layer: impl Layer<f64>) {
        self.compare(&mut layer, |layer, x, cx| layer.forward(x[0], cx));
    }
}

/// The numbers that `make.py` has under this name.
fn numbers(seed: usize, shape: &[usize]) -> ArrayD<f64> {
    let number = |i: usize| ((i + 613 * seed).pow(3) % 2003) as f64 / 1001.5 - 1.0;
    let count = shape.iter().product();
    ArrayD::from_shape_vec(shape.to_vec(), (0..count).map(number).collect()).unwrap()
}

fn digest(array: &ArrayD<f64>) -> [f64; 5] {
    let flat: Vec<f64> = array.iter().copied().collect();
    let weighted = flat.iter().zip(&numbers(77, &[flat.len()])).map(|(x, weight)| x * weight).sum();
    [flat.iter().sum(), weighted, flat[0], flat[flat.len() / 2], flat[flat.len() - 1]]
}

/// Compares the cases of some layers, and says that there were so many.
fn compare(layers: &[&str], count: usize, one: impl Fn(&Case)) {
    let cases: Vec<Case> = cases().into_iter().filter(|case| layers.contains(&case.layer)).collect();
    assert_eq!(cases.len(), count, "{layers:?}");
    cases.iter().for_each(one);
}

fn convolution<const N: usize>(case: &Case) {
    let (outputs, inputs, groups) = (case.number("outputs"), case.length(1), case.number("groups"));
    let random = &mut Random::new(0);
    let conv = Convolution::grouped(inputs, outputs, case.each::<N>("window"), groups, nn::Init::Zeros, random)
        .stride(case.each::<N>("stride"))
        .padding(case.each::<N>("padding"))
        .dilation(case.each::<N>("dilation"));
    case.compare_layer(if case.is("bias") { conv } else { conv.without_bias() });
}

#[test]
fn convolutions() {
    compare(&["conv1d"], 72, convolution::<1>);
    compare(&["conv2d"], 72, convolution::<2>);
}

fn transposed<const N: usize>(case: &Case) {
    let (outputs, inputs, groups) = (case.number("outputs"), case.length(1), case.number("groups"));
    let random = &mut Random::new(0);
    let conv = ConvTranspose::grouped(inputs, outputs, case.each::<N>("window"), groups, nn::Init::Zeros, random)
        .stride(case.each::<N>("stride"))
        .padding(case.each::<N>("padding"))
        .output_padding(case.each::<N>("output_padding"))
        .dilation(case.each::<N>("dilation"));
    case.compare_layer(if case.is("bias") { conv } else { conv.without_bias() });
}

#[test]
fn transposed_convolutions() {
    compare(&["conv_transpose1d"], 120, transposed::<1>);
    compare(&["conv_transpose2d"], 120, transposed::<2>);
}

fn max_pool<const N: usize>(case: &Case) {
    let pool = MaxPool::new(case.each::<N>("window"))
        .stride(case.each::<N>("stride"))
        .padding(case.each::<N>("padding"))
        .dilation(case.each::<N>("dilation"));
    case.compare_layer(pool.ceil(case.is("ceil")));
}

fn average_pool<const N: usize>(case: &Case) {
    let pool = AveragePool::new(case.each::<N>("window"))
        .stride(case.each::<N>("stride"))
        .padding(case.each::<N>("padding"))
        .include_padding(case.is("include_padding"));
    case.compare_layer(pool.ceil(case.is("ceil")));
}

#[test]
fn pooling() {
    compare(&["max_pool1d"], 64, max_pool::<1>);
    compare(&["max_pool2d"], 64, max_pool::<2>);
    compare(&["average_pool1d"], 64, average_pool::<1>);
    compare(&["average_pool2d"], 64, average_pool::<2>);
    compare(&["global_average"], 1, |case| case.compare_layer(GlobalPool::Average));
    compare(&["global_max"], 1, |case| case.compare_layer(GlobalPool::Max));
}

#[test]
fn normalisations() {
    compare(&["batch_norm"], 8, |case| case.compare_layer(BatchNorm::new(case.length(1))));
    let last = |case: &Case| {
        let x = &case.inputs[0].1;
        Shape::from(&x[x.len() - case.number("last")..])
    };
    compare(&["layer_norm"], 5, |case| case.compare_layer(LayerNorm::new(last(case))));
    compare(&["rms_norm"], 5, |case| case.compare_layer(RmsNorm::new(last(case))));
    compare(&["group_norm"], 4, |case| case.compare_layer(GroupNorm::new(case.number("groups"), case.length(1))));
}

/// The outputs of all steps and the last states, in one row.
fn joined<'t>(parts: &[Var<'t, f64>]) -> Var<'t, f64> {
    let rows: Vec<Var<'t, f64>> = parts.iter().map(|part| part.flatten(..)).collect();
    parts[0].tape().concat(&rows, 0)
}

/// The sequence of a case.
fn sequence<'t>(case: &Case, x: Var<'t, f64>) -> Sequence<'t, f64> {
    match case.settings.get("lengths") {
        Some(lengths) => Sequence::of_lengths(x, x.tape().index(ndarray::Array1::from(lengths.clone()))),
        None => x.into(),
    }
}

#[test]
fn recurrent_layers() {
    let sizes = |case: &Case| (case.length(2), case.number("width"));
    compare(&["rnn", "rnn_relu"], 24, |case| {
        let (inputs, width) = sizes(case);
        let mut rnn = Rnn::new(inputs, width, &mut Random::new(0));
        if case.layer == "rnn_relu" {
            rnn = rnn.activation(Activation::Relu);
        }
        case.compare(&mut rnn, |rnn, x, cx| {
            let (all, last) = rnn.states(sequence(case, x[0]), x.get(1).copied(), cx);
            joined(&[all, last])
        });
    });
    compare(&["gru"], 12, |case| {
        let (inputs, width) = sizes(case);
        case.compare(&mut Gru::new(inputs, width, &mut Random::new(0)), |gru, x, cx| {
            let (all, last) = gru.states(sequence(case, x[0]), x.get(1).copied(), cx);
            joined(&[all, last])
        });
    });
    compare(&["lstm"], 12, |case| {
        let (inputs, width) = sizes(case);
        case.compare(&mut Lstm::new(inputs, width, &mut Random::new(0)), |lstm, x, cx| {
            let start = x.get(1).map(|h| (*h, x[2]));
            let (all, (h, c)) = lstm.states(sequence(case, x[0]), start, cx);
            joined(&[all, h, c])
        });
    });
}

#[test]
fn recurrent_layers_from_both_ends_one_on_the_other() {
    compare(&["bidirectional"], 4, |case| {
        let (width, random) = (case.number("width"), &mut Random::new(0));
        let stacked = (0..case.number("layers")).fold(Sequential::new(), |stacked, layer| {
            let inputs = if layer == 0 { case.length(2) } else { 2 * width };
            stacked.then(Bidirectional::new(Gru::new(inputs, width, random), Gru::new(inputs, width, random)))
        });
        case.compare_layer(stacked);
    });
}

#[test]
fn attention() {
    compare(&["attention"], 12, |case| {
        let attention = MultiHeadAttention::new(case.length(2), case.number("heads"), &mut Random::new(0));
        let mut attention = if case.is("causal") { attention.causal() } else { attention };
        case.compare(&mut attention, |attention, x, cx| {
            let keys = case.inputs[1].1[1];
            let mask = case.settings.get("lengths").map(|lengths| {
                let lengths = ndarray::Array2::from_shape_vec((lengths.len(), 1), lengths.clone()).unwrap();
                cx.tape().index_range(0..keys).lt(cx.tape().index(lengths))
            });
            attention.attend([x[0], x[1], x[2]], mask, cx)
        });
    });
}

#[test]
fn transformer_blocks() {
    compare(&["transformer"], 8, |case| {
        let (width, heads, hidden) = (case.length(2), case.number("heads"), case.number("hidden"));
        let mut block = TransformerBlock::new(width, heads, hidden, &mut Random::new(0));
        if case.is("causal") {
            block = block.causal();
        }
        if case.is("post") {
            block = block.post_norm();
        }
        if case.is("relu") {
            block = block.activation(Activation::Relu);
        }
        case.compare_layer(block);
    });
}

#[test]
fn activations() {
    let all = [
        ("relu", Activation::Relu),
        ("leaky_relu", Activation::LeakyRelu(0.1)),
        ("elu", Activation::Elu(0.7)),
        ("tanh", Activation::Tanh),
        ("sigmoid", Activation::Sigmoid),
        ("softmax", Activation::Softmax),
        ("gelu", Activation::Gelu),
        ("gelu_tanh", Activation::GeluTanh),
        ("silu", Activation::Silu),
        ("mish", Activation::Mish),
        ("selu", Activation::Selu),
        ("softplus", Activation::Softplus),
        ("softsign", Activation::Softsign),
        ("hard_sigmoid", Activation::HardSigmoid),
        ("hard_swish", Activation::HardSwish),
    ];
    for (name, activation) in all {
        compare(&[name], 1, |case| {
            case.compare(&mut { activation }, |activation, x, cx| activation.forward(6.0 * x[0], cx));
        });
    }
    compare(&["prelu"], 2, |case| {
        case.compare_layer(match case.number("channels") {
            1 => Prelu::new(),
            channels => Prelu::per_channel(channels),
        });
    });
}
