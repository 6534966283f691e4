//! The block of a transformer.

use crate::context::Context;
use crate::init::Init;
use crate::layer::Layer;
use crate::layers::{Activation, Dense, Dropout, LayerNorm, MultiHeadAttention};
use crate::module::{Module, Stored};
use crate::random::Random;
use autodiff::{Real, Var};

/// Attention and a network of two dense layers, each with a shortcut, a layer normalisation N and dropout D:
///
/// x ← x + D(attention(N₁(x))), then y = x + D(outer(D(φ(inner(N₂(x))))))
///
/// or, with [`post_norm`](Self::post_norm), as first published,
///
/// x ← N₁(x + D(attention(x))), then y = N₂(x + D(outer(D(φ(inner(x)))))).
///
/// | array | shape |
/// |---|---|
/// | x, y | \[examples, steps, width\] |
/// | `attention` | as of [`MultiHeadAttention`] |
/// | `inner` | a weight \[width, hidden\] and a bias \[hidden\] |
/// | `outer` | a weight \[hidden, width\] and a bias \[width\] |
/// | `attention_norm` N₁, `network_norm` N₂ | as of [`LayerNorm`], of \[width\] |
///
/// φ is [`Activation::Gelu`] unless said otherwise. It is PyTorch's `TransformerEncoderLayer` with `batch_first`, and the
/// block of a decoder without an encoder where it is [`causal`](Self::causal).
///
/// ```
/// use nn::{Random, TransformerBlock};
///
/// let block = TransformerBlock::<f32>::new(64, 4, 256, &mut Random::new(0)).causal();
/// // 4·(64² + 64) of the attention, 64·256 + 256 and 256·64 + 64 of the network, 4·64 of the normalisations.
/// assert_eq!(nn::summary(&block, [32, 64])?.total(), 49_984);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Vaswani et al., "Attention Is All You Need" (2017), §3; the normalisation in front: Xiong et al., "On Layer
/// Normalization in the Transformer Architecture" (2020).
#[derive(Clone, PartialEq, Debug)]
pub struct TransformerBlock<F: Real> {
    attention_norm: LayerNorm<F>,
    attention: MultiHeadAttention<F>,
    network_norm: LayerNorm<F>,
    inner: Dense<F>,
    activation: Activation,
    outer: Dense<F>,
    dropout: Dropout,
    post_norm: bool,
}

impl<F: Real> TransformerBlock<F> {
    /// A block of this width with `heads` heads, which have to divide it, and a network of `hidden` units. Weights are drawn
    /// by [`Init::Xavier`].
    pub fn new(width: usize, heads: usize, hidden: usize, random: &mut Random) -> Self {
        TransformerBlock {
            attention_norm: LayerNorm::new([width]),
            attention: MultiHeadAttention::new(width, heads, random),
            network_norm: LayerNorm::new([width]),
            inner: Dense::new(width, hidden, Init::Xavier, random),
            activation: Activation::Gelu,
            outer: Dense::new(hidden, width, Init::Xavier, random),
            dropout: Dropout { keep_prob: 1.0 },
            post_norm: false,
        }
    }

    /// No position looks at later ones.
    pub fn causal(self) -> Self {
        TransformerBlock { attention: self.attention.causal(), ..self }
    }

    /// Normalises what comes out of each sum, and not what goes into each part.
    pub fn post_norm(self) -> Self {
        TransformerBlock { post_norm: true, ..self }
    }

    /// With another φ.
    pub fn activation(self, activation: Activation) -> Self {
        TransformerBlock { activation, ..self }
    }

    /// While training, weights of the attention, hidden units, and numbers that are added to a shortcut are kept with this
    /// probability.
    pub fn dropout(self, keep_prob: f64) -> Self {
        let attention = self.attention.dropout(keep_prob);
        TransformerBlock { attention, dropout: Dropout { keep_prob }, ..self }
    }

    /// The block applied to sequences of which some positions do not count: a mask \[examples, steps\] is 0 there.
    #[track_caller]
    pub fn masked<'t>(&self, x: Var<'t, F>, mask: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        cx.scoped(self, || self.run(x, Some(mask), cx))
    }

    #[track_caller]
    fn run<'t>(&self, x: Var<'t, F>, mask: Option<Var<'t, F>>, cx: &Context<'t, F>) -> Var<'t, F> {
        let before = |norm: &LayerNorm<F>, x| if self.post_norm { x } else { norm.call(x, cx) };
        let behind = |norm: &LayerNorm<F>, x| if self.post_norm { norm.call(x, cx) } else { x };
        let seen = self.attention.attend([before(&self.attention_norm, x); 3], mask, cx);
        let x = behind(&self.attention_norm, x + self.dropout.call(seen, cx));
        let hidden = self.activation.call(self.inner.call(before(&self.network_norm, x), cx), cx);
        let y = self.outer.call(self.dropout.call(hidden, cx), cx);
        behind(&self.network_norm, x + self.dropout.call(y, cx))
    }
}

impl<F: Real> Module<F> for TransformerBlock<F> {
    crate::visit!(F; attention_norm, attention, network_norm, inner, activation, outer, dropout; attributes post_norm);

    fn pytorch(&self) -> Vec<Stored> {
        vec![
            Stored::new("attention_norm", "norm1"),
            Stored::new("attention", "self_attn"),
            Stored::new("network_norm", "norm2"),
            Stored::new("inner", "linear1"),
            Stored::new("outer", "linear2"),
        ]
    }

    fn describe(&self) -> String {
        let length = |axis| self.inner.weight().array().shape().get(axis).copied().unwrap_or(0);
        format!("transformer block of width {}, {} hidden", length(0), length(1))
    }
}

impl<F: Real> Layer<F> for TransformerBlock<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        cx.tape().attributed(|| self.run(x, None, cx))
    }
}
