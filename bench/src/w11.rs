//! W11: a small transformer that predicts the next character.

use crate::Result;
use crate::data::{LABELS, WEIGHTS, X, array};
use crate::splitmix::label;
use crate::training::Training;
use crate::workload::{About, Workload};
use ndarray::Array2;
use nn::{
    Adam, Context, Dataset, Dense, Embedding, Init, Layer, Module, PositionalEmbedding, Random, TransformerBlock, loss,
    parameters_mut,
};

const CHARACTERS: usize = 64;
const STEPS: usize = 64;
const WIDTH: usize = 64;
const HIDDEN: usize = 256;
const BATCH: usize = 16;
/// Multiply-adds of one position: four projections, scores and their use, two layers, and the head at the end.
const FORWARD: usize = 2 * (4 * WIDTH * WIDTH + 2 * STEPS * WIDTH + 2 * WIDTH * HIDDEN) + WIDTH * CHARACTERS;

pub const ABOUT: About = About {
    name: "W11",
    title: "transformer, 2 blocks of width 64, 4 heads, 256 hidden, 64 characters, causal, batch 16, f32, Adam step",
    flops: 2.0 * (3 * BATCH * STEPS * FORWARD) as f64,
    single: true,
    bytes: 0.0,
    tolerance: 5e-4,
};

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
    /// Weights of variance 1/inputs, as many streams as there are arrays; the scales of normalisations are 1, biases 0.
    fn new() -> Result<Self> {
        let random = &mut Random::new(0);
        let mut model = Characters {
            embedding: Embedding::new(CHARACTERS, WIDTH, Init::SmallNormal, random),
            positions: PositionalEmbedding::new(STEPS, WIDTH, Init::SmallNormal, random),
            blocks: (0..2).map(|_| TransformerBlock::new(WIDTH, 4, HIDDEN, random).causal()).collect(),
            head: Dense::new(WIDTH, CHARACTERS, Init::Xavier, random),
        };
        for (i, (_, parameter)) in parameters_mut(&mut model).into_iter().enumerate() {
            if let [inputs, outputs] = *parameter.array().shape() {
                parameter.set(array::<f32>(WEIGHTS + i as u64, &[inputs, outputs], (3.0 / inputs as f64).sqrt())?)?;
            }
        }
        Ok(model)
    }
}

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    let characters = |stream| {
        let numbers = (0..(BATCH * STEPS) as u64).map(|i| label(stream, i, CHARACTERS as u64)).collect();
        Array2::from_shape_vec((BATCH, STEPS), numbers)
    };
    let batch = Dataset::new().index("characters", characters(X)?)?.index("next", characters(LABELS)?)?;
    let objective = || {
        nn::objective(|model: &Characters, batch, cx: &Context<'_, f32>| {
            let x = model.embedding.forward(batch.index("characters")?, cx);
            let x = model.blocks.iter().fold(model.positions.call(x, cx), |x, block| block.call(x, cx));
            let logits = model.head.call(x, cx).reshape([BATCH * STEPS, CHARACTERS]);
            let next = batch.index("next")?.reshape([BATCH * STEPS]);
            Ok(loss::softmax_cross_entropy(logits, next.into()).into())
        })
    };
    Ok(Box::new(Training::new(Characters::new()?, Adam::new(1e-3), batch, objective, threads)))
}
