//! Every layer, with an input that fits and one that does not.

use autodiff::Real;
use nn::{
    Activation, AveragePool1d, AveragePool2d, BatchNorm, Bidirectional, Conv1d, Conv2d, ConvTranspose1d,
    ConvTranspose2d, Dense, Dropout, Flatten, GlobalPool, GroupNorm, Gru, Init, Layer, LayerNorm, Lstm, MaxPool1d,
    MaxPool2d, MultiHeadAttention, PositionalEmbedding, PositionalEncoding, Prelu, Random, Residual, RmsNorm, Rnn,
    Scaling, Sequential, TransformerBlock,
};

/// A layer, the shape of an input that fits, of one that does not, and what is said of that one.
pub struct Row<F: Real> {
    pub layer: Box<dyn Layer<F>>,
    pub fits: &'static [usize],
    pub misfit: &'static [usize],
    pub said: &'static str,
}

fn row<F: Real>(layer: impl Layer<F>, fits: &'static [usize], misfit: &'static [usize], said: &'static str) -> Row<F> {
    Row { layer: Box::new(layer), fits, misfit, said }
}

/// Layers that are smooth.
pub fn smooth<F: Real>() -> Vec<Row<F>> {
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
        row(
            Scaling::standardise(ndarray::array![[1.0, -2.0, 0.5], [2.0, 3.0, 0.25]].mapv(F::of)).unwrap(),
            &[5, 3],
            &[5, 2],
            "x has shape [5, 2]; it should be [examples, 3]",
        ),
        row(LayerNorm::new([2, 3]), &[2, 2, 3], &[2, 3, 2], "x has shape [2, 3, 2]; it should be […, 2, 3]"),
        row(RmsNorm::new([3]), &[4, 3], &[4, 2], "x has shape [4, 2]; it should be […, 3]"),
        row(GroupNorm::new(2, 4), &[2, 4, 3], &[2, 3, 3], "[batch, 4, …], with 4 channels"),
        row(
            Residual::new(Dense::new(3, 3, he, random)).shortcut(Dense::new(3, 3, he, random).without_bias()),
            &[2, 3],
            &[2, 4],
            "has 4 numbers for each example, the layer takes 3",
        ),
        row(
            Sequential::new()
                .then(Dense::new(3, 4, he, random))
                .then(Activation::Tanh)
                .then(Dense::new(4, 2, he, random)),
            &[2, 3],
            &[2, 4],
            "x [2, 4] has 4 numbers for each example, the layer takes 3",
        ),
        row(Rnn::new(2, 3, random), &[2, 4, 2], &[2, 4], "[examples, steps, 2], with 2 numbers for each step"),
        row(Gru::new(2, 3, random).only_last(), &[2, 4, 2], &[2, 4, 3], "[examples, steps, 2]"),
        row(
            Bidirectional::new(Gru::new(2, 3, random), Rnn::new(2, 2, random)),
            &[2, 4, 2],
            &[2, 4, 3],
            "x has shape [2, 4, 3]; it should be [examples, steps, 2]",
        ),
        row(
            Bidirectional::new(Gru::new(2, 3, random).only_last(), Gru::new(2, 3, random).only_last()),
            &[2, 4, 2],
            &[2, 4],
            "x has shape [2, 4]; it should be [examples, steps, 2]",
        ),
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

/// Layers with kinks.
pub fn with_kinks<F: Real>() -> Vec<Row<F>> {
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

/// All of them.
pub fn every<F: Real>() -> impl Iterator<Item = Row<F>> {
    smooth().into_iter().chain(with_kinks())
}
