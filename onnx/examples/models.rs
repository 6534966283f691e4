//! Writes models as ONNX files, with inputs and the engine's outputs for several numbers of examples: what
//! `onnx/python/check.py` compares. The argument is a folder.

use autodiff::{Index, Var};
use ndarray::{ArrayD, IxDyn};
use nn::{
    Activation, BatchNorm, Context, Conv2d, Dense, Dropout, Embedding, Flatten, Gru, Init, Layer, MaxPool2d, Module,
    PositionalEmbedding, Random, Sequential, TransformerBlock, npy,
};
use std::fs;
use std::path::{Path, PathBuf};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The numbers of examples that are tried.
const EXAMPLES: [usize; 3] = [1, 4, 9];

/// A transformer that predicts the next character.
#[derive(Clone, Debug)]
struct Characters {
    embedding: Embedding<f32>,
    positions: PositionalEmbedding<f32>,
    blocks: Vec<TransformerBlock<f32>>,
    head: Dense<f32>,
}

impl Module<f32> for Characters {
    nn::visit!(f32; embedding, positions, blocks, head);
}

impl Characters {
    fn logits<'t>(&self, characters: Index<'t, f32>, cx: &Context<'t, f32>) -> Var<'t, f32> {
        let x = self.embedding.forward(characters, cx);
        let x = self.blocks.iter().fold(self.positions.call(x, cx), |x, block| block.call(x, cx));
        self.head.call(x, cx)
    }
}

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: models FOLDER")?);
    fs::create_dir_all(&folder)?;
    let r = &mut Random::new(3);
    let logistic = Sequential::new().then(Dense::new(5, 1, Init::Xavier, r)).then(Activation::Sigmoid);
    layer(&folder, "logistic", &logistic, &[5], r)?;
    let mlp = Sequential::new()
        .then(Dense::new(12, 32, Init::He, r))
        .then(Activation::Relu)
        .then(BatchNorm::new(32))
        .then(Dropout { keep_prob: 0.5 })
        .then(Dense::new(32, 16, Init::He, r))
        .then(Activation::Gelu)
        .then(Dense::new(16, 4, Init::He, r))
        .then(Activation::Softmax);
    layer(&folder, "mlp", &mlp, &[12], r)?;
    let lenet = Sequential::new()
        .then(Conv2d::new(1, 6, 3, Init::He, r))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Conv2d::new(6, 16, 3, Init::He, r))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(Dense::new(16 * 6 * 6, 120, Init::He, r))
        .then(Activation::Relu)
        .then(Dense::new(120, 84, Init::He, r))
        .then(Activation::Relu)
        .then(Dense::new(84, 10, Init::He, r));
    layer(&folder, "lenet", &lenet, &[1, 32, 32], r)?;
    let gru = Sequential::new().then(Gru::new(6, 8, r).only_last()).then(Dense::new(8, 2, Init::Xavier, r));
    layer(&folder, "gru", &gru, &[10, 6], r)?;

    let transformer = Characters {
        embedding: Embedding::new(64, 64, Init::SmallNormal, r),
        positions: PositionalEmbedding::new(64, 64, Init::SmallNormal, r),
        blocks: (0..2).map(|_| TransformerBlock::new(64, 4, 256, r).causal()).collect(),
        head: Dense::new(64, 64, Init::Xavier, r),
    };
    let export = nn::export_by(&transformer, |cx, n| {
        let characters = cx.tape().index(ndarray::Array2::zeros((n, 64))).named("characters");
        transformer.logits(characters, cx).named("y")
    })?;
    autodiff_onnx::save(&export, folder.join("transformer.onnx"))?;
    for n in EXAMPLES {
        let characters = ArrayD::from_shape_simple_fn(IxDyn(&[n, 64]), || ((64.0 * r.uniform()) as usize).min(63));
        let tape = autodiff::Tape::new();
        let cx = Context::evaluation(&tape, &transformer);
        let y = transformer.logits(tape.index(characters.clone()), &cx).value()?;
        npy::write(folder.join(format!("transformer.x.{n}.npy")), &characters.mapv(|i| i as f64))?;
        npy::write(folder.join(format!("transformer.y.{n}.npy")), &y.mapv(f64::from))?;
    }
    Ok(())
}

fn layer(folder: &Path, name: &str, model: &Sequential<f32>, example: &[usize], random: &mut Random) -> Result<()> {
    autodiff_onnx::save(&nn::export(model, example)?, folder.join(format!("{name}.onnx")))?;
    for n in EXAMPLES {
        let shape = [&[n], example].concat();
        let x = ArrayD::from_shape_simple_fn(IxDyn(&shape), || (3.0 * random.uniform() - 1.5) as f32);
        let y = nn::predict(model, x.clone())?;
        npy::write(folder.join(format!("{name}.x.{n}.npy")), &x.mapv(f64::from))?;
        npy::write(folder.join(format!("{name}.y.{n}.npy")), &y.mapv(f64::from))?;
    }
    Ok(())
}
