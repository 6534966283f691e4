//! A small transformer learns to continue a text, character by character, and is compared with a 3-gram model.
//!
//! ```text
//! cargo run --release --example 31_text_transformer                # once, with a sample
//! cargo run --release --example 31_text_transformer -- --seeds 10  # ten times: median and worst
//! ```
//!
//! The seed decides which twentieths of the text are the training, the validation and the test part, the initial
//! weights, and everything else that is random. The interpolated 3-gram model counts in the same training part; its
//! weights are chosen by the validation part, which also stops the training of the transformer early. Both are tested
//! on the same characters.

use autodiff::{Index, Tape, Var};
use nn::{
    Adam, ClipGlobalNorm, Context, Dense, EarlyStopping, Embedding, Init, Layer, LayerNorm, Module,
    PositionalEmbedding, Progress, Random, Scheduled, Trainer, TransformerBlock, loss, schedule,
};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};
use support::text::{ALICE, Parts, Trigrams, Vocabulary, windows};

/// The number of characters that the transformer sees at once.
const CONTEXT: usize = 64;
const WIDTH: usize = 64;

fn main() -> ExitCode {
    options::run_seeds("31_text_transformer", |options| match options.seeds {
        None => show(options),
        Some(seeds) => {
            let better = |seed| compare(&options.with_seed(seed), false);
            let shown = |bits| format!("{bits:+.3}");
            options::repeat("bits per character above those of the 3-gram model", seeds, f64::max, shown, better)
        }
    })
}

/// From characters to the logits of the character that follows each of them.
#[derive(Clone, Debug)]
struct Transformer {
    characters: Embedding<f32>,
    positions: PositionalEmbedding<f32>,
    blocks: Vec<TransformerBlock<f32>>,
    norm: LayerNorm<f32>,
    output: Dense<f32>,
}

impl Transformer {
    fn new(vocabulary: usize, random: &mut Random) -> Self {
        Transformer {
            characters: Embedding::new(vocabulary, WIDTH, Init::SmallNormal, random),
            positions: PositionalEmbedding::new(CONTEXT, WIDTH, Init::SmallNormal, random),
            blocks: (0..2).map(|_| TransformerBlock::new(WIDTH, 4, 4 * WIDTH, random).causal().dropout(0.9)).collect(),
            norm: LayerNorm::new([WIDTH]),
            output: Dense::new(WIDTH, vocabulary, Init::Xavier, random),
        }
    }

    fn forward<'t>(&self, characters: Index<'t, f32>, cx: &Context<'t, f32>) -> Var<'t, f32> {
        let x = self.positions.call(self.characters.forward(characters, cx), cx);
        let x = self.blocks.iter().fold(x, |x, block| block.call(x, cx));
        self.output.call(self.norm.call(x, cx), cx)
    }
}

impl Module<f32> for Transformer {
    nn::visit!(f32; characters, positions, blocks, norm, output);
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    compare(options, true).map(|_| ())
}

/// Bits per character of the transformer minus those of the 3-gram model, on the test part.
fn compare(options: &Options, shows: bool) -> Result<f64, Box<dyn Error>> {
    let vocabulary = Vocabulary::of(ALICE);
    let parts = Parts::drawn(&vocabulary.numbers(ALICE), CONTEXT, options.seed);
    let trigrams = Trigrams::fitted(&parts.train, &parts.validation, vocabulary.len());

    // `--quick` trains on less and looks at less.
    let (stride, apart, epochs) =
        if options.quick { (64 * CONTEXT, 8 * CONTEXT, 1) } else { (CONTEXT / 2, CONTEXT, 16) };
    let train = windows(&parts.train, CONTEXT, stride)?;
    let validation = windows(&parts.validation, CONTEXT, apart)?;
    let test = windows(&parts.test, CONTEXT, apart)?;
    let mut model = Transformer::new(vocabulary.len(), &mut Random::stream(options.seed, 3));
    // The mean of −log p of the character that follows.
    let objective = nn::objective(|model: &Transformer, batch, cx| {
        let logits = model.forward(batch.index("x")?, cx);
        Ok(loss::softmax_cross_entropy(logits, batch.target("targets")?).into())
    });
    let mut stopping = EarlyStopping::new("validation loss", 3);
    let mut progress = Progress::stderr();
    let rate = schedule::by_epoch(schedule::cosine(epochs as u64));
    let optimizer = ClipGlobalNorm::new(1.0, Scheduled::new(rate, Adam::new(0.003)));
    let mut trainer = Trainer::new(optimizer).epochs(epochs).seed(options.seed).validation(&validation);
    trainer = trainer.observe(&mut stopping);
    if shows {
        trainer = trainer.observe(&mut progress);
    }
    trainer.fit(&mut model, &objective, &train)?;

    let bits = f64::from(nn::evaluate(&model, &objective, &test)?.loss) / 2f64.ln();
    let others = trigrams.bits(&parts.test);
    if shows {
        println!("bits per character on the part that neither has seen (seed {})", options.seed);
        println!("  interpolated 3-gram model  {others:.3}");
        println!("  transformer                {bits:.3}\n");
        println!("{}", sample(&model, &vocabulary, "Alice ", if options.quick { 60 } else { 600 }, options.seed)?);
    }
    Ok(bits - others)
}

/// `text` continued by `count` characters, each drawn by the probabilities of the transformer.
fn sample(
    model: &Transformer,
    vocabulary: &Vocabulary,
    text: &str,
    count: usize,
    seed: u64,
) -> Result<String, Box<dyn Error>> {
    let mut characters = vocabulary.numbers(text);
    let mut random = Random::stream(seed, 9);
    for _ in 0..count {
        let seen = characters.split_at(characters.len().saturating_sub(CONTEXT)).1.to_vec();
        let tape = Tape::new();
        let last = seen.len() - 1;
        let seen = tape.index(seen).reshape([1, last + 1]);
        let logits = model.forward(seen, &Context::evaluation(&tape, model)).slice(1, last..);
        let probabilities = logits.softmax(-1).value()?;
        let mut rest = random.uniform() as f32;
        let drawn = probabilities.iter().position(|p| {
            rest -= p;
            rest < 0.0
        });
        characters.push(drawn.unwrap_or(0));
    }
    Ok(vocabulary.text(&characters))
}
