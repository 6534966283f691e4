//! A text as numbers of characters, divided into parts, and the 3-gram model that others are compared with.

use ndarray::Array2;
use nn::{Dataset, Random};
use std::collections::{BTreeSet, HashMap};
use std::error::Error;

/// *Alice's Adventures in Wonderland*, see `data/README.md`.
pub const ALICE: &str = include_str!("../../data/alice.txt");

/// The characters that a text has, in order: each is known by its number.
pub struct Vocabulary(Vec<char>);

impl Vocabulary {
    pub fn of(text: &str) -> Self {
        Vocabulary(text.chars().collect::<BTreeSet<char>>().into_iter().collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The numbers of the characters; one that the vocabulary lacks is left out.
    pub fn numbers(&self, text: &str) -> Vec<usize> {
        text.chars().filter_map(|c| self.0.binary_search(&c).ok()).collect()
    }

    pub fn text(&self, numbers: &[usize]) -> String {
        numbers.iter().map(|number| self.0[*number]).collect()
    }
}

/// Twenty pieces of equal length, drawn into three parts: sixteen for training, two for validation, two for the test.
/// Each is as long as windows that lie side by side can use: a multiple of their length, and one character more.
pub struct Parts {
    pub train: Vec<Vec<usize>>,
    pub validation: Vec<Vec<usize>>,
    pub test: Vec<Vec<usize>>,
}

impl Parts {
    pub fn drawn(characters: &[usize], window: usize, seed: u64) -> Self {
        let pieces: Vec<&[usize]> = characters.chunks_exact(characters.len() / 20).collect();
        let order = Random::stream(seed, 7).permutation(20);
        let used = (characters.len() / 20 - 1) / window * window + 1;
        let part = |of: &[usize]| of.iter().map(|i| pieces[*i][..used].to_vec()).collect();
        Parts { train: part(&order[..16]), validation: part(&order[16..18]), test: part(&order[18..]) }
    }
}

/// Windows of `length` characters, which begin every `stride` characters, with the character that follows each as its
/// target.
pub fn windows(pieces: &[Vec<usize>], length: usize, stride: usize) -> Result<Dataset<f32>, Box<dyn Error>> {
    let starts = |piece: &Vec<usize>| (0..piece.len().saturating_sub(length)).step_by(stride);
    let cut = |behind: usize| -> Result<Array2<usize>, Box<dyn Error>> {
        let rows = pieces.iter().flat_map(|piece| {
            starts(piece).flat_map(move |at| piece[at + behind..at + behind + length].iter().copied())
        });
        let count = pieces.iter().map(|piece| starts(piece).count()).sum();
        Ok(Array2::from_shape_vec((count, length), rows.collect())?)
    };
    Ok(Dataset::new().index("x", cut(0)?)?.index("targets", cut(1)?)?)
}

/// p(c | a b) = λ₃ n(a b c)/n(a b) + λ₂ n(b c)/n(b) + λ₁ n(c)/n + λ₀/V, where n counts in a text (Jelinek & Mercer,
/// "Interpolated estimation of Markov source parameters from sparse data", 1980).
pub struct Trigrams {
    /// How often each sequence of up to three characters was seen, and each of up to two with one behind it.
    counts: HashMap<Vec<usize>, f64>,
    contexts: HashMap<Vec<usize>, f64>,
    vocabulary: f64,
    /// λ₀, …, λ₃.
    pub weights: [f64; 4],
}

impl Trigrams {
    /// Counts in `train`, and chooses the weights that make `validation` most probable, by expectation maximisation.
    pub fn fitted(train: &[Vec<usize>], validation: &[Vec<usize>], vocabulary: usize) -> Self {
        let (mut counts, mut contexts) = (HashMap::new(), HashMap::new());
        for piece in train {
            for end in 1..=piece.len() {
                for start in end.saturating_sub(3)..end {
                    *counts.entry(piece[start..end].to_vec()).or_insert(0.0) += 1.0;
                    *contexts.entry(piece[start..end - 1].to_vec()).or_insert(0.0) += 1.0;
                }
            }
        }
        let mut model = Trigrams { counts, contexts, vocabulary: vocabulary as f64, weights: [0.25; 4] };
        let seen: Vec<[f64; 4]> = validation.iter().flat_map(|piece| model.estimates(piece)).collect();
        for _ in 0..100 {
            let mut shares = [0.0; 4];
            for estimates in &seen {
                let p = mixture(&model.weights, estimates);
                (0..4).for_each(|i| shares[i] += model.weights[i] * estimates[i] / p);
            }
            model.weights = shares.map(|share| share / seen.len() as f64);
        }
        model
    }

    /// Of each character but the first, which has nothing before it, its probability by contexts of no, one and two
    /// characters.
    fn estimates(&self, piece: &[usize]) -> Vec<[f64; 4]> {
        let of = |sequence: &[usize]| {
            let seen = self.contexts.get(&sequence[..sequence.len() - 1]).copied().unwrap_or(0.0);
            self.counts.get(sequence).copied().unwrap_or(0.0) / seen.max(1.0)
        };
        let estimate = |i: usize| {
            // The second character has one before it.
            [1.0 / self.vocabulary, of(&piece[i..=i]), of(&piece[i - 1..=i]), of(&piece[i.saturating_sub(2)..=i])]
        };
        (1..piece.len()).map(estimate).collect()
    }

    /// The mean of −log₂ p over the characters of the pieces.
    pub fn bits(&self, pieces: &[Vec<usize>]) -> f64 {
        let bits = pieces.iter().flat_map(|piece| self.estimates(piece));
        let bits: Vec<f64> = bits.map(|estimates| -mixture(&self.weights, &estimates).log2()).collect();
        bits.iter().sum::<f64>() / bits.len() as f64
    }
}

fn mixture(weights: &[f64; 4], estimates: &[f64; 4]) -> f64 {
    weights.iter().zip(estimates).map(|(weight, estimate)| weight * estimate).sum()
}
